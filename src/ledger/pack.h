// pack.h: a finished call as bytes, made by the worker and read by the writer thread. Private to
// ledger.
#ifndef LEDGER_PACK_H
#define LEDGER_PACK_H
#include "ledger/ledger.h"

enum packed_string {
    PACK_DIALECT,
    PACK_TENANT,
    PACK_MODEL,
    PACK_TARGET,
    PACK_ZONE,
    PACK_FINISH,
    PACK_ANSWER_MODEL,
    PACK_USAGE_RAW,
    PACK_FINDINGS,
    PACK_PLAN,
    PACK_TRY_NAMES,
    PACK_STRINGS
};
// What is packed of one call, with strings as slices of the block.
struct packed {
    uint32_t bytes; // of this record in its block, padding included
    struct id id;
    int64_t start_us, first_byte_us, last_byte_us;
    float task_p, p_local_ok;
    uint8_t task, label, step, usage_source;
    uint16_t err;
    int32_t status;
    struct usage usage;
    uint64_t bytes_in, bytes_out, events;
    uint8_t try_count;
    struct try tries[TRY_MAX];
    // lengths of the strings that follow the struct, in enum packed_string's order
    uint32_t length[PACK_STRINGS];
};
enum usage_source { USAGE_ABSENT, USAGE_REPORTED, USAGE_ESTIMATED };

// Appends the call. False (and nothing changed) when the block has no room.
bool pack_call(struct buf *block, const struct call *c, const struct fleet *f);
// The record at `at`; its strings. The block must be aligned to 8.
const struct packed *packed_at(str block, size_t at);
str packed_string(const struct packed *p, enum packed_string which);
// A packed plan (PACK_PLAN) as the JSON that the ledger keeps. Done once for plans that are alike.
void packed_plan_json(struct buf *out, str packed);
#endif
