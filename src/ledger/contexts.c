// contexts.c: the contexts written last, by a hash of their bytes: sets of four places, of which
// the oldest is given up. Bytes are compared, so that a number is never given by hash alone.
#include "ledger/contexts.h"
#include "base/mem.h"

enum {
    SETS = 256,
    WAYS = 4,
    KEY_MAX = 4096 // longer ones are written each time
};

struct place {
    uint64_t hash;
    int64_t number; // 0: free
    char *key;
    size_t key_n;
};

struct contexts {
    struct place places[SETS][WAYS];
};

struct contexts *contexts_new(void)
{
    return mem_new(sizeof(struct contexts));
}

void contexts_free(struct contexts *c)
{
    if (!c)
        return;
    contexts_forget(c);
    mem_free(c);
}

static void forget(struct place *at)
{
    mem_free(at->key);
    *at = (struct place){0};
}

void contexts_forget(struct contexts *c)
{
    for (unsigned i = 0; i < SETS * WAYS; i++)
        forget(&c->places[i / WAYS][i % WAYS]);
}

static bool holds(const struct place *at, uint64_t hash, str key)
{
    return at->hash == hash && at->number && at->key_n == key.n &&
           memcmp(at->key, key.p, key.n) == 0;
}

// Someone may have taken the file's last entries away, which makes numbers start lower.
static bool is_fresh(const struct place *at, int64_t number)
{
    return at->number < number && number - at->number < CONTEXT_LIFE;
}

bool contexts_find(struct contexts *c, struct packed *e, int64_t number)
{
    str key = packed_alike(e);
    uint64_t hash = pack_hash(key);
    struct place *set = c->places[hash % SETS], *at = set;
    must(number > 0);
    for (unsigned i = 0; i < WAYS; i++) {
        if (holds(&set[i], hash, key)) {
            at = &set[i];
            break;
        }
        if (set[i].number < at->number)
            at = &set[i];
    }
    bool known = holds(at, hash, key);
    if (likely(known && is_fresh(at, number))) {
        e->context = at->number;
        return true;
    }
    e->context = number;
    if (known) {
        at->number = number;
    } else if (key.n <= KEY_MAX) {
        forget(at);
        *at = (struct place){hash, number, mem_copy_str(key), key.n};
    }
    return false;
}
