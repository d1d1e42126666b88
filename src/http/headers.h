// headers.h: a message's head while llhttp reads it. Its bytes are copied once, as they came, and
// names and values are places in that copy, so that a cut inside a name costs nothing. Private to
// http.
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H
#include "base/mem.h"
#include "http/http.h"
#include <llhttp.h>

struct header_place {
    uint32_t name_at, name_n, value_at, value_n;
};

enum { PLACES_AT_HAND = 24 };

struct headers {
    struct arena *arena;
    char *raw; // the head so far; in the arena
    size_t n, cap, limit;
    const char *fed; // what is being parsed now begins here and stands at raw + n once it is kept
    struct header_place at_hand[PLACES_AT_HAND], *places; // at_hand, or in the arena
    size_t count, cap_places, count_limit;
    bool in_value; // a name is complete
    enum err err;
};
void headers_begin(struct headers *h, struct arena *a, size_t limit, size_t count_limit);
// Around llhttp_execute while the head lasts: which of the bytes to parse, and how many were.
str headers_feed(struct headers *h, str bytes);
void headers_keep(struct headers *h, size_t used);
// True when the head can only end past the limit.
static inline bool headers_full(const struct headers *h)
{
    return h->n >= h->limit;
}
// Where in the head a place among the fed bytes is.
static inline uint32_t headers_at(const struct headers *h, const char *p)
{
    return (uint32_t)(h->n + (size_t)(p - h->fed));
}
// For llhttp's callbacks: 0, or HPE_USER where there are too many.
int headers_name(struct headers *h, const char *at, size_t n);
int headers_name_complete(struct headers *h);
int headers_value(struct headers *h, const char *at, size_t n);
// After the last headers_keep: slices of everything. ret_head's other fields are left alone.
void headers_end(struct headers *h, struct http_head *ret_head);
#endif
