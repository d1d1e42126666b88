// rows.h: packed calls into the three big tables. Belongs to the ledger's thread.
#ifndef LEDGER_ROWS_H
#define LEDGER_ROWS_H
#include "ledger/block.h"
#include "ledger/plans.h"

struct sqlite3;
struct sqlite3_stmt;

enum { ROWS_TABLES = 3 };

// Does not move while it is attached: SQLite reads the batch through it.
struct rows {
    struct sqlite3_stmt *insert[ROWS_TABLES];
    // of the batch being written
    struct block *blocks;
    const struct plans *plans;
    int64_t first_number;
};
// Prepares the inserts; false with the error in db.
bool rows_attach(struct rows *r, struct sqlite3 *db) must_check;
void rows_detach(struct rows *r);
// A row for each entry, numbered from first_number on, one for each context that is new, and one
// for each try that its entry does not tell. Contexts and plans are resolved.
bool rows_put(struct rows *r, struct block *blocks, const struct plans *plans,
              int64_t first_number) must_check;
#endif
