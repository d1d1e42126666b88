// ssn.c: US social-security numbers. Areas 000, 666 and 900-999, group 00 and serial 0000 are never
// given out (Social Security Administration, number randomization); two numbers became known as
// nobody's. There is no check digit: other forms than the dashed one need a word that says so.
#include "guard/detector.h"

enum { CUE_REACH_BYTES = 40 };

static unsigned value(const char *p, int n)
{
    unsigned v = 0;
    for (int i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

static bool given_out(const char *digits)
{
    unsigned area = value(digits, 3), group = value(digits + 3, 2), serial = value(digits + 5, 4);
    return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 &&
           memcmp(digits, "078051120", 9) != 0 && memcmp(digits, "219099999", 9) != 0;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    static const uint8_t parts[] = {3, 2, 4};
    const struct number *n = &l->number;
    char last = before(l->text, l->at);
    unsigned groups = number_is(n, parts, 3) && n->gap[0] == n->gap[1] ? 3 : 1;
    must(is_digit(l->text.p[l->at]));
    if (n->groups < groups || number_sum(n, groups) != 9 || !apart(l->text, l->at) || last == '-' ||
        last == '.' || last == '_' || n->gap[groups - 1] == '-')
        return false;
    bool dashed = groups == 3 && n->gap[0] == '-';
    size_t end = number_end(n, groups - 1);
    if ((!dashed && behind(l, CUE_SSN) > CUE_REACH_BYTES) || !given_out(n->digit) ||
        is_alnum(at_byte(l->text, end)))
        return false;
    *ret_hit = (struct hit){l->at, end, 0.92f};
    return true;
}

const struct detector detector_ssn = {.anchors = ANCHOR_NUMBER, .match = match};
