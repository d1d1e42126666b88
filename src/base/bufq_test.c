// The queue of bytes: against a plain array, with back-pressure and spares counted.
#include "base/bufq.h"
#include "base/rng.h"
#include "base/watch_test.h"
#include "tests/unit.h"

TEST(a_full_queue_takes_nothing_and_says_how_much_it_took)
{
    struct bufq_pool pool;
    struct bufq q;
    bufq_pool_init(&pool, 4, 8);
    bufq_init(&q, &pool, 2);
    CHECK(bufq_empty(&q) && !bufq_full(&q));
    CHECK(bufq_put(&q, S("12345")) == 5 && !bufq_full(&q));
    CHECK(bufq_put(&q, S("6789")) == 3 && bufq_full(&q));
    CHECK(bufq_put(&q, S("9")) == 0 && q.bytes == 8);
    bufq_drop(&q, 3);
    CHECK(bufq_full(&q)); // room is given back by whole chunks
    bufq_drop(&q, 1);
    CHECK(!bufq_full(&q) && bufq_put(&q, S("abcde")) == 4);
    bufq_done(&q);
    bufq_pool_done(&pool);
}

// Takes up to n bytes off the head through slices.
static size_t drain(struct bufq *q, char *out, size_t n)
{
    str slices[3];
    size_t count = bufq_peek(q, slices, countof(slices)), got = 0;
    for (size_t i = 0; i < count && got < n; i++) {
        CHECK(slices[i].n > 0); // no empty piece for writev
        size_t part = min_size(slices[i].n, n - got);
        memcpy(out + got, slices[i].p, part);
        got += part;
    }
    bufq_drop(q, got);
    return got;
}

TEST(bytes_come_out_as_they_went_in)
{
    struct bufq_pool pool;
    struct bufq q;
    uint64_t seed = 11;
    unsigned char in = 0, out = 0;
    size_t waiting = 0;
    bufq_pool_init(&pool, 13, 2);
    bufq_init(&q, &pool, 5);
    for (int round = 0; round < 20000; round++) {
        char bytes[100];
        size_t n = rng_next(&seed) % sizeof bytes;
        if (rng_next(&seed) & 1) {
            for (size_t i = 0; i < n; i++)
                bytes[i] = (char)(in + i);
            n = bufq_put(&q, str_of(bytes, n));
            in = (unsigned char)(in + n);
            waiting += n;
        } else {
            n = drain(&q, bytes, n);
            for (size_t i = 0; i < n; i++)
                REQUIRE((unsigned char)bytes[i] == out++);
            waiting -= n;
        }
        REQUIRE(q.bytes == waiting && q.chunks <= 5 && pool.spare_count <= 2);
        REQUIRE(bufq_empty(&q) == (waiting == 0));
    }
    bufq_done(&q);
    bufq_pool_done(&pool);
}

TEST(spares_are_used_again_up_to_their_number)
{
    struct bufq_pool pool;
    struct bufq q = {0};
    bufq_done(&q); // never begun
    bufq_done(NULL);
    bufq_pool_init(&pool, 8, 2);
    bufq_init(&q, &pool, 4);
    char bytes[32] = {0};
    CHECK(bufq_put(&q, str_of(bytes, 32)) == 32 && q.chunks == 4);
    bufq_drop(&q, 32);
    CHECK(q.chunks == 0 && pool.spare_count == 2 && !q.head && !q.tail);
    CHECK(bufq_put(&q, str_of(bytes, 9)) == 9 && pool.spare_count == 0);
    bufq_done(&q);
    CHECK(pool.spare_count == 2 && bufq_empty(&q));
    bufq_pool_done(&pool);
    CHECK(pool.spare_count == 0);
}

static void drop_more_than_waits(void)
{
    struct bufq_pool pool;
    struct bufq q;
    bufq_pool_init(&pool, 8, 2);
    bufq_init(&q, &pool, 4);
    bufq_drop(&q, 1);
}

TEST(dropping_more_than_waits_ends_the_process)
{
    CHECK(watch_dies(drop_more_than_waits, "bufq.c"));
}
