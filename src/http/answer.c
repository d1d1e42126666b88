// answer.c: a target's answer. Interim answers (1xx) are swallowed, bodies de-chunked. Framing that
// can be read in two ways is refused here as in requests: what a target's answer carries behind its
// end would become the next client's answer.
// Invariants: (1) on_done is called once, after the parser has returned; (2) the owner may free the
// reader inside any of its callbacks: it then lives until the parser has returned; (3) what comes
// out does not depend on how the bytes were cut, but for where bodies are cut.
#include "http/headers.h"

enum { HEADERS_MAX = 200, INTERIMS_MAX = 16 };

struct http_answer_reader {
    llhttp_t parser;
    struct arena arena; // of one answer's head
    struct headers headers;
    struct http_head head;
    const struct http_answer_events *events;
    void *arg;
    size_t head_limit;
    unsigned interims;
    bool have_head, interim_over, whole, keep, busy, dead, told;
};

static struct http_answer_reader *reader_of(llhttp_t *p)
{
    return p->data;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_name(&r->headers, at, n); // trailers are dropped
}

static int on_name_complete(llhttp_t *p)
{
    struct http_answer_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_name_complete(&r->headers);
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_value(&r->headers, at, n);
}

static int on_headers_complete(llhttp_t *p)
{
    struct http_answer_reader *r = reader_of(p);
    r->have_head = true;
    p->upgrade = 0;
    // llhttp knows 204 and 304, but not every 1xx
    if (p->status_code < 200)
        p->flags |= F_SKIPBODY;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_answer_reader *r = reader_of(p);
    if (n)
        r->events->on_body(r->arg, str_of(at, n));
    return r->dead ? HPE_USER : 0;
}

static int on_complete(llhttp_t *p)
{
    struct http_answer_reader *r = reader_of(p);
    r->interim_over = p->status_code < 200;
    r->whole = !r->interim_over;
    r->keep = llhttp_should_keep_alive(p);
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_name,
    .on_header_field_complete = on_name_complete,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static void begin_head(struct http_answer_reader *r)
{
    arena_reset(&r->arena);
    headers_begin(&r->headers, &r->arena, r->head_limit, HEADERS_MAX);
    r->head = (struct http_head){.content_length = -1};
    r->have_head = r->interim_over = false;
}

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
    r->interims = 0;
    r->whole = r->told = false;
    begin_head(r);
}

// Fills the head. False where its framing can be read in two ways, or nobody asked for such a
// status.
static bool take_head(struct http_answer_reader *r)
{
    const llhttp_t *p = &r->parser;
    struct http_head *h = &r->head;
    unsigned lengths = 0, encodings = 0;
    headers_end(&r->headers, h);
    for (size_t i = 0; i < h->header_count; i++) {
        str name = h->headers[i].name;
        if (name.n == 14 && str_eq_nocase(name, S("content-length"))) {
            lengths++;
        } else if (name.n == 17 && str_eq_nocase(name, S("transfer-encoding"))) {
            encodings++;
            if (!str_eq_nocase(h->headers[i].value, S("chunked")))
                return false;
        }
    }
    h->status = p->status_code;
    h->minor = p->http_minor;
    h->chunked = (p->flags & F_CHUNKED) != 0;
    h->content_length = (p->flags & F_CONTENT_LENGTH) ? (int64_t)p->content_length : -1;
    h->keep_alive = llhttp_should_keep_alive(p);
    if (h->status < 200 && lengths + encodings > 0)
        return false; // an interim answer has no body
    return p->http_major == 1 && h->minor <= 1 && h->status >= 100 && h->status < 600 &&
           h->status != 101 && lengths + encodings <= 1 &&
           h->content_length >= (lengths ? 0 : -1) && h->chunked == (encodings == 1) &&
           (!encodings || h->minor == 1);
}

// The parser stands behind a head, or behind an interim answer. False where the answer is broken.
static bool go_on(struct http_answer_reader *r)
{
    if (r->interim_over) {
        begin_head(r);
        return ++r->interims <= INTERIMS_MAX;
    }
    must(r->have_head);
    if (!take_head(r))
        return false;
    if (r->head.status >= 200)
        r->events->on_head(r->arg, &r->head);
    return true;
}

// Takes bytes until they are used up, the answer is whole or the owner has left. False where they
// are no answer.
static bool parse(struct http_answer_reader *r, str *bytes)
{
    for (;;) {
        bool in_head = !r->have_head;
        str now = in_head ? headers_feed(&r->headers, *bytes) : *bytes;
        llhttp_errno_t e = llhttp_execute(&r->parser, now.p, now.n);
        size_t used = now.n;
        if (r->dead)
            return true;
        if (e == HPE_PAUSED) {
            used = (size_t)(llhttp_get_error_pos(&r->parser) - now.p);
            llhttp_resume(&r->parser);
        } else if (e != HPE_OK) {
            return false;
        }
        if (in_head)
            headers_keep(&r->headers, used);
        *bytes = str_from(*bytes, used);
        if (r->whole)
            return true;
        if (e == HPE_OK)
            return r->have_head || !headers_full(&r->headers);
        if (!go_on(r))
            return false;
        if (r->dead)
            return true;
    }
}

// After the parser returned: the owner is told, or the reader goes with an owner that left.
static enum err settle(struct http_answer_reader *r, bool fine, bool leftover)
{
    r->busy = false;
    if (r->dead) {
        destroy(r);
        return OK;
    }
    if (!fine || !r->whole)
        return fine ? OK : ERR_UPSTREAM_BROKEN;
    must(!r->told);
    r->told = true;
    r->events->on_done(r->arg, r->keep && !leftover); // may free r
    return OK;
}

enum err http_answer_feed(struct http_answer_reader *r, str bytes)
{
    must(!r->busy && r->events);
    if (r->whole)
        return bytes.n ? ERR_UPSTREAM_BROKEN : OK; // bytes behind a whole answer
    r->busy = true;
    bool fine = parse(r, &bytes);
    return settle(r, fine, bytes.n > 0);
}

enum err http_answer_eof(struct http_answer_reader *r)
{
    must(!r->busy && r->events);
    if (r->whole)
        return OK;
    r->busy = true;
    llhttp_errno_t e = llhttp_finish(&r->parser);
    r->keep = false;
    return settle(r, (e == HPE_OK || e == HPE_PAUSED) && r->whole, false);
}
