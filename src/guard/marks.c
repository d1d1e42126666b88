// marks.c: bytes to bits. A byte's class is what two small tables say of its upper and of its lower
// half together, so that one shuffle looks up 32 bytes; of bytes that are not ASCII the tables say
// nothing. Cue words are looked for in the same way: each belongs to one of eight buckets, and a
// place may hold one when its first byte and the lower halves of the three behind it fit the same
// bucket.
// Invariant: the twins give the same marks.
#include "guard/marks.h"
#include "guard/cues.h"

enum { CUE_BYTES = BLOCK_MORE + 1 };

// Classes, a bit each; those of key bytes are the highest. Three key bytes have the bit of a sign,
// too: the tables tell halves, and @ : = share theirs with 0, J and M. VEIL, of % and &, makes a
// class negative, so it is below all others where these are compared.
enum { VEIL = 128, SIGN = 1, DOLLAR = 2, DASH = 4, LINE = 8, DIGIT = 16, A_TO_O = 32, P_TO_Z = 64 };
enum { BELOW_KEY = DASH - 1, BELOW_LETTER = A_TO_O - 1, DIGIT_TO_TOP = 3, SMALL_TO_TOP = 2 };

static const uint8_t class_low[16] = {
    [0] = SIGN | DIGIT | P_TO_Z,
    [1 ... 3] = DIGIT | A_TO_O | P_TO_Z,
    [4] = DOLLAR | DIGIT | A_TO_O | P_TO_Z,
    [5 ... 6] = DIGIT | A_TO_O | P_TO_Z | VEIL,
    [7 ... 9] = DIGIT | A_TO_O | P_TO_Z,
    [10] = SIGN | A_TO_O | P_TO_Z,
    [11 ... 12] = A_TO_O,
    [13] = SIGN | DASH | A_TO_O,
    [14] = A_TO_O,
    [15] = LINE | A_TO_O,
};
static const uint8_t class_high[16] = {
    [2] = DASH | DOLLAR | VEIL, [3] = SIGN | DIGIT, [4] = SIGN | A_TO_O,
    [5] = LINE | P_TO_Z,        [6] = A_TO_O,       [7] = P_TO_Z,
};

// The lower halves of what makes an escape of a backslash: u x and /.
static const uint8_t escape_low[16] = {[5] = VEIL, [8] = VEIL, [15] = VEIL};

// Tables of the cue words that wake, worked out by the compiler: for each byte of a word, which
// buckets have one with this half there.
// By the first letter: so shared out that few other words of prose begin so.
#define BUCKET(word) (1u << ("75465746207711420036600000"[(uint8_t)((word)[0] - 'a') % 26] - '0'))
#define LOW_HALF(word, kind, form, id, i)                                                          \
    | (CUE_##kind < CUE_WAKING && ((word)[(i) / 16] & 15) == (i) % 16 ? BUCKET(word) : 0)
// The upper half of a letter in either case; i is a half.
#define HIGH_HALF(word, kind, form, id, i)                                                         \
    | (CUE_##kind < CUE_WAKING && ((word)[0] >> 4 | 2) == ((i) | 2) ? BUCKET(word) : 0)
#define LOW(i)      (0u CUES(LOW_HALF, i))
#define HIGH(i)     (0u CUES(HIGH_HALF, i))
#define FOUR(of, i) of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define SIXTEEN(of, i)                                                                             \
    {                                                                                              \
        FOUR(of, i), FOUR(of, (i) + 4), FOUR(of, (i) + 8), FOUR(of, (i) + 12)                      \
    }
static const uint8_t cue_high[16] = SIXTEEN(HIGH, 0);
static const uint8_t cue_low[CUE_BYTES][16] = {SIXTEEN(LOW, 0), SIXTEEN(LOW, 16), SIXTEEN(LOW, 32),
                                               SIXTEEN(LOW, 48)};

// What was read of a block.
struct classes {
    uint64_t digit, key, letter, cue, some; // some: of any class
    uint64_t small;                         // of letters, the small ones; of others anything
};

// `now` moved up by n, with the last bits of the block before it moved in; 0 < n < 64.
static inline uint64_t shifted(uint64_t now, uint64_t before_it, int n)
{
    return now << n | before_it >> (64 - n);
}

static inline __attribute__((always_inline)) void
derive(const struct classes *c, struct marks_state *s, struct marks *ret_marks)
{
    uint64_t run[5] = {c->key}; // run[k]: the last of 2^k key bytes or more in a row
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        run[k + 1] = run[k] & shifted(run[k], s->run[k], 1 << k);
    *ret_marks = (struct marks){
        .digit = c->digit,
        .letter = c->letter,
        .number = c->digit & ~shifted(c->digit, s->digit, 1),
        .cue = c->cue & ~(shifted(c->letter, s->letter, 1) & c->small),
        .run = run[4] & ~shifted(run[4], s->run[4], 1),
        .sign = c->some & ~c->key,
    };
    *s = (struct marks_state){c->digit, c->letter, {run[0], run[1], run[2], run[3], run[4]}};
}

// --- AVX2 ----------------------------------------------------------------------------------------

AVX2 static inline __m256i table(const uint8_t *t)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}
// The top bits of 32 bytes and of 32 more.
AVX2 static inline uint64_t bits_64(__m256i first, __m256i second)
{
    return (uint32_t)_mm256_movemask_epi8(first) | (uint64_t)(uint32_t)_mm256_movemask_epi8(second)
                                                       << 32;
}

// The tables, in registers.
struct tables_32 {
    __m256i class_low, class_high, cue_high, cue_low[CUE_BYTES], escape_low;
};

// Classes of 32 bytes v at p; in *ret_no_cue 255 where no cue word can stand.
AVX2 static inline __m256i classes_32(const char *p, __m256i v, const struct tables_32 *t,
                                      __m256i *ret_no_cue)
{
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
    __m256i cue = _mm256_and_si256(_mm256_shuffle_epi8(t->cue_high, high),
                                   _mm256_shuffle_epi8(t->cue_low[0], v));
#pragma GCC unroll 4
    for (int i = 1; i < CUE_BYTES; i++)
        cue = _mm256_and_si256(cue, _mm256_shuffle_epi8(t->cue_low[i], cpu_load_32(p + i)));
    *ret_no_cue = _mm256_cmpeq_epi8(cue, _mm256_setzero_si256());
    return _mm256_and_si256(_mm256_shuffle_epi8(t->class_low, v),
                            _mm256_shuffle_epi8(t->class_high, high));
}

// What was met so far, in the top bits.
struct met_32 {
    __m256i foreign, veil;
};

// Of 32 bytes v at p, the backslashes that may begin an escape.
AVX2 static inline __m256i escapes_32(const char *p, __m256i v, const struct tables_32 *t)
{
    return _mm256_and_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')),
                            _mm256_shuffle_epi8(t->escape_low, cpu_load_32(p + 1)));
}

AVX2 static inline struct classes classes_avx2(const char *p, const struct tables_32 *t,
                                               struct met_32 *met)
{
    __m256i no_cue[2], v = cpu_load_32(p), w = cpu_load_32(p + 32);
    __m256i x = classes_32(p, v, t, &no_cue[0]);
    __m256i y = classes_32(p + 32, w, t, &no_cue[1]);
    __m256i below_key = _mm256_set1_epi8(BELOW_KEY), zero = _mm256_setzero_si256();
    __m256i below_letter = _mm256_set1_epi8(BELOW_LETTER);
    met->foreign = _mm256_or_si256(met->foreign, _mm256_or_si256(v, w));
    met->veil = _mm256_or_si256(met->veil, _mm256_or_si256(x, y));
    met->veil =
        _mm256_or_si256(met->veil, _mm256_or_si256(escapes_32(p, v, t), escapes_32(p + 32, w, t)));
    return (struct classes){
        .digit = bits_64(_mm256_slli_epi16(x, DIGIT_TO_TOP), _mm256_slli_epi16(y, DIGIT_TO_TOP)),
        .key = bits_64(_mm256_cmpgt_epi8(x, below_key), _mm256_cmpgt_epi8(y, below_key)),
        .letter = bits_64(_mm256_cmpgt_epi8(x, below_letter), _mm256_cmpgt_epi8(y, below_letter)),
        .small = bits_64(_mm256_slli_epi16(v, SMALL_TO_TOP), _mm256_slli_epi16(w, SMALL_TO_TOP)),
        .some = bits_64(_mm256_cmpgt_epi8(x, zero), _mm256_cmpgt_epi8(y, zero)),
        .cue = ~bits_64(no_cue[0], no_cue[1]),
    };
}

AVX2 unsigned marks_read_avx2(const char *p, size_t blocks, struct marks_state *state,
                              struct marks *ret_marks)
{
    struct tables_32 t = {.class_low = table(class_low),
                          .class_high = table(class_high),
                          .escape_low = table(escape_low),
                          .cue_high = table(cue_high)};
    struct marks_state s = *state;
    struct met_32 met = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    must(p && ret_marks);
#pragma GCC unroll 4
    for (int i = 0; i < CUE_BYTES; i++)
        t.cue_low[i] = table(cue_low[i]);
    for (size_t i = 0; i < blocks; i++) {
        struct classes c = classes_avx2(p + i * BLOCK, &t, &met);
        derive(&c, &s, &ret_marks[i]);
    }
    *state = s;
    return (_mm256_movemask_epi8(met.foreign) ? MARKS_FOREIGN : 0) |
           (_mm256_movemask_epi8(met.veil) ? MARKS_VEIL : 0);
}

// --- SSE2 ----------------------------------------------------------------------------------------

// The top bits of 16 bytes, the first of which is bit `shift`.
static inline uint64_t bits_16(__m128i v, int shift)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}

static struct classes classes_sse2(const char *p)
{
    struct classes c = {0};
    uint8_t class[BLOCK], cue[BLOCK];
    const __m128i zero = _mm_setzero_si128();
    for (int i = 0; i < BLOCK; i++) {
        unsigned char b = (unsigned char)p[i];
        class[i] = b & 0x80 ? 0 : class_low[b & 15] & class_high[b >> 4];
        cue[i] = b & 0x80 ? 0 : cue_low[0][b & 15] & cue_high[b >> 4];
        for (int k = 1; k < CUE_BYTES && cue[i]; k++)
            cue[i] &= p[i + k] & 0x80 ? 0 : cue_low[k][p[i + k] & 15];
    }
    for (int i = 0; i < BLOCK; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(class + i));
        __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(cue + i));
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        c.digit |= bits_16(_mm_slli_epi16(x, DIGIT_TO_TOP), i);
        c.key |= bits_16(_mm_cmpgt_epi8(x, _mm_set1_epi8(BELOW_KEY)), i);
        c.letter |= bits_16(_mm_cmpgt_epi8(x, _mm_set1_epi8(BELOW_LETTER)), i);
        c.small |= bits_16(_mm_slli_epi16(v, SMALL_TO_TOP), i);
        c.some |= bits_16(_mm_cmpgt_epi8(x, zero), i);
        c.cue |= bits_16(_mm_xor_si128(_mm_cmpeq_epi8(y, zero), _mm_set1_epi8(-1)), i);
    }
    return c;
}

static bool may_escape(const char *p)
{
    return p[0] == '\\' && !(p[1] & 0x80) && escape_low[p[1] & 15];
}

unsigned marks_read_sse2(const char *p, size_t blocks, struct marks_state *state,
                         struct marks *ret_marks)
{
    unsigned met = 0;
    must(p && ret_marks);
    for (size_t i = 0; i < blocks; i++) {
        struct classes c = classes_sse2(p + i * BLOCK);
        derive(&c, state, &ret_marks[i]);
    }
    for (size_t i = 0; i < blocks * BLOCK; i++)
        met |= (p[i] & 0x80 ? MARKS_FOREIGN : 0) |
               (p[i] == '%' || p[i] == '&' || may_escape(p + i) ? MARKS_VEIL : 0);
    return met;
}
