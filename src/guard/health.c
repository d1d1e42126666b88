// health.c: what is said of somebody's health: notes, findings, talks with a doctor, "I was
// diagnosed with ...". A word of medicine alone says nothing, an article has many; so the words
// around it are weighed, and their neighbours, by a linear model over hashed slots that
// tools/train_health.py makes. Such words are judged from the first on, the next only behind what
// was judged with it: work is linear. Of one text the first place is told, as the word that it was
// judged at: what is said there goes on around it.
#include "guard/detector.h"
#include <emmintrin.h>
#include <math.h>

// As in tools/train_health.py. The asset: the bias in two bytes, then a weight a slot.
enum { BEFORE = 96, BEHIND = 256, SLOT_BITS = 14, SLOTS = 1 << SLOT_BITS, SCALE = 16 };
enum { HEAD_BYTES = 2, NUMBER_HASH = 1, WORD_BYTES = 16 };
extern const char asset_health_bin_begin[], asset_health_bin_end[];

static int weight(uint32_t hash)
{
    const int8_t *weights = (const int8_t *)asset_health_bin_begin + HEAD_BYTES;
    return weights[hash * 0x9e3779b1u >> (32 - SLOT_BITS)];
}

// The word that begins in these bytes, of which `here` are the text's: its length as far as it
// goes, and the hash of its letters in lower case.
static size_t word_of_16(const char *p, size_t here, uint32_t *ret_hash)
{
    static const uint8_t keep[2 * WORD_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                 255, 255, 255, 255, 255, 255, 255, 255};
    char copy[WORD_BYTES] = {0};
    uint64_t half[2];
    if (here < WORD_BYTES)
        p = memcpy(copy, p, here);
    __m128i v = _mm_loadu_si128((const void *)p), low = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i place = _mm_sub_epi8(low, _mm_set1_epi8('a'));
    __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(25)), place);
    unsigned letters = (unsigned)_mm_movemask_epi8(_mm_or_si128(letter, v)); // or not ASCII
    size_t n = (size_t)__builtin_ctz(~letters);
    low = _mm_and_si128(low, _mm_loadu_si128((const void *)(keep + WORD_BYTES - n)));
    memcpy(half, &low, sizeof half);
    uint64_t hash = half[0] * 0x9e3779b97f4a7c15u + half[1] * 0xd6e8feb86659fd93u;
    *ret_hash = (uint32_t)(((hash ^ hash >> 32) * 0xff51afd7ed558ccdu) >> 32);
    return n;
}

// The end of the word, or of the digits, at `at`, with its hash; `at` when there is neither. Of a
// long word the beginning counts.
static size_t next_word(str t, size_t at, uint32_t *ret_hash)
{
    size_t p = at;
    while (p < t.n && is_digit(t.p[p]))
        p++;
    if (p > at) {
        *ret_hash = NUMBER_HASH;
        return p;
    }
    p += word_of_16(t.p + at, t.n - at, ret_hash);
    if (p - at == WORD_BYTES)
        while (p < t.n && of_word(t.p[p]))
            p++;
    return p;
}

// How much the text speaks of somebody's health; above 0: it does.
static float judge(str t)
{
    const uint8_t *head = (const uint8_t *)asset_health_bin_begin;
    int bias = (int16_t)(head[0] | head[1] << 8), sum = 0, n = 0;
    uint32_t hash, last = 0;
    must(asset_health_bin_end - asset_health_bin_begin == HEAD_BYTES + SLOTS);
    for (size_t p = 0; p < t.n;) {
        size_t end = next_word(t, p, &hash);
        if (end > p) {
            sum += weight(hash) + (n ? weight(last * 31 + hash) : 0);
            n += n ? 2 : 1;
            last = hash;
        }
        p = max_size(end, p + 1);
    }
    return n ? ((float)sum / sqrtf((float)n) + (float)bias) / SCALE : 0;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t end = l->cue_end;
    must(l->at < t.n && end <= t.n);
    if (l->at < l->judged)
        return false;
    size_t start = l->at > BEFORE ? l->at - BEFORE : 0;
    l->judged = min_size(t.n, l->at + BEHIND);
    float z = judge(str_of(t.p + start, l->judged - start));
    if (z <= 0)
        return false;
    while (end < t.n && of_word(t.p[end]))
        end++;
    l->judged = SIZE_MAX;
    *ret_hit = (struct hit){l->at, end, 0.5f + 0.5f * z / (1 + z)};
    return true;
}

const struct detector detector_health = {
    .anchors = ANCHOR_CUE, .cues = 1u << CUE_HEALTH, .match = match};
