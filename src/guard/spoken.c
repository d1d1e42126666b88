// spoken.c: secrets that a sentence or a command line gives away: behind a cue word, whatever else
// is between, on the same line and near.
#include "guard/secret.h"

enum { WORD_MAX = 200, STEM_MAX = 32 };

// Blanks and all that is no letter, but no line's end.
static size_t skip_blanks(str t, size_t at)
{
    size_t limit = min_size(t.n, at + WORD_MAX);
    while (at < limit && (unsigned char)t.p[at] <= ' ' && t.p[at] != '\n')
        at++;
    return at;
}

// At most WORD_MAX bytes on: what is longer is no word, and each cue may look only so far.
static size_t word_end(str t, size_t at)
{
    size_t limit = min_size(t.n, at + WORD_MAX);
    while (at < limit && (unsigned char)t.p[at] > ' ')
        at++;
    return at;
}

// -----BEGIN … PRIVATE KEY-----, with its end where that is near.
static bool armoured(str t, size_t begin, struct hit *ret_hit)
{
    enum { LONGEST = 16384, LINE = 64 };
    if (begin < 5 || !stands_at(t, begin - 5, S("-----BEGIN ")))
        return false;
    size_t start = begin - 5,
           private = str_find(str_first(str_from(t, begin), LINE), S("PRIVATE KEY"));
    if (private == SIZE_MAX)
        return false;
    size_t end = word_end(t, begin + private + 8); // behind KEY-----
    size_t close = str_find(str_first(str_from(t, end), LONGEST), S("-----END "));
    if (close != SIZE_MAX) {
        size_t last = str_find(str_first(str_from(t, end + close + 9), LINE), S("-----"));
        end += close + (last == SIZE_MAX ? 8 : 9 + last + 5);
    }
    *ret_hit = (struct hit){start, min_size(end, t.n), 0.99f};
    return true;
}

// "is" and its like in the languages whose words for a password are known; length at `at`, or 0.
static size_t is_word(str t, size_t at)
{
    static const str verbs[] = {S("is"),  S("ist"),    S("es"),       S("est"), S("\xc3\xa8"),
                                S("was"), S("lautet"), S("\xc3\xa9"), S("to")};
    enum { SHORTEST = 2, LONGEST = 6 };
    size_t end = word_end(t, at);
    str w = str_of(t.p + at, end - at);
    if (w.n && w.p[w.n - 1] == ':')
        w.n--;
    if (w.n < SHORTEST || w.n > LONGEST)
        return 0;
    for (size_t i = 0; i < countof(verbs); i++)
        if ((w.p[0] | 0x20) == (verbs[i].p[0] | 0x20) && str_eq_nocase(w, verbs[i]))
            return end - at;
    return 0;
}

// "password is X", "password for the printer is X", "contraseña de ana es X": at most five words.
static bool sentence(struct look *l, size_t at, enum value_kind kind, struct hit *ret_hit)
{
    str t = l->text;
    enum { WORDS_BETWEEN = 5, LONGEST = 40 };
    for (int i = 0; i <= WORDS_BETWEEN; i++) {
        at = skip_blanks(t, at);
        size_t n = is_word(t, at);
        if (n)
            return value_at(l, skip_blanks(t, at + n), kind, ret_hit);
        size_t end = word_end(t, at);
        if (end == at || end - at > LONGEST || strchr(".,;:!?\"'", t.p[end - 1]))
            return false;
        l->spent += end - at;
        at = end;
    }
    return false;
}

// The value behind an option of a command, on the same line.
static bool option(struct look *l, size_t at, struct hit *ret_hit)
{
    str t = l->text;
    enum { REACH = 200 };
    size_t line = str_find_char(str_first(str_from(t, at), REACH), '\n');
    size_t end = line == SIZE_MAX ? min_size(t.n, at + REACH) : at + line;
    size_t p = skip_blanks(t, at), last = SIZE_MAX;
    l->spent += end - at;
    for (; p < end && p != last; last = p, p = skip_blanks(t, word_end(t, p))) {
        bool user = stands_at(t, p, S("-u ")) || stands_at(t, p, S("--user "));
        bool password = stands_at(t, p, S("-p ")) || stands_at(t, p, S("--password "));
        if (password)
            return value_at(l, skip_blanks(t, word_end(t, p)), VALUE_PASSWORD, ret_hit);
        if (!user)
            continue;
        size_t value = skip_blanks(t, word_end(t, p));
        size_t colon = str_find_char(str_of(t.p + value, word_end(t, value) - value), ':');
        if (colon != SIZE_MAX)
            return value_at(l, value + colon + 1, VALUE_PASSWORD, ret_hit);
    }
    return false;
}

static int base64_value(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c ? strchr(alphabet, c) : NULL;
    return p ? (int)(p - alphabet) : -1;
}

// Basic …: base64 of name:password (RFC 7617), which tells it from the word.
static bool basic(str t, size_t at, struct hit *ret_hit)
{
    enum { LEAST = 8, MOST = 200 };
    size_t end = at;
    uint32_t bits = 0;
    bool colon = false, printable = true;
    must(at <= t.n);
    for (; end < t.n && end - at < MOST && base64_value(t.p[end]) >= 0; end++) {
        bits = bits << 6 | (uint32_t)base64_value(t.p[end]);
        unsigned n = (unsigned)(end - at) % 4; // bits of a whole byte are there behind the first
        unsigned byte = n ? bits >> (6 - 2 * n) & 0xff : ' ';
        colon |= n && byte == ':';
        printable &= byte >= ' ' && byte != 0x7f;
    }
    if (end - at < LEAST || !colon || !printable)
        return false;
    while (at_byte(t, end) == '=')
        end++;
    *ret_hit = (struct hit){at, end, 0.95f};
    return true;
}

bool spoken(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t end = l->cue_end;
    must(end <= t.n);
    while (end < t.n && end - l->cue_end < STEM_MAX && (is_letter(t.p[end]) || t.p[end] & 0x80))
        end++; // a stem's ending
    switch (l->cue) {
    case CUE_BEGIN:
        return armoured(t, l->at, ret_hit);
    case CUE_BASIC:
        return basic(t, skip_blanks(t, end), ret_hit);
    case CUE_BEARER:
        return value_at(l, skip_blanks(t, end), VALUE_TOKEN, ret_hit);
    case CUE_LOGIN:
        return option(l, end, ret_hit);
    case CUE_PASSWORD:
        if (at_byte(t, end) != ' ')
            return false;
        if (before(t, l->at) == '-') // -Password X
            return value_at(l, skip_blanks(t, end), VALUE_WORD, ret_hit);
        // machine … login … password X, as in a netrc
        if (behind(l, CUE_LOGIN) <= 80 && value_at(l, skip_blanks(t, end), VALUE_PASSWORD, ret_hit))
            return true;
        return sentence(l, end, VALUE_PASSWORD, ret_hit);
    case CUE_PIN:
        return sentence(l, l->cue_end, VALUE_PIN, ret_hit);
    default:
        return false;
    }
}
