// told.c: secrets without a form of their own: a run that looks random, and near before it on the
// same line a word that says key, token, secret. Numbers of commits, sums and identifiers look the
// same: a nearer word that says so tells them. Right behind such a word a run need look less
// random: vendors' keys may be GUIDs, or digits alone.
#include "guard/secret.h"

enum { REACH = 48, RUN_LEAST = 20, RUN_MOST = 128, DIFFERENT = 5 };

static const str telling[] = {
    S("key"),  S("token"),  S("secret"),        S("password"),   S("passwd"), S("pwd"),
    S("pat"),  S("apikey"), S("creds"),         S("credential"), S("bearer"), S("credentials"),
    S("auth"), S("access"), S("authorization"), S("login"),      S("unseal"), S("apitoken")};
// Of words right before the run only.
static const str nearest[] = {S("key"),     S("token"),  S("secret"), S("apikey"),
                              S("private"), S("access"), S("pat"),    S("apitoken")};
static const str others[] = {
    S("commit"),      S("sha"),  S("hash"),    S("digest"), S("checksum"),   S("md"),
    S("etag"),        S("id"),   S("uuid"),    S("guid"),   S("version"),    S("revision"),
    S("image"),       S("blob"), S("tree"),    S("public"), S("integrity"),  S("cache"),
    S("signature"),   S("ref"),  S("address"), S("pubkey"), S("file"),       S("url"),
    S("fingerprint"), S("uid"),  S("object"),  S("node"),   S("thumbprint"), S("primary")};

static bool ends_in_one(str word, const str *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t more = word.n - list[i].n;
        if (word.n < list[i].n || (word.p[more] | 0x20) != list[i].p[0] ||
            !str_eq_nocase(str_from(word, more), list[i]))
            continue;
        // monkey and valid end so, too; rawgKEY and vendor_key do as names do
        if (more == 0 || !is_letter(word.p[more - 1]) ||
            is_upper(word.p[more]) != is_upper(word.p[more - 1]))
            return true;
    }
    return false;
}

// Whether the nearest telling word before `at` says secret.
static bool told_before(str t, size_t at)
{
    size_t from = at > REACH ? at - REACH : 0, p = at;
    must(at <= t.n);
    while (p > from && t.p[p - 1] != '\n') {
        size_t end = p;
        while (p > from && (is_letter(t.p[p - 1]) || (p < end && t.p[p - 1] == '_')))
            p--;
        if (p == end) {
            p--;
            continue;
        }
        str word = str_of(t.p + p, end - p);
        if (ends_in_one(word, others, countof(others)) || public_name(word))
            return false;
        if (ends_in_one(word, telling, countof(telling)))
            return true;
    }
    return false;
}

// The word that ends right before `at`: one sign or blank between, or " = ".
static bool right_behind(str t, size_t at)
{
    size_t end = at, gap = 0;
    while (end > 0 && gap < 3 && strchr(" =:\"'-", t.p[end - 1]) && t.p[end - 1])
        end--, gap++;
    size_t from = end;
    while (from > 0 && end - from < REACH && (is_letter(t.p[from - 1]) || t.p[from - 1] == '_'))
        from--;
    str word = str_of(t.p + from, end - from);
    return gap > 0 && !public_name(word) && ends_in_one(word, nearest, countof(nearest));
}

// Not random to look at, but no words either: letters and digits in turn, or a long row of digits.
static bool key_like(str v)
{
    enum { DIGITS_LEAST = 24 };
    size_t digits = 0, letters = 0, signs = 0;
    for (size_t i = 0; i < v.n; i++) {
        digits += is_digit(v.p[i]);
        letters += is_letter(v.p[i]);
        signs += !is_alnum(v.p[i]);
    }
    if (letters == 0)
        return signs == 0 && digits >= DIGITS_LEAST;
    return digits >= 4 && letters >= 4 && (signs == 0 || is_guid(v));
}

// What base64 has beside key bytes.
static bool more_of_it(char c)
{
    return is_key(c) || c == '+' || c == '/';
}

bool told(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t start = l->at, end = start;
    must(is_key(t.p[start]));
    while (start > 0 && l->at - start < RUN_MOST && more_of_it(t.p[start - 1]))
        start--;
    while (end < t.n && end - l->at < RUN_MOST && more_of_it(t.p[end]))
        end++;
    l->spent += end - start;
    str v = str_of(t.p + start, end - start);
    if (v.n < RUN_LEAST || v.n >= RUN_MOST || stands_for_another(v) || different(v) < DIFFERENT ||
        !((random_looking(v) && told_before(t, start)) || (key_like(v) && right_behind(t, start))))
        return false;
    while (end < t.n && t.p[end] == '=' && end - start < v.n + 2)
        end++;
    *ret_hit = (struct hit){start, end, 0.7f};
    return true;
}
