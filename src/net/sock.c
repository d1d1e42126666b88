// sock.c: TCP sockets over libuv. Reading stays on from birth, so that a call costs no epoll_ctl; a
// write goes to the kernel at once and only what it does not take is copied and queued.
// Invariants: (1) after closed is set no event reaches the owner; (2) on_end is told once; (3) the
// struct lives until refs is 0: the owner, each open handle and each pending post hold one.
#include "net/inner.h"
#include <errno.h>
#include <unistd.h>

static const struct net_events no_events;

static void unref(struct net_sock *s)
{
    must(s->refs > 0);
    if (--s->refs)
        return;
    tls_free(s->tls);
    mem_free(s);
}

static struct net_sock *new_sock(struct net_loop *l)
{
    struct net_sock *s = mem_new(sizeof *s);
    s->loop = l;
    s->events = &no_events;
    s->refs = 1;
    list_init(&s->at);
    list_init(&s->dns.at);
    list_init(&s->deadline.at);
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

static void tell_later(void *arg)
{
    struct net_sock *s = arg;
    sock_end(s, s->later);
    unref(s);
}

static void end_later(struct net_sock *s, enum err e)
{
    s->later = e;
    s->refs++;
    net_loop_post(s->loop, tell_later, s);
}

// --- reading
// -----------------------------------------------------------------------------------------

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *ret)
{
    struct tcp *t = h->data;
    (void)hint;
    *ret = uv_buf_init(t->sock->loop->read_buf, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct tcp *t = stream->data;
    struct net_sock *s = t->sock;
    if (n == 0 || s->ended)
        return;
    if (s->lingering) {
        if (n < 0)
            net_close(s, false);
        return;
    }
    if (s->closed)
        return;
    if (n > 0 && s->tls) {
        tls_bytes(s, str_of(b->base, (size_t)n));
    } else if (n > 0) {
        if (s->events->on_data)
            s->events->on_data(s->arg, s, str_of(b->base, (size_t)n));
    } else if (s->tls && n == UV_EOF) {
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

void net_resume(struct net_sock *s)
{
    if (s->tcp && !s->reading && !s->closed && !s->ended)
        s->reading = uv_read_start((uv_stream_t *)&s->tcp->uv, on_alloc, on_read) == 0;
}

// --- handles
// -----------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *h)
{
    struct tcp *t = h->data;
    struct net_sock *s = t->sock;
    mem_free(t);
    unref(s);
}

static struct tcp *new_tcp(struct net_sock *s)
{
    struct tcp *t = mem_new(sizeof *t);
    t->sock = s;
    must(uv_tcp_init(&s->loop->uv, &t->uv) == 0);
    t->uv.data = t;
    s->refs++;
    return t;
}

static void drop_tcp(struct net_sock *s, bool reset)
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
    s->closed = true;
    s->lingering = false;
    list_remove(&s->at);
    dns_forget(&s->dns);
    net_deadline_disarm(&s->deadline);
    drop_tcp(s, reset);
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

void net_close_after_flush(struct net_sock *s, int64_t linger_ms)
{
    must(!s->closed);
    s->events = &no_events;
    if (!s->tcp || s->ended || s->tls) {
        net_close(s, false);
        return;
    }
    s->closed = s->lingering = true;
    list_push_back(&s->loop->lingering, &s->at);
    net_deadline_init(&s->deadline, linger_over);
    net_deadline_arm(loop_deadlines(s->loop, linger_ms), &s->deadline);
    if (uv_shutdown(&s->tcp->ending, (uv_stream_t *)&s->tcp->uv, on_shutdown) != 0) {
        net_close(s, false);
        return;
    }
    if (!s->reading)
        s->reading = uv_read_start((uv_stream_t *)&s->tcp->uv, on_alloc, on_read) == 0;
}

void sock_close_lingering(struct net_loop *l)
{
    list_each(s, &l->lingering, struct net_sock, at) net_close(s, false);
}

void net_sock_events(struct net_sock *s, const struct net_events *e, void *arg)
{
    must(e);
    s->events = e;
    s->arg = arg;
}

// --- writing
// -----------------------------------------------------------------------------------------

struct rest {
    uv_write_t req;
    size_t n;
    char bytes[];
};

static void on_written(uv_write_t *req, int status)
{
    struct rest *r = req->data;
    struct tcp *t = req->handle->data;
    struct net_sock *s = t->sock;
    must(s->queued >= r->n);
    s->queued -= r->n;
    mem_free(r);
    if (status == 0 && s->queued == 0 && !s->closed && !s->ended && s->events->on_drain)
        s->events->on_drain(s->arg, s);
}

// Queues a copy of what the kernel did not take, from byte `from` of the slices on.
static bool queue_rest(struct net_sock *s, const str *slices, unsigned count, size_t from)
{
    size_t total = 0, at = 0;
    for (unsigned i = 0; i < count; i++)
        total += slices[i].n;
    struct rest *r = mem_resize(NULL, sizeof *r + total - from);
    for (unsigned i = 0; i < count; i++) {
        size_t skip = min_size(from, slices[i].n);
        from -= skip;
        if (slices[i].n > skip)
            memcpy(r->bytes + at, slices[i].p + skip, slices[i].n - skip);
        at += slices[i].n - skip;
    }
    r->n = at;
    r->req.data = r;
    uv_buf_t b = uv_buf_init(r->bytes, (unsigned)at);
    s->queued += at;
    if (uv_write(&r->req, (uv_stream_t *)&s->tcp->uv, &b, 1, on_written) == 0)
        return true;
    s->queued -= at;
    mem_free(r);
    return true; // the socket is broken: its end is reported by the reading side
}

bool sock_write_raw(struct net_sock *s, const str *slices, unsigned count, size_t limit)
{
    enum { AT_ONCE = 24 };
    uv_buf_t bufs[AT_ONCE];
    size_t total = 0, done = 0;
    must(count <= AT_ONCE && s->tcp);
    for (unsigned i = 0; i < count; i++) {
        bufs[i] = (uv_buf_t){.base = (char *)(uintptr_t)slices[i].p, .len = slices[i].n};
        total += slices[i].n;
    }
    if (total == 0)
        return true;
    if (s->queued == 0) {
        int n = uv_try_write((uv_stream_t *)&s->tcp->uv, bufs, count);
        if (n < 0 && n != UV_EAGAIN)
            return true; // reported by the reading side
        done = n > 0 ? (size_t)n : 0;
        if (done == total)
            return true;
    }
    if (s->queued + (total - done) > limit)
        return false;
    return queue_rest(s, slices, count, done);
}

bool net_write(struct net_sock *s, const str *slices, unsigned count, size_t queue_limit_bytes)
{
    if (s->closed || s->ended || !s->tcp)
        return true;
    return s->tls ? tls_write(s, slices, count, queue_limit_bytes)
                  : sock_write_raw(s, slices, count, queue_limit_bytes);
}

size_t net_queued(const struct net_sock *s)
{
    return s->queued;
}

// --- connecting
// --------------------------------------------------------------------------------------

void sock_connected(struct net_sock *s)
{
    net_deadline_disarm(&s->deadline);
    s->connected = true;
    if (s->events->on_connect)
        s->events->on_connect(s->arg, s);
}

static void phase_late(struct net_deadline *d)
{
    struct net_sock *s = container_of(d, struct net_sock, deadline);
    dns_forget(&s->dns);
    sock_end(s, ERR_UPSTREAM_TIMEOUT);
}

static void connect_next(struct net_sock *s);

static void on_connected(uv_connect_t *req, int status)
{
    struct tcp *t = req->handle->data;
    struct net_sock *s = t->sock;
    if (s->closed || s->ended || t != s->tcp)
        return;
    if (status != 0) {
        drop_tcp(s, false);
        connect_next(s);
        return;
    }
    uv_tcp_nodelay(&t->uv, 1);
    net_resume(s);
    if (s->place->tls) {
        net_deadline_arm(loop_deadlines(s->loop, s->phases.tls_ms), &s->deadline);
        tls_start(s);
    } else {
        sock_connected(s);
    }
}

static void connect_next(struct net_sock *s)
{
    while (s->next_address < s->addresses.count) {
        const struct sockaddr_storage *a = &s->addresses.a[s->next_address++];
        s->tcp = new_tcp(s);
        if (uv_tcp_connect(&s->tcp->connecting, &s->tcp->uv, (const struct sockaddr *)a,
                           on_connected) == 0)
            return;
        drop_tcp(s, false);
    }
    end_later(s, ERR_UPSTREAM_REFUSED);
}

static void on_resolved(struct dns_wait *w, const struct addresses *found)
{
    struct net_sock *s = container_of(w, struct net_sock, dns);
    must(!s->closed);
    if (!found) {
        end_later(s, ERR_UPSTREAM_DNS);
        return;
    }
    s->addresses = *found;
    connect_next(s);
}

struct net_sock *net_connect(struct net_place *p, const struct net_phases *t,
                             const struct net_events *e, void *arg)
{
    struct net_sock *s = new_sock(p->loop);
    s->place = p;
    s->phases = *t;
    s->events = e;
    s->arg = arg;
    s->dns.fn = on_resolved;
    net_deadline_init(&s->deadline, phase_late);
    net_deadline_arm(loop_deadlines(p->loop, t->connect_ms), &s->deadline);
    if (dns_ask(p->loop, p->host, p->port, &s->addresses, &s->dns))
        connect_next(s);
    return s;
}

static void name_of(const struct sockaddr_storage *a, char *dst, size_t cap)
{
    char host[64] = "?";
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;
        uv_ip4_name(v4, host, sizeof host);
        snprintf(dst, cap, "%s:%d", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const void *)a;
        uv_ip6_name(v6, host, sizeof host);
        snprintf(dst, cap, "[%s]:%d", host, ntohs(v6->sin6_port));
    }
}

void net_peer_name(const struct net_sock *s, char *dst, size_t cap)
{
    struct sockaddr_storage a = {0};
    int n = sizeof a;
    must(cap > 0);
    if (!s->tcp || uv_tcp_getpeername(&s->tcp->uv, (struct sockaddr *)&a, &n) != 0)
        str_copy_to(dst, cap, S("not connected"));
    else
        name_of(&a, dst, cap);
}

bool net_peer_is_loopback(const struct net_sock *s)
{
    struct sockaddr_storage a = {0};
    int n = sizeof a;
    if (!s->tcp || uv_tcp_getpeername(&s->tcp->uv, (struct sockaddr *)&a, &n) != 0)
        return false;
    if (a.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)&a)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)&a)->sin6_addr);
}

// --- listening
// ---------------------------------------------------------------------------------------

struct net_listener {
    uv_tcp_t uv;
    struct net_loop *loop;
    void (*on_accept)(void *arg, struct net_sock *s);
    void *arg;
};

static void on_connection(uv_stream_t *server, int status)
{
    struct net_listener *n = server->data;
    if (status != 0)
        return;
    struct net_sock *s = new_sock(n->loop);
    s->tcp = new_tcp(s);
    if (uv_accept(server, (uv_stream_t *)&s->tcp->uv) != 0) {
        net_close(s, false);
        return;
    }
    uv_tcp_nodelay(&s->tcp->uv, 1);
    s->connected = true;
    net_resume(s);
    n->on_accept(n->arg, s);
}

static int open_port(const struct sockaddr_storage *a, bool shared)
{
    int on = 1;
    socklen_t n =
        a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, (const struct sockaddr *)a, n) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static const char *port_trouble(void)
{
    return errno == EADDRINUSE ? "the port is taken; choose another with --listen"
                               : strerror(errno);
}

bool net_port_is_free(str addr, char ret_why[160])
{
    struct sockaddr_storage a = {0};
    if (!addr_parse(addr, &a, ret_why))
        return false;
    int fd = open_port(&a, false);
    if (fd < 0)
        snprintf(ret_why, 160, "%s", port_trouble());
    else
        close(fd);
    return fd >= 0;
}

struct net_listener *net_listen(struct net_loop *l, str addr,
                                void (*on_accept)(void *arg, struct net_sock *s), void *arg,
                                char ret_why[160])
{
    enum { BACKLOG = 4096 };
    struct sockaddr_storage a = {0};
    if (!addr_parse(addr, &a, ret_why))
        return NULL;
    int fd = open_port(&a, true);
    if (fd < 0) {
        snprintf(ret_why, 160, "%s", port_trouble());
        return NULL;
    }
    struct net_listener *n = mem_new(sizeof *n);
    n->loop = l;
    n->on_accept = on_accept;
    n->arg = arg;
    must(uv_tcp_init(&l->uv, &n->uv) == 0);
    n->uv.data = n;
    int status = uv_tcp_open(&n->uv, fd);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&n->uv, BACKLOG, on_connection);
    if (status != 0) {
        snprintf(ret_why, 160, "%s", uv_strerror(status));
        net_listener_close(n);
        return NULL;
    }
    return n;
}

static void on_listener_closed(uv_handle_t *h)
{
    mem_free(h->data);
}

void net_listener_close(struct net_listener *n)
{
    if (n)
        uv_close((uv_handle_t *)&n->uv, on_listener_closed);
}

int net_listener_port(const struct net_listener *n)
{
    struct sockaddr_storage a = {0};
    int size = sizeof a;
    must(uv_tcp_getsockname(&n->uv, (struct sockaddr *)&a, &size) == 0);
    return ntohs(a.ss_family == AF_INET
                     ? ((const struct sockaddr_in *)(const void *)&a)->sin_port
                     : ((const struct sockaddr_in6 *)(const void *)&a)->sin6_port);
}
