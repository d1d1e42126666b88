// Ids that sort, and numbers that a seed or chance gives.
#include "base/rng.h"
#include "tests/unit.h"

TEST(ids_sort_by_time_and_by_turn)
{
    struct id_maker m = {0}, other = {0};
    struct id last = id_make(&m, 1), id;
    for (int i = 0; i < 2000; i++) {
        id = id_make(&m, 1000 + i / 100 * 1000); // a hundred within each millisecond
        REQUIRE(strlen(id.c) == ID_CHARS && strcmp(id.c, last.c) > 0);
        REQUIRE(strspn(id.c, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ID_CHARS);
        last = id;
    }
    id = id_make(&m, 1795508821123999);
    CHECK(strncmp(id.c, "01M86AMQ43", 10) == 0); // the milliseconds alone
    last = id_make(&other, 1795508821123999);
    CHECK(strcmp(id.c + 10, last.c + 10) != 0);
}

TEST(the_same_seed_gives_the_same_numbers)
{
    uint64_t seed = 0;
    CHECK(rng_next(&seed) == 0xe220a8397b1dcdafu && rng_next(&seed) == 0x6e789e6aa1b965f4u);
    char a[64] = {0}, b[64] = {0};
    rng_bytes(a, sizeof a);
    rng_bytes(b, sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    rng_bytes(a, 0);
}
