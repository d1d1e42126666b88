// secret.c: what opens something. Four ways in: tokens that tell themselves (tokens.c); passwords
// in URLs; values behind an assignment to a telling name; and what sentences and command lines say
// (spoken.h). Values that stand for others, such as changeme, ${PASS} or a call of a function, are
// none.
#include "guard/secret.h"

// --- URLs ----------------------------------------------------------------------------------------

// scheme://user:password@host; `at` is the colon behind the scheme. Of a database's address all is
// the secret, of others the password: the rest is an address like any.
static bool match_url(str t, size_t at, struct hit *ret_hit)
{
    enum { LONGEST = 256 };
    size_t start = at, p = at + 3, colon = 0, sign = 0;
    while (start > 0 && at - start < 20 && (is_alnum(t.p[start - 1]) || t.p[start - 1] == '+'))
        start--;
    if (start == at || !memchr(t.p + p, '@', min_size(LONGEST, t.n - p)))
        return false;
    for (; p < t.n && p < at + LONGEST && !url_end(t.p[p]) && t.p[p] != '/'; p++) {
        if (t.p[p] == ':' && !colon)
            colon = p;
        if (t.p[p] == '@')
            sign = p;
    }
    if (!colon || sign < colon + 4 || !is_alnum(at_byte(t, sign + 1)))
        return false;
    str password = str_of(t.p + colon + 1, sign - colon - 1);
    if (stands_for_another(password) || different(password) < 3)
        return false;
    while (p < t.n && p < at + 2 * LONGEST && !url_end(t.p[p]))
        p++;
    str scheme = str_of(t.p + start, at - start);
    bool web = str_starts(scheme, S("http")) || str_starts(scheme, S("ftp")) ||
               str_starts(scheme, S("git")) || str_starts(scheme, S("ssh"));
    *ret_hit = web ? (struct hit){colon + 1, sign, 0.95f} : (struct hit){start, p, 0.95f};
    return true;
}

// --- assignments ---------------------------------------------------------------------------------

// Last words of names that hold secrets, and how a value behind them must look; of two that end
// alike the longer stands first.
#define NAMES(X, i)                                                                                \
    X("_pat", TOKEN, i)                                                                            \
    X("access-key", TOKEN, i)                                                                      \
    X("access_key", TOKEN, i)                                                                      \
    X("accesskey", TOKEN, i)                                                                       \
    X("api-key", TOKEN, i)                                                                         \
    X("api_key", TOKEN, i)                                                                         \
    X("apikey", TOKEN, i)                                                                          \
    X("auth", TOKEN, i)                                                                            \
    X("auth_key", TOKEN, i)                                                                        \
    X("authkey", TOKEN, i)                                                                         \
    X("authorization", TOKEN, i)                                                                   \
    X("bearer", TOKEN, i)                                                                          \
    X("contrase\303\261a", PASSWORD, i)                                                            \
    X("cookie", TOKEN, i)                                                                          \
    X("credential", TOKEN, i)                                                                      \
    X("credentials", TOKEN, i)                                                                     \
    X("creds", TOKEN, i)                                                                           \
    X("encryption_key", TOKEN, i)                                                                  \
    X("jwt", TOKEN, i)                                                                             \
    X("kennwort", PASSWORD, i)                                                                     \
    X("license_key", TOKEN, i)                                                                     \
    X("pass", PASSWORD, i)                                                                         \
    X("passcode", PASSWORD, i)                                                                     \
    X("passe", PASSWORD, i)                                                                        \
    X("passphrase", PASSWORD, i)                                                                   \
    X("passw", PASSWORD, i)                                                                        \
    X("passwd", PASSWORD, i)                                                                       \
    X("password", PASSWORD, i)                                                                     \
    X("passwort", PASSWORD, i)                                                                     \
    X("pin", PIN, i)                                                                               \
    X("private_key", TOKEN, i)                                                                     \
    X("privatekey", TOKEN, i)                                                                      \
    X("pwd", PASSWORD, i)                                                                          \
    X("secret", TOKEN, i)                                                                          \
    X("secret-key", TOKEN, i)                                                                      \
    X("secret_key", TOKEN, i)                                                                      \
    X("secretkey", TOKEN, i)                                                                       \
    X("secrets", TOKEN, i)                                                                         \
    X("senha", PASSWORD, i)                                                                        \
    X("session_id", TOKEN, i)                                                                      \
    X("sessionid", TOKEN, i)                                                                       \
    X("sessionkey", TOKEN, i)                                                                      \
    X("sid", KEY, i)                                                                               \
    X("signing_key", TOKEN, i)                                                                     \
    X("token", TOKEN, i)                                                                           \
    X("wachtwoord", PASSWORD, i)                                                                   \
    X("key", KEY, i)

static const struct name_row {
    str word;
    enum value_kind kind;
    uint16_t ending; // its last two bytes
} names[] = {
#define SMALL(c)     ((uint8_t)(c) | 0x20)
#define ENDING(p, n) (uint16_t)(SMALL((p)[(n)-2]) << 8 | SMALL((p)[(n)-1]))
#define NAME_ROW(word, kind, i)                                                                    \
    {{word, sizeof(word) - 1}, VALUE_##kind, ENDING(word, sizeof(word) - 1)},
    NAMES(NAME_ROW, 0)};

// For the last letter of a name, a bit for each letter before it: most names end otherwise.
#define LAST(word, back)    ((word)[sizeof(word) - 1 - (back)] & 31)
#define ENDS(word, kind, i) | (LAST(word, 1) == (i) ? 1u << LAST(word, 2) : 0)
#define ENDINGS(i)          (0u NAMES(ENDS, i))
const uint32_t secret_endings[32] = {THIRTY_TWO(ENDINGS, 0)};

bool public_name(str name)
{
    static const str words[] = {S("public"), S("publish"), S("primary"),   S("foreign"),
                                S("cache"),  S("sort"),    S("partition"), S("pub_key"),
                                S("finger"), S("pubkey"),  S("object"),    S("idempot"),
                                S("trans"),  S("i18n")};
    enum { SHORTEST = 4 };
    return name.n >= SHORTEST && holds_one_of(name, words, countof(words));
}

// The name that ends at `end`, where it ends in a word of names[].
static const struct name_row *name_before(str t, size_t end)
{
    enum { LONGEST = 48 };
    size_t start = end;
    must(end <= t.n);
    while (start > 0 && end - start < LONGEST && (is_key(t.p[start - 1]) || t.p[start - 1] & 0x80))
        start--;
    str name = str_of(t.p + start, end - start);
    if (name.n < 2)
        return NULL;
    uint16_t ending = ENDING(name.p, name.n);
    for (size_t i = 0; i < countof(names); i++) {
        str w = names[i].word;
        if (names[i].ending != ending || name.n < w.n ||
            !str_eq_nocase(str_from(name, name.n - w.n), w))
            continue;
        // "monkey", "compass" and "spin" end in words of the table, but not as a name does
        bool part = name.n > w.n && w.n <= 4 && is_letter(name.p[name.n - w.n - 1]) &&
                    (is_upper(name.p[name.n - w.n]) == is_upper(name.p[name.n - w.n - 1]));
        return part || public_name(name) ? NULL : &names[i];
    }
    return NULL;
}

// DB_PASSWORD: the name of a setting, whose value stands there as it is.
static bool shouted(str t, size_t end)
{
    size_t n = 0;
    must(end <= t.n);
    while (n < end && (is_upper(t.p[end - 1 - n]) || t.p[end - 1 - n] == '_'))
        n++;
    return n >= 3 && !is_letter(before(t, end - n));
}

// name = value, "name": "value"; the anchor is the sign between.
static bool match_assignment(struct look *l, struct hit *ret_hit)
{
    str t = l->text;
    size_t at = l->at, end = secret_name_end(t, at), p = at + 1;
    if (!end)
        return false;
    const struct name_row *name = name_before(t, end);
    if (!name)
        return false;
    while (p < t.n && p < at + 8 && (strchr(" =>\t", t.p[p]) && t.p[p]))
        p++;
    return value_at(l, p, shouted(t, end) && name->kind == VALUE_PASSWORD ? VALUE_WORD : name->kind,
                    ret_hit);
}

static bool match(struct look *l, struct hit *ret_hit)
{
    must(l->at < l->text.n);
    switch (l->anchor) {
    case ANCHOR_ASSIGN:
        if (stands_at(l->text, l->at, S("://")))
            return match_url(l->text, l->at, ret_hit);
        return match_assignment(l, ret_hit);
    case ANCHOR_LONG:
        return token_at(l->text, l->at, ret_hit) || told(l, ret_hit);
    case ANCHOR_CUE:
        return spoken(l, ret_hit);
    default:
        return false;
    }
}

const struct detector detector_secret = {.anchors = ANCHOR_ASSIGN | ANCHOR_LONG | ANCHOR_CUE,
                                         .cues = 1u << CUE_BASIC | 1u << CUE_BEGIN |
                                                 1u << CUE_BEARER | 1u << CUE_LOGIN |
                                                 1u << CUE_PASSWORD | 1u << CUE_PIN,
                                         .match = match};
