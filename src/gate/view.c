// view.c: epochs and views. Numbered invariants:
// (1) A view belongs to its worker's thread; an epoch may be let go by any.
// (2) A view that is not the worker's present one gains no call: its count only falls.
// (3) A view is freed at the end of a turn, never under the feet of its own pools.
#include "gate/view.h"
#include "base/mem.h"
#include "gate/policy.h"
#include "gate/worker.h"
#include <stdatomic.h>

struct epoch *epoch_new(struct snapshot *take_s, const struct epoch *before)
{
    struct epoch *e = mem_new(sizeof *e);
    struct buf policy;
    policy_write(&policy, take_s);
    take_s->fleet.policy = audit_digest(buf_str(&policy));
    buf_done(&policy);
    e->snap = take_s;
    e->health = before ? upstream_health_next(before->health, &before->snap->fleet, &take_s->fleet,
                                              &take_s->upstream)
                       : upstream_health_new(&take_s->fleet, &take_s->upstream);
    atomic_init(&e->users, 1);
    return e;
}

struct epoch *epoch_ref(struct epoch *e)
{
    must(atomic_fetch_add_explicit(&e->users, 1, memory_order_relaxed) > 0);
    return e;
}

void epoch_unref(struct epoch *e)
{
    if (!e)
        return;
    unsigned before = atomic_fetch_sub_explicit(&e->users, 1, memory_order_acq_rel);
    must(before > 0);
    if (before > 1)
        return;
    upstream_health_free(e->health);
    if (e->snap->free)
        e->snap->free(e->snap);
    mem_free(e);
}

static void on_end(struct net_turn *t)
{
    view_free(container_of(t, struct view, end));
}

struct view *view_new(struct worker *w, struct epoch *take_e)
{
    uint64_t seed[2];
    struct view *v = mem_new(sizeof *v);
    const struct snapshot *s = take_e->snap;
    v->worker = w;
    v->epoch = take_e;
    v->snap = s;
    rng_bytes(seed, sizeof seed);
    v->memo = guard_memo_new(seed);
    net_deadlines_init(&v->keepalive, w->loop, s->http.keepalive_timeout);
    net_deadlines_init(&v->head, w->loop, s->http.head_timeout);
    net_deadlines_init(&v->body, w->loop, s->http.body_timeout);
    net_deadlines_init(&v->own, w->loop, s->learn.timeout);
    net_deadlines_init(&v->held, w->loop, s->policy.cascade.wait_ms);
    v->upstream = upstream_new(w->loop, &s->fleet, take_e->health, &s->upstream, w->metrics);
    net_turn_init(&v->end, on_end);
    list_push_front(&w->views, &v->at);
    return v;
}

void view_free(struct view *v)
{
    must(v->calls == 0);
    net_turn_forget(&v->end);
    upstream_free(v->upstream);
    guard_memo_free(v->memo);
    net_deadlines_done(&v->keepalive);
    net_deadlines_done(&v->head);
    net_deadlines_done(&v->body);
    net_deadlines_done(&v->own);
    net_deadlines_done(&v->held);
    list_remove(&v->at);
    epoch_unref(v->epoch);
    mem_free(v);
}

struct view *view_take(struct worker *w)
{
    w->view->calls++;
    return w->view;
}

struct view *view_share(struct view *v)
{
    must(v->calls > 0);
    v->calls++;
    return v;
}

static void end_if_over(struct view *v)
{
    if (v->calls == 0 && v != v->worker->view)
        net_turn_end(v->worker->loop, &v->end);
}

void view_leave(struct view *v)
{
    must(v->calls > 0);
    v->calls--;
    end_if_over(v);
}

void view_change(struct worker *w, struct epoch *take_e)
{
    struct view *old = w->view;
    must(old->epoch != take_e);
    w->view = view_new(w, take_e);
    conn_view_changed(w);
    live_drop_spares(w); // their bounds are the old ones
    end_if_over(old);
}
