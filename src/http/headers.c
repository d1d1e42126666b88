// headers.c: pieces of a head into one place, then slices of it. Also looking headers up.
#include "http/headers.h"

enum { FIRST_BYTES = 1024, FIRST_ROWS = 24 };

void headers_begin(struct headers *h, struct arena *a, size_t limit, size_t count_limit)
{
    must(a && limit > 0);
    *h = (struct headers){.arena = a, .limit = limit, .count_limit = count_limit};
}

static int too_big(struct headers *h)
{
    h->err = ERR_HEAD_TOO_BIG;
    return HPE_USER;
}

static int add(struct headers *h, str piece)
{
    if (h->n + piece.n > h->limit)
        return too_big(h);
    if (h->n + piece.n > h->cap) {
        size_t cap = max_size(max_size(FIRST_BYTES, h->cap * 2), h->n + piece.n);
        char *grown = arena_bytes(h->arena, cap);
        if (h->n)
            memcpy(grown, h->bytes, h->n);
        h->bytes = grown;
        h->cap = cap;
    }
    if (piece.n)
        memcpy(h->bytes + h->n, piece.p, piece.n);
    h->n += piece.n;
    return 0;
}

int headers_url(struct headers *h, str piece)
{
    must(h->count == 0);
    h->url_n += (uint32_t)piece.n;
    return add(h, piece);
}

static int new_row(struct headers *h)
{
    if (h->count == h->count_limit)
        return too_big(h);
    if (h->count == h->rows_cap) {
        size_t cap = max_size(FIRST_ROWS, h->rows_cap * 2);
        struct header_place *grown = arena_array(h->arena, struct header_place, cap);
        if (h->count)
            memcpy(grown, h->rows, h->count * sizeof *grown);
        h->rows = grown;
        h->rows_cap = cap;
    }
    h->rows[h->count++] =
        (struct header_place){.name_at = (uint32_t)h->n, .value_at = (uint32_t)h->n};
    return 0;
}

int headers_name(struct headers *h, str piece)
{
    if (h->count == 0 || h->in_value) {
        if (new_row(h) != 0)
            return HPE_USER;
        h->in_value = false;
    }
    struct header_place *row = &h->rows[h->count - 1];
    row->name_n += (uint32_t)piece.n;
    row->value_at = (uint32_t)(h->n + piece.n);
    return add(h, piece);
}

int headers_value(struct headers *h, str piece)
{
    must(h->count > 0);
    h->in_value = true;
    h->rows[h->count - 1].value_n += (uint32_t)piece.n;
    return add(h, piece);
}

void headers_end(struct headers *h, struct http_head *ret_head)
{
    struct http_header *rows = arena_array(h->arena, struct http_header, max_size(h->count, 1));
    must(h->err == OK);
    for (size_t i = 0; i < h->count; i++) {
        const struct header_place *p = &h->rows[i];
        rows[i].name = str_of(h->bytes + p->name_at, p->name_n);
        rows[i].value = str_trim(str_of(h->bytes + p->value_at, p->value_n));
    }
    ret_head->headers = rows;
    ret_head->header_count = h->count;
    ret_head->target = str_of(h->bytes, h->url_n);
}

str http_get(const struct http_head *h, str name)
{
    for (size_t i = 0; i < h->header_count; i++)
        if (h->headers[i].name.n == name.n && str_eq_nocase(h->headers[i].name, name))
            return h->headers[i].value;
    return STR_NONE;
}

size_t http_count(const struct http_head *h, str name)
{
    size_t count = 0;
    for (size_t i = 0; i < h->header_count; i++)
        count += str_eq_nocase(h->headers[i].name, name);
    return count;
}
