// number.h: groups of digits as people write them. Private to guard. Read once at each anchor, for
// all detectors of numbers.
#ifndef GUARD_NUMBER_H
#define GUARD_NUMBER_H
#include "base/str.h"

enum { NUMBER_GROUPS = 8, NUMBER_DIGITS = 24, NUMBER_GAP_MAX = 3 };

// Groups parted by at most three bytes of blanks, dashes, dots, slashes and round brackets. A group
// that is glued to a letter, and what follows it, is left out; so is what is past the limits.
struct number {
    unsigned digits, groups;
    char digit[2 * NUMBER_DIGITS]; // of all groups, with room behind them to move down from
    uint8_t size[NUMBER_GROUPS];   // digits in a group
    char gap[NUMBER_GROUPS];       // between this group and the next: its kind, 0 behind the last
    uint32_t start[NUMBER_GROUPS];
    unsigned glued; // digits of a group that was left out because a letter follows
    uint32_t more;  // where another group stands that was not taken in; 0: nowhere
};
// The number whose first digit stands at `at`. One that was read in the same text before goes on
// from there where it can; groups 0 begins a text.
void number_read(str text, size_t at, struct number *n);

// Behind the last digit of a group.
static inline size_t number_end(const struct number *n, unsigned group)
{
    must(group < n->groups);
    return n->start[group] + n->size[group];
}

// Digits in the first n groups.
static inline unsigned number_sum(const struct number *n, unsigned groups)
{
    unsigned sum = 0;
    must(groups <= n->groups);
    for (unsigned i = 0; i < groups; i++)
        sum += n->size[i];
    return sum;
}

// Whether the first groups have these sizes; n of them.
static inline bool number_is(const struct number *n, const uint8_t *sizes, unsigned groups)
{
    unsigned i = 0;
    while (i < groups && i < n->groups && n->size[i] == sizes[i])
        i++;
    return i == groups;
}
#endif
