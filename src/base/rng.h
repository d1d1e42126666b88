// rng.h: randomness. Call ids are 26 characters of Crockford base32, sortable by time (ULID's
// layout).
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include "base/str.h"

void rng_bytes(void *dst, size_t n); // from the kernel; cannot fail
enum { ID_CHARS = 26 };
struct id {
    char c[ID_CHARS + 1];
};
// One generator per thread: 48 bits of milliseconds, then 80 bits of a per-thread random start that
// is counted up, so that making one costs no system call.
struct id_maker {
    uint64_t high16, low64;
    bool seeded;
};
struct id id_make(struct id_maker *m, int64_t wall_us);
// Seeded sequence for tests and training (splitmix64): same seed, same numbers on every machine.
uint64_t rng_next(uint64_t *seed);
#endif
