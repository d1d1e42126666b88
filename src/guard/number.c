// number.c: reads groups of digits. Invariants: the first digit stands at `at`; ends grow; the work
// is bounded by NUMBER_DIGITS and NUMBER_GROUPS, whatever follows.
#include "guard/number.h"

enum { GAP_MAX = 3 };

static bool digit_at(str t, size_t at)
{
    return at < t.n && t.p[at] >= '0' && t.p[at] <= '9';
}

static bool glued(str t, size_t at)
{
    char c = at < t.n ? t.p[at] : 0;
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

// Blanks that do not break and the dash that does not: kind and length, by their bytes.
static size_t no_break(str t, size_t at, char *ret_kind)
{
    str rest = str_from(t, at);
    bool blank = str_starts(rest, S("\302\240")) || str_starts(rest, S("\342\200\257"));
    if (!blank && !str_starts(rest, S("\342\200\221")))
        return 0;
    *ret_kind = blank ? ' ' : '-';
    return rest.p[0] == '\302' ? 2 : 3;
}

// Length of the gap at `at`, 0 when none is there; its kind is ' ' '-' '.' '/' or ')' for brackets.
static size_t gap_at(str t, size_t at, char *ret_kind)
{
    char kind = 0;
    size_t n = 0;
    if (at < t.n && t.p[at] & 0x80) {
        n = no_break(t, at, ret_kind);
        return digit_at(t, at + n) ? n : 0;
    }
    for (; n < GAP_MAX && at + n < t.n && !digit_at(t, at + n); n++) {
        char c = t.p[at + n];
        if (c == '(' || c == ')')
            kind = ')';
        else if (c == '-' || c == '.' || c == '/' || c == ' ')
            kind = kind == 0 || kind == ' ' ? c : kind;
        else
            return 0;
    }
    *ret_kind = kind;
    return digit_at(t, at + n) ? n : 0;
}

void number_read(str text, size_t at, struct number *ret_number)
{
    struct number *n = ret_number;
    size_t p = at;
    must(digit_at(text, at));
    n->digits = n->groups = 0;
    while (n->groups < NUMBER_GROUPS) {
        unsigned size = 0;
        while (digit_at(text, p + size) && n->digits + size < NUMBER_DIGITS) {
            n->digit[n->digits + size] = text.p[p + size];
            size++;
        }
        if (digit_at(text, p + size) || glued(text, p + size))
            break;
        n->digits += size;
        p += size;
        n->size[n->groups] = (uint8_t)size;
        n->end[n->groups] = (uint32_t)(p - at);
        n->gap[n->groups++] = 0;
        char kind;
        size_t gap = gap_at(text, p, &kind);
        if (!gap)
            break;
        n->gap[n->groups - 1] = kind;
        p += gap;
    }
}

unsigned number_sum(const struct number *n, unsigned groups)
{
    unsigned sum = 0;
    must(groups <= n->groups);
    for (unsigned i = 0; i < groups; i++)
        sum += n->size[i];
    return sum;
}

bool number_is(const struct number *n, const uint8_t *sizes, unsigned groups)
{
    return n->groups >= groups && memcmp(n->size, sizes, groups) == 0;
}
