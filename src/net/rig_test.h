// rig_test.h: for tests of net: a loop that cannot hang, a port of its own, and two ends of a
// connection that note what they are told.
#ifndef NET_RIG_TEST_H
#define NET_RIG_TEST_H
#include "base/buf.h"
#include "base/mem.h"
#include "net/net.h"
#include "tests/unit.h"

static const struct net_phases rig_patient = {.connect_ms = 5000, .tls_ms = 5000};
enum { RIG_GUARD_MS = 10000, RIG_BYTES_MAX = 256 << 20 };

struct rig;
// One end of a connection. What it is told goes on to the test's own hooks.
struct rig_end {
    struct rig *rig;
    struct net_sock *sock; // NULL once it is closed
    struct buf got;
    int connects, ends, drains, reads;
    enum err err; // of its end
    void (*on_connect)(struct rig_end *e);
    void (*on_data)(struct rig_end *e);
    void (*on_drain)(struct rig_end *e);
    void (*on_end)(struct rig_end *e);
};
struct rig {
    struct net_settings settings;
    struct net_loop *loop;
    struct net_ticker *guard;
    struct net_listener *listener;
    struct net_place *place;
    struct rig_end client, server;
    void (*on_accept)(struct rig *r);
    void *arg;
    char url[128];
    bool late;
};

static inline void rig_stop(struct rig_end *e)
{
    net_loop_stop(e->rig->loop);
}

static inline void rig_close(struct rig_end *e, bool reset)
{
    must(e->sock);
    net_close(e->sock, reset);
    e->sock = NULL;
}

// The next connection may come: what the server was told is forgotten.
static inline void rig_new_server(struct rig_end *e)
{
    if (e->sock)
        rig_close(e, false);
    e->ends = 0;
    buf_clear(&e->got);
}

static inline bool rig_say(struct rig_end *e, str bytes)
{
    return net_write(e->sock, &bytes, 1, RIG_BYTES_MAX);
}

static inline void rig_connected(void *arg, struct net_sock *s)
{
    struct rig_end *e = arg;
    CHECK(e->sock == s && e->connects++ == 0 && e->ends == 0);
    if (e->on_connect)
        e->on_connect(e);
}

static inline void rig_data(void *arg, struct net_sock *s, str bytes)
{
    struct rig_end *e = arg;
    CHECK(e->sock == s && e->ends == 0 && bytes.n > 0);
    buf_put(&e->got, bytes);
    e->reads++;
    if (e->on_data)
        e->on_data(e);
}

static inline void rig_drained(void *arg, struct net_sock *s)
{
    struct rig_end *e = arg;
    CHECK(e->sock == s && e->ends == 0 && net_queued(s) == 0);
    e->drains++;
    if (e->on_drain)
        e->on_drain(e);
}

static inline void rig_ended(void *arg, struct net_sock *s, enum err err)
{
    struct rig_end *e = arg;
    CHECK(e->sock == s && e->ends++ == 0);
    e->err = err;
    rig_close(e, false);
    if (e->on_end)
        e->on_end(e);
}

static const struct net_events rig_events = {rig_connected, rig_data, rig_drained, rig_ended};

static inline void rig_accepted(void *arg, struct net_sock *s)
{
    struct rig *r = arg;
    CHECK(!r->server.sock);
    r->server.sock = s;
    net_sock_events(s, &rig_events, &r->server);
    if (r->on_accept)
        r->on_accept(r);
}

static inline void rig_is_late(void *arg)
{
    struct rig *r = arg;
    r->late = true;
    net_loop_stop(r->loop);
}

static inline void rig_init(struct rig *r)
{
    char why[160];
    *r = (struct rig){.client.rig = r, .server.rig = r};
    conf_defaults(&r->settings, &net_setting_table);
    r->loop = net_loop_new(&r->settings);
    r->guard = net_ticker_new(r->loop, RIG_GUARD_MS, rig_is_late, r);
    r->listener = net_listen(r->loop, S("127.0.0.1:0"), rig_accepted, r, why);
    must(r->listener);
    buf_init(&r->client.got, RIG_BYTES_MAX);
    buf_init(&r->server.got, RIG_BYTES_MAX);
}

// Starts to connect; %d in the url is the listener's port.
static inline void rig_dial(struct rig *r, const char *url, struct net_phases phases)
{
    char full[128], why[160];
    str path;
    const char *mark = strstr(url, "%d");
    snprintf(full, sizeof full, "%.*s", (int)(mark ? mark - url : (long)strlen(url)), url);
    if (mark)
        snprintf(full + strlen(full), sizeof full - strlen(full), "%d%s",
                 net_listener_port(r->listener), mark + 2);
    if (strcmp(full, r->url) != 0) { // a place is kept for its sessions
        net_place_free(r->place);
        must(net_place_new(r->loop, str_c(full), &r->place, &path, why) == OK);
        memcpy(r->url, full, sizeof full);
    }
    r->client.connects = r->client.ends = 0;
    r->client.sock = net_connect(r->place, &phases, &rig_events, &r->client);
    CHECK(r->client.connects == 0 && r->client.ends == 0); // never from inside
}

static inline void rig_run(struct rig *r)
{
    if (!r->late)
        net_loop_run(r->loop);
}

// Connects, and runs until a hook stops the loop.
static inline void rig_meet(struct rig *r, const char *url)
{
    rig_dial(r, url, rig_patient);
    rig_run(r);
}

static inline void rig_done(struct rig *r)
{
    CHECK(!r->late);
    if (r->client.sock)
        rig_close(&r->client, false);
    if (r->server.sock)
        rig_close(&r->server, false);
    net_place_free(r->place);
    if (r->listener)
        net_listener_close(r->listener);
    net_ticker_free(r->guard);
    buf_done(&r->client.got);
    buf_done(&r->server.got);
    net_loop_free(r->loop);
}
#endif
