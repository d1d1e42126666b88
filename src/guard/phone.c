// phone.c: telephone numbers: the international form (ITU-T E.164: at most 15 digits behind the
// plus), the North American form, and other runs of digits behind a word that says so.
#include "guard/detector.h"

static const char *const cues[] = {
    "phone",    "tel",     "telephone", "mobile",    "cell",      "call",     "fax",
    "whatsapp", "telefon", "handy",     "mobil",     "téléphone", "portable", "teléfono",
    "móvil",    "sms",     "dial",      "number is", "reach me",  "text me",  NULL};

static bool separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

// Digits from `at` on with at most two separators between groups; ret_end behind the last digit.
static size_t count_digits(str text, size_t at, size_t *ret_end)
{
    size_t n = 0, gap = 0, end = at;
    for (size_t p = at; p < text.n && n <= 16 && gap <= 2; p++) {
        if (is_digit(text.p[p])) {
            n++;
            gap = 0;
            end = p + 1;
        } else if (separator(text.p[p])) {
            gap++;
        } else {
            break;
        }
    }
    *ret_end = end;
    return n;
}

// ddd-ddd-dddd, (ddd) ddd-dddd, ddd.ddd.dddd: area and exchange begin with 2 to 9.
static bool north_american(str text, size_t at, size_t end)
{
    char d[11];
    size_t n = 0, groups = 0;
    for (size_t p = at; p < end && n < sizeof d; p++) {
        if (is_digit(text.p[p]))
            d[n++] = text.p[p];
        groups += is_digit(text.p[p]) && !is_digit(at_byte(text, p + 1));
    }
    return n == 10 && groups == 3 && d[0] >= '2' && d[3] >= '2' && is_digit(text.p[at + 2]) &&
           !is_digit(at_byte(text, at + 3)) && is_digit(text.p[end - 4]) &&
           !is_digit(text.p[end - 5]);
}

static bool match(str text, size_t at, struct hit *ret_hit)
{
    size_t end, start = at, n = count_digits(text, at, &end);
    char last = before(text, at);
    must(is_digit(text.p[at]));
    if (is_alnum(at_byte(text, end)) || n < 7 || n > 15)
        return false;
    if (last == '(') {
        start--;
        last = before(text, start);
    }
    if (last == '+') {
        if (n < 8 || is_alnum(before(text, start - 1)))
            return false;
        *ret_hit = (struct hit){start - 1, end, 0.9f};
        return true;
    }
    if (is_alnum(last) || last == '-' || last == '.' || last == '/' || last == '$' || last == '#' ||
        last == '_')
        return false;
    bool sure = north_american(text, at, end);
    if (!sure && !cue_before(text, start, 28, cues))
        return false;
    *ret_hit = (struct hit){start, end, sure ? 0.8f : 0.7f};
    return true;
}

const struct detector detector_phone = {DIGIT_RUN, match};
