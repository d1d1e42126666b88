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
    uint8_t detector_of[GUARD_FINDINGS_MAX]; // whose a finding is
    size_t past[SCAN_DETECTORS_MAX];         // end of a detector's last finding
    size_t looked;                           // cue words before this place are known
    size_t budget;                           // of look.spent
    uint64_t wakes[ANCHOR_KINDS];            // a bit for each detector that wakes at an anchor
    struct look look;
};
// Empties the screening; part is 0.
void scan_init(struct scan *s, struct arena *a, const struct guard_policy *p,
               struct screening *ret_screening);
// Adds what is in the text to the screening. A text that is not UTF-8 is restricted.
void scan_text(struct scan *s, str text);
// Adds findings of the part, in order, that are known from before.
void scan_known(struct scan *s, const struct finding *findings, uint32_t count);

// The two halves of scan_text, so that a test can put a plain loop where the vectors are.
void scan_begin(struct scan *s, str text);
// An anchor of this kind stands at `at`; places must not go back by more than KEY_RUN.
void scan_anchor(struct scan *s, enum anchor anchor, size_t at);
#endif
