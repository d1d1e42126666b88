// hash.c: SipHash and NH. Little-endian machines only, as all of weir.
#include "base/hash.h"
#include "base/cpu.h"
#include <string.h>

enum { STEP = 32 }; // bytes that are folded at once

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

// The sum of products of neighbouring words, each with its word of the key added.
void hash_fold_plain(const struct hash_long *h, const char *p, size_t n,
                     uint64_t ret_sums[HASH_FOLDS])
{
    must(n <= HASH_BLOCK_BYTES && n % STEP == 0);
    for (size_t f = 0; f < HASH_FOLDS; f++) {
        const char *key = (const char *)h->fold + f * HASH_SHIFT_BYTES;
        uint64_t sum = 0;
        for (size_t i = 0; i < n; i += 8) {
            uint32_t m[2], k[2];
            memcpy(m, p + i, sizeof m);
            memcpy(k, key + i, sizeof k);
            sum += (uint64_t)(m[0] + k[0]) * (m[1] + k[1]);
        }
        ret_sums[f] = sum;
    }
}

AVX2 static inline uint64_t sum_of(__m256i v)
{
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    return (uint64_t)_mm_cvtsi128_si64(two) + (uint64_t)_mm_extract_epi64(two, 1);
}

AVX2 void hash_fold_avx2(const struct hash_long *h, const char *p, size_t n,
                         uint64_t ret_sums[HASH_FOLDS])
{
    __m256i sums[HASH_FOLDS] = {_mm256_setzero_si256(), _mm256_setzero_si256(),
                                _mm256_setzero_si256(), _mm256_setzero_si256()};
    const char *key = (const char *)h->fold;
    must(n <= HASH_BLOCK_BYTES && n % STEP == 0);
    for (size_t i = 0; i < n; i += STEP) {
        __m256i m = cpu_load_32(p + i);
#pragma GCC unroll 4
        for (size_t f = 0; f < HASH_FOLDS; f++) {
            __m256i s = _mm256_add_epi32(m, cpu_load_32(key + i + f * HASH_SHIFT_BYTES));
            sums[f] = _mm256_add_epi64(sums[f], _mm256_mul_epu32(s, _mm256_srli_epi64(s, 32)));
        }
    }
    for (size_t f = 0; f < HASH_FOLDS; f++)
        ret_sums[f] = sum_of(sums[f]);
}

static void sip_block(struct sip *s, const struct hash_long *h, const char *p, size_t n)
{
    uint64_t sums[HASH_FOLDS];
    if (cpu_avx2())
        hash_fold_avx2(h, p, n, sums);
    else
        hash_fold_plain(h, p, n, sums);
    for (size_t f = 0; f < HASH_FOLDS; f++)
        sip_word(s, sums[f]);
}

struct hash128 hash_bytes(const struct hash_long *h, const void *p, size_t n)
{
    enum { BLOCK = HASH_BLOCK_BYTES };
    struct sip s = sip_begin(h->key);
    const char *at = p;
    size_t left = n;
    must(p || n == 0);
    s.v[1] ^= 0xee; // the 128-bit form
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
        sip_block(&s, h, at, BLOCK);
    if (left) {
        char tail[BLOCK] = {0};
        memcpy(tail, at, left);
        sip_block(&s, h, tail, (left + STEP - 1) / STEP * STEP);
    }
    sip_word(&s, n); // tells a short tail from its zeros
    s.v[2] ^= 0xee;
    struct hash128 out = {{sip_out(&s), 0}};
    s.v[1] ^= 0xdd;
    out.h[1] = sip_out(&s);
    return out;
}
