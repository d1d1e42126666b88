// json.c: the scan over JSON bytes: the grammar. The inside of strings is json_text.c.
// Invariants: (1) body <= at <= end; (2) once err is set, at never moves; (3) depth is the number
// of open brackets, at most JSON_DEPTH_MAX.
#include "base/json.h"
#include "base/json_text.h"
#include <emmintrin.h>

void json_begin(struct json_scan *s, str body)
{
    must(body.n <= UINT32_MAX);
    if (!body.p)
        body = S(""); // no arithmetic on NULL
    *s = (struct json_scan){.body = body.p, .at = body.p, .end = body.p + body.n};
}

static __attribute__((cold, noinline)) bool fail(struct json_scan *s, enum err e, const char *at)
{
    if (s->err == OK) {
        s->err = e;
        s->at_byte = at - s->body;
    }
    return false;
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void skip_blank(struct json_scan *s)
{
    const char *p = s->at;
    if (likely(p < s->end && (unsigned char)*p > ' '))
        return;
    while (p < s->end && blank(*p))
        p++;
    s->at = p;
}

// Keys and words are short: a string that ends within its first sixteen bytes, all of them plain,
// needs no more than this look. Its closing quote, else NULL.
static inline const char *short_end(const char *p, const char *end)
{
    if (end - p < 16)
        return NULL;
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    // as signed bytes, below a space means control characters and all that is not ASCII
    __m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')),
                               _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                            _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
    unsigned stops = (unsigned)_mm_movemask_epi8(odd);
    if (!stops)
        return NULL;
    p += __builtin_ctz(stops);
    return *p == '"' ? p : NULL;
}

// By value, so that no local's address is taken where every key passes.
enum taken { NOT_TAKEN, TAKEN, TAKEN_ESCAPED };

static __attribute__((noinline)) enum taken take_long_string(struct json_scan *s)
{
    const char *start = s->at + 1;
    struct json_text t = {0};
    const char *p = json_text_pass(start, s->end, &t);
    str text = str_of(start, (size_t)(p - start));
    size_t good = t.foreign ? utf8_valid(text) : text.n;
    if (good < text.n)
        return fail(s, ERR_BAD_UTF8, start + good), NOT_TAKEN;
    if (p == s->end || *p != '"') // not closed, or a byte that may not stand here
        return fail(s, ERR_BAD_JSON, p), NOT_TAKEN;
    s->saves += t.saves;
    s->wide += t.wide + (uint32_t)(t.foreign ? utf8_wide(text) : 0);
    s->at = p + 1;
    return t.escaped ? TAKEN_ESCAPED : TAKEN;
}

// The cursor is at the opening quote; afterwards behind the closing one.
static inline enum taken take_string(struct json_scan *s)
{
    must(*s->at == '"');
    const char *p = short_end(s->at + 1, s->end);
    if (!p)
        return take_long_string(s);
    s->at = p + 1;
    return TAKEN;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static bool take_number(struct json_scan *s)
{
    const char *p = s->at, *q;
    p += p < s->end && *p == '-';
    if (p < s->end && *p == '0') {
        p++;
    } else {
        q = digits(p, s->end);
        if (q == p)
            return fail(s, ERR_BAD_JSON, p);
        p = q;
    }
    if (p < s->end && *p == '.') {
        q = digits(p + 1, s->end);
        if (q == p + 1)
            return fail(s, ERR_BAD_JSON, q);
        p = q;
    }
    if (p < s->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < s->end && (*p == '+' || *p == '-');
        q = digits(p, s->end);
        if (q == p)
            return fail(s, ERR_BAD_JSON, p);
        p = q;
    }
    s->at = p;
    return true;
}

static bool take_word(struct json_scan *s, str word)
{
    const char *p = s->at;
    for (size_t i = 0; i < word.n; i++, p++)
        if (p == s->end || *p != word.p[i])
            return fail(s, ERR_BAD_JSON, p);
    s->at = p;
    return true;
}

static bool open_bracket(struct json_scan *s)
{
    if (s->depth == JSON_DEPTH_MAX)
        return fail(s, ERR_TOO_DEEP, s->at);
    s->depth++;
    s->at++;
    return true;
}

static bool take_word_or_number(struct json_scan *s, enum json_kind *ret_kind)
{
    switch (*s->at) {
    case 't':
        *ret_kind = JSON_TRUE;
        return take_word(s, S("true"));
    case 'f':
        *ret_kind = JSON_FALSE;
        return take_word(s, S("false"));
    case 'n':
        *ret_kind = JSON_NULL;
        return take_word(s, S("null"));
    default:
        *ret_kind = JSON_NUMBER;
        return take_number(s);
    }
}

static __attribute__((noinline)) bool take_any(struct json_scan *s, struct json_value *ret_value)
{
    if (s->err != OK)
        return false;
    skip_blank(s);
    if (s->at == s->end)
        return fail(s, ERR_BAD_JSON, s->at);
    uint32_t start = (uint32_t)(s->at - s->body), saves = s->saves, wide = s->wide;
    enum json_kind kind = JSON_STRING;
    enum taken taken = TAKEN;
    if (*s->at == '"') {
        taken = take_string(s);
    } else if (*s->at == '{' || *s->at == '[') {
        kind = *s->at == '{' ? JSON_OBJECT : JSON_ARRAY;
        taken = open_bracket(s) ? TAKEN : NOT_TAKEN;
    } else {
        taken = take_word_or_number(s, &kind) ? TAKEN : NOT_TAKEN;
    }
    if (taken == NOT_TAKEN)
        return false;
    *ret_value = (struct json_value){.kind = kind,
                                     .escaped = taken == TAKEN_ESCAPED,
                                     .span = {start, (uint32_t)(s->at - s->body)},
                                     .saves = s->saves - saves,
                                     .wide = s->wide - wide};
    return true;
}

bool json_take(struct json_scan *s, struct json_value *ret_value)
{
    // the short way, without a call: a short string, a bracket or an integer that stands here
    const char *at = s->at;
    if (unlikely(s->err != OK || at >= s->end))
        return take_any(s, ret_value);
    enum json_kind kind = JSON_STRING;
    if (*at == '"') {
        at = short_end(at + 1, s->end);
        if (!at)
            return take_any(s, ret_value);
    } else if ((*at == '{' || *at == '[') && s->depth < JSON_DEPTH_MAX) {
        kind = *at == '{' ? JSON_OBJECT : JSON_ARRAY;
        s->depth++;
    } else {
        at = digits(at, s->end);
        bool integer = at > s->at && at < s->end && (*at == ',' || *at == '}' || *at == ']');
        if (!integer || (*s->at == '0' && at > s->at + 1))
            return take_any(s, ret_value);
        kind = JSON_NUMBER;
        at--;
    }
    struct span span = {(uint32_t)(s->at - s->body), (uint32_t)(at + 1 - s->body)};
    s->at = at + 1;
    *ret_value = (struct json_value){.kind = kind, .span = span};
    return true;
}

// At a bracket's close: consumes it. Otherwise, unless it is the first, consumes the comma.
// True when another element follows.
static bool another(struct json_scan *s, bool *first, char close)
{
    if (s->err != OK)
        return false;
    skip_blank(s);
    if (s->at == s->end)
        return fail(s, ERR_BAD_JSON, s->at);
    if (*s->at == close) {
        must(s->depth > 0);
        s->at++;
        s->depth--;
        return false;
    }
    if (!*first) {
        if (*s->at != ',')
            return fail(s, ERR_BAD_JSON, s->at);
        s->at++;
        skip_blank(s);
        if (s->at == s->end || *s->at == close)
            return fail(s, ERR_BAD_JSON, s->at); // nothing behind the comma
    }
    *first = false;
    return true;
}

static __attribute__((noinline)) bool next_any_key(struct json_scan *s, bool *first, str *ret_key,
                                                   bool *ret_escaped)
{
    if (!another(s, first, '}'))
        return false;
    if (*s->at != '"')
        return fail(s, ERR_BAD_JSON, s->at);
    const char *start = s->at + 1;
    enum taken taken = take_string(s);
    if (taken == NOT_TAKEN)
        return false;
    str key = str_of(start, (size_t)(s->at - 1 - start));
    skip_blank(s);
    if (s->at == s->end || *s->at != ':')
        return fail(s, ERR_BAD_JSON, s->at);
    s->at++;
    skip_blank(s);
    if (s->at == s->end) // the value is missing: no caller may look at the byte behind the body
        return fail(s, ERR_BAD_JSON, s->at);
    *ret_key = key;
    *ret_escaped = taken == TAKEN_ESCAPED;
    return true;
}

bool json_next_key(struct json_scan *s, bool *first, str *ret_key, bool *ret_escaped)
{
    // the short way, without a call: the end, or a comma, a short key and a colon, with a space at
    // most before key and value
    const char *at = s->at;
    if (unlikely(s->err != OK || s->end - at <= 2))
        return next_any_key(s, first, ret_key, ret_escaped);
    if (*at == '}') {
        must(s->depth > 0);
        s->at++;
        s->depth--;
        return false;
    }
    if (*first || *at++ == ',') {
        at += *at == ' ';
        const char *quote = *at == '"' ? short_end(at + 1, s->end) : NULL;
        if (quote && s->end - quote > 3 && quote[1] == ':') {
            const char *value = quote + 2 + (quote[2] == ' ');
            if ((unsigned char)*value > ' ') {
                s->at = value;
                *first = false;
                *ret_key = str_of(at + 1, (size_t)(quote - at - 1));
                *ret_escaped = false;
                return true;
            }
        }
    }
    return next_any_key(s, first, ret_key, ret_escaped);
}

bool json_next_item(struct json_scan *s, bool *first)
{
    return another(s, first, ']');
}

// Whole values without recursion: one bit a level says whether it is an object.
bool json_skip(struct json_scan *s, struct json_value *ret_value)
{
    uint8_t object[JSON_DEPTH_MAX + 1];
    struct json_value top, v;
    uint32_t saves = s->saves, wide = s->wide;
    int base = s->depth;
    bool first = true, escaped;
    str key;
    if (!json_take(s, &top))
        return false;
    object[s->depth] = top.kind == JSON_OBJECT;
    while (s->depth > base) {
        int here = s->depth;
        bool more =
            object[here] ? json_next_key(s, &first, &key, &escaped) : json_next_item(s, &first);
        if (!more) {
            if (s->err != OK)
                return false;
            first = false; // back in the parent, behind an element
            continue;
        }
        if (!json_take(s, &v))
            return false;
        if (s->depth > here) {
            object[s->depth] = v.kind == JSON_OBJECT;
            first = true;
        }
    }
    must(s->depth == base);
    top.span.end = (uint32_t)(s->at - s->body);
    top.saves = s->saves - saves;
    top.wide = s->wide - wide;
    *ret_value = top;
    return true;
}

bool json_at_end(struct json_scan *s)
{
    if (s->err != OK)
        return false;
    must(s->depth == 0);
    skip_blank(s);
    return s->at == s->end || fail(s, ERR_BAD_JSON, s->at);
}

str json_raw(const struct json_scan *s, struct json_value v)
{
    must(v.kind == JSON_STRING && v.span.end >= v.span.start + 2);
    return str_of(s->body + v.span.start + 1, v.span.end - v.span.start - 2);
}

str json_decode(struct arena *a, str raw, bool escaped)
{
    if (!escaped)
        return raw;
    char *text = arena_bytes(a, raw.n + JSON_TEXT_SLACK);
    return str_of(text, json_text_decode(text, raw));
}
