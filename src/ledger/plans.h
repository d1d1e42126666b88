// plans.h: the plans of many calls are the same few, and long. One that comes again gets a row in
// table plan and its number stands in the entries; one that was never seen before is written out in
// its entry. So repetition costs nothing, and plans that never repeat fill no table.
// Belongs to the ledger's thread.
#ifndef LEDGER_PLANS_H
#define LEDGER_PLANS_H
#include "base/buf.h"
#include "ledger/pack.h"

enum { PLAN_HEAD_BYTES = 4 };

struct sqlite3;
struct plans;
struct plans *plans_new(void);
void plans_free(struct plans *p);
// Statements on this database from now on; false (with its error in db) when it has no such table.
bool plans_attach(struct plans *p, struct sqlite3 *db) must_check;
void plans_detach(struct plans *p); // before the database is closed
void plans_forget(struct plans *p); // numbers are void: a transaction was rolled back
void plans_batch_begin(struct plans *p);
// Sets the entry's plan_id or plan_span; false when the database refuses.
bool plans_resolve(struct plans *p, struct packed *e) must_check;
const char *plans_text(const struct plans *p, struct span s); // lent until the next resolve

// A packed plan as JSON, appended.
void plan_text(struct buf *out, str packed_plan);
#endif
