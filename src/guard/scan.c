// scan.c: two passes in one loop. The first sees each byte once, 64 at a time, as bits of a few
// classes, and from these where anchors stand; the second looks only there. Prose has few anchors:
// most of it costs vector instructions and one look into a small filter for each word.
// Invariants: (1) anchors come in order of place (ANCHOR_LONG: when its KEY_RUN-th byte is seen),
// wherever the borders of blocks fall; (2) findings of a part are in order and do not overlap: of
// two that do, the one with the higher label stays, then the one with the higher score; (3) the
// label never falls when a finding gives way.
#include "guard/scan.h"
#include <emmintrin.h>

// Shorter numbers are looked at only behind letters.
enum { BLOCK = 64, NUMBER_LEAST = 7, LOOK_BACK = 64 };

static const struct detector *const detectors[] = {
#define DETECTOR(name, type, label, sentence) &detector_##name,
#include "guard/detectors.def"
#undef DETECTOR
};
_Static_assert(countof(detectors) <= SCAN_DETECTORS_MAX, "a row for each detector");

// One bit a byte of a block.
struct classes {
    uint64_t lead;                              // CUE_LEAD
    uint64_t digit, word, low, key, at, assign; // low: bit 5, which tells a letter's case
};

// --- findings ------------------------------------------------------------------------------------

static enum label label_of(const struct scan *s, size_t detector, double score)
{
    return score >= s->policy->least_score ? s->policy->of_type[detector] : LABEL_PUBLIC;
}

// Whether a new hit must give way to finding i, which it overlaps.
static bool gives_way(const struct scan *s, uint32_t i, size_t detector, const struct hit *hit)
{
    const struct finding *f = &s->out->findings[i];
    enum label old = label_of(s, s->detector_of[i], (double)f->score);
    enum label new = label_of(s, detector, (double)hit->score);
    return old != new ? old > new : f->score >= hit->score;
}

static void take_out(struct scan *s, uint32_t i)
{
    struct screening *out = s->out;
    must(i < out->finding_count);
    out->finding_count--;
    for (; i < out->finding_count; i++) {
        out->findings[i] = out->findings[i + 1];
        s->detector_of[i] = s->detector_of[i + 1];
    }
}

static void put_in(struct scan *s, size_t detector, const struct hit *hit)
{
    struct screening *out = s->out;
    uint32_t i = out->finding_count;
    if (!out->findings)
        out->findings = arena_array(s->arena, struct finding, GUARD_FINDINGS_MAX);
    for (; i > s->first && out->findings[i - 1].start > hit->start; i--) {
        out->findings[i] = out->findings[i - 1];
        s->detector_of[i] = s->detector_of[i - 1];
    }
    out->findings[i] = (struct finding){.type = guard_type(detector),
                                        .part = s->part,
                                        .start = (uint32_t)hit->start,
                                        .end = (uint32_t)hit->end,
                                        .score = hit->score};
    s->detector_of[i] = (uint8_t)detector;
    out->finding_count++;
}

static void add(struct scan *s, size_t detector, const struct hit *hit)
{
    struct screening *out = s->out;
    must(hit->start < hit->end && hit->end <= s->look.text.n);
    s->past[detector] = hit->end;
    out->label = label_join(out->label, label_of(s, detector, (double)hit->score));
    for (uint32_t i = out->finding_count; i > s->first; i--) {
        const struct finding *f = &out->findings[i - 1];
        if (f->end <= hit->start)
            break; // in order and apart: those before end earlier still
        if (f->start >= hit->end)
            continue;
        if (gives_way(s, i - 1, detector, hit))
            return;
        take_out(s, i - 1);
    }
    if (out->finding_count == GUARD_FINDINGS_MAX)
        out->truncated = true;
    else
        put_in(s, detector, hit);
}

// --- anchors -------------------------------------------------------------------------------------

void scan_begin(struct scan *s, str text)
{
    must(text.n <= UINT32_MAX);
    s->first = s->out->finding_count;
    memset(s->past, 0, countof(detectors) * sizeof s->past[0]);
    memset(s->look.last, 0, sizeof s->look.last);
    s->look.text = text;
    s->looked = 0;
}

static void wake(struct scan *s, enum anchor anchor, size_t at)
{
    struct look *l = &s->look;
    l->at = at;
    l->anchor = anchor;
    for (size_t i = 0; i < countof(detectors); i++) {
        struct hit hit;
        if (!(detectors[i]->anchors & anchor) || at < s->past[i])
            continue;
        if (detectors[i]->match(l, &hit) && hit.start >= s->past[i])
            add(s, i, &hit);
    }
}

// Finds the cue words that end before `at` and are near, but for those that were found before.
static void look_back(struct scan *s, size_t at)
{
    struct look *l = &s->look;
    str t = l->text;
    size_t p = max_size(s->looked, at > LOOK_BACK ? at - LOOK_BACK : 0);
    for (; p < at; p++) {
        bool letter = is_letter(t.p[p]), after = is_letter(before(t, p));
        bool begins = letter && (!after || (is_upper(t.p[p]) && !is_upper(before(t, p))));
        enum cue cue;
        size_t end;
        if (begins && cue_at(t, p, &cue, &end) && end <= at)
            l->last[cue] = end;
    }
    s->looked = at;
}

void scan_anchor(struct scan *s, enum anchor anchor, size_t at)
{
    struct look *l = &s->look;
    must(at < l->text.n);
    if (anchor == ANCHOR_NUMBER) {
        number_read(l->text, at, &l->number);
        if (l->number.digits < NUMBER_LEAST && !is_letter(before(l->text, at)))
            return;
        if (l->number.digits >= NUMBER_LEAST)
            look_back(s, at);
    } else if (anchor == ANCHOR_CUE) {
        if (!cue_at(l->text, at, &l->cue, &l->cue_end) || l->cue >= CUE_WAKING)
            return;
        l->last[l->cue] = l->cue_end;
    }
    wake(s, anchor, at);
}

// --- classes -------------------------------------------------------------------------------------

// Bytes from `first` to first + span - 1.
static __m128i in_range(__m128i v, char first, char span)
{
    __m128i from = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((char)(span - 1))), from);
}

static inline uint64_t bits(__m128i v, int shift)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}

// Sixteen bytes of a block, the first of which is bit `shift`. Always inlined: the shifts are
// constants then, which is half the time.
static inline __attribute__((always_inline)) void read_16(const char *p, int shift,
                                                          struct classes *c, __m128i *high)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + shift));
    __m128i digit = in_range(v, '0', 10);
    __m128i small = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i letter = in_range(small, 'a', 26);
    __m128i line =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('_')), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
    __m128i assign =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(':')), _mm_cmpeq_epi8(v, _mm_set1_epi8('=')));
    *high = _mm_or_si128(*high, v);
    c->digit |= bits(digit, shift);
    c->word |= bits(_mm_or_si128(letter, v), shift); // and all that is not ASCII
    __m128i lead = _mm_or_si128(_mm_or_si128(in_range(small, 'b', 2), in_range(small, 'k', 2)),
                                _mm_or_si128(_mm_cmpeq_epi8(small, _mm_set1_epi8('p')),
                                             _mm_cmpeq_epi8(small, _mm_set1_epi8('s'))));
    c->lead |= bits(lead, shift);
    c->low |= bits(_mm_slli_epi16(v, 2), shift);
    c->key |= bits(_mm_or_si128(_mm_or_si128(letter, digit), line), shift);
    c->at |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('@')), shift);
    c->assign |= bits(assign, shift);
}

static struct classes read_block(const char *p, __m128i *high)
{
    struct classes c = {0};
    read_16(p, 0, &c, high);
    read_16(p, 16, &c, high);
    read_16(p, 32, &c, high);
    read_16(p, 48, &c, high);
    return c;
}

// `now` moved up by n, with the last bits of the block before it moved in; 0 < n < 64.
static uint64_t shifted(uint64_t now, uint64_t before_it, int n)
{
    return now << n | before_it >> (64 - n);
}

// Bytes at which a run of key bytes has just become KEY_RUN long.
static uint64_t long_runs(uint64_t now, uint64_t before_it)
{
    uint64_t a = now, b = before_it;
    for (int n = 1; n < KEY_RUN; n *= 2) {
        a &= shifted(a, b, n);
        b &= b << n; // only its highest KEY_RUN bits are ever asked for
    }
    return a & ~shifted(now, before_it, KEY_RUN);
}

// Which of the words that begin at these places may be cues that wake; p has three bytes more than
// a block. Four at a time, done or not: a branch for each costs more than what it saves.
static uint64_t maybe_cues(const char *p, uint64_t starts, uint64_t word)
{
    uint64_t ones = ~(uint64_t)0; // what is behind the block is not known yet: letters, perhaps
    uint64_t rest = starts & (word >> 1 | ones << 63) & (word >> 2 | ones << 62), maybe = 0;
    while (rest)
        for (int k = 0; k < 4; k++) {
            uint32_t w;
            memcpy(&w, p + __builtin_ctzll(rest | (uint64_t)1 << 63), sizeof w);
            maybe |= -cue_maybe(w) & (rest & -rest);
            rest &= rest - 1;
        }
    return maybe;
}

// A word begins, too, where a capital letter follows a small one: accountKey.
static void see_block(struct scan *s, const struct classes *c, const struct classes *last,
                      const char *p, size_t at)
{
    uint64_t number = c->digit & ~shifted(c->digit, last->digit, 1);
    uint64_t small = c->low & c->word, small_before = last->low & last->word;
    uint64_t word =
        c->word & (~shifted(c->word, last->word, 1) | (~c->low & shifted(small, small_before, 1)));
    uint64_t cue = maybe_cues(p, word & c->lead, c->word);
    uint64_t run = long_runs(c->key, last->key);
    uint64_t rest = number | cue | run | c->at | c->assign;
    for (; rest; rest &= rest - 1) {
        uint64_t bit = rest & -rest;
        size_t here = at + (size_t)__builtin_ctzll(rest);
        if (cue & bit)
            scan_anchor(s, ANCHOR_CUE, here);
        if (number & bit)
            scan_anchor(s, ANCHOR_NUMBER, here);
        if (c->at & bit)
            scan_anchor(s, ANCHOR_AT, here);
        if (c->assign & bit)
            scan_anchor(s, ANCHOR_ASSIGN, here);
        if (run & bit)
            scan_anchor(s, ANCHOR_LONG, here - (KEY_RUN - 1));
    }
}

void scan_text(struct scan *s, str text)
{
    enum { MORE = 4 }; // bytes behind a block that are read with it
    struct classes last = {0};
    __m128i high = _mm_setzero_si128();
    scan_begin(s, text);
    for (size_t at = 0; at < text.n && !s->out->truncated; at += BLOCK) {
        char tail[BLOCK + MORE];
        const char *p = text.p + at;
        if (text.n - at < sizeof tail) {
            memset(tail, 0, sizeof tail);
            p = memcpy(tail, p, text.n - at);
        }
        struct classes now = read_block(p, &high);
        see_block(s, &now, &last, p, at);
        last = now;
    }
    if (_mm_movemask_epi8(high) && utf8_valid(text) != text.n)
        s->out->label = LABEL_RESTRICTED;
}
