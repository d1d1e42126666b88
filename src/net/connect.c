// connect.c: outgoing sockets up to the moment when they are up: name, TCP (each address in turn,
// with its share of the time), TLS. Invariants: (1) a phase has one deadline armed; (2) failures
// are told from the loop, also those that are known at once; (3) the dial goes when the socket is
// up or freed.
#include "net/inner.h"

enum { SHARE_MS_MIN = 200 };

void dial_free(struct dial *d)
{
    mem_free(d);
}

static void enter(struct net_sock *s, enum phase phase, int64_t limit_ms)
{
    must(s->dial && !s->connected);
    s->dial->phase = phase;
    net_deadline_arm(loop_deadlines(s->loop, limit_ms), &s->deadline);
}

void sock_up(struct net_sock *s)
{
    must(!s->connected && !s->closed && !s->ended);
    net_deadline_disarm(&s->deadline);
    s->connected = true;
    dial_free(s->dial);
    s->dial = NULL;
    if (s->events->on_connect)
        s->events->on_connect(s->arg, s);
}

static enum err why_of(int status)
{
    return status == UV_ETIMEDOUT ? ERR_UPSTREAM_TIMEOUT : ERR_UPSTREAM_REFUSED;
}

// The next address; when there is none left, the end.
static void connect_next(struct net_sock *s, uv_connect_cb on_connected)
{
    struct dial *d = s->dial;
    while (d->next_address < d->addresses.count) {
        const struct sockaddr_storage *a = &d->addresses.a[d->next_address++];
        if (s->place->private_only && !addr_is_private(a)) {
            d->why = ERR_UPSTREAM_PUBLIC;
            continue;
        }
        struct tcp *t = sock_new_tcp(s);
        enter(s, PHASE_TCP, d->share_ms);
        t->connect.data = t;
        int status = uv_tcp_connect(&t->connect, &t->uv, (const struct sockaddr *)a, on_connected);
        if (status == 0)
            return;
        d->why = why_of(status);
        sock_drop_tcp(s, false);
    }
    net_deadline_disarm(&s->deadline);
    dns_distrust(s->loop, s->place->host, s->place->port);
    sock_end_later(s, d->why);
}

static void on_connected(uv_connect_t *req, int status)
{
    struct tcp *t = req->data;
    struct net_sock *s = t->sock;
    if (s->closed || s->ended || t != s->tcp)
        return;
    if (status != 0) {
        s->dial->why = why_of(status);
        sock_drop_tcp(s, false);
        connect_next(s, on_connected);
        return;
    }
    uv_tcp_nodelay(&t->uv, 1);
    net_resume(s);
    if (s->place->tls) {
        enter(s, PHASE_TLS, s->dial->limits.tls_ms);
        tls_start(s);
    } else {
        sock_up(s);
    }
}

static void phase_late(struct net_deadline *deadline)
{
    struct net_sock *s = container_of(deadline, struct net_sock, deadline);
    struct dial *d = s->dial;
    must(d);
    if (d->phase == PHASE_NAME) {
        dns_forget(&d->dns);
        sock_end(s, ERR_UPSTREAM_DNS);
    } else if (d->phase == PHASE_TCP && d->next_address < d->addresses.count) {
        d->why = ERR_UPSTREAM_TIMEOUT;
        sock_drop_tcp(s, false);
        connect_next(s, on_connected);
    } else {
        sock_end(s, ERR_UPSTREAM_TIMEOUT);
    }
}

static void have_addresses(struct net_sock *s)
{
    struct dial *d = s->dial;
    must(d->addresses.count > 0 && d->addresses.count <= ADDR_MAX);
    int64_t share = d->limits.connect_ms / d->addresses.count;
    int64_t least = d->limits.connect_ms < SHARE_MS_MIN ? d->limits.connect_ms : SHARE_MS_MIN;
    d->share_ms = share < least ? least : share;
    connect_next(s, on_connected);
}

static void on_resolved(struct dns_wait *w, const struct addresses *found)
{
    struct dial *d = container_of(w, struct dial, dns);
    must(!d->sock->closed);
    if (!found) {
        sock_end(d->sock, ERR_UPSTREAM_DNS);
        return;
    }
    d->addresses = *found;
    have_addresses(d->sock);
}

struct net_sock *net_connect(struct net_place *p, const struct net_phases *t,
                             const struct net_events *e, void *arg)
{
    struct net_sock *s = sock_new(p->loop);
    struct dial *d = mem_new(sizeof *d);
    must(t->connect_ms > 0 && e);
    s->place = p;
    s->events = e;
    s->arg = arg;
    s->dial = d;
    d->sock = s;
    d->limits = *t;
    d->why = ERR_UPSTREAM_REFUSED;
    d->dns.fn = on_resolved;
    list_init(&d->dns.at);
    net_deadline_init(&s->deadline, phase_late);
    if (dns_ask(p->loop, p->host, p->port, &d->addresses, &d->dns))
        have_addresses(s);
    else
        enter(s, PHASE_NAME, p->loop->settings->dns_timeout);
    return s;
}
