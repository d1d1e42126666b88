// words.h: the characters and words of a text, as hashes. Private to route. WORD_PAD zero bytes
// must follow the text, so that a word is read in one go and its end needs no look at the length.
#ifndef ROUTE_WORDS_H
#define ROUTE_WORDS_H
#include "base/base.h"
#include <emmintrin.h>

enum { WORD_PAD = 16 };

// What a byte begins. A sign is a mark that may mean more than itself, where it stands. Behind a
// word, those from KIND_LETTER on may belong to it.
enum kind {
    KIND_OTHER,
    KIND_MARK,
    KIND_SIGN,
    KIND_DIGIT,
    KIND_LETTER,
    KIND_APOSTROPHE, // counts as a mark
    KIND_WIDE,
    KIND_ALONE, // of a wide character: a word by itself, as Han is
};
extern const uint8_t word_kind[256];

// One character that is not ASCII. Where it is punctuation, `same_as` is its ASCII likeness, or 0.
struct wide {
    uint32_t cp; // lower case
    uint8_t bytes;
    uint8_t kind; // KIND_LETTER, KIND_ALONE or KIND_OTHER
    char same_as;
};
// Tolerant of broken UTF-8: a byte that begins nothing is one character of no kind.
struct wide wide_read(const uint8_t *p);

static inline uint64_t word_load(const void *p)
{
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes;
}

static inline uint32_t word_hash(uint64_t a, uint64_t b)
{
    uint64_t h = a * 0x9e3779b97f4a7c15u + b * 0xc2b2ae3d27d4eb4fu;
    return (uint32_t)(((h ^ h >> 32) * 0xbf58476d1ce4e5b9u) >> 32);
}

// Words with other letters, with apostrophes, and long ones.
const uint8_t *word_read_any(const uint8_t *p, uint32_t *ret_hash);

// The word at p, which begins with a letter of any kind; returns what follows it.
static inline const uint8_t *word_read(const uint8_t *p, uint32_t *ret_hash)
{
    static const uint8_t keep[2 * WORD_PAD] = {255, 255, 255, 255, 255, 255, 255, 255,
                                               255, 255, 255, 255, 255, 255, 255, 255};
    __m128i low = _mm_or_si128(_mm_loadu_si128((const void *)p), _mm_set1_epi8(0x20));
    __m128i place = _mm_sub_epi8(low, _mm_set1_epi8('a'));
    __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(25)), place);
    size_t n = (size_t)__builtin_ctz(~(unsigned)_mm_movemask_epi8(letter));
    if (unlikely(word_kind[p[n]] >= KIND_LETTER))
        return word_read_any(p, ret_hash);
    low = _mm_and_si128(low, _mm_loadu_si128((const void *)(keep + WORD_PAD - n)));
    *ret_hash = word_hash((uint64_t)_mm_cvtsi128_si64(low),
                          (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(low, low)));
    return p + n;
}

// A character of KIND_ALONE.
static inline uint32_t word_hash_alone(uint32_t cp)
{
    return word_hash(cp, 0);
}
#endif
