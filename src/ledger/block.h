// block.h: a run of packed calls, handed from a worker to the ledger's thread as a whole.
#ifndef LEDGER_BLOCK_H
#define LEDGER_BLOCK_H
#include "ledger/pack.h"

enum { BLOCK_BYTES = 64 * 1024 - 32 };

struct block {
    struct block *next;
    uint32_t used_bytes, count;
    unsigned char bytes[BLOCK_BYTES] __attribute__((aligned(8)));
};
_Static_assert((int)PACK_MAX <= (int)BLOCK_BYTES, "an empty block takes any call");

// The record at this place of the block; NULL at its end.
static inline struct packed *block_at(struct block *b, uint32_t at)
{
    must(at <= b->used_bytes);
    return at < b->used_bytes ? (struct packed *)(void *)(b->bytes + at) : NULL;
}
#endif
