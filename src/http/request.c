// request.c: a client's request, over llhttp in its strict mode, with the checks that it leaves to
// us. What two parsers could read differently is refused (RFC 9112 sections 3, 6.3 and 11.2).
// Invariants: (1) nothing of a request outlives its arena; (2) after BROKEN only the error is asked
// for; (3) what comes out does not depend on how the bytes were cut.
#include "http/headers.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct http_settings, __VA_ARGS__),
#include "http/settings.def"
#undef SETTING
};
const struct conf_table http_setting_table = {setting_rows, countof(setting_rows), NULL};

enum {
    FIRST_BODY = 16 * 1024,
    TRUSTED_LENGTH = 1024 * 1024, // a stated length is believed so far, so that a lie costs little
    GROWTH = 4,                   // after that, and in chunks, room for so many times what came
    EXTENSION_MAX = 256,          // bytes of one chunk's extensions
    EXTENSIONS_MAX = 16 * 1024,   // of all chunks'
    TRAILERS_MAX = 8 * 1024,
};

// A part of the request line: where in the head.
struct place {
    uint32_t at, n;
};

struct http_reader {
    llhttp_t parser;
    const struct http_settings *settings;
    struct headers headers;
    struct http_head head;
    struct place method, url, version;
    char *body;
    size_t body_n, body_cap;
    size_t extension, extensions, trailers; // bytes of them
    size_t taken;                           // bytes of the message, before those now fed
    struct fault fault;                     // err OK: none
    bool have_head, done;
};

// The first fault counts. `field`: a header's name, or "".
static enum err fault_at(struct http_reader *r, enum err e, const char *field, int64_t at_byte)
{
    return r->fault.err == OK ? fault_set(&r->fault, e, field, at_byte) : r->fault.err;
}

static int broken(struct http_reader *r, enum err e, const char *field, int64_t at_byte)
{
    fault_at(r, e, field, at_byte);
    return HPE_USER;
}

static struct http_reader *reader_of(llhttp_t *p)
{
    return p->data;
}

// --- the head: where its parts are ---------------------------------------------------------------

static int extend(struct http_reader *r, struct place *part, const char *at, size_t n)
{
    if (part->n == 0)
        part->at = headers_at(&r->headers, at);
    part->n += (uint32_t)n;
    return 0;
}

static int on_method(llhttp_t *p, const char *at, size_t n)
{
    return extend(reader_of(p), &reader_of(p)->method, at, n);
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    return extend(reader_of(p), &reader_of(p)->url, at, n);
}

static int on_version(llhttp_t *p, const char *at, size_t n)
{
    return extend(reader_of(p), &reader_of(p)->version, at, n);
}

// Behind the body, headers are trailers: counted, never used.
static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (!r->have_head)
        return headers_name(&r->headers, at, n);
    r->trailers += n;
    return r->trailers > TRAILERS_MAX ? broken(r, ERR_BAD_CHUNK, "trailer", -1) : 0;
}

static int on_name_complete(llhttp_t *p)
{
    struct http_reader *r = reader_of(p);
    return r->have_head ? 0 : headers_name_complete(&r->headers);
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (!r->have_head)
        return headers_value(&r->headers, at, n);
    r->trailers += n;
    return r->trailers > TRAILERS_MAX ? broken(r, ERR_BAD_CHUNK, "trailer", -1) : 0;
}

static int on_headers_complete(llhttp_t *p)
{
    reader_of(p)->have_head = true;
    p->upgrade = 0; // never followed: the request is read as what it is
    return HPE_PAUSED;
}

// --- the head: what it says ----------------------------------------------------------------------

// host of an absolute-form target ("http://host:port/path"), which must be the Host header's.
static bool take_origin(struct http_head *h, str host)
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
    return host.n && str_eq_nocase(str_first(rest, slash), host);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

// A byte that decodes to something by which a path is taken apart.
static bool parts_a_path(const char hex[2])
{
    char high = hex[0], low = (char)(hex[1] | 32);
    return (high == '2' && (low == 'f' || low == 'e')) || (high == '5' && low == 'c') ||
           (high == '0' && hex[1] == '0');
}

// False where a path may be read as another path further on.
static bool good_path(str path)
{
    str rest = path, segment;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '\\')
            return false;
        if (c == '%' && (path.n - i < 3 || !is_hex(path.p[i + 1]) || !is_hex(path.p[i + 2]) ||
                         parts_a_path(path.p + i + 1)))
            return false;
    }
    while (str_next(&rest, '/', &segment))
        if (str_eq(segment, S("..")) || str_eq(segment, S(".")))
            return false;
    return true;
}

// Letters, digits and what stands in names, addresses and ports (RFC 3986 section 3.2.2).
static bool good_host(str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool plain = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '-' && c <= ':' && c != '/');
        if (!plain && (c == 0 || !strchr("_~[]%!$&'()*+;=", c)))
            return false;
    }
    return true;
}

static bool good_length(str s)
{
    int64_t n;
    return s.n && s.p[0] >= '0' && s.p[0] <= '9' && str_to_i64(s, &n);
}

// The headers that frame the request or say where it goes.
struct framing {
    unsigned hosts, lengths, encodings, expects;
    str host;
    const char *odd; // the first of them whose value is not plain; NULL: none
    bool odd_expect;
};

static void odd_if(struct framing *f, bool odd, const char *field)
{
    if (odd && !f->odd)
        f->odd = field;
}

static struct framing look_at_framing(const struct http_head *h)
{
    struct framing f = {0};
    for (size_t i = 0; i < h->header_count; i++) {
        str name = h->headers[i].name, value = h->headers[i].value;
        if (name.n == 4 && str_eq_nocase(name, S("host"))) {
            f.hosts++;
            f.host = value;
            odd_if(&f, !good_host(value), "host");
        } else if (name.n == 6 && str_eq_nocase(name, S("expect"))) {
            f.expects++;
            f.odd_expect |= !str_eq_nocase(value, S("100-continue"));
        } else if (name.n == 14 && str_eq_nocase(name, S("content-length"))) {
            f.lengths++;
            odd_if(&f, !good_length(value), "content-length");
        } else if (name.n == 17 && str_eq_nocase(name, S("transfer-encoding"))) {
            f.encodings++;
            odd_if(&f, !str_eq_nocase(value, S("chunked")), "transfer-encoding");
        }
    }
    return f;
}

static str part_of(const struct http_reader *r, struct place p)
{
    must((size_t)p.at + p.n <= r->headers.n);
    return str_of(r->headers.raw + p.at, p.n);
}

// llhttp allows any number of spaces in the request line; then "GET /a  HTTP/1.1" is two things to
// two readers.
static bool single_spaces(const struct http_reader *r)
{
    return r->url.at == r->method.at + r->method.n + 1 &&
           r->version.at == r->url.at + r->url.n + S(" HTTP/").n;
}

// The header that makes the request two things to two readers; NULL: none.
static const char *odd_field(const struct framing *f, int minor)
{
    if (f->odd)
        return f->odd;
    if (f->encodings > 1 || (f->encodings && (f->lengths || minor == 0)))
        return "transfer-encoding";
    if (f->lengths > 1)
        return "content-length";
    return f->hosts > 1 || (minor > 0 && f->hosts == 0) ? "host" : NULL;
}

static enum err take_target(struct http_reader *r, str host)
{
    struct http_head *h = &r->head;
    int64_t at = r->url.at;
    if (!single_spaces(r) || str_find_char(h->target, '#') != SIZE_MAX || !take_origin(h, host))
        return fault_at(r, ERR_BAD_HTTP, "", at);
    size_t question = str_find_char(h->target, '?');
    h->path = str_first(h->target, question);
    h->query = question == SIZE_MAX ? STR_NONE : str_from(h->target, question + 1);
    return good_path(h->path) ? OK : fault_at(r, ERR_BAD_HTTP, "", at);
}

static enum err take_head(struct http_reader *r)
{
    const llhttp_t *p = &r->parser;
    struct http_head *h = &r->head;
    headers_end(&r->headers, h);
    h->minor = p->http_minor;
    if (p->http_major != 1 || p->http_minor > 1)
        return fault_at(r, ERR_BAD_VERSION, "", r->version.at);
    h->method = part_of(r, r->method);
    h->target = part_of(r, r->url);
    struct framing f = look_at_framing(h);
    const char *odd = odd_field(&f, h->minor);
    if (odd)
        return fault_at(r, ERR_BAD_HTTP, odd, -1);
    if (take_target(r, f.host) != OK)
        return r->fault.err;
    if (f.odd_expect)
        return fault_at(r, ERR_BAD_EXPECT, "expect", -1);
    h->chunked = (p->flags & F_CHUNKED) != 0;
    h->content_length = (p->flags & F_CONTENT_LENGTH) ? (int64_t)p->content_length : -1;
    // we and llhttp read the framing differently: so may others
    if (h->chunked != (f.encodings == 1))
        return fault_at(r, ERR_BAD_HTTP, "transfer-encoding", -1);
    if ((h->content_length >= 0) != (f.lengths == 1))
        return fault_at(r, ERR_BAD_HTTP, "content-length", -1);
    h->keep_alive = llhttp_should_keep_alive(p);
    // of HTTP/1.0 it is ignored, and without a body there is nothing to wait for
    h->expect_continue = f.expects && h->minor > 0 && (h->chunked || h->content_length > 0);
    h->upgrade = (p->flags & F_UPGRADE) && (p->flags & F_CONNECTION_UPGRADE);
    return OK;
}

// --- the body ------------------------------------------------------------------------------------

static char *body_room(struct http_reader *r, size_t n)
{
    bool stated = r->head.content_length > 0;
    size_t need = r->body_n + n, most = (size_t)r->settings->body_limit;
    if (need <= r->body_cap)
        return r->body + r->body_n;
    if (stated)
        most = (size_t)r->head.content_length;
    size_t cap = max_size(stated ? TRUSTED_LENGTH : FIRST_BODY, r->body_cap * GROWTH);
    cap = max_size(min_size(cap, most), need);
    char *grown = arena_bytes(r->headers.arena, cap);
    if (r->body_n)
        memcpy(grown, r->body, r->body_n);
    r->body = grown;
    r->body_cap = cap;
    return grown + r->body_n;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    if (r->body_n + n > (size_t)r->settings->body_limit)
        return broken(r, ERR_BODY_TOO_BIG, "", r->settings->body_limit);
    if (n == 0)
        return 0;
    memcpy(body_room(r, n), at, n);
    r->body_n += n;
    return r->headers.arena->over ? broken(r, ERR_OVER_LIMIT, "", -1) : 0;
}

static int on_extension(llhttp_t *p, const char *at, size_t n)
{
    struct http_reader *r = reader_of(p);
    (void)at;
    r->extension += n;
    r->extensions += n;
    bool much = r->extension > EXTENSION_MAX || r->extensions > EXTENSIONS_MAX;
    return much ? broken(r, ERR_BAD_CHUNK, "chunk extension", -1) : 0;
}

static int on_chunk(llhttp_t *p)
{
    reader_of(p)->extension = 0;
    return 0;
}

static int on_complete(llhttp_t *p)
{
    reader_of(p)->done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_method = on_method,
    .on_url = on_url,
    .on_version = on_version,
    .on_header_field = on_name,
    .on_header_field_complete = on_name_complete,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_chunk_header = on_chunk,
};

// --- the door ------------------------------------------------------------------------------------

struct http_reader *http_reader_new(const struct http_settings *s)
{
    struct http_reader *r = mem_new(sizeof *r);
    http_reader_bounds(r, s);
    return r;
}

void http_reader_bounds(struct http_reader *r, const struct http_settings *s)
{
    must(s && s->head_limit > 0 && s->body_limit > 0);
    r->settings = s;
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
    r->method = r->url = r->version = (struct place){0};
    r->body = NULL;
    r->body_n = r->body_cap = r->extension = r->extensions = r->trailers = r->taken = 0;
    r->fault = (struct fault){.at_byte = -1};
    r->have_head = r->done = false;
}

static enum err map_error(const struct http_reader *r, llhttp_errno_t e)
{
    if (r->have_head)
        return ERR_BAD_CHUNK;
    // where the digits are those of 1.0 or 1.1, what follows them is wrong
    bool known = r->parser.http_major == 1 && r->parser.http_minor <= 1;
    return (e == HPE_INVALID_VERSION && !known) || e == HPE_PAUSED_H2_UPGRADE ? ERR_BAD_VERSION
                                                                              : ERR_BAD_HTTP;
}

// Through llhttp up to a pause, an error or the end of the bytes; how many were used.
static size_t parse(struct http_reader *r, str bytes)
{
    llhttp_errno_t e = llhttp_execute(&r->parser, bytes.p, bytes.n);
    if (e == HPE_PAUSED) {
        size_t used = (size_t)(llhttp_get_error_pos(&r->parser) - bytes.p);
        llhttp_resume(&r->parser);
        return used;
    }
    if (e != HPE_OK && r->headers.err != OK) // too many: the first of them
        fault_at(r, r->headers.err, "", r->headers.places[r->headers.count - 1].name_at);
    else if (e != HPE_OK)
        fault_at(r, map_error(r, e), "",
                 (int64_t)r->taken + (llhttp_get_error_pos(&r->parser) - bytes.p));
    return bytes.n;
}

static enum http_progress feed_head(struct http_reader *r, str bytes, size_t *ret_used)
{
    str now = headers_feed(&r->headers, bytes);
    *ret_used = parse(r, now);
    must(*ret_used <= now.n);
    headers_keep(&r->headers, *ret_used);
    if (r->fault.err == OK && r->have_head)
        take_head(r);
    else if (headers_full(&r->headers))
        fault_at(r, ERR_HEAD_TOO_BIG, "", r->settings->head_limit);
    r->taken += *ret_used;
    if (r->fault.err == OK)
        return r->have_head ? HTTP_HAVE_HEAD : HTTP_MORE;
    r->have_head = false; // a head that is wrong is shown to no one
    return HTTP_BROKEN;
}

enum http_progress http_feed(struct http_reader *r, str bytes, size_t *ret_used)
{
    must(r->headers.arena);
    *ret_used = 0;
    if (r->fault.err != OK || r->done)
        return r->done ? HTTP_DONE : HTTP_BROKEN;
    if (!r->have_head)
        return feed_head(r, bytes, ret_used);
    if (r->head.content_length > r->settings->body_limit)
        fault_at(r, ERR_BODY_TOO_BIG, "content-length", -1);
    else
        *ret_used = parse(r, bytes);
    r->taken += *ret_used;
    if (r->fault.err != OK)
        return HTTP_BROKEN;
    return r->done ? HTTP_DONE : HTTP_MORE;
}

const struct http_head *http_reader_head(const struct http_reader *r)
{
    return r->have_head ? &r->head : NULL;
}

enum err http_take(struct http_reader *r, const struct http_head **ret_head, str *ret_body)
{
    if (r->fault.err != OK)
        return r->fault.err;
    must(r->done);
    *ret_head = &r->head;
    *ret_body = str_of(r->body, r->body_n);
    return OK;
}

void http_reader_give_up(struct http_reader *r, enum err e)
{
    must(e != OK);
    bool too_big = e == ERR_BODY_TOO_BIG; // its length says so, before any of it came
    fault_at(r, e, too_big ? "content-length" : "", too_big ? -1 : (int64_t)r->taken);
}

const struct fault *http_reader_fault(const struct http_reader *r)
{
    return &r->fault;
}
