// mem.c: the heap; out of memory ends the process with a word why.
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p, size_t size)
{
    if (unlikely(!p)) {
        fprintf(stderr, "weir: out of memory (%zu bytes wanted)\n", size);
        abort();
    }
    return p;
}

void *mem_new(size_t size)
{
    return or_die(calloc(1, size ? size : 1), size);
}

void *mem_new_n(size_t n, size_t size)
{
    size_t total;
    must(!__builtin_mul_overflow(n, size, &total));
    return mem_new(total);
}

void *mem_resize(void *p, size_t size)
{
    return or_die(realloc(p, size ? size : 1), size);
}

void mem_free(void *p)
{
    free(p);
}

char *mem_copy_str(str s)
{
    char *copy = mem_new(s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    return copy;
}
