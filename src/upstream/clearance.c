// clearance.c: the stamp that ties a clearance to this process, this call and this target, and the
// last comparison of label and zone before anything is dialled. The stamp is a keyed hash under a
// key that is drawn at start and never leaves this file, so a clearance that was filled in by hand,
// kept from an earlier call or altered afterwards does not hold.
#include "base/hash.h"
#include "base/rng.h"
#include "upstream/upstream.h"
#include <pthread.h>

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static struct hash_key key; // written once, before the first stamp

static void draw_key(void)
{
    rng_bytes(&key, sizeof key);
}

uint64_t upstream_clearance_stamp(const struct clearance *c)
{
    // the call's id is in it: the memory of a call is used again by the next one
    uint64_t words[8] = {(uint64_t)(uintptr_t)c->call, (uint64_t)c->target << 32 | c->zone,
                         (uint64_t)c->label, c->policy};
    must(c->call);
    memcpy(&words[4], c->call->id.c, ID_CHARS);
    must(pthread_once(&key_once, draw_key) == 0);
    return hash_words(key, words, countof(words));
}

bool upstream_clearance_holds(const struct clearance *c, const struct fleet *f)
{
    must(f->zone_count <= ZONE_MAX);
    if (!c || !c->call || c->target >= f->target_count || c->zone >= f->zone_count)
        return false;
    return c->policy == f->policy && c->zone == f->targets[c->target].zone &&
           c->label <= f->zones[c->zone].max_label && c->label >= c->call->label &&
           c->stamp == upstream_clearance_stamp(c);
}
