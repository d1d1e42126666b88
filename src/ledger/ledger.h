// ledger: tenants, usage, audit. One entry a call and one row a try in SQLite, written by a thread
// of its own in batches: the road of a call never waits for the disk. No prompt text is ever kept.
// The writer thread may log (room "ledger").
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H
#include "base/conf.h"
#include "base/metrics.h"
#include "call/call.h"
#include "net/net.h"

struct ledger_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "ledger/settings.def"
#undef SETTING
};
extern const struct conf_table ledger_setting_table;

struct audit_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "ledger/audit.def"
#undef SETTING
};
extern const struct conf_table audit_setting_table;

// --- tenants: step identify
// --------------------------------------------------------------------

struct tenant {
    str name;
    unsigned char key_hash[32]; // SHA-256 of its key
    bool has_key;
    enum label label; // what its requests carry at least
    str zone;         // restricts to this zone where not empty
};
struct tenants {
    struct tenant *rows;
    unsigned count;
    bool require_key;
};
void ledger_hash_key(str key, unsigned char ret_hash[32]);
// Who is calling. key empty: the tenant without a key (the first such row, NULL where there is
// none), or ERR_NO_KEY where one is required. A key that no tenant has is ERR_WRONG_KEY; only where
// no tenant has any and none is required is it like none.
enum err ledger_admit(const struct tenants *t, str key,
                      const struct tenant **ret_tenant) must_check;

// --- entries: step record
// --------------------------------------------------------------------------

struct ledger;
// Opens or creates the file, migrates its schema, starts the writer. ret_why: what to do about it.
// An empty path: nothing is opened or kept; each call is counted as unkept.
enum err ledger_open(const struct ledger_settings *s, struct ledger **ret_ledger,
                     char ret_why[256]) must_check;
void ledger_close(struct ledger *l); // writes what waits

// One worker's side: entries are packed into its own block and handed over whole.
struct ledger_writer;
struct ledger_writer *ledger_writer_new(struct ledger *l, struct metrics *m);
void ledger_writer_free(struct ledger_writer *w);
// Copies what it needs. Never waits and never fails a call: a full queue is counted.
void ledger_write(struct ledger_writer *w, const struct call *c, const struct fleet *f);
// Hands a part-filled block over; call every batch/2.
void ledger_writer_tick(struct ledger_writer *w);
int ledger_schema_version(void);

// --- the decision log: docs/audit.md
// -----------------------------------------------------------------

// Who was sent where, and why: chained records that show whether they were altered. Written by a
// thread of its own. Where settings.path is empty there is none: *ret_audit and every writer is
// NULL, which all functions below take.
struct audit;
struct audit_start {
    const struct audit_settings *settings;
    const struct tenants *tenants;
    const struct fleet *fleet;
    str policy; // all that decides, as JSON; written once and named by its digest from then on
};
enum err ledger_audit_open(const struct audit_start *s, struct audit **ret_audit,
                           char ret_why[256]) must_check;
void ledger_audit_close(struct audit *a); // writes what waits
// It cannot be written now: no target that is not local may be used. Any thread.
bool ledger_audit_failing(const struct audit *a);

// One worker's side.
struct audit_writer;
struct audit_writer *ledger_audit_writer_new(struct audit *a, struct net_loop *l,
                                             struct metrics *m);
void ledger_audit_writer_free(struct audit_writer *w); // no call waits any more

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
void ledger_audit_ticket_init(struct audit_ticket *t,
                              void (*on_done)(struct audit_ticket *t, enum err e));
// Before a call is sent. For a zone that is not local OK means that the ticket waits, and on_done
// says from the loop whether the call may be sent. For a local zone it waits for nothing.
enum err ledger_audit_send(struct audit_writer *w, struct audit_ticket *t, const struct call *c,
                           unsigned target) must_check;
bool ledger_audit_waits(const struct audit_ticket *t);
void ledger_audit_forget(struct audit_ticket *t); // the call is over: it waits for nothing
void ledger_audit_end(struct audit_writer *w, const struct call *c); // what became of it

// What an auditor asks (weir audit): read from the files alone, whether weir runs or not.
enum { AUDIT_HEX = 64 }; // digits of a public key
enum err ledger_audit_key(const struct audit_settings *s, char ret_hex[AUDIT_HEX + 1],
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
void ledger_audit_check(const struct audit_question *q, struct audit_report *ret_report);
// Forgets the key of a tenant: no body can be told to be its any more, nor be compared.
enum err ledger_audit_erase(const struct audit_settings *s, str tenant,
                            char ret_why[256]) must_check;
#endif
