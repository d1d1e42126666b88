// str.h: slices of bytes, passed by value, never NUL-terminated by promise. A str does not own.
// struct text is the same for bytes that a user wrote: no log, metric or error function takes it,
// so a prompt in a log does not compile. text_reveal() is the one way out, and can be grepped for.
#ifndef BASE_STR_H
#define BASE_STR_H
#include "base/base.h"

typedef struct {
    const char *p;
    size_t n;
} str;

struct text {
    const char *p;
    size_t n;
};

// A place in a body: bytes [start, end).
struct span {
    uint32_t start, end;
};

#define S(lit)   ((str){"" lit, sizeof(lit) - 1})
#define STR_NONE ((str){NULL, 0})
// For printf: "%.*s", STR_ARGS(s)
#define STR_ARGS(s) (int)(s).n, (s).p ? (s).p : ""

static inline str str_of(const char *p, size_t n)
{
    return (str){p, n};
}
str str_c(const char *cstr); // NULL gives the empty slice
static inline str text_reveal(struct text t)
{
    return (str){t.p, t.n};
}
static inline struct text text_of(str s)
{
    return (struct text){s.p, s.n};
}
static inline bool str_empty(str s)
{
    return s.n == 0;
}
// Words of up to sixteen bytes, as keys are, without a call: their ends overlap.
static inline bool str_eq(str a, str b)
{
    size_t n = a.n;
    if (n != b.n)
        return false;
    if (n > 16)
        return memcmp(a.p, b.p, n) == 0;
    if (n >= 8) {
        uint64_t a1, b1, a2, b2;
        memcpy(&a1, a.p, 8);
        memcpy(&b1, b.p, 8);
        memcpy(&a2, a.p + n - 8, 8);
        memcpy(&b2, b.p + n - 8, 8);
        return ((a1 ^ b1) | (a2 ^ b2)) == 0;
    }
    if (n >= 4) {
        uint32_t a1, b1, a2, b2;
        memcpy(&a1, a.p, 4);
        memcpy(&b1, b.p, 4);
        memcpy(&a2, a.p + n - 4, 4);
        memcpy(&b2, b.p + n - 4, 4);
        return ((a1 ^ b1) | (a2 ^ b2)) == 0;
    }
    return n == 0 || (a.p[0] == b.p[0] && a.p[n / 2] == b.p[n / 2] && a.p[n - 1] == b.p[n - 1]);
}
bool str_eq_nocase(str a, str b); // ASCII
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
// Position of needle in s, or SIZE_MAX.
size_t str_find(str s, str needle);
size_t str_find_char(str s, char c);
str str_trim(str s);               // spaces and tabs, CR and LF, at both ends
str str_from(str s, size_t start); // clamped
str str_first(str s, size_t n);    // clamped
// Takes the part before sep off *rest; false at the end. "a,,b" gives "a", "", "b".
bool str_next(str *rest, char sep, str *ret_part);
// Whole slice as a decimal number; false (and nothing written) when it is anything else or
// overflows.
bool str_to_i64(str s, int64_t *ret_value);
// Copies into a NUL-terminated array, cut to fit; returns dst.
char *str_copy_to(char *dst, size_t cap, str s);
// Edits (Levenshtein) between two short ASCII words, for "did you mean"; at most `limit`+1.
unsigned str_distance(str a, str b, unsigned limit);
uint64_t str_hash(str s); // FNV-1a, 64 bits: tables only, never for secrets
// Equal without telling where they differ by time (keys).
bool str_eq_secret(str a, str b);

// Length of the valid UTF-8 head of s (RFC 3629: no surrogates, no overlong forms): s.n when all
// is.
size_t utf8_valid(str s);
size_t utf8_valid_plain(str s); // the same letter by letter: what the fast way is tested against
// Number of code points before byte `at` of valid UTF-8.
size_t utf8_count(str s, size_t at);
// Number of letters of three bytes or more (CJK and the like) in valid UTF-8.
size_t utf8_wide(str s);
#endif
