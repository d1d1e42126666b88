// arena.h: memory that is freed in one go. A call has one, a config snapshot has one.
// arena_alloc never returns NULL. Past the limit given at birth it sets `over` and serves from
// bounded overdraft, so the owner checks one flag after each step instead of every allocation.
// Under ASan all that was not handed out is poisoned, so an overrun is caught like on the heap.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/str.h"

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks; // newest first
    char *at, *end;             // free part of the newest
    size_t used_bytes;          // handed out, padding included
    size_t limit_bytes;
    bool over; // sticky: the limit was passed
};

void arena_init(struct arena *a, size_t limit_bytes);
void arena_done(struct arena *a); // frees all; the struct may be initialised again
void arena_reset(struct arena *a); // empties, keeps the first chunk for the next life
// Zeroed, aligned to 16.
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
// The same without zeroing, for bytes that are written at once; aligned to 1.
char *arena_bytes(struct arena *a, size_t size) __attribute__((returns_nonnull));
str arena_copy(struct arena *a, str s);         // NUL follows the copy, not counted
char *arena_cstr(struct arena *a, str s);
str arena_printf(struct arena *a, const char *fmt, ...) format_like(2, 3);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_n((a), (n), sizeof(type)))
void *arena_alloc_n(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
#endif
