// json.c: the scan over JSON bytes. Strings are the bulk of every body: they are passed sixteen
// bytes at a time until a byte that needs a look (quote, backslash, control, not ASCII).
// Invariants: (1) body <= at <= end; (2) once err is set, at never moves; (3) depth is the number
// of open brackets, at most JSON_DEPTH_MAX.
#include "base/json.h"
#include <emmintrin.h>

void json_begin(struct json_scan *s, str body)
{
    must(body.n <= UINT32_MAX);
    if (!body.p)
        body = S(""); // no arithmetic on NULL
    *s = (struct json_scan){.body = body.p, .at = body.p, .end = body.p + body.n};
}

static bool fail(struct json_scan *s, enum err e, const char *at)
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

static void skip_blank(struct json_scan *s)
{
    while (s->at < s->end && blank(*s->at))
        s->at++;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Behind the backslash at p[0]; length of the whole escape, 0 when it is none.
static size_t escape_length(const char *p, const char *end)
{
    if (end - p < 2)
        return 0;
    if (p[1] != 'u')
        return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
    if (end - p < 6)
        return 0;
    return is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]) ? 6 : 0;
}

// First byte from p on that ends a run of plain ASCII inside a string.
static const char *plain_run(const char *p, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    while (end - p >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        // as signed bytes, below a space means control characters and all that is not ASCII
        __m128i odd =
            _mm_or_si128(_mm_cmplt_epi8(v, space),
                         _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        if (mask)
            return p + __builtin_ctz(mask);
        p += 16;
    }
    while (p < end && (signed char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return p;
}

// Length of the run of valid UTF-8 at p, which begins beyond ASCII. Letters of two and three bytes
// are passed at once, and so is the single space or comma that stands between their words.
static size_t foreign_run(const char *p, const char *end)
{
    const char *q = p;
    while (end - q >= 4) {
        size_t n = utf8_quick(q);
        if (n == 0 && q > p && (*q == ' ' || *q == ','))
            n = 1;
        if (n == 0)
            break;
        q += n;
    }
    if (q > p)
        return (size_t)(q - p);
    // four bytes, near the end, or not valid
    size_t run = 0;
    while (run < 4 && q + run < end && (unsigned char)q[run] >= 0x80)
        run++;
    return utf8_valid(str_of(q, run));
}

// The cursor is at the opening quote; afterwards behind the closing one.
static bool take_string(struct json_scan *s, bool *ret_escaped)
{
    const char *p = s->at + 1;
    bool escaped = false;
    must(*s->at == '"');
    for (;;) {
        p = plain_run(p, s->end);
        if (p == s->end)
            return fail(s, ERR_BAD_JSON, p); // not closed
        if (*p == '"')
            break;
        if (*p == '\\') {
            size_t n = escape_length(p, s->end);
            if (n == 0)
                return fail(s, ERR_BAD_JSON, p);
            escaped = true;
            p += n;
        } else if ((unsigned char)*p < 0x20) {
            return fail(s, ERR_BAD_JSON, p);
        } else {
            size_t n = foreign_run(p, s->end);
            if (n == 0)
                return fail(s, ERR_BAD_UTF8, p);
            p += n;
        }
    }
    s->at = p + 1;
    *ret_escaped = escaped;
    return true;
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

static bool take_any(struct json_scan *s, struct json_value *v)
{
    switch (*s->at) {
    case '"':
        v->kind = JSON_STRING;
        return take_string(s, &v->escaped);
    case '{':
        v->kind = JSON_OBJECT;
        return open_bracket(s);
    case '[':
        v->kind = JSON_ARRAY;
        return open_bracket(s);
    case 't':
        v->kind = JSON_TRUE;
        return take_word(s, S("true"));
    case 'f':
        v->kind = JSON_FALSE;
        return take_word(s, S("false"));
    case 'n':
        v->kind = JSON_NULL;
        return take_word(s, S("null"));
    default:
        v->kind = JSON_NUMBER;
        return take_number(s);
    }
}

bool json_take(struct json_scan *s, struct json_value *ret_value)
{
    if (s->err != OK)
        return false;
    skip_blank(s);
    if (s->at == s->end)
        return fail(s, ERR_BAD_JSON, s->at);
    struct json_value v = {.span.start = (uint32_t)(s->at - s->body)};
    if (!take_any(s, &v))
        return false;
    v.span.end = (uint32_t)(s->at - s->body);
    *ret_value = v;
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

bool json_next_key(struct json_scan *s, bool *first, str *ret_key, bool *ret_escaped)
{
    bool escaped = false;
    if (!another(s, first, '}'))
        return false;
    if (*s->at != '"')
        return fail(s, ERR_BAD_JSON, s->at);
    const char *start = s->at + 1;
    if (!take_string(s, &escaped))
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
    *ret_escaped = escaped;
    return true;
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

// --- decoding ---

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        v = v * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return v;
}

static char *put_utf8(char *dst, unsigned c)
{
    if (c < 0x80) {
        *dst++ = (char)c;
    } else if (c < 0x800) {
        *dst++ = (char)(0xc0 | c >> 6);
        *dst++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *dst++ = (char)(0xe0 | c >> 12);
        *dst++ = (char)(0x80 | (c >> 6 & 63));
        *dst++ = (char)(0x80 | (c & 63));
    } else {
        *dst++ = (char)(0xf0 | c >> 18);
        *dst++ = (char)(0x80 | (c >> 12 & 63));
        *dst++ = (char)(0x80 | (c >> 6 & 63));
        *dst++ = (char)(0x80 | (c & 63));
    }
    return dst;
}

// One escape at p (checked by the scan); returns behind it.
static const char *decode_escape(const char *p, const char *end, char **dst)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    must(end - p >= 2 && p[0] == '\\');
    if (p[1] != 'u') {
        const char *at = strchr(from, p[1]);
        must(p[1] && at);
        *(*dst)++ = to[at - from];
        return p + 2;
    }
    must(end - p >= 6);
    unsigned c = hex4(p + 2);
    p += 6;
    if (c >= 0xd800 && c <= 0xdbff && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        unsigned low = hex4(p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *dst = put_utf8(*dst, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return p + 6;
        }
    }
    if (c >= 0xd800 && c <= 0xdfff)
        c = 0xfffd; // half a pair
    *dst = put_utf8(*dst, c);
    return p;
}

str json_decode(struct arena *a, str raw, bool escaped)
{
    enum { SLACK = 16 };
    if (!escaped)
        return raw;
    // no escape grows: six bytes become three at most, twelve become four
    char *start = arena_bytes(a, raw.n + SLACK), *dst = start;
    const char *p = raw.p, *end = raw.p + raw.n;
    const __m128i backslash = _mm_set1_epi8('\\');
    while (p < end) {
        if (end - p >= 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
            unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash));
            unsigned n = mask ? (unsigned)__builtin_ctz(mask) : 16;
            _mm_storeu_si128((__m128i *)(void *)dst, v); // what is past n is written again
            p += n;
            dst += n;
            if (!mask)
                continue;
        } else if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }
        p = decode_escape(p, end, &dst);
    }
    must(dst <= start + raw.n);
    return str_of(start, (size_t)(dst - start));
}
