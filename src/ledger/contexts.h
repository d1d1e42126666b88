// contexts.h: what is alike in many calls (who asked for what, what was decided, who answered) is
// written once, in table context, under the number of the entry that had it first; the entries
// that are like it name that number. Belongs to the ledger's thread.
// Invariant: an entry's context is at most CONTEXT_LIFE entries older than it, so that what was
// pruned behind that is named by nobody.
#ifndef LEDGER_CONTEXTS_H
#define LEDGER_CONTEXTS_H
#include "ledger/pack.h"

enum { CONTEXT_LIFE = 65536 };

struct contexts;
struct contexts *contexts_new(void);
void contexts_free(struct contexts *c);
void contexts_forget(struct contexts *c); // numbers are void
// Sets the entry's context; false where it is the entry's own, to be written.
bool contexts_find(struct contexts *c, struct packed *e, int64_t number);
#endif
