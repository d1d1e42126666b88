// secret.c: API keys and tokens by the shapes that their makers publish, private keys, credentials
// in URLs, and values behind words such as password. Placeholders are no secrets.
#include "guard/detector.h"

static bool key_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '-';
}

static size_t run_of(str text, size_t at, bool (*member)(char), size_t longest)
{
    size_t n = 0;
    while (n < longest && at + n < text.n && member(text.p[at + n]))
        n++;
    return n;
}

// Shapes: the trigger stands `back` bytes into the prefix; at least `least` key bytes follow the
// prefix.
#define SHAPE(prefix, back, least)                                                                 \
    {                                                                                              \
        prefix, sizeof(prefix) - 1, back, least                                                    \
    }
static const struct shape {
    char prefix[14];
    uint8_t n, back, least;
} shapes[] = {
    SHAPE("sk-ant-", 2, 20), SHAPE("sk-", 2, 20),      SHAPE("AKIA", 2, 16),
    SHAPE("ASIA", 2, 16),    SHAPE("ghp_", 3, 30),     SHAPE("gho_", 3, 30),
    SHAPE("ghs_", 3, 30),    SHAPE("ghu_", 3, 30),     SHAPE("github_pat_", 6, 30),
    SHAPE("xoxb-", 4, 20),   SHAPE("xoxp-", 4, 20),    SHAPE("xoxa-", 4, 20),
    SHAPE("xapp-", 4, 20),   SHAPE("AIza", 2, 30),     SHAPE("glpat-", 5, 18),
    SHAPE("hf_", 2, 30),     SHAPE("sk_live_", 2, 20), SHAPE("rk_live_", 2, 20),
    SHAPE("npm_", 3, 30),    SHAPE("pypi-", 4, 30),    SHAPE("dop_v1_", 3, 40),
    SHAPE("gsk_", 3, 30),    SHAPE("xai-", 3, 30),     SHAPE("dckr_pat_", 4, 20),
};

static bool shape_stands(str text, size_t at, const struct shape *s)
{
    // the trigger and the byte before it rule out nearly all, cheaply
    if (s->prefix[s->back] != text.p[at] || at < s->back ||
        s->prefix[s->back - 1] != text.p[at - 1])
        return false;
    size_t start = at - s->back;
    return text.n - start >= s->n && memcmp(text.p + start, s->prefix, s->n) == 0 &&
           !key_byte(before(text, start));
}

static bool match_shape(str text, size_t at, struct hit *ret_hit)
{
    for (size_t i = 0; i < countof(shapes); i++) {
        const struct shape *s = &shapes[i];
        if (!shape_stands(text, at, s))
            continue;
        size_t key = at - s->back + s->n, digits = 0, letters = 0;
        size_t n = run_of(text, key, key_byte, 300);
        for (size_t k = 0; k < n; k++) {
            digits += is_digit(text.p[key + k]);
            letters += is_letter(text.p[key + k]);
        }
        if (n < s->least || letters < 4 || (digits == 0 && n < 32))
            continue;
        *ret_hit = (struct hit){at - s->back, key + n, 0.98f};
        return true;
    }
    return false;
}

// eyJ….eyJ….signature (RFC 7519); `at` is the J.
static bool match_jwt(str text, size_t at, struct hit *ret_hit)
{
    if (at < 2 || text.p[at - 1] != 'y' || text.p[at - 2] != 'e' || key_byte(before(text, at - 2)))
        return false;
    size_t start = at - 2, p = start;
    for (int part = 0; part < 2; part++) {
        size_t n = run_of(text, p, key_byte, 8192);
        if (n < 10 || at_byte(text, p + n) != '.')
            return false;
        p += n + 1;
    }
    size_t n = run_of(text, p, key_byte, 2048);
    *ret_hit = (struct hit){start, p + n, 0.98f};
    return n >= 10;
}

static bool match_pem(str text, size_t at, struct hit *ret_hit)
{
    str rest = str_from(text, at);
    if (!str_starts(rest, S("-----BEGIN ")))
        return false;
    str line = str_first(rest, 64);
    if (str_find(line, S("PRIVATE KEY")) == SIZE_MAX)
        return false;
    size_t end = str_find(str_first(rest, 8192), S("-----END "));
    if (end != SIZE_MAX) { // the closing line belongs to it
        size_t close = str_find(str_first(str_from(rest, end + 9), 64), S("-----"));
        end = close == SIZE_MAX ? end : end + 9 + close + 5;
    }
    *ret_hit = (struct hit){at, at + (end == SIZE_MAX ? line.n : end), 0.99f};
    return true;
}

static bool has_word(str s, const char *const *words)
{
    for (size_t w = 0; words[w]; w++) {
        str word = str_c(words[w]);
        for (size_t i = 0; i + word.n <= s.n; i++)
            if (str_eq_nocase(str_of(s.p + i, word.n), word))
                return true;
    }
    return false;
}

static bool placeholder(str v)
{
    static const char *const words[] = {
        "example",   "changeme", "change_me", "placeholder", "your",       "xxxx",        "****",
        "....",      "dummy",    "redacted",  "insert",      "password",   "secret_here", "<",
        "${",        "{{",       "%(",        "process.env", "os.environ", "getenv",      "null",
        "undefined", "none",     "true",      "false",       NULL};
    bool same = true;
    for (size_t i = 1; i < v.n; i++)
        same &= v.p[i] == v.p[0];
    return v.n == 0 || same || has_word(v, words);
}

// scheme://user:pass@host; `at` is the colon behind the scheme.
static bool match_url(str text, size_t at, struct hit *ret_hit)
{
    if (at_byte(text, at + 1) != '/' || at_byte(text, at + 2) != '/' || !is_alnum(before(text, at)))
        return false;
    size_t p = at + 3, colon = 0;
    for (; p < text.n && p < at + 200; p++) {
        char c = text.p[p];
        if (c == ':' && !colon)
            colon = p;
        if (c == '@' || c == '/' || c == ' ' || c == '"' || c == '\'' || c == '\n' || c == '<')
            break;
    }
    if (at_byte(text, p) != '@' || !colon || p - colon < 4)
        return false;
    str pass = str_of(text.p + colon + 1, p - colon - 1);
    if (placeholder(pass))
        return false;
    *ret_hit = (struct hit){colon + 1, p, 0.95f};
    return true;
}

static bool value_byte(char c)
{
    return (unsigned char)c > 0x20 && !strchr("\"'`<>,;()[]{}|", c);
}

// How a value must look behind which word.
#define WORD(word, least, mixed)                                                                   \
    {                                                                                              \
        word, sizeof(word) - 1, least, mixed                                                       \
    }
static const struct word_row {
    char word[14];
    uint8_t n, least;
    bool mixed; // letters and digits
} words[] = {
    WORD("password", 6, false),      WORD("passwd", 6, false),      WORD("pwd", 6, false),
    WORD("passphrase", 6, false),    WORD("passwort", 6, false),    WORD("secret", 12, true),
    WORD("token", 16, true),         WORD("apikey", 16, true),      WORD("api_key", 16, true),
    WORD("api-key", 16, true),       WORD("api key", 16, true),     WORD("access_key", 16, true),
    WORD("secret_key", 12, true),    WORD("private_key", 16, true), WORD("auth_key", 16, true),
    WORD("client_secret", 12, true), WORD("accesskey", 16, true),   WORD("contraseña", 6, false),
    WORD("mot de passe", 6, false),
};

static bool quoting(char c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\\';
}

static const struct word_row *word_before(str text, size_t at)
{
    size_t end = at;
    while (end > 0 && at - end < 4 && quoting(text.p[end - 1]))
        end--;
    // all of them end in one of these letters; most signs stand behind another byte
    char last = (char)(before(text, end) | 0x20);
    if (last != 'd' && last != 'e' && last != 't' && last != 'n' && last != 'y' && last != 'a')
        return NULL;
    for (size_t i = 0; i < countof(words); i++) {
        const struct word_row *w = &words[i];
        if (w->word[w->n - 1] == last && end >= w->n &&
            str_eq_nocase(str_of(text.p + end - w->n, w->n), str_of(w->word, w->n)))
            return w;
    }
    return NULL;
}

// password = …, "api_key": "…"; `at` is the sign between.
static bool match_assignment(str text, size_t at, struct hit *ret_hit)
{
    const struct word_row *w = word_before(text, at);
    if (!w)
        return false;
    size_t p = at + 1;
    while (p < text.n && p < at + 8 && (strchr(" =>\"'`\\", text.p[p]) && text.p[p]))
        p++;
    size_t n = run_of(text, p, value_byte, 200), digits = 0, letters = 0, others = 0;
    while (n > 0 && strchr(".\\!?", text.p[p + n - 1]) && n > w->least)
        n--;
    for (size_t i = 0; i < n; i++) {
        digits += is_digit(text.p[p + i]);
        letters += is_letter(text.p[p + i]);
        others += !is_alnum(text.p[p + i]) && text.p[p + i] != '_';
    }
    if (n < w->least || placeholder(str_of(text.p + p, n)))
        return false;
    bool looks = w->mixed ? digits >= 2 && letters >= 2 : digits > 0 || (others > 0 && letters > 0);
    if (!looks || (others * 2 > n))
        return false;
    *ret_hit = (struct hit){p, p + n, 0.85f};
    return true;
}

static bool match(str text, size_t at, struct hit *ret_hit)
{
    switch (text.p[at]) {
    case ':':
        return match_url(text, at, ret_hit) || match_assignment(text, at, ret_hit);
    case '=':
        return match_assignment(text, at, ret_hit);
    case 'J':
        return match_jwt(text, at, ret_hit);
    case '-':
        return match_pem(text, at, ret_hit) || match_shape(text, at, ret_hit);
    default:
        return match_shape(text, at, ret_hit);
    }
}

const struct detector detector_secret = {COLON | EQUALS | DASH | UNDERSCORE | LETTER, match};
