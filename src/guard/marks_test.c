// marks_test.c: the first look: both twins against the words of marks.h, one byte at a time.
#include "base/rng.h"
#include "guard/detector.h"
#include "guard/marks.h"
#include "tests/unit.h"

enum { BLOCKS = 4, BYTES = BLOCKS * BLOCK };

static bool bit(const struct marks *m, size_t offset, size_t at)
{
    uint64_t word;
    memcpy(&word, (const char *)&m[at / BLOCK] + offset, sizeof word);
    return word >> (at % BLOCK) & 1;
}
#define BIT(m, name, at) bit(m, offsetof(struct marks, name), at)

static bool run_ends(const char *p, size_t at)
{
    size_t n = 0;
    while (n <= KEY_RUN && n <= at && is_key(p[at - n]))
        n++;
    return n == KEY_RUN;
}

static bool ascii(const char *p)
{
    return !((p[0] | p[1] | p[2] | p[3]) & 0x80);
}

// A cue word that wakes stands there, and no word has begun before it.
static bool cue_begins(const char *p, size_t at)
{
    if (at > 0 && is_letter(p[at - 1]) && p[at] >= 'a')
        return false;
    for (size_t i = 0; i < cue_count(); i++) {
        str word = str_first(cue_word(i), 4), here = str_of(p + at, word.n);
        if (cue_at(cue_word(i), 0)->cue < CUE_WAKING && str_eq_nocase(here, word) && ascii(p + at))
            return true;
    }
    return false;
}

// The marks of a text are as the words say, whoever reads them.
static bool as_said(const char *p, const struct marks *m)
{
    for (size_t i = 0; i < BYTES; i++) {
        char c = p[i];
        bool first = is_digit(c) && (i == 0 || !is_digit(p[i - 1]));
        if (BIT(m, digit, i) != is_digit(c) || BIT(m, letter, i) != is_letter(c) ||
            BIT(m, number, i) != first || BIT(m, run, i) != run_ends(p, i) ||
            BIT(m, sign, i) != (c == '@' || c == ':' || c == '=' || c == '$') ||
            (BIT(m, cue, i) ? i > 0 && is_letter(p[i - 1]) && c >= 'a' : cue_begins(p, i)))
            return false;
    }
    return true;
}

static bool escapes(const char *p)
{
    return p[0] == '\\' && (p[1] == 'u' || p[1] == 'x' || p[1] == '/');
}

// Blocks read in two goes, so that what is carried over is carried.
static bool read_both(const char *p, size_t cut)
{
    struct marks a[BLOCKS], b[BLOCKS];
    struct marks_state sa = {0}, sb = {0};
    unsigned least = 0, low = marks_read_sse2(p, cut, &sa, a);
    low |= marks_read_sse2(p + cut * BLOCK, BLOCKS - cut, &sa, a + cut);
    for (size_t i = 0; i < BYTES; i++)
        least |= (p[i] & 0x80 ? MARKS_FOREIGN : 0) |
                 (p[i] == '%' || p[i] == '&' || escapes(p + i) ? MARKS_VEIL : 0);
    if (!as_said(p, a) || (low & least) != least || (low ^ least) & MARKS_FOREIGN)
        return false;
    if (!cpu_avx2())
        return true;
    unsigned high = marks_read_avx2(p, cut, &sb, b);
    high |= marks_read_avx2(p + cut * BLOCK, BLOCKS - cut, &sb, b + cut);
    return high == low && memcmp(a, b, sizeof a) == 0 && memcmp(&sa, &sb, sizeof sa) == 0;
}

TEST(both_twins_mark_every_byte_as_the_words_say)
{
    char p[BYTES + BLOCK_MORE];
    for (int base = 0; base < 256; base++) {
        for (size_t i = 0; i < sizeof p; i++)
            p[i] = (char)(base + (int)i);
        REQUIRE(read_both(p, (size_t)base % (BLOCKS + 1)));
    }
}

TEST(both_twins_mark_runs_and_cues_wherever_they_stand)
{
    static const str words[] = {S("password"), S("PIN "),  S("-----BEGIN"), S("sshpass"),
                                S("0123"),     S("a_b-c"), S("Bearer"),     S("cont")};
    char p[BYTES + BLOCK_MORE];
    uint64_t seed = 11;
    for (size_t n = KEY_RUN - 2; n <= KEY_RUN + 2; n++)
        for (size_t at = 0; at + n <= BYTES; at++) {
            memset(p, ' ', sizeof p);
            memset(p + at, at % 2 ? 'x' : '7', n);
            REQUIRE(read_both(p, at % (BLOCKS + 1)));
        }
    for (int round = 0; round < 300; round++) {
        memset(p, ' ', sizeof p);
        for (size_t at = 0; at < BYTES;) {
            str w = words[rng_next(&seed) % countof(words)];
            memcpy(p + at, w.p, min_size(w.n, sizeof p - at));
            at += w.n + rng_next(&seed) % 3;
        }
        for (int k = 0; k < 3; k++)
            p[rng_next(&seed) % sizeof p] = (char)rng_next(&seed);
        REQUIRE(read_both(p, rng_next(&seed) % (BLOCKS + 1)));
    }
}
