// writer.h: packed calls into the database. Private to ledger; used by the writer thread alone.
#ifndef LEDGER_WRITER_H
#define LEDGER_WRITER_H
#include "ledger/pack.h"
#include "ledger/schema.h"

struct table_writer;
enum err table_writer_new(const char *path, struct table_writer **ret, char ret_why[256]);
void table_writer_free(struct table_writer *w);
// One transaction. False when the disk refused: nothing of it is kept, try again later.
bool table_write(struct table_writer *w, const str *blocks, size_t count);
const char *table_trouble(const struct table_writer *w); // what the database said last
#endif
