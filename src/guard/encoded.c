// encoded.c: finds text in long runs of letters and digits. Nearly all runs hold none: names,
// hashes, images. Sixteen characters that decode to nothing but text are one in many thousands of
// those, so every start is tried, and given up at the first byte that is no text: for most the
// first. Invariants: (1) each byte of a run is decoded once, however long it is; a piece at a time,
// so that no length is too much; (2) what goes on as no text is left.
#include "guard/encoded.h"
#include "base/cpu.h"

enum { TRY = 16, TRIED = 12 };          // characters that are tried, and bytes of base64 from them
enum { LINE_LEAST = 60 };               // shorter lines are not broken ones
enum { BAD_ALWAYS = 8, BAD_SHARE = 4 }; // one byte of four that is no text is too much
enum { LEAST = 8 };                     // bytes of text that are worth a look
enum { NONE = 64 };

// What the characters of a stride are: all of them key bytes, all of them hex digits, a capital
// among them, a digit among them. Base64 of sixteen characters of text without a capital is as good
// as never; without a digit it is rare, and of the four starts only the first is tried then.
enum { KEYS = 1, HEXES = 2, CAPITALS = 4, DIGITS = 8 };

struct code {
    const char *name;
    const uint8_t *value; // of each character, NONE for others
    unsigned bits;        // of each
    unsigned unit;        // characters that make whole bytes
};

#define OTHERS [0 ... 255] = NONE
#define ROW_8(c, v)                                                                                \
    [(c)] = (v), [(c) + 1] = (v) + 1, [(c) + 2] = (v) + 2, [(c) + 3] = (v) + 3,                    \
    [(c) + 4] = (v) + 4, [(c) + 5] = (v) + 5, [(c) + 6] = (v) + 6, [(c) + 7] = (v) + 7
#define ROW_26(c, v)                                                                               \
    ROW_8(c, v), ROW_8((c) + 8, (v) + 8), ROW_8((c) + 16, (v) + 16), [(c) + 24] = (v) + 24,        \
                                                                            [(c) + 25] = (v) + 25
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t base64_values[256] = {
    OTHERS,     ROW_26('A', 0), ROW_26('a', 26), ROW_8('0', 52), ['8'] = 60,
    ['9'] = 61, ['+'] = 62,     ['-'] = 62,      ['/'] = 63,     ['_'] = 63};
static const uint8_t hex_values[256] = {
    OTHERS,     ROW_8('0', 0), ['8'] = 8,  ['9'] = 9,  ['a'] = 10, ['b'] = 11,
    ['c'] = 12, ['d'] = 13,    ['e'] = 14, ['f'] = 15, ['A'] = 10, ['B'] = 11,
    ['C'] = 12, ['D'] = 13,    ['E'] = 14, ['F'] = 15};
#pragma GCC diagnostic pop
static const struct code hex = {"hex", hex_values, 4, 2}, base64 = {"base64", base64_values, 6, 4};

// What a byte may be in a text: a letter, the first of two to four bytes of one, or inside of such.
enum { NO_TEXT = 0, ONE, TWO, THREE, FOUR, INNER, ZERO };
static const uint8_t kinds[256] = {
    [0] = ZERO,
    ['\t'] = ONE,
    ['\n'] = ONE,
    ['\r'] = ONE,
    [' ' ... '~'] = ONE,
    [0x80 ... 0xbf] = INNER,
    [0xc2 ... 0xdf] = TWO,
    [0xe0 ... 0xef] = THREE,
    [0xf0 ... 0xf4] = FOUR,
};

static unsigned value_at(const struct code *c, str t, size_t at)
{
    return at < t.n ? c->value[(uint8_t)t.p[at]] : NONE;
}

// Whether the two bytes that the first characters make may begin a text; at + 3 is in it.
static bool begins(const struct code *c, str t, size_t at)
{
    unsigned bits = 0;
    for (size_t i = 0; i < 4; i++)
        bits = bits << c->bits | c->value[(uint8_t)t.p[at + i]];
    bits >>= 4 * c->bits - 16;
    unsigned first = kinds[bits >> 8 & 0xff], second = kinds[bits & 0xff];
    if (first == NO_TEXT || first == INNER || second == NO_TEXT)
        return false;
    return (second == INNER) == (first >= TWO && first <= FOUR);
}

// Whether the characters from `at` on decode to text. Half of it may be zeros: UTF-16.
static bool tried(const struct code *c, str t, size_t at)
{
    unsigned bits = 0, held = 0, text = 0, inner = 0;
    for (size_t i = 0; i < TRY; i++) {
        unsigned v = value_at(c, t, at + i);
        if (v == NONE)
            return false;
        bits = bits << c->bits | v;
        held += c->bits;
        if (held < 8)
            continue;
        held -= 8;
        unsigned kind = kinds[bits >> held & 0xff];
        if (kind == NO_TEXT || (kind == INNER) != (inner > 0))
            return false;
        if (kind == INNER)
            inner--;
        else
            inner = kind >= TWO && kind <= FOUR ? kind - 1 : 0;
        text += kind != ZERO;
    }
    return text * 2 >= TRY * c->bits / 8;
}

// Where a line that is full goes on, behind its break; 0: nowhere.
static size_t next_line(const struct code *c, str t, size_t at, size_t line)
{
    size_t next = at + (at_byte(t, at) == '\r');
    if (at - line < LINE_LEAST || at_byte(t, next) != '\n' || value_at(c, t, next + 1) == NONE)
        return 0;
    return next + 1;
}

struct decoding {
    const struct code *code;
    str text;
    size_t at, line; // the next character, and where its line began
    unsigned bits, held;
    size_t good, bad; // bytes so far
    size_t n;
    char out[SCAN_PIECE];
};

// Decodes until the piece is full, false at the end of what is encoded, or where it is no text.
static bool decode(struct decoding *d)
{
    must(d->at <= d->text.n && d->n <= SCAN_OVERLAP);
    while (d->n < SCAN_PIECE) {
        unsigned v = value_at(d->code, d->text, d->at);
        if (v == NONE) {
            size_t next = next_line(d->code, d->text, d->at, d->line);
            if (next == 0)
                return false;
            d->at = d->line = next;
            continue;
        }
        d->at++;
        d->bits = d->bits << d->code->bits | v;
        d->held += d->code->bits;
        if (d->held < 8)
            continue;
        d->held -= 8;
        char byte = (char)(d->bits >> d->held);
        unsigned kind = kinds[(uint8_t)byte];
        d->good += kind != NO_TEXT;
        d->bad += kind == NO_TEXT;
        if (d->bad > BAD_ALWAYS + d->good / BAD_SHARE)
            return false;
        if (kind != ZERO)
            d->out[d->n++] = kind == NO_TEXT ? ' ' : byte;
    }
    return true;
}

// Makes UTF-8 of it: bytes that belong to no letter become question marks, as in a text in Latin-1.
static void mend(char *p, size_t n)
{
    for (size_t good = 0; (good += utf8_valid(str_of(p + good, n - good))) < n; good++)
        p[good] = '?';
}

// Where the text begins whose characters were tried at `at`: units before it that are text, too.
static size_t first_unit(const struct code *c, str t, size_t at, size_t least)
{
    for (; at >= least + c->unit; at -= c->unit) {
        unsigned bits = 0, all = 0;
        for (size_t i = 0; i < c->unit; i++) {
            unsigned v = value_at(c, t, at - c->unit + i);
            all |= v;
            bits = bits << c->bits | (v & (NONE - 1));
        }
        for (unsigned i = 0; i < c->unit * c->bits; i += 8)
            all |= kinds[bits >> i & 0xff] == NO_TEXT ? NONE : 0;
        if (all & NONE)
            break;
    }
    return at;
}

// The end of all that is encoded from `at` on, with what fills it up.
static size_t code_end(const struct code *c, str t, size_t at)
{
    must(at < t.n);
    for (size_t line = at, next;; at = line = next) {
        while (value_at(c, t, at) != NONE)
            at++;
        next = next_line(c, t, at, line);
        if (next == 0)
            break;
    }
    while (at_byte(t, at) == '=')
        at++;
    return at;
}

static void read_all(struct scan *s, const struct code *c, size_t start)
{
    struct decoding d = {.code = c, .text = s->look.text, .at = start, .line = start};
    struct inside in = {.via = c->name,
                        .whole = {(uint32_t)start, (uint32_t)code_end(c, d.text, start)}};
    for (bool more = true; more && scan_looks_inside(s);) {
        more = decode(&d);
        mend(d.out, d.n);
        in.text = str_of(d.out, d.n);
        in.cut_end = more;
        if (d.n >= LEAST)
            scan_inside(s, &in);
        in.cut_start = true;
        if (more)
            memmove(d.out, d.out + SCAN_PIECE - SCAN_OVERLAP, d.n = SCAN_OVERLAP);
    }
    must(d.at > s->decoded);
    s->decoded = d.at;
}

static unsigned classes(const char *p)
{
    __m128i v = _mm_loadu_si128((const void *)p), small = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('0' - 1)),
                                  _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));
    __m128i from_a = _mm_cmpgt_epi8(small, _mm_set1_epi8('a' - 1));
    __m128i letter = _mm_and_si128(from_a, _mm_cmplt_epi8(small, _mm_set1_epi8('z' + 1)));
    __m128i to_f = _mm_and_si128(from_a, _mm_cmplt_epi8(small, _mm_set1_epi8('f' + 1)));
    __m128i sign =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    __m128i capital = _mm_andnot_si128(_mm_cmpeq_epi8(v, small), letter);
    int keys = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(digit, letter), sign));
    return (keys == 0xffff ? KEYS : 0) |
           (_mm_movemask_epi8(_mm_or_si128(digit, to_f)) == 0xffff ? HEXES : 0) |
           (_mm_movemask_epi8(capital) ? CAPITALS : 0) | (_mm_movemask_epi8(digit) ? DIGITS : 0);
}

static void try_starts(struct scan *s, const struct code *c, size_t at, size_t starts)
{
    must(at + TRY <= s->look.text.n);
    for (size_t i = 0; i < starts && s->decoded <= at; i++)
        if (begins(c, s->look.text, at + i) && tried(c, s->look.text, at + i))
            read_all(s, c, first_unit(c, s->look.text, at + i, s->decoded));
}

void encoded_read(struct scan *s, size_t run)
{
    str t = s->look.text;
    size_t at = run > s->decoded ? run : s->decoded;
    while (at + TRY <= t.n && is_key(t.p[at + TRY - 1]) && scan_looks_inside(s)) {
        unsigned class = classes(t.p + at);
        if (!(class & KEYS))
            return;
        if (class & HEXES)
            try_starts(s, &hex, at, hex.unit);
        if (class & CAPITALS)
            try_starts(s, &base64, at, class & DIGITS ? base64.unit : 1);
        at = at + TRY > s->decoded ? at + TRY : s->decoded;
    }
}
