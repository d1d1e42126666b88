// scan.c: two passes in one loop. Sixteen bytes at a time are asked whether any of them wakes a
// detector; only there is anything looked at more closely. Prose wakes few: most of the text costs
// a handful of vector instructions. Invariants: (1) the vector pass and the plain one wake the same
// detectors at the same places; (2) a detector does not look inside its own last finding again.
#include "guard/scan.h"
#include <emmintrin.h>

enum { DETECTORS_MAX = 64, FIRST_FINDINGS = 8 };

static const struct detector *const detectors[] = {
#define DETECTOR(name, type, label, sentence) &detector_##name,
#include "guard/detectors.def"
#undef DETECTOR
};

static const uint8_t trigger_of[256] = {
    ['@'] = AT_SIGN,   ['0'] = DIGIT_RUN, ['1'] = DIGIT_RUN, ['2'] = DIGIT_RUN, ['3'] = DIGIT_RUN,
    ['4'] = DIGIT_RUN, ['5'] = DIGIT_RUN, ['6'] = DIGIT_RUN, ['7'] = DIGIT_RUN, ['8'] = DIGIT_RUN,
    ['9'] = DIGIT_RUN, [':'] = COLON,     ['='] = EQUALS,    ['-'] = DASH,      ['_'] = UNDERSCORE,
    ['J'] = LETTER,    ['I'] = LETTER,    ['z'] = LETTER,
};

size_t scan_detector_count(void)
{
    return countof(detectors);
}

const struct detector *scan_detector(size_t i)
{
    must(i < countof(detectors));
    return detectors[i];
}

static void add(struct scan *s, size_t detector, const struct hit *hit)
{
    struct screening *out = s->out;
    enum label label = s->policy->of_type[detector];
    if ((double)hit->score >= s->policy->least_score)
        out->label = label_join(out->label, label);
    if (out->finding_count == GUARD_FINDINGS_MAX) {
        out->truncated = true;
        return;
    }
    if (out->finding_count == s->cap) {
        uint32_t cap = s->cap ? s->cap * 4 : FIRST_FINDINGS;
        struct finding *grown = arena_array(s->arena, struct finding, cap);
        if (s->cap)
            memcpy(grown, out->findings, s->cap * sizeof *grown);
        out->findings = grown;
        s->cap = cap;
    }
    out->findings[out->finding_count++] = (struct finding){.type = guard_type(detector),
                                                           .part = s->part,
                                                           .start = (uint32_t)hit->start,
                                                           .end = (uint32_t)hit->end,
                                                           .score = hit->score};
}

// text[at] is a trigger byte: every detector that it wakes looks.
static void wake(struct scan *s, str text, size_t at, size_t *past)
{
    unsigned trigger = trigger_of[(unsigned char)text.p[at]];
    char last = before(text, at);
    if ((trigger == DIGIT_RUN && is_digit(last)) || (trigger == DASH && last == '-'))
        return;
    for (size_t i = 0; i < countof(detectors); i++) {
        struct hit hit;
        if (!(detectors[i]->triggers & trigger) || at < past[i])
            continue;
        if (!detectors[i]->match(text, at, &hit) || hit.start < past[i])
            continue;
        must(hit.start < hit.end && hit.end <= text.n);
        past[i] = hit.end;
        add(s, i, &hit);
    }
}

// One bit a byte that wakes: @ : = - _ J I z and the digits.
static unsigned triggers_in(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    // digits and ':' are 0x30..0x3a
    __m128i shifted = _mm_sub_epi8(v, _mm_set1_epi8(0x30));
    __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(0x0a)), shifted);
    __m128i a =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('@')), _mm_cmpeq_epi8(v, _mm_set1_epi8('=')));
    __m128i b =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    __m128i c =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('J')), _mm_cmpeq_epi8(v, _mm_set1_epi8('I')));
    __m128i d = _mm_or_si128(digits, _mm_cmpeq_epi8(v, _mm_set1_epi8('z')));
    __m128i all = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
    return (unsigned)_mm_movemask_epi8(all);
}

void scan_text(struct scan *s, str text)
{
    size_t past[DETECTORS_MAX] = {0}, at = 0;
    must(countof(detectors) <= DETECTORS_MAX && text.n <= UINT32_MAX);
    for (; text.n - at >= 16; at += 16) {
        unsigned mask = triggers_in(text.p + at);
        while (mask) {
            wake(s, text, at + (unsigned)__builtin_ctz(mask), past);
            mask &= mask - 1;
        }
    }
    for (; at < text.n; at++)
        if (trigger_of[(unsigned char)text.p[at]])
            wake(s, text, at, past);
}

void scan_text_plainly(struct scan *s, str text)
{
    size_t past[DETECTORS_MAX] = {0};
    for (size_t at = 0; at < text.n; at++)
        if (trigger_of[(unsigned char)text.p[at]])
            wake(s, text, at, past);
}

bool cue_before(str text, size_t at, size_t reach, const char *const *words)
{
    size_t start = at > reach ? at - reach : 0;
    must(at <= text.n);
    for (size_t i = start; i < at; i++) {
        if (i > 0 && is_alnum(text.p[i - 1]))
            continue;
        for (size_t w = 0; words[w]; w++) {
            str word = str_c(words[w]);
            if (at - i >= word.n && str_eq_nocase(str_of(text.p + i, word.n), word) &&
                !is_letter(at_byte(text, i + word.n)))
                return true;
        }
    }
    return false;
}
