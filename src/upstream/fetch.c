// fetch.c: one GET. The whole of it has one deadline, in its owner's queue. A fetch frees
// itself before it tells its end, so the owner's callback may start the next one.
#include "upstream/fetch.h"
#include "base/mem.h"

enum { HEAD_MAX = 64 * 1024 };

struct fetch {
    struct net_place *place;
    struct net_sock *sock;
    struct http_answer_reader *reader;
    struct net_deadline deadline;
    struct buf request, body;
    int status;
    bool whole, connected;
    const struct fetch_events *events;
    void *arg;
};

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    net_deadline_disarm(&f->deadline);
    if (f->sock)
        net_close(f->sock, false);
    net_place_free(f->place);
    http_answer_reader_free(f->reader);
    buf_done(&f->request);
    buf_done(&f->body);
    mem_free(f);
}

static void finish(struct fetch *f, enum err e)
{
    struct buf body = f->body;
    int status = e == OK ? f->status : 0;
    const struct fetch_events *events = f->events;
    void *arg = f->arg;
    must(e != OK || f->whole);
    buf_init(&f->body, FETCH_BODY_MAX); // the body outlives the fetch until it was told
    fetch_free(f);
    events->on_end(arg, e, status, e == OK ? buf_str(&body) : STR_NONE);
    buf_done(&body);
}

static void answer_head(void *arg, const struct http_head *head)
{
    struct fetch *f = arg;
    f->status = head->status;
}

static void answer_body(void *arg, str bytes)
{
    struct fetch *f = arg;
    must(f->status != 0);
    buf_put(&f->body, bytes);
}

static void answer_done(void *arg, bool reusable UNUSED)
{
    struct fetch *f = arg;
    f->whole = true;
}

static const struct http_answer_events answer_events = {
    .on_head = answer_head, .on_body = answer_body, .on_done = answer_done};

static void on_connect(void *arg, struct net_sock *s)
{
    struct fetch *f = arg;
    str request = buf_str(&f->request);
    must(f->sock == s);
    f->connected = true;
    if (!net_write(s, &request, 1, request.n))
        finish(f, ERR_UPSTREAM_BROKEN);
}

static void on_data(void *arg, struct net_sock *s, str bytes)
{
    struct fetch *f = arg;
    must(f->sock == s);
    enum err e = http_answer_feed(f->reader, bytes);
    if (f->whole)
        finish(f, OK);
    else if (e != OK || f->body.over)
        finish(f, ERR_UPSTREAM_BROKEN);
}

static void on_drain(void *arg UNUSED, struct net_sock *s UNUSED)
{
}

static void on_end(void *arg, struct net_sock *s, enum err e)
{
    struct fetch *f = arg;
    must(f->sock == s);
    if (f->connected && e == OK)
        e = http_answer_eof(f->reader);
    finish(f, f->whole ? OK : e != OK ? e : ERR_UPSTREAM_BROKEN);
}

static const struct net_events net_events = {
    .on_connect = on_connect, .on_data = on_data, .on_drain = on_drain, .on_end = on_end};

static void on_deadline(struct net_deadline *d)
{
    finish(container_of(d, struct fetch, deadline), ERR_UPSTREAM_TIMEOUT);
}

struct fetch *fetch_new(struct net_deadlines *q, str url, const struct fetch_events *e, void *arg)
{
    struct net_phases phases = {.connect_ms = q->after_ms, .tls_ms = q->after_ms};
    struct net_place *place;
    char why[160];
    str path;
    must(e->on_end);
    if (net_place_new(q->loop, url, &place, &path, why) != OK)
        return NULL;
    struct fetch *f = mem_new(sizeof *f);
    f->place = place;
    f->events = e;
    f->arg = arg;
    f->reader = http_answer_reader_new(HEAD_MAX);
    http_answer_reader_start(f->reader, &answer_events, f);
    buf_init(&f->request, HEAD_MAX);
    buf_init(&f->body, FETCH_BODY_MAX);
    str host = net_place_host(place);
    buf_printf(&f->request,
               "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nAccept: application/json\r\n"
               "User-Agent: weir\r\nConnection: close\r\n\r\n",
               STR_ARGS(path.n ? path : S("/")), STR_ARGS(host));
    net_deadline_init(&f->deadline, on_deadline);
    net_deadline_arm(q, &f->deadline);
    f->sock = net_connect(place, &phases, &net_events, f);
    must(f->sock);
    return f;
}
