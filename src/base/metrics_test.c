// Metrics: what a scrape says, labels past the end, and several writers beside one reader.
#include "base/metrics.h"
#include "tests/unit.h"
#include <pthread.h>

// The scrape's line that begins with `head` and a space, as a number; -1 where there is none.
static double scraped(const char *head)
{
    struct buf out;
    double v = -1;
    str rest, line;
    buf_init(&out, 1 << 20);
    metrics_write(&out);
    CHECK(!out.over);
    rest = buf_str(&out);
    while (str_next(&rest, '\n', &line))
        if (str_starts(line, str_c(head)) && line.n > strlen(head) && line.p[strlen(head)] == ' ') {
            char number[64];
            v = strtod(str_copy_to(number, sizeof number, str_from(line, strlen(head) + 1)), NULL);
        }
    buf_done(&out);
    return v;
}

TEST(counters_of_all_sets_are_added_up_by_label)
{
    struct metrics *one = metrics_new(), *two = metrics_new();
    double before = scraped("weir_calls_total{status=\"4xx\"}");
    REQUIRE(before >= 0);
    metric_add(one, METRIC_calls, 1, 2);
    metric_add(two, METRIC_calls, 1, 3);
    CHECK(scraped("weir_calls_total{status=\"4xx\"}") == before + 5);
    CHECK(scraped("weir_calls_total{status=\"5xx\"}") == 0);
    metric_add(one, METRIC_bytes_in, 0, 5000000000);
    CHECK(scraped("weir_bytes_in_total") >= 5e9);
}

TEST(a_slot_past_the_labels_counts_in_the_last)
{
    struct metrics *m = metrics_new();
    double before = scraped("weir_calls_total{status=\"gone\"}");
    metric_add(m, METRIC_calls, 4, 1);
    metric_add(m, METRIC_calls, 23, 1);
    metric_add(m, METRIC_calls, 1000000, 1);
    CHECK(scraped("weir_calls_total{status=\"gone\"}") == before + 3);
}

TEST(gauges_are_set_and_sum_over_sets)
{
    struct metrics *one = metrics_new(), *two = metrics_new();
    metric_set(one, METRIC_calls_open, 0, 7);
    metric_set(two, METRIC_calls_open, 0, 4);
    metric_set(one, METRIC_calls_open, 0, 6);
    CHECK(scraped("weir_calls_open") == 10 && metrics_total(METRIC_calls_open, 0) == 10);
    metric_set(two, METRIC_targets, 99, 5); // past the end: "down"
    CHECK(scraped("weir_targets{state=\"down\"}") == 5);
    metric_set(one, METRIC_calls_open, 0, 0);
    metric_set(two, METRIC_calls_open, 0, 0);
}

TEST(histograms_hold_each_time_in_the_least_bucket_that_covers_it)
{
    struct metrics *m = metrics_new();
    static const int64_t times[] = {-5, 0, 1, 2, 3, 1000, 1024, 1025, 67108864, 67108865, 1 << 30};
    for (size_t i = 0; i < countof(times); i++)
        metric_observe_us(m, METRIC_choose, times[i]);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"1e-06\"}") == 3);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"2e-06\"}") == 4);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"4e-06\"}") == 5);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"0.001024\"}") == 7);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"0.002048\"}") == 8);
    CHECK(scraped("weir_choose_seconds_bucket{le=\"67.108864\"}") == 9); // the edge in full
    CHECK(scraped("weir_choose_seconds_bucket{le=\"+Inf\"}") == 11);
    CHECK(scraped("weir_choose_seconds_count") == 11);
}

TEST(sums_of_time_keep_their_microseconds)
{
    struct metrics *m = metrics_new();
    for (int i = 0; i < 3; i++)
        metric_observe_us(m, METRIC_whole_call, 4000000000);
    double before = scraped("weir_whole_call_seconds_sum");
    metric_observe_us(m, METRIC_whole_call, 1);
    double step = scraped("weir_whole_call_seconds_sum") - before;
    CHECK(before >= 12000 && step > 0.9e-6 && step < 1.1e-6);
}

TEST(the_scrape_is_prometheus_text)
{
    struct buf out;
    str rest, line;
    size_t helps = 0, types = 0;
    buf_init(&out, 1 << 20);
    metrics_write(&out);
    REQUIRE(out.n > 0 && out.p[out.n - 1] == '\n');
    rest = str_first(buf_str(&out), out.n - 1);
    while (str_next(&rest, '\n', &line)) {
        helps += str_starts(line, S("# HELP weir_"));
        types += str_starts(line, S("# TYPE weir_"));
        CHECK(str_starts(line, S("# ")) || str_starts(line, S("weir_")));
        CHECK(str_find_char(line, '\\') == SIZE_MAX); // would need escaping in a HELP line
    }
    CHECK(helps == METRIC_COUNT && types == METRIC_COUNT);
    CHECK(str_find(buf_str(&out), S("# TYPE weir_calls_total counter\n")) != SIZE_MAX);
    CHECK(str_find(buf_str(&out), S("# TYPE weir_choose_seconds histogram\n")) != SIZE_MAX);
    buf_done(&out);
}

enum { WRITERS = 3, TURNS = 20000 };

static void *write_many(void *unused)
{
    struct metrics *m = metrics_new();
    for (int i = 0; i < TURNS; i++) {
        metric_add(m, METRIC_events, 0, 1);
        metric_observe_us(m, METRIC_first_byte, i);
    }
    return unused;
}

TEST(writers_and_a_scrape_run_side_by_side)
{
    pthread_t threads[WRITERS];
    double before = scraped("weir_events_total"), last = before;
    for (int i = 0; i < WRITERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, write_many, NULL) == 0);
    for (int i = 0; i < 20; i++) {
        double now = scraped("weir_events_total");
        CHECK(now >= last && now <= before + WRITERS * TURNS);
        last = now;
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(scraped("weir_events_total") == before + WRITERS * TURNS);
    CHECK(scraped("weir_first_byte_seconds_count") == WRITERS * TURNS);
}
