// ledger: tenants and usage. One entry a call and one row a try in SQLite, written by a thread
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

struct conversation_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "ledger/conversations.def"
#undef SETTING
};
extern const struct conf_table conversation_setting_table;

// --- tenants: step identify
// --------------------------------------------------------------------

void ledger_hash_key(str key, unsigned char ret_hash[32]);
// Who is calling. key empty: the tenant without a key (the first such row, NULL where there is
// none), or ERR_NO_KEY where one is required. A key that no tenant has is ERR_WRONG_KEY; only where
// no tenant has any and none is required is it like none.
enum err ledger_admit(const struct tenants *t, str key,
                      const struct tenant **ret_tenant) must_check;

// --- entries: step record
// --------------------------------------------------------------------------

struct ledger;
struct lowering; // below
struct ledger_start {
    const struct ledger_settings *settings;
    const struct conversation_settings *conversations; // NULL: none are remembered
    // An operator lowered a conversation's label (weir conversation lower). Called on the ledger's
    // thread before it counts; false: not now, ask again. May be NULL.
    bool (*on_lowered)(void *arg, const struct lowering *w);
    void *arg;
};
// Opens or creates the file, migrates its schema, starts the writer. ret_why: what to do about it.
// An empty path: nothing is opened or kept; each call is counted as unkept, and conversations are
// remembered until weir ends.
enum err ledger_open(const struct ledger_start *s, struct ledger **ret_ledger,
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

// --- conversations: step screen (docs/conversations.md)
// --------------------------------------------------------------------

// What earlier turns left: the highest label of them, and who served the last one. In a bounded
// table that all workers share, kept in the file by the ledger's thread. A conversation is known by
// a keyed hash of its tenant and name, or of its tenant and beginning; no text of either is kept.
// The key is drawn once and lies in the file. A full table forgets restricted ones last. What
// is not in memory counts as not known, since no call waits for the disk: named and going on, it is
// lost, which means restricted; known by its beginning, its label is that of the body, in which the
// whole history is that its client still sends.
bool ledger_remembers(const struct ledger *l); // else no function below may be called
// words: the client's word for it where it is named, else its beginning.
void ledger_conversation_name(const struct ledger *l, str tenant, bool named, str words,
                              uint64_t ret_id[2]);
void ledger_conversation_hex(const uint64_t id[2], char ret_hex[33]);
// A turn comes: of->id, named and goes_on are set, the rest is filled in. `label` is the call's
// without it; what is stored rises to the join of both, and stays over a kill of weir.
void ledger_conversation_turn(struct ledger *l, const struct fleet *f, enum label label,
                              int64_t now_us, struct conversation *of);
// This target serves the turn.
void ledger_conversation_placed(struct ledger *l, const struct fleet *f, unsigned target,
                                const struct conversation *of);

// The operator's side (weir conversation): over the file, whether weir runs or not. A running weir
// takes a lowering up with its next batch.
struct lowering {
    uint64_t id[2];
    enum label label; // it is lowered to
    int64_t at_us;
    const char *who; // the user's name, as the system says
};
struct conversation_row {
    char id[33];
    bool named;
    enum label label;
    const char *target, *zone;
    int64_t turns, seen_us;
};
enum err ledger_lower(const char *path, const struct lowering *w, char ret_why[256]) must_check;
// Newest first.
enum err ledger_conversations_each(const char *path,
                                   void (*each)(void *arg, const struct conversation_row *r),
                                   void *arg, char ret_why[256]) must_check;
// The id that a tenant's x-weir-conversation has in this file.
enum err ledger_conversation_find(const char *path, str tenant, str name, uint64_t ret_id[2],
                                  char ret_why[256]) must_check;
#endif
