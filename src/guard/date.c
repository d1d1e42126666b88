// date.c: reads dates. Months are known by their first three letters, in seven languages.
#include "guard/date.h"
#include "guard/detector.h"

// The digits at p, at most `most`: their number in *ret_value, and how many.
static size_t digits(str t, size_t p, size_t most, unsigned *ret_value)
{
    size_t n = 0;
    *ret_value = 0;
    while (n < most && is_digit(at_byte(t, p + n)))
        *ret_value = *ret_value * 10 + (unsigned)(t.p[p + n++] - '0');
    return is_digit(at_byte(t, p + n)) ? 0 : n;
}

static bool is_year(size_t length, unsigned value)
{
    return length == 4 && value >= 1900 && value < 2030;
}

static bool is_day(size_t length, unsigned value)
{
    return length >= 1 && length <= 2 && value >= 1 && value <= 31;
}

// Length of the name of a month, with the dot of a short one, where a blank follows.
static size_t month_length(str t, size_t p)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec" // English
                                "maimrzoktdez"                         // German
                                "eneabragodic"                         // Spanish
                                "janfevavraoujuidec"                   // French, without accents
                                "genmaggiulugsetottdic"                // Italian
                                "outset"                               // Portuguese
                                "mrtmei";                              // Dutch
    static const str accented[] = {S("m\303\244r"), S("f\303\251v"), S("ao\303\273"),
                                   S("d\303\251c")};
    size_t n = 0;
    bool known = false;
    while (is_letter(at_byte(t, p + n)) || at_byte(t, p + n) & 0x80)
        n++;
    if (n < 3 || n > 12 || !strchr(" .,", at_byte(t, p + n)))
        return 0;
    for (size_t i = 0; i + 3 < sizeof names; i += 3)
        known |= str_eq_nocase(str_of(t.p + p, 3), str_of(names + i, 3));
    for (size_t i = 0; i < countof(accented); i++)
        known |= n >= accented[i].n && str_eq_nocase(str_of(t.p + p, accented[i].n), accented[i]);
    return known ? n + (at_byte(t, p + n) == '.') : 0;
}

static size_t skip(str t, size_t p, const char *any)
{
    while (p < t.n && t.p[p] && strchr(any, t.p[p]))
        p++;
    return p;
}

// 25/03/2004, 3-25-04, 25.3.2004; the first number was read.
static size_t numeric(str t, size_t p, unsigned first)
{
    char sign = at_byte(t, p);
    unsigned second, year;
    size_t n = digits(t, p + 1, 2, &second), end = p + 1 + n;
    if (!strchr("/.-", sign) || !sign || !is_day(n, second) || (first > 12 && second > 12) ||
        at_byte(t, end) != sign)
        return 0;
    n = digits(t, end + 1, 4, &year);
    return n == 2 || is_year(n, year) ? end + 1 + n : 0;
}

// Most words are no month's: a number must stand behind the next blank.
static bool number_follows(str t, size_t p)
{
    size_t blank = str_find_char(str_first(str_from(t, p), 16), ' ');
    return blank != SIZE_MAX && is_digit(at_byte(t, p + blank + 1));
}

// The end of the date, or 0.
static size_t read_date(str t, size_t at)
{
    unsigned first, value;
    size_t n = digits(t, at, 4, &first), p = at + n, month;
    if (is_year(n, first) && at_byte(t, p) == '-') { // 2004-03-25
        n = digits(t, p + 1, 2, &value);
        if (!is_day(n, value) || value > 12 || at_byte(t, p + 1 + n) != '-')
            return 0;
        p += n + 2;
        n = digits(t, p, 2, &value);
        return is_day(n, value) ? p + n : 0;
    }
    if (is_day(n, first)) {
        size_t end = numeric(t, p, first);
        if (end)
            return end;
        p = skip(t, p, "stndrh.\302\272"); // 1st, 2nd, 3rd, 25.
        p = skip(t, p, " ");
        if (stands_at(t, p, S("of ")) || stands_at(t, p, S("de ")))
            p += 3;
        month = month_length(t, p);
        p = skip(t, p + month, " ,");
        if (stands_at(t, p, S("de ")))
            p += 3;
        n = digits(t, p, 4, &value);
        return month && is_year(n, value) ? p + n : 0;
    }
    month = n == 0 && number_follows(t, at) ? month_length(t, at) : 0;
    p = skip(t, at + month, " ");
    n = month ? digits(t, p, 2, &value) : 0;
    if (!n || !is_day(n, value))
        return 0;
    p = skip(t, skip(t, p + n, "stndrh"), " ,");
    n = digits(t, p, 4, &value);
    return is_year(n, value) ? p + n : 0;
}

size_t date_length(str text, size_t at)
{
    must(at < text.n);
    if (!(is_alnum(text.p[at])) || !apart(text, at))
        return 0;
    size_t end = read_date(text, at);
    return end && !is_alnum(at_byte(text, end)) ? end - at : 0;
}
