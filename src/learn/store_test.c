// store_test.c: rows reach the file, whole, for its owner only; a disk that refuses loses none that
// the queue can hold.
#include "base/mem.h"
#include "base/time.h"
#include "learn/learn.h"
#include "tests/unit.h"
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64], path[96], before[96];
    struct learn_settings s;
    struct metrics *m;
};

static struct place *place_new(void)
{
    struct place *p = mem_new(sizeof *p);
    conf_defaults(&p->s, &learn_setting_table);
    snprintf(p->folder, sizeof p->folder, "/tmp/weir-learn.XXXXXX");
    must(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/rows", p->folder);
    snprintf(p->before, sizeof p->before, "%s/rows.1", p->folder);
    p->s.path = str_c(p->path);
    p->s.share = 1;
    p->m = metrics_new();
    return p;
}

static void place_free(struct place *p)
{
    unlink(p->path);
    unlink(p->before);
    must(rmdir(p->folder) == 0);
    mem_free(p);
}

static struct learn_store *opened(const struct place *p)
{
    char why[256] = "";
    struct learn_store *s = NULL;
    if (learn_open(&p->s, &s, why) != OK)
        printf("%s\n", why);
    return s;
}

static int64_t size_of(const char *path)
{
    struct stat at;
    return stat(path, &at) == 0 ? at.st_size : -1;
}

static bool until_failing(const struct learn_store *s, bool wanted)
{
    int64_t end_us = time_mono_us() + 10 * 1000000;
    while (learn_failing(s) != wanted && time_mono_us() < end_us)
        sched_yield();
    return learn_failing(s) == wanted;
}

TEST(without_a_share_there_is_no_file)
{
    struct place *p = place_new();
    p->s.share = 0;
    struct learn_store *s = opened(p);
    CHECK(s == NULL && size_of(p->path) == -1);
    learn_put(s, p->m, S("row\n"));
    CHECK(!learn_failing(s));
    learn_close(s);
    place_free(p);
}

TEST(rows_reach_the_file_for_its_owner_only)
{
    struct place *p = place_new();
    struct learn_store *s = opened(p);
    struct stat at;
    REQUIRE(s);
    for (int i = 0; i < 100; i++)
        learn_put(s, p->m, S("{\"a\":1}\n"));
    learn_close(s);
    CHECK(stat(p->path, &at) == 0 && at.st_size == 800 && (at.st_mode & 0777) == 0600);
    REQUIRE((s = opened(p)) != NULL); // and the next start goes on
    learn_put(s, p->m, S("{\"a\":1}\n"));
    learn_close(s);
    CHECK(size_of(p->path) == 808);
    place_free(p);
}

TEST(the_file_and_the_one_before_it_stay_under_their_ceiling)
{
    static char row[10 * 1024 + 1];
    struct place *p = place_new();
    memset(row, 'x', sizeof row - 1);
    row[sizeof row - 2] = '\n';
    p->s.keep = 64 * 1024;
    for (int i = 0; i < 12; i++) {
        struct learn_store *s = opened(p);
        REQUIRE(s);
        learn_put(s, p->m, str_of(row, sizeof row - 1));
        learn_close(s);
        CHECK(size_of(p->path) <= 32 * 1024 && size_of(p->before) <= 32 * 1024);
    }
    CHECK(size_of(p->before) == 30 * 1024);
    place_free(p);
}

TEST(a_disk_that_refuses_is_loud_and_loses_nothing_once_it_takes_rows_again)
{
    struct place *p = place_new();
    struct learn_store *s = opened(p);
    REQUIRE(s);
    unlink(p->path);
    must(mkdir(p->path, 0700) == 0); // no file can be opened there
    learn_put(s, p->m, S("{\"a\":1}\n"));
    CHECK(until_failing(s, true));
    CHECK(metrics_total(METRIC_learn_failing, 0) == 1);
    learn_put(s, p->m, S("{\"a\":2}\n"));
    must(rmdir(p->path) == 0);
    CHECK(until_failing(s, false));
    learn_close(s);
    CHECK(size_of(p->path) == 16);
    CHECK(metrics_total(METRIC_learn_failing, 0) == 0);
    place_free(p);
}

TEST(what_the_disk_refuses_to_the_end_is_counted)
{
    struct place *p = place_new();
    struct learn_store *s = opened(p);
    int64_t lost = metrics_total(METRIC_learn_rows, 1);
    REQUIRE(s);
    unlink(p->path);
    must(mkdir(p->path, 0700) == 0);
    for (int i = 0; i < 3; i++)
        learn_put(s, p->m, S("{\"a\":1}\n"));
    learn_close(s);
    CHECK(metrics_total(METRIC_learn_rows, 1) == lost + 3);
    must(rmdir(p->path) == 0);
    place_free(p);
}

TEST(a_path_that_cannot_be_a_file_is_refused_at_the_start)
{
    struct place *p = place_new();
    struct learn_store *s = NULL;
    char why[256] = "", link[96];
    must(mkdir(p->path, 0700) == 0);
    CHECK(learn_open(&p->s, &s, why) == ERR_BAD_CONFIG && str_starts(str_c(why), S("learn.path")));
    must(rmdir(p->path) == 0);
    must(mkfifo(p->path, 0600) == 0);
    CHECK(learn_open(&p->s, &s, why) == ERR_BAD_CONFIG);
    must(unlink(p->path) == 0);
    snprintf(link, sizeof link, "%s/there", p->folder);
    must(symlink(link, p->path) == 0); // somebody else's choice of file
    CHECK(learn_open(&p->s, &s, why) == ERR_BAD_CONFIG && size_of(link) == -1);
    place_free(p);
}
