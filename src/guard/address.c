// address.c: postal addresses in three ways of writing: number, name and Street; number, rue and
// name; name of a street, number, five digits and a town. A street needs its number: names of
// streets alone are no one's address. Towns are taken in only with a postcode.
#include "guard/detector.h"

enum { STREET_WORDS = 4, TOWN_WORDS = 5, WORD_MOST = 32, BACK = 72 };

static bool of_name(char c)
{
    return of_word(c) || c == '\'' || c == '-';
}

static bool begins_name(char c)
{
    return is_upper(c) || (c & 0xc0) == 0xc0;
}

static size_t word_end(str t, size_t p)
{
    size_t end = p;
    while (end < t.n && end - p < WORD_MOST && of_name(t.p[end]))
        end++;
    return end;
}

static bool is_one_of(str word, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(word, list[i]))
            return true;
    return false;
}

// Small words inside names: Rue de la Paix, Bad Homburg vor der Höhe.
static bool joins(str word)
{
    static const str list[] = {S("de"),  S("del"), S("dels"), S("della"), S("di"),  S("la"),
                               S("le"),  S("les"), S("du"),   S("des"),   S("da"),  S("do"),
                               S("dos"), S("sur"), S("en"),   S("am"),    S("an"),  S("im"),
                               S("in"),  S("der"), S("dem"),  S("vor"),   S("bei"), S("of"),
                               S("van"), S("den"), S("i"),    S("y")};
    return is_one_of(word, list, countof(list));
}

// Behind at most `most` words of a name that begins at p; p when none does.
static size_t name_end(str t, size_t p, unsigned most)
{
    size_t end = p;
    for (unsigned i = 0; i < most; i++) {
        size_t q = word_end(t, p);
        str word = str_of(t.p + min_size(p, t.n), q - min_size(p, t.n));
        bool name = word.n > 0 && begins_name(word.p[0]);
        if (!name && !(i > 0 && joins(word)) && !(i == 0 && joins(word)))
            break;
        if (name)
            end = q;
        if (at_byte(t, q) == '.')
            q++;
        if (at_byte(t, q) != ' ')
            break;
        p = q + 1;
    }
    return end;
}

// Behind what parts the lines of an address.
static size_t skip_parting(str t, size_t p)
{
    size_t q = p;
    while (q < t.n && q - p < 4) {
        if (stands_at(t, q, S("\\n")))
            q += 2;
        else if (t.p[q] == ',' || t.p[q] == ' ' || t.p[q] == '\n' || t.p[q] == '\r')
            q++;
        else
            break;
    }
    return q;
}

static size_t digits_end(str t, size_t p, size_t most)
{
    size_t end = p;
    while (end < t.n && end - p <= most && is_digit(t.p[end]))
        end++;
    return end - p <= most ? end : p;
}

// Behind the number of a house, 12, 12a or 12 b; p when there is none.
static size_t house_end(str t, size_t p)
{
    size_t end = digits_end(t, p, 4);
    if (end == p)
        return p;
    if (is_letter(at_byte(t, end)) && !is_alnum(at_byte(t, end + 1)))
        end++;
    return is_alnum(at_byte(t, end)) ? p : end;
}

// Behind a postcode at p: NY 10001, 10001, SW1A 1AA; p when there is none.
static size_t postcode_end(str t, size_t p)
{
    size_t q = p, end;
    if (is_upper(at_byte(t, p)) && is_upper(at_byte(t, p + 1)) && at_byte(t, p + 2) == ' ')
        q = p + 3;
    end = digits_end(t, q, 5);
    if (end == q + 5 && !is_alnum(at_byte(t, end)))
        return end;
    for (q = p; q < p + 2 && is_upper(at_byte(t, q));)
        q++;
    end = digits_end(t, q, 2);
    if (q == p || end == q)
        return p;
    end += is_upper(at_byte(t, end));
    if (at_byte(t, end) != ' ' || !is_digit(at_byte(t, end + 1)) ||
        !is_upper(at_byte(t, end + 2)) || !is_upper(at_byte(t, end + 3)) ||
        is_alnum(at_byte(t, end + 4)))
        return p;
    return end + 4;
}

// Flat 12, Apt. 3, Suite 40, and their like at p; p when there is none.
static size_t unit_end(str t, size_t p)
{
    static const str units[] = {S("flat"),  S("apt"),  S("apartment"),
                                S("suite"), S("unit"), S("floor")};
    size_t q = word_end(t, p);
    if (!is_one_of(str_of(t.p + min_size(p, t.n), q - min_size(p, t.n)), units, countof(units)))
        return p;
    q += at_byte(t, q) == '.';
    if (at_byte(t, q) != ' ')
        return p;
    size_t end = digits_end(t, q + 1, 5);
    return end > q + 1 ? end : p;
}

// Behind what follows a street: unit, town with its postcode, either order.
static size_t tail_end(str t, size_t end)
{
    size_t p = skip_parting(t, end), q = unit_end(t, p);
    must(p >= end && q >= p);
    if (q > p) {
        end = q;
        p = skip_parting(t, end);
    }
    q = postcode_end(t, p); // 12345 Town
    if (p > end && q > p) {
        size_t town = name_end(t, skip_parting(t, q), TOWN_WORDS);
        return town > skip_parting(t, q) ? town : q;
    }
    q = name_end(t, p, TOWN_WORDS); // Town, NY 12345
    if (p == end || q == p)
        return end;
    p = skip_parting(t, q);
    q = postcode_end(t, p);
    return q > p ? q : end;
}

// The start of the number before p, with one blank or a comma between; SIZE_MAX when there is none.
static size_t house_before(str t, size_t p)
{
    size_t end = p;
    while (end > 0 && p - end < 2 && (t.p[end - 1] == ' ' || t.p[end - 1] == ','))
        end--;
    size_t start = end;
    while (start > 0 && end - start < 7 && is_alnum(t.p[start - 1]))
        start--;
    bool number = start < end && end < p && is_digit(t.p[start]) && apart(t, start);
    size_t digits = digits_end(t, start, 5);
    number &= before(t, start) != ',' || !is_digit(before(t, start - 1)); // 3,000
    return number && digits > start && digits + 1 >= end && before(t, start) != '.' &&
                   before(t, start) != '-' && before(t, start) != '/'
               ? start
               : SIZE_MAX;
}

// The unit that stands before the street.
static size_t with_unit_before(str t, size_t start)
{
    enum { REACH = 20 };
    for (size_t p = start > REACH ? start - REACH : 0; p < start; p++) {
        size_t end = apart(t, p) ? unit_end(t, p) : p;
        if (end > p && skip_parting(t, end) == start)
            return p;
    }
    return start;
}

// 12 Long Name Street: from the last word back to the number.
static bool street_last(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t p = l->at, number;
    l->spent += BACK;
    if (!is_upper(t.p[l->at]))
        return false;
    for (unsigned words = 0; words <= STREET_WORDS; words++) {
        number = house_before(t, p);
        if (number != SIZE_MAX && words > 0)
            break;
        if (before(t, p) != ' ')
            return false;
        size_t end = --p;
        while (p > 0 && end - p < WORD_MOST && of_name(t.p[p - 1]))
            p--;
        if (p == end || !(begins_name(t.p[p]) || joins(str_of(t.p + p, end - p))))
            return false;
    }
    if (number == SIZE_MAX)
        return false;
    size_t end = tail_end(t, l->cue_end);
    *ret_hit = (struct hit){with_unit_before(t, number), end, 0.8f};
    return true;
}

// Behind the kind of street and a blank, which some cue words have in them.
static size_t name_behind(const struct look *l)
{
    return l->cue_end + (before(l->text, l->cue_end) != ' ');
}

// 12 bis, rue Long Name: the number before, the name behind.
static bool street_first(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t p = l->at;
    if (p > 4 && (stands_at(t, p - 4, S("bis ")) || stands_at(t, p - 4, S("ter "))))
        p -= 4;
    size_t number = house_before(t, p), name = name_behind(l);
    if (number == SIZE_MAX || before(t, name) != ' ')
        return false;
    size_t end = name_end(t, name, STREET_WORDS);
    *ret_hit = (struct hit){number, tail_end(t, end), 0.8f};
    return end > name;
}

// Viale Long Name, 12.
static bool number_last(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t name = name_behind(l);
    if (!is_upper(t.p[l->at]) || before(t, name) != ' ')
        return false;
    size_t end = name_end(t, name, STREET_WORDS), p = skip_parting(t, end), house = house_end(t, p);
    *ret_hit = (struct hit){l->at, house > p ? tail_end(t, house) : house, 0.8f};
    return end > name && house > p;
}

// Whether the name of a street begins here: Langeweg, Am Wall, Calle Larga, 12 rue Longue.
static bool street_begins(str t, size_t p)
{
    static const str ends[] = {S("stra\303\237e"), S("strasse"), S("str"),   S("weg"),   S("platz"),
                               S("gasse"),         S("allee"),   S("ring"),  S("damm"),  S("ufer"),
                               S("straat"),        S("laan"),    S("plein"), S("gracht")};
    static const str words[] = {S("Calle"),  S("Avenida"), S("Plaza"),  S("Paseo"), S("Via"),
                                S("Viale"),  S("Piazza"),  S("Corso"),  S("Rua"),   S("Largo"),
                                S("Am"),     S("An"),      S("Im"),     S("Zum"),   S("Zur"),
                                S("Auf"),    S("Unter"),   S("Carrer"), S("Ronda"), S("Travessa"),
                                S("Vicolo"), S("Camino")};
    size_t end = word_end(t, p);
    str word = str_of(t.p + p, end - p);
    if (stands_at(t, p, S("C/ ")))
        return true;
    if (word.n == 0 || !begins_name(word.p[0]))
        return false;
    for (size_t i = 0; i < countof(ends); i++)
        if (word.n > ends[i].n && str_eq_nocase(str_from(word, word.n - ends[i].n), ends[i]))
            return true;
    return at_byte(t, end) == ' ' && is_one_of(word, words, countof(words)) &&
           (begins_name(at_byte(t, end + 1)) ||
            joins(str_of(t.p + end + 1, word_end(t, end + 1) - end - 1)));
}

// Five digits with a town behind: the street stands before them on this line or on the one before.
static bool before_postcode(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t from = l->at > BACK ? l->at - BACK : 0, lines = 0;
    for (size_t p = l->at; p > from; p--) {
        lines += t.p[p - 1] == '\n';
        if (lines > 1 || t.p[p - 1] == ':' || t.p[p - 1] == ';' || t.p[p - 1] == '|')
            from = p;
    }
    l->spent += l->at - from;
    must(from <= l->at);
    for (size_t p = from; p < l->at; p++) {
        size_t q = p;
        if (!apart(t, p) || before(t, p) & 0x80 || !street_begins(t, p))
            continue;
        while (q < l->at && !(is_digit(t.p[q]) && !is_alnum(before(t, q)) && house_end(t, q) > q))
            q++;
        if (q >= l->at)
            return false;
        size_t end = name_end(t, l->at + 6, TOWN_WORDS);
        *ret_hit = (struct hit){p, end, 0.8f};
        return end > l->at + 6;
    }
    return false;
}

static bool match(struct look *l, struct hit *ret_hit)
{
    must(l->at < l->text.n);
    if (l->anchor == ANCHOR_POSTCODE)
        return before_postcode(l, ret_hit);
    switch (l->cue) {
    case CUE_STREET:
        return street_last(l, ret_hit);
    case CUE_AVENUE:
        return street_last(l, ret_hit) || street_first(l, ret_hit);
    case CUE_VIALE:
        return number_last(l, ret_hit);
    default:
        return false;
    }
}

const struct detector detector_address = {.anchors = ANCHOR_CUE | ANCHOR_POSTCODE,
                                          .cues =
                                              1u << CUE_STREET | 1u << CUE_AVENUE | 1u << CUE_VIALE,
                                          .match = match};
