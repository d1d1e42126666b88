// scan.h: the pass over one text. Private to guard.
#ifndef GUARD_SCAN_H
#define GUARD_SCAN_H
#include "guard/detector.h"

enum { SCAN_DETECTORS_MAX = 64 };

struct scan {
    struct arena *arena;
    const struct guard_policy *policy;
    struct screening *out;
    uint32_t part, first;                    // the part, and its first finding
    uint8_t detector_of[GUARD_FINDINGS_MAX]; // whose a finding is: a detector's or the operator's
    size_t past[SCAN_DETECTORS_MAX];         // end of a detector's last finding
    size_t looked;                           // cue words before this place are known
    size_t budget;                           // of look.spent
    uint64_t wakes[ANCHOR_KINDS];            // a bit for each detector that wakes at an anchor
    struct look look;
    unsigned depth;  // texts that this one was written in
    size_t decoded;  // before this place nothing is to be decoded
    size_t inherits; // depth > 0: the budget
};
// Empties the screening; part is 0.
void scan_init(struct scan *s, struct arena *a, const struct guard_policy *p,
               struct screening *ret_screening);
// Adds what is in the text to the screening. A text that is not UTF-8 is restricted.
void scan_text(struct scan *s, str text);
// Adds findings of the part, in order, that are known from before.
void scan_known(struct scan *s, const struct finding *findings, uint32_t count);

// Text found inside the text: what each byte was written as.
struct inside {
    str text;
    const char *via;         // of all of it
    struct span whole;       // where all of it stands
    const uint32_t *from;    // where each byte and the end stand, for veils; NULL: only as a whole
    bool cut_start, cut_end; // more stood before or behind it
};
enum { SCAN_DEPTH_MAX = 2, SCAN_PIECE = 2048, SCAN_OVERLAP = 256 };
// Whether texts inside this one are looked for.
static inline bool scan_looks_inside(const struct scan *s)
{
    return s->depth < SCAN_DEPTH_MAX && !s->out->truncated;
}
// Adds what is found there, at the places where it stands in the text.
void scan_inside(struct scan *s, const struct inside *i);

// The two halves of scan_text, so that a test can put a plain loop where the vectors are.
void scan_begin(struct scan *s, str text);
// An anchor of this kind stands at `at`; places must not go back by more than KEY_RUN.
void scan_anchor(struct scan *s, enum anchor anchor, size_t at);
#endif
