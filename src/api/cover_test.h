// cover_test.h: for tests and fuzzers of any dialect: no text in a body escapes the parts of its
// ask. A string may stay out only where it is an identifier by its characters.
#ifndef API_COVER_TEST_H
#define API_COVER_TEST_H
#include "base/json.h"
#include "call/call.h"

static inline bool cover_plain(str s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_.:/|=-";
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr(plain, s.p[i]))
            return false;
    return s.n <= 128;
}

static inline bool cover_has(const struct ask *ask, str raw)
{
    size_t start = (size_t)(raw.p - ask->body.p);
    for (uint32_t i = 0; i < ask->part_count; i++)
        if (ask->parts[i].span.start <= start && start + raw.n <= ask->parts[i].span.end)
            return true;
    return false;
}

static inline bool cover_restricted(const struct ask *ask)
{
    for (uint32_t i = 0; i < ask->part_count; i++)
        if (ask->parts[i].kind == PART_UNKNOWN)
            return true;
    return false;
}

// Walks the value at the cursor; the place of the first text that escaped, or NULL.
static inline const char *cover_walk(struct arena *a, struct json_scan *s, const struct ask *ask)
{
    struct json_value v;
    bool first = true, escaped;
    str key;
    const char *lost = NULL;
    if (!json_take(s, &v))
        return s->at;
    if (v.kind == JSON_STRING && !cover_plain(json_decode(a, json_raw(s, v), v.escaped)) &&
        !cover_has(ask, json_raw(s, v)))
        return s->body + v.span.start;
    while (v.kind == JSON_ARRAY && !lost && json_next_item(s, &first))
        lost = cover_walk(a, s, ask);
    while (v.kind == JSON_OBJECT && !lost && json_next_key(s, &first, &key, &escaped)) {
        if (!cover_plain(json_decode(a, key, escaped)) && !cover_has(ask, key) &&
            !cover_restricted(ask))
            return key.p;
        lost = cover_walk(a, s, ask);
    }
    return lost;
}

// What holds for every ask that was read.
static inline const char *cover_first_lost(struct arena *a, const struct ask *ask)
{
    struct json_scan s;
    uint32_t end = 0;
    for (uint32_t i = 0; i < ask->part_count; i++) {
        const struct part *p = &ask->parts[i];
        if (p->span.start < end || p->span.end < p->span.start || p->span.end > ask->body.n)
            return ask->body.p + p->span.start; // out of order, or one over another
        end = p->span.end;
    }
    json_begin(&s, ask->body);
    return cover_walk(a, &s, ask);
}
#endif
