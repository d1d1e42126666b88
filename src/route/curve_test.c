#include "base/rng.h"
#include "route/route.h"
#include "tests/unit.h"
#include <math.h>

enum { ROWS = 1000 };

static bool near_to(double a, double b)
{
    return fabs(a - b) < 0.002;
}

// Half of the requests need the strong model, a tenth of those it fails, too.
static void make_rows(struct route_outcome rows[ROWS], double (*score)(unsigned i))
{
    for (unsigned i = 0; i < ROWS; i++)
        rows[i] = (struct route_outcome){
            .score = score(i), .weak = i % 2 ? 1 : 0, .strong = i % 20 == 0 ? 0 : 1, .row = i};
    route_outcomes_sort(rows, ROWS);
}

static double says_nothing(unsigned i)
{
    (void)i;
    return 7;
}

static double knows_all(unsigned i)
{
    return i % 2 == 0 && i % 20 != 0;
}

static double knows_all_wrong(unsigned i)
{
    return -knows_all(i);
}

TEST(a_router_that_says_nothing_is_worth_a_half)
{
    struct route_outcome rows[ROWS];
    struct route_curve c;
    make_rows(rows, says_nothing);
    REQUIRE(route_curve(rows, NULL, ROWS, &c));
    CHECK(near_to(c.weak, 0.5) && near_to(c.strong, 0.95) && near_to(c.apgr, 0.5));
    CHECK(near_to(c.cpt50, 0.5) && near_to(c.cpt80, 0.8));
    CHECK(near_to(route_auc(rows, NULL, ROWS), 0.5));
}

TEST(one_that_knows_needs_few_strong_calls_and_one_that_is_wrong_needs_many)
{
    struct route_outcome rows[ROWS];
    struct route_curve c;
    make_rows(rows, knows_all);
    REQUIRE(route_curve(rows, NULL, ROWS, &c));
    CHECK(near_to(c.cpt50, 0.225) && near_to(c.cpt80, 0.36));
    CHECK(near_to(c.quality[CURVE_STEPS / 2], 0.95) && near_to(c.quality[0], 0.5));
    CHECK(near_to(c.apgr, 0.773)); // by hand: ten steps of .1, the fifth of them half as steep
    CHECK(near_to(route_auc(rows, NULL, ROWS), 1));
    make_rows(rows, knows_all_wrong);
    REQUIRE(route_curve(rows, NULL, ROWS, &c));
    CHECK(near_to(c.apgr, 1 - 0.773) && near_to(c.cpt50, 0.775));
    CHECK(near_to(route_auc(rows, NULL, ROWS), 0));
}

TEST(counting_a_row_twice_is_having_it_twice)
{
    struct route_outcome rows[] = {{3, 0, 1, 4},
                                   {2, 1, 1, 3},
                                   {2, 0, 1, 2},
                                   {1, 1, 0, 1},
                                   {0, 0, 1, 0}},
                         all[] = {{3, 0, 1, 0}, {3, 0, 1, 0}, {2, 0, 1, 0},
                                  {1, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}};
    const uint32_t times[] = {1, 2, 1, 0, 2};
    struct route_curve a, b;
    REQUIRE(route_curve(rows, times, countof(rows), &a));
    REQUIRE(route_curve(all, NULL, countof(all), &b));
    CHECK(near_to(a.apgr, b.apgr) && near_to(a.cpt80, b.cpt80));
    for (unsigned i = 0; i <= CURVE_STEPS; i++)
        CHECK(near_to(a.quality[i], b.quality[i]));
    CHECK(near_to(route_auc(rows, times, countof(rows)), route_auc(all, NULL, countof(all))));
}

TEST(where_there_is_no_gap_there_is_no_curve)
{
    struct route_outcome same[] = {{1, 1, 1, 0}, {0, 0, 0, 1}};
    struct route_curve c = {.apgr = 42};
    CHECK(!route_curve(same, NULL, countof(same), &c) && !route_curve(same, NULL, 0, &c));
    CHECK(c.apgr > 41);
    CHECK(isnan(route_auc(same, NULL, countof(same))) && isnan(route_auc(same, NULL, 0)));
}

TEST(a_draw_has_as_many_rows_and_comes_again_with_its_seed)
{
    uint32_t a[ROWS], b[ROWS];
    uint64_t seed = 5, again = 5, sum = 0, missing = 0;
    route_resample(a, ROWS, &seed);
    route_resample(b, ROWS, &again);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (unsigned i = 0; i < ROWS; i++) {
        sum += a[i];
        missing += a[i] == 0;
    }
    CHECK(sum == ROWS && missing > 300 && missing < 440); // 1/e of them
    route_resample(b, ROWS, &seed);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(bounds_are_those_of_the_tables)
{
    CHECK(near_to(route_bound_below(10, 10, 0.95), 0.7411)); // 0.05^(1/10)
    CHECK(near_to(route_bound_below(29, 29, 0.95), 0.9019));
    CHECK(near_to(route_bound_below(8, 10, 0.95), 0.4931));
    CHECK(near_to(route_bound_below(90, 100, 0.975), 0.8238));
    CHECK(near_to(route_bound_below(50000, 100000, 0.95), 0.4974));
    CHECK(route_bound_below(0, 10, 0.95) <= 0 && route_bound_below(0, 0, 0.95) <= 0);
}

TEST(it_is_known_how_many_rows_a_bound_takes)
{
    CHECK(route_rows_wanted(1, 0.9, 0.95) == 29); // 0.9^29 is the first below 0.05
    CHECK(route_rows_wanted(1, 0.5, 0.95) == 5);
    size_t n = route_rows_wanted(0.95, 0.9, 0.95);
    CHECK(n > 80 && n < 200);
    CHECK(route_bound_below((size_t)(0.95 * (double)n), n, 0.95) >= 0.9);
    CHECK(route_rows_wanted(0.9, 0.9, 0.95) == SIZE_MAX &&
          route_rows_wanted(0, 0.1, 0.95) == SIZE_MAX);
}
