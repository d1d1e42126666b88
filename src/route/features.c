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
static unsigned char fold(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c + 32);
    if (c >= '0' && c <= '9')
        return '0';
    if ((c >= 'a' && c <= 'z') || c >= 0x80 || c == '\'')
        return c;
    return 0;
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

static uint32_t split(str text, struct word *words)
{
    const unsigned char *p = (const unsigned char *)text.p;
    uint32_t n = 0;
    bool fenced = false;
    for (size_t i = 0; i < text.n && n < WORDS_MAX;) {
        if (p[i] == '`' && text.n - i >= 3 && p[i + 1] == '`' && p[i + 2] == '`') {
            fenced = !fenced;
            i += 3;
        } else if (fold(p[i])) {
            i += take_word(p + i, text.n - i, &words[n]);
            words[n++].fenced = fenced;
        } else if (telling(p[i])) {
            words[n++] = (struct word){.hash = p[i], .length = 1, .fenced = fenced};
            i++;
        } else {
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

static uint32_t log2_of(size_t n)
{
    return n ? 63 - (uint32_t)__builtin_clzll(n) : 0;
}

struct counts {
    uint32_t lines, digits, quotes, pipes, braces, wide, upper, commas;
};

static struct counts count_bytes(str text)
{
    struct counts c = {0};
    for (size_t i = 0; i < text.n; i++) {
        unsigned char b = (unsigned char)text.p[i];
        c.lines += b == '\n';
        c.digits += b >= '0' && b <= '9';
        c.quotes += b == '"';
        c.pipes += b == '|';
        c.commas += b == ',';
        c.braces += b == '{' || b == '}' || b == ';';
        c.wide += b >= 0xe3 && b <= 0xed;
        c.upper += b >= 'A' && b <= 'Z';
    }
    return c;
}

static bool has(str text, const char *word)
{
    return str_find(text, str_c(word)) != SIZE_MAX;
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
    f->fence = has(text, "```");
    f->question = end.n && end.p[end.n - 1] == '?';
    f->latex = has(text, "\\frac") || has(text, "\\sum") || has(text, "$$");
    f->options = has(text, "\nA)") || has(text, "\nA.") || has(text, "(A)");
    f->examples = has(text, "nput:") || has(text, "Example:") || has(text, "Q:");
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
    must(text.n <= ROUTE_READ_MAX + 8);
    uint32_t n = split(text, words);
    add_words(ret, words, n);
    add_shape(ret, text, n, around);
    must(ret->count > 0);
}
