// steps.c: the road of one call, on one screen. A step reads what earlier ones filled, fills its
// own part of struct call and says NEXT, WAIT (a callback will wake the driver), DONE or FAIL
// (l->fault is set: the client is told, then the call is recorded). Whatever happens, record runs
// exactly once.
#include "gate/cascade.h"
#include "gate/worker.h"

// 1. accept: the message, within limits.
static enum verdict step_accept(struct live_call *l)
{
    struct call *c = &l->call;
    c->dialect = l->dialect ? str_c(l->dialect->name) : STR_NONE;
    if (l->fault.err != OK)
        return FAIL;
    c->bytes_in = l->body.n;
    c->want_label = http_get(l->head, S("x-weir-label"));
    c->want_zone = http_get(l->head, S("x-weir-zone"));
    c->want_quality = http_get(l->head, S("x-weir-quality"));
    c->want_deadline = http_get(l->head, S("x-weir-deadline-ms"));
    metric_add(l->worker->metrics, METRIC_bytes_in, 0, (int64_t)l->body.n);
    if (!conversation_read_name(l))
        return FAIL;
    str encoding = http_get(l->head, S("content-encoding"));
    if (encoding.n && !str_eq_nocase(encoding, S("identity"))) {
        fault_set(&l->fault, ERR_BAD_MEDIA, "content-encoding", -1);
        return FAIL;
    }
    if (c->want_deadline.n) {
        int64_t ms = 0;
        if (!str_to_i64(c->want_deadline, &ms) || ms < 1) {
            fault_set(&l->fault, ERR_BAD_REQUEST, "x-weir-deadline-ms", -1);
            return FAIL;
        }
        live_set_deadline(l, c->start_mono_us + (int64_t)min_size((size_t)ms, 86400000) * 1000);
    }
    return NEXT;
}

static str key_of(const struct http_head *h)
{
    str bearer = http_get(h, S("authorization"));
    if (bearer.n >= 7 && str_eq_nocase(str_first(bearer, 7), S("bearer ")))
        return str_trim(str_from(bearer, 7));
    str key = http_get(h, S("x-api-key"));
    return key.n ? key : http_get(h, S("api-key"));
}

// 2. identify: who pays.
static enum verdict step_identify(struct live_call *l)
{
    const struct tenant *t = NULL;
    enum err e = ledger_admit(&l->view->snap->tenants, key_of(l->head), &t);
    if (e != OK) {
        fault_set(&l->fault, e, "", -1);
        return FAIL;
    }
    l->call.tenant = t ? t->name : STR_NONE;
    l->call.tenant_label = t ? t->label : LABEL_PUBLIC;
    if (!t || !t->zone.n)
        return NEXT;
    if (l->call.want_zone.n && !str_eq(l->call.want_zone, t->zone)) {
        fault_set(&l->fault, ERR_NOT_ALLOWED, "x-weir-zone", -1);
        return FAIL; // a request may tighten what its tenant may use, never widen it
    }
    l->call.want_zone = t->zone;
    return NEXT;
}

// 3. read: the dialect's scan.
static enum verdict step_read(struct live_call *l)
{
    enum err e = l->dialect->read_ask(&l->arena, l->body, &l->call.ask, &l->fault);
    if (e == OK && l->arena.over)
        e = fault_set(&l->fault, ERR_OVER_LIMIT, "", -1);
    if (e != OK)
        return FAIL;
    l->call.client_model = l->call.ask.model;
    return NEXT;
}

// 4. screen: findings, and the label joined from all who may raise it.
static enum verdict step_screen(struct live_call *l)
{
    struct call *c = &l->call;
    guard_scan(&l->arena, &c->ask, &l->view->snap->guard, l->view->memo, &c->screening);
    c->label = label_join(c->screening.label, c->tenant_label);
    if (c->want_label.n)
        c->label = label_join(c->label, label_parse(c->want_label));
    if (l->arena.over)
        c->label = LABEL_RESTRICTED;
    conversation_join(l);
    metric_add(l->worker->metrics, METRIC_findings, 0, c->screening.finding_count);
    return NEXT;
}

void steps_plan(struct view *v, struct arena *a, struct call *c, str model)
{
    const struct snapshot *s = v->snap;
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    route_classify(&s->model, a, &c->ask, &c->judgement);
    upstream_health_copy(v->epoch->health, net_now_us(v->worker->loop), health, in_flight);
    if (gate_audit_failing(v)) // what cannot be recorded may not leave
        for (unsigned i = 0; i < s->fleet.target_count; i++)
            if (!s->fleet.zones[s->fleet.targets[i].zone].local)
                health[i] = HEALTH_DOWN;
    struct choice choice = {.fleet = &s->fleet,
                            .health = health,
                            .in_flight = in_flight,
                            .policy = &s->policy,
                            .ask = &c->ask,
                            .judgement = &c->judgement,
                            .label = c->label,
                            .conversation = &c->conversation,
                            .client_model = model,
                            .want_zone = c->want_zone,
                            .want_quality = c->want_quality};
    c->plan.out = arena_array(a, struct plan_row, s->fleet.target_count);
    route_plan(&choice, &c->plan);
}

// 5. choose: the plan.
static enum verdict step_choose(struct live_call *l)
{
    struct call *c = &l->call;
    steps_plan(l->view, &l->arena, c, c->client_model);
    if (c->plan.err != OK) {
        fault_set(&l->fault, c->plan.err, c->plan.err == ERR_NO_MODEL ? "model" : "", -1);
        str_copy_to(l->fault.say, sizeof l->fault.say, str_c(c->plan.reason));
        return FAIL;
    }
    must(c->plan.count > 0);
    return NEXT;
}

// --- record: one call is one record; ledger entry, metrics and log line are views of it
// ---------

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
    record_write(l->worker, l->view, c);
    if (unlikely(l->view->snap->learn.share > 0))
        shadow_consider(l);
}

// 8. record: exactly one entry.
static enum verdict step_record(struct live_call *l)
{
    struct conn *c = l->conn;
    bool gone = l->client_gone;
    if (l->dialect)
        record_call(l);
    if (!gone)
        conn_answered(c); // frees l
    return DONE;
}

// The eight, in order. send is in send.c, answer in answer.c.
static const struct step_row {
    enum step step;
    enum verdict (*run)(struct live_call *l);
} rows[STEP_COUNT] = {
    {STEP_ACCEPT, step_accept},     // 400 408 413 431
    {STEP_IDENTIFY, step_identify}, // 401 402 429
    {STEP_READ, step_read},         // 400 with path and position
    {STEP_SCREEN, step_screen},     // label restricted when it cannot tell
    {STEP_CHOOSE, step_choose},     // 403 none allowed, 503 none well
    {STEP_SEND, send_step},         // 502 503 504
    {STEP_ANSWER, answer_step},     // a cut stream is told in the client's dialect
    {STEP_RECORD, step_record},     // never fails a call that was served
};

// One step after another, as far as they go now.
static void walk(struct live_call *l)
{
    for (;;) {
        must(l->step < STEP_COUNT && rows[l->step].step == l->step);
        steps_at(l);
        if (l->step != STEP_RECORD)
            l->call.ended_at = l->step;
        switch (rows[l->step].run(l)) {
        case NEXT:
            l->step++;
            continue;
        case WAIT:
            return;
        case DONE:
            return; // l is gone
        case FAIL:
            must(l->fault.err != OK);
            l->call.err = l->fault.err;
            if (!l->client_gone)
                answer_error(l);
            l->step = STEP_RECORD;
            continue;
        }
    }
}

void steps_run(struct live_call *l)
{
    walk(l);
    steps_rest();
}

void steps_begin(struct live_call *l)
{
    must(l->step == STEP_ACCEPT);
    live_now(l);
    steps_run(l);
}

// The client left: the target is stopped at once, in whatever phase it is, and the call is recorded
// with what came. The connection is closed by its owner.
void steps_client_gone(struct live_call *l)
{
    must(!l->client_gone);
    l->client_gone = true;
    send_stop(l, ERR_CLIENT_GONE);
    l->call.err = ERR_CLIENT_GONE;
    l->step = STEP_RECORD;
    steps_run(l);
}

void steps_deadline(struct live_call *l)
{
    send_stop(l, ERR_UPSTREAM_TIMEOUT);
    if (l->cascade && cascade_return(l)) {
        l->step = STEP_ANSWER;
        steps_run(l);
        return;
    }
    fault_set(&l->fault, l->head_sent ? ERR_UPSTREAM_IDLE : ERR_UPSTREAM_TIMEOUT,
              "x-weir-deadline-ms", -1);
    l->call.err = l->fault.err;
    answer_error(l);
    l->step = STEP_RECORD;
    steps_run(l);
}
