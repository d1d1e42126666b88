// tokens.c: secrets that tell themselves: tokens whose makers gave them a prefix (a row of SHAPES
// each), a known tail or a known form, JSON web tokens, webhooks' addresses. Looked for where a
// long run of key bytes begins. Invariant: the rows stand in the order of their bytes.
#include "guard/secret.h"

enum alphabet { KEY, ALNUM, HEX, UPPER };

// X(prefix, alphabet, least, most, i): from least to most bytes of the alphabet follow; most 0: any
// number. Forms as their makers document them or as their tokens show.
#define SHAPES(X, i)                                                                               \
    X("A3T", UPPER, 17, 17, i)                                                                     \
    X("ABIA", UPPER, 16, 16, i)                                                                    \
    X("AC", HEX, 32, 32, i)                                                                        \
    X("ACCA", UPPER, 16, 16, i)                                                                    \
    X("AGE-SECRET-KEY-1", KEY, 50, 0, i)                                                           \
    X("AIza", KEY, 35, 0, i)                                                                       \
    X("AKCp", ALNUM, 60, 0, i)                                                                     \
    X("AKIA", UPPER, 16, 16, i)                                                                    \
    X("ASIA", UPPER, 16, 16, i)                                                                    \
    X("ATATT3", KEY, 60, 0, i)                                                                     \
    X("ATBB", ALNUM, 28, 0, i)                                                                     \
    X("ATCTT3", KEY, 60, 0, i)                                                                     \
    X("BBFF-", ALNUM, 30, 0, i)                                                                    \
    X("CFPAT-", KEY, 40, 0, i)                                                                     \
    X("EAAA", KEY, 60, 60, i)                                                                      \
    X("EAAB", ALNUM, 80, 0, i)                                                                     \
    X("EAAC", ALNUM, 80, 0, i)                                                                     \
    X("EAAE", ALNUM, 80, 0, i)                                                                     \
    X("EAAG", ALNUM, 80, 0, i)                                                                     \
    X("ES_", HEX, 32, 32, i)                                                                       \
    X("EZAK", ALNUM, 54, 54, i)                                                                    \
    X("EZTK", ALNUM, 54, 54, i)                                                                    \
    X("FLWSECK-", KEY, 20, 0, i)                                                                   \
    X("FLWSECK_TEST-", KEY, 20, 0, i)                                                              \
    X("GOCSPX-", KEY, 20, 0, i)                                                                    \
    X("GR1348941", KEY, 20, 0, i)                                                                  \
    X("LTAI", ALNUM, 16, 22, i)                                                                    \
    X("NRAA-", HEX, 27, 27, i)                                                                     \
    X("NRAK-", UPPER, 27, 27, i)                                                                   \
    X("NRII-", KEY, 32, 32, i)                                                                     \
    X("NRIQ-", KEY, 32, 32, i)                                                                     \
    X("NRJS-", HEX, 19, 19, i)                                                                     \
    X("NRRA-", HEX, 42, 42, i)                                                                     \
    X("PMAK-", KEY, 59, 59, i)                                                                     \
    X("SCW", UPPER, 17, 17, i)                                                                     \
    X("SK", HEX, 32, 32, i)                                                                        \
    X("aio_", ALNUM, 28, 28, i)                                                                    \
    X("api_org_", ALNUM, 30, 0, i)                                                                 \
    X("bkua_", ALNUM, 40, 40, i)                                                                   \
    X("cmVmdGtu", ALNUM, 50, 0, i)                                                                 \
    X("csk-", ALNUM, 40, 0, i)                                                                     \
    X("ctx7sk-", KEY, 30, 0, i)                                                                    \
    X("dapi", HEX, 32, 32, i)                                                                      \
    X("dckr_oat_", KEY, 20, 0, i)                                                                  \
    X("dckr_pat_", KEY, 20, 0, i)                                                                  \
    X("doo_v1_", HEX, 64, 64, i)                                                                   \
    X("dop_v1_", HEX, 64, 64, i)                                                                   \
    X("dor_v1_", HEX, 64, 64, i)                                                                   \
    X("duffel_live_", KEY, 43, 43, i)                                                              \
    X("duffel_test_", KEY, 43, 43, i)                                                              \
    X("e2b_", HEX, 40, 40, i)                                                                      \
    X("eyJrIjoi", KEY, 40, 0, i)                                                                   \
    X("fc-", HEX, 32, 32, i)                                                                       \
    X("figd_", KEY, 38, 0, i)                                                                      \
    X("figo_", KEY, 38, 0, i)                                                                      \
    X("fio-u-", KEY, 60, 0, i)                                                                     \
    X("fo1_", KEY, 43, 43, i)                                                                      \
    X("gho_", ALNUM, 30, 0, i)                                                                     \
    X("ghp_", ALNUM, 30, 0, i)                                                                     \
    X("ghr_", ALNUM, 30, 0, i)                                                                     \
    X("ghs_", ALNUM, 30, 0, i)                                                                     \
    X("ghu_", ALNUM, 30, 0, i)                                                                     \
    X("github_pat_", KEY, 30, 0, i)                                                                \
    X("glagent-", KEY, 40, 0, i)                                                                   \
    X("glc_ey", KEY, 30, 0, i)                                                                     \
    X("glcbt-", KEY, 18, 0, i)                                                                     \
    X("gldt-", KEY, 18, 0, i)                                                                      \
    X("glft-", KEY, 18, 0, i)                                                                      \
    X("glimt-", KEY, 18, 0, i)                                                                     \
    X("glpat-", KEY, 18, 0, i)                                                                     \
    X("glptt-", HEX, 40, 40, i)                                                                    \
    X("glrt-", KEY, 18, 0, i)                                                                      \
    X("glsa_", KEY, 41, 41, i)                                                                     \
    X("glsoat-", KEY, 18, 0, i)                                                                    \
    X("gsk_", ALNUM, 40, 0, i)                                                                     \
    X("hf_", ALNUM, 30, 0, i)                                                                      \
    X("ion_", ALNUM, 42, 42, i)                                                                    \
    X("jina_", ALNUM, 50, 0, i)                                                                    \
    X("key-", HEX, 32, 32, i)                                                                      \
    X("lin_api_", ALNUM, 40, 40, i)                                                                \
    X("lin_oauth_", HEX, 64, 64, i)                                                                \
    X("live_", KEY, 36, 0, i)                                                                      \
    X("lsv2_pt_", KEY, 40, 0, i)                                                                   \
    X("lsv2_sk_", KEY, 40, 0, i)                                                                   \
    X("nfp_", ALNUM, 36, 36, i)                                                                    \
    X("npm_", ALNUM, 36, 0, i)                                                                     \
    X("ntn_", ALNUM, 40, 0, i)                                                                     \
    X("nvapi-", KEY, 60, 0, i)                                                                     \
    X("odt_", ALNUM, 32, 0, i)                                                                     \
    X("ops_ey", KEY, 200, 0, i)                                                                    \
    X("pat-eu1-", KEY, 36, 36, i)                                                                  \
    X("pat-na1-", KEY, 36, 36, i)                                                                  \
    X("phx_", KEY, 30, 0, i)                                                                       \
    X("pnu_", ALNUM, 36, 36, i)                                                                    \
    X("pplx-", ALNUM, 40, 0, i)                                                                    \
    X("prefect_", KEY, 36, 0, i)                                                                   \
    X("pscale_oauth_", KEY, 32, 0, i)                                                              \
    X("pscale_pw_", KEY, 32, 0, i)                                                                 \
    X("pscale_tkn_", KEY, 32, 0, i)                                                                \
    X("pul-", HEX, 40, 40, i)                                                                      \
    X("px-api-", KEY, 36, 36, i)                                                                   \
    X("px-dep-", KEY, 36, 36, i)                                                                   \
    X("pypi-AgE", KEY, 30, 0, i)                                                                   \
    X("r8_", ALNUM, 37, 37, i)                                                                     \
    X("rdme_", ALNUM, 70, 70, i)                                                                   \
    X("re_", KEY, 32, 33, i)                                                                       \
    X("rk_live_", ALNUM, 20, 0, i)                                                                 \
    X("rk_test_", ALNUM, 20, 0, i)                                                                 \
    X("rubygems_", HEX, 48, 48, i)                                                                 \
    X("rzp_live_", ALNUM, 14, 14, i)                                                               \
    X("rzp_test_", ALNUM, 14, 14, i)                                                               \
    X("sb_secret_", KEY, 30, 0, i)                                                                 \
    X("sbp_", HEX, 40, 40, i)                                                                      \
    X("secret_", ALNUM, 43, 43, i)                                                                 \
    X("sgp_", KEY, 40, 0, i)                                                                       \
    X("shippo_live_", HEX, 40, 40, i)                                                              \
    X("shippo_test_", HEX, 40, 40, i)                                                              \
    X("shltm_", KEY, 40, 40, i)                                                                    \
    X("shpat_", HEX, 32, 0, i)                                                                     \
    X("shpca_", HEX, 32, 0, i)                                                                     \
    X("shppa_", HEX, 32, 0, i)                                                                     \
    X("shpss_", HEX, 32, 0, i)                                                                     \
    X("sk-", KEY, 20, 0, i)                                                                        \
    X("sk-ant-", KEY, 20, 0, i)                                                                    \
    X("sk_", HEX, 48, 48, i)                                                                       \
    X("sk_live_", ALNUM, 20, 0, i)                                                                 \
    X("sk_prod_", KEY, 40, 0, i)                                                                   \
    X("sk_test_", ALNUM, 20, 0, i)                                                                 \
    X("slk_", HEX, 64, 64, i)                                                                      \
    X("sm_aat_", ALNUM, 16, 16, i)                                                                 \
    X("sntrys_", KEY, 50, 0, i)                                                                    \
    X("sntryu_", HEX, 64, 64, i)                                                                   \
    X("sq0atp-", KEY, 22, 22, i)                                                                   \
    X("sq0csp-", KEY, 43, 43, i)                                                                   \
    X("tfp_", KEY, 40, 0, i)                                                                       \
    X("tskey-", KEY, 20, 0, i)                                                                     \
    X("tvly-", KEY, 32, 0, i)                                                                      \
    X("whsec_", ALNUM, 24, 0, i)                                                                   \
    X("xai-", ALNUM, 40, 0, i)                                                                     \
    X("xapp-", KEY, 20, 0, i)                                                                      \
    X("xkeysib-", KEY, 64, 0, i)                                                                   \
    X("xoxa-", KEY, 20, 0, i)                                                                      \
    X("xoxb-", KEY, 20, 0, i)                                                                      \
    X("xoxc-", KEY, 20, 0, i)                                                                      \
    X("xoxd-", KEY, 20, 0, i)                                                                      \
    X("xoxe-", KEY, 20, 0, i)                                                                      \
    X("xoxp-", KEY, 20, 0, i)                                                                      \
    X("xoxr-", KEY, 20, 0, i)                                                                      \
    X("xoxs-", KEY, 20, 0, i)                                                                      \
    X("xsmtpsib-", KEY, 64, 0, i)
// Prefixes with a sign in them that is no key byte: the run begins behind it.
// X(head, tail, alphabet, least, most): the head ends in the sign.
#define DOTTED(X)                                                                                  \
    X("SG.", "", KEY, 16, 22)                                                                      \
    X("VF.DM.", "", HEX, 24, 24)                                                                   \
    X("dp.audit.", "", ALNUM, 40, 44)                                                              \
    X("dp.ct.", "", ALNUM, 40, 44)                                                                 \
    X("dp.pt.", "", ALNUM, 40, 44)                                                                 \
    X("dp.sa.", "", ALNUM, 40, 44)                                                                 \
    X("dp.scim.", "", ALNUM, 40, 44)                                                               \
    X("dt0c01.", "", UPPER, 24, 24)                                                                \
    X("dt0s01.", "", UPPER, 24, 24)                                                                \
    X("hawk.", "", KEY, 20, 20)                                                                    \
    X("hvb.", "", KEY, 90, 0)                                                                      \
    X("hvr.", "", KEY, 24, 0)                                                                      \
    X("hvs.", "", KEY, 24, 0)                                                                      \
    X("mlsn.", "", HEX, 64, 64)                                                                    \
    X("pk.", "eyJ", KEY, 40, 0)                                                                    \
    X("s.", "", KEY, 90, 0)                                                                        \
    X("sha256~", "", KEY, 43, 43)                                                                  \
    X("sk.", "eyJ", KEY, 40, 0)                                                                    \
    X("sl.", "", KEY, 100, 0)                                                                      \
    X("tk.", "eyJ", KEY, 40, 0)                                                                    \
    X("tkn.", "v1_", KEY, 40, 0)                                                                   \
    X("ya29.", "", KEY, 30, 0)

static const struct shape {
    str prefix;
    enum alphabet alphabet;
    uint16_t least, most;
} shapes[] = {
#define SHAPE_ROW(prefix, alphabet, least, most, i)                                                \
    {{prefix, sizeof(prefix) - 1}, alphabet, least, most},
    SHAPES(SHAPE_ROW, 0)};
static const struct dotted {
    struct shape shape;
    size_t head;
} dotted[] = {
#define DOTTED_ROW(head, tail, alphabet, least, most)                                              \
    {{{head tail, sizeof(head tail) - 1}, alphabet, least, most}, sizeof(head) - 1},
    DOTTED(DOTTED_ROW)};

// How many shapes begin with a lower letter than `@ + i`.
#define LOWER(prefix, alphabet, least, most, i) +((prefix)[0] < '@' + (i))
#define SHAPES_BELOW(i)                         (0 SHAPES(LOWER, i))
static const uint8_t first_shape[] = {THIRTY_TWO(SHAPES_BELOW, 0), THIRTY_TWO(SHAPES_BELOW, 32),
                                      countof(shapes)};
// For each first letter of a prefix, a bit for each second one: most runs begin otherwise.
#define SECOND(prefix, alphabet, least, most, i)                                                   \
    | (((prefix)[0] & 63) == (i) ? 1u << ((prefix)[1] & 31) : 0)
#define SECONDS(i) (0u SHAPES(SECOND, i))
static const uint32_t seconds[64] = {THIRTY_TWO(SECONDS, 0), THIRTY_TWO(SECONDS, 32)};

// A bit for each alphabet that a byte belongs to.
#define IN(alphabet) (1u << (alphabet))
static const uint8_t belongs[256] = {
    ['-'] = IN(KEY),
    ['_'] = IN(KEY),
    ['0' ... '9'] = IN(KEY) | IN(ALNUM) | IN(HEX) | IN(UPPER),
    ['a' ... 'f'] = IN(KEY) | IN(ALNUM) | IN(HEX),
    ['g' ... 'z'] = IN(KEY) | IN(ALNUM),
    ['A' ... 'F'] = IN(KEY) | IN(ALNUM) | IN(HEX) | IN(UPPER),
    ['G' ... 'Z'] = IN(KEY) | IN(ALNUM) | IN(UPPER),
};

static size_t run_of(str t, size_t at, enum alphabet a, size_t most)
{
    size_t n = 0;
    while (n < most && at + n < t.n && belongs[(uint8_t)t.p[at + n]] >> a & 1)
        n++;
    return n;
}

// Values that stand in documentation, and names made of words: sk-some-words-in-a-row.
static bool invented(str value, enum alphabet alphabet)
{
    enum { FEW = 6 };
    unsigned digits = 0, capitals = 0;
    for (size_t i = 0; i < value.n; i++) {
        digits += is_digit(value.p[i]);
        capitals += is_upper(value.p[i]);
    }
    return different(value) < FEW || str_find(value, S("EXAMPLE")) != SIZE_MAX ||
           str_find(value, S("xxxx")) != SIZE_MAX ||
           (alphabet == KEY && digits == 0 && capitals < 3);
}

// One shape, whose prefix begins at `start`.
static bool match_shape(const struct shape *s, str t, size_t start, struct hit *ret_hit)
{
    enum { LONGEST = 400, SECOND_LEAST = 16 };
    size_t value = start + s->prefix.n;
    must(value <= t.n);
    size_t n = run_of(t, value, s->alphabet, LONGEST), end = value + n;
    if (n < s->least || (s->most && n > s->most) || (s->most && is_key(at_byte(t, end))) ||
        invented(str_of(t.p + value, n), s->alphabet))
        return false;
    if (s->most && at_byte(t, end) == '.' && t.p[value - 1] == '.') {
        size_t more = run_of(t, end + 1, KEY, LONGEST); // SG.<id>.<secret>
        end += more >= SECOND_LEAST ? more + 1 : 0;
    }
    *ret_hit = (struct hit){start, end, 0.98f};
    return true;
}

static bool match_dotted(str t, size_t run, struct hit *ret_hit)
{
    for (size_t i = 0; i < countof(dotted); i++) {
        size_t start = run - dotted[i].head;
        if (run >= dotted[i].head && stands_at(t, start, dotted[i].shape.prefix) &&
            apart(t, start) && match_shape(&dotted[i].shape, t, start, ret_hit))
            return true;
    }
    return false;
}

static bool match_shapes(str t, size_t run, struct hit *ret_hit)
{
    unsigned lead = (unsigned char)at_byte(t, run) - '@';
    char second = at_byte(t, run + 1); // all prefixes have one
    if ((before(t, run) == '.' || before(t, run) == '~') && match_dotted(t, run, ret_hit))
        return true;
    if (lead >= countof(first_shape) - 1 || !(seconds[lead] >> (second & 31) & 1))
        return false;
    for (size_t i = first_shape[lead]; i < first_shape[lead + 1]; i++)
        if (shapes[i].prefix.p[1] == second && stands_at(t, run, shapes[i].prefix) &&
            match_shape(&shapes[i], t, run, ret_hit))
            return true;
    return false;
}

// Keys that are told by what stands in them: MailChimp's data centre, New Relic's tail, the mark in
// keys of Azure, NuGet's length and letters, the base64 of an armoured private key.
static bool match_form(str t, size_t run, struct hit *ret_hit)
{
    enum { LONGEST = 128, AZURE = 84, AZURE_MARK = 52, NEW_RELIC = 40, NUGET = 46, MD5 = 32 };
    must(run < t.n);
    str v = str_of(t.p + run, run_of(t, run, KEY, LONGEST));
    size_t digits = 0;
    bool known = false;
    while (digits < v.n && is_digit(v.p[v.n - 1 - digits]))
        digits++;
    if (v.n == AZURE)
        known = stands_at(v, AZURE_MARK, S("JQQJ"));
    else if (v.n == NEW_RELIC)
        known = str_ends(v, S("NRAL"));
    else if (v.n == NUGET)
        known = str_starts(v, S("oy2")) && run_of(t, run, ALNUM, NUGET) == NUGET;
    else if ((digits == 1 || digits == 2) && v.n == MD5 + 3 + digits)
        known = stands_at(v, MD5, S("-us")) && run_of(t, run, HEX, MD5) == MD5;
    if (!known || invented(v, KEY))
        return false;
    *ret_hit = (struct hit){run, run + v.n, 0.97f};
    return true;
}

// Base64 of an armoured private key, from its first line on.
static bool match_armour(str t, size_t run, struct hit *ret_hit)
{
    static const str kinds[] = {S("BSU0Eg"),     S("BQUklWQVRF"),    S("BPUEVOU1NI"),
                                S("BFQyBQUklW"), S("BFTkNSWVBURUQ"), S("BEU0Eg")};
    enum { LONGEST = 8192 };
    str head = S("LS0tLS1CRUdJTi");
    if (!stands_at(t, run, head))
        return false;
    for (size_t i = 0; i < countof(kinds); i++)
        if (stands_at(t, run + head.n, kinds[i])) {
            size_t end = run + head.n;
            while (end < t.n && end < run + LONGEST &&
                   (is_key(t.p[end]) || strchr("+/=", t.p[end])))
                end++;
            *ret_hit = (struct hit){run, end, 0.98f};
            return true;
        }
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
    if (before(t, run) != ':' || !stands_at(t, run, S("AA")))
        return false;
    size_t start = run, n = run_of(t, run, KEY, 64);
    if (n < 33 || n > 36)
        return false;
    for (start--; start > 0 && run - start <= 11 && is_digit(t.p[start - 1]);)
        start--;
    if (run - start < 8 || !apart(t, start))
        return false;
    *ret_hit = (struct hit){start, run + n, 0.97f};
    return true;
}

// Discord's bots: an account's number in base64, six bytes and a signature, parted by dots.
static bool match_discord(str t, size_t run, struct hit *ret_hit)
{
    enum { LONGEST = 64, TIME = 6, SIGNATURE = 27 };
    char lead = at_byte(t, run);
    if (lead != 'M' && lead != 'N' && lead != 'O')
        return false;
    size_t n = run_of(t, run, ALNUM, LONGEST);
    if (n < 23 || n > 28 || at_byte(t, run + n) != '.' ||
        run_of(t, run + n + 1, KEY, LONGEST) != TIME || at_byte(t, run + n + 1 + TIME) != '.')
        return false;
    size_t signature = run + n + TIME + 2, more = run_of(t, signature, KEY, LONGEST);
    *ret_hit = (struct hit){run, signature + more, 0.97f};
    return more >= SIGNATURE;
}

// A webhook's address is its key.
static bool match_hook(str t, size_t run, struct hit *ret_hit)
{
    static const str hooks[] = {
        S("https://hooks.slack.com/services/"), S("https://discord.com/api/webhooks/"),
        S("https://discordapp.com/api/webhooks/"), S("https://outlook.office.com/webhook/"),
        S(".webhook.office.com/webhookb2/")};
    enum { REACH = 80, LONGEST = 256 };
    size_t from = run > REACH ? run - REACH : 0, end = run;
    if (before(t, run) != '/')
        return false;
    str behind_it = str_of(t.p + from, run - from);
    if (str_find(behind_it, S("hook")) == SIZE_MAX) // all of them have it
        return false;
    while (end < t.n && end < run + LONGEST &&
           (is_key(t.p[end]) || t.p[end] == '/' || t.p[end] == '@'))
        end++;
    for (size_t i = 0; i < countof(hooks); i++) {
        size_t at = str_find(behind_it, hooks[i]);
        if (at == SIZE_MAX)
            continue;
        for (at += from; at > from && !url_end(t.p[at - 1]) && t.p[at - 1] != '(';)
            at--;
        *ret_hit = (struct hit){at, end, 0.97f};
        return true;
    }
    return false;
}

static bool match_token(str t, size_t start, struct hit *ret_hit)
{
    return match_shapes(t, start, ret_hit) || match_jwt(t, start, ret_hit) ||
           match_form(t, start, ret_hit) || match_discord(t, start, ret_hit) ||
           match_armour(t, start, ret_hit);
}

// A run of key bytes begins here. Lines drawn before a token, and the n of \n in text that holds
// text, are no part of it.
bool token_at(str t, size_t run, struct hit *ret_hit)
{
    size_t start = run;
    must(run < t.n);
    if (match_token(t, run, ret_hit) || match_bot(t, run, ret_hit) || match_hook(t, run, ret_hit))
        return true;
    while (start < t.n && start < run + 8 && !is_alnum(t.p[start]))
        start++;
    if (start > run)
        return match_token(t, start, ret_hit);
    return before(t, run) == '\\' && apart(t, run + 1) && match_token(t, run + 1, ret_hit);
}
