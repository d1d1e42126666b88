// sock.c: TCP sockets over libuv. Reading stays on from birth, so that a call costs no epoll_ctl; a
// write goes to the kernel at once and only what it does not take is copied and queued.
// Invariants: (1) after closed is set no event reaches the owner; (2) on_end is told once; (3) the
// struct lives until refs is 0: the owner, each open handle and each end to be told hold one; (4)
// one write is in libuv's hands at a time, what comes meanwhile gathers behind it.
#include "net/inner.h"
#include <errno.h>

enum {
    SLICES_MAX = 24,
    KEEP_BYTES = 16 * 1024, // memory that a drained socket holds on to
    JOINED_BYTES = 4 * 1024,
};

static const struct net_events no_events;

static void unref(struct net_sock *s)
{
    must(s->refs > 0);
    if (--s->refs)
        return;
    must(!s->tcp && list_empty(&s->late_at));
    dial_free(s->dial);
    tls_free(s->tls);
    buf_done(&s->sending);
    buf_done(&s->next);
    mem_free(s);
}

struct net_sock *sock_new(struct net_loop *l)
{
    struct net_sock *s = mem_new(sizeof *s);
    s->loop = l;
    s->events = &no_events;
    s->refs = 1;
    list_init(&s->late_at);
    list_init(&s->deadline.at);
    list_push_back(&l->socks, &s->at);
    buf_init(&s->sending, SIZE_MAX / 2); // the ceiling comes with each write
    buf_init(&s->next, SIZE_MAX / 2);
    return s;
}

void sock_end(struct net_sock *s, enum err e)
{
    if (s->closed || s->ended)
        return;
    s->ended = true;
    net_deadline_disarm(&s->deadline);
    if (s->events->on_end)
        s->events->on_end(s->arg, s, e);
}

void sock_end_later(struct net_sock *s, enum err e)
{
    if (s->closed || s->ended || !list_empty(&s->late_at))
        return;
    s->later = e;
    s->refs++;
    list_push_back(&s->loop->late, &s->late_at);
    loop_wake(s->loop);
}

void sock_tell_late(struct net_loop *l)
{
    struct list now;
    list_init(&now);
    while (!list_empty(&l->late)) { // what is added meanwhile waits for the next turn
        struct list *at = l->late.next;
        list_remove(at);
        list_push_back(&now, at);
    }
    while (!list_empty(&now)) {
        struct net_sock *s = container_of(now.next, struct net_sock, late_at);
        list_remove(&s->late_at);
        sock_end(s, s->later);
        unref(s);
    }
}

// --- reading -------------------------------------------------------------------------------------

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *ret)
{
    struct tcp *t = h->data;
    (void)hint;
    *ret = uv_buf_init(t->sock->loop->read_buf, READ_BYTES);
}

// libuv tells a reset behind the last bytes as an end. The kernel knows better, and a cut answer
// must not look like a whole one.
static bool was_reset(const struct tcp *t)
{
    int fd, why = 0;
    socklen_t n = sizeof why;
    return uv_fileno((const uv_handle_t *)&t->uv, &fd) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 && why != 0;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct tcp *t = stream->data;
    struct net_sock *s = t->sock;
    if (n == 0 || s->ended)
        return;
    if (n == UV_EOF && !s->closed && was_reset(t))
        n = UV_ECONNRESET;
    if (s->lingering) {
        if (n < 0)
            net_close(s, false);
        return;
    }
    if (s->closed)
        return;
    must(s->tcp == t);
    if (n > 0 && s->tls) {
        tls_bytes(s, str_of(b->base, (size_t)n));
    } else if (n > 0) {
        if (s->events->on_data)
            s->events->on_data(s->arg, s, str_of(b->base, (size_t)n));
    } else if (s->tls && (n == UV_EOF || !s->connected)) {
        tls_eof(s);
    } else {
        sock_end(s, n == UV_EOF ? OK : ERR_UPSTREAM_BROKEN);
    }
}

void net_pause(struct net_sock *s)
{
    if (s->tcp && s->reading)
        uv_read_stop((uv_stream_t *)&s->tcp->uv);
    s->reading = false;
}

static void start_reading(struct net_sock *s)
{
    if (!s->reading)
        s->reading = uv_read_start((uv_stream_t *)&s->tcp->uv, on_alloc, on_read) == 0;
}

void net_resume(struct net_sock *s)
{
    if (s->tcp && !s->closed && !s->ended)
        start_reading(s);
}

// --- handles -------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *h)
{
    struct tcp *t = h->data;
    struct net_sock *s = t->sock;
    mem_free(t);
    unref(s);
}

struct tcp *sock_new_tcp(struct net_sock *s)
{
    struct tcp *t = mem_new(sizeof *t);
    must(!s->tcp && !s->closed);
    t->sock = s;
    must(uv_tcp_init(&s->loop->uv, &t->uv) == 0);
    t->uv.data = t;
    s->refs++;
    s->tcp = t;
    return t;
}

void sock_drop_tcp(struct net_sock *s, bool reset)
{
    struct tcp *t = s->tcp;
    s->tcp = NULL;
    s->reading = false;
    if (!t)
        return;
    if (!reset || uv_tcp_close_reset(&t->uv, on_closed) != 0)
        uv_close((uv_handle_t *)&t->uv, on_closed);
}

void net_close(struct net_sock *s, bool reset)
{
    must(!s->closed || s->lingering);
    if (s->tls && !reset && !s->closed)
        tls_bye(s);
    s->closed = true;
    s->lingering = false;
    list_remove(&s->at);
    if (s->dial)
        dns_forget(&s->dial->dns);
    net_deadline_disarm(&s->deadline);
    sock_drop_tcp(s, reset);
    unref(s); // the owner's
}

static void linger_over(struct net_deadline *d)
{
    net_close(container_of(d, struct net_sock, deadline), false);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status; // what matters is the peer's end, or the deadline
}

void sock_close_all(struct net_loop *l)
{
    list_each(s, &l->socks, struct net_sock, at) net_close(s, false);
    must(list_empty(&l->socks));
}

void net_sock_events(struct net_sock *s, const struct net_events *e, void *arg)
{
    must(e && !s->closed);
    s->events = e;
    s->arg = arg;
}

// --- writing -------------------------------------------------------------------------------------

// The reading side tells of a broken socket, behind what the peer still said. A socket that does
// not read would never hear of it.
static void write_failed(struct net_sock *s)
{
    if (!s->reading)
        sock_end_later(s, ERR_UPSTREAM_BROKEN);
}

// Empties a buffer, and lets go of it where it was unusually large.
static void empty(struct buf *b)
{
    if (b->cap > KEEP_BYTES) {
        buf_done(b);
        buf_init(b, SIZE_MAX / 2);
    }
    buf_clear(b);
}

static void send_waiting(struct net_sock *s, uv_write_cb on_written)
{
    uv_buf_t b = {.base = s->sending.p, .len = s->sending.n};
    must(!s->writing && s->sending.n && s->tcp); // (4)
    s->writing = uv_write(&s->tcp->write, (uv_stream_t *)&s->tcp->uv, &b, 1, on_written) == 0;
    if (!s->writing)
        write_failed(s);
}

static void shut_down(struct net_sock *s)
{
    if (uv_shutdown(&s->tcp->ending, (uv_stream_t *)&s->tcp->uv, on_shutdown) != 0)
        net_close(s, false);
}

static void on_written(uv_write_t *req, int status)
{
    struct tcp *t = req->handle->data;
    struct net_sock *s = t->sock;
    s->writing = false;
    if (t != s->tcp) // closed meanwhile
        return;
    empty(&s->sending);
    if (status != 0) {
        write_failed(s);
        return;
    }
    if (s->next.n) {
        struct buf spare = s->sending;
        s->sending = s->next;
        s->next = spare;
        send_waiting(s, on_written);
    } else if (s->lingering && !s->patient) {
        shut_down(s);
    } else if (!s->closed && !s->ended && s->events->on_drain) {
        s->events->on_drain(s->arg, s);
    }
}

static void linger(struct net_sock *s, int64_t linger_ms, bool patient)
{
    must(!s->closed);
    s->events = &no_events;
    if (!s->connected || !s->tcp || s->ended) {
        net_close(s, false);
        return;
    }
    if (s->tls && !patient)
        tls_bye(s);
    s->closed = s->lingering = true;
    s->patient = patient;
    net_deadline_disarm(&s->deadline);
    net_deadline_init(&s->deadline, linger_over);
    net_deadline_arm(loop_deadlines(s->loop, linger_ms), &s->deadline);
    start_reading(s);
    if (!s->writing && !patient)
        shut_down(s);
}

void net_close_after_flush(struct net_sock *s, int64_t linger_ms)
{
    linger(s, linger_ms, false);
}

void net_close_after_peer(struct net_sock *s, int64_t linger_ms)
{
    linger(s, linger_ms, true);
}

// Queues a copy of what the kernel did not take, from byte `from` of the slices on.
static void queue_rest(struct net_sock *s, const str *slices, unsigned count, size_t from)
{
    struct buf *to = s->writing ? &s->next : &s->sending;
    must(s->writing || s->sending.n == 0);
    for (unsigned i = 0; i < count; i++) {
        size_t skip = min_size(from, slices[i].n);
        from -= skip;
        buf_put(to, str_from(slices[i], skip));
    }
    if (!s->writing)
        send_waiting(s, on_written);
}

// What the kernel takes now; 0 where it takes nothing, less where the socket is broken. Pieces that
// are small together are joined: the kernel takes one piece cheaper than it gathers several.
static ssize_t send_now(struct net_sock *s, const str *slices, unsigned count, size_t total)
{
    char joined[JOINED_BYTES];
    const char *from = joined;
    int fd;
    ssize_t n;
    if (count > 1 && total > sizeof joined) {
        uv_buf_t bufs[SLICES_MAX];
        for (unsigned i = 0; i < count; i++)
            bufs[i] = (uv_buf_t){.base = (char *)(uintptr_t)slices[i].p, .len = slices[i].n};
        n = uv_try_write((uv_stream_t *)&s->tcp->uv, bufs, count);
        return n == UV_EAGAIN ? 0 : n;
    }
    size_t at = 0;
    for (unsigned i = 0; count > 1 && i < count; i++) {
        if (slices[i].n)
            memcpy(joined + at, slices[i].p, slices[i].n);
        at += slices[i].n;
    }
    if (count == 1)
        from = slices[0].p;
    if (uv_fileno((const uv_handle_t *)&s->tcp->uv, &fd) != 0)
        return -1;
    do
        n = send(fd, from, total, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 && (errno == EAGAIN || errno == ENOBUFS) ? 0 : n;
}

bool sock_write_raw(struct net_sock *s, const str *slices, unsigned count, size_t limit)
{
    size_t total = 0, done = 0;
    must(count <= SLICES_MAX && s->tcp);
    for (unsigned i = 0; i < count; i++)
        total += slices[i].n;
    if (total == 0)
        return true;
    if (!s->writing) {
        ssize_t n = send_now(s, slices, count, total);
        if (n < 0) {
            write_failed(s);
            return true;
        }
        done = (size_t)n;
        if (done == total)
            return true;
    }
    if (net_queued(s) + (total - done) > limit)
        return false;
    queue_rest(s, slices, count, done);
    return true;
}

bool net_write(struct net_sock *s, const str *slices, unsigned count, size_t queue_limit_bytes)
{
    must(!s->closed);
    if (s->ended)
        return true; // the owner knows
    must(s->connected);
    return s->tls ? tls_write(s, slices, count, queue_limit_bytes)
                  : sock_write_raw(s, slices, count, queue_limit_bytes);
}

size_t net_queued(const struct net_sock *s)
{
    if (!s->tcp)
        return 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&s->tcp->uv) + s->next.n;
}

// --- who is there --------------------------------------------------------------------------------

static bool peer_address(const struct net_sock *s, struct sockaddr_storage *a)
{
    int n = sizeof *a;
    *a = (struct sockaddr_storage){0};
    return s->tcp && uv_tcp_getpeername(&s->tcp->uv, (struct sockaddr *)a, &n) == 0;
}

void net_peer_name(const struct net_sock *s, char *dst, size_t cap)
{
    struct sockaddr_storage a;
    char host[64] = "?";
    must(cap > 0);
    if (!peer_address(s, &a)) {
        str_copy_to(dst, cap, S("not connected"));
    } else if (a.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&a;
        uv_ip4_name(v4, host, sizeof host);
        snprintf(dst, cap, "%s:%d", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const void *)&a;
        uv_ip6_name(v6, host, sizeof host);
        snprintf(dst, cap, "[%s]:%d", host, ntohs(v6->sin6_port));
    }
}
