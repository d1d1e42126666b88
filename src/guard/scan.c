// scan.c: two passes in one loop. The first sees each byte once, 64 at a time, as bits of a few
// classes, and from these where anchors stand; the second looks only there. Prose has few anchors:
// most of it costs vector instructions and one look into a small filter for each word.
// Invariants: (1) anchors come in order of place (ANCHOR_LONG: when its KEY_RUN-th byte is seen),
// wherever the borders of blocks fall; (2) findings of a part are in order and do not overlap: of
// two that do, the one with the higher label stays, then the one with the higher score; (3) the
// label never falls when a finding gives way; (4) work is linear in the text.
#include "guard/scan.h"
#include "guard/encoded.h"
#include "guard/marks.h"
#include "guard/secret.h"
#include "guard/veil.h"

// Shorter numbers are looked at only in tokens with letters.
enum { NUMBER_LEAST = 6, LOOK_BACK = 64 };

// What detectors may look at twice and more often, in bytes: many times what they do in any text
// but one that is made to cost. Such a text is restricted.
enum { SPENT_PER_BYTE = 4, SPENT_ALWAYS = 1 << 16 };

static const struct detector *const detectors[] = {
#define DETECTOR(name, type, label, sentence) &detector_##name,
#include "guard/detectors.def"
#undef DETECTOR
};
_Static_assert(countof(detectors) <= SCAN_DETECTORS_MAX, "a row for each detector");

// --- findings ------------------------------------------------------------------------------------

// Behind the detectors come the operator's kinds.
static const char *type_of(const struct scan *s, size_t detector)
{
    size_t own = detector - countof(detectors);
    return detector < countof(detectors) ? guard_type(detector)
                                         : own_type(s->policy->own, (unsigned)own);
}

static enum label label_of(const struct scan *s, size_t detector, double score)
{
    if (detector >= countof(detectors))
        return s->policy->of_own[detector - countof(detectors)];
    return score >= s->policy->least_score ? s->policy->of_type[detector] : LABEL_PUBLIC;
}

// Whether a new hit must give way to finding i, which it overlaps. Without its veils a place shows
// all that belongs to it.
static bool gives_way(const struct scan *s, uint32_t i, size_t detector, const struct hit *hit,
                      const char *via)
{
    const struct finding *f = &s->out->findings[i];
    enum label old = label_of(s, s->detector_of[i], (double)f->score);
    enum label new = label_of(s, detector, (double)hit->score);
    bool all = via && s->detector_of[i] == detector && hit->start <= f->start && f->end <= hit->end;
    return old != new ? old > new : f->score >= hit->score && !all;
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

static void make_room(struct scan *s)
{
    if (!s->out->findings)
        s->out->findings = arena_array(s->arena, struct finding, GUARD_FINDINGS_MAX);
}

void scan_known(struct scan *s, const struct finding *findings, uint32_t count)
{
    struct screening *out = s->out;
    if (count)
        make_room(s);
    for (uint32_t i = 0; i < count; i++) {
        if (out->finding_count == GUARD_FINDINGS_MAX) {
            out->truncated = true;
            return;
        }
        out->findings[out->finding_count] = findings[i];
        out->findings[out->finding_count++].part = s->part;
    }
}

static void put_in(struct scan *s, size_t detector, const struct hit *hit, const char *via)
{
    struct screening *out = s->out;
    uint32_t i = out->finding_count;
    make_room(s);
    for (; i > s->first && out->findings[i - 1].start > hit->start; i--) {
        out->findings[i] = out->findings[i - 1];
        s->detector_of[i] = s->detector_of[i - 1];
    }
    out->findings[i] = (struct finding){.type = type_of(s, detector),
                                        .part = s->part,
                                        .start = (uint32_t)hit->start,
                                        .end = (uint32_t)hit->end,
                                        .score = hit->score,
                                        .via = via};
    s->detector_of[i] = (uint8_t)detector;
    out->finding_count++;
}

static void add(struct scan *s, size_t detector, const struct hit *hit, const char *via)
{
    struct screening *out = s->out;
    must(hit->start < hit->end && hit->end <= s->look.text.n);
    out->label = label_join(out->label, label_of(s, detector, (double)hit->score));
    for (uint32_t i = out->finding_count; i > s->first; i--) {
        const struct finding *f = &out->findings[i - 1];
        if (f->end <= hit->start)
            break; // in order and apart: those before end earlier still
        if (f->start >= hit->end)
            continue;
        if (gives_way(s, i - 1, detector, hit, via))
            return;
        take_out(s, i - 1);
    }
    if (out->finding_count == GUARD_FINDINGS_MAX)
        out->truncated = true;
    else
        put_in(s, detector, hit, via);
}

// --- anchors -------------------------------------------------------------------------------------

void scan_init(struct scan *s, struct arena *a, const struct guard_policy *p,
               struct screening *ret_screening)
{
    must(a && p && ret_screening);
    *ret_screening = (struct screening){.label = LABEL_PUBLIC};
    s->arena = a;
    s->policy = p;
    s->out = ret_screening;
    s->part = 0;
    s->depth = 0;
    memset(s->wakes, 0, sizeof s->wakes);
    for (size_t i = 0; i < countof(detectors); i++)
        for (unsigned kinds = detectors[i]->anchors; kinds; kinds &= kinds - 1)
            s->wakes[__builtin_ctz(kinds)] |= (uint64_t)1 << i;
}

void scan_begin(struct scan *s, str text)
{
    must(text.n <= UINT32_MAX);
    s->first = s->out->finding_count;
    memset(s->past, 0, countof(detectors) * sizeof s->past[0]);
    memset(s->look.last, 0, sizeof s->look.last);
    memset(s->look.named, 0, sizeof s->look.named);
    s->look.text = text;
    s->look.spent = 0;
    s->look.undated = 0;
    s->look.judged = 0;
    s->budget = s->depth ? s->inherits : text.n * SPENT_PER_BYTE + SPENT_ALWAYS;
    s->decoded = 0;
    s->look.number.groups = 0;
    s->looked = 0;
}

static void wake(struct scan *s, enum anchor anchor, size_t at)
{
    struct look *l = &s->look;
    l->at = at;
    l->anchor = anchor;
    for (uint64_t rest = s->wakes[__builtin_ctz(anchor)]; rest; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        struct hit hit;
        if (anchor == ANCHOR_CUE && !(detectors[i]->cues >> l->cue & 1))
            continue;
        if (at >= s->past[i] && detectors[i]->match(l, &hit) && hit.start >= s->past[i]) {
            s->past[i] = hit.end;
            add(s, i, &hit, NULL);
        }
    }
    if (l->spent > s->budget)
        s->out->truncated = true;
}

// Where a word may begin in the LOOK_BACK bytes at p, a bit each: letters but small ones behind
// others, and all that begin a letter that is not ASCII.
static uint64_t maybe_words(const char *p)
{
    uint64_t letter = 0, small = 0, lead = 0;
    _Static_assert(LOOK_BACK == 64, "a bit for each byte");
    for (int i = 0; i < LOOK_BACK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20)), high = _mm_set1_epi8((char)0xbf);
        __m128i is = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)),
                                   _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
        letter |= (uint64_t)(unsigned)_mm_movemask_epi8(is) << i;
        small |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_slli_epi16(v, 2)) << i;
        lead |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_and_si128(v, _mm_cmpgt_epi8(v, high)))
                << i;
    }
    return (letter & ~(letter << 1 & small)) | lead;
}

// Finds the cue words that end before `at` and are near, but for those that were found before.
static void look_back(struct scan *s, size_t at)
{
    struct look *l = &s->look;
    str t = l->text;
    char begin[LOOK_BACK] = {0};
    size_t start = at - LOOK_BACK; // wraps near the text's beginning, and a place in it wraps back
    size_t known = s->looked > start || at < LOOK_BACK ? s->looked - start : 0;
    uint64_t words = 0;
    if (s->looked >= at)
        return;
    if (at < LOOK_BACK)
        memcpy(begin + LOOK_BACK - at, t.p, at);
    for (uint64_t rest = maybe_words(at < LOOK_BACK ? begin : t.p + start) >> known << known; rest;
         rest &= rest - 1) {
        int bit = __builtin_ctzll(rest);
        words |= (uint64_t)cue_may_stand(t, start + (size_t)bit) << bit;
    }
    for (; words; words &= words - 1) {
        size_t p = start + (size_t)__builtin_ctzll(words);
        const struct cue_row *row = word_begins(t, p) ? cue_at(t, p) : NULL;
        size_t end = p + (row ? row->word.n : 0);
        if (!row || end > at)
            continue;
        l->last[row->cue] = end;
        if (row->id) {
            l->named[1] = l->named[0];
            l->named[0] = (struct named){row->id, end};
        }
    }
    s->looked = at;
}

// Letters and digits in a row, dashes among them, as identifiers have them.
static bool mixed_token(str t, size_t at)
{
    enum { LEAST = 7, DIGITS = 2, MOST = 20 };
    size_t start = at, end = at;
    unsigned digits = 0;
    while (start > 0 && at - start < MOST && (is_alnum(t.p[start - 1]) || t.p[start - 1] == '-'))
        start--;
    while (end < t.n && end - at < MOST && (is_alnum(t.p[end]) || t.p[end] == '-'))
        end++;
    for (size_t i = start; i < end; i++)
        digits += is_digit(t.p[i]);
    return end - start >= LEAST && digits >= DIGITS;
}

// At the first digit of a run.
static void number_anchor(struct scan *s, size_t at)
{
    struct look *l = &s->look;
    number_read(l->text, at, &l->number);
    bool few = l->number.digits + l->number.glued < NUMBER_LEAST;
    bool lettered = is_letter(before(l->text, at));
    if (few && !lettered)
        return;
    bool named = !few || mixed_token(l->text, at);
    if (named)
        look_back(s, at);
    if (lettered)
        wake(s, ANCHOR_LETTERED, at);
    if (!few)
        wake(s, ANCHOR_NUMBER, at);
    if (named && l->named[0].id && at - l->named[0].end <= LOOK_BACK)
        wake(s, ANCHOR_NAMED, at);
}

void scan_anchor(struct scan *s, enum anchor anchor, size_t at)
{
    struct look *l = &s->look;
    must(at < l->text.n);
    if (anchor == ANCHOR_NUMBER) {
        number_anchor(s, at);
        return;
    }
    if (anchor == ANCHOR_CUE) {
        const struct cue_row *row = cue_at(l->text, at);
        if (!row || row->cue >= CUE_WAKING)
            return;
        l->cue = row->cue;
        l->cue_end = at + row->word.n;
        l->last[l->cue] = l->cue_end;
    }
    wake(s, anchor, at);
    if (anchor == ANCHOR_LONG && scan_looks_inside(s))
        encoded_read(s, at);
}

// --- texts inside the text -----------------------------------------------------------------------

// False for what is only there because the text inside was cut, or was found without looking
// inside.
static bool place_outside(const struct scan *s, const struct inside *in, const struct finding *f,
                          struct hit *ret_hit, const char **ret_via)
{
    size_t n = in->text.n, end = f->end;
    if ((in->cut_start && f->start == 0) ||
        (in->cut_end && f->end == n && f->start + SCAN_OVERLAP >= n))
        return false;
    *ret_via = in->from ? veil_near(s->look.text, in, f->start, f->end) : in->via;
    *ret_hit = (struct hit){in->whole.start, in->whole.end, f->score};
    if (!in->from)
        return true;
    while (end < n && in->from[end] == in->from[f->end - 1])
        end++; // bytes of one letter
    ret_hit->start = in->from[f->start];
    ret_hit->end = in->from[end];
    return *ret_via != NULL;
}

void scan_inside(struct scan *s, const struct inside *in)
{
    struct finding room[GUARD_FINDINGS_MAX];
    struct screening found;
    struct scan inner;
    must(scan_looks_inside(s));
    scan_init(&inner, s->arena, s->policy, &found);
    found.findings = room;
    inner.depth = s->depth + 1;
    inner.inherits = s->budget > s->look.spent ? s->budget - s->look.spent : 0;
    scan_text(&inner, in->text);
    s->look.spent += inner.look.spent;
    s->out->truncated = s->out->truncated || found.truncated;
    for (uint32_t i = 0; i < found.finding_count; i++) {
        struct hit hit;
        const char *via;
        if (place_outside(s, in, &found.findings[i], &hit, &via))
            add(s, inner.detector_of[i], &hit, via);
    }
}

// --- the first look ------------------------------------------------------------------------------

enum { CHUNK = 16, CHUNK_SHIFT = 10 }; // blocks, and how many bits their bytes are

// A chunk of a text: its marks between those of the block before it and of the block behind it,
// whose digits are not known and are all taken to be there.
struct chunk {
    struct marks_state state;
    struct marks marks[CHUNK + 2];
    size_t foreign; // where bytes that are not ASCII began, at a block's border; SIZE_MAX: none
    uint64_t veils; // a bit for each 1 << shift bytes that may hold some
    unsigned shift;
};

// Where a block's anchors may stand: what is asked at each place is asked here, of one class after
// the other and without a branch a place.
struct places {
    uint64_t cue, number, five, sign, run; // five: five digits or more
};

// Numbers with enough digits before the first gap that no number has, and those behind a letter.
static void find_numbers(const struct marks *m, struct places *p)
{
    p->number = m->number & (m->letter << 1 | m[-1].letter >> (BLOCK - 1));
    p->five = 0;
    for (uint64_t rest = m->number; rest; rest &= rest - 1) {
        int bit = __builtin_ctzll(rest);
        uint64_t digits = m->digit >> bit | m[1].digit << 1 << (BLOCK - 1 - bit), gap = ~digits;
        p->five |= (uint64_t)((digits & 0x1f) == 0x1f) << bit;
        gap &= gap >> 1;
        gap &= gap >> 2;
        _Static_assert(NUMBER_GAP_MAX == 3, "a longer gap is four bytes");
        digits &= (gap & -gap) - 1;
#pragma GCC unroll 8
        for (int i = 1; i < NUMBER_LEAST; i++)
            digits &= digits - 1;
        p->number |= (uint64_t)(digits != 0) << bit;
    }
}

// Whether a detector may want the sign there.
static bool telling_sign(str t, size_t at, enum anchor *ret_anchor)
{
    switch (t.p[at]) {
    case '@':
        *ret_anchor = ANCHOR_AT;
        return true;
    case '$':
        *ret_anchor = ANCHOR_DOLLAR;
        return scheme_begins(t, at);
    default:
        *ret_anchor = ANCHOR_ASSIGN;
        return secret_name_end(t, at) || (at_byte(t, at + 1) == '/' && at_byte(t, at + 2) == '/');
    }
}

static void see_block(struct scan *s, const struct marks *m, size_t at)
{
    str t = s->look.text;
    struct places p = {.run = m->run, .sign = m->sign};
    enum anchor sign;
    for (uint64_t rest = m->cue; rest; rest &= rest - 1) {
        int bit = __builtin_ctzll(rest);
        p.cue |= (uint64_t)cue_may_wake(t, at + (size_t)bit) << bit;
    }
    if (m->number)
        find_numbers(m, &p);
    for (uint64_t rest = p.cue | p.number | p.five | p.sign | p.run; rest; rest &= rest - 1) {
        int bit = __builtin_ctzll(rest);
        size_t here = at + (size_t)bit;
        if (p.cue >> bit & 1 && word_begins(t, here))
            scan_anchor(s, ANCHOR_CUE, here);
        if (p.number >> bit & 1)
            scan_anchor(s, ANCHOR_NUMBER, here);
        if (p.five >> bit & 1 && postcode_at(t, here))
            scan_anchor(s, ANCHOR_POSTCODE, here);
        if (p.sign >> bit & 1 && telling_sign(t, here, &sign))
            scan_anchor(s, sign, here);
        if (p.run >> bit & 1)
            scan_anchor(s, ANCHOR_LONG, here - (KEY_RUN - 1));
    }
}

// Letters that are not ASCII stand apart from others by ASCII, so a stretch of them is judged
// alone.
static void judge_utf8(struct scan *s, struct chunk *c, size_t end)
{
    str all = s->look.text;
    if (c->foreign != SIZE_MAX) {
        str some = str_of(all.p + c->foreign, min_size(end, all.n) - c->foreign);
        if (utf8_valid(some) != some.n)
            s->out->label = LABEL_RESTRICTED;
    }
    c->foreign = SIZE_MAX;
}

static void see_chunk(struct scan *s, struct chunk *c, const char *p, size_t blocks, size_t at)
{
    _Static_assert(CHUNK * BLOCK == 1 << CHUNK_SHIFT, "a chunk stands in one part");
    must(blocks <= CHUNK && at % BLOCK == 0);
    unsigned met = marks_read(p, blocks, &c->state, c->marks + 1);
    c->marks[blocks + 1].digit = ~(uint64_t)0;
    c->veils |= (uint64_t)(met != 0) << (at >> c->shift);
    if (!(met & MARKS_FOREIGN))
        judge_utf8(s, c, at);
    else if (c->foreign == SIZE_MAX)
        c->foreign = at;
    for (size_t i = 0; i < blocks && !s->out->truncated; i++)
        see_block(s, &c->marks[i + 1], at + i * BLOCK);
    c->marks[0] = c->marks[blocks];
}

// What the operator calls sensitive. What cannot be judged is restricted.
static void find_own(struct scan *s)
{
    str t = s->look.text;
    struct own_place *places = arena_array(s->arena, struct own_place, GUARD_FINDINGS_MAX);
    size_t count = 0;
    if (t.n == 0 || utf8_valid(t) != t.n) // restricted as such
        return;
    bool all = own_find(s->policy->own, t, places, GUARD_FINDINGS_MAX, &count);
    for (size_t i = 0; i < count && !s->out->truncated; i++) {
        const struct hit hit = {places[i].start, places[i].end, 1.0f};
        add(s, countof(detectors) + places[i].kind, &hit, NULL);
    }
    s->out->truncated |= !all;
}

void scan_text(struct scan *s, str text)
{
    struct chunk c; // its marks are written before they are read
    char tail[2 * BLOCK + BLOCK_MORE];
    size_t at = 0, end = text.n > BLOCK_MORE ? (text.n - BLOCK_MORE) / BLOCK * BLOCK : 0;
    scan_begin(s, text);
    c.foreign = SIZE_MAX;
    c.veils = 0;
    for (c.shift = CHUNK_SHIFT; text.n >> c.shift >= 64;)
        c.shift++;
    c.state = (struct marks_state){0};
    c.marks[0] = (struct marks){0};
    for (size_t n; at < end && !s->out->truncated; at += n) {
        n = min_size(end - at, CHUNK * BLOCK);
        see_chunk(s, &c, text.p + at, n / BLOCK, at);
    }
    if (at < text.n && !s->out->truncated) {
        memcpy(tail, text.p + at, text.n - at);
        memset(tail + (text.n - at), 0, sizeof tail - (text.n - at));
        see_chunk(s, &c, tail, (text.n - at + BLOCK - 1) / BLOCK, at);
    }
    judge_utf8(s, &c, text.n);
    if (s->policy->own && !s->out->truncated)
        find_own(s);
    if (scan_looks_inside(s))
        veil_read(s, c.veils, c.shift);
}
