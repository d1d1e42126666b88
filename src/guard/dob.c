// dob.c: dates of birth: a date behind a word that says born, on the same line and near.
#include "guard/date.h"
#include "guard/detector.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    enum { REACH = 40 };
    str t = l->text;
    size_t from = l->cue_end;
    if (l->anchor != ANCHOR_CUE) { // a word that does not wake
        from = l->last[CUE_BIRTH];
        if (behind(l, CUE_BIRTH) > REACH)
            return false;
    }
    size_t end = min_size(t.n, from + REACH), p = from;
    must(from <= t.n);
    if (l->anchor == ANCHOR_CUE) // what an earlier word was near to was looked at
        p = max_size(from, l->undated);
    l->spent += REACH;
    for (; p < end && t.p[p] != '\n'; p++) {
        size_t n = date_length(t, p);
        if (n == 0)
            continue;
        *ret_hit = (struct hit){p, p + n, 0.85f};
        return true;
    }
    if (l->anchor == ANCHOR_CUE)
        l->undated = p;
    return false;
}

const struct detector detector_dob = {
    .anchors = ANCHOR_CUE | ANCHOR_NUMBER, .cues = 1u << CUE_BORN, .match = match};
