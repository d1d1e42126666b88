// live.c: live calls, recycled through the worker's spares so that a call costs no allocation of
// its own while the arena's first chunk suffices.
#include "base/mem.h"
#include "gate/cascade.h"

enum { SPARE_MAX = 256, HEAD_OUT_MAX = 64 * 1024 };

static struct live_call *take_spare(struct worker *w)
{
    struct live_call *l = list_first(&w->spare_calls, struct live_call, at);
    if (l) {
        list_remove(&l->at);
        w->spare_count--;
        return l;
    }
    const struct snapshot *s = w->view->snap;
    l = mem_new(sizeof *l);
    list_init(&l->at);
    arena_init(&l->arena, (size_t)s->gate.call_memory);
    buf_init(&l->out_head, HEAD_OUT_MAX);
    buf_init(&l->out_body, (size_t)s->gate.call_memory);
    sse_init(&l->sse, (size_t)s->http.event_limit);
    send_init(l);
    return l;
}

static void count_open(struct worker *w, int by)
{
    must(by > 0 || w->open_calls > 0);
    w->open_calls += (unsigned)by;
    metric_set(w->metrics, METRIC_calls_open, 0, w->open_calls);
}

struct live_call *live_new(struct worker *w, struct conn *c)
{
    struct live_call *l = take_spare(w);
    must(!l->conn && !l->sending && !audit_waits(&l->ticket));
    l->worker = w;
    l->view = view_take(w);
    l->conn = c;
    l->call.start_mono_us = net_now_us(w->loop);
    l->call.start_us = time_wall_us();
    l->call.id = id_make(&w->ids, l->call.start_us);
    l->call.served_by = l->call.conversation.target = -1;
    l->call.usage = USAGE_NONE;
    l->call.judgement.task = TASK_UNKNOWN;
    l->call.label = LABEL_RESTRICTED; // until the screening says otherwise
    count_open(w, 1);
    l->is_call = true;
    return l;
}

static void look_for_late(void *arg)
{
    struct worker *w = arg;
    int64_t now = net_now_us(w->loop);
    list_each(l, &w->with_deadline, struct live_call, at)
    {
        if (l->due_us <= now)
            steps_deadline(l);
    }
    if (!list_empty(&w->with_deadline))
        return;
    net_ticker_free(w->deadline_ticker);
    w->deadline_ticker = NULL;
}

void live_set_deadline(struct live_call *l, int64_t due_us)
{
    enum { LOOK_MS = 50 };
    struct worker *w = l->worker;
    must(due_us > 0 && l->due_us == 0);
    l->due_us = due_us;
    list_push_back(&w->with_deadline, &l->at);
    if (!w->deadline_ticker)
        w->deadline_ticker = net_ticker_new(w->loop, LOOK_MS, look_for_late, w);
}

void live_is_no_call(struct live_call *l)
{
    must(l->is_call && !l->dialect);
    l->is_call = false;
    count_open(l->worker, -1);
}

// Back to just-made. The call's plan and judgement are left as they are: they are written whole
// before they are read, and clearing their kilobytes for each call would cost more than the call's
// parsing.
static void reset_call(struct call *c)
{
    c->dialect = c->client_model = c->tenant = STR_NONE;
    c->want_label = c->want_zone = c->want_quality = c->want_deadline = STR_NONE;
    c->want_conversation = STR_NONE;
    c->conversation = (struct conversation){.target = -1};
    c->tenant_label = LABEL_RESTRICTED;
    c->ask = (struct ask){0};
    c->screening = (struct screening){0};
    c->plan.count = c->plan.out_count = 0;
    c->plan.out = NULL; // of the arena
    c->plan.err = OK;
    c->plan.stand_in = c->plan.cascade = false;
    c->plan.reason[0] = 0;
    c->judgement.signals[0] = NULL;
    c->judgement.p_local_ok = 0;
    c->judgement.margin = 0;
    c->try_count = 0;
    c->status = 0;
    c->err = OK;
    c->ended_at = STEP_ACCEPT;
    c->usage_raw = c->finish = c->answer_model = STR_NONE;
    c->bytes_in = c->bytes_out = c->events = 0;
    c->first_byte_us = c->last_byte_us = 0;
}

void live_free(struct live_call *l)
{
    struct worker *w = l->worker;
    must(!l->sending && !audit_waits(&l->ticket));
    net_turn_forget(&l->turn);
    l->turn_over = false;
    if (l->is_call)
        count_open(w, -1);
    list_remove(&l->at);
    if (l->cascade)
        cascade_end(l);
    arena_reset(&l->arena);
    reset_call(&l->call);
    buf_clear(&l->out_head);
    if (l->out_body.cap > 64 * 1024)
        buf_done(&l->out_body);
    buf_clear(&l->out_body);
    if (l->heard.limit_bytes)
        buf_done(&l->heard);
    l->heard.limit_bytes = 0;
    if (l->sse.kept.cap || l->sse.began) {
        sse_done(&l->sse);
        sse_init(&l->sse, (size_t)l->view->snap->http.event_limit);
    }
    l->watch = (struct answer_watch){.usage = USAGE_NONE};
    l->conn = NULL;
    l->head = NULL;
    l->body = STR_NONE;
    l->dialect = NULL;
    l->step = STEP_ACCEPT;
    l->fault = (struct fault){0};
    l->refusal = NULL;
    l->plan_at = 0;
    l->ticket.has_mac = l->recorded = false;
    l->record_err = OK;
    l->asked_usage = l->head_sent = l->try_ended = l->committed = l->decided = l->client_gone =
        l->chunked = false;
    l->mode = ANSWER_NONE;
    l->try_err = OK;
    l->due_us = 0;
    bool keep = l->view == w->view && !l->other_bounds && w->spare_count < SPARE_MAX;
    view_leave(l->view);
    l->view = NULL;
    if (keep) {
        list_push_front(&w->spare_calls, &l->at);
        w->spare_count++;
        return;
    }
    live_drop(l);
}

void live_now(struct live_call *l)
{
    if (l->view == l->worker->view)
        return;
    view_leave(l->view);
    l->view = view_take(l->worker);
    l->other_bounds = true;
}

void live_drop_spares(struct worker *w)
{
    list_each(l, &w->spare_calls, struct live_call, at) live_drop(l);
    w->spare_count = 0;
}

void live_drop(struct live_call *l)
{
    must(!l->conn);
    list_remove(&l->at);
    arena_done(&l->arena);
    buf_done(&l->out_head);
    buf_done(&l->out_body);
    sse_done(&l->sse);
    mem_free(l);
}
