// credit_card.c: payment card numbers: a known issuer's prefix with its lengths (ISO/IEC 7812
// ranges as the networks publish them), the Luhn digit, and groups as cards have them. Lengths that
// other numbers share, and other groups, need a word that says card. One number in ten passes Luhn
// by chance: prefix, length and borders must hold, too.
#include "guard/detector.h"

enum { SHORTEST = 13, LONGEST = 19, CUE_REACH_BYTES = 48 };

#define N(digits) (1u << (digits))
static const struct issuer {
    uint16_t from, to; // first four digits
    uint32_t lengths;
} issuers[] = {
    {2200, 2204, N(16) | N(17) | N(18) | N(19)}, // Mir
    {2221, 2720, N(16)},                         // Mastercard
    {3000, 3059, N(14) | N(16) | N(19)},         // Diners
    {3095, 3095, N(14) | N(16) | N(19)},
    {3400, 3499, N(15)},         // American Express
    {3528, 3589, N(16) | N(19)}, // JCB
    {3600, 3699, N(14) | N(16) | N(19)},
    {3700, 3799, N(15)},
    {3800, 3999, N(14) | N(16) | N(19)},
    {4000, 4999, N(13) | N(16) | N(19)},                 // Visa
    {5000, 5099, N(13) | N(15) | N(16) | N(18) | N(19)}, // Maestro
    {5100, 5599, N(16)},
    {5600, 5899, N(13) | N(15) | N(16) | N(18) | N(19)},
    {6011, 6011, N(16) | N(19)},                 // Discover
    {6200, 6299, N(16) | N(17) | N(18) | N(19)}, // UnionPay
    {6304, 6304, N(13) | N(15) | N(16) | N(18) | N(19)},
    {6390, 6390, N(16) | N(18) | N(19)},
    {6440, 6599, N(16) | N(19)},
    {6700, 6799, N(13) | N(15) | N(16) | N(18) | N(19)},
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

// The lengths that an issuer gives to numbers which begin so, a bit each.
static uint32_t lengths_of(const char *digits)
{
    unsigned first = 0;
    for (int i = 0; i < 4; i++)
        first = first * 10 + (unsigned)(digits[i] - '0');
    for (size_t i = 0; i < countof(issuers); i++)
        if (first >= issuers[i].from && first <= issuers[i].to)
            return issuers[i].lengths;
    return 0;
}

// 4444 4444 4444 4444 and the like are nobody's.
static bool one_digit(const char *digits, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (digits[i] != digits[0])
            return false;
    return true;
}

// Numbers that the networks publish for tests: they stand in documentation, not on cards.
static bool published(const char *digits, size_t n)
{
    static const str numbers[] = {
        {"4111111111111111", 16}, {"4242424242424242", 16}, {"4012888888881881", 16},
        {"5555555555554444", 16}, {"5105105105105100", 16}, {"378282246310005", 15},
        {"371449635398431", 15},  {"6011111111111117", 16}, {"30569309025904", 14},
        {"3530111333300000", 16}, {"4222222222222", 13},
    };
    for (size_t i = 0; i < countof(numbers); i++)
        if (str_eq(numbers[i], str_of(digits, n)))
            return true;
    return false;
}

// Groups as they are printed: 4-4-4-4, with up to three more, 4-6-5 and 4-6-4; all parted alike.
static bool printed(const struct number *n, unsigned groups)
{
    static const uint8_t amex[] = {4, 6, 5}, diners[] = {4, 6, 4}, fours[] = {4, 4, 4, 4};
    if (groups == 3)
        return number_is(n, amex, 3) || number_is(n, diners, 3);
    return number_is(n, fours, 4) && (groups == 4 || (groups == 5 && n->size[4] <= 3));
}

static bool parted_alike(const struct number *n, unsigned groups)
{
    for (unsigned i = 0; i + 1 < groups; i++)
        if ((n->gap[i] != ' ' && n->gap[i] != '-') || n->gap[i] != n->gap[0])
            return false;
    return true;
}

// The first groups end where a number may end: what follows is no part of it.
static bool ends(str text, const struct number *n, unsigned groups, size_t end)
{
    char gap = n->gap[groups - 1];
    return !is_alnum(at_byte(text, end)) && at_byte(text, end) != '_' && gap != '.' &&
           (gap != '-' || (groups > 1 && n->gap[0] == ' '));
}

static bool match(struct look *l, struct hit *ret_hit)
{
    const struct number *n = &l->number;
    char last = before(l->text, l->at);
    must(is_digit(l->text.p[l->at]));
    if (n->digits < SHORTEST || !apart(l->text, l->at) || last == '.' || last == '_' ||
        (last == '-' && is_alnum(before(l->text, l->at - 1))))
        return false;
    bool cued = behind(l, CUE_CARD) <= CUE_REACH_BYTES;
    uint32_t lengths = lengths_of(n->digit);
    unsigned sum = 0;
    for (unsigned groups = 1; lengths && groups <= n->groups; groups++) {
        sum += n->size[groups - 1];
        if (sum < SHORTEST || sum > LONGEST || !(lengths >> sum & 1) || !luhn(n->digit, sum))
            continue;
        size_t end = number_end(n, groups - 1);
        bool usual = groups == 1 ? sum == 15 || sum == 16 : printed(n, groups);
        if (!(usual || cued) || !parted_alike(n, groups) || !ends(l->text, n, groups, end) ||
            one_digit(n->digit, sum) || published(n->digit, sum))
            continue;
        *ret_hit = (struct hit){l->at, end, groups > 1 || cued ? 0.98f : 0.9f};
        return true;
    }
    return false;
}

const struct detector detector_credit_card = {.anchors = ANCHOR_NUMBER, .match = match};
