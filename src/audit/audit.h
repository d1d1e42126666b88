// audit: the decision log (docs/audit.md). Who was sent where, and why: chained records that show
// whether they were altered. Written by a thread of its own, which may log (room "audit"). Where
// settings.path is empty there is none: *ret_audit and every writer is NULL, which all functions
// take. No prompt text, no value of a finding and no key is ever in it.
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H
#include "base/conf.h"
#include "base/metrics.h"
#include "call/call.h"
#include "net/net.h"

struct audit_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "audit/settings.def"
#undef SETTING
};
extern const struct conf_table audit_setting_table;

struct audit;
struct audit_start {
    const struct audit_settings *settings;
    const struct tenants *tenants;
    str policy; // all that decides, as JSON; written once and named by its digest from then on
};
// The name of a policy in every record: the first 64 bits of its SHA-256.
uint64_t audit_digest(str policy);
enum err audit_open(const struct audit_start *s, struct audit **ret_audit,
                    char ret_why[256]) must_check;
void audit_close(struct audit *a); // writes what waits
// Before tenants that were not there at opening may be served: loads or makes their keys. Any
// thread, but one at a time.
enum err audit_tenants(struct audit *a, const struct tenants *t, char ret_why[256]) must_check;
// Another policy is about to decide: the log says so ahead of every record that names it. False
// where its queue is full. Any thread.
bool audit_policy(struct audit *a, str policy) must_check;
// It cannot be written now: no target that is not local may be used. Any thread.
bool audit_failing(const struct audit *a);

// One worker's side.
struct audit_writer;
struct audit_writer *audit_writer_new(struct audit *a, struct net_loop *l, struct metrics *m);
void audit_writer_free(struct audit_writer *w); // no call waits any more

// A call's place in the queue for its record.
struct audit_ticket {
    struct list at;
    struct net_deadline late;
    struct audit_writer *writer;
    uint64_t number;
    int64_t since_us;
    void (*on_done)(struct audit_ticket *t,
                    enum err e); // OK: on the disk; else nothing may be sent
    unsigned char mac[32];       // of the body, made at the first sending
    bool has_mac;
};
void audit_ticket_init(struct audit_ticket *t, void (*on_done)(struct audit_ticket *t, enum err e));
// Before a call is sent. For a zone that is not local OK means that the ticket waits, and on_done
// says from the loop whether the call may be sent. For a local zone it waits for nothing.
enum err audit_send(struct audit_writer *w, struct audit_ticket *t, const struct call *c,
                    const struct fleet *f, unsigned target) must_check;
bool audit_waits(const struct audit_ticket *t);
void audit_forget(struct audit_ticket *t); // the call is over: it waits for nothing
void audit_end(struct audit_writer *w, const struct call *c,
               const struct fleet *f); // what became of it

// An operator lowered the label of a conversation. Any thread; waits for nothing, but what is sent
// for that reason waits for records behind this one. False: there is no room for it now.
struct audit_lowering {
    str conversation; // its id, in hexadecimal
    enum label label;
    str who;
    int64_t at_us;
};
bool audit_lowered(struct audit *a, const struct audit_lowering *w) must_check;

// What an auditor asks (weir audit): read from the files alone, whether weir runs or not.
enum { AUDIT_HEX = 64 }; // digits of a public key
enum err audit_key(const struct audit_settings *s, char ret_hex[AUDIT_HEX + 1],
                   char ret_why[256]) must_check;
struct audit_seen { // a sending
    const char *call, *target, *zone;
    enum label label;
    int64_t at_us;
    bool ended; // told by the call's end; else by the record before it was sent
};
struct audit_question {
    str path, copy;         // the log's folder; a second one with checkpoints, or empty
    const char *checkpoint; // a checkpoint's file that the log must agree with; NULL: none
    const char *key;        // whose checkpoints are believed, in hexadecimal; NULL: the log's own
    uint64_t since;         // number of the first segment that is kept; 0: all must be there
    int64_t from_us, to_us; // of the sendings and lines told
    void (*away)(void *arg, const struct audit_seen *s); // to a zone that is not local; may be NULL
    void (*line)(void *arg, str line);                   // each record as it stands; may be NULL
    void *arg;
};
struct audit_report {
    bool whole;    // nothing was altered, left out, added or moved, as far as it is signed
    char why[400]; // where not: what is wrong, and where
    char key[AUDIT_HEX + 1]; // that signed the checkpoints; empty where there are none
    bool key_given;
    uint64_t segments, records, is_signed, checkpoints, torn_bytes; // is_signed: records
    uint64_t lost;                                                  // by the log's own word
    uint64_t local[3], away[3]; // sendings within from_us .. to_us, by label
};
// Reads all of it. Callbacks come while it reads: only the report says whether to believe them.
void audit_check(const struct audit_question *q, struct audit_report *ret_report);
// Forgets the key of a tenant: no body can be told to be its any more, nor be compared.
enum err audit_erase(const struct audit_settings *s, str tenant, char ret_why[256]) must_check;
#endif
