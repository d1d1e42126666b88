// UTF-8: the fast way, the way letter by letter, and the rules written out a third time agree.
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "tests/unit.h"

// Length of the valid head by the rules of RFC 3629, as slowly and plainly as possible.
static size_t plain_head(const unsigned char *p, size_t n)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t i = 0;
    while (i < n) {
        unsigned len = p[i] < 0x80             ? 1
                       : (p[i] & 0xe0) == 0xc0 ? 2
                       : (p[i] & 0xf0) == 0xe0 ? 3
                       : (p[i] & 0xf8) == 0xf0 ? 4
                                               : 0;
        if (len == 0 || n - i < len)
            return i;
        unsigned v = len == 1 ? p[i] : p[i] & (0x7fu >> len);
        for (unsigned k = 1; k < len; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return i;
            v = v << 6 | (p[i + k] & 0x3f);
        }
        if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
            return i;
        i += len;
    }
    return i;
}

static bool agrees(const unsigned char *p, size_t n)
{
    str s = str_of((const char *)p, n);
    size_t want = plain_head(p, n);
    return utf8_valid(s) == want && utf8_valid_plain(s) == want;
}

// Every sequence of two bytes, and of three or four with a lead that begins one, in a frame that
// decides whether the quick look at four bytes at once is taken.
TEST(every_short_sequence_is_judged_by_the_plain_rules)
{
    unsigned char in[8];
    for (unsigned lead = 0; lead < 256; lead++)
        for (unsigned second = 0; second < 256; second++)
            for (unsigned tail = 0; tail < 6; tail++) {
                static const unsigned char tails[6][2] = {{0x80, 0x80}, {0xbf, 0xbf}, {0x7f, 0x80},
                                                          {0x80, 0x41}, {0xc0, 0x80}, {0x41, 0x41}};
                memcpy(in,
                       (unsigned char[]){(unsigned char)lead, (unsigned char)second, tails[tail][0],
                                         tails[tail][1], 'x', 'y', 'z', '!'},
                       8);
                for (size_t n = 1; n <= 8; n++)
                    REQUIRE(agrees(in, n));
            }
}

// The same sequences where the fast way reads: at every place around the seams of its blocks.
TEST(every_short_sequence_is_judged_alike_in_a_long_text)
{
    static const unsigned char seconds[] = {0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                            0xa0, 0xbf, 0xc0, 0xe1, 0xff};
    static const unsigned char tails[][2] = {{0x80, 0x80}, {0x80, 'x'}, {'x', 'y'}, {0xbf, 0xe4}};
    static const size_t places[] = {0, 14, 29, 30, 31, 32, 60, 61, 62, 63, 64, 124, 127, 150};
    unsigned char in[160];
    for (unsigned lead = 0x7f; lead < 256; lead++)
        for (size_t s = 0; s < countof(seconds); s++)
            for (size_t t = 0; t < countof(tails); t++)
                for (size_t k = 0; k < countof(places); k++) {
                    memset(in, 'x', sizeof in);
                    in[places[k]] = (unsigned char)lead;
                    in[places[k] + 1] = seconds[s];
                    memcpy(in + places[k] + 2, tails[t], 2);
                    REQUIRE(agrees(in, sizeof in) && agrees(in, 128));
                }
}

static size_t put_letter(unsigned char *dst, uint64_t *seed)
{
    static const char *const letters[] = {"a",
                                          " ",
                                          "\xd0\xb6",
                                          "\xc2\x80",
                                          "\xdf\xbf",
                                          "\xe6\xb0\xb4",
                                          "\xe0\xa0\x80",
                                          "\xed\x9f\xbf",
                                          "\xee\x80\x80",
                                          "\xef\xbf\xbf",
                                          "\xf0\x90\x80\x80",
                                          "\xf4\x8f\xbf\xbf",
                                          "the words between them "};
    const char *letter = letters[rng_next(seed) % countof(letters)];
    memcpy(dst, letter, strlen(letter));
    return strlen(letter);
}

TEST(random_texts_with_a_few_broken_bytes_are_judged_alike)
{
    uint64_t seed = 11;
    for (int round = 0; round < 30000; round++) {
        unsigned char text[320];
        size_t n = 0, most = rng_next(&seed) % 290;
        while (n < most)
            n += put_letter(text + n, &seed);
        n -= n ? rng_next(&seed) % 3 % n : 0; // cut inside a letter, now and then
        for (uint64_t broken = rng_next(&seed) % 3; n && broken; broken--)
            text[rng_next(&seed) % n] = (unsigned char)rng_next(&seed);
        unsigned char *exact = mem_resize(NULL, n + !n); // so that ASan sees a byte read too far
        memcpy(exact, text, n);
        REQUIRE(agrees(exact, n));
        mem_free(exact);
    }
}

TEST(the_length_of_the_valid_head_is_told)
{
    CHECK(utf8_valid(S("plain ascii, long enough for steps")) == 34);
    CHECK(utf8_valid(S("12345678\xff")) == 8);
    CHECK(utf8_valid(S("\xd0\x91\xd1\x8b\xd1")) == 4); // cut inside a letter
    CHECK(utf8_valid(S("\xe6\x95\x8f\xed\xa0\x80")) == 3);
    CHECK(utf8_valid(S("\xf4\x90\x80\x80")) == 0 && utf8_valid(S("\xc0\x80")) == 0);
    CHECK(utf8_valid(STR_NONE) == 0);
    CHECK(utf8_count(S("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a!"), 11) == 5);
    CHECK(utf8_count(S("abc"), 0) == 0);
}

TEST(wide_letters_are_counted_whatever_the_length_and_place)
{
    char text[300];
    CHECK(utf8_wide(STR_NONE) == 0 && utf8_wide(S("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a!")) == 2);
    for (size_t n = 0; n < sizeof text; n++) {
        memset(text, '\xe0', n);
        REQUIRE(utf8_wide(str_of(text, n)) == n);
        memset(text, '\xdf', n);
        REQUIRE(utf8_wide(str_of(text, n)) == 0);
        memset(text, 'x', n);
        for (size_t where = 0; where < n; where++) {
            text[where] = '\xff';
            REQUIRE(utf8_wide(str_of(text, n)) == 1);
            text[where] = 'x';
        }
    }
}
