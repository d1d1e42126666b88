// headers.c: a head's bytes into one place, then slices of it. Also looking headers up.
// Invariants: (1) places are counted from the head's first byte, so they hold while raw moves;
// (2) n never passes limit.
#include "http/headers.h"

enum { FIRST_BYTES = 1024 };

void headers_begin(struct headers *h, struct arena *a, size_t limit, size_t count_limit)
{
    must(a && limit > 0 && limit <= UINT32_MAX);
    h->arena = a;
    h->raw = NULL;
    h->n = h->cap = 0;
    h->limit = limit;
    h->fed = NULL;
    h->places = h->at_hand;
    h->count = 0;
    h->cap_places = PLACES_AT_HAND;
    h->count_limit = count_limit;
    h->in_value = false;
    h->err = OK;
}

str headers_feed(struct headers *h, str bytes)
{
    must(h->arena && h->n <= h->limit);
    h->fed = bytes.p;
    return str_first(bytes, h->limit - h->n);
}

void headers_keep(struct headers *h, size_t used)
{
    must(used <= h->limit - h->n); // (2)
    if (used == 0)
        return;
    if (h->n + used > h->cap) {
        // a head that came whole gets what it needs; one in pieces grows by doubling
        size_t cap = h->n ? max_size(max_size(FIRST_BYTES, h->cap * 2), h->n + used) : used;
        char *grown = arena_bytes(h->arena, cap);
        if (h->n)
            memcpy(grown, h->raw, h->n);
        h->raw = grown;
        h->cap = cap;
    }
    memcpy(h->raw + h->n, h->fed, used);
    h->n += used;
}

static void add_place(struct headers *h)
{
    if (h->count == h->cap_places) {
        struct header_place *grown = arena_array(h->arena, struct header_place, h->cap_places * 2);
        memcpy(grown, h->places, h->count * sizeof *grown);
        h->places = grown;
        h->cap_places *= 2;
    }
    h->places[h->count++] = (struct header_place){0};
}

int headers_name(struct headers *h, const char *at, size_t n)
{
    if (h->count == 0 || h->in_value) {
        add_place(h);
        h->in_value = false;
        h->places[h->count - 1].name_at = headers_at(h, at);
    }
    h->places[h->count - 1].name_n += (uint32_t)n;
    return 0;
}

int headers_name_complete(struct headers *h)
{
    must(h->count > 0);
    h->in_value = true;
    if (h->count <= h->count_limit)
        return 0;
    h->err = ERR_HEAD_TOO_BIG;
    return HPE_USER;
}

int headers_value(struct headers *h, const char *at, size_t n)
{
    must(h->count > 0 && h->in_value);
    struct header_place *p = &h->places[h->count - 1];
    if (p->value_n == 0)
        p->value_at = headers_at(h, at);
    p->value_n += (uint32_t)n;
    return 0;
}

// Spaces and tabs behind a value are no part of it; those before it llhttp has skipped.
static str without_tail(str s)
{
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

void headers_end(struct headers *h, struct http_head *ret_head)
{
    struct http_header *rows =
        (void *)arena_alloc(h->arena, max_size(h->count, 1) * sizeof(struct http_header));
    must(h->err == OK);
    for (size_t i = 0; i < h->count; i++) {
        const struct header_place *p = &h->places[i];
        must((size_t)p->name_at + p->name_n <= h->n && (size_t)p->value_at + p->value_n <= h->n);
        rows[i].name = str_of(h->raw + p->name_at, p->name_n);
        rows[i].value = without_tail(str_of(h->raw + p->value_at, p->value_n));
    }
    ret_head->headers = rows;
    ret_head->header_count = h->count;
}

str http_get(const struct http_head *h, str name)
{
    for (size_t i = 0; i < h->header_count; i++)
        if (h->headers[i].name.n == name.n && str_eq_nocase(h->headers[i].name, name))
            return h->headers[i].value;
    return STR_NONE;
}
