// Clocks, ids, log lines, the error table and must().
#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/time.h"
#include "base/watch_test.h"
#include "tests/unit.h"

TEST(times_are_written_as_iso)
{
    char when[25];
    CHECK(strcmp(time_iso(when, sizeof when, 0), "1970-01-01T00:00:00.000Z") == 0);
    CHECK(strcmp(time_iso(when, sizeof when, 1795508821123999), "2026-11-24T08:27:01.123Z") == 0);
    CHECK(strcmp(time_iso(when, sizeof when, 951782399999000), "2000-02-28T23:59:59.999Z") == 0);
}

TEST(the_steady_clock_never_goes_back)
{
    int64_t before = time_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = time_mono_us();
        REQUIRE(now >= before);
        before = now;
    }
    CHECK(time_wall_us() > 1700000000000000);
}

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

static void say_some(void)
{
    log_at(LOG_INFO, "gate", "call %s\nspoofed line\x1b[31m", "done");
    log_at(LOG_DEBUG, "gate", "not wanted");
    log_debug("gate", "nor this %d", 1);
}

TEST(one_event_is_one_line_whatever_stands_in_it)
{
    char said[2048];
    log_set_level(LOG_INFO);
    watch_stderr(say_some, said, sizeof said);
    const char *end = strchr(said, '\n');
    REQUIRE(end != NULL);
    CHECK(end[1] == 0); // and that was all
    CHECK(strstr(said, "Z info gate call done?spoofed line?[31m\n") != NULL);
}

static void say_much(void)
{
    char much[5000];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = 0;
    log_at(LOG_ERROR, "cli", "%s", much);
    log_at(LOG_WARN, "cli", "after");
}

TEST(a_long_line_is_cut_and_still_ends)
{
    char said[4096];
    watch_stderr(say_much, said, sizeof said);
    const char *end = strchr(said, '\n');
    REQUIRE(end != NULL);
    CHECK(end - said < 1024);
    CHECK(strstr(end, " warn cli after\n") != NULL);
}

TEST(levels_have_words)
{
    enum log_level l = LOG_ERROR;
    CHECK(log_level_parse(S("Debug"), &l) && l == LOG_DEBUG);
    CHECK(!log_level_parse(S("loud"), &l) && !log_level_parse(STR_NONE, &l) && l == LOG_DEBUG);
    log_set_level(LOG_WARN);
    CHECK(!log_wants(LOG_INFO) && log_wants(LOG_WARN) && log_wants(LOG_ERROR));
    log_set_level(LOG_INFO);
}

TEST(every_error_says_what_to_do)
{
    for (int e = OK + 1; e < ERR_COUNT; e++) {
        int status = err_status((enum err)e);
        CHECK(status >= 400 && status < 600);
        CHECK(err_name((enum err)e)[0] && err_type((enum err)e)[0] && err_code((enum err)e)[0]);
        CHECK(strlen(err_sentence((enum err)e)) > 10);
        CHECK(err_retry((enum err)e) == RETRY_NEVER || status == 429 || status >= 500);
    }
    CHECK(err_status(OK) == 200 && err_status(ERR_BAD_JSON) == 400);
    CHECK(err_retry(ERR_UPSTREAM_STALE) == RETRY_SAME);
    CHECK(strcmp(err_name(ERR_UPSTREAM_TIMEOUT), "UPSTREAM_TIMEOUT") == 0);
}

TEST(a_fault_keeps_the_place_and_cuts_a_long_path)
{
    struct fault f;
    char path[200];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    CHECK(fault_set(&f, ERR_BAD_JSON, path, 12) == ERR_BAD_JSON);
    CHECK(f.err == ERR_BAD_JSON && f.at_byte == 12 && strlen(f.param) == sizeof f.param - 1);
    CHECK(f.say[0] == 0);
    fault_set(&f, ERR_NO_MODEL, NULL, -1);
    CHECK(f.param[0] == 0 && f.at_byte == -1);
}

static void break_a_rule(void)
{
    must_doing("01J", "send");
    must(1 + 1 == 3);
}

static void ask_for_no_error(void)
{
    must_doing("01J", "send");
    must_doing(NULL, NULL);
    (void)err_status(ERR_COUNT);
}

TEST(a_broken_rule_says_what_where_and_in_the_middle_of_what)
{
    CHECK(watch_dies(break_a_rule, "1 + 1 == 3 (call=01J step=send)"));
    CHECK(watch_dies(ask_for_no_error, "(unsigned)e < ERR_COUNT\n"));
}
