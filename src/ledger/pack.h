// pack.h: a call as one run of bytes. A worker packs calls one behind the other into its block;
// the ledger's thread reads them there. A record is plain data: it points at nothing but its own
// bytes and static words, so that the call may go.
#ifndef LEDGER_PACK_H
#define LEDGER_PACK_H
#include "call/call.h"

// Bytes of a record by their place in it; n 0: absent.
struct packed_text {
    uint16_t at, n;
};

struct packed_try {
    struct packed_text target, zone;
    const char *err; // NULL where the try went well
    int64_t status;  // -1 where none came
    int64_t reused;
    int64_t start_after_us, connected_after_us, first_byte_after_us, last_byte_after_us;
    int64_t input, output; // tokens; -1: none, or in the entry
};

// Times are after the call's start, -1 for never. Tokens: -1 is absent.
// What is alike in many calls stands at the end, its texts right behind it: one run of bytes that
// is equal where the calls are alike. Other texts and the tries follow.
struct packed {
    uint32_t size_bytes; // of all of it; a multiple of 8
    uint16_t try_count;
    uint16_t tries_at;  // their place, in bytes
    uint16_t alike_end; // where the run ends
    bool lone;          // its only try went well: target, zone and status are the call's own
    char id[ID_CHARS];
    int64_t start_us;
    double task_p, p_local_ok;
    int64_t bytes_in, bytes_out, events;
    int64_t input_uncached, input_cached, input_written, output, reasoning;
    int64_t first_byte_after_us, last_byte_after_us;
    struct packed_text findings, usage_raw;
    // Filled in by the ledger's thread: the entry that this one is like (itself: none before it),
    // its row in table plan, or where the plan's text is among the batch's
    int64_t context, plan_id;
    struct span plan_span;
    // the run
    const char *task, *label, *step, *err, *usage_source, *kind; // kind: NULL for a client's
    int64_t status;
    struct packed_text dialect, tenant, client_model, target, zone, reason, finish, answer_model;
    struct packed_text want_label, want_zone, want_quality, want_deadline;
    struct packed_text plan; // in the form that plan_text reads
    uint32_t zero;           // no byte of the run is left to chance
};
_Static_assert(offsetof(struct packed, zero) + sizeof(uint32_t) == sizeof(struct packed),
               "the run's texts follow it without a gap");

// No record is larger, whatever is in the call: parts have caps.
enum { PACK_MAX = 48 * 1024 };

// At most so many bytes does pack_call need.
size_t pack_bound(const struct call *c, const struct fleet *f);
// dst is aligned to 8 and has room for pack_bound(). Returns the record's size.
size_t pack_call(void *dst, const struct call *c, const struct fleet *f);

static inline struct packed_try *packed_tries(const struct packed *p)
{
    return (struct packed_try *)(void *)((char *)(uintptr_t)p + p->tries_at);
}

static inline str packed_alike(const struct packed *p)
{
    const size_t start = offsetof(struct packed, task);
    return (str){(const char *)p + start, p->alike_end - start};
}

// Eight bytes a step; good enough for a table whose keys are compared. Never 0.
uint64_t pack_hash(str s);

static inline str packed_str(const struct packed *p, struct packed_text t)
{
    return t.n ? (str){(const char *)p + t.at, t.n} : STR_NONE;
}
#endif
