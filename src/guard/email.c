// email.c: addresses of the common form (RFC 5321 limits: 64 bytes before the @, 255 behind it).
#include "guard/detector.h"

static bool local_byte(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

// Length of the domain at p: labels of letters, digits and dashes, the last one letters alone.
static size_t domain_length(str rest)
{
    size_t n = 0, label = 0, good = 0;
    bool letters = true;
    while (n < rest.n && n < 255 && (is_alnum(rest.p[n]) || rest.p[n] == '-' || rest.p[n] == '.')) {
        if (rest.p[n] == '.') {
            if (label == 0)
                break;
            label = 0;
            letters = true;
        } else {
            label++;
            letters &= is_letter(rest.p[n]);
            // a top label of two letters or more, not the first one, and at its end
            bool last = n + 1 == rest.n || !(is_alnum(rest.p[n + 1]) || rest.p[n + 1] == '-');
            if (label >= 2 && letters && n + 1 > label && last)
                good = n + 1;
        }
        n++;
    }
    return good;
}

static bool match(str text, size_t at, struct hit *ret_hit)
{
    size_t start = at;
    must(text.p[at] == '@');
    while (start > 0 && at - start < 64 && local_byte(text.p[start - 1]))
        start--;
    while (start < at && (text.p[start] == '.' || text.p[start] == '-'))
        start++;
    if (start == at || text.p[at - 1] == '.')
        return false;
    size_t domain = domain_length(str_from(text, at + 1));
    if (domain < 4)
        return false;
    *ret_hit = (struct hit){start, at + 1 + domain, 0.95f};
    return true;
}

const struct detector detector_email = {AT_SIGN, match};
