// rises_test.c: what rose is there after a kill, once, and a full file says that it was.
#include "ledger/rises.h"
#include "ledger/sample_test.h"
#include "tests/unit.h"
#include <fcntl.h>

struct seen {
    unsigned count, restricted;
};

static void count(void *arg, const struct slot *s)
{
    struct seen *n = arg;
    n->count++;
    n->restricted += s->label == LABEL_RESTRICTED;
}

static struct slot slot_of(uint64_t id)
{
    return (struct slot){.id = {id, id}, .label = LABEL_RESTRICTED, .flags = SLOT_KEPT};
}

static struct rises *opened(const struct sample *s)
{
    char why[160] = "";
    struct rises *r = rises_open(s->path, why);
    if (!r)
        printf("%s\n", why);
    return r;
}

TEST(what_rose_is_there_after_the_end_until_the_database_has_it)
{
    struct sample *s = sample_new();
    struct rises *r = opened(s);
    struct seen seen = {0, 0};
    REQUIRE(r);
    CHECK(!opened(s)); // there is one owner
    for (uint64_t i = 1; i <= 3; i++) {
        struct slot slot = slot_of(i);
        CHECK(rises_put(r, &slot));
    }
    uint64_t mark = rises_mark(r);
    rises_close(r);
    REQUIRE((r = opened(s)));
    CHECK(rises_each(r, count, &seen) && seen.count == 3 && seen.restricted == 3);
    struct slot more = slot_of(9);
    mark = rises_mark(r);
    CHECK(rises_put(r, &more));
    rises_done(r, mark); // one came since: all stay
    seen = (struct seen){0, 0};
    CHECK(rises_each(r, count, &seen) && seen.count == 4);
    rises_done(r, rises_mark(r));
    rises_close(r);
    seen = (struct seen){0, 0};
    REQUIRE((r = opened(s)));
    CHECK(rises_each(r, count, &seen) && seen.count == 0);
    CHECK(rises_put(r, &more)); // over the old ones
    seen = (struct seen){0, 0};
    CHECK(rises_each(r, count, &seen) && seen.count == 1);
    rises_close(r);
    sample_free(s);
}

TEST(a_full_file_says_so_at_the_next_start)
{
    struct sample *s = sample_new();
    struct rises *r = opened(s);
    struct seen seen = {0, 0};
    uint64_t i = 1;
    REQUIRE(r);
    for (struct slot slot = slot_of(1); i < 100000 && rises_put(r, &slot); i++)
        slot = slot_of(i);
    CHECK(i > 20000 && i < 100000);
    rises_close(r);
    REQUIRE((r = opened(s)));
    CHECK(!rises_each(r, count, &seen) && seen.count == i - 1);
    rises_done(r, rises_mark(r));
    CHECK(rises_each(r, count, &seen));
    rises_close(r);
    sample_free(s);
}

TEST(torn_and_foreign_bytes_are_no_records)
{
    struct sample *s = sample_new();
    struct rises *r = opened(s);
    struct seen seen = {0, 0};
    struct slot slot = slot_of(5);
    char name[128];
    REQUIRE(r);
    CHECK(rises_put(r, &slot) && rises_put(r, &slot));
    rises_close(r);
    snprintf(name, sizeof name, "%s-rises", s->path);
    int fd = open(name, O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0 && pwrite(fd, "x", 1, 4096 + 48 + 3) == 1);
    REQUIRE((r = opened(s)));
    CHECK(rises_each(r, count, &seen) && seen.count == 1);
    rises_close(r);
    REQUIRE(pwrite(fd, "another's", 9, 0) == 9);
    close(fd);
    seen = (struct seen){0, 0};
    REQUIRE((r = opened(s)));
    CHECK(rises_each(r, count, &seen) && seen.count == 0);
    rises_close(r);
    sample_free(s);
}
