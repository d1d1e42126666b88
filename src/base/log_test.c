// One event is one line, whatever stands in it; levels.
#include "base/log.h"
#include "base/watch_test.h"
#include "tests/unit.h"

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
