#include "base/rng.h"
#include "route/words.h"
#include "tests/unit.h"

struct read {
    uint32_t hash;
    size_t bytes;
};

static struct read read_first(const char *text)
{
    uint8_t padded[256 + WORD_PAD] = {0};
    struct read r;
    must(strlen(text) <= 256);
    memcpy(padded, text, strlen(text));
    r.bytes = (size_t)(word_read(padded, &r.hash) - padded);
    return r;
}

static bool same(const char *a, const char *b)
{
    return read_first(a).hash == read_first(b).hash;
}

TEST(a_word_ends_where_its_letters_end)
{
    CHECK(read_first("word").bytes == 4 && read_first("word's end").bytes == 6);
    CHECK(read_first("word' end").bytes == 4 && read_first("word-end").bytes == 4);
    CHECK(read_first("stra\xc3\x9f"
                     "e, 5")
              .bytes == 7);
    CHECK(read_first("ab\xe4\xbd\xa0").bytes == 2); // Han begins a word of its own
    CHECK(read_first("ab\xe2\x80\x9c").bytes == 2); // a quotation mark
    CHECK(read_first("abcdefghijklmnop").bytes == 16);
    CHECK(read_first("abcdefghijklmnopq").bytes == 17);
}

TEST(a_long_word_is_cut_and_goes_on)
{
    char text[200];
    memset(text, 'x', sizeof text);
    text[199] = 0;
    CHECK(read_first(text).bytes == 48);
}

TEST(case_and_apostrophes_are_no_part_of_it)
{
    CHECK(same("Word", "wORD") && same("don't", "dont") && same("don\xe2\x80\x99t", "DONT"));
    CHECK(same("\xc3\x89tude", "\xc3\xa9tude") && !same("etude", "\xc3\xa9tude"));
    CHECK(same("ABCDEFGHIJKLMNOPQR", "abcdefghijklmnopqr"));
}

// Both ways of reading give the same, at every length; and what differs in one letter differs.
TEST(either_way_of_reading_gives_the_same_hash)
{
    uint64_t seed = 5;
    unsigned clash = 0;
    for (int round = 0; round < 2000; round++) {
        uint8_t text[64 + WORD_PAD] = {0};
        size_t n = 1 + (size_t)(rng_next(&seed) % 40);
        for (size_t i = 0; i < n; i++)
            text[i] = (uint8_t)('a' + rng_next(&seed) % 26);
        uint32_t fast, any, other;
        CHECK(word_read(text, &fast) == text + n && word_read_any(text, &any) == text + n);
        CHECK(fast == any);
        uint8_t *letter = &text[rng_next(&seed) % n];
        *letter = *letter == 'z' ? 'a' : (uint8_t)(*letter + 1);
        word_read(text, &other);
        CHECK(other != fast);
        clash += (other & 0xffff) == (fast & 0xffff);
    }
    CHECK(clash < 3); // the low bits choose a bucket: by chance, one in 65,536
}

TEST(kinds_of_wide_characters)
{
    static const struct {
        const char *bytes;
        uint32_t cp;
        uint8_t n, kind;
        char same_as;
    } rows[] = {
        {"\xc3\x9c", 0xfc, 2, KIND_LETTER, 0},
        {"\xd0\x9f", 0x43f, 2, KIND_LETTER, 0},
        {"\xe4\xbd\xa0", 0x4f60, 3, KIND_ALONE, 0},
        {"\xe3\x81\x82", 0x3042, 3, KIND_ALONE, 0},
        {"\xe3\x80\x82", 0x3002, 3, KIND_OTHER, '.'},
        {"\xef\xbc\x9f", 0xff1f, 3, KIND_OTHER, '?'},
        {"\xed\x95\x9c", 0xd55c, 3, KIND_ALONE, 0},
        {"\xf0\x9f\x98\x80", 0x1f600, 4, KIND_OTHER, 0},
        {"\xff", 0xff, 1, KIND_OTHER, 0},
        {"\xe4\xbd", 0xe4, 1, KIND_OTHER, 0},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        uint8_t padded[4 + WORD_PAD] = {0};
        memcpy(padded, rows[i].bytes, strlen(rows[i].bytes));
        struct wide w = wide_read(padded);
        bool right = w.bytes == rows[i].n && w.kind == rows[i].kind &&
                     w.same_as == rows[i].same_as && w.cp == rows[i].cp;
        CHECK(right);
    }
}
