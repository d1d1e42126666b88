// rng.c: randomness and call ids.
#include "base/rng.h"
#include <errno.h>
#include <sys/random.h>

void rng_bytes(void *dst, size_t n)
{
    char *at = dst;
    while (n) {
        ssize_t got = getrandom(at, min_size(n, 256), 0);
        if (got < 0 && errno == EINTR)
            continue; // a signal before the kernel's pool was ready
        must(got > 0);
        at += got;
        n -= (size_t)got;
    }
}

// The random part is started afresh per thread and then only counted up: ids of one thread sort by
// time, two threads do not meet (80 random bits).
struct id id_make(struct id_maker *m, int64_t wall_us)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct id id;
    if (!m->seeded) {
        rng_bytes(&m->low64, sizeof m->low64);
        rng_bytes(&m->high16, sizeof m->high16);
        m->high16 &= 0xffff;
        m->seeded = true;
    }
    if (++m->low64 == 0)
        m->high16 = (m->high16 + 1) & 0xffff;
    must(wall_us >= 0);
    uint64_t ms = (uint64_t)wall_us / 1000;
    unsigned __int128 all =
        ((unsigned __int128)ms << 80) | ((unsigned __int128)m->high16 << 64) | m->low64;
    for (int i = ID_CHARS - 1; i >= 0; i--) {
        id.c[i] = digits[(unsigned)(all & 31)];
        all >>= 5;
    }
    id.c[ID_CHARS] = 0;
    return id;
}

uint64_t rng_next(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
