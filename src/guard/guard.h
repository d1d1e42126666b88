// guard: sensitivity. Finds places in a request that must not leave, and the label that follows.
// Pure: no socket, file, clock or random number. What it cannot read is restricted.
// A detector is one file src/guard/<name>.c and one row in detectors.def.
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H
#include "call/call.h"
#include "own/own.h"

enum { GUARD_FINDINGS_MAX = 64 };

// Which label a finding of each type gives; row i belongs to detector i of detectors.def.
struct guard_policy {
    bool scan; // off: every call keeps the label of its other sources
    enum label of_type[64];
    const struct own *own; // the operator's; NULL: none. It outlives what is found by it
    enum label of_own[OWN_KINDS_MAX];
    enum label media;   // images, audio and files, which are not looked into
    double least_score; // findings below are kept but do not raise the label
};
void guard_policy_default(struct guard_policy *p);
size_t guard_type_count(void);
const char *guard_type(size_t i); // "EMAIL" ...: the `type` names of docs/findings.md
// Sets one type's label; false when there is no such type.
bool guard_policy_set(struct guard_policy *p, str type, enum label label);

// What parts that were read before had in them, under this policy: agents send a conversation's
// whole history with each turn. Kept by a keyed hash of the part's bytes, never with its text, in
// about 0.6 MiB at most; the oldest give way. Belongs to one thread.
struct guard_memo;
// The policy must not change while the memo lives. seed: two random numbers, told to nobody.
struct guard_memo *guard_memo_new(const uint64_t seed[2]);
void guard_memo_free(struct guard_memo *m);

// Reads every part of the ask. Never fails: what goes wrong raises the label to restricted.
// Takes the arena for decoded text and findings. Linear in the body. memo: NULL for none.
void guard_scan(struct arena *a, const struct ask *ask, const struct guard_policy *p,
                struct guard_memo *memo, struct screening *ret_screening);
// The same over one plain text (weir classify, tests): offsets are bytes of `text`.
void guard_scan_text(struct arena *a, struct text text, const struct guard_policy *p,
                     struct screening *ret_screening);
#endif
