// detector.h: what a detector is. Private to guard. A new one is a file and a row in detectors.def.
#ifndef GUARD_DETECTOR_H
#define GUARD_DETECTOR_H
#include "guard/guard.h"

// Bytes that wake detectors. The pass looks at nothing else.
enum trigger {
    AT_SIGN = 1 << 0,    // @
    DIGIT_RUN = 1 << 1,  // the first digit of a run
    COLON = 1 << 2,      // :
    EQUALS = 1 << 3,     // =
    DASH = 1 << 4,       // the first - of a run
    UNDERSCORE = 1 << 5, // _
    LETTER = 1 << 6,     // J I z: the rare letters inside well-known key prefixes
};

struct hit {
    size_t start, end;
    float score;
};

struct detector {
    unsigned triggers; // enum trigger bits
    // Looks around text[at]; true with the place. Bounded work: at most a few hundred bytes.
    bool (*match)(str text, size_t at, struct hit *ret_hit);
};
#define DETECTOR(name, type, label, sentence) extern const struct detector detector_##name;
#include "guard/detectors.def"
#undef DETECTOR

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool is_alnum(char c)
{
    return is_digit(c) || is_letter(c);
}
// The byte before / at a place, 0 outside the text.
static inline char before(str t, size_t at)
{
    return at > 0 && at <= t.n ? t.p[at - 1] : 0;
}
static inline char at_byte(str t, size_t at)
{
    return at < t.n ? t.p[at] : 0;
}
// One of the words stands (in any case) within `reach` bytes before `at`.
bool cue_before(str text, size_t at, size_t reach, const char *const *words);
#endif
