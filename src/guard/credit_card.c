// credit_card.c: payment card numbers: a known issuer's prefix with its lengths (ISO/IEC 7812
// ranges as the networks publish them) and the Luhn digit. Groups may be parted by single blanks or
// dashes.
#include "guard/detector.h"

enum { LONGEST = 19 };

static const struct issuer {
    unsigned from, to; // first four digits
    uint32_t lengths;  // bit n: n digits
} issuers[] = {
    {4000, 4999, 1u << 13 | 1u << 16 | 1u << 19},
    {5100, 5599, 1u << 16},
    {2221, 2720, 1u << 16},
    {3400, 3499, 1u << 15},
    {3700, 3799, 1u << 15},
    {6011, 6011, 1u << 16 | 1u << 19},
    {6440, 6599, 1u << 16 | 1u << 19},
    {3528, 3589, 1u << 16 | 1u << 19},
    {3000, 3059, 1u << 14},
    {3600, 3699, 1u << 14},
    {3800, 3999, 1u << 14 | 1u << 16},
    {6200, 6299, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19},
    {5000, 5099, 1u << 16 | 1u << 18 | 1u << 19},
    {5600, 5899, 1u << 16 | 1u << 18 | 1u << 19},
    {6300, 6439, 1u << 16 | 1u << 18 | 1u << 19},
    {6700, 6799, 1u << 16 | 1u << 18 | 1u << 19},
};

static bool luhn(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0');
        if (i % 2)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return sum % 10 == 0;
}

static bool issued(const char *digits, size_t n)
{
    unsigned first = 0;
    for (int i = 0; i < 4; i++)
        first = first * 10 + (unsigned)(digits[i] - '0');
    for (size_t i = 0; i < countof(issuers); i++)
        if (first >= issuers[i].from && first <= issuers[i].to)
            return issuers[i].lengths >> n & 1;
    return false;
}

static bool match(str text, size_t at, struct hit *ret_hit)
{
    char digits[LONGEST];
    size_t n = 0, p = at, end = at;
    char last = before(text, at);
    must(is_digit(text.p[at]));
    if (is_letter(last) || last == '.' || last == '_' ||
        (last == '-' && is_digit(before(text, at - 1))))
        return false;
    while (n < LONGEST && p < text.n) {
        if (is_digit(text.p[p])) {
            digits[n++] = text.p[p++];
            end = p;
        } else if ((text.p[p] == ' ' || text.p[p] == '-') && is_digit(at_byte(text, p + 1))) {
            p++;
        } else {
            break;
        }
    }
    char next = at_byte(text, end);
    if (is_alnum(next) || n < 13)
        return false;
    bool one_value = true; // 4444 4444 4444 4444 and the like are nobody's
    for (size_t i = 1; i < n; i++)
        one_value &= digits[i] == digits[0];
    if (one_value || !issued(digits, n) || !luhn(digits, n))
        return false;
    *ret_hit = (struct hit){at, end, 0.98f};
    return true;
}

const struct detector detector_credit_card = {DIGIT_RUN, match};
