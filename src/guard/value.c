// value.c: whether bytes behind a telling name are a value that opens something, or a word, a
// variable, a type, a call that stands there in its place.
#include "guard/secret.h"

// Longer values are cut; words that say placeholder stand near a value's beginning.
enum { VALUE_MAX = 256, WORDS_WITHIN = 64 };

// A number for the first two bytes of a word, which has two or more, in any case.
static unsigned pair_of(const char *p)
{
    return ((uint8_t)(p[0] | 0x20) * 9u + (uint8_t)(p[1] | 0x20)) & 255;
}

bool holds_one_of(str s, const str *words, size_t n)
{
    uint64_t pairs[4] = {0};
    must(n > 0);
    if (s.n < 2)
        return false;
    for (size_t w = 0; w < n; w++)
        pairs[pair_of(words[w].p) / 64] |= (uint64_t)1 << pair_of(words[w].p) % 64;
    for (size_t i = 0; i + 1 < s.n; i++) {
        unsigned pair = pair_of(s.p + i);
        if (!(pairs[pair / 64] >> pair % 64 & 1))
            continue;
        for (size_t w = 0; w < n; w++)
            if (s.n - i >= words[w].n && (s.p[i] | 0x20) == (words[w].p[0] | 0x20) &&
                str_eq_nocase(str_of(s.p + i, words[w].n), words[w]))
                return true;
    }
    return false;
}

unsigned different(str s)
{
    uint64_t seen[4] = {0};
    unsigned n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        n += !(seen[c / 64] >> (c % 64) & 1);
        seen[c / 64] |= (uint64_t)1 << (c % 64);
    }
    return n;
}

// $NAME, ${NAME}, %s, <name>, {{name}}, &name, *name, /path.
static bool variable(str v)
{
    if (v.n < 2)
        return true;
    if ((v.p[0] == '/' && !random_looking(v)) || v.p[0] == '<' || v.p[0] == '{' || v.p[0] == '[' ||
        (v.p[0] == '%' && v.n <= 3))
        return true;
    if (v.p[0] != '$' && v.p[0] != '&' && v.p[0] != '*' && v.p[0] != '@')
        return false;
    for (size_t i = 1; i < v.n; i++)
        if (!is_letter(v.p[i]) && !strchr("_{}().:>-", v.p[i]))
            return false;
    return true;
}

bool stands_for_another(str v)
{
    static const str words[] = {
        S("example"),  S("changeme"), S("change_me"),   S("change-me"),  S("placeholder"),
        S("your"),     S("xxxx"),     S("***"),         S("..."),        S("dummy"),
        S("redacted"), S("insert"),   S("${"),          S("{{"),         S("%("),
        S("$("),       S("_here"),    S("process.env"), S("os.environ"), S("getenv"),
        S("://"),      S("replace"),  S("\xe2\x80\xa2")};
    bool same = true;
    for (size_t i = 1; i < v.n; i++)
        same &= v.p[i] == v.p[0];
    return v.n == 0 || same || variable(v) ||
           holds_one_of(str_first(v, WORDS_WITHIN), words, countof(words));
}

// Signs that end a value without quotation marks, and signs that names and paths have, too.
enum { STOPS = 1, PLAIN = 2 };
static const uint8_t signs[256] = {
    ['"'] = STOPS,         ['#'] = PLAIN,         ['\''] = STOPS,        ['('] = STOPS | PLAIN,
    [')'] = STOPS | PLAIN, [','] = STOPS | PLAIN, ['-'] = PLAIN,         ['.'] = PLAIN,
    ['/'] = PLAIN,         [':'] = PLAIN,         [';'] = STOPS | PLAIN, ['<'] = STOPS,
    ['>'] = STOPS,         ['['] = STOPS | PLAIN, ['\\'] = PLAIN,        [']'] = STOPS | PLAIN,
    ['_'] = PLAIN,         ['`'] = STOPS,         ['{'] = STOPS | PLAIN, ['|'] = STOPS,
    ['}'] = STOPS | PLAIN};

struct counts {
    size_t digits, letters, small, capitals, hex;
    size_t strong;   // signs that names and paths do not have
    size_t changes;  // from a small letter to a capital one
    size_t switches; // between letters and digits
};

// What a byte adds to the counts, which lie side by side: no value has as many bytes as fit in.
enum { COUNT_BITS = 12, COUNT_MASK = (1 << COUNT_BITS) - 1 };
enum { DIGIT = 0, SMALL = COUNT_BITS, CAPITAL = 2 * COUNT_BITS, HEX = 3 * COUNT_BITS };
_Static_assert(VALUE_MAX < (1 << COUNT_BITS), "counts do not run over");
#define ONE(count) ((uint64_t)1 << (count))
static const uint64_t adds[256] = {
    ['0' ... '9'] = ONE(DIGIT) | ONE(HEX),
    ['a' ... 'f'] = ONE(SMALL) | ONE(HEX),
    ['A' ... 'F'] = ONE(CAPITAL) | ONE(HEX),
    ['g' ... 'z'] = ONE(SMALL),
    ['G' ... 'Z'] = ONE(CAPITAL),
};

static struct counts count(str v)
{
    uint64_t sum = 0;
    struct counts c = {0};
    char last = 0;
    must(v.n <= VALUE_MAX);
    for (size_t i = 0; i < v.n; i++) {
        unsigned char b = (unsigned char)v.p[i];
        sum += adds[b];
        c.strong += !adds[b] && !(signs[b] & PLAIN);
        c.changes += is_upper((char)b) && last >= 'a' && last <= 'z';
        c.switches += adds[b] && adds[(unsigned char)last] && is_digit((char)b) != is_digit(last);
        last = (char)b;
    }
    c.digits = sum >> DIGIT & COUNT_MASK;
    c.small = sum >> SMALL & COUNT_MASK;
    c.capitals = sum >> CAPITAL & COUNT_MASK;
    c.hex = sum >> HEX & COUNT_MASK;
    c.letters = c.small + c.capitals;
    return c;
}

// Letters whose case changes more often than it does from word to word: accountKeyName.
static bool shuffled(str v, const struct counts *c)
{
    return v.n >= 16 && c->changes * 5 >= v.n && c->strong <= 2;
}

static bool random_counts(str v, const struct counts *c)
{
    if (c->hex == v.n)
        return v.n >= 32 && c->letters >= 2 && c->digits >= 2;
    if (v.n < 20)
        return false;
    bool mixed = c->capitals >= 2 && c->small >= 2 && (c->digits >= 2 || shuffled(v, c));
    return mixed || (c->digits >= 3 && c->letters >= 3 && c->switches * 5 >= v.n);
}

bool random_looking(str v)
{
    must(v.p || v.n == 0);
    struct counts c = count(str_first(v, VALUE_MAX));
    return random_counts(str_first(v, VALUE_MAX), &c);
}

static bool guid(str v, const struct counts *c)
{
    return v.n == 36 && c->hex == 32 && v.p[8] == '-' && v.p[13] == '-' && v.p[18] == '-';
}

bool is_guid(str v)
{
    must(v.p || v.n == 0);
    struct counts c = count(str_first(v, VALUE_MAX));
    return guid(v, &c);
}

static bool looks(str v, enum value_kind kind)
{
    struct counts c = count(v);
    switch (kind) {
    case VALUE_PIN:
        return v.n >= 4 && v.n <= 8 && c.digits == v.n;
    case VALUE_PASSWORD:
    case VALUE_WORD:
        if (c.digits == v.n)
            return v.n >= 6 && v.n <= 12;
        return v.n >= 6 && c.letters > 0 &&
               (c.digits > 0 || c.strong > 0 || (v.n >= 8 && c.changes * 5 >= v.n));
    case VALUE_TOKEN:
        return v.n >= 16 && ((c.letters >= 2 && c.digits >= 2) || shuffled(v, &c));
    case VALUE_KEY:
        break;
    }
    return random_counts(v, &c) && !guid(v, &c);
}

// A password may be a word; so may be what stands in the place of one.
static bool word_looks(str v)
{
    static const str others[] = {
        S("pass"),    S("pwd"),     S("user"),   S("secret"), S("token"),     S("text"),
        S("strin"),   S("hidden"),  S("requir"), S("field"),  S("input"),     S("forgot"),
        S("invalid"), S("change"),  S("reset"),  S("enter"),  S("confirm"),   S("option"),
        S("default"), S("encrypt"), S("plain"),  S("wrong"),  S("missing"),   S("prompt"),
        S("value"),   S("null"),    S("none"),   S("false"),  S("undefined"), S("test"),
        S("basic"),   S("login"),   S("strong"), S("column"), S("bcrypt"),    S("disable"),
        S("enable"),  S("private"), S("public"), S("clear"),  S("auth"),      S("valid"),
        S("protect"), S("manage"),  S("generat")};
    struct counts c = count(v);
    size_t signs_in = 0;
    for (size_t i = 0; i < v.n; i++)
        signs_in += v.p[i] == '_' || v.p[i] == '-';
    return v.n >= 6 && v.n <= 24 && c.capitals == 0 && c.small + signs_in == v.n && signs_in <= 1 &&
           !holds_one_of(v, others, countof(others));
}

// settings.AUTH_KEY2, self.token: names parted by dots.
static bool member(str v)
{
    struct counts c = count(v);
    return memchr(v.p, '.', v.n) && is_letter(v.p[0]) && c.strong == 0 && c.switches <= 2 &&
           c.changes * 5 < v.n;
}

static bool value_byte(char c, char quote)
{
    if (quote)
        return c != quote && (unsigned char)c >= ' ';
    return (unsigned char)c > ' ' && !(signs[(unsigned char)c] & STOPS);
}

bool value_at(struct look *l, size_t at, enum value_kind kind, struct hit *ret_hit)
{
    str t = l->text;
    char quote = 0;
    bool escaped = at_byte(t, at) == '\\';
    at += escaped;
    if (at < t.n && strchr("\"'`", t.p[at]) && t.p[at])
        quote = t.p[at++];
    size_t end = at;
    while (end < t.n && end - at < VALUE_MAX && value_byte(t.p[end], quote) &&
           !(escaped && t.p[end] == '\\'))
        end++;
    l->spent += end - at;
    char next = at_byte(t, end);
    if (!quote) {
        while (end > at && strchr(".,!?:&\\", t.p[end - 1]))
            end--;
        // password=…&next=… in a query
        const char *pair = end > at ? memchr(t.p + at, '&', end - at) : NULL;
        if (pair && memchr(pair, '=', (size_t)(t.p + end - pair)))
            end = (size_t)(pair - t.p);
    }
    str v = str_of(t.p + at, end - at);
    must(end <= t.n && at <= end);
    // the cheap question first: texts of nothing but assignments are asked it at every byte
    bool looked = looks(v, kind);
    bool word =
        !looked && (kind == VALUE_WORD || (kind == VALUE_PASSWORD && quote)) && word_looks(v);
    if (!(looked || word) || (quote && memchr(v.p, ' ', v.n)) || stands_for_another(v))
        return false;
    if (!quote && (next == '(' || next == '[' ||
                   (kind == VALUE_TOKEN && member(v)))) // code: a call, an element
        return false;
    bool sure = looked && kind != VALUE_KEY && kind != VALUE_PIN;
    *ret_hit = (struct hit){at, end, sure ? 0.85f : word ? 0.6f : 0.75f};
    return true;
}
