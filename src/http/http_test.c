// http_test.c: requests, answers and events, whole, byte by byte and at random cuts; framing that
// could be read in two ways is refused.
#include "base/rng.h"
#include "http/http.h"
#include "tests/unit.h"

static struct http_settings settings(void)
{
    struct http_settings s;
    conf_defaults(&s, &http_setting_table);
    return s;
}

struct outcome {
    enum err err;
    bool done;
    char method[16], path[128], body[256], header[64];
    size_t left;
};

// Feeds the request in pieces of `step` bytes (0: at random cuts).
static struct outcome read_request(str bytes, size_t step, uint64_t *seed)
{
    struct http_settings s = settings();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    struct outcome o = {0};
    arena_init(&a, 1 << 22);
    http_reader_start(r, &a);
    enum http_progress p = HTTP_MORE;
    for (bool go = true; go;) {
        size_t n = step ? step : (size_t)(1 + rng_next(seed) % 40), used = 0;
        p = http_feed(r, str_first(bytes, n), &used);
        bytes = str_from(bytes, used);
        go = p == HTTP_HAVE_HEAD || (p == HTTP_MORE && bytes.n);
    }
    o.left = bytes.n;
    o.done = p == HTTP_DONE;
    o.err = p == HTTP_BROKEN ? http_reader_error(r) : OK;
    if (o.done) {
        const struct http_head *h;
        str body;
        CHECK(http_take(r, &h, &body) == OK);
        str_copy_to(o.method, sizeof o.method, h->method);
        str_copy_to(o.path, sizeof o.path, h->path);
        str_copy_to(o.body, sizeof o.body, body);
        str_copy_to(o.header, sizeof o.header, http_get(h, S("X-ONE")));
    }
    arena_done(&a);
    http_reader_free(r);
    return o;
}

static const char chunked[] =
    "POST /v1/x?q=1 HTTP/1.1\r\nHost: a\r\nX-One:  two \r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n6;e=1\r\n world\r\n0\r\n\r\nGET";

TEST(a_request_reads_the_same_however_it_is_cut)
{
    uint64_t seed = 11;
    for (size_t step = 0; step < sizeof chunked; step++) {
        struct outcome o = read_request(str_c(chunked), step, &seed);
        REQUIRE(o.done && o.err == OK);
        CHECK(strcmp(o.method, "POST") == 0 && strcmp(o.path, "/v1/x") == 0);
        CHECK(strcmp(o.body, "hello world") == 0 && strcmp(o.header, "two") == 0);
    }
    CHECK(read_request(str_c(chunked), sizeof chunked, &seed).left == 3); // the next request's
    CHECK(read_request(S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1000, &seed).done);
}

TEST(what_two_parsers_could_read_differently_is_refused)
{
    static const struct {
        const char *bytes;
        enum err err;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         ERR_BAD_HTTP},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
         ERR_BAD_HTTP},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", ERR_BAD_HTTP},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ERR_BAD_HTTP},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", ERR_BAD_HTTP},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", ERR_BAD_HTTP},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", ERR_BAD_HTTP},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", ERR_BAD_HTTP},
        {"GET / HTTP/1.1\nHost: a\n\n", ERR_BAD_HTTP},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", ERR_BAD_HTTP},
        {"GET / HTTP/1.1\r\nX: 1\r\n\r\n", ERR_BAD_HTTP},
        {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", ERR_BAD_HTTP},
        {"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", ERR_BAD_HTTP},
        {"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", ERR_BAD_HTTP},
        {"GET / HTTP/3.1\r\nHost: a\r\n\r\n", ERR_BAD_VERSION},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", ERR_BAD_EXPECT},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ERR_BAD_CHUNK},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
         ERR_BAD_CHUNK},
        {"\x16\x03\x01", ERR_BAD_HTTP},
    };
    uint64_t seed = 3;
    for (size_t i = 0; i < countof(cases); i++)
        for (size_t step = 1; step < 200; step += 66) {
            struct outcome o = read_request(str_c(cases[i].bytes), step, &seed);
            if (!CHECK(!o.done && o.err == cases[i].err))
                printf("  case %zu gave %s\n", i, err_name(o.err));
        }
}

TEST(limits_of_head_and_headers_hold)
{
    uint64_t seed = 5;
    struct buf b;
    buf_init(&b, 1 << 22);
    buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\n"));
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "X-%d: y\r\n", i);
    CHECK(read_request(buf_str(&b), 4096, &seed).err == ERR_HEAD_TOO_BIG);
    buf_clear(&b);
    buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\nX: "));
    for (int i = 0; i < 70000; i++)
        buf_putc(&b, 'x');
    CHECK(read_request(buf_str(&b), 4096, &seed).err == ERR_HEAD_TOO_BIG);
    buf_done(&b);
}

// --- answers
// -----------------------------------------------------------------------------------------

struct seen {
    int status, done;
    bool reusable;
    struct buf body;
};

static void on_head(void *arg, const struct http_head *h)
{
    ((struct seen *)arg)->status = h->status;
}

static void on_body(void *arg, str bytes)
{
    buf_put(&((struct seen *)arg)->body, bytes);
}

static void on_done(void *arg, bool reusable)
{
    struct seen *s = arg;
    s->done++;
    s->reusable = reusable;
}

static enum err read_answer(str bytes, size_t step, bool eof, struct seen *s)
{
    static const struct http_answer_events events = {on_head, on_body, on_done};
    struct http_answer_reader *r = http_answer_reader_new(65536);
    enum err e = OK;
    *s = (struct seen){0};
    buf_init(&s->body, 1 << 20);
    http_answer_reader_start(r, &events, s);
    for (; e == OK && bytes.n; bytes = str_from(bytes, step))
        e = http_answer_feed(r, str_first(bytes, step));
    if (e == OK && eof)
        e = http_answer_eof(r);
    http_answer_reader_free(r);
    return e;
}

TEST(an_answer_reads_the_same_however_it_is_cut)
{
    static const char answer[] =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    struct seen s;
    for (size_t step = 1; step <= sizeof answer; step++) {
        CHECK(read_answer(str_c(answer), step, false, &s) == OK);
        CHECK(s.status == 200 && s.done == 1 && s.reusable && str_eq(buf_str(&s.body), S("abcde")));
        buf_done(&s.body);
    }
}

TEST(cut_and_spoilt_answers_are_broken)
{
    struct seen s;
    CHECK(read_answer(S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), 99, true, &s) ==
          ERR_UPSTREAM_BROKEN);
    CHECK(s.done == 0);
    buf_done(&s.body);
    CHECK(read_answer(S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), 99,
                      true, &s) == ERR_UPSTREAM_BROKEN);
    buf_done(&s.body);
    CHECK(read_answer(S("HTTP/1.1 200 OK\r\n\r\nuntil the end"), 99, true, &s) == OK &&
          s.done == 1 && !s.reusable);
    buf_done(&s.body);
    CHECK(read_answer(S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"), 99, false, &s) == OK &&
          !s.reusable);
    buf_done(&s.body);
    CHECK(read_answer(S("SSH-2.0-x\r\n"), 99, false, &s) == ERR_UPSTREAM_BROKEN);
    buf_done(&s.body);
}

// --- events
// ------------------------------------------------------------------------------------------

static const char stream[] = "\xef\xbb\xbf: hello\n\ndata: one\n\nevent: e\r\ndata:two\r\ndata: "
                             "three\r\n\r\ndata: f\xc3\xbcnf\r\rdata: [DONE]\n\n";

static void tell(str bytes, size_t step, struct buf *told, struct buf *raw)
{
    struct sse s;
    struct sse_event ev;
    sse_init(&s, 4096);
    for (; bytes.n; bytes = str_from(bytes, step)) {
        str piece = str_first(bytes, step);
        while (sse_next(&s, &piece, &ev)) {
            buf_put(raw, ev.raw);
            if (ev.has_data)
                buf_printf(told, "[%.*s|%.*s]", STR_ARGS(ev.name), STR_ARGS(ev.data));
        }
    }
    buf_put(raw, sse_rest(&s));
    CHECK(s.err == OK);
    sse_done(&s);
}

TEST(events_and_their_bytes_are_the_same_at_every_cut)
{
    for (size_t step = 1; step < sizeof stream; step++) {
        struct buf told, raw;
        buf_init(&told, 4096);
        buf_init(&raw, 4096);
        tell(str_of(stream, sizeof stream - 1), step, &told, &raw);
        CHECK(str_eq(buf_str(&told), S("[|one][e|two\nthree][|f\xc3\xbcnf][|[DONE]]")));
        if (step >= 3) // the mark at the start may be dropped when it comes whole
            CHECK(str_ends(buf_str(&raw), str_of(stream + 3, sizeof stream - 4)));
        buf_done(&told);
        buf_done(&raw);
    }
}

TEST(an_event_past_its_limit_is_an_error_and_no_crash)
{
    struct sse s;
    struct sse_event ev;
    char text[200];
    sse_init(&s, 256);
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 5; i++) {
        str piece = {text, sizeof text};
        CHECK(!sse_next(&s, &piece, &ev));
    }
    CHECK(s.err == ERR_UPSTREAM_BROKEN);
    sse_done(&s);
}

TEST(heads_are_written_and_dropped_as_they_should)
{
    struct buf b;
    char chunk[HTTP_CHUNK_HEAD_MAX];
    struct http_header rows[] = {{S("Connection"), S("close, X-Private")}};
    struct http_head h = {.headers = rows, .header_count = 1};
    buf_init(&b, 4096);
    http_write_status(&b, 429);
    http_write_header(&b, S("A"), S("b"));
    http_write_header_i64(&b, S("N"), -5);
    CHECK(str_eq(buf_str(&b), S("HTTP/1.1 429 Too Many Requests\r\nA: b\r\nN: -5\r\n")));
    CHECK(str_eq(str_of(chunk, http_chunk_head(chunk, 0x1a2)), S("1a2\r\n")));
    CHECK(http_drop_from_request(&h, S("AUTHORIZATION")) &&
          http_drop_from_request(&h, S("x-private")));
    CHECK(http_drop_from_request(&h, S("X-Weir-Label")) &&
          !http_drop_from_request(&h, S("user-agent")));
    CHECK(http_drop_from_answer(&h, S("set-cookie")) &&
          !http_drop_from_answer(&h, S("x-request-id")));
    buf_done(&b);
}
