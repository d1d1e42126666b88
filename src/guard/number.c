// number.c: reads groups of digits. Invariants: the first digit stands at `at`; ends grow; the work
// is bounded by NUMBER_DIGITS and NUMBER_GROUPS, whatever follows.
#include "guard/number.h"

static char byte_at(str t, size_t at)
{
    return at < t.n ? t.p[at] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// A group that is followed so is left out.
static bool glued(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || is_digit(c) || c == '_';
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

// What a byte makes of a gap: its kind, ' ' '-' '.' '/' or ')' for brackets; 0: no gap has it.
static const char kinds[256] = {
    [' '] = ' ', ['-'] = '-', ['.'] = '.', ['/'] = '/', ['('] = ')', [')'] = ')'};

// Length of the gap at `at` between two digits and its kind; 0 when none is there.
static size_t gap_at(str t, size_t at, char *ret_kind)
{
    char kind = 0, one;
    size_t n = 0;
    if (byte_at(t, at) & 0x80)
        n = no_break(t, at, &kind);
    else
        for (; n < NUMBER_GAP_MAX && (one = kinds[(unsigned char)byte_at(t, at + n)]); n++)
            kind = one == ')' || kind == 0 || kind == ' ' ? one : kind;
    bool gap = n > 0 && is_digit(byte_at(t, at + n));
    *ret_kind = gap ? kind : 0;
    return gap ? n : 0;
}

// Takes the digits at p that there is room for.
static unsigned take_digits(str t, size_t p, struct number *n)
{
    size_t most = min_size(t.n - p, NUMBER_DIGITS - n->digits);
    unsigned size = 0;
    for (; size < most && is_digit(t.p[p + size]); size++)
        n->digit[n->digits + size] = t.p[p + size];
    return size;
}

void number_read(str text, size_t at, struct number *ret_number)
{
    struct number *n = ret_number;
    size_t p = at, gap = 0;
    must(is_digit(byte_at(text, at)));
    n->digits = n->groups = 0;
    do {
        unsigned size = take_digits(text, p, n);
        p += size;
        if (glued(byte_at(text, p)))
            return;
        n->digits += size;
        n->size[n->groups] = (uint8_t)size;
        n->end[n->groups] = (uint32_t)(p - at);
        gap = gap_at(text, p, &n->gap[n->groups++]);
        p += gap;
    } while (gap && n->groups < NUMBER_GROUPS);
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
