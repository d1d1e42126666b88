// transcript_test.h: for tests and fuzzers: what the parsers make of bytes, as text, whatever the
// cuts. A parser's transcript must be the same for every way to cut its bytes. Each say_ function
// is a teller's (see below): `with` is http_settings, nothing, or the limit of an event.
#ifndef HTTP_TRANSCRIPT_TEST_H
#define HTTP_TRANSCRIPT_TEST_H
#include "base/mem.h"
#include "base/rng.h"
#include "http/http.h"
#include <stdio.h>

enum cut_kind { CUT_NOT, CUT_BYTES, CUT_ONCE, CUT_RANDOM };
struct cut {
    enum cut_kind kind;
    uint64_t at; // CUT_ONCE: where; CUT_RANDOM: the seed
};
enum { TRANSCRIPT_MAX = 64 << 20 };

// Takes the next piece off rest, of which `done` bytes came before. The piece has memory of its
// own, so that a parser that reads past it is caught.
static inline str cut_piece(struct cut *c, size_t done, str *rest, char **heap)
{
    size_t n = rest->n;
    if (c->kind == CUT_BYTES)
        n = 1;
    else if (c->kind == CUT_ONCE && done < c->at)
        n = (size_t)c->at - done;
    else if (c->kind == CUT_RANDOM)
        n = 1 + rng_next(&c->at) % (rng_next(&c->at) % 4 ? 7 : 100);
    str piece = str_first(*rest, n);
    *rest = str_from(*rest, piece.n);
    mem_free(*heap);
    *heap = mem_copy_str(piece);
    return str_of(*heap, piece.n);
}

static inline void say_head(struct buf *out, const struct http_head *h)
{
    buf_printf(out, "HEAD %.*s path=%.*s query=%.*s status=%d minor=%d length=%lld%s%s%s%s\n",
               STR_ARGS(h->method), STR_ARGS(h->path), STR_ARGS(h->query), h->status, h->minor,
               (long long)h->content_length, h->chunked ? " chunked" : "",
               h->keep_alive ? " keep" : "", h->expect_continue ? " expect" : "",
               h->upgrade ? " upgrade" : "");
    for (size_t i = 0; i < h->header_count; i++)
        buf_printf(out, "  [%.*s]=[%.*s]\n", STR_ARGS(h->headers[i].name),
                   STR_ARGS(h->headers[i].value));
}

// Feeds one piece; false when the requests broke. Several requests may lie in one piece.
static inline bool say_piece(struct http_reader *r, struct arena *a, str piece, struct buf *out)
{
    const struct http_head *h;
    str body;
    for (;;) {
        size_t used = 0;
        enum http_progress p = http_feed(r, piece, &used);
        must(used <= piece.n);
        piece = str_from(piece, used);
        if (p == HTTP_BROKEN) {
            const struct fault *f = http_reader_fault(r);
            must(f->err != OK && http_take(r, &h, &body) == f->err);
            buf_printf(out, "BROKEN %s %s", err_name(f->err), f->param);
            buf_printf(out, f->at_byte < 0 ? "\n" : "@%lld\n", (long long)f->at_byte);
            return false;
        }
        if (p == HTTP_MORE) {
            must(piece.n == 0);
            return true;
        }
        if (p == HTTP_HAVE_HEAD) {
            must(http_reader_head(r));
            say_head(out, http_reader_head(r));
            continue;
        }
        must(http_take(r, &h, &body) == OK);
        buf_printf(out, "BODY %zu ", body.n);
        buf_put(out, body);
        buf_putc(out, '\n');
        arena_reset(a);
        http_reader_start(r, a);
        if (piece.n == 0)
            return true;
    }
}

static inline void say_requests(const void *settings, str bytes, struct cut c, struct buf *out)
{
    struct http_reader *r = http_reader_new(settings);
    struct arena a;
    char *heap = NULL;
    size_t all = bytes.n;
    arena_init(&a, 64 << 20);
    http_reader_start(r, &a);
    while (bytes.n && say_piece(r, &a, cut_piece(&c, all - bytes.n, &bytes, &heap), out))
        ;
    mem_free(heap);
    http_reader_free(r);
    arena_done(&a);
}

// --- answers -------------------------------------------------------------------------------------

struct answer_said {
    struct buf *out;
    struct buf body;
    int heads, dones;
};

static inline void said_head(void *arg, const struct http_head *h)
{
    struct answer_said *w = arg;
    must(w->heads++ == 0);
    say_head(w->out, h);
}

static inline void said_body(void *arg, str bytes)
{
    struct answer_said *w = arg;
    must(w->heads == 1 && w->dones == 0 && bytes.n > 0);
    buf_put(&w->body, bytes);
}

static inline void said_done(void *arg, bool reusable)
{
    struct answer_said *w = arg;
    must(w->heads == 1 && w->dones++ == 0);
    buf_printf(w->out, "DONE %s\n", reusable ? "reusable" : "not reusable");
}

// What is told once the connection ended behind the bytes. Whether leftovers come with the answer's
// last byte or later is the cut's: then both say that the connection is not reusable.
static inline void say_answer(const void *with UNUSED, str bytes, struct cut c, struct buf *out)
{
    static const struct http_answer_events events = {said_head, said_body, said_done};
    struct http_answer_reader *r = http_answer_reader_new(1024);
    struct answer_said w = {.out = out};
    char *heap = NULL;
    size_t all = bytes.n;
    enum err e = OK;
    buf_init(&w.body, TRANSCRIPT_MAX);
    http_answer_reader_start(r, &events, &w);
    while (bytes.n && e == OK)
        e = http_answer_feed(r, cut_piece(&c, all - bytes.n, &bytes, &heap));
    if (e == OK)
        e = http_answer_eof(r);
    must(e == OK || e == ERR_UPSTREAM_BROKEN);
    buf_printf(out, "BODY %zu ", w.body.n);
    buf_put(out, buf_str(&w.body));
    buf_printf(out, "\nEND %s\n", err_name(e));
    mem_free(heap);
    buf_done(&w.body);
    http_answer_reader_free(r);
}

// --- events --------------------------------------------------------------------------------------

static inline void say_event(struct buf *out, const struct sse_event *ev)
{
    buf_put(out, S("raw="));
    buf_put_json(out, ev->raw);
    buf_put(out, S(" name="));
    buf_put_json(out, ev->name);
    buf_put(out, S(" data="));
    buf_put_json(out, ev->data);
    buf_put(out, ev->has_data ? S("\n") : S(" none\n"));
}

// All events and what is left; checks that the raws and the rest are the bytes.
static inline void say_events(const void *limit, str bytes, struct cut c, struct buf *out)
{
    struct sse s;
    struct sse_event ev;
    struct buf raws;
    char *heap = NULL;
    str all = bytes;
    sse_init(&s, *(const size_t *)limit);
    buf_init(&raws, TRANSCRIPT_MAX);
    while (bytes.n && s.err == OK) {
        str piece = cut_piece(&c, all.n - bytes.n, &bytes, &heap);
        while (sse_next(&s, &piece, &ev)) {
            say_event(out, &ev);
            buf_put(&raws, ev.raw);
        }
        must(s.err != OK || piece.n == 0);
    }
    if (s.err == OK) {
        str rest = sse_rest(&s);
        buf_put(out, S("rest="));
        buf_put_json(out, rest);
        buf_put(&raws, rest);
        must(str_eq(buf_str(&raws), all));
    } else {
        buf_printf(out, "%s\n", err_name(s.err));
        must(str_starts(all, buf_str(&raws)));
    }
    mem_free(heap);
    buf_done(&raws);
    sse_done(&s);
}

// --- however it is cut ---------------------------------------------------------------------------

// One of the three above, as the tests run it; `with` is what it needs besides the bytes.
struct teller {
    void (*say)(const void *with, str bytes, struct cut c, struct buf *out);
    const void *with;
    bool only_end; // what is wanted is the transcript's end only
};

static inline bool says_when_cut(const struct teller *t, str bytes, struct cut c, str want)
{
    struct buf got;
    uint64_t at = c.at;
    buf_init(&got, TRANSCRIPT_MAX);
    t->say(t->with, bytes, c, &got);
    bool same = t->only_end ? str_ends(buf_str(&got), want) : str_eq(buf_str(&got), want);
    if (!same)
        printf("cut kind %d at %llu gives\n%.*s\ninstead of\n%.*s\n", (int)c.kind,
               (unsigned long long)at, STR_ARGS(buf_str(&got)), STR_ARGS(want));
    buf_done(&got);
    return same;
}

// Whole, byte by byte, in two at each place of what is short, and at random cuts.
static inline bool says(const struct teller *t, str bytes, str want)
{
    uint64_t seed;
    rng_bytes(&seed, sizeof seed);
    bool same = says_when_cut(t, bytes, (struct cut){CUT_NOT, 0}, want) &&
                says_when_cut(t, bytes, (struct cut){CUT_BYTES, 0}, want);
    for (size_t at = 1; same && at < bytes.n && bytes.n < 2000; at++)
        same = says_when_cut(t, bytes, (struct cut){CUT_ONCE, at}, want);
    for (int i = 0; same && i < 20; i++)
        same = says_when_cut(t, bytes, (struct cut){CUT_RANDOM, seed + (unsigned)i}, want);
    return same;
}
#endif
