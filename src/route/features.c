// features.c: words, pairs of words, beginnings and ends of words, and the shape of the whole,
// hashed. The instruction stands at an end of a message and the pasted text in its middle, so words
// near the ends are told apart from those in the middle, and the middle says only which words it
// has.
#include "route/features.h"

enum { HEAD_WORDS = 40, TAIL_WORDS = 24, WORDS_MAX = 640, EDGE_WORDS = 8 };
enum { F_WORD = 1, F_PAIR, F_FIRST, F_LAST, F_START, F_END, F_MIDDLE, F_SHAPE };

struct word {
    uint32_t hash, start, end; // of the whole, of its first four bytes, of its last three
    uint8_t length;
    bool fenced;
};

static uint32_t mix(uint32_t a, uint32_t b)
{
    uint32_t h = (a ^ (b * 0x9e3779b1u)) * 0x85ebca6bu;
    return h ^ (h >> 15);
}

static void add(struct features *f, uint32_t kind, uint32_t value)
{
    if (f->count < FEATURES_MAX)
        f->ids[f->count++] = mix(value, kind * 0x632be5abu);
}

// One byte as it counts: lower case, every digit the same, 0 for what parts words.
// clang-format off
static const uint8_t folded[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0x27, 0, 0, 0, 0, 0, 0, 0, 0,
    0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0, 0, 0, 0, 0, 0,
    0, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
    0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0, 0, 0, 0, 0,
    0, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
    0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0, 0, 0, 0, 0,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
    0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f,
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
    0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
    0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
    0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
};
// clang-format on

static unsigned char fold(unsigned char c)
{
    return folded[c];
}

// Han, kana and hangul have no blanks between words: each character is one.
static size_t wide_char(const unsigned char *p, size_t left)
{
    return left >= 3 && p[0] >= 0xe3 && p[0] <= 0xed && p[1] >= 0x80 ? 3 : 0;
}

static size_t take_word(const unsigned char *p, size_t left, struct word *w)
{
    uint32_t h = 2166136261u, start = 0;
    size_t n = wide_char(p, left);
    size_t limit = n ? n : left;
    size_t i = 0;
    for (; i < limit; i++) {
        unsigned char c = fold(p[i]);
        if (c == 0 || (!n && i > 0 && wide_char(p + i, left - i)))
            break;
        h = (h ^ c) * 16777619u;
        if (i == 3)
            start = h;
    }
    must(i > 0);
    uint32_t end = 0;
    for (size_t k = i > 3 ? i - 3 : 0; k < i; k++)
        end = end * 257 + fold(p[k]);
    *w = (struct word){.hash = h, .start = start, .end = end, .length = (uint8_t)min_size(i, 255)};
    return i;
}

// Punctuation that says something about the work; alone it is a word, too.
static bool telling(unsigned char c)
{
    return c == '?' || c == ':' || c == '{' || c == '|' || c == '=' || c == '$' || c == '"' ||
           c == '#' || c == '<' || c == '\\';
}

// "Input:", "Example:", "Q:" before the colon at text[at]: worked examples follow.
static bool example_cue(str text, size_t at)
{
    str before = str_first(text, at);
    return str_ends(before, S("nput")) || str_ends(before, S("xample")) ||
           (str_ends(before, S("Q")) && (before.n == 1 || before.p[before.n - 2] == '\n'));
}

// "(A)", "A)" or "A." at a line's start: text[at] is the sign behind the letter.
static bool option_cue(str text, size_t at)
{
    if (at < 1 || text.p[at - 1] != 'A')
        return false;
    char before = at >= 2 ? text.p[at - 2] : '\n';
    return before == '\n' || (before == '(' && text.p[at] == ')');
}

static uint32_t split(str text, struct word *words, struct features *f)
{
    const unsigned char *p = (const unsigned char *)text.p;
    uint32_t n = 0;
    bool fenced = false;
    for (size_t i = 0; i < text.n && n < WORDS_MAX;) {
        if (p[i] == '`' && text.n - i >= 3 && p[i + 1] == '`' && p[i + 2] == '`') {
            fenced = !fenced;
            f->fence = true;
            i += 3;
        } else if (fold(p[i])) {
            i += take_word(p + i, text.n - i, &words[n]);
            words[n++].fenced = fenced;
        } else if (telling(p[i])) {
            words[n++] = (struct word){.hash = p[i], .length = 1, .fenced = fenced};
            if (p[i] == ':')
                f->examples |= example_cue(text, i);
            i++;
        } else {
            if (p[i] == ')' || p[i] == '.')
                f->options |= option_cue(text, i);
            i++;
        }
    }
    return n;
}

static void add_words(struct features *f, const struct word *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bool middle = w[i].fenced || (i >= HEAD_WORDS && i + TAIL_WORDS < n);
        if (middle) {
            add(f, F_MIDDLE, w[i].hash);
            continue;
        }
        add(f, F_WORD, w[i].hash);
        if (i > 0)
            add(f, F_PAIR, mix(w[i - 1].hash, w[i].hash));
        if (w[i].length >= 6) {
            add(f, F_START, w[i].start);
            add(f, F_END, w[i].end);
        }
        if (i < EDGE_WORDS)
            add(f, F_FIRST, w[i].hash);
        if (i + EDGE_WORDS >= n)
            add(f, F_LAST, w[i].hash);
    }
    if (n > 1)
        add(f, F_FIRST, mix(mix(w[0].hash, w[1].hash), 77));
    if (n > 2)
        add(f, F_FIRST, mix(mix(w[0].hash, w[1].hash), w[2].hash));
}

struct counts {
    uint32_t lines, digits, quotes, pipes, braces, wide, upper, commas;
};

typedef uint8_t lanes __attribute__((vector_size(16)));

// A lane counts at most text.n / 16 = 128 and a few: eight bits do not overflow.
static uint32_t sum_lanes(lanes v)
{
    uint32_t sum = 0;
    for (int i = 0; i < 16; i++)
        sum += v[i];
    return sum;
}

static struct counts count_bytes(str text)
{
    lanes lines = {0}, digits = {0}, quotes = {0}, pipes = {0};
    lanes braces = {0}, wide = {0}, upper = {0}, commas = {0};
    must(text.n / 16 < 255);
    for (size_t at = 0; at < text.n; at += 16) {
        lanes v = {0};
        memcpy(&v, text.p + at, min_size(16, text.n - at));
        // a comparison gives all ones, which is minus one
        lines -= (lanes)(v == '\n');
        digits -= (lanes)((lanes)(v - '0') < 10);
        quotes -= (lanes)(v == '"');
        pipes -= (lanes)(v == '|');
        commas -= (lanes)(v == ',');
        braces -= (lanes)(v == '{') | (lanes)(v == '}') | (lanes)(v == ';');
        wide -= (lanes)((lanes)(v - 0xe3) < 11);
        upper -= (lanes)((lanes)(v - 'A') < 26);
    }
    return (struct counts){.lines = sum_lanes(lines),
                           .digits = sum_lanes(digits),
                           .quotes = sum_lanes(quotes),
                           .pipes = sum_lanes(pipes),
                           .braces = sum_lanes(braces),
                           .wide = sum_lanes(wide),
                           .upper = sum_lanes(upper),
                           .commas = sum_lanes(commas)};
}

static uint32_t log2_of(size_t n)
{
    return n ? 63 - (uint32_t)__builtin_clzll(n) : 0;
}

static uint32_t share_of(uint32_t part, size_t whole)
{
    uint32_t percent = whole ? (uint32_t)(part * 100ull / whole) : 0;
    return percent == 0 ? 0 : percent < 3 ? 1 : percent < 8 ? 2 : percent < 20 ? 3 : 4;
}

static void add_shape(struct features *f, str text, uint32_t words, const struct surroundings *s)
{
    struct counts c = count_bytes(text);
    str end = str_trim(text);
    f->question = end.n && end.p[end.n - 1] == '?';
    f->latex = memchr(text.p, '\\', text.n) &&
               (str_find(text, S("\\frac")) != SIZE_MAX || str_find(text, S("\\sum")) != SIZE_MAX);
    f->numbers = share_of(c.digits, text.n) >= 2;
    const uint32_t shape[] = {log2_of(s->text_bytes),
                              share_of(c.lines, text.n),
                              share_of(c.digits, text.n),
                              log2_of(c.quotes),
                              log2_of(c.pipes),
                              share_of(c.braces, text.n),
                              share_of(c.wide, text.n),
                              share_of(c.upper, text.n),
                              log2_of(words),
                              f->fence,
                              f->question,
                              f->latex,
                              f->options,
                              f->examples,
                              log2_of(s->system_bytes),
                              log2_of(s->turns),
                              s->tools,
                              s->media,
                              s->schema,
                              log2_of(c.commas)};
    for (uint32_t i = 0; i < countof(shape); i++)
        add(f, F_SHAPE, i * 64 + shape[i]);
    add(f, F_SHAPE, 4096 + log2_of(s->text_bytes) * 2 + f->question);
}

void features_of(str text, const struct surroundings *around, struct features *ret)
{
    struct word words[WORDS_MAX];
    ret->count = 0;
    ret->fence = ret->options = ret->examples = false;
    must(text.n <= ROUTE_READ_MAX + 8);
    uint32_t n = split(text, words, ret);
    add_words(ret, words, n);
    add_shape(ret, text, n, around);
    must(ret->count > 0);
}
