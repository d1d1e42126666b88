// aside.h: calls of weir's own, beside a client's: sent on its worker's loop, never in a client's
// way, and through the same walls: read, screened, planned, cleared, recorded in the decision log
// and the ledger, under the policy of the call that they are made for. What such a call may not
// do is to go where that call could not have gone.
#ifndef GATE_ASIDE_H
#define GATE_ASIDE_H
#include "gate/worker.h"

// Of the client's call, which may be over: texts are the maker's, and outlive the call aside.
struct aside_origin {
    struct id id;
    str tenant, want_zone;
    enum label tenant_label, label;
};
struct aside_order {
    enum call_kind kind;
    str body; // lent until it is done
    const struct dialect *dialect;
    unsigned target; // the only one that may get it
    size_t answer_limit;
};
struct aside {
    struct worker *worker;
    struct view *view; // its maker's, who holds it
    struct aside_order order;
    struct arena arena;
    struct call call;
    struct clearance clearance;
    struct audit_ticket ticket;
    struct edits edits;
    str slices[2 * EDIT_MAX + 1];
    struct upstream_try *sending;
    struct net_deadline late;
    struct buf answer; // as it came
    bool streams, open;
    // The words of the answer, in the arena, or NULL where nothing came of it. Called from the
    // loop, once, unless it was dropped.
    void (*on_done)(struct aside *a, const struct reply *reply);
};
void aside_init(struct aside *a, struct worker *w, struct view *v,
                void (*on_done)(struct aside *a, const struct reply *reply));
// OK: it is under way, and on_done will be called. Else it may not be sent, and is forgotten.
enum err aside_send(struct aside *a, const struct aside_order *o,
                    const struct aside_origin *from) must_check;
void aside_done(struct aside *a); // drops it where it is under way; frees what it holds

// An answer as it came, whole or as a stream: its words, and what it tells of itself.
struct aside_answer {
    const struct dialect *dialect;
    str bytes;
    bool stream;
    size_t limit; // of each of its texts; a longer one is called cut
};
void aside_read(const struct aside_answer *from, struct arena *a, struct answer_watch *ret_watch,
                struct reply *ret_reply);
#endif
