// base.h: what every file may lean on. Included first everywhere.
// must() is for our own mistakes: it stays on in release, prints where, and aborts.
// The world's failures are enum err (base/err.h). Calls that overrun memory or hide state
// (strcpy, sprintf, strtok, atoi, gmtime) do not compile.
#ifndef BASE_BASE_H
#define BASE_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
// What is poisoned below must have been declared before
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define countof(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define must_check __attribute__((warn_unused_result))
#define format_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))

// Aborts with the expression and place, and with what the thread was doing (must_doing).
#define must(cond) (likely(cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))
_Noreturn void must_fail(const char *expr, const char *file, int line);
// What this thread is at, for must_fail: (call=01J step=send). Lent until replaced; NULLs: nothing.
void must_doing(const char *call_id, const char *step);

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}
static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime gets
#endif
