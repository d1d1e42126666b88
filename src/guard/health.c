// health.c: what is said of somebody's health: notes, findings, talks with a doctor, "I was
// diagnosed with ...". A word of medicine alone says nothing, an article has many; so the words
// around it are weighed, and their neighbours, by a linear model over hashed slots that
// tools/train_health.py makes. Such words are judged from the first on, the next only behind what
// was judged with it: work is linear. Of one text the first place is told, as the word that it was
// judged at: what is said there goes on around it.
#include "guard/detector.h"
#include <math.h>

// As in tools/train_health.py. The asset: the bias in two bytes, then a weight a slot.
enum { BEFORE = 96, BEHIND = 416, SLOT_BITS = 14, SLOTS = 1 << SLOT_BITS, SCALE = 16 };
enum { HEAD_BYTES = 2, NUMBER_HASH = 1 };
extern const char asset_health_bin_begin[], asset_health_bin_end[];

static int weight(uint32_t hash)
{
    const int8_t *weights = (const int8_t *)asset_health_bin_begin + HEAD_BYTES;
    return weights[hash * 0x9e3779b1u >> (32 - SLOT_BITS)];
}

// The end of the word, or of the digits, at `at`, with its hash; `at` when there is neither.
static size_t next_word(str t, size_t at, uint32_t *ret_hash)
{
    uint32_t hash = 2166136261u;
    size_t p = at;
    while (p < t.n && is_digit(t.p[p]))
        p++;
    if (p > at) {
        *ret_hash = NUMBER_HASH;
        return p;
    }
    for (; p < t.n && of_word(t.p[p]); p++) {
        uint8_t c = (uint8_t)t.p[p];
        hash = (hash ^ (c & 0x80 ? c : c | 0x20)) * 16777619u;
    }
    *ret_hash = hash;
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
