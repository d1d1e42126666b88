// number.c: reads groups of digits. Invariants: the first digit stands at `at`; starts grow; each
// digit of a row of groups is read once, however many of them begin a number; the work is bounded
// by NUMBER_DIGITS and NUMBER_GROUPS, whatever follows.
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

// The second group becomes the first.
static void drop_first(struct number *n)
{
    unsigned size = n->size[0];
    must(n->groups > 1 && n->digits >= size);
    n->digits -= size;
    n->groups--;
    memmove(n->digit, n->digit + size, NUMBER_DIGITS); // of constant lengths: no calls
    memmove(n->size, n->size + 1, sizeof n->size - sizeof n->size[0]);
    memmove(n->gap, n->gap + 1, sizeof n->gap - sizeof n->gap[0]);
    memmove(n->start, n->start + 1, sizeof n->start - sizeof n->start[0]);
}

void number_read(str text, size_t at, struct number *n)
{
    must(is_digit(byte_at(text, at)));
    if (n->groups > 1 && n->start[1] == at) {
        drop_first(n);
    } else {
        n->digits = n->groups = 0;
        n->more = (uint32_t)at;
    }
    n->glued = 0;
    for (size_t p = n->more; n->groups < NUMBER_GROUPS && (p > 0 || n->groups == 0); p = n->more) {
        unsigned size = take_digits(text, p, n), i = n->groups;
        if (glued(byte_at(text, p + size))) {
            n->glued = size;
            return;
        }
        n->start[i] = (uint32_t)p;
        n->size[i] = (uint8_t)size;
        n->digits += size;
        n->groups++;
        p += size;
        size_t gap = gap_at(text, p, &n->gap[i]);
        n->more = gap ? (uint32_t)(p + gap) : 0;
    }
}
