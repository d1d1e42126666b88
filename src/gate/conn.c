// conn.c: a client's connection. It reads one request after another, hands each to the steps, and
// closes when it is told, when a deadline passes or when the client leaves.
// Invariants: (1) a connection is in exactly the list of its state; (2) live is set in HEAD, BODY
// and CALLING and in no other state; (3) bytes that come while a call is open wait in pending, and
// a full pending stops reading.
#include "base/mem.h"
#include "gate/worker.h"

enum { PENDING_MAX = 128 * 1024, BODY_PIECE = 64 * 1024, LINGER_MS = 2000, CUT_LINGER_MS = 1000 };

#define TO(state) (1u << CONN_##state)
static const struct state_row {
    const char *name;
    unsigned next; // legal successors
} states[CONN_STATES] = {
    [CONN_IDLE] = {"idle", TO(HEAD) | TO(CLOSING)},
    [CONN_HEAD] = {"head", TO(IDLE) | TO(BODY) | TO(CALLING) | TO(CLOSING)},
    [CONN_BODY] = {"body", TO(IDLE) | TO(CALLING) | TO(CLOSING)},
    [CONN_CALLING] = {"calling", TO(IDLE) | TO(CLOSING)},
    [CONN_CLOSING] = {"closing", 0},
};

static struct net_deadlines *deadlines_of(struct conn *c)
{
    switch (c->state) {
    case CONN_IDLE:
        return &c->worker->view->keepalive;
    case CONN_HEAD:
        return &c->live->view->head;
    case CONN_BODY:
        return &c->live->view->body;
    default:
        return NULL; // a call's time belongs to its tries, a closing socket's to net
    }
}

static void conn_to(struct conn *c, enum conn_state to)
{
    must(states[c->state].next & (1u << to));
    log_debug("gate", "conn=%p %s -> %s", (void *)c, states[c->state].name, states[to].name);
    c->state = to;
    list_remove(&c->at);
    list_push_back(&c->worker->conns[to], &c->at);
    struct net_deadlines *q = deadlines_of(c);
    if (q)
        net_deadline_arm(q, &c->deadline);
    else
        net_deadline_disarm(&c->deadline);
}

static void conn_free(struct conn *c)
{
    struct worker *w = c->worker;
    must(!c->live && w->conn_count > 0);
    net_deadline_disarm(&c->deadline);
    list_remove(&c->at);
    http_reader_free(c->reader);
    buf_done(&c->pending);
    w->conn_count--;
    metric_set(w->metrics, METRIC_connections_open, 0, w->conn_count);
    mem_free(c);
}

static void forget_live(struct conn *c)
{
    if (c->live)
        live_free(c->live);
    c->live = NULL;
}

static void conn_close(struct conn *c, bool reset)
{
    forget_live(c);
    net_close(c->sock, reset);
    conn_free(c);
}

// What was written goes out first. The rest of the request, if any, is read and thrown away for a
// while, or the client's kernel would drop our answer with a reset (RFC 9112 section 9.6).
static void conn_finish(struct conn *c)
{
    struct net_sock *s = c->sock;
    bool cut = c->cut;
    forget_live(c);
    conn_to(c, CONN_CLOSING);
    conn_free(c);
    if (cut)
        net_close_after_peer(s, CUT_LINGER_MS);
    else
        net_close_after_flush(s, LINGER_MS);
}

// The request broke or its time is up: the steps tell the client and end the connection.
static void refuse(struct conn *c, enum err e)
{
    struct live_call *l = c->live;
    must(l && e != OK);
    c->keep = false;
    http_reader_give_up(c->reader, e);
    l->fault = *http_reader_fault(c->reader);
    const struct http_head *h = http_reader_head(c->reader);
    if (h) {
        struct route_match m = pages_match(c->worker, h);
        l->head = h;
        l->dialect = m.dialect;
    }
    conn_to(c, CONN_CALLING);
    steps_begin(l);
}

// The head is whole. What can be refused without the body is refused now, before 100-continue.
// False when the connection was given up.
static bool head_came(struct conn *c)
{
    const struct http_head *h = http_reader_head(c->reader);
    const struct http_settings *s = &c->live->view->snap->http;
    c->keep = h->keep_alive && c->calls + 1 < s->keepalive_calls; // the last one is announced
    if (h->content_length > s->body_limit) {
        refuse(c, ERR_BODY_TOO_BIG);
        return false;
    }
    if (h->expect_continue) {
        str go_on = S("HTTP/1.1 100 Continue\r\n\r\n");
        if (!net_write(c->sock, &go_on, 1, PENDING_MAX)) {
            conn_close(c, true);
            return false;
        }
    }
    c->body_bytes = 0;
    conn_to(c, CONN_BODY);
    return true;
}

// A body has its time piece by piece, not byte by byte: who drips would hold a place for days.
static void body_goes_on(struct conn *c, size_t bytes)
{
    c->body_bytes += bytes;
    if (c->body_bytes < BODY_PIECE)
        return;
    c->body_bytes = 0;
    net_deadline_arm(&c->live->view->body, &c->deadline);
}

static void request_came(struct conn *c)
{
    struct live_call *l = c->live;
    enum err e = http_take(c->reader, &l->head, &l->body);
    if (e != OK) {
        refuse(c, e);
        return;
    }
    struct route_match m = pages_match(c->worker, l->head);
    conn_to(c, CONN_CALLING);
    if (m.kind == ROUTE_CALL && !m.wrong_method) {
        l->dialect = m.dialect;
        steps_begin(l);
        return;
    }
    live_is_no_call(l);
    pages_answer(c, &m, l->head);
    conn_answered(c);
}

static void read_on(struct conn *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    net_resume(c->sock);
}

// Feeds until the bytes are used up or a call is open. The connection may be gone afterwards: the
// last thing done with it is always a return.
static void feed(struct conn *c, str bytes)
{
    for (;;) {
        size_t used = 0;
        if (c->state == CONN_IDLE) {
            c->live = live_new(c->worker, c);
            http_reader_bounds(c->reader, &c->live->view->snap->http);
            http_reader_start(c->reader, &c->live->arena);
            conn_to(c, CONN_HEAD);
        }
        enum http_progress p = http_feed(c->reader, bytes, &used);
        bytes = str_from(bytes, used);
        if (p == HTTP_MORE) {
            if (c->state == CONN_BODY)
                body_goes_on(c, used);
            must(bytes.n == 0);
            read_on(c); // what waited was all fed, and the request wants more
            return;
        }
        if (p == HTTP_HAVE_HEAD) {
            if (!head_came(c))
                return;
            continue;
        }
        // whole or broken: what is left waits for the next request
        buf_put(&c->pending, bytes);
        if (p == HTTP_BROKEN || c->pending.over)
            refuse(c, p == HTTP_BROKEN ? http_reader_fault(c->reader)->err : ERR_BAD_HTTP);
        else
            request_came(c);
        return;
    }
}

// Pipelined requests: taken from pending one at a time, from the loop, so that a long row of them
// cannot deepen the stack or hold the loop.
static void take_pending(void *arg)
{
    struct worker *w = arg;
    list_each(c, &w->conns[CONN_IDLE], struct conn, at)
    {
        if (c->pending.n == 0)
            continue;
        struct buf held = c->pending;
        buf_init(&c->pending, PENDING_MAX * 2);
        feed(c, buf_str(&held));
        buf_done(&held);
    }
}

void conn_answered(struct conn *c)
{
    must(c->state == CONN_CALLING || c->state == CONN_HEAD || c->state == CONN_BODY);
    forget_live(c);
    c->calls++;
    if (!c->keep || c->worker->draining) {
        conn_finish(c);
        return;
    }
    conn_to(c, CONN_IDLE);
    if (c->pending.n <= PENDING_MAX / 2)
        read_on(c);
    if (c->pending.n)
        net_loop_post(c->worker->loop, take_pending, c->worker);
}

static void on_data(void *arg, struct net_sock *s, str bytes)
{
    struct conn *c = arg;
    must(c->sock == s);
    if (c->state == CONN_IDLE && c->pending.n == 0) {
        feed(c, bytes);
        return;
    }
    if (c->state != CONN_CALLING && c->state != CONN_IDLE) {
        feed(c, bytes);
        return;
    }
    // a call is open, or its successor is about to be taken from pending
    buf_put(&c->pending, bytes);
    if (c->pending.over) {
        if (c->state == CONN_CALLING)
            steps_client_gone(c->live);
        conn_close(c, true);
    } else if (c->pending.n > PENDING_MAX / 2 && !c->paused) {
        c->paused = true;
        net_pause(c->sock);
    }
}

static void on_drain(void *arg, struct net_sock *s)
{
    struct conn *c = arg;
    must(c->sock == s);
    if (c->live && c->live->sending)
        upstream_resume(c->live->sending);
}

static void on_end(void *arg, struct net_sock *s, enum err e)
{
    struct conn *c = arg;
    (void)e; // how it ended makes no difference: nobody is there
    must(c->sock == s);
    if (c->state == CONN_CALLING)
        steps_client_gone(c->live);
    conn_close(c, false);
}

static void on_late(struct net_deadline *d)
{
    struct conn *c = container_of(d, struct conn, deadline);
    if (c->state == CONN_IDLE)
        conn_close(c, false);
    else
        refuse(c, ERR_SLOW_CLIENT);
}

static const struct net_events conn_events = {
    .on_data = on_data, .on_drain = on_drain, .on_end = on_end};

// Too many, or shutting down: one honest answer, then the end.
static void turn_away(struct worker *w, struct net_sock *s)
{
    struct fault f = {.err = w->draining ? ERR_SHUTTING_DOWN : ERR_TOO_BUSY, .at_byte = -1};
    struct buf body, head;
    buf_init(&body, 1024);
    buf_init(&head, 1024);
    dialect_openai_chat.write_error(&body, &f, STR_NONE);
    buf_putc(&body, '\n');
    http_write_status(&head, err_status(f.err));
    http_write_header(&head, S("Content-Type"), S("application/json"));
    http_write_header_i64(&head, S("Content-Length"), (int64_t)body.n);
    http_write_header(&head, S("Connection"), S("close"));
    http_write_header(&head, S("Retry-After"), S("1"));
    buf_put(&head, S("\r\n"));
    str out[] = {buf_str(&head), buf_str(&body)};
    if (net_write(s, out, 2, 4096))
        net_close_after_flush(s, LINGER_MS);
    else
        net_close(s, true);
    buf_done(&body);
    buf_done(&head);
}

void conn_accept(void *worker, struct net_sock *s)
{
    struct worker *w = worker;
    const struct gate_settings *g = &w->view->snap->gate;
    metric_add(w->metrics, METRIC_connections, 0, 1);
    if (w->draining || metrics_total(METRIC_connections_open, 0) >= g->connections) {
        turn_away(w, s);
        return;
    }
    struct conn *c = mem_new(sizeof *c);
    c->worker = w;
    c->sock = s;
    c->reader = http_reader_new(&w->view->snap->http);
    buf_init(&c->pending, PENDING_MAX * 2);
    net_deadline_init(&c->deadline, on_late);
    list_push_back(&w->conns[CONN_IDLE], &c->at);
    net_deadline_arm(&w->view->keepalive, &c->deadline);
    w->conn_count++;
    metric_set(w->metrics, METRIC_connections_open, 0, w->conn_count);
    net_sock_events(s, &conn_events, c);
}

void conn_view_changed(struct worker *w)
{
    list_each(c, &w->conns[CONN_IDLE], struct conn, at)
        net_deadline_arm(&w->view->keepalive, &c->deadline);
}

void conn_drain(struct worker *w)
{
    w->draining = true;
    list_each(c, &w->conns[CONN_IDLE], struct conn, at) conn_close(c, false);
}

void conn_close_all(struct worker *w)
{
    for (unsigned s = 0; s < CONN_STATES; s++) {
        list_each(c, &w->conns[s], struct conn, at)
        {
            if (c->state == CONN_CALLING)
                steps_client_gone(c->live);
            conn_close(c, true);
        }
    }
}
