// password_hash.c: hashes of passwords as systems keep them: $scheme$...$hash (crypt(5), PHC string
// format, Kerberos tickets as crackers write them). Such a hash is guessed offline: it opens what
// the password opens.
#include "guard/detector.h"

// How long the last field is; what stands between it and the scheme is rounds, salt, parameters.
static const struct scheme {
    str name;
    uint16_t least, most;
} schemes[] = {
    {{"1", 1}, 22, 22},
    {{"2a", 2}, 53, 53},
    {{"2b", 2}, 53, 53},
    {{"2y", 2}, 53, 53},
    {{"5", 1}, 43, 43},
    {{"6", 1}, 86, 86},
    {{"7", 1}, 43, 43},
    {{"8", 1}, 43, 43},
    {{"9", 1}, 43, 43},
    {{"y", 1}, 43, 43},
    {{"apr1", 4}, 22, 22},
    {{"argon2i", 7}, 22, 86},
    {{"argon2id", 8}, 22, 86},
    {{"argon2d", 7}, 22, 86},
    {{"scrypt", 6}, 22, 88},
    {{"P", 1}, 31, 31},
    {{"pbkdf2-sha256", 13}, 22, 88},
    {{"pbkdf2-sha512", 13}, 22, 88},
    {{"krb5asrep", 9}, 64, 4096},
    {{"krb5tgs", 7}, 64, 4096},
    {{"sha1", 4}, 28, 28},
};

// Tickets hold names of people and realms.
static bool field_byte(char c, bool ticket)
{
    return is_alnum(c) || (c && strchr(ticket ? "./+=,-_@:*" : "./+=,-_", c));
}

static bool match(struct look *l, struct hit *ret_hit)
{
    enum { FIELDS = 5, LONGEST = 4200, HASH_MOST = 88 };
    str t = l->text, name;
    size_t p = l->at + 1, end = p, last = p;
    must(t.p[l->at] == '$');
    while (is_alnum(at_byte(t, end)) || at_byte(t, end) == '-')
        end++;
    name = str_of(t.p + p, end - p);
    for (size_t i = 0; i < countof(schemes); i++) {
        if (!str_eq(name, schemes[i].name))
            continue;
        for (int fields = 0; fields < FIELDS && at_byte(t, end) == '$'; fields++) {
            last = ++end;
            while (end < t.n && end - last < LONGEST &&
                   field_byte(t.p[end], schemes[i].most > HASH_MOST))
                end++;
        }
        l->spent += end - p;
        while (end > last && strchr(".,=-_+", t.p[end - 1]) && end - last > schemes[i].least)
            end--;
        if (end - last < schemes[i].least || end - last > schemes[i].most)
            return false;
        *ret_hit = (struct hit){l->at, end, 0.95f};
        return true;
    }
    return false;
}

const struct detector detector_password_hash = {.anchors = ANCHOR_DOLLAR, .match = match};
