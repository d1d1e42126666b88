// clearance.c: the stamp that ties a clearance to this process, this call and this target, and the
// last comparison of label and zone before anything is dialled. The stamp is SipHash-2-4 (Aumasson
// and Bernstein, 2012) under a key that is drawn at start and never leaves this file, so a
// clearance that was filled in by hand, kept from an earlier call or altered afterwards does not
// hold.
#include "base/rng.h"
#include "upstream/upstream.h"
#include <pthread.h>

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static uint64_t key[2]; // written once, before the first stamp

static void draw_key(void)
{
    rng_bytes(key, sizeof key);
}

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t digest(const uint64_t *words, size_t count)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    for (size_t i = 0; i <= count; i++) {
        // the last word is the length, as the algorithm has it for whole words
        uint64_t m = i < count ? words[i] : (uint64_t)(count * 8) << 56;
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t upstream_clearance_stamp(const struct clearance *c)
{
    // the call's id is in it: the memory of a call is used again by the next one
    uint64_t words[7] = {(uint64_t)(uintptr_t)c->call, (uint64_t)c->target << 32 | c->zone,
                         (uint64_t)c->label};
    must(c->call);
    memcpy(&words[3], c->call->id.c, ID_CHARS);
    must(pthread_once(&key_once, draw_key) == 0);
    return digest(words, countof(words));
}

bool upstream_clearance_holds(const struct clearance *c, const struct fleet *f)
{
    must(f->zone_count <= ZONE_MAX);
    if (!c || !c->call || c->target >= f->target_count || c->zone >= f->zone_count)
        return false;
    return c->zone == f->targets[c->target].zone && c->label <= f->zones[c->zone].max_label &&
           c->label >= c->call->label && c->stamp == upstream_clearance_stamp(c);
}
