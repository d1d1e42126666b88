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
};

// Times are after the call's start, -1 for never. Tokens: -1 is absent.
struct packed {
    uint32_t size_bytes; // of all of it; a multiple of 8
    uint16_t try_count;
    char id[ID_CHARS];
    int64_t start_us;
    const char *task, *label, *step, *err, *usage_source;
    double task_p, p_local_ok;
    int64_t status, bytes_in, bytes_out, events;
    int64_t input_uncached, input_cached, input_written, output, reasoning;
    int64_t first_byte_after_us, last_byte_after_us;
    struct packed_text dialect, tenant, client_model, findings, target, zone, reason;
    struct packed_text usage_raw, finish, answer_model;
    struct packed_text want_label, want_zone, want_quality, want_deadline;
    struct packed_text plan; // in the form that plan_text reads
    // Filled in by the ledger's thread: row in table plan, or where its text is among the batch's
    int64_t plan_id;
    struct span plan_span;
    struct packed_try tries[];
};

// No record is larger, whatever is in the call: parts have caps.
enum { PACK_MAX = 48 * 1024 };

// At most so many bytes does pack_call need.
size_t pack_bound(const struct call *c, const struct fleet *f);
// dst is aligned to 8 and has room for pack_bound(). Returns the record's size.
size_t pack_call(void *dst, const struct call *c, const struct fleet *f);

static inline str packed_str(const struct packed *p, struct packed_text t)
{
    return t.n ? (str){(const char *)p + t.at, t.n} : STR_NONE;
}
#endif
