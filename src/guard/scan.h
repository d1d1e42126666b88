// scan.h: the pass over one text. Private to guard.
#ifndef GUARD_SCAN_H
#define GUARD_SCAN_H
#include "guard/detector.h"

struct scan {
    struct arena *arena;
    const struct guard_policy *policy;
    struct screening *out;
    uint32_t part, cap;
};
void scan_text(struct scan *s, str text);
// The same, one byte at a time: the oracle of the tests.
void scan_text_plainly(struct scan *s, str text);
size_t scan_detector_count(void);
const struct detector *scan_detector(size_t i);
#endif
