// record.c: step record. One call is one record: ledger entry, metrics and log line are views of
// it.
#include "gate/worker.h"

// No usage came: what went by is counted, and marked as an estimate (4 bytes a token).
static void settle_usage(struct live_call *l)
{
    struct call *c = &l->call;
    c->usage = l->watch.usage;
    c->usage_raw = l->watch.usage_raw;
    c->finish = l->watch.finish;
    c->answer_model = l->watch.model;
    if (c->usage.reported || l->watch.output_bytes == 0)
        return;
    c->usage = USAGE_NONE;
    c->usage.input_uncached = c->ask.estimated_input_tokens;
    c->usage.output = (int64_t)(l->watch.output_bytes + 3) / 4;
    c->usage.estimated = true;
}

static unsigned zone_slot(const struct fleet *f, int served_by)
{
    if (served_by < 0)
        return 0; // in the order of metrics.def: none local cloud other
    const struct zone *z = &f->zones[f->targets[served_by].zone];
    return str_eq(z->name, S("local")) ? 1 : str_eq(z->name, S("cloud")) ? 2 : 3;
}

static void count_tokens(struct metrics *m, const struct usage *u)
{
    const int64_t classes[] = {u->input_uncached, u->input_cached, u->output, u->reasoning};
    for (unsigned i = 0; i < countof(classes); i++)
        if (classes[i] > 0)
            metric_add(m, METRIC_tokens, i, classes[i]);
}

static void count(struct live_call *l)
{
    const struct call *c = &l->call;
    struct metrics *m = l->worker->metrics;
    unsigned by_status = l->client_gone ? 3 : c->status < 400 ? 0 : c->status < 500 ? 1 : 2;
    metric_add(m, METRIC_calls, by_status, 1);
    metric_add(m, METRIC_calls_by_step, c->err == OK ? STEP_RECORD : c->ended_at, 1);
    metric_add(m, METRIC_calls_by_task, c->judgement.task, 1);
    metric_add(m, METRIC_calls_by_label, c->label, 1);
    metric_add(m, METRIC_calls_by_zone, zone_slot(&l->view->snap->fleet, c->served_by), 1);
    metric_add(m, METRIC_events, 0, (int64_t)c->events);
    metric_add(m, METRIC_bytes_out, 0, (int64_t)c->bytes_out);
    metric_observe_us(m, METRIC_whole_call, c->last_byte_us - c->start_us);
    count_tokens(m, &c->usage);
}

static void log_call(const struct live_call *l)
{
    const struct call *c = &l->call;
    str wants = l->view->snap->gate.log_calls;
    bool bad = c->err != OK || c->status >= 500;
    if (str_eq(wants, S("none")) || (str_eq(wants, S("errors")) && !bad))
        return;
    const struct fleet *f = &l->view->snap->fleet;
    str target = c->served_by >= 0 ? f->targets[c->served_by].name : S("-");
    log_at(bad ? LOG_WARN : LOG_INFO, "gate",
           "call=%s step=%s status=%d err=%s task=%s label=%s target=%.*s tries=%u ms=%lld",
           c->id.c, step_name(c->ended_at), c->status, err_name(c->err),
           task_name(c->judgement.task), label_name(c->label), STR_ARGS(target), c->try_count,
           (long long)((c->last_byte_us - c->start_us) / 1000));
}

void record_write(struct worker *w, const struct view *v, const struct call *c)
{
    const struct fleet *f = &v->snap->fleet;
    audit_end(w->audit, c, f);
    ledger_write(w->ledger, c, f);
    if (!net_deadline_armed(&w->hand_over_due))
        net_deadline_arm(&w->hand_over, &w->hand_over_due);
}

void record_call(struct live_call *l)
{
    struct call *c = &l->call;
    must(!l->sending);
    c->last_byte_us = time_wall_us();
    settle_usage(l);
    if (l->client_gone)
        c->status = 499;
    count(l);
    log_call(l);
    conversation_placed(l);
    record_write(l->worker, l->view, c);
    if (unlikely(l->view->snap->learn.share > 0))
        shadow_consider(l);
}
