// hash.c: SipHash and NH. Little-endian machines only, as all of weir.
#include "base/hash.h"
#include <string.h>

struct sip {
    uint64_t v[4];
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_rounds(struct sip *s, unsigned count)
{
    uint64_t *v = s->v;
    for (unsigned i = 0; i < count; i++) {
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
}

static struct sip sip_begin(struct hash_key key)
{
    return (struct sip){{key.k[0] ^ 0x736f6d6570736575, key.k[1] ^ 0x646f72616e646f6d,
                         key.k[0] ^ 0x6c7967656e657261, key.k[1] ^ 0x7465646279746573}};
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_rounds(s, 2);
    s->v[0] ^= word;
}

static uint64_t sip_out(struct sip *s)
{
    sip_rounds(s, 4);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

uint64_t hash_words(struct hash_key key, const uint64_t *words, size_t count)
{
    struct sip s = sip_begin(key);
    must(words || count == 0);
    for (size_t i = 0; i < count; i++)
        sip_word(&s, words[i]);
    sip_word(&s, (uint64_t)(count * 8) << 56); // the length's low byte, as for whole words
    s.v[2] ^= 0xff;
    return sip_out(&s);
}

void hash_long_init(struct hash_long *h, struct hash_key key)
{
    h->key = key;
    for (uint64_t i = 0; i < countof(h->fold); i++)
        h->fold[i] = hash_words(key, &i, 1);
}

// Folds up to a block into 32 bytes, both ways in one pass. n is a multiple of 16.
static void sip_block(struct sip *s, const uint64_t *key, const char *p, size_t n)
{
    unsigned __int128 a = 0, b = 0;
    for (const char *end = p + n; p < end; p += 16, key += 2) {
        uint64_t m[2];
        memcpy(m, p, sizeof m);
        a += (unsigned __int128)(m[0] + key[0]) * (m[1] + key[1]);
        b += (unsigned __int128)(m[0] + key[2]) * (m[1] + key[3]);
    }
    sip_word(s, (uint64_t)a);
    sip_word(s, (uint64_t)(a >> 64));
    sip_word(s, (uint64_t)b);
    sip_word(s, (uint64_t)(b >> 64));
}

struct hash128 hash_bytes(const struct hash_long *h, const void *p, size_t n)
{
    enum { BLOCK = HASH_BLOCK_WORDS * 8, STEP = 16 };
    struct sip s = sip_begin(h->key);
    const char *at = p;
    size_t left = n;
    must(p || n == 0);
    s.v[1] ^= 0xee; // the 128-bit form
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
        sip_block(&s, h->fold, at, BLOCK);
    if (left) {
        char tail[BLOCK] = {0};
        memcpy(tail, at, left);
        sip_block(&s, h->fold, tail, (left + STEP - 1) / STEP * STEP);
    }
    sip_word(&s, n); // tells a short tail from its zeros
    s.v[2] ^= 0xee;
    struct hash128 out = {{sip_out(&s), 0}};
    s.v[1] ^= 0xdd;
    out.h[1] = sip_out(&s);
    return out;
}
