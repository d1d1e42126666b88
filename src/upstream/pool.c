// pool.c: connections to targets, one pool a target and worker. Numbered invariants:
// (1) A connection is in the list of its state, and only pool_conn_to moves it, along `next_of`.
// (2) Each state but connecting has its deadline armed by the same setter; connecting has net's.
// (3) An idle connection has no user and reads: whatever comes from it, bytes or an end, closes it.
// (4) At most idle_connections are idle; the one that was idle longest goes first.
#include "upstream/pool.h"
#include "base/mem.h"

#define TO(state) (1u << CONN_##state)
static const unsigned next_of[CONN_STATES] = {
    [CONN_CONNECTING] = TO(SENDING) | TO(CLOSING),
    [CONN_IDLE] = TO(SENDING) | TO(CLOSING),
    [CONN_SENDING] = TO(WAITING) | TO(READING) | TO(CLOSING), // reading: an answer before the end
    [CONN_WAITING] = TO(READING) | TO(CLOSING),
    [CONN_READING] = TO(IDLE) | TO(CLOSING),
    [CONN_CLOSING] = 0,
};

void pool_conn_to(struct conn *c, enum conn_state to)
{
    struct pool *p = c->pool;
    struct upstream *u = p->owner;
    struct net_deadlines *const deadlines[CONN_STATES] = {
        [CONN_IDLE] = &u->keep,
        [CONN_SENDING] = &u->first_byte,
        [CONN_WAITING] = &u->first_byte,
        [CONN_READING] = &u->silence,
    };
    must(next_of[c->state] & 1u << to);
    must((to == CONN_IDLE || to == CONN_CLOSING) == !c->user);
    p->idle_count -= c->state == CONN_IDLE;
    p->idle_count += to == CONN_IDLE;
    list_remove(&c->at);
    list_push_front(&p->conns[to], &c->at);
    c->state = to;
    if (deadlines[to])
        net_deadline_arm(deadlines[to], &c->deadline);
    else
        net_deadline_disarm(&c->deadline);
}

static void on_deadline(struct net_deadline *d)
{
    struct conn *c = container_of(d, struct conn, deadline);
    must(c->state != CONN_CONNECTING && c->state != CONN_CLOSING);
    if (c->state == CONN_IDLE)
        pool_close(c);
    else
        try_timed_out(c->user);
}

static void on_connect(void *arg, struct net_sock *s)
{
    struct conn *c = arg;
    must(c->sock == s && c->state == CONN_CONNECTING);
    net_peer_name(s, c->peer, sizeof c->peer);
    try_connected(c->user);
}

static void on_data(void *arg, struct net_sock *s, str bytes)
{
    struct conn *c = arg;
    must(c->sock == s && c->state != CONN_CONNECTING);
    if (c->state == CONN_IDLE)
        pool_close(c); // nobody asked for anything: these bytes belong to no answer
    else
        try_data(c->user, bytes);
}

static void on_drain(void *arg, struct net_sock *s)
{
    struct conn *c = arg;
    must(c->sock == s);
    if (c->state == CONN_SENDING)
        try_drained(c->user);
}

static void on_end(void *arg, struct net_sock *s, enum err e)
{
    struct conn *c = arg;
    must(c->sock == s);
    if (c->state == CONN_IDLE)
        pool_close(c);
    else
        try_conn_ended(c->user, e);
}

static const struct net_events events = {
    .on_connect = on_connect, .on_data = on_data, .on_drain = on_drain, .on_end = on_end};

struct conn *pool_take(struct pool *p, struct upstream_try *t)
{
    struct conn *c = list_first(&p->conns[CONN_IDLE], struct conn, at);
    if (!c)
        return NULL;
    must(c->state == CONN_IDLE && !c->user);
    c->user = t;
    metric_add(p->owner->metrics, METRIC_upstream_connections, 1, 1);
    return c;
}

struct conn *pool_open(struct pool *p, struct upstream_try *t)
{
    must(p->place);
    struct conn *c = mem_new(sizeof *c);
    c->pool = p;
    c->user = t;
    c->state = CONN_CONNECTING;
    list_init(&c->at);
    list_push_front(&p->conns[CONN_CONNECTING], &c->at);
    net_deadline_init(&c->deadline, on_deadline);
    c->sock = net_connect(p->place, &p->owner->phases, &events, c);
    must(c->sock);
    metric_add(p->owner->metrics, METRIC_upstream_connections, 0, 1);
    return c;
}

void pool_keep(struct conn *c)
{
    struct pool *p = c->pool;
    size_t most = (size_t)p->owner->settings->idle_connections;
    c->user = NULL;
    if (most == 0) {
        pool_close(c);
        return;
    }
    if (p->idle_count >= most)
        pool_close(container_of(p->conns[CONN_IDLE].prev, struct conn, at));
    pool_conn_to(c, CONN_IDLE);
    must(p->idle_count <= most);
}

void pool_close(struct conn *c)
{
    c->user = NULL;
    pool_conn_to(c, CONN_CLOSING);
    net_close(c->sock, false);
    list_remove(&c->at);
    mem_free(c);
}

// --- what a target's requests have in common -----------------------------------------------------

static bool fit_for_a_header(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return true;
}

static bool fit_for_a_path(str s)
{
    return fit_for_a_header(s) && str_find_char(s, ' ') == SIZE_MAX &&
           str_find_char(s, '?') == SIZE_MAX && str_find_char(s, '#') == SIZE_MAX;
}

void pool_init(struct pool *p, struct upstream *u, unsigned target)
{
    const struct target *t = &u->fleet->targets[target];
    struct arena *a = &u->arena;
    str path = STR_NONE, key = str_trim(t->api_key);
    char why[160];
    *p = (struct pool){.owner = u, .target = target, .local = u->fleet->zones[t->zone].local};
    for (unsigned i = 0; i < CONN_STATES; i++)
        list_init(&p->conns[i]);
    if (!fit_for_a_header(key) || !fit_for_a_path(t->base_url) ||
        net_place_new(u->loop, t->base_url, &p->place, &path, why) != OK) {
        p->place = NULL;
        return;
    }
    const struct zone *zone = &u->fleet->zones[t->zone];
    if (zone->local && !zone->anywhere && !net_place_keep_private(p->place)) {
        net_place_free(p->place);
        p->place = NULL;
        return;
    }
    while (str_ends(path, S("/")))
        path.n--;
    p->line = arena_printf(a, "POST %.*s", STR_ARGS(path));
    str host = net_place_host(p->place);
    p->fixed = arena_printf(a,
                            " HTTP/1.1\r\nHost: %.*s\r\nContent-Type: application/json\r\n"
                            "%s%.*s%sAccept: ",
                            STR_ARGS(host), key.n ? "Authorization: Bearer " : "", STR_ARGS(key),
                            key.n ? "\r\n" : "");
}

void pool_done(struct pool *p)
{
    for (unsigned i = 0; i < CONN_STATES; i++)
        list_each(c, &p->conns[i], struct conn, at)
        {
            if (c->user)
                upstream_cancel(c->user);
            else
                pool_close(c);
        }
    for (unsigned i = 0; i < CONN_STATES; i++)
        must(list_empty(&p->conns[i]));
    if (p->place)
        net_place_free(p->place);
}
