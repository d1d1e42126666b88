// rises.h: labels of conversations that rose and are not in the database yet, written down at once
// by the worker that saw it, so that no kill of weir forgets one: the database gets them with its
// next batch. A write is one call to the kernel into a file whose room was taken at the start: it
// does not wait for the disk. Only a machine that stops can lose the last moments of it.
#ifndef LEDGER_RISES_H
#define LEDGER_RISES_H
#include "ledger/conversations.h"

struct rises;
// Beside the database: PATH-rises. NULL with ret_why where that cannot be, or another weir has it.
struct rises *rises_open(const char *path, char ret_why[160]);
void rises_close(struct rises *r);
// Any thread. False: it could not be written down.
bool rises_put(struct rises *r, const struct slot *s);
// What stood there at the opening; false: the file had no room for all that rose.
bool rises_each(struct rises *r, void (*each)(void *arg, const struct slot *s), void *arg);
// A mark, then, once the database has all that was put before it, done with: where something was
// put since, the file is kept whole until the next time.
uint64_t rises_mark(struct rises *r);
void rises_done(struct rises *r, uint64_t mark);
#endif
