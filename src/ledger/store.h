// store.h: the open file with its statements. Belongs to the ledger's thread once that runs.
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H
#include "ledger/block.h"
#include "ledger/conversation_rows.h"
#include "ledger/schema.h"

struct store;
// Opens nothing; path is copied. conversations: written with each batch; NULL for none.
struct store *store_new(const char *path, struct conversation_rows *conversations);
void store_free(struct store *s); // closes
// Opens the file where it is not open. ret_why as in schema_open.
enum err store_open(struct store *s, char ret_why[WHY_BYTES]) must_check;
void store_close(struct store *s);
// The file lies no longer where it was opened (moved, deleted, replaced).
bool store_is_moved(const struct store *s);
// Everything in one transaction: all of it is written, or nothing is and ret_why tells why.
// blocks: NULL for conversations alone.
bool store_write(struct store *s, struct block *blocks, char ret_why[WHY_BYTES]) must_check;
// One step, in a transaction of its own: of the PRUNE_STEP oldest entries those that began before
// this time (wall clock) are deleted, with their tries and with contexts that nobody names. False,
// and nothing is changed, when the database refuses.
enum { PRUNE_STEP = 4096 };
bool store_prune(struct store *s, int64_t before_us, unsigned *ret_count) must_check;
#endif
