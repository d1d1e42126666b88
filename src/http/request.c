// request.c: a client's request, over llhttp in its strict mode, with the checks that it leaves to
// us. What two parsers could read differently is refused (RFC 9112 sections 6.3 and 11.2).
// Invariants: (1) nothing of a request outlives its arena; (2) after BROKEN only the error is asked
// for.
#include "http/headers.h"

const struct setting_row http_setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct http_settings, __VA_ARGS__)
#include "http/settings.def"
#undef SETTING
};
const size_t http_setting_count = countof(http_setting_rows);

enum {
    FIRST_BODY = 16 * 1024,
    TRUSTED_LENGTH = 1024 * 1024,
    EXTENSIONS_MAX = 1024,
    TRAILERS_MAX = 8192
};

struct http_reader {
    llhttp_t parser;
    const struct http_settings *settings;
    struct headers headers;
    struct http_head head;
    char *body;
    size_t body_n, body_cap;
    size_t extensions, trailers, head_bytes;
    enum err err;
    bool started, have_head, told_head, done;
};

static int broken(struct http_reader *r, enum err e)
{
    if (r->err == OK)
        r->err = e;
    return HPE_USER;
}

static struct http_reader *reader_of(llhttp_t *p)
{
    return p->data;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    return headers_url(&reader_of(p)->headers, str_of(at, n));
}

// Behind the body, headers are trailers: counted, never used.
static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (!r->have_head)
        return headers_name(&r->headers, str_of(at, n));
    r->trailers += n;
    return r->trailers > TRAILERS_MAX ? broken(r, ERR_HEAD_TOO_BIG) : 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (!r->have_head)
        return headers_value(&r->headers, str_of(at, n));
    r->trailers += n;
    return r->trailers > TRAILERS_MAX ? broken(r, ERR_HEAD_TOO_BIG) : 0;
}

static int on_extension(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    (void)at;
    r->extensions += n;
    return r->extensions > EXTENSIONS_MAX ? broken(r, ERR_BAD_CHUNK) : 0;
}

// host of an absolute-form target ("http://host:port/path"), which must be the Host header's.
static bool take_origin(struct http_head *h)
{
    str t = h->target;
    if (t.n && t.p[0] == '/')
        return true;
    size_t scheme = str_find(t, S("://"));
    if (scheme == SIZE_MAX || !(str_eq_nocase(str_first(t, scheme), S("http")) ||
                                str_eq_nocase(str_first(t, scheme), S("https"))))
        return false;
    str rest = str_from(t, scheme + 3);
    size_t slash = str_find_char(rest, '/');
    h->target = slash == SIZE_MAX ? S("/") : str_from(rest, slash);
    return str_eq_nocase(str_first(rest, slash), http_get(h, S("host")));
}

// Bytes of a path that may be read as another path further on.
static bool good_path(str path)
{
    str rest = path, segment;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] <= 0x20 || path.p[i] == 0x7f || path.p[i] == '\\' ||
            path.p[i] == '#')
            return false;
    for (size_t i = 0; i + 2 < path.n; i++)
        if (path.p[i] == '%' && (str_eq_nocase(str_of(path.p + i, 3), S("%2f")) ||
                                 str_eq_nocase(str_of(path.p + i, 3), S("%2e")) ||
                                 str_eq_nocase(str_of(path.p + i, 3), S("%5c")) ||
                                 str_eq_nocase(str_of(path.p + i, 3), S("%00"))))
            return false;
    while (str_next(&rest, '/', &segment))
        if (str_eq(segment, S("..")) || str_eq(segment, S(".")))
            return false;
    return true;
}

static enum err check_framing(const struct http_head *h)
{
    str te = http_get(h, S("transfer-encoding"));
    size_t lengths = http_count(h, S("content-length")),
           encodings = http_count(h, S("transfer-encoding"));
    if (lengths > 1 || encodings > 1 || (lengths && encodings))
        return ERR_BAD_HTTP;
    if (encodings && (!str_eq_nocase(te, S("chunked")) || h->minor == 0))
        return ERR_BAD_HTTP;
    if (lengths) {
        int64_t n = 0;
        str text = http_get(h, S("content-length"));
        if (!text.n || text.p[0] < '0' || text.p[0] > '9' || !str_to_i64(text, &n))
            return ERR_BAD_HTTP;
    }
    size_t hosts = http_count(h, S("host"));
    if (hosts > 1 || (h->minor > 0 && hosts == 0))
        return ERR_BAD_HTTP;
    str expect = http_get(h, S("expect"));
    return expect.n && !str_eq_nocase(expect, S("100-continue")) ? ERR_BAD_EXPECT : OK;
}

static enum err check_head(struct http_reader *r)
{
    struct http_head *h = &r->head;
    enum err e = check_framing(h);
    if (e != OK)
        return e;
    for (size_t i = 0; i < h->header_count; i++)
        for (size_t j = 0; j < h->headers[i].value.n; j++) {
            unsigned char c = (unsigned char)h->headers[i].value.p[j];
            if ((c < 0x20 && c != '\t') || c == 0x7f)
                return ERR_BAD_HTTP;
        }
    if (!take_origin(h))
        return ERR_BAD_HTTP;
    size_t question = str_find_char(h->target, '?');
    h->path = str_first(h->target, question);
    h->query = question == SIZE_MAX ? STR_NONE : str_from(h->target, question + 1);
    return good_path(h->path) ? OK : ERR_BAD_HTTP;
}

static int on_headers_complete(llhttp_t *p)
{
    struct http_reader *r = reader_of(p);
    struct http_head *h = &r->head;
    headers_end(&r->headers, h);
    h->method = str_c(llhttp_method_name((llhttp_method_t)p->method));
    h->minor = p->http_minor;
    if (p->http_major != 1 || p->http_minor > 1)
        return broken(r, ERR_BAD_VERSION);
    enum err e = check_head(r);
    if (e != OK)
        return broken(r, e);
    h->chunked = (p->flags & F_CHUNKED) != 0;
    h->content_length = (p->flags & F_CONTENT_LENGTH) ? (int64_t)p->content_length : -1;
    h->keep_alive = llhttp_should_keep_alive(p) ||
                    (h->content_length > 0 || h->chunked
                         ? !str_eq_nocase(http_get(h, S("connection")), S("close")) && h->minor > 0
                         : false);
    h->expect_continue = http_get(h, S("expect")).n > 0;
    h->upgrade = p->upgrade;
    p->upgrade = 0; // never followed: the request is read as what it is
    r->have_head = true;
    // without a body the end comes with the head: the reader stops there, and tells the head first
    return h->chunked || h->content_length > 0 ? HPE_PAUSED : 0;
}

static char *body_room(struct http_reader *r, size_t n)
{
    if (r->body_n + n > r->body_cap) {
        size_t cap = max_size(FIRST_BODY, r->body_cap * 2);
        // a stated length is believed up to a point, so that a lie costs little
        if (r->head.content_length > 0)
            cap =
                max_size(r->body_cap * 2, min_size((size_t)r->head.content_length, TRUSTED_LENGTH));
        cap = max_size(cap, r->body_n + n);
        char *grown = arena_bytes(r->headers.arena, cap);
        if (r->body_n)
            memcpy(grown, r->body, r->body_n);
        r->body = grown;
        r->body_cap = cap;
    }
    return r->body + r->body_n;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (r->body_n + n > (size_t)r->settings->body_limit)
        return broken(r, ERR_BODY_TOO_BIG);
    memcpy(body_room(r, n), at, n);
    r->body_n += n;
    return 0;
}

static int on_complete(llhttp_t *p)
{
    reader_of(p)->done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
};

struct http_reader *http_reader_new(const struct http_settings *s)
{
    struct http_reader *r = mem_new(sizeof *r);
    must(s);
    r->settings = s;
    return r;
}

void http_reader_free(struct http_reader *r)
{
    mem_free(r);
}

void http_reader_start(struct http_reader *r, struct arena *a)
{
    llhttp_init(&r->parser, HTTP_REQUEST, &callbacks);
    r->parser.data = r;
    headers_begin(&r->headers, a, (size_t)r->settings->head_limit,
                  (size_t)r->settings->headers_limit);
    r->head = (struct http_head){.content_length = -1};
    r->body = NULL;
    r->body_n = r->body_cap = r->extensions = r->trailers = r->head_bytes = 0;
    r->err = OK;
    r->started = r->have_head = r->told_head = r->done = false;
}

static enum err map_error(const struct http_reader *r, llhttp_errno_t e)
{
    if (r->headers.err != OK)
        return r->headers.err;
    switch (e) {
    case HPE_INVALID_CHUNK_SIZE:
    case HPE_INVALID_EOF_STATE:
        return ERR_BAD_CHUNK;
    case HPE_INVALID_VERSION:
        if (str_find(str_c(llhttp_get_error_reason(&r->parser)), S("CRLF")) != SIZE_MAX)
            return ERR_BAD_HTTP; // the line's end is wrong, not the version
        return ERR_BAD_VERSION;
    case HPE_PAUSED_H2_UPGRADE:
        return ERR_BAD_VERSION;
    default:
        return r->have_head ? ERR_BAD_CHUNK : ERR_BAD_HTTP;
    }
}

enum http_progress http_feed(struct http_reader *r, str bytes, size_t *ret_used)
{
    must(r->headers.arena);
    *ret_used = 0;
    if (r->err != OK)
        return HTTP_BROKEN;
    if (r->done)
        return HTTP_DONE;
    r->started |= bytes.n > 0;
    llhttp_errno_t e = llhttp_execute(&r->parser, bytes.p, bytes.n);
    size_t used = bytes.n;
    if (e == HPE_PAUSED) {
        used = (size_t)(llhttp_get_error_pos(&r->parser) - bytes.p);
        llhttp_resume(&r->parser);
    } else if (e != HPE_OK && r->err == OK) {
        r->err = map_error(r, e);
    }
    *ret_used = used;
    if (!r->have_head && r->err == OK) {
        r->head_bytes += used;
        if (r->head_bytes > (size_t)r->settings->head_limit)
            r->err = ERR_HEAD_TOO_BIG;
    }
    if (r->err != OK)
        return HTTP_BROKEN;
    if (r->have_head && !r->told_head) {
        r->told_head = true;
        return HTTP_HAVE_HEAD;
    }
    return r->done ? HTTP_DONE : HTTP_MORE;
}

const struct http_head *http_reader_head(const struct http_reader *r)
{
    return r->have_head ? &r->head : NULL;
}

enum err http_take(struct http_reader *r, const struct http_head **ret_head, str *ret_body)
{
    if (r->err != OK)
        return r->err;
    must(r->done);
    *ret_head = &r->head;
    *ret_body = str_of(r->body, r->body_n);
    return OK;
}

enum err http_reader_error(const struct http_reader *r)
{
    return r->err;
}

bool http_reader_started(const struct http_reader *r)
{
    return r->started;
}

bool http_reader_in_body(const struct http_reader *r)
{
    return r->have_head && !r->done;
}
