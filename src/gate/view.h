// view.h: the configuration in force. An epoch is one snapshot and its targets' health, shared by
// all workers and counted; a view is one worker's side of an epoch: its pools, its memo, its times.
// A worker's view changes at a turn of its loop. A call keeps the view under which it was read from
// its plan to its record, so that nothing of two configurations is ever mixed; a view ends with its
// last call, an epoch with its last view.
#ifndef GATE_VIEW_H
#define GATE_VIEW_H
#include "gate/gate.h"

struct worker;

struct epoch {
    struct snapshot *snap;
    struct upstream_health *health;
    _Atomic unsigned users;
};
// before: the one in force, whose targets' health is kept where they are the same; or NULL.
struct epoch *epoch_new(struct snapshot *take_s, const struct epoch *before);
struct epoch *epoch_ref(struct epoch *e);
void epoch_unref(struct epoch *e); // any thread; NULL is fine

struct view {
    struct list at; // worker->views
    struct worker *worker;
    struct epoch *epoch;
    const struct snapshot *snap; // the epoch's
    struct upstream *upstream;
    struct guard_memo *memo; // of what was screened before, under this policy
    struct net_deadlines keepalive, head, body, own; // one queue a length; own: of weir's own calls
    struct net_deadlines held;                       // of answers in a cascade
    struct net_turn end;                             // waits while it is over and not yet freed
    unsigned calls;
};
struct view *view_new(struct worker *w, struct epoch *take_e);
struct view *view_take(struct worker *w); // the worker's present one, for a call
struct view *view_share(struct view *v);  // the call's own, for what goes on behind it
void view_leave(struct view *v);          // the call is over
void view_free(struct view *v);
// The worker's view is of this epoch from here on. Idle connections go over to it.
void view_change(struct worker *w, struct epoch *take_e);
#endif
