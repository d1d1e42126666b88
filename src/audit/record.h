// record.h: one line of the decision log: written from a call, read back, and held to the
// line before. A line is one JSON object, because an auditor can then read and check the log with
// any tool that has SHA-256, without weir: {"n":17,"prev":"...","kind":"send",...}. No text of a
// user, no value of a finding and no key is ever in it.
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H
#include "audit/audit.h"
#include "audit/chain.h"

enum { AUDIT_LINE_MAX = 256 * 1024, AUDIT_VERSION = 1 };

// --- writing: what stands behind "prev", without the closing brace -------------------------------

// A segment's first record.
struct audit_segment {
    uint64_t number;
    int64_t at_us;
    unsigned char key[AUDIT_KEY_BYTES]; // that signs its checkpoints
};
void audit_put_begin(struct buf *out, const struct audit_segment *s);
// weir began with this policy, or goes on with it. JSON; one that is too long for a line is named
// and not told.
void audit_put_policy(struct buf *out, bool start, str policy, int64_t at_us);
// So many records were lost while the disk refused.
void audit_put_gap(struct buf *out, uint64_t lost, int64_t at_us);

// A call is about to be sent to a target: written before it is.
struct audit_sending {
    const struct call *call;
    const struct fleet *fleet;
    unsigned target, number; // which of its tries, from 1
    const struct audit_hash *mac;
    str policy; // digest
};
void audit_put_send(struct buf *out, const struct audit_sending *s, int64_t at_us);
// A call has ended: where it was sent, where that really was, what came of it. A call that was sent
// nowhere says here what the others said before they were sent.
void audit_put_end(struct buf *out, const struct call *c, const struct fleet *f, str policy);
// An operator lowered what is known of a conversation; id: hexadecimal.
void audit_put_lower(struct buf *out, const struct audit_lowering *w);

// The whole line, its end included.
void audit_put_line(struct buf *out, uint64_t n, const struct audit_hash *prev, str rest);

// --- reading -------------------------------------------------------------------------------------

enum audit_kind {
    AUDIT_BEGIN,
    AUDIT_START,
    AUDIT_GAP,
    AUDIT_SEND,
    AUDIT_END,
    AUDIT_POLICY,
    AUDIT_LOWER,
    AUDIT_KINDS
};

struct audit_row {
    uint64_t n;
    struct audit_hash prev;
    enum audit_kind kind;
    int64_t at_us;
    uint64_t segment, lost;                // BEGIN, GAP
    enum label label;                      // SEND, END: what cannot be read is restricted
    unsigned away;                         // SEND, END: sendings to zones that are not local
    char call[ID_CHARS + 1];               // SEND, END
    char target[NAME_CAP], zone[NAME_CAP]; // of the last sending that is away, else the last
};

// The log as far as it was read.
struct audit_walk {
    uint64_t next, segment, first;
    struct audit_hash head; // leaf of the last line
    struct audit_tree tree; // of this segment
    bool anywhere;          // the log's beginning is not there: the first line is believed
};
void audit_walk_segment(struct audit_walk *w, uint64_t number);
// A line without its end. False, and what is wrong with it, where it cannot follow the one before.
bool audit_walk_line(struct audit_walk *w, str line, struct audit_row *ret_row,
                     const char **ret_why) must_check;
// The same for a line that was made here to follow: nothing is read.
void audit_walk_add(struct audit_walk *w, str line);
// Host and port of a base URL, without anything that could be a secret.
str audit_place(str base_url);
#endif
