// view.c: picks the bytes that are looked at: the head of the last user message and its tail. An
// instruction stands at an end; what is in the middle was mostly pasted. Never more than
// ROUTE_READ_MAX bytes are decoded, so that a message of a megabyte costs what one of 2 KB does.
#include "route/features.h"
#include <emmintrin.h>

// A last message of fewer bytes is looked at together with the one before ("continue", "and in
// C?").
enum { SHORT_BYTES = 200 };

// Up to `end` something is put; VIEW_PAD bytes behind it may be written, and mean nothing.
struct sink {
    char *at, *end;
};

// What a hex digit is worth, and one more: 0 is no digit.
static const uint8_t hex_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

// Four hex digits, or -1.
static inline int32_t read_hex(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    const int32_t a = hex_plus_one[(uint8_t)p[0]] - 1, b = hex_plus_one[(uint8_t)p[1]] - 1,
                  c = hex_plus_one[(uint8_t)p[2]] - 1, d = hex_plus_one[(uint8_t)p[3]] - 1;
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

static inline void put_code_point(struct sink *s, uint32_t cp)
{
    char *to = s->at;
    if (cp < 0x80) {
        *to++ = (char)cp;
    } else if (cp < 0x800) {
        *to++ = (char)(0xc0 | cp >> 6);
        *to++ = (char)(0x80 | (cp & 0x3f));
    } else {
        if (cp < 0x10000) {
            *to++ = (char)(0xe0 | cp >> 12);
        } else {
            *to++ = (char)(0xf0 | cp >> 18);
            *to++ = (char)(0x80 | (cp >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (cp >> 6 & 0x3f));
        *to++ = (char)(0x80 | (cp & 0x3f));
    }
    if (likely(to <= s->end))
        s->at = to;
    else
        s->end = s->at; // full: half a character is no character
}

// One escape at p (a backslash); returns what follows it. Tolerant: the body was checked before,
// and a cut through an escape must do no harm.
static const char *put_escape(struct sink *s, const char *p, const char *end)
{
    if (end - p < 2)
        return end;
    char c = p[1];
    p += 2;
    if (c != 'u') {
        put_code_point(s, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : (uint8_t)c & 0x7f);
        return p;
    }
    int32_t hi = read_hex(p, end);
    if (hi < 0)
        return p;
    p += 4;
    if ((hi & 0xf800) == 0xd800) {
        bool pair = hi < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u';
        int32_t lo = pair ? read_hex(p + 2, end) : 0;
        pair = lo >= 0xdc00 && lo < 0xe000;
        put_code_point(s,
                       pair ? (uint32_t)(0x10000 + ((hi - 0xd800) << 10) + lo - 0xdc00) : 0xfffd);
        return pair ? p + 6 : p;
    }
    put_code_point(s, (uint32_t)hi);
    return p;
}

// What stands at p up to an escape, some bytes at a time; returns what follows.
static const char *put_plain(struct sink *s, const char *p, const char *end)
{
    size_t n = min_size((size_t)(end - p), (size_t)(s->end - s->at));
    if (likely(end - p >= 16)) {
        __m128i v = _mm_loadu_si128((const void *)p);
        int escapes = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        n = min_size(n, (size_t)__builtin_ctz((unsigned)escapes | 0x10000));
        _mm_storeu_si128((void *)s->at, v); // what is past n is written again
    } else {
        const char *escape = memchr(p, '\\', n);
        n = escape ? (size_t)(escape - p) : n;
        memcpy(s->at, p, n);
    }
    s->at += n;
    return p + n;
}

// Decodes from the start of raw until it ends or the sink is full.
static void put_raw(struct sink *s, str raw, bool escaped)
{
    const char *p = raw.p, *end = raw.p + raw.n;
    if (!escaped) {
        size_t n = min_size(raw.n, (size_t)(s->end - s->at));
        memcpy(s->at, p, n);
        s->at += n;
        return;
    }
    while (p < end && s->at < s->end)
        p = *p == '\\' ? put_escape(s, p, end) : put_plain(s, p, end);
}

// The first place at or after `at` that is surely not inside an escape, or inside a character.
static size_t clear_place(str raw, size_t at, bool escaped)
{
    enum { LOOK = 64 };
    size_t last = min_size(raw.n, at + LOOK), quiet = 0;
    for (size_t i = at; i < last; i++) {
        bool continues = ((uint8_t)raw.p[i] & 0xc0) == 0x80;
        bool begins = raw.p[i] == '\\' && i > 0 && raw.p[i - 1] != '\\' && i > at;
        if (!continues && (!escaped || begins || quiet > 6))
            return i;
        quiet = raw.p[i] == '\\' ? 0 : quiet + 1;
    }
    return last;
}

static void put_tail(struct sink *s, str raw, bool escaped)
{
    size_t room = (size_t)(s->end - s->at);
    // an escape is longer than what it stands for: so much of raw is more than enough
    size_t reach = escaped ? room + room / 8 : room;
    size_t at = raw.n > reach ? clear_place(raw, raw.n - reach, escaped) : 0;
    put_raw(s, str_from(raw, at), escaped);
}

static void close_view(struct view *v, const struct sink *s)
{
    v->n = (uint32_t)(s->at - v->text);
    must(v->n <= VIEW_HEAD + 1 + VIEW_TAIL);
    memset(v->text + v->n, 0, VIEW_PAD);
}

void view_of_text(struct view *v, str text, str before)
{
    struct sink s = {v->text, v->text + VIEW_HEAD + 1 + VIEW_TAIL};
    v->total_bytes = text.n;
    v->system_bytes = 0;
    v->turns = before.n ? 3 : 1; // an answer stood between
    v->tools = v->media = v->schema = false;
    v->context_n = text.n < SHORT_BYTES ? (uint32_t)min_size(before.n, VIEW_CONTEXT) : 0;
    if (v->context_n)
        memcpy(v->context, before.p, v->context_n);
    memset(v->context + v->context_n, 0, VIEW_PAD);
    if (text.n <= VIEW_HEAD + VIEW_TAIL) {
        put_raw(&s, text, false);
    } else {
        s.end = v->text + VIEW_HEAD;
        put_raw(&s, text, false);
        *s.at++ = '\n';
        s.end = s.at + VIEW_TAIL;
        put_tail(&s, text, false);
    }
    close_view(v, &s);
}

static str raw_of(const struct ask *ask, const struct part *p)
{
    must(p->span.start <= p->span.end && p->span.end <= ask->body.n);
    return str_of(ask->body.p + p->span.start, p->span.end - p->span.start);
}

static bool is_users_text(const struct part *p)
{
    return p->kind == PART_TEXT && (p->role == ROLE_USER || p->role == ROLE_NONE);
}

// Parts [first, end) hold a message's text, among others.
struct range {
    uint32_t first, end;
};

// The parts of the last message of a user before part `before`.
static struct range message_before(const struct ask *ask, uint32_t before)
{
    uint32_t end = before;
    while (end > 0 && !is_users_text(&ask->parts[end - 1]))
        end--;
    uint32_t first = end;
    while (first > 0 && ask->parts[first - 1].turn == ask->parts[end - 1].turn)
        first--;
    return (struct range){first, end};
}

static void put_parts(struct sink *s, const struct ask *ask, struct range r)
{
    for (uint32_t i = r.first; i < r.end && s->at < s->end; i++) {
        const struct part *p = &ask->parts[i];
        if (p->kind != PART_TEXT)
            continue;
        if (i > r.first && s->end - s->at > 2) {
            memcpy(s->at, "\n\n", 2);
            s->at += 2;
        }
        put_raw(s, raw_of(ask, p), p->escaped);
    }
}

static void count_around(struct view *v, const struct ask *ask, struct range r)
{
    v->total_bytes = v->system_bytes = 0;
    v->turns = ask->turns;
    v->tools = ask->needs & ABILITY_TOOLS;
    v->media = ask->needs & (ABILITY_IMAGES | ABILITY_AUDIO | ABILITY_FILES);
    v->schema = ask->needs & ABILITY_SCHEMA;
    for (uint32_t i = r.first; i < r.end; i++)
        if (ask->parts[i].kind == PART_TEXT)
            v->total_bytes += raw_of(ask, &ask->parts[i]).n;
    for (uint32_t i = 0; i < ask->part_count && ask->parts[i].role == ROLE_SYSTEM; i++)
        if (ask->parts[i].kind == PART_TEXT)
            v->system_bytes += raw_of(ask, &ask->parts[i]).n;
}

void view_of_ask(struct view *v, const struct ask *ask)
{
    struct range r = message_before(ask, ask->part_count);
    struct sink s = {v->text, v->text + VIEW_HEAD + 1 + VIEW_TAIL};
    count_around(v, ask, r);
    if (v->total_bytes <= VIEW_HEAD + VIEW_TAIL - 2 * (size_t)(r.end - r.first)) {
        put_parts(&s, ask, r);
    } else {
        s.end = v->text + VIEW_HEAD;
        put_parts(&s, ask, r);
        *s.at++ = '\n';
        s.end = s.at + VIEW_TAIL;
        const struct part *last = &ask->parts[r.end - 1];
        put_tail(&s, raw_of(ask, last), last->escaped);
    }
    close_view(v, &s);
    struct sink c = {v->context, v->context};
    if (v->n < SHORT_BYTES && r.first > 0) {
        c.end = v->context + VIEW_CONTEXT;
        put_parts(&c, ask, message_before(ask, r.first));
    }
    v->context_n = (uint32_t)(c.at - v->context);
    memset(c.at, 0, VIEW_PAD);
}
