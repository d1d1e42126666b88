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
#endif
