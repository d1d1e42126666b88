// headers.h: collects a message's head while llhttp hands it over in pieces. Private to http.
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H
#include "base/mem.h"
#include "http/http.h"
#include <llhttp.h>

struct header_place {
    uint32_t name_at, name_n, value_at, value_n;
};

// Bytes and places live in the arena; growing copies, at most a few times.
struct headers {
    struct arena *arena;
    char *bytes;
    size_t n, cap, limit;
    struct header_place *rows;
    size_t count, rows_cap, count_limit;
    uint32_t url_n, word_n; // the request's target stands first, a response's reason is not kept
    bool in_value;
    enum err err;
};
void headers_begin(struct headers *h, struct arena *a, size_t limit, size_t count_limit);
int headers_url(struct headers *h, str piece);
int headers_name(struct headers *h, str piece);
int headers_value(struct headers *h, str piece);
// Slices of everything; ret_head's other fields are left alone.
void headers_end(struct headers *h, struct http_head *ret_head);
#endif
