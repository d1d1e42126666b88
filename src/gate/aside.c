// aside.c: one call of weir's own. Invariants: (1) nothing is written to a target without a
// clearance and, where a decision log is kept, its record; (2) the label is at least that of the
// client's call, and above public nothing leaves the local zones; (3) what was sent has exactly one
// entry in the ledger, under its own kind; (4) it counts in no metric of the clients' calls.
#include "gate/aside.h"
#include "gate/clearance.h"

enum { NOT_ALLOWED, TARGET, LIMIT, DROPPED }; // slots of the metric side_failures

static void failed(struct aside *a, unsigned why)
{
    metric_add(a->worker->metrics, METRIC_side_failures, why, 1);
}

// --- its record ----------------------------------------------------------------------------------

static void count(struct aside *a)
{
    struct metrics *m = a->worker->metrics;
    const struct usage *u = &a->call.usage;
    const struct target *t = &a->view->snap->fleet.targets[a->order.target];
    const int64_t classes[] = {u->input_uncached, u->input_cached, u->output, u->reasoning};
    int64_t in = 0, out = u->output > 0 ? u->output : 0;
    for (unsigned i = 0; i < countof(classes); i++)
        if (classes[i] > 0)
            metric_add(m, METRIC_side_tokens, i, classes[i]);
    in += u->input_uncached > 0 ? u->input_uncached : 0;
    in += u->input_cached > 0 ? u->input_cached : 0;
    if (t->price_in_nanousd >= 0 && t->price_out_nanousd >= 0)
        metric_add(m, METRIC_side_cost_nanousd, 0,
                   in * t->price_in_nanousd + out * t->price_out_nanousd);
}

// It was sent, and is over.
static void record(struct aside *a, enum err e)
{
    struct call *c = &a->call;
    struct try *t = &c->tries[0];
    must(!a->sending && c->try_count == 1);
    if (t->err == OK)
        t->err = e;
    c->last_byte_us = time_wall_us();
    if (t->last_byte_us == 0)
        t->last_byte_us = c->last_byte_us;
    c->err = e;
    c->status = t->status;
    c->served_by = t->status ? (int)a->order.target : -1;
    c->ended_at = e == OK ? STEP_RECORD : STEP_ANSWER;
    c->bytes_out = a->answer.n;
    count(a);
    record_write(a->worker, a->view, c);
}

// --- the answer ----------------------------------------------------------------------------------

static void read_events(const struct aside_answer *from, struct arena *a, struct draft *d,
                        struct answer_watch *w)
{
    struct sse sse;
    struct sse_event ev;
    str pieces[] = {from->bytes, S("\n\n")}; // a last event may lack its blank line
    sse_init(&sse, from->bytes.n + 4);
    for (unsigned i = 0; i < countof(pieces); i++)
        while (sse_next(&sse, &pieces[i], &ev))
            if (ev.has_data) {
                (void)from->dialect->read_event(a, ev.name, ev.data, w);
                from->dialect->read_draft(ev.data, d);
            }
    sse_done(&sse);
}

void aside_read(const struct aside_answer *from, struct arena *a, struct answer_watch *ret_watch,
                struct reply *ret_reply)
{
    struct draft d;
    struct answer_watch w = {.usage = USAGE_NONE};
    must(from->limit > 0);
    api_draft_init(&d, from->limit);
    if (from->stream) {
        read_events(from, a, &d, &w);
    } else if (from->dialect->read_answer(a, from->bytes, &w) == OK) {
        from->dialect->read_draft(from->bytes, &d);
    }
    api_draft_reply(a, &d, &w, !from->stream, ret_reply);
    api_draft_done(&d);
    *ret_watch = w;
}

// What came is read, recorded and told.
static void end(struct aside *a, enum err e)
{
    struct reply reply;
    struct answer_watch watch;
    struct call *c = &a->call;
    const struct aside_answer from = {a->order.dialect, buf_str(&a->answer), a->streams,
                                      a->order.answer_limit};
    net_deadline_disarm(&a->late);
    if (e == OK && c->tries[0].status / 100 != 2)
        e = ERR_UPSTREAM_STATUS;
    aside_read(&from, &a->arena, &watch, &reply);
    if (e == OK && watch.failed)
        e = ERR_UPSTREAM_STATUS;
    c->usage = watch.usage;
    c->usage_raw = watch.usage_raw;
    c->finish = watch.finish;
    c->answer_model = watch.model;
    record(a, e);
    if (e != OK)
        failed(a, a->answer.over ? LIMIT : TARGET);
    a->open = false;
    a->on_done(a, e == OK ? &reply : NULL);
}

static void stop(struct aside *a, enum err e)
{
    upstream_cancel(a->sending);
    a->sending = NULL;
    end(a, e);
}

static void on_head(void *arg, const struct http_head *h)
{
    struct aside *a = arg;
    must(a->sending);
    a->streams = str_starts(http_get(h, S("content-type")), S("text/event-stream"));
    a->call.first_byte_us = time_wall_us();
}

static void on_body(void *arg, str bytes)
{
    struct aside *a = arg;
    must(a->sending);
    buf_put(&a->answer, bytes);
    if (a->answer.over)
        stop(a, ERR_OVER_LIMIT);
}

static void on_end(void *arg, enum err e)
{
    struct aside *a = arg;
    a->sending = NULL;
    end(a, e);
}

static const struct upstream_events events = {
    .on_head = on_head, .on_body = on_body, .on_end = on_end};

// --- sending -------------------------------------------------------------------------------------

static enum err start(struct aside *a)
{
    struct call *c = &a->call;
    const struct target *t = &a->view->snap->fleet.targets[a->order.target];
    struct sending to = {.model = t->model, .ask_usage = t->ask_usage};
    must(a->clearance.target == a->order.target && !a->sending);
    enum err e = a->order.dialect->edit_ask(&a->arena, &c->ask, &to, &a->edits);
    if (e != OK)
        return e;
    struct try *try = &c->tries[c->try_count++];
    *try = (struct try){.target = (uint16_t)a->order.target, .start_us = time_wall_us()};
    struct upstream_request r = {
        .clearance = &a->clearance,
        .path = a->order.dialect->call_path,
        .body = a->slices,
        .body_count = api_edited_slices(a->order.body, &a->edits, a->slices),
        .body_bytes = api_edited_length(a->order.body, &a->edits),
        .accept = c->ask.stream ? S("text/event-stream") : S("application/json"),
        .try = try,
    };
    a->sending = upstream_try(a->view->upstream, &r, &events, a);
    must(a->sending);
    metric_add(a->worker->metrics, METRIC_side_calls, c->kind == CALL_JUDGE, 1);
    return OK;
}

// The decision log took the record of what is about to be sent, or could not.
static void on_recorded(struct audit_ticket *ticket, enum err e)
{
    struct aside *a = container_of(ticket, struct aside, ticket);
    must(a->open && !a->sending);
    if (e == OK)
        e = start(a);
    if (e == OK)
        return;
    failed(a, NOT_ALLOWED);
    net_deadline_disarm(&a->late);
    a->open = false;
    a->on_done(a, NULL);
}

static void on_late(struct net_deadline *d)
{
    struct aside *a = container_of(d, struct aside, late);
    must(a->open);
    if (a->sending) {
        stop(a, ERR_UPSTREAM_TIMEOUT);
        return;
    }
    audit_forget(&a->ticket);
    failed(a, NOT_ALLOWED);
    a->open = false;
    a->on_done(a, NULL);
}

static void begin_call(struct aside *a, const struct aside_origin *from)
{
    struct call *c = &a->call;
    arena_reset(&a->arena);
    buf_clear(&a->answer);
    *c = (struct call){
        .kind = a->order.kind, .served_by = -1, .conversation.target = -1, .usage = USAGE_NONE};
    c->start_mono_us = net_now_us(a->worker->loop);
    c->start_us = time_wall_us();
    c->id = id_make(&a->worker->ids, c->start_us);
    c->dialect = str_c(a->order.dialect->name);
    c->tenant = from->tenant;
    c->tenant_label = label_join(from->tenant_label, from->label);
    c->want_zone = from->want_zone;
    c->bytes_in = a->order.body.n;
    c->judgement.task = TASK_UNKNOWN;
}

// The walls, one behind the other.
static enum err pass_walls(struct aside *a, const struct aside_origin *from)
{
    const struct snapshot *s = a->view->snap;
    const struct target *t = &s->fleet.targets[a->order.target];
    struct call *c = &a->call;
    struct fault f = {0};
    enum err e = a->order.dialect->read_ask(&a->arena, a->order.body, &c->ask, &f);
    if (e != OK)
        return e;
    c->client_model = c->ask.model;
    guard_scan(&a->arena, &c->ask, &s->guard, a->view->memo, &c->screening);
    c->label = label_join(c->screening.label, c->tenant_label);
    if (a->arena.over)
        c->label = LABEL_RESTRICTED;
    if (c->label > LABEL_PUBLIC && !s->fleet.zones[t->zone].local)
        return ERR_NOT_ALLOWED; // stricter than the zone: it is weir's wish and nobody else's
    steps_plan(a->view, &a->arena, c, t->name);
    if (c->plan.err != OK)
        return c->plan.err;
    snprintf(c->plan.reason, sizeof c->plan.reason, "%s call %s",
             c->kind == CALL_SHADOW ? "a copy of" : "judges the answers to", from->id.c);
    return clearance_make(c, &s->fleet, a->order.target, &a->clearance);
}

enum err aside_send(struct aside *a, const struct aside_order *o, const struct aside_origin *from)
{
    must(!a->open && o->target < a->view->snap->fleet.target_count);
    a->order = *o;
    buf_done(&a->answer);
    buf_init(&a->answer, o->answer_limit * 4); // an event's frame is several times its word
    a->streams = false;
    begin_call(a, from);
    enum err e = pass_walls(a, from);
    if (e == OK)
        e = audit_send(a->worker->audit, &a->ticket, &a->call, &a->view->snap->fleet, o->target);
    if (e == OK && !audit_waits(&a->ticket))
        e = start(a);
    a->open = e == OK;
    if (a->open)
        net_deadline_arm(&a->view->own, &a->late);
    else
        failed(a, NOT_ALLOWED);
    return e;
}

void aside_init(struct aside *a, struct worker *w, struct view *v,
                void (*on_done)(struct aside *a, const struct reply *reply))
{
    must(w && v && on_done);
    *a = (struct aside){.worker = w, .view = v, .on_done = on_done};
    arena_init(&a->arena, (size_t)v->snap->gate.call_memory);
    buf_init(&a->answer, 1);
    audit_ticket_init(&a->ticket, on_recorded);
    net_deadline_init(&a->late, on_late);
}

void aside_done(struct aside *a)
{
    audit_forget(&a->ticket);
    net_deadline_disarm(&a->late);
    if (a->sending) {
        upstream_cancel(a->sending);
        a->sending = NULL;
        record(a, ERR_SHUTTING_DOWN);
    }
    if (a->open)
        failed(a, DROPPED);
    a->open = false;
    arena_done(&a->arena);
    buf_done(&a->answer);
}
