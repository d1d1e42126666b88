// plain_test.h: the pass again, one byte at a time and by the words of detector.h alone: what the
// vectors of scan.c must agree with, for tests and the fuzzer.
#ifndef GUARD_PLAIN_TEST_H
#define GUARD_PLAIN_TEST_H
#include "guard/scan.h"
#include "guard/veil.h"

// The byte is the KEY_RUN-th of a run.
static inline bool plain_long(str t, size_t at)
{
    size_t n = 0;
    while (n <= KEY_RUN && n <= at && is_key(t.p[at - n]))
        n++;
    return n == KEY_RUN;
}

static inline void plain_scan_text(struct arena *a, str t, const struct guard_policy *p,
                                   struct screening *ret_screening)
{
    struct screening out;
    struct veiled stretch = {0};
    struct veil v;
    struct scan s;
    scan_init(&s, a, p, &out);
    scan_begin(&s, t);
    for (size_t i = 0; i < t.n; i++) {
        if (word_begins(t, i))
            scan_anchor(&s, ANCHOR_CUE, i);
        if (is_digit(t.p[i]) && (i == 0 || !is_digit(t.p[i - 1])))
            scan_anchor(&s, ANCHOR_NUMBER, i);
        if (is_digit(t.p[i]) && postcode_at(t, i))
            scan_anchor(&s, ANCHOR_POSTCODE, i);
        if (t.p[i] == '@')
            scan_anchor(&s, ANCHOR_AT, i);
        if (t.p[i] == ':' || t.p[i] == '=')
            scan_anchor(&s, ANCHOR_ASSIGN, i);
        if (t.p[i] == '$' && scheme_begins(t, i))
            scan_anchor(&s, ANCHOR_DOLLAR, i);
        if (plain_long(t, i))
            scan_anchor(&s, ANCHOR_LONG, i - (KEY_RUN - 1));
    }
    for (size_t i = 0; i < t.n && scan_looks_inside(&s); i++)
        if (veil_at(t, i, &v) && v.opens)
            veil_note(&s, &stretch, i, i + v.size);
    veil_flush(&s, &stretch);
    if (out.truncated || utf8_valid(t) != t.n)
        out.label = LABEL_RESTRICTED;
    *ret_screening = out;
}

static inline bool plain_same(const struct screening *a, const struct screening *b)
{
    if (a->finding_count != b->finding_count || a->truncated != b->truncated ||
        a->label != b->label)
        return false;
    for (uint32_t i = 0; i < a->finding_count; i++) {
        const struct finding *x = &a->findings[i], *y = &b->findings[i];
        if (strcmp(x->type, y->type) != 0 || x->part != y->part || x->start != y->start ||
            x->end != y->end || x->score != y->score || x->via != y->via)
            return false;
    }
    return true;
}

// What holds for every screening of one text.
static inline bool plain_sound(const struct screening *s, str t)
{
    size_t past = 0;
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const struct finding *f = &s->findings[i];
        if (f->start < past || f->end <= f->start || f->end > t.n || f->score <= 0 || f->score > 1)
            return false;
        past = f->end;
    }
    return s->finding_count <= GUARD_FINDINGS_MAX;
}
#endif
