// sample_test.h: for the decision log's tests: a fleet, a call that went well, a folder.
#ifndef AUDIT_SAMPLE_TEST_H
#define AUDIT_SAMPLE_TEST_H
#include "audit/audit.h"
#include "base/mem.h"
#include "base/time.h"
#include <sched.h>
#include <unistd.h>

struct sample {
    struct target targets[2];
    struct fleet fleet;
    struct id_maker ids;
    struct call call;
    struct plan_row out[TARGET_MAX];
    char folder[64];
};

// near (local) serves; far (cloud) is ruled out.
static inline struct sample *sample_new(void)
{
    struct sample *s = mem_new(sizeof *s);
    s->targets[0] = (struct target){.name = S("near"), .zone = 0};
    s->targets[1] = (struct target){.name = S("far"), .zone = 1};
    s->fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_PUBLIC, false}},
        .zone_count = 2,
        .targets = s->targets,
        .target_count = 2};
    struct call *c = &s->call;
    c->start_us = 1764000000000000;
    c->id = id_make(&s->ids, c->start_us);
    c->dialect = S("openai_chat");
    c->client_model = S("auto");
    c->tenant = S("acme");
    c->label = LABEL_INTERNAL;
    c->judgement.task = TASK_SUMMARISE;
    c->plan.count = 1;
    c->plan.rows[0] = (struct plan_row){.target = 0, .why = "routine work is done locally"};
    c->plan.out = s->out;
    c->plan.out_count = 1;
    c->plan.out[0] = (struct plan_row){.target = 1, .filter = "zone", .why = "may see \"public\""};
    str_copy_to(c->plan.reason, sizeof c->plan.reason, S("summarise is routine: near"));
    c->tries[0] = (struct try){.target = 0, .status = 200, .start_us = c->start_us + 100};
    c->try_count = 1;
    c->served_by = 0;
    c->status = 200;
    c->ended_at = STEP_RECORD;
    snprintf(s->folder, sizeof s->folder, "/tmp/weir-audit.XXXXXX");
    must(mkdtemp(s->folder));
    return s;
}

static inline void sample_free(struct sample *s)
{
    must(rmdir(s->folder) == 0); // nothing was left there
    mem_free(s);
}

// Until a metric's total is as wanted, ten seconds at most.
static inline bool sample_metric(enum metric id, unsigned slot, int64_t wanted)
{
    int64_t end_us = time_mono_us() + 10 * 1000000;
    while (metrics_total(id, slot) != wanted && time_mono_us() < end_us)
        sched_yield();
    return metrics_total(id, slot) == wanted;
}
#endif
