// conversation_rows.h: the file's side of conversations: what changed is written with each batch,
// what an operator lowered is taken up, and the key that their ids are made with lies there.
// Belongs to the ledger's thread once that runs. All functions take NULL: none are remembered.
#ifndef LEDGER_CONVERSATION_ROWS_H
#define LEDGER_CONVERSATION_ROWS_H
#include "ledger/conversations.h"
#include "ledger/rises.h"

struct sqlite3;
enum { CONVERSATION_KEY_BYTES = 16 };

struct conversation_rows;
// rises may be NULL. Both stay the caller's.
struct conversation_rows *conversation_rows_new(const struct ledger_start *s,
                                                struct conversations *c, struct rises *r);
void conversation_rows_free(struct conversation_rows *x);
// Prepares the statements. The first file's key is taken, or made where it has none; a file that
// comes later gets this key, and everything that is in memory. False with the error in db.
bool conversation_rows_attach(struct conversation_rows *x, struct sqlite3 *db) must_check;
void conversation_rows_detach(struct conversation_rows *x);
// After the first attach: what the file knows goes into memory, with what rose behind its back.
bool conversation_rows_load(struct conversation_rows *x, int64_t now_us) must_check;
const unsigned char *conversation_rows_key(const struct conversation_rows *x);

// Within the batch's transaction; then, whether it was committed.
bool conversation_rows_put(struct conversation_rows *x) must_check;
void conversation_rows_settle(struct conversation_rows *x, bool committed);
// Within a transaction of its own: forgets those that were seen last before this time.
bool conversation_rows_prune(struct conversation_rows *x, int64_t before_us) must_check;
#endif
