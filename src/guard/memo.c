// memo.c: a table of sets of four places; a set's places stand in the order of their last use, so
// that the one used longest ago gives way. Bounded at birth.
#include "guard/memo.h"
#include "base/mem.h"

enum { SETS = 1024, WAYS = 4 };

struct guard_memo {
    struct hash_long hash;
    struct remembered places[SETS][WAYS];
};
_Static_assert(sizeof(struct guard_memo) < 768 * 1024, "a memo for each worker");

struct guard_memo *guard_memo_new(const uint64_t seed[2])
{
    struct guard_memo *m = mem_new(sizeof *m);
    hash_long_init(&m->hash, (struct hash_key){{seed[0], seed[1]}});
    return m;
}

void guard_memo_free(struct guard_memo *m)
{
    mem_free(m);
}

// The same bytes mean another text where they are escaped.
struct hash128 memo_hash(const struct guard_memo *m, str raw, bool escaped)
{
    struct hash128 of = hash_bytes(&m->hash, raw.p, raw.n);
    of.h[1] = of.h[1] << 1 | escaped;
    of.h[0] |= of.h[0] == 0; // 0 is a free place
    return of;
}

static bool is(const struct remembered *r, struct hash128 of)
{
    return r->of.h[0] == of.h[0] && r->of.h[1] == of.h[1];
}

static void move_to_front(struct remembered *set, unsigned way)
{
    struct remembered r = set[way];
    memmove(set + 1, set, way * sizeof *set);
    set[0] = r;
}

const struct remembered *memo_get(struct guard_memo *m, struct hash128 of)
{
    struct remembered *set = m->places[of.h[0] / 2 % SETS];
    for (unsigned i = 0; i < WAYS; i++)
        if (is(&set[i], of)) {
            if (i)
                move_to_front(set, i);
            return set;
        }
    return NULL;
}

void memo_put(struct guard_memo *m, const struct remembered *r)
{
    struct remembered *set = m->places[r->of.h[0] / 2 % SETS];
    must(r->of.h[0] && r->finding_count <= MEMO_FINDINGS_MAX);
    memmove(set + 1, set, (WAYS - 1) * sizeof *set);
    set[0] = *r;
}
