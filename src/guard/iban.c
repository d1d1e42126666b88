// iban.c: ISO 13616 account numbers: two letters of a country that gives them out, its length from
// the SWIFT registry, and the remainder 1 of the number read modulo 97.
#include "guard/detector.h"

static const struct country {
    char code[3];
    uint8_t length;
} countries[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
};

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static size_t length_of(const char *code)
{
    for (size_t i = 0; i < countof(countries); i++)
        if (countries[i].code[0] == upper(code[0]) && countries[i].code[1] == upper(code[1]))
            return countries[i].length;
    return 0;
}

static bool mod97(const char *c, size_t n)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        char ch = upper(c[(i + 4) % n]); // the first four stand last
        if (is_digit(ch))
            rest = (rest * 10 + (unsigned)(ch - '0')) % 97;
        else
            rest = (rest * 100 + (unsigned)(ch - 'A') + 10) % 97;
    }
    return rest == 1;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    enum { LONGEST = 34 };
    char c[LONGEST];
    str t = l->text;
    must(is_digit(t.p[l->at]));
    if (l->at < 2 || !is_letter(t.p[l->at - 1]) || !is_letter(t.p[l->at - 2]) ||
        !is_digit(at_byte(t, l->at + 1)) || !apart(t, l->at - 2))
        return false;
    size_t start = l->at - 2, want = length_of(t.p + start), n = 0, p = start;
    must(want <= LONGEST);
    while (n < want && p < t.n) {
        if (is_alnum(t.p[p]))
            c[n++] = t.p[p++];
        else if ((t.p[p] == ' ' || t.p[p] == '-') && is_alnum(at_byte(t, p + 1)))
            p++;
        else if (stands_at(t, p, S("\xc2\xa0")) && is_alnum(at_byte(t, p + 2)))
            p += 2;
        else
            return false;
    }
    if (want == 0 || n < want || is_alnum(at_byte(t, p)) || !mod97(c, n))
        return false;
    *ret_hit = (struct hit){start, p, 0.99f};
    return true;
}

const struct detector detector_iban = {.anchors = ANCHOR_LETTERED, .match = match};
