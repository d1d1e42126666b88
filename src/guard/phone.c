// phone.c: telephone numbers. International ones (ITU-T E.164: a plus or 00, a country code that is
// given out, a length that this country has) and the forms that numbers have inside some countries
// stand for themselves; other runs of digits need a word that says telephone near them. Dates,
// addresses of machines, decimals, and numbers behind the words for other numbers are none.
#include "guard/detector.h"

enum { DIGITS_MAX = 15, CUE_REACH_BYTES = 32, OTHER_REACH_BYTES = 32, NEIGHBOUR_BYTES = 48 };

// Lengths with the country code, by its first two digits; where three make the code, of all that
// begin so. None: not given out.
#define ANY                                                                                        \
    {                                                                                              \
        9, DIGITS_MAX                                                                              \
    }
static const struct lengths {
    uint8_t least, most;
} lengths[100] = {
    [10 ... 19] = {11, 11}, // North America
    [70 ... 79] = {11, 11}, // Russia, Kazakhstan
    [20] = {10, 12},        [21 ... 26] = ANY, [27] = {11, 11},   [29] = ANY,
    [30] = {12, 12},        [31] = {11, 11},   [32] = {10, 11},   [33] = {11, 11},
    [34] = {11, 11},        [35] = ANY,        [36] = {10, 11},   [37 ... 38] = ANY,
    [39] = {9, 13},         [40] = {11, 11},   [41] = {11, 11},   [42] = ANY,
    [43] = {9, 14},         [44] = {11, 12},   [45] = {10, 10},   [46] = {9, 12},
    [47] = {10, 10},        [48] = {11, 11},   [49] = {9, 14},    [50 ... 51] = ANY,
    [52] = {12, 13},        [53 ... 54] = ANY, [55] = {12, 13},   [56 ... 60] = ANY,
    [61] = {11, 11},        [62] = {10, 14},   [63] = {11, 12},   [64] = {10, 12},
    [65] = {10, 10},        [66 ... 69] = ANY, [80] = ANY,        [81] = {11, 12},
    [82] = {10, 12},        [84 ... 85] = ANY, [86] = {11, 13},   [87 ... 88] = ANY,
    [90] = {12, 12},        [91] = {11, 12},   [92 ... 99] = ANY,
};
#undef ANY

// Of some codes of three digits more is known.
static const struct country {
    char code[4];
    struct lengths lengths;
} countries[] = {{"351", {12, 12}}, {"353", {10, 12}}, {"358", {9, 13}},
                 {"420", {12, 12}}, {"852", {11, 11}}, {"971", {11, 12}}};

// Digits of an international number that begins so.
static struct lengths lengths_of(const char *digits)
{
    for (size_t i = 0; i < countof(countries); i++)
        if (memcmp(countries[i].code, digits, 3) == 0)
            return countries[i].lengths;
    return lengths[(digits[0] - '0') * 10 + digits[1] - '0'];
}

// Digits with `skip` before the country code (00). How many groups belong to it; 0: it is none.
static unsigned international(const struct number *n, unsigned skip)
{
    unsigned sum = 0, groups = 0;
    if (n->digits < skip + 7)
        return 0;
    struct lengths given = lengths_of(n->digit + skip);
    if (!given.most)
        return 0;
    for (unsigned i = 0; i < n->groups; i++) {
        sum += n->size[i];
        bool trunk = n->groups > 1 && n->size[1] == 1 && n->digit[n->size[0]] == '0'; // +44 (0)20
        if (sum >= skip + given.least && sum <= skip + given.most + trunk)
            groups = i + 1;
        if (n->gap[i] == '/' && i > 1)
            break;
    }
    return groups;
}

static bool same_gaps(const struct number *n, unsigned groups)
{
    for (unsigned i = 1; i + 1 < groups; i++)
        if (n->gap[i] != n->gap[0])
            return false;
    return true;
}

// What follows the first groups is no more of them: nothing, or parted in another way.
static bool ends(const struct number *n, unsigned groups)
{
    char next = n->gap[groups - 1];
    return next == 0 || (groups > 1 ? next != n->gap[groups - 2] && next != '-' : next == ' ');
}

// Area and exchange of the North American plan begin with 2 to 9.
static unsigned north_american(const struct number *n, bool bracket)
{
    static const uint8_t long_form[] = {1, 3, 3, 4}, form[] = {3, 3, 4};
    unsigned groups = number_is(n, long_form, 4) && n->digit[0] == '1' ? 4 : 3;
    const char *d = n->digit + groups - 3;
    if (groups == 3 && !number_is(n, form, 3))
        return 0;
    bool parted = bracket || n->gap[groups - 3] == n->gap[groups - 2];
    return d[0] >= '2' && d[3] >= '2' && parted && ends(n, groups) ? groups : 0;
}

// 0 and an area, parted from the rest: 020 7946 0018, 07700 900123, 06 12 34 56 78, 0221/4710815,
// 06-12345678; (11) 91234-5678.
static unsigned national(const struct number *n, bool bracket)
{
    static const uint8_t pairs[] = {2, 2, 2, 2, 2};
    const uint8_t *s = n->size;
    bool zero = n->digit[0] == '0' && n->digit[1] != '0';
    if (bracket && n->groups >= 3 && s[0] == 2 && (s[1] == 4 || s[1] == 5) && s[2] == 4)
        return 3;
    if (!zero || n->groups < 2)
        return 0;
    if (number_is(n, pairs, 5))
        return same_gaps(n, 5) && ends(n, 5) && n->gap[0] != '/' ? 5 : 0;
    if (s[0] < 2 || s[0] > 5 || n->gap[0] == '.')
        return 0;
    unsigned two = number_sum(n, 2);
    if (s[1] >= 6 && s[1] <= 8 && two >= (s[0] == 2 ? 10 : 9) && two <= 12 && ends(n, 2))
        return 2;
    if (n->groups < 3)
        return 0;
    unsigned three = two + n->size[2];
    bool like = s[0] >= 3 && s[1] >= 3 && s[1] <= 4 && s[2] >= 3 && s[2] <= 4;
    return like && three >= 10 && three <= 11 && ends(n, 3) ? 3 : 0;
}

static unsigned number_of(const struct number *n, unsigned group)
{
    unsigned v = 0, first = number_sum(n, group);
    for (unsigned i = 0; i < n->size[group] && i < 5; i++)
        v = v * 10 + (unsigned)(n->digit[first + i] - '0');
    return v;
}

static bool is_year(unsigned v)
{
    return v >= 1900 && v < 2100;
}

// 2024-08-04, 04.08.2024, 10.2.0.46, 3.1415926, 2019-2024.
static bool other_shape(const struct number *n)
{
    const uint8_t *s = n->size;
    char gap = n->gap[0];
    if (n->groups < 2)
        return false;
    if (n->groups >= 3 && n->gap[1] == gap && s[1] <= 2 &&
        ((s[0] == 4 && s[2] <= 2 && is_year(number_of(n, 0))) ||
         (s[0] <= 2 && s[2] == 4 && is_year(number_of(n, 2)))))
        return true;
    if (n->groups >= 4 && gap == '.' && n->gap[1] == '.' && n->gap[2] == '.' && s[0] <= 3 &&
        s[1] <= 3 && s[2] <= 3 && s[3] <= 3)
        return true;
    if (n->groups == 2 && (gap == '.' || gap == '/'))
        return true;
    return s[0] == 4 && s[1] == 4 && is_year(number_of(n, 0)) && is_year(number_of(n, 1));
}

// The nearest word for a number before this place says another one than a telephone's.
static bool other_word(const struct look *l)
{
    size_t other =
        min_size(behind(l, CUE_OTHER), min_size(behind(l, CUE_SSN), behind(l, CUE_CARD)));
    return other <= OTHER_REACH_BYTES &&
           other < min_size(behind(l, CUE_PHONE), behind(l, CUE_REACH));
}

// An e-mail address stands beside it, as in a record of a person.
static bool beside_address(str t, size_t start, size_t end)
{
    size_t from = start > NEIGHBOUR_BYTES ? start - NEIGHBOUR_BYTES : 0;
    size_t to = min_size(t.n, end + NEIGHBOUR_BYTES);
    return memchr(t.p + from, '@', start - from) || memchr(t.p + end, '@', to - end);
}

// Digits that say nothing by themselves: how many groups, when a word or a neighbour tells.
static unsigned cued(const struct look *l)
{
    const struct number *n = &l->number;
    unsigned groups = n->groups;
    unsigned sum = n->digits;
    for (; groups > 1 && (sum > 12 || !ends(n, groups)); groups--)
        sum -= n->size[groups - 1];
    size_t end = number_end(n, groups - 1);
    if (sum < 7 || sum > 12 || other_shape(n) || is_digit(at_byte(l->text, end)))
        return 0;
    if (behind(l, CUE_PHONE) <= CUE_REACH_BYTES)
        return groups;
    bool ten = sum == 10 && n->digit[0] >= '2' && n->digit[3] >= '2';
    bool eleven = sum == 11 && n->digit[0] == '0' && n->digit[1] == '7';
    if (!ten && !eleven)
        return 0;
    bool told = behind(l, CUE_REACH) <= CUE_REACH_BYTES || beside_address(l->text, l->at, end);
    return told ? groups : 0;
}

// Numbers without a plus: how many groups, and how sure.
static unsigned without_plus(const struct look *l, bool bracket, float *ret_score)
{
    const struct number *n = &l->number;
    unsigned groups = 0;
    if (other_word(l))
        return 0;
    *ret_score = 0.8f;
    if (n->digit[0] == '0' && n->digit[1] == '0' && (groups = international(n, 2)))
        return groups;
    *ret_score = 0.7f;
    if ((groups = north_american(n, bracket)) || (groups = national(n, bracket)))
        return groups;
    *ret_score = 0.6f;
    return cued(l);
}

static bool match(struct look *l, struct hit *ret_hit)
{
    const struct number *n = &l->number;
    str t = l->text;
    size_t start = l->at;
    bool bracket = before(t, start) == '(';
    unsigned groups = 0;
    float score = 0.9f;
    must(is_digit(t.p[start]));
    if (n->digits < 7)
        return false;
    start -= bracket;
    char last = before(t, start);
    if (last == '+') {
        start--;
        groups = is_alnum(before(t, start)) ? 0 : international(n, 0);
        start -= !bracket && before(t, start) == '(';
    } else if (apart(t, start) && (last == 0 || !strchr("-./$#_", last))) {
        groups = without_plus(l, bracket, &score);
    }
    if (!groups)
        return false;
    *ret_hit = (struct hit){start, number_end(n, groups - 1), score};
    return true;
}

const struct detector detector_phone = {.anchors = ANCHOR_NUMBER, .match = match};
