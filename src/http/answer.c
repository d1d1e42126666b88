// answer.c: a target's answer. Interim answers (1xx) are swallowed, bodies de-chunked.
// Invariants: (1) on_done is called once, after the parser has returned; (2) the owner may free the
// reader inside any of its callbacks: it then lives until the parser has returned.
#include "http/headers.h"

enum { HEADERS_MAX = 200 };

struct http_answer_reader {
    llhttp_t parser;
    struct arena arena; // of one answer's head
    struct headers headers;
    struct http_head head;
    const struct http_answer_events *events;
    void *arg;
    size_t head_limit;
    bool have_head, whole, keep, busy, dead, told;
};

static struct http_answer_reader *reader_of(llhttp_t *p)
{
    return p->data;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_name(&r->headers, str_of(at, n)); // trailers are dropped
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_value(&r->headers, str_of(at, n));
}

static int on_headers_complete(llhttp_t *p)
{
    struct http_answer_reader *r = reader_of(p);
    struct http_head *h = &r->head;
    headers_end(&r->headers, h);
    h->status = p->status_code;
    h->minor = p->http_minor;
    h->chunked = (p->flags & F_CHUNKED) != 0;
    h->content_length = (p->flags & F_CONTENT_LENGTH) ? (int64_t)p->content_length : -1;
    p->upgrade = 0;
    if (h->status == 101 || http_count(h, S("content-length")) > 1)
        return HPE_USER; // never asked for; or a length that can be read in two ways
    if (h->status < 200)
        return 0;
    r->have_head = true;
    r->keep = llhttp_should_keep_alive(p);
    h->keep_alive = r->keep;
    r->events->on_head(r->arg, h);
    return r->dead ? HPE_USER : 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    r->events->on_body(r->arg, str_of(at, n));
    return r->dead ? HPE_USER : 0;
}

static void begin_head(struct http_answer_reader *r)
{
    arena_reset(&r->arena);
    headers_begin(&r->headers, &r->arena, r->head_limit, HEADERS_MAX);
    r->head = (struct http_head){.content_length = -1};
    r->have_head = false;
}

static int on_complete(llhttp_t *p)
{
    struct http_answer_reader *r = reader_of(p);
    if (!r->have_head) { // an interim answer: the real one follows
        begin_head(r);
        return 0;
    }
    r->whole = true;
    r->keep = r->keep && llhttp_should_keep_alive(p);
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

struct http_answer_reader *http_answer_reader_new(size_t head_limit)
{
    struct http_answer_reader *r = mem_new(sizeof *r);
    must(head_limit > 0);
    r->head_limit = head_limit;
    arena_init(&r->arena, head_limit * 4);
    return r;
}

static void destroy(struct http_answer_reader *r)
{
    arena_done(&r->arena);
    mem_free(r);
}

void http_answer_reader_free(struct http_answer_reader *r)
{
    if (!r)
        return;
    if (r->busy)
        r->dead = true;
    else
        destroy(r);
}

void http_answer_reader_start(struct http_answer_reader *r, const struct http_answer_events *e,
                              void *arg)
{
    must(!r->busy && e);
    llhttp_init(&r->parser, HTTP_RESPONSE, &callbacks);
    r->parser.data = r;
    r->events = e;
    r->arg = arg;
    r->whole = r->told = false;
    begin_head(r);
}

// After the parser returned: the owner is told, or the reader goes with an owner that left.
static enum err settle(struct http_answer_reader *r, bool fine, bool leftover)
{
    r->busy = false;
    if (r->dead) {
        destroy(r);
        return OK;
    }
    if (r->whole && !r->told) {
        r->told = true;
        r->events->on_done(r->arg, r->keep && !leftover); // may free r
        return OK;
    }
    return fine && !leftover ? OK : ERR_UPSTREAM_BROKEN;
}

enum err http_answer_feed(struct http_answer_reader *r, str bytes)
{
    must(!r->busy && r->events);
    if (r->whole)
        return ERR_UPSTREAM_BROKEN; // bytes behind a whole answer
    r->busy = true;
    llhttp_errno_t e = llhttp_execute(&r->parser, bytes.p, bytes.n);
    bool leftover = false;
    if (e == HPE_PAUSED)
        leftover = llhttp_get_error_pos(&r->parser) < bytes.p + bytes.n;
    return settle(r, e == HPE_OK || e == HPE_PAUSED, leftover);
}

enum err http_answer_eof(struct http_answer_reader *r)
{
    must(!r->busy && r->events);
    if (r->whole)
        return OK;
    r->busy = true;
    llhttp_errno_t e = llhttp_finish(&r->parser);
    r->keep = false;
    bool fine = (e == HPE_OK || e == HPE_PAUSED) && r->whole;
    return settle(r, fine, false);
}
