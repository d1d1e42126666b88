// ssn.c: US social-security numbers in the dashed form. Areas 000, 666 and 900-999, group 00 and
// serial 0000 are never given out (Social Security Administration, number randomization).
#include "guard/detector.h"

static unsigned number(const char *p, int n)
{
    unsigned v = 0;
    for (int i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

static bool match(str text, size_t at, struct hit *ret_hit)
{
    enum { LENGTH = 11 };
    const char *p = text.p + at;
    must(is_digit(*p));
    if (text.n - at < LENGTH || (p[3] != '-' && p[3] != ' ') || p[6] != p[3])
        return false;
    for (int i = 0; i < LENGTH; i++)
        if (i != 3 && i != 6 && !is_digit(p[i]))
            return false;
    char last = before(text, at), next = at_byte(text, at + LENGTH);
    if (is_alnum(last) || last == '-' || last == '.' || is_alnum(next) || next == '-')
        return false;
    static const char *const cues[] = {"ssn", "social", "security", "tax", NULL};
    if (p[3] == ' ' && !cue_before(text, at, 40, cues))
        return false;
    unsigned area = number(p, 3), group = number(p + 4, 2), serial = number(p + 7, 4);
    if (area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0)
        return false;
    *ret_hit = (struct hit){at, at + LENGTH, 0.9f};
    return true;
}

const struct detector detector_ssn = {DIGIT_RUN, match};
