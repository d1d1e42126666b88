// bufq.h: a queue of bytes waiting for a socket: chunks of one size, at most `max` of them, spares
// taken from and given back to a per-worker pool. A full queue is back-pressure; nothing else is.
#ifndef BASE_BUFQ_H
#define BASE_BUFQ_H
#include "base/str.h"

struct bufq_chunk;
// Spare chunks of one worker; not shared between threads.
struct bufq_pool {
    struct bufq_chunk *spare;
    size_t chunk_bytes, spare_count, spare_max;
};
void bufq_pool_init(struct bufq_pool *p, size_t chunk_bytes, size_t spare_max);
void bufq_pool_done(struct bufq_pool *p);

struct bufq {
    struct bufq_pool *pool;
    struct bufq_chunk *head, *tail;
    size_t bytes, chunks, max_chunks;
};
void bufq_init(struct bufq *q, struct bufq_pool *pool, size_t max_chunks);
void bufq_done(struct bufq *q); // gives the chunks back
static inline bool bufq_empty(const struct bufq *q)
{
    return q->bytes == 0;
}
bool bufq_full(const struct bufq *q); // not one byte more fits
// Takes as much as fits, returns how much that was.
size_t bufq_put(struct bufq *q, str s);
// The first chunks as slices for writev, at most max; returns how many. Lent until the next change.
size_t bufq_peek(const struct bufq *q, str *ret_slices, size_t max);
void bufq_drop(struct bufq *q, size_t n); // n bytes were sent
#endif
