// health_test.c: health by what calls and probes see, with the time given.
#include "tests/unit.h"
#include "upstream/health.h"

static struct target targets[2] = {{.zone = 0}, {.zone = 0}};
static const struct fleet fleet = {.zones = {{.name = S("z"), .max_label = LABEL_PUBLIC}},
                                   .zone_count = 1,
                                   .targets = targets,
                                   .target_count = 2};
static const struct upstream_settings settings = {.down_after = 3, .down_for = 10000};

enum { SECOND = 1000000 };

static uint8_t shown(struct upstream_health *h, unsigned target, int64_t now_us)
{
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    upstream_health_copy(h, now_us, health, in_flight);
    return health[target];
}

static void fail_times(struct upstream_health *h, unsigned n, int64_t now_us)
{
    for (unsigned i = 0; i < n; i++)
        health_failed(h, 0, false, now_us);
}

TEST(three_failures_in_a_row_take_a_target_down)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    fail_times(h, 2, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_UP);
    health_served(h, 0);
    fail_times(h, 2, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_UP);
    fail_times(h, 1, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_DOWN);
    CHECK(shown(h, 1, SECOND) == HEALTH_UP);
    upstream_health_free(h);
}

TEST(a_refused_local_connection_takes_it_down_at_once)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    health_failed(h, 1, true, SECOND);
    CHECK(shown(h, 1, SECOND) == HEALTH_DOWN);
    upstream_health_free(h);
}

TEST(one_caller_may_try_a_target_whose_time_is_up)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    fail_times(h, 3, SECOND);
    CHECK(shown(h, 0, 11 * SECOND - 1) == HEALTH_DOWN);
    CHECK(upstream_health_of(h, 0, 11 * SECOND - 1) == HEALTH_DOWN);
    CHECK(upstream_health_of(h, 0, 11 * SECOND) == HEALTH_UP); // may be tried: that is ready enough
    CHECK(shown(h, 0, 11 * SECOND) == HEALTH_UP);
    CHECK(shown(h, 0, 11 * SECOND) == HEALTH_DOWN); // the next caller
    CHECK(shown(h, 0, 21 * SECOND) == HEALTH_UP);   // the trial was never reported: another
    upstream_health_free(h);
}

TEST(a_trial_that_is_answered_ends_it_and_one_more_failure_begins_it_anew)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    fail_times(h, 3, SECOND);
    REQUIRE(shown(h, 0, 11 * SECOND) == HEALTH_UP);
    health_answers(h, 0);
    CHECK(shown(h, 0, 12 * SECOND) == HEALTH_UP);
    CHECK(shown(h, 0, 12 * SECOND) == HEALTH_UP);
    fail_times(h, 1, 12 * SECOND);
    CHECK(shown(h, 0, 12 * SECOND) == HEALTH_DOWN);
    REQUIRE(shown(h, 0, 22 * SECOND) == HEALTH_UP);
    health_answers(h, 0);
    health_served(h, 0);
    fail_times(h, 2, 23 * SECOND);
    CHECK(shown(h, 0, 23 * SECOND) == HEALTH_UP);
    upstream_health_free(h);
}

TEST(a_probe_brings_a_target_back_or_keeps_it_down)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    health_probed(h, 0, false, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_UP); // it is up: calls know better
    fail_times(h, 3, SECOND);
    health_probed(h, 0, false, 9 * SECOND);
    CHECK(shown(h, 0, 18 * SECOND) == HEALTH_DOWN);
    health_probed(h, 0, true, 18 * SECOND);
    CHECK(shown(h, 0, 18 * SECOND) == HEALTH_UP);
    upstream_health_free(h);
}

TEST(starting_is_left_to_the_engine)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    upstream_health_set(h, 0, HEALTH_STARTING);
    health_failed(h, 0, true, SECOND);
    health_answers(h, 0);
    health_probed(h, 0, true, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_STARTING);
    upstream_health_set(h, 0, HEALTH_UP);
    CHECK(shown(h, 0, SECOND) == HEALTH_UP);
    fail_times(h, 2, SECOND);
    CHECK(shown(h, 0, SECOND) == HEALTH_UP); // what failed before it was up is forgotten
    upstream_health_free(h);
}

TEST(tries_in_flight_are_counted_a_target)
{
    struct upstream_health *h = upstream_health_new(&fleet, &settings);
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    health_begin(h, 0);
    health_begin(h, 0);
    health_begin(h, 1);
    health_end(h, 0);
    upstream_health_copy(h, SECOND, health, in_flight);
    CHECK(in_flight[0] == 1 && in_flight[1] == 1);
    upstream_health_free(h);
}

TEST(a_target_keeps_its_health_in_the_next_fleet_where_it_is_the_same)
{
    struct target then[] = {{.name = S("a"), .base_url = S("http://a")},
                            {.name = S("b"), .base_url = S("http://b")},
                            {.name = S("c"), .base_url = S("http://c")}};
    struct target now[] = {{.name = S("c"), .base_url = S("http://c"), .zone = 1},
                           {.name = S("b"), .base_url = S("http://elsewhere")},
                           {.name = S("a"), .base_url = S("http://a")}};
    struct fleet f = fleet, g;
    f.zones[1].name = S("y");
    f.zone_count = 2;
    g = f;
    f.targets = then;
    g.targets = now;
    f.target_count = g.target_count = 3;
    struct upstream_health *h = upstream_health_new(&f, &settings);
    for (unsigned i = 0; i < 3; i++)
        health_failed(h, i, true, SECOND);
    health_begin(h, 0);
    struct upstream_health *next = upstream_health_next(h, &f, &g, &settings);
    CHECK(shown(next, 2, SECOND) == HEALTH_DOWN); // a
    CHECK(shown(next, 1, SECOND) == HEALTH_UP);   // another address
    CHECK(shown(next, 0, SECOND) == HEALTH_UP);   // another zone
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    health_begin(next, 2);
    health_end(h, 0); // a call of the old fleet
    upstream_health_free(h);
    upstream_health_copy(next, SECOND, health, in_flight);
    CHECK(in_flight[2] == 1 && in_flight[0] == 0);
    health_end(next, 2);
    upstream_health_free(next);
}
