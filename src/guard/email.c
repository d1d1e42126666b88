// email.c: addresses of the common form (RFC 5321: at most 64 bytes before the @, 255 behind it).
// Left out is what nobody has: user@example.com and its like (RFC 2606), git's user in the place of
// a repository, file names such as icon@2x.png.
#include "guard/detector.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255 };

static bool local_byte(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

static bool label_byte(char c)
{
    return is_alnum(c) || c == '-' || (c & 0x80);
}

// Length of the domain at the start of rest: labels parted by dots, the last of letters alone;
// 0 when there is none.
static size_t domain_length(str rest)
{
    size_t n = 0, label = 0, good = 0;
    bool letters = true;
    while (n < rest.n && n < DOMAIN_MAX && (label_byte(rest.p[n]) || rest.p[n] == '.')) {
        char c = rest.p[n++];
        if (c == '.') {
            if (label == 0)
                break;
            label = 0;
            letters = true;
            continue;
        }
        label++;
        letters &= is_letter(c);
        char next = at_byte(rest, n);
        bool last = !is_alnum(next) && next != '-';
        if (label >= 2 && letters && n > label && last)
            good = n;
    }
    return good;
}

static bool one_of(str s, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(s, list[i]))
            return true;
    return false;
}

// Names kept for examples are left out with a local part that names nobody either: people do write
// of jane.doe@example.com when they mean somebody.
static bool nobodys(str local, str domain, char next)
{
    static const str files[] = {S("png"), S("jpg"), S("jpeg"), S("gif"), S("svg"), S("webp"),
                                S("css"), S("js"),  S("ts"),   S("py"),  S("json")};
    static const str kept[] = {S("example"), S("invalid"), S("test"), S("localhost")};
    static const str examples[] = {S("example.com"), S("example.org"), S("example.net")};
    static const str nobody[] = {S("example"), S("user"),    S("username"), S("you"),
                                 S("your"),    S("name"),    S("mail"),     S("email"),
                                 S("test"),    S("someone"), S("foo"),      S("bar")};
    size_t top = domain.n;
    while (top > 0 && domain.p[top - 1] != '.')
        top--;
    str last = str_from(domain, top);
    if (str_eq(local, S("git")) && (next == ':' || next == '/'))
        return true;
    bool for_examples =
        one_of(last, kept, countof(kept)) || one_of(domain, examples, countof(examples));
    return one_of(last, files, countof(files)) ||
           (for_examples && one_of(local, nobody, countof(nobody)));
}

static bool match(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t at = l->at, start = at;
    must(t.p[at] == '@');
    while (start > 0 && at - start < LOCAL_MAX && local_byte(t.p[start - 1]))
        start--;
    while (start < at && (t.p[start] == '.' || t.p[start] == '-'))
        start++;
    if (start == at || t.p[at - 1] == '.')
        return false;
    size_t length = domain_length(str_from(t, at + 1)), end = at + 1 + length;
    if (length < 4 ||
        nobodys(str_of(t.p + start, at - start), str_of(t.p + at + 1, length), at_byte(t, end)))
        return false;
    *ret_hit = (struct hit){start, end, 0.95f};
    return true;
}

const struct detector detector_email = {.anchors = ANCHOR_AT, .match = match};
