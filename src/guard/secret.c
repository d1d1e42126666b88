// secret.c: what opens something. Four ways in: tokens whose makers gave them a prefix (a row of
// shapes[] each) and JSON web tokens; passwords in URLs; values behind an assignment to a telling
// name; and what sentences and command lines say (spoken.h). Values that stand for others, such as
// changeme, ${PASS} or a call of a function, are none.
#include "guard/secret.h"

// --- shapes --------------------------------------------------------------------------------------

enum alphabet { KEY, ALNUM, HEX, UPPER };

// X(prefix, alphabet, least, most, i): from least to most bytes of the alphabet follow; most 0: any
// number. In the order of their bytes. By makers: AWS; Twilio; age; Google; SendGrid (a dot and 43
// more follow); Databricks; Docker; DigitalOcean; GitHub; GitLab; Groq; Hugging Face; Vault; npm;
// PyPI; Stripe; Shopify; Anthropic; OpenAI and many others; Typeform; xAI; Slack.
#define SHAPES(X, i)                                                                               \
    X("A3T", UPPER, 17, 17, i)                                                                     \
    X("ABIA", UPPER, 16, 16, i)                                                                    \
    X("AC", HEX, 32, 32, i)                                                                        \
    X("ACCA", UPPER, 16, 16, i)                                                                    \
    X("AGE-SECRET-KEY-1", KEY, 50, 0, i)                                                           \
    X("AIza", KEY, 35, 0, i)                                                                       \
    X("AKIA", UPPER, 16, 16, i)                                                                    \
    X("ASIA", UPPER, 16, 16, i)                                                                    \
    X("GOCSPX-", KEY, 20, 0, i)                                                                    \
    X("SG.", KEY, 16, 22, i)                                                                       \
    X("SK", HEX, 32, 32, i)                                                                        \
    X("dapi", HEX, 32, 32, i)                                                                      \
    X("dckr_pat_", KEY, 20, 0, i)                                                                  \
    X("dop_v1_", HEX, 64, 64, i)                                                                   \
    X("gho_", ALNUM, 30, 0, i)                                                                     \
    X("ghp_", ALNUM, 30, 0, i)                                                                     \
    X("ghr_", ALNUM, 30, 0, i)                                                                     \
    X("ghs_", ALNUM, 30, 0, i)                                                                     \
    X("ghu_", ALNUM, 30, 0, i)                                                                     \
    X("github_pat_", KEY, 30, 0, i)                                                                \
    X("glpat-", KEY, 18, 0, i)                                                                     \
    X("gsk_", ALNUM, 40, 0, i)                                                                     \
    X("hf_", ALNUM, 30, 0, i)                                                                      \
    X("hvs.", KEY, 24, 0, i)                                                                       \
    X("npm_", ALNUM, 36, 0, i)                                                                     \
    X("pypi-AgE", KEY, 30, 0, i)                                                                   \
    X("rk_live_", ALNUM, 20, 0, i)                                                                 \
    X("rk_test_", ALNUM, 20, 0, i)                                                                 \
    X("shpat_", HEX, 32, 0, i)                                                                     \
    X("shpss_", HEX, 32, 0, i)                                                                     \
    X("sk-", KEY, 20, 0, i)                                                                        \
    X("sk-ant-", KEY, 20, 0, i)                                                                    \
    X("sk_live_", ALNUM, 20, 0, i)                                                                 \
    X("sk_test_", ALNUM, 20, 0, i)                                                                 \
    X("tfp_", KEY, 40, 0, i)                                                                       \
    X("xai-", ALNUM, 40, 0, i)                                                                     \
    X("xapp-", KEY, 20, 0, i)                                                                      \
    X("xoxa-", KEY, 20, 0, i)                                                                      \
    X("xoxb-", KEY, 20, 0, i)                                                                      \
    X("xoxe-", KEY, 20, 0, i)                                                                      \
    X("xoxp-", KEY, 20, 0, i)                                                                      \
    X("xoxr-", KEY, 20, 0, i)                                                                      \
    X("xoxs-", KEY, 20, 0, i)                                                                      \
    X("ya29.", KEY, 30, 0, i)

static const struct shape {
    str prefix;
    enum alphabet alphabet;
    uint16_t least, most;
    bool dotted; // the prefix ends in a dot, behind which the run of key bytes begins
} shapes[] = {
#define SHAPE_ROW(prefix, alphabet, least, most, i)                                                \
    {{prefix, sizeof(prefix) - 1}, alphabet, least, most, prefix[sizeof(prefix) - 2] == '.'},
    SHAPES(SHAPE_ROW, 0)};

// How many shapes begin with a lower letter than `@ + i`.
#define LOWER(prefix, alphabet, least, most, i) +((prefix)[0] < '@' + (i))
#define SHAPES_BELOW(i)                         (0 SHAPES(LOWER, i))
#define EIGHT(of, i)                                                                               \
    of(i), of((i) + 1), of((i) + 2), of((i) + 3), of((i) + 4), of((i) + 5), of((i) + 6), of((i) + 7)
#define THIRTY_TWO(of, i) EIGHT(of, i), EIGHT(of, (i) + 8), EIGHT(of, (i) + 16), EIGHT(of, (i) + 24)
static const uint8_t first_shape[] = {THIRTY_TWO(SHAPES_BELOW, 0), THIRTY_TWO(SHAPES_BELOW, 32),
                                      countof(shapes)};

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool belongs(char c, enum alphabet a)
{
    switch (a) {
    case HEX:
        return is_hex(c);
    case UPPER:
        return is_upper(c) || is_digit(c);
    case ALNUM:
        return is_alnum(c);
    case KEY:
        break;
    }
    return is_key(c);
}

static size_t run_of(str t, size_t at, enum alphabet a, size_t most)
{
    size_t n = 0;
    while (n < most && at + n < t.n && belongs(t.p[at + n], a))
        n++;
    return n;
}

// Bytes that differ; invented values such as xxxxxxxx have few.
static unsigned different(str s)
{
    uint64_t seen[4] = {0};
    unsigned n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        n += !(seen[c / 64] >> (c % 64) & 1);
        seen[c / 64] |= (uint64_t)1 << (c % 64);
    }
    return n;
}

// One shape, whose prefix begins at `start`.
static bool match_shape(const struct shape *s, str t, size_t start, struct hit *ret_hit)
{
    enum { LONGEST = 400, FEW = 6 };
    size_t value = start + s->prefix.n, end;
    size_t n = run_of(t, value, s->alphabet, LONGEST);
    if (n < s->least || (s->most && n > s->most) || (s->most && is_key(at_byte(t, value + n))))
        return false;
    end = value + n;
    if (s->most && at_byte(t, end) == '.' && s->dotted) {
        size_t more = run_of(t, end + 1, KEY, LONGEST); // SG.<id>.<secret>
        end += more >= 20 ? more + 1 : 0;
    }
    str all = str_of(t.p + value, n);
    if (different(all) < FEW || str_find(all, S("EXAMPLE")) != SIZE_MAX ||
        str_find(all, S("xxxx")) != SIZE_MAX)
        return false;
    // sk-some-words-in-a-row: an option or a style's name
    unsigned digits = 0, capitals = 0;
    for (size_t i = 0; i < n; i++) {
        digits += is_digit(all.p[i]);
        capitals += is_upper(all.p[i]);
    }
    if (s->alphabet == KEY && digits == 0 && capitals < 3)
        return false;
    *ret_hit = (struct hit){start, end, 0.98f};
    return true;
}

// Prefixes that end in a dot: the run begins behind it.
static bool match_dotted(str t, size_t run, struct hit *ret_hit)
{
    for (size_t i = 0; i < countof(shapes); i++) {
        const struct shape *s = &shapes[i];
        if (s->dotted && run >= s->prefix.n && apart(t, run - s->prefix.n) &&
            stands_at(t, run - s->prefix.n, s->prefix) &&
            match_shape(s, t, run - s->prefix.n, ret_hit))
            return true;
    }
    return false;
}

static bool match_shapes(str t, size_t run, struct hit *ret_hit)
{
    unsigned lead = (unsigned char)at_byte(t, run) - '@';
    if (before(t, run) == '.' && match_dotted(t, run, ret_hit))
        return true;
    if (lead >= countof(first_shape) - 1)
        return false;
    for (size_t i = first_shape[lead]; i < first_shape[lead + 1]; i++)
        if (!shapes[i].dotted && stands_at(t, run, shapes[i].prefix) &&
            match_shape(&shapes[i], t, run, ret_hit))
            return true;
    return false;
}

// eyJ….eyJ….signature (RFC 7519).
static bool match_jwt(str t, size_t start, struct hit *ret_hit)
{
    enum { LONGEST = 8192 };
    size_t p = start;
    if (!stands_at(t, start, S("eyJ")))
        return false;
    for (int part = 0; part < 2; part++) {
        size_t n = run_of(t, p, KEY, LONGEST);
        if (n < 10 || at_byte(t, p + n) != '.')
            return false;
        p += n + 1;
    }
    size_t n = run_of(t, p, KEY, LONGEST);
    *ret_hit = (struct hit){start, p + n, 0.98f};
    return n >= 10;
}

// 123456789:AA… (Telegram's bots); the run begins behind the colon.
static bool match_bot(str t, size_t run, struct hit *ret_hit)
{
    size_t start = run, n = run_of(t, run, KEY, 64);
    if (before(t, run) != ':' || !stands_at(t, run, S("AA")) || n < 33 || n > 36)
        return false;
    for (start--; start > 0 && run - start <= 11 && is_digit(t.p[start - 1]);)
        start--;
    if (run - start < 8 || !apart(t, start))
        return false;
    *ret_hit = (struct hit){start, run + n, 0.97f};
    return true;
}

// A webhook's address is its key: the last, long segment of the path.
static bool match_hook(str t, size_t run, struct hit *ret_hit)
{
    static const str hooks[] = {S("https://hooks.slack.com/services/"),
                                S("https://discord.com/api/webhooks/"),
                                S("https://discordapp.com/api/webhooks/")};
    enum { REACH = 80 };
    size_t from = run > REACH ? run - REACH : 0;
    if (before(t, run) != '/')
        return false;
    str behind_it = str_of(t.p + from, run - from);
    for (size_t i = 0; i < countof(hooks); i++) {
        size_t at = str_find(behind_it, hooks[i]);
        if (at != SIZE_MAX) {
            *ret_hit = (struct hit){from + at, run + run_of(t, run, KEY, 128), 0.97f};
            return true;
        }
    }
    return false;
}

static bool match_token(str t, size_t start, struct hit *ret_hit)
{
    return match_shapes(t, start, ret_hit) || match_jwt(t, start, ret_hit);
}

// A run of key bytes begins here. Lines drawn before a token, and the n of \n in text that holds
// text, are no part of it.
static bool match_run(str t, size_t run, struct hit *ret_hit)
{
    size_t start = run;
    if (match_token(t, run, ret_hit) || match_bot(t, run, ret_hit) || match_hook(t, run, ret_hit))
        return true;
    while (start < t.n && start < run + 8 && !is_alnum(t.p[start]))
        start++;
    if (start > run)
        return match_token(t, start, ret_hit);
    return before(t, run) == '\\' && apart(t, run + 1) && match_token(t, run + 1, ret_hit);
}

// --- URLs ----------------------------------------------------------------------------------------

// scheme://user:password@host; `at` is the colon behind the scheme. Of a database's address all is
// the secret, of others the password: the rest is an address like any.
static bool match_url(str t, size_t at, struct hit *ret_hit)
{
    enum { LONGEST = 256 };
    size_t start = at, p = at + 3, colon = 0, sign = 0;
    while (start > 0 && at - start < 20 && (is_alnum(t.p[start - 1]) || t.p[start - 1] == '+'))
        start--;
    if (start == at)
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

// Last words of names that hold secrets, and how a value behind them must look.
#define NAMES(X, i)                                                                                \
    X("accesskey", TOKEN, i)                                                                       \
    X("apikey", TOKEN, i)                                                                          \
    X("auth", TOKEN, i)                                                                            \
    X("bearer", TOKEN, i)                                                                          \
    X("contrase\303\261a", PASSWORD, i)                                                            \
    X("cookie", TOKEN, i)                                                                          \
    X("credential", TOKEN, i)                                                                      \
    X("credentials", TOKEN, i)                                                                     \
    X("kennwort", PASSWORD, i)                                                                     \
    X("key", KEY, i)                                                                               \
    X("pass", PASSWORD, i)                                                                         \
    X("passcode", PASSWORD, i)                                                                     \
    X("passe", PASSWORD, i)                                                                        \
    X("passphrase", PASSWORD, i)                                                                   \
    X("passwd", PASSWORD, i)                                                                       \
    X("password", PASSWORD, i)                                                                     \
    X("passwort", PASSWORD, i)                                                                     \
    X("pin", PIN, i)                                                                               \
    X("pwd", PASSWORD, i)                                                                          \
    X("secret", TOKEN, i)                                                                          \
    X("secretkey", TOKEN, i)                                                                       \
    X("senha", PASSWORD, i)                                                                        \
    X("sessionid", TOKEN, i)                                                                       \
    X("session_id", TOKEN, i)                                                                      \
    X("sid", KEY, i)                                                                               \
    X("token", TOKEN, i)

static const struct name_row {
    str word;
    enum value_kind kind;
} names[] = {
#define NAME_ROW(word, kind, i) {{word, sizeof(word) - 1}, VALUE_##kind},
    NAMES(NAME_ROW, 0)};

// For the last letter of a name, a bit for each letter before it: most names end otherwise.
#define LAST(word, back)    ((word)[sizeof(word) - 1 - (back)] & 31)
#define ENDS(word, kind, i) | (LAST(word, 1) == (i) ? 1u << LAST(word, 2) : 0)
#define ENDINGS(i)          (0u NAMES(ENDS, i))
const uint32_t secret_endings[32] = {THIRTY_TWO(ENDINGS, 0)};

// Names with these in them hold what everybody may see.
static bool public_name(str name)
{
    static const str words[] = {S("public"), S("publish"), S("primary"),   S("foreign"),
                                S("cache"),  S("sort"),    S("partition"), S("pub_key"),
                                S("finger"), S("pubkey"),  S("object")};
    return holds_one_of(name, words, countof(words));
}

// The name that ends at `end`, where it ends in a word of names[].
static const struct name_row *name_before(str t, size_t end)
{
    enum { LONGEST = 48 };
    size_t start = end;
    while (start > 0 && end - start < LONGEST && (is_key(t.p[start - 1]) || t.p[start - 1] & 0x80))
        start--;
    str name = str_of(t.p + start, end - start);
    for (size_t i = 0; i < countof(names); i++) {
        str w = names[i].word;
        if (name.n < w.n || (name.p[name.n - 1] | 0x20) != (w.p[w.n - 1] | 0x20) ||
            !str_eq_nocase(str_from(name, name.n - w.n), w))
            continue;
        // "monkey", "compass" and "spin" end in words of the table, but not as a name does
        bool part = name.n > w.n && w.n <= 4 && is_letter(name.p[name.n - w.n - 1]) &&
                    (is_upper(name.p[name.n - w.n]) == is_upper(name.p[name.n - w.n - 1]));
        return part || public_name(name) ? NULL : &names[i];
    }
    return NULL;
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
    return value_at(l, p, name->kind, ret_hit);
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
        return match_run(l->text, l->at, ret_hit);
    case ANCHOR_CUE:
        return spoken(l, ret_hit);
    default:
        return false;
    }
}

const struct detector detector_secret = {.anchors = ANCHOR_ASSIGN | ANCHOR_LONG | ANCHOR_CUE,
                                         .match = match};
