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
// "UMAC", 1999) with words of 32 bits, four times under a shifted key, and what is left goes
// through SipHash's 128-bit form. Two inputs meet with a chance of about 2^-128 for each block they
// have.
enum { HASH_BLOCK_BYTES = 1024, HASH_FOLDS = 4, HASH_SHIFT_BYTES = 16 };
struct hash128 {
    uint64_t h[2];
};
struct hash_long {
    struct hash_key key;
    uint64_t fold[(HASH_BLOCK_BYTES + (HASH_FOLDS - 1) * HASH_SHIFT_BYTES) / 8];
};
void hash_long_init(struct hash_long *h, struct hash_key key);
struct hash128 hash_bytes(const struct hash_long *h, const void *p, size_t n);

// The folding's two twins, of which hash_bytes takes what the machine has. n: a multiple of 32, a
// block at most.
void hash_fold_plain(const struct hash_long *h, const char *p, size_t n,
                     uint64_t ret_sums[HASH_FOLDS]);
void hash_fold_avx2(const struct hash_long *h, const char *p, size_t n,
                    uint64_t ret_sums[HASH_FOLDS]);
#endif
