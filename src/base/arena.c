// arena.c: bump allocation in chunks.
// Invariants: (1) at <= end, both in the newest chunk; (2) used_bytes never counts a chunk's
// header; (3) a request larger than CHUNK gets a chunk of its own size; (4) under ASan each
// allocation is followed by a red zone.
#include "base/arena.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// gcc says it with a macro, clang 14 only with a feature
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { RED_ZONE = 16 };
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { RED_ZONE = 0 };
#endif

enum { CHUNK = 16 * 1024, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    must(limit_bytes > 0);
    *a = (struct arena){.limit_bytes = limit_bytes};
}

static void drop(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *older = c->older;
        UNPOISON(c + 1, c->size);
        mem_free(c);
        c = older;
    }
}

void arena_done(struct arena *a)
{
    if (!a)
        return;
    drop(a->chunks);
    *a = (struct arena){.limit_bytes = a->limit_bytes};
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = NULL;
    while (a->chunks) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->older;
        c->older = NULL;
        if (!keep && c->size == CHUNK)
            keep = c;
        else
            drop(c);
    }
    *a = (struct arena){.limit_bytes = a->limit_bytes, .chunks = keep};
    if (keep) {
        a->at = (char *)(keep + 1);
        a->end = a->at + keep->size;
        POISON(a->at, keep->size);
    }
}

static void grow(struct arena *a, size_t need)
{
    size_t size = max_size(CHUNK, need);
    struct arena_chunk *c = mem_resize(NULL, sizeof *c + size);
    c->older = a->chunks;
    c->size = size;
    a->chunks = c;
    a->at = (char *)(c + 1);
    a->end = a->at + size;
    POISON(a->at, size);
}

static char *take(struct arena *a, size_t size, size_t align)
{
    size_t pad = (size_t)(-(uintptr_t)a->at) & (align - 1);
    must(size < SIZE_MAX / 2);
    // the first test is for size 0 in an arena that has no chunk yet: nothing, too, has an address
    if (unlikely(!a->chunks || (size_t)(a->end - a->at) < pad + size + RED_ZONE)) {
        grow(a, size + align + RED_ZONE);
        pad = (size_t)(-(uintptr_t)a->at) & (align - 1);
    }
    char *p = a->at + pad;
    a->at = p + size + RED_ZONE;
    a->used_bytes += pad + size;
    if (unlikely(a->used_bytes > a->limit_bytes))
        a->over = true;
    UNPOISON(p, size);
    must(a->at <= a->end);
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(take(a, size, ALIGN), 0, size);
}

void *arena_alloc_n(struct arena *a, size_t n, size_t size)
{
    size_t total;
    must(!__builtin_mul_overflow(n, size, &total));
    return arena_alloc(a, total);
}

char *arena_bytes(struct arena *a, size_t size)
{
    return take(a, size, 1);
}

char *arena_cstr(struct arena *a, str s)
{
    char *p = arena_bytes(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

str arena_copy(struct arena *a, str s)
{
    return (str){arena_cstr(a, s), s.n};
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    must(n >= 0);
    char *p = arena_bytes(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (str){p, (size_t)n};
}
