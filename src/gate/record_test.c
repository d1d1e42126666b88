// record_test.c: one call is one record: what its usage is when the target said nothing, and how it
// is counted.
#include "base/mem.h"
#include "gate/worker.h"
#include "tests/unit.h"

// A live call on a worker that keeps no ledger; nothing runs.
struct bench {
    struct snapshot s;
    struct target targets[2];
    struct ledger *ledger;
    struct worker w;
    struct view view;
    struct live_call l;
};

static void nothing(struct net_deadline *d)
{
    (void)d;
}

static struct bench *bench_new(void)
{
    struct bench *b = mem_new(sizeof *b);
    char why[256] = "";
    conf_defaults(&b->s.gate, &gate_setting_table);
    conf_defaults(&b->s.net, &net_setting_table);
    conf_defaults(&b->s.ledger, &ledger_setting_table);
    b->s.gate.log_calls = S("none");
    b->s.ledger.path = STR_NONE;
    b->targets[0] = (struct target){.name = S("near"), .zone = 0};
    b->targets[1] = (struct target){.name = S("far"), .zone = 1};
    b->s.fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_PUBLIC, false}},
        .zone_count = 2,
        .targets = b->targets,
        .target_count = 2};
    must(ledger_open(&(struct ledger_start){.settings = &b->s.ledger}, &b->ledger, why) == OK);
    b->w = (struct worker){.metrics = metrics_new()};
    b->w.loop = net_loop_new(&b->s.net);
    b->w.ledger = ledger_writer_new(b->ledger, b->w.metrics);
    net_deadlines_init(&b->w.hand_over, b->w.loop, 1000);
    net_deadline_init(&b->w.hand_over_due, nothing);
    b->view.snap = &b->s;
    b->l.worker = &b->w;
    b->l.view = &b->view;
    b->l.call.status = 200;
    b->l.call.judgement.task = TASK_MATH;
    b->l.watch.usage = USAGE_NONE;
    return b;
}

static void bench_free(struct bench *b)
{
    net_deadlines_done(&b->w.hand_over);
    ledger_writer_free(b->w.ledger);
    ledger_close(b->ledger);
    net_loop_free(b->w.loop);
    mem_free(b);
}

TEST(usage_that_a_target_reports_is_kept_as_it_is)
{
    struct bench *b = bench_new();
    b->l.watch.usage = (struct usage){0, -1, 4, 0, -1, true, false};
    b->l.watch.output_bytes = 1000;
    record_call(&b->l);
    const struct usage *u = &b->l.call.usage;
    CHECK(u->reported && !u->estimated && u->output == b->l.watch.usage.output);
    CHECK(memcmp(u, &b->l.watch.usage, sizeof *u) == 0);
    bench_free(b);
}

TEST(usage_that_nobody_reports_is_estimated_from_what_went_by_or_absent)
{
    struct bench *b = bench_new();
    b->l.call.ask.estimated_input_tokens = 11;
    b->l.watch.output_bytes = 9; // four bytes a token, rounded up
    record_call(&b->l);
    const struct usage *u = &b->l.call.usage;
    CHECK(u->estimated && !u->reported && u->input_uncached == 11 && u->output == 3);
    CHECK(u->input_cached == -1 && u->reasoning == -1);
    b->l.watch.output_bytes = 0; // nothing came: nothing is known, which is not zero
    record_call(&b->l);
    CHECK(!u->estimated && !u->reported && u->input_uncached == -1 && u->output == -1);
    bench_free(b);
}

static int64_t counted(enum metric id, unsigned slot, struct bench *b)
{
    int64_t before = metrics_total(id, slot);
    record_call(&b->l);
    return metrics_total(id, slot) - before;
}

TEST(a_call_is_counted_once_by_how_it_ended_and_where)
{
    struct bench *b = bench_new();
    enum { WELL, CLIENTS, OURS, GONE };
    enum { NONE, LOCAL, CLOUD };
    b->l.call.served_by = 1;
    CHECK(counted(METRIC_calls, WELL, b) == 1 && counted(METRIC_calls, CLIENTS, b) == 0);
    CHECK(counted(METRIC_calls_by_zone, CLOUD, b) == 1);
    CHECK(counted(METRIC_calls_by_task, TASK_MATH, b) == 1);
    CHECK(counted(METRIC_calls_by_step, STEP_RECORD, b) == 1);
    b->l.call.served_by = 0;
    CHECK(counted(METRIC_calls_by_zone, LOCAL, b) == 1);
    b->l.call.served_by = -1;
    b->l.call.status = 403;
    b->l.call.err = ERR_NOT_ALLOWED;
    b->l.call.ended_at = STEP_CHOOSE;
    CHECK(counted(METRIC_calls, CLIENTS, b) == 1 && counted(METRIC_calls_by_zone, NONE, b) == 1);
    CHECK(counted(METRIC_calls_by_step, STEP_CHOOSE, b) == 1);
    b->l.call.status = 502;
    CHECK(counted(METRIC_calls, OURS, b) == 1);
    b->l.client_gone = true;
    CHECK(counted(METRIC_calls, GONE, b) == 1 && b->l.call.status == 499);
    bench_free(b);
}

TEST(tokens_are_counted_by_class_and_what_is_absent_counts_nothing)
{
    struct bench *b = bench_new();
    b->l.watch.usage = (struct usage){.input_uncached = 7,
                                      .input_cached = -1,
                                      .input_written = -1,
                                      .output = 0,
                                      .reasoning = -1,
                                      .reported = true};
    CHECK(counted(METRIC_tokens, 0, b) == 7 && counted(METRIC_tokens, 1, b) == 0);
    CHECK(counted(METRIC_tokens, 2, b) == 0 && counted(METRIC_tokens, 3, b) == 0);
    bench_free(b);
}
