// salary.c: what somebody earns: an amount near a word such as salary or payroll, on its line, and
// somebody: a name of two capitalised words, or "my salary". Sums and averages without anybody are
// left out.
#include "guard/detector.h"

enum { BACK = 64, AHEAD = 96, SUM_DIGITS = 4, SUM_DIGITS_MOST = 8 };

// The end of a capitalised word of three letters or more at `at`, or 0.
static size_t capitalised(str t, size_t at)
{
    size_t end = at;
    if (!is_upper(at_byte(t, at)) || of_word(before(t, at)))
        return 0;
    while (end < t.n && (of_word(t.p[end]) || t.p[end] == '\'' || t.p[end] == '-'))
        end++;
    return end - at >= 3 ? end : 0;
}

// Whether two capitalised words stand side by side, or around an initial: Ada Byron, Ada K. Byron.
static bool holds_name(str t)
{
    for (size_t p = 0; p < t.n; p++) {
        size_t end = capitalised(t, p);
        if (!end || at_byte(t, end) != ' ')
            continue;
        size_t next = end + 1;
        if (is_upper(at_byte(t, next)) && at_byte(t, next + 1) == '.' &&
            at_byte(t, next + 2) == ' ')
            next += 3;
        if (capitalised(t, next))
            return true;
    }
    return false;
}

static bool mine(str t, size_t at)
{
    return at >= 3 && str_eq_nocase(str_of(t.p + at - 3, 3), S("my ")) && apart(t, at - 3);
}

// A sum of four digits to eight, parted as sums are: 69,500, 48 000, 61.250, 85000. Dates are none.
static size_t sum_end(str t, size_t at)
{
    size_t p = at, digits = 0;
    for (; p < t.n; p++) {
        if (is_digit(t.p[p])) {
            digits++;
            continue;
        }
        bool parts = strchr(",. '", t.p[p]) && t.p[p] && is_digit(at_byte(t, p + 1)) &&
                     is_digit(at_byte(t, p + 2)) && is_digit(at_byte(t, p + 3)) &&
                     !is_digit(at_byte(t, p + 4));
        if (!parts)
            break;
    }
    char next = at_byte(t, p);
    bool year = p - at == SUM_DIGITS && (t.p[at] == '1' || t.p[at] == '2');
    bool whole = next != '-' && next != '/' && next != ':' && next != '%' && !is_letter(next);
    return digits >= SUM_DIGITS && digits <= SUM_DIGITS_MOST && whole && !year ? p : 0;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t start = l->at, end = l->cue_end;
    must(start < t.n && end <= t.n);
    while (start > 0 && l->at - start < BACK && t.p[start - 1] != '\n')
        start--;
    while (end < t.n && end - l->cue_end < AHEAD && t.p[end] != '\n')
        end++;
    l->spent += end - start;
    if (!mine(t, l->at) && !holds_name(str_of(t.p + start, end - start)))
        return false;
    for (size_t p = l->cue_end; p < end; p++) {
        if (!is_digit(t.p[p]) || is_key(before(t, p)) || before(t, p) == '/')
            continue;
        size_t sum = sum_end(t, p);
        if (sum) {
            *ret_hit = (struct hit){p, sum, 0.7f};
            return true;
        }
        while (p < end && is_digit(t.p[p]))
            p++;
    }
    return false;
}

const struct detector detector_salary = {
    .anchors = ANCHOR_CUE, .cues = 1u << CUE_PAY, .match = match};
