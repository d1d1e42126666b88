// try.c: one sending to one target, from the clearance to the answer's last byte. Numbered
// invariants: (1) Nothing is dialled or written before the clearance was compared with the target's
// zone; on a
//     fresh connection it is compared again before the first byte is written.
// (2) on_end is called exactly once and last, from the loop, after the try has let go of
// everything;
//     it may start the next try. A cancelled try calls nothing.
// (3) A try that is cancelled by its own callback outlives the reader that is on the stack.
// (4) A request is written twice only where a kept connection ended before any byte of the answer.
#include "base/mem.h"
#include "base/time.h"
#include "upstream/pool.h"

enum {
    SLICES_MAX = 20,               // pieces of a body
    ANSWER_HEAD_MAX = 256 * 1024,  // bytes of a target's head
    REQUEST_HEAD_MAX = 4 << 20,    // more than any client's head: http has its own, lower limit
    REQUEST_HEAD_KEPT = 16 * 1024, // larger buffers are not kept with spare tries
    QUEUE_SLACK = 64 * 1024,
    SPARE_MAX = 256,
    REFUSE_MS = 1,
    FIXED_HEADS_MAX = 4 << 20,
};

// --- life of the struct --------------------------------------------------------------------------

static void try_free(struct upstream_try *t)
{
    must(!t->conn && !t->feeding && !net_deadline_armed(&t->total));
    list_remove(&t->at);
    buf_done(&t->head);
    http_answer_reader_free(t->reader);
    mem_free(t);
}

static void try_spare(struct upstream_try *t)
{
    struct upstream *u = t->owner;
    must(!t->conn && !t->feeding && !t->counted);
    if (u->spare_count >= SPARE_MAX) {
        try_free(t);
        return;
    }
    if (t->head.cap > REQUEST_HEAD_KEPT) {
        buf_done(&t->head);
        buf_init(&t->head, REQUEST_HEAD_MAX);
    }
    list_push_front(&u->spare, &t->at);
    u->spare_count++;
}

// Lets go of the deadline, the count and (where it still has one) the connection.
static void let_go(struct upstream_try *t)
{
    net_deadline_disarm(&t->total);
    list_remove(&t->at);
    if (t->conn)
        pool_close(t->conn);
    t->conn = NULL;
    if (t->counted)
        health_end(t->owner->health, t->pool->target);
    t->counted = false;
}

static void finish(struct upstream_try *t, enum err e)
{
    const struct upstream_events *events = t->events;
    void *arg = t->arg;
    let_go(t);
    t->row->err = e;
    t->row->last_byte_us = time_wall_us();
    try_spare(t);
    events->on_end(arg, e);
}

// The target failed: its health learns of it. A status of 500 and more was told with the head.
static void fail(struct upstream_try *t, enum err e)
{
    must(e != OK);
    if (t->row->status < 500)
        health_failed(t->owner->health, t->pool->target,
                      e == ERR_UPSTREAM_REFUSED && t->pool->local, net_now_us(t->owner->loop));
    finish(t, e);
}

static void succeed(struct upstream_try *t)
{
    struct conn *c = t->conn;
    must(t->whole && c->state == CONN_READING);
    if (t->row->status < 500)
        health_served(t->owner->health, t->pool->target);
    // a connection that has not taken the whole request yet cannot carry the next one
    if (t->reusable && net_queued(c->sock) == 0) {
        t->conn = NULL;
        if (t->paused)
            net_resume(c->sock);
        pool_keep(c);
    }
    finish(t, OK);
}

// --- tries that end before they begin ------------------------------------------------------------

// upstream_try never calls back from inside, so these are told on the loop's next turn.
static void tell_refused(void *arg)
{
    struct upstream *u = arg;
    struct upstream_try *t;
    while ((t = list_first(&u->refused, struct upstream_try, at)))
        finish(t, t->refused);
    net_ticker_free(u->refuser);
    u->refuser = NULL;
}

static void refuse(struct upstream_try *t, enum err e)
{
    struct upstream *u = t->owner;
    must(e != OK && !t->conn);
    t->refused = e;
    list_push_back(&u->refused, &t->at);
    if (!u->refuser)
        u->refuser = net_ticker_new(u->loop, REFUSE_MS, tell_refused, u);
}

// --- the request ---------------------------------------------------------------------------------

// Headers that weir says itself, beside those that never cross a gateway.
static bool own_header(str name)
{
    return (name.n == 4 && str_eq_nocase(name, S("host"))) ||
           (name.n == 6 && str_eq_nocase(name, S("accept")));
}

static bool write_head(struct upstream_try *t, const struct upstream_request *r)
{
    struct buf *b = &t->head;
    const struct http_head *client = r->client;
    must(r->path && r->path[0] == '/');
    buf_clear(b);
    buf_put(b, t->pool->line);
    buf_put(b, str_c(r->path));
    buf_put(b, t->pool->fixed); // ends in "Accept: "
    buf_put(b, r->accept.n ? r->accept : S("*/*"));
    buf_put(b, S("\r\nContent-Length: "));
    buf_put_i64(b, (int64_t)r->body_bytes);
    buf_put(b, S("\r\n"));
    for (size_t i = 0; client && i < client->header_count; i++) {
        const struct http_header *h = &client->headers[i];
        if (!own_header(h->name) && !http_drop_from_request(client, h->name))
            http_write_header(b, h->name, h->value);
    }
    buf_put(b, S("\r\n"));
    return !b->over;
}

// --- the answer ----------------------------------------------------------------------------------

static void answer_head(void *arg, const struct http_head *head)
{
    struct upstream_try *t = arg;
    struct upstream *u = t->owner;
    if (t->cancelled)
        return;
    must(t->feeding && !t->whole && t->row->status == 0);
    t->row->status = head->status;
    if (head->status >= 500)
        health_failed(u->health, t->pool->target, false, net_now_us(u->loop));
    else
        health_answers(u->health, t->pool->target);
    t->body = NULL; // lent until now
    t->events->on_head(t->arg, head);
}

static void answer_body(void *arg, str bytes)
{
    struct upstream_try *t = arg;
    if (t->cancelled)
        return;
    must(t->feeding && t->row->status != 0);
    t->told = true;
    t->events->on_body(t->arg, bytes);
}

static void answer_done(void *arg, bool reusable)
{
    struct upstream_try *t = arg;
    must(t->feeding && !t->whole);
    t->whole = true;
    t->reusable = reusable;
}

static const struct http_answer_events answer_events = {
    .on_head = answer_head, .on_body = answer_body, .on_done = answer_done};

// Bytes, or (NULL) the connection's end, through the reader; then what became of the try.
static void feed(struct upstream_try *t, const str *bytes)
{
    must(!t->feeding && t->conn);
    t->feeding = true;
    enum err e = bytes ? http_answer_feed(t->reader, *bytes) : http_answer_eof(t->reader);
    if (t->told && !t->cancelled && t->events->on_read_end)
        t->events->on_read_end(t->arg);
    t->told = false;
    t->feeding = false;
    if (t->cancelled) {
        try_spare(t);
        return;
    }
    // bytes after a whole answer do not spoil it, but nothing after it can be trusted
    if (t->whole && (e != OK || !bytes))
        t->reusable = false;
    if (t->whole)
        succeed(t);
    else if (e != OK || !bytes)
        fail(t, ERR_UPSTREAM_BROKEN);
}

void try_data(struct upstream_try *t, str bytes)
{
    struct conn *c = t->conn;
    must(c && c->user == t);
    if (bytes.n == 0)
        return;
    if (!t->began) {
        t->began = true;
        t->row->first_byte_us = time_wall_us();
        pool_conn_to(c, CONN_READING);
    } else if (!t->paused) {
        net_deadline_arm(&t->owner->silence, &c->deadline);
    }
    feed(t, &bytes);
}

// --- the connection ------------------------------------------------------------------------------

// Writes the request. False where the socket does not take it.
static bool send_request(struct upstream_try *t)
{
    struct conn *c = t->conn;
    str slices[SLICES_MAX + 1];
    must(t->body_count <= SLICES_MAX && !t->began);
    memcpy(t->row->dialled, c->peer, sizeof c->peer);
    slices[0] = buf_str(&t->head);
    for (unsigned i = 0; i < t->body_count; i++)
        slices[i + 1] = t->body[i];
    pool_conn_to(c, CONN_SENDING);
    http_answer_reader_start(t->reader, &answer_events, t);
    if (!net_write(c->sock, slices, t->body_count + 1, t->head.n + t->body_bytes + QUEUE_SLACK))
        return false;
    if (net_queued(c->sock) == 0)
        pool_conn_to(c, CONN_WAITING);
    return true;
}

void try_connected(struct upstream_try *t)
{
    must(t->conn && t->conn->user == t);
    t->row->connected_us = time_wall_us();
    if (!upstream_clearance_holds(&t->clearance, t->owner->fleet))
        finish(t, ERR_NO_CLEARANCE);
    else if (!send_request(t))
        fail(t, ERR_UPSTREAM_BROKEN);
}

void try_drained(struct upstream_try *t)
{
    must(t->conn->state == CONN_SENDING);
    if (net_queued(t->conn->sock) == 0)
        pool_conn_to(t->conn, CONN_WAITING);
}

static enum err connect_error(enum err e)
{
    switch (e) {
    case ERR_UPSTREAM_DNS:
    case ERR_UPSTREAM_PUBLIC:
    case ERR_UPSTREAM_REFUSED:
    case ERR_UPSTREAM_TLS:
    case ERR_UPSTREAM_TIMEOUT:
        return e;
    default:
        return ERR_UPSTREAM_BROKEN;
    }
}

void try_conn_ended(struct upstream_try *t, enum err e)
{
    must(t->conn && t->conn->user == t);
    if (t->conn->state == CONN_CONNECTING) {
        fail(t, connect_error(e));
    } else if (t->began && e == OK) {
        feed(t, NULL);
    } else if (!t->began && t->row->reused) {
        // stale: the target had given the connection up before it could see the request
        pool_close(t->conn);
        t->row->reused = false;
        t->conn = pool_open(t->pool, t);
    } else {
        fail(t, ERR_UPSTREAM_BROKEN);
    }
}

void try_timed_out(struct upstream_try *t)
{
    must(!t->feeding);
    fail(t, t->began ? ERR_UPSTREAM_IDLE : ERR_UPSTREAM_TIMEOUT);
}

static void total_timed_out(struct net_deadline *d)
{
    try_timed_out(container_of(d, struct upstream_try, total));
}

// --- the door ------------------------------------------------------------------------------------

static struct upstream_try *try_new(struct upstream *u)
{
    struct upstream_try *t = list_first(&u->spare, struct upstream_try, at);
    if (t) {
        list_remove(&t->at);
        u->spare_count--;
        return t;
    }
    t = mem_new(sizeof *t);
    t->owner = u;
    list_init(&t->at);
    buf_init(&t->head, REQUEST_HEAD_MAX);
    net_deadline_init(&t->total, total_timed_out);
    t->reader = http_answer_reader_new(ANSWER_HEAD_MAX);
    return t;
}

static void begin(struct upstream_try *t)
{
    struct upstream *u = t->owner;
    net_deadline_arm(&u->total, &t->total);
    health_begin(u->health, t->pool->target);
    t->counted = true;
    t->conn = pool_take(t->pool, t);
    if (!t->conn) {
        t->conn = pool_open(t->pool, t);
        return;
    }
    t->row->reused = true;
    t->row->connected_us = t->row->start_us;
    if (!send_request(t)) {
        let_go(t);
        refuse(t, ERR_UPSTREAM_BROKEN);
    }
}

struct upstream_try *upstream_try(struct upstream *u, const struct upstream_request *r,
                                  const struct upstream_events *e, void *arg)
{
    must(r->try && r->clearance && r->body_count <= SLICES_MAX);
    must(e->on_head && e->on_body && e->on_end);
    struct upstream_try *t = try_new(u);
    t->clearance = *r->clearance;
    t->events = e;
    t->arg = arg;
    t->body = r->body;
    t->body_count = r->body_count;
    t->body_bytes = r->body_bytes;
    t->row = r->try;
    t->began = t->whole = t->reusable = t->paused = t->cancelled = t->told = false;
    t->row->err = OK;
    t->row->status = 0;
    t->row->reused = false;
    t->row->dialled[0] = 0;
    t->row->connected_us = t->row->first_byte_us = t->row->last_byte_us = 0;
    if (t->row->start_us == 0)
        t->row->start_us = time_wall_us();
    if (!upstream_clearance_holds(&t->clearance, u->fleet)) {
        refuse(t, ERR_NO_CLEARANCE);
        return t;
    }
    t->pool = &u->pools[t->clearance.target];
    if (!t->pool->place)
        refuse(t, ERR_BAD_CONFIG);
    else if (!write_head(t, r))
        refuse(t, ERR_HEAD_TOO_BIG);
    else
        begin(t);
    return t;
}

void upstream_cancel(struct upstream_try *t)
{
    must(t && !t->cancelled);
    let_go(t);
    if (t->feeding)
        t->cancelled = true;
    else
        try_spare(t);
}

// Only an answer can be held back: in any other phase there is nothing to hold.
void upstream_pause(struct upstream_try *t)
{
    must(!t->cancelled);
    if (t->paused || !t->conn || t->conn->state != CONN_READING)
        return;
    t->paused = true;
    net_pause(t->conn->sock);
    net_deadline_disarm(&t->conn->deadline); // the silence is the client's
}

void upstream_resume(struct upstream_try *t)
{
    must(!t->cancelled);
    if (!t->paused)
        return;
    must(t->conn && t->conn->state == CONN_READING);
    t->paused = false;
    net_deadline_arm(&t->owner->silence, &t->conn->deadline);
    net_resume(t->conn->sock);
}

struct upstream *upstream_new(struct net_loop *l, const struct fleet *f, struct upstream_health *h,
                              const struct upstream_settings *s, struct metrics *m)
{
    must(f->target_count <= TARGET_MAX);
    struct upstream *u = mem_new(sizeof *u);
    *u = (struct upstream){.loop = l, .fleet = f, .health = h, .settings = s, .metrics = m};
    u->phases = (struct net_phases){.connect_ms = s->connect_timeout, .tls_ms = s->tls_timeout};
    arena_init(&u->arena, FIXED_HEADS_MAX);
    list_init(&u->spare);
    list_init(&u->refused);
    net_deadlines_init(&u->first_byte, l, s->first_byte_timeout);
    net_deadlines_init(&u->silence, l, s->idle_timeout);
    net_deadlines_init(&u->total, l, s->total_timeout);
    net_deadlines_init(&u->keep, l, s->idle_keep);
    for (unsigned i = 0; i < f->target_count; i++)
        pool_init(&u->pools[i], u, i);
    must(!u->arena.over);
    return u;
}

void upstream_free(struct upstream *u)
{
    if (!u)
        return;
    for (unsigned i = 0; i < u->fleet->target_count; i++)
        pool_done(&u->pools[i]);
    list_each(t, &u->refused, struct upstream_try, at) upstream_cancel(t);
    net_ticker_free(u->refuser);
    list_each(t, &u->spare, struct upstream_try, at) try_free(t);
    net_deadlines_done(&u->first_byte);
    net_deadlines_done(&u->silence);
    net_deadlines_done(&u->total);
    net_deadlines_done(&u->keep);
    arena_done(&u->arena);
    mem_free(u);
}
