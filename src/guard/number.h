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
    char digit[NUMBER_DIGITS];   // of all groups
    uint8_t size[NUMBER_GROUPS]; // digits in a group
    char gap[NUMBER_GROUPS];     // between this group and the next: its kind, 0 behind the last
    uint32_t end[NUMBER_GROUPS]; // bytes from the first digit to the end of the group
};
void number_read(str text, size_t at, struct number *ret_number);
// Digits in the first n groups.
unsigned number_sum(const struct number *n, unsigned groups);
// Whether the first groups have these sizes; n of them.
bool number_is(const struct number *n, const uint8_t *sizes, unsigned groups);
#endif
