// hash_test.c: against the authors' own vectors, and that no byte and no length goes unseen.
#include "base/cpu.h"
#include "base/hash.h"
#include "tests/unit.h"

static const struct hash_key counting = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

TEST(whole_words_hash_as_the_authors_say)
{
    // vectors_sip64 of github.com/veorq/SipHash: the messages of 0 and of 8 bytes
    const uint64_t word = 0x0706050403020100;
    CHECK(hash_words(counting, NULL, 0) == 0x726fdb47dd0e0e31);
    CHECK(hash_words(counting, &word, 1) == 0x93f5f5799a932462);
}

TEST(the_empty_long_hash_is_siphash_128)
{
    // vectors_sip128 of the same: the message of 0 bytes. It is one word of zero there, too.
    struct hash_long h;
    hash_long_init(&h, counting);
    struct hash128 d = hash_bytes(&h, NULL, 0);
    CHECK(d.h[0] == 0xe6a825ba047f81a3 && d.h[1] == 0x930255c71472f66d);
}

static bool same(struct hash128 a, struct hash128 b)
{
    return a.h[0] == b.h[0] && a.h[1] == b.h[1];
}

TEST(each_byte_each_length_and_the_key_count)
{
    struct hash_long h, other;
    char text[3000];
    hash_long_init(&h, counting);
    hash_long_init(&other, (struct hash_key){{1, 2}});
    memset(text, 0, sizeof text);
    for (size_t n = 0; n < sizeof text; n++) // only their lengths differ
        REQUIRE(!same(hash_bytes(&h, text, n), hash_bytes(&h, text, n + 1)));
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31);
    struct hash128 whole = hash_bytes(&h, text, sizeof text);
    CHECK(same(whole, hash_bytes(&h, text, sizeof text)));
    CHECK(!same(whole, hash_bytes(&other, text, sizeof text)));
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] ^= 0x10;
        REQUIRE(!same(whole, hash_bytes(&h, text, sizeof text)));
        text[i] ^= 0x10;
    }
}

TEST(the_order_of_words_and_blocks_counts)
{
    enum { BLOCK = HASH_BLOCK_BYTES };
    struct hash_long h;
    char a[2 * BLOCK], b[2 * BLOCK];
    hash_long_init(&h, counting);
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = (char)(i * i / 7);
    memcpy(b, a + BLOCK, BLOCK);
    memcpy(b + BLOCK, a, BLOCK);
    CHECK(!same(hash_bytes(&h, a, sizeof a), hash_bytes(&h, b, sizeof b)));
    memcpy(b, a, sizeof a);
    memcpy(b, a + 16, 16); // two pairs of words change places
    memcpy(b + 16, a, 16);
    CHECK(!same(hash_bytes(&h, a, sizeof a), hash_bytes(&h, b, sizeof b)));
    memcpy(b, a, sizeof a);
    memcpy(b, a + 4, 4); // the two words of a pair
    memcpy(b + 4, a, 4);
    CHECK(!same(hash_bytes(&h, a, sizeof a), hash_bytes(&h, b, sizeof b)));
}

TEST(both_twins_fold_to_the_same)
{
    struct hash_long h;
    char text[HASH_BLOCK_BYTES];
    uint64_t plain[HASH_FOLDS], fast[HASH_FOLDS];
    hash_long_init(&h, counting);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i * 7 + i / 3);
    for (size_t n = 0; n <= sizeof text; n += 32) {
        hash_fold_plain(&h, text, n, plain);
        CHECK(plain[0] != plain[1] || n == 0);
        if (!cpu_avx2())
            continue;
        hash_fold_avx2(&h, text, n, fast);
        REQUIRE(memcmp(plain, fast, sizeof plain) == 0);
    }
}
