// hash.h: keyed hashes. Without the key nobody can make two inputs that meet, so they may decide
// what a remembered result belongs to, and stamp what must not be forged within this process.
#ifndef BASE_HASH_H
#define BASE_HASH_H
#include "base/base.h"

struct hash_key {
    uint64_t k[2];
};

// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) over whole words.
uint64_t hash_words(struct hash_key key, const uint64_t *words, size_t count);

// For long inputs: blocks of 1 KiB are folded by NH (Black, Halevi, Krawczyk, Krovetz, Rogaway,
// "UMAC", 1999) with 64-bit words, twice under a shifted key, and what is left goes through
// SipHash's 128-bit form. Two inputs meet with a chance of about 2^-128 for each block they have.
// Less than an instruction a byte.
enum { HASH_BLOCK_WORDS = 128 };
struct hash128 {
    uint64_t h[2];
};
struct hash_long {
    struct hash_key key;
    uint64_t fold[HASH_BLOCK_WORDS + 2];
};
void hash_long_init(struct hash_long *h, struct hash_key key);
struct hash128 hash_bytes(const struct hash_long *h, const void *p, size_t n);
#endif
