// bufq.c: chunked queue of bytes.
// Invariants: (1) bytes is the sum over all chunks of end - start; (2) chunks <= max_chunks;
// (3) only the tail has room.
#include "base/bufq.h"
#include "base/mem.h"

struct bufq_chunk {
    struct bufq_chunk *next;
    size_t start, end;
    char data[];
};

void bufq_pool_init(struct bufq_pool *p, size_t chunk_bytes, size_t spare_max)
{
    must(chunk_bytes > 0);
    *p = (struct bufq_pool){.chunk_bytes = chunk_bytes, .spare_max = spare_max};
}

void bufq_pool_done(struct bufq_pool *p)
{
    while (p->spare) {
        struct bufq_chunk *c = p->spare;
        p->spare = c->next;
        mem_free(c);
    }
    p->spare_count = 0;
}

void bufq_init(struct bufq *q, struct bufq_pool *pool, size_t max_chunks)
{
    must(pool && max_chunks > 0);
    *q = (struct bufq){.pool = pool, .max_chunks = max_chunks};
}

static struct bufq_chunk *take_chunk(struct bufq_pool *p)
{
    struct bufq_chunk *c = p->spare;
    if (c) {
        p->spare = c->next;
        p->spare_count--;
    } else {
        c = mem_resize(NULL, sizeof *c + p->chunk_bytes);
    }
    c->next = NULL;
    c->start = c->end = 0;
    return c;
}

static void give_chunk(struct bufq_pool *p, struct bufq_chunk *c)
{
    if (p->spare_count >= p->spare_max) {
        mem_free(c);
        return;
    }
    c->next = p->spare;
    p->spare = c;
    p->spare_count++;
}

void bufq_done(struct bufq *q)
{
    if (!q || !q->pool)
        return;
    while (q->head) {
        struct bufq_chunk *c = q->head;
        q->head = c->next;
        give_chunk(q->pool, c);
    }
    q->tail = NULL;
    q->bytes = q->chunks = 0;
}

bool bufq_full(const struct bufq *q)
{
    return q->chunks == q->max_chunks && q->tail->end == q->pool->chunk_bytes;
}

size_t bufq_put(struct bufq *q, str s)
{
    size_t put = 0;
    while (put < s.n && !bufq_full(q)) {
        if (!q->tail || q->tail->end == q->pool->chunk_bytes) {
            struct bufq_chunk *c = take_chunk(q->pool);
            if (q->tail)
                q->tail->next = c;
            else
                q->head = c;
            q->tail = c;
            q->chunks++;
        }
        size_t n = min_size(s.n - put, q->pool->chunk_bytes - q->tail->end);
        memcpy(q->tail->data + q->tail->end, s.p + put, n);
        q->tail->end += n;
        put += n;
    }
    q->bytes += put;
    must(q->chunks <= q->max_chunks);
    return put;
}

size_t bufq_peek(const struct bufq *q, str *ret_slices, size_t max)
{
    size_t n = 0;
    for (const struct bufq_chunk *c = q->head; c && n < max; c = c->next)
        ret_slices[n++] = str_of(c->data + c->start, c->end - c->start);
    return n;
}

void bufq_drop(struct bufq *q, size_t n)
{
    must(n <= q->bytes);
    q->bytes -= n;
    while (n) {
        struct bufq_chunk *c = q->head;
        size_t here = min_size(n, c->end - c->start);
        c->start += here;
        n -= here;
        if (c->start < c->end)
            break;
        q->head = c->next;
        if (!q->head)
            q->tail = NULL;
        q->chunks--;
        give_chunk(q->pool, c);
    }
}
