// send.c: step send. Tries the plan's targets until one answers in a way that may go to the client.
// A try that failed before a byte went out may be followed by the next target: which failures may
// is the retry class of errors.def, how often is the setting `tries`.
#include "gate/cascade.h"
#include "gate/clearance.h"

static struct try *try_now(struct live_call *l)
{
    must(l->call.try_count > 0);
    return &l->call.tries[l->call.try_count - 1];
}

enum err send_status_error(int status)
{
    if (status == 429)
        return ERR_RATE_LIMITED;
    return status >= 500 || status / 100 == 3 ? ERR_UPSTREAM_STATUS : OK;
}

enum err send_turns_away(const struct live_call *l, int status)
{
    enum err e = send_status_error(status);
    return e == OK && status >= 400 && cascade_turns(l) ? ERR_UPSTREAM_STATUS : e;
}

bool send_may_go_on(const struct live_call *l, enum err e)
{
    const struct call *c = &l->call;
    return e != OK && err_retry(e) != RETRY_NEVER && !l->head_sent && !l->client_gone &&
           c->try_count < (unsigned)l->view->snap->gate.tries && c->try_count < TRY_MAX &&
           l->plan_at + 1 < c->plan.count;
}

static unsigned outcome_slot(enum err e, int status)
{
    // in the order of metrics.def: ok refused timeout 429 5xx 4xx broken gone
    if (e == ERR_CLIENT_GONE)
        return 7;
    if (status == 429)
        return 3;
    if (status >= 500)
        return 4;
    if (status >= 400)
        return 5;
    if (e == OK || e == ERR_UNFIT) // it answered
        return 0;
    if (e == ERR_UPSTREAM_TIMEOUT || e == ERR_UPSTREAM_IDLE)
        return 2;
    return e == ERR_UPSTREAM_REFUSED || e == ERR_UPSTREAM_DNS ? 1 : 6;
}

static void end_try(struct live_call *l, enum err e)
{
    struct try *t = try_now(l);
    if (t->err == OK)
        t->err = e;
    if (t->last_byte_us == 0)
        t->last_byte_us = time_wall_us();
    metric_add(l->worker->metrics, METRIC_tries, outcome_slot(e, t->status), 1);
}

void send_stop(struct live_call *l, enum err why)
{
    audit_forget(&l->ticket);
    if (!l->sending)
        return;
    upstream_cancel(l->sending);
    l->sending = NULL;
    end_try(l, why);
    l->try_ended = true;
    l->try_err = why;
}

static void on_head(void *arg, const struct http_head *h)
{
    struct live_call *l = arg;
    steps_at(l);
    must(l->sending);
    enum err e = send_turns_away(l, h->status);
    bool redirect = h->status >= 300 && h->status < 400; // never followed, never passed on
    if (redirect || send_may_go_on(l, e) || (e != OK && cascade_waits(l))) {
        // its body is of no use to anyone: the connection is given up for a quick next try
        send_stop(l, e);
        steps_run(l);
        return;
    }
    answer_begin(l, h);
    steps_rest();
}

static void on_body(void *arg, str bytes)
{
    struct live_call *l = arg;
    steps_at(l);
    must(l->sending);
    answer_bytes(l, bytes);
    steps_rest();
}

static void on_read_end(void *arg)
{
    struct live_call *l = arg;
    steps_at(l);
    must(l->sending);
    answer_read_end(l);
    steps_rest();
}

static void on_end(void *arg, enum err e)
{
    struct live_call *l = arg;
    steps_at(l);
    must(l->sending && !l->try_ended);
    l->sending = NULL;
    l->try_ended = true;
    l->try_err = e;
    end_try(l, e);
    steps_run(l);
}

static const struct upstream_events events = {
    .on_head = on_head, .on_body = on_body, .on_read_end = on_read_end, .on_end = on_end};

// The decision log took the record of what is about to be sent, or could not.
static void on_recorded(struct audit_ticket *ticket, enum err e)
{
    struct live_call *l = container_of(ticket, struct live_call, ticket);
    steps_at(l);
    must(!l->sending && !l->client_gone && !l->recorded);
    l->recorded = e == OK;
    l->record_err = e;
    steps_run(l);
}

// All that this turn of the loop brought is read, screened and planned: requests go out together,
// so that a target wakes once for them, not for each.
static void on_turn_end(struct net_turn *turn)
{
    struct live_call *l = container_of(turn, struct live_call, turn);
    must(l->step == STEP_SEND && !l->sending && l->call.try_count == 0);
    l->turn_over = true;
    steps_run(l);
}

void send_init(struct live_call *l)
{
    net_turn_init(&l->turn, on_turn_end);
    audit_ticket_init(&l->ticket, on_recorded);
}

// What comes before a try of plan row plan_at: a clearance, and its record in the decision log.
// OK: it may start now, or the ticket waits.
static enum err prepare(struct live_call *l)
{
    const struct fleet *f = &l->view->snap->fleet;
    unsigned index = l->call.plan.rows[l->plan_at].target;
    enum err e = clearance_make(&l->call, f, index, &l->clearance);
    l->record_err = OK;
    if (e == OK)
        e = audit_send(l->worker->audit, &l->ticket, &l->call, f, index);
    l->recorded = e == OK && !audit_waits(&l->ticket);
    return e;
}

// Starts the try of plan row plan_at. OK, or why this target cannot even be asked.
static enum err start(struct live_call *l)
{
    struct call *c = &l->call;
    unsigned index = c->plan.rows[l->plan_at].target;
    const struct target *t = &l->view->snap->fleet.targets[index];
    must(l->recorded && l->clearance.target == index); // no record, no sending
    l->recorded = false;
    struct sending to = {.model = t->model, .ask_usage = t->ask_usage};
    enum err e = l->dialect->edit_ask(&l->arena, &c->ask, &to, &l->edits);
    if (e != OK)
        return e;
    l->asked_usage = c->ask.stream && t->ask_usage && !c->ask.include_usage;
    struct try *try = &c->tries[c->try_count++];
    *try = (struct try){.target = (uint16_t)index, .start_us = time_wall_us()};
    l->try_ended = l->committed = l->decided = false;
    l->try_err = OK;
    l->mode = ANSWER_NONE;
    buf_clear(&l->out_head);
    buf_clear(&l->out_body);
    struct upstream_request r = {
        .clearance = &l->clearance,
        .path = l->dialect->call_path,
        .body = l->slices,
        .body_count = api_edited_slices(l->body, &l->edits, l->slices),
        .body_bytes = api_edited_length(l->body, &l->edits),
        .client = l->head,
        .accept = c->ask.stream ? S("text/event-stream") : S("application/json"),
        .try = try,
    };
    l->sending = upstream_try(l->view->upstream, &r, &events, l);
    must(l->sending);
    if (c->plan.cascade && l->plan_at == 0)
        cascade_begin(l);
    return OK;
}

// How the last try ended, or why it was never begun; OK: the answer is whole.
static enum err last_end(struct live_call *l)
{
    enum err e = l->try_err;
    if (l->record_err != OK)
        return l->record_err;
    if (e == OK && l->mode == ANSWER_STREAM && !answer_stream_says_something(l))
        e = ERR_UPSTREAM_BROKEN; // a stream that ended before its first event
    if (e == OK && l->mode == ANSWER_WHOLE && (e = answer_read_whole(l)) != OK)
        try_now(l)->err = e;
    return l->cascade ? cascade_judge(l, e) : e;
}

// Nobody else can be asked.
static enum verdict fail(struct live_call *l, enum err e)
{
    if (l->cascade && cascade_return(l))
        return NEXT;
    fault_set(&l->fault, e, "", -1);
    return FAIL;
}

enum verdict send_step(struct live_call *l)
{
    if (l->committed)
        return NEXT;
    if (!l->turn_over) {
        net_turn_end(l->worker->loop, &l->turn);
        return WAIT;
    }
    bool waits = audit_waits(&l->ticket);
    if (waits || (l->call.try_count > 0 && !l->try_ended))
        return WAIT; // for the record, the head, or the whole of an answer that is not streamed
    enum err e = OK;
    if (!l->recorded && (l->try_ended || l->record_err != OK)) {
        e = last_end(l);
        if (e == OK) // whole
            return NEXT;
        if (l->refusal || !send_may_go_on(l, e))
            return fail(l, e);
        l->plan_at++;
    }
    while (!l->recorded && (e = prepare(l)) == ERR_NO_AUDIT && send_may_go_on(l, e))
        l->plan_at++; // to one that needs no record, or a log that works again
    if (e == OK && !l->recorded)
        return WAIT;
    if (e == OK)
        e = start(l);
    return e == OK ? WAIT : fail(l, e);
}
