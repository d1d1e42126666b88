// Arenas: alignment, the sticky limit, lives after a reset, and poison around what was handed out.
#include "base/arena.h"
#include "base/watch_test.h"
#include "tests/unit.h"

TEST(an_arena_hands_out_zeroed_aligned_memory)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t n = 1; n < 300; n += 7) {
        char *bytes = arena_bytes(&a, n); // leaves the cursor anywhere
        memset(bytes, 0xee, n);
        char *p = arena_alloc(&a, n);
        CHECK((uintptr_t)p % 16 == 0);
        for (size_t i = 0; i < n; i++)
            REQUIRE(p[i] == 0);
    }
    CHECK(!a.over);
    arena_done(&a);
}

TEST(nothing_at_all_still_has_an_address)
{
    struct arena a;
    arena_init(&a, 64);
    // through volatile: the compiler believes the door's promise that it is never NULL
    void *volatile bytes = arena_bytes(&a, 0);
    void *volatile zeroed = arena_alloc(&a, 0);
    void *volatile none = arena_array(&a, int, 0);
    CHECK(bytes != NULL && zeroed != NULL && none != NULL);
    CHECK(arena_copy(&a, STR_NONE).p[0] == 0);
    arena_done(&a);
}

TEST(passing_the_limit_sets_a_flag_and_memory_still_comes)
{
    struct arena a;
    arena_init(&a, 1000);
    memset(arena_bytes(&a, 1000), 1, 1000);
    CHECK(!a.over);
    memset(arena_bytes(&a, 1), 1, 1);
    CHECK(a.over);
    memset(arena_bytes(&a, 100000), 1, 100000);
    CHECK(a.over && a.used_bytes == 101001);
    arena_reset(&a);
    CHECK(!a.over && a.used_bytes == 0 && a.limit_bytes == 1000);
    arena_done(&a);
}

TEST(a_reset_keeps_one_chunk_and_the_next_life_starts_in_it)
{
    struct arena a;
    arena_init(&a, 1 << 22);
    for (int life = 0; life < 3; life++) {
        for (int i = 0; i < 50; i++)
            memset(arena_bytes(&a, 3000), i, 3000);
        memset(arena_bytes(&a, 100000), 7, 100000);
        arena_reset(&a);
        REQUIRE(a.chunks != NULL);
        const struct arena_chunk *kept = a.chunks;
        const char *p = arena_alloc(&a, 64);
        for (int i = 0; i < 64; i++)
            REQUIRE(p[i] == 0);
        CHECK(a.chunks == kept);
    }
    arena_done(&a);
    CHECK(a.chunks == NULL);
}

TEST(copies_end_in_nul_and_keep_what_is_inside)
{
    struct arena a;
    arena_init(&a, 1 << 16);
    str s = arena_copy(&a, S("a\0b"));
    CHECK(str_eq(s, S("a\0b")) && s.p[3] == 0);
    CHECK(strcmp(arena_cstr(&a, S("word")), "word") == 0);
    CHECK(str_eq(arena_printf(&a, "%s=%d", "n", 42), S("n=42")));
    CHECK(arena_printf(&a, "%s", "").n == 0);
    arena_done(&a);
}

TEST(one_byte_past_an_allocation_is_caught)
{
    struct arena a;
    if (!watch_poisons()) {
        unit_skip("this build does not watch memory");
        return;
    }
    arena_init(&a, 1 << 16);
    for (size_t n = 1; n <= 64; n++) {
        const char *p = arena_bytes(&a, n);
        CHECK(!watch_is_poisoned(p) && !watch_is_poisoned(p + n - 1));
        const char *neighbour = arena_bytes(&a, 64);
        CHECK(!watch_is_poisoned(neighbour));
        CHECK(watch_is_poisoned(p + n + 8)); // poison is kept in steps of eight bytes
    }
    const char *kept = arena_bytes(&a, 8);
    arena_reset(&a);
    CHECK(watch_is_poisoned(kept)); // the last life's memory is no longer anyone's
    arena_done(&a);
}

static void overflow_count(void)
{
    struct arena a;
    arena_init(&a, 1 << 16);
    (void)arena_alloc_n(&a, SIZE_MAX / 2, 3);
}

TEST(a_count_that_overflows_ends_the_process)
{
    CHECK(watch_dies(overflow_count, "broken rule"));
}
