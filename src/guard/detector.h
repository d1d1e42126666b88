// detector.h: what a detector is. Private to guard. A new one is a file and a row in detectors.def.
// The pass (scan.c) looks at every byte once and only for anchors: places where something could be.
// A detector names the anchors that wake it; its match() looks around one such place and decides.
#ifndef GUARD_DETECTOR_H
#define GUARD_DETECTOR_H
#include "guard/cues.h"
#include "guard/guard.h"
#include "guard/marks.h"
#include "guard/number.h"

enum anchor {
    ANCHOR_NUMBER = 1 << 0,   // the first of six digits or more; look.number is what follows
    ANCHOR_AT = 1 << 1,       // @
    ANCHOR_ASSIGN = 1 << 2,   // : or =
    ANCHOR_CUE = 1 << 3,      // the first letter of a cue word that wakes; look.cue says which
    ANCHOR_LONG = 1 << 4,     // the first of KEY_RUN or more letters, digits, _ and - in a row
    ANCHOR_DOLLAR = 1 << 5,   // $ before what may be the name of a scheme: scheme_begins
    ANCHOR_NAMED = 1 << 6,    // as ANCHOR_NUMBER, near behind a word that names an identifier
    ANCHOR_POSTCODE = 1 << 7, // five digits before a name: postcode_at
    ANCHOR_LETTERED = 1 << 8, // the first digit of a run, behind a letter
    ANCHOR_KINDS = 9
};

// What a detector sees. The cue words of cues.h that were passed are known by where they ended;
// those that do not wake only at ANCHOR_NUMBER.
struct look {
    str text;
    size_t at;              // where the anchor stands
    enum anchor anchor;     // one of them
    enum cue cue;           // ANCHOR_CUE: whose word stands here
    size_t cue_end;         // ANCHOR_CUE: behind the word
    struct number number;   // ANCHOR_NUMBER
    size_t last[CUE_KINDS]; // end of the last word of each kind before this place; 0: none
    struct named {          // the last two words that name identifiers, the last first
        enum identifier id;
        size_t end;
    } named[2];
    size_t undated; // behind the last word that says born no date begins before this place
    size_t judged;  // health: up to where the text was judged
    size_t spent;   // bytes looked at far from anchors: who looks adds to it
};

struct hit {
    size_t start, end;
    float score;
};

struct detector {
    unsigned anchors; // which wake it
    unsigned cues;    // ANCHOR_CUE: behind which cues, a bit each
    // True with the place. Bounded work: at most a few hundred bytes around the anchor; what is
    // more than a few dozen is added to look.spent.
    bool (*match)(struct look *l, struct hit *ret_hit);
};
#define DETECTOR(name, type, label, sentence) extern const struct detector detector_##name;
#include "guard/detectors.def"
#undef DETECTOR

// How far behind the last word of a kind the anchor stands; SIZE_MAX when there was none.
static inline size_t behind(const struct look *l, enum cue kind)
{
    size_t end = l->last[kind];
    return end && end <= l->at ? l->at - end : SIZE_MAX;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static inline bool is_letter(char c)
{
    return is_upper((char)(c & ~0x20));
}
static inline bool is_alnum(char c)
{
    return is_digit(c) || is_letter(c);
}
static inline bool of_word(char c) // or a byte of a sign that is not ASCII: see word_begins
{
    return is_letter(c) || c & 0x80;
}
static inline bool is_key(char c) // what tokens are made of
{
    return is_alnum(c) || c == '_' || c == '-';
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
// Whether a word begins with the letter at `at`: behind what is no letter, where one script follows
// another, at every letter of one that parts no words, and at a capital behind a small letter.
bool word_begins(str t, size_t at);
// Whether the $ there may begin a hash of a password: $6$, $2b$, $argon2id$. Most begin a variable.
static inline bool scheme_begins(str t, size_t at)
{
    enum { LONGEST = 16 };
    size_t n = 1;
    while (n < LONGEST && (is_alnum(at_byte(t, at + n)) || at_byte(t, at + n) == '-'))
        n++;
    return n > 1 && at_byte(t, at + n) == '$';
}
// Whether the digit there begins five of them, a blank, and a word that begins like a name.
static inline bool postcode_at(str t, size_t at)
{
    enum { DIGITS = 5 };
    if (t.n - at < DIGITS + 2 || t.p[at + DIGITS] != ' ' || is_alnum(before(t, at)) ||
        !(is_upper(t.p[at + DIGITS + 1]) || (t.p[at + DIGITS + 1] & 0xc0) == 0xc0))
        return false;
    for (size_t i = 0; i < DIGITS; i++)
        if (!is_digit(t.p[at + i]))
            return false;
    return true;
}
// `what` is not empty.
static inline bool stands_at(str t, size_t at, str what)
{
    return at <= t.n && t.n - at >= what.n && t.p[at] == what.p[0] &&
           memcmp(t.p + at, what.p, what.n) == 0;
}
// Whether a word may begin at `at`: nothing of a word stands before it. Text inside text (arguments
// of a tool call) holds \n as two letters; that n is no part of a word.
static inline bool apart(str t, size_t at)
{
    char c = before(t, at);
    return !is_alnum(c) || ((c == 'n' || c == 'r' || c == 't') && before(t, at - 1) == '\\');
}
#endif
