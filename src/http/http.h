// http: HTTP/1.1 and SSE, both ends, over llhttp. Strict: what could be read in two ways is refused
// (RFC 9112 section 11; notes on smuggling in docs/http.md). Parsers here take bytes and give
// events; they own no socket, so they are tested and fuzzed on byte strings.
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "net/net.h"

struct http_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "http/settings.def"
#undef SETTING
};
extern const struct conf_table http_setting_table;

struct http_header {
    str name, value; // name as sent; compare without case
};
struct http_head {
    str method, target, path, query; // request
    int status;                      // response
    int minor;                       // HTTP/1.minor
    struct http_header *headers;
    size_t header_count;
    int64_t content_length; // -1: none
    bool chunked, keep_alive, expect_continue, upgrade;
};
str http_get(const struct http_head *h, str name); // first value, trimmed; empty where absent

// --- requests: step accept -----------------------------------------------------------------------

// Reads one request after another from a connection's bytes. Memory of a request comes from the
// arena given to http_reader_start.
struct http_reader;
struct http_reader *http_reader_new(const struct http_settings *s);
void http_reader_free(struct http_reader *r);
void http_reader_start(struct http_reader *r, struct arena *a); // before each request
// Other settings from the next start on.
void http_reader_bounds(struct http_reader *r, const struct http_settings *s);
enum http_progress {
    HTTP_MORE,      // feed more
    HTTP_HAVE_HEAD, // the head is whole now (once): check it, answer Expect, then feed the rest
    HTTP_DONE,      // the request is whole: http_take
    HTTP_BROKEN,    // answer http_reader_fault and close
};
// Takes bytes, says how many were used. After HTTP_HAVE_HEAD call again, also with no bytes left.
// After HTTP_DONE the rest belongs to the next request (pipelining: keep it until the answer went
// out).
enum http_progress http_feed(struct http_reader *r, str bytes, size_t *ret_used);
const struct http_head *http_reader_head(const struct http_reader *r);
// The whole message; lent from the arena. ERR_… where the request was broken or passed a limit.
enum err http_take(struct http_reader *r, const struct http_head **ret_head,
                   str *ret_body) must_check;
// From now on broken, unless it was before: a time or a limit of the owner's has passed.
void http_reader_give_up(struct http_reader *r, enum err e);
// What broke it and where: a header's name, or the byte of the message. err is OK while nothing
// did.
const struct fault *http_reader_fault(const struct http_reader *r);

// --- responses, from targets ---------------------------------------------------------------------

struct http_answer_events {
    void (*on_head)(void *arg, const struct http_head *head); // 1xx are swallowed
    void (*on_body)(void *arg, str bytes);                    // de-chunked, lent
    void (*on_done)(void *arg, bool reusable); // whole; reusable: the connection may carry another
};
struct http_answer_reader;
struct http_answer_reader *http_answer_reader_new(size_t head_limit);
void http_answer_reader_free(struct http_answer_reader *r);
void http_answer_reader_start(struct http_answer_reader *r, const struct http_answer_events *e,
                              void *arg);
// ERR_UPSTREAM_BROKEN where the bytes are no HTTP answer, or come after a whole one. Those that
// come with its end make it not reusable. Any callback may free the reader.
enum err http_answer_feed(struct http_answer_reader *r, str bytes) must_check;
// The connection ended. OK where that ends the body legally (no length, not chunked): on_done was
// called.
enum err http_answer_eof(struct http_answer_reader *r) must_check;

// --- writing -------------------------------------------------------------------------------------

void http_write_status(struct buf *out, int status);          // "HTTP/1.1 200 OK\r\n"
void http_write_header(struct buf *out, str name, str value); // refuses CR, LF, NUL: must
void http_write_header_i64(struct buf *out, str name, int64_t v);
void http_write_date(struct buf *out, int64_t wall_us); // Date header, cached a second
const char *http_status_word(int status);
enum { HTTP_CHUNK_HEAD_MAX = 20 };
// "1a\r\n" before a chunk of n bytes into dst; returns its length. After the data comes "\r\n".
size_t http_chunk_head(char dst[HTTP_CHUNK_HEAD_MAX], size_t n);
// Headers that never cross a gateway (hop by hop, credentials, control): true = drop. RFC
// 9110 7.6.1.
bool http_drop_from_request(const struct http_head *h, str name);
bool http_drop_from_answer(const struct http_head *h, str name);

// --- SSE -----------------------------------------------------------------------------------------

// Splits a stream into events, whatever the cuts: LF, CRLF, lone CR; comments; BOM; several data
// lines. The raws of all events and sse_rest are the stream's bytes, none lost, none added.
struct sse_event {
    str raw;       // the event's own bytes with its closing blank line
    str name;      // "event:" field, empty where none
    str data;      // data lines joined by LF (own bytes where there is one line)
    bool has_data; // false: a comment or an empty event
};
struct sse {
    struct buf kept;   // bytes of an unfinished event
    struct buf joined; // several data lines
    size_t limit;      // most bytes of one event
    size_t prefix;     // bytes before the event's first line
    size_t line, at;   // its last line begins here; from there on there is no line end before `at`
    bool began;        // a first byte came
    bool second;       // past the stream's first event
    bool placed;       // prefix is known
    bool lone;         // the line before this one ended in a CR alone
    bool lent;         // kept is the event given last
    enum err err;
};
void sse_init(struct sse *s, size_t event_limit);
void sse_done(struct sse *s);
// Gives whole events one by one: false when there is none left; then all of *bytes was taken.
// ret_event is lent until the next call. s->err is set when an event passed the limit.
bool sse_next(struct sse *s, str *bytes, struct sse_event *ret_event);
str sse_rest(const struct sse *s); // what stands unfinished at the end
#endif
