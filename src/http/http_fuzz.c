// http_fuzz.c: any bytes as a request, an answer and a stream of events; whole and in two pieces.
#include "http/http.h"

static void nothing_head(void *arg, const struct http_head *h)
{
    (void)arg;
    must(h->status >= 200);
}
static void nothing_body(void *arg, str bytes)
{
    (void)arg;
    (void)bytes;
}
static void nothing_done(void *arg, bool reusable)
{
    (void)arg;
    (void)reusable;
}

static void request(str bytes)
{
    struct http_settings s = {.head_limit = 4096, .headers_limit = 20, .body_limit = 65536};
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    arena_init(&a, 1 << 24);
    http_reader_start(r, &a);
    for (enum http_progress p = HTTP_MORE; p == HTTP_MORE || p == HTTP_HAVE_HEAD;) {
        size_t used = 0;
        p = http_feed(r, str_first(bytes, 1 + bytes.n / 2), &used);
        bytes = str_from(bytes, used);
        if (p == HTTP_MORE && !bytes.n)
            break;
    }
    arena_done(&a);
    http_reader_free(r);
}

static void answer(str bytes)
{
    static const struct http_answer_events events = {nothing_head, nothing_body, nothing_done};
    struct http_answer_reader *r = http_answer_reader_new(4096);
    http_answer_reader_start(r, &events, NULL);
    if (http_answer_feed(r, str_first(bytes, bytes.n / 2)) == OK &&
        http_answer_feed(r, str_from(bytes, bytes.n / 2)) == OK)
        (void)!http_answer_eof(r);
    http_answer_reader_free(r);
}

static uint64_t events(str bytes, size_t step)
{
    struct sse s;
    struct sse_event ev;
    uint64_t h = 0;
    sse_init(&s, 1 << 20);
    for (; bytes.n; bytes = str_from(bytes, step)) {
        str piece = str_first(bytes, step);
        while (sse_next(&s, &piece, &ev))
            if (ev.has_data)
                h = h * 31 + str_hash(ev.data) + str_hash(ev.name);
    }
    sse_done(&s);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = str_of((const char *)data, size);
    request(bytes);
    answer(bytes);
    if (!str_starts(bytes, S("\xef"))) // a mark at the start is only seen when it comes whole
        must(events(bytes, size + 1) == events(bytes, 1));
    return 0;
}
