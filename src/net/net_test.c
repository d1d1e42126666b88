// net_test.c: real sockets on loopback: talking, refusing, ending, deadlines, names, posts.
#include "net/net.h"
#include "tests/unit.h"

struct world {
    struct net_settings settings;
    struct net_loop *loop;
    struct net_listener *listener;
    struct net_sock *server, *client;
    struct net_deadlines guard;
    struct net_deadline late;
    char got[64], back[64];
    int ends, connects;
    enum err end;
    bool timed_out;
};

static struct world *world_of;

static void too_late(struct net_deadline *d)
{
    struct world *w = container_of(d, struct world, late);
    w->timed_out = true;
    net_loop_stop(w->loop);
}

static void server_data(void *arg, struct net_sock *s, str bytes)
{
    struct world *w = arg;
    str out[] = {S("echo "), bytes};
    str_copy_to(w->got, sizeof w->got, bytes);
    CHECK(net_peer_is_loopback(s));
    CHECK(net_write(s, out, 2, 4096));
    net_close_after_flush(s, 500);
    w->server = NULL;
}

static void server_end(void *arg, struct net_sock *s, enum err e)
{
    (void)arg;
    (void)e;
    net_close(s, false);
}

static const struct net_events server_events = {.on_data = server_data, .on_end = server_end};

static void on_accept(void *arg, struct net_sock *s)
{
    struct world *w = arg;
    w->server = s;
    net_sock_events(s, &server_events, w);
}

static void client_connect(void *arg, struct net_sock *s)
{
    struct world *w = arg;
    str hello = S("hello");
    w->connects++;
    CHECK(net_write(s, &hello, 1, 4096));
}

static void client_data(void *arg, struct net_sock *s, str bytes)
{
    struct world *w = arg;
    (void)s;
    size_t n = strlen(w->back);
    str_copy_to(w->back + n, sizeof w->back - n, bytes);
}

static void client_end(void *arg, struct net_sock *s, enum err e)
{
    struct world *w = arg;
    w->ends++;
    w->end = e;
    net_close(s, false);
    net_loop_stop(w->loop);
}

static const struct net_events client_events = {client_connect, client_data, NULL, client_end};

static void begin(struct world *w)
{
    char why[160];
    memset(w, 0, sizeof *w);
    conf_defaults(&w->settings, &net_setting_table);
    w->loop = net_loop_new(&w->settings);
    w->listener = net_listen(w->loop, S("127.0.0.1:0"), on_accept, w, why);
    CHECK(w->listener);
    net_deadlines_init(&w->guard, w->loop, 5000);
    net_deadline_init(&w->late, too_late);
    net_deadline_arm(&w->guard, &w->late);
    world_of = w;
}

static void end(struct world *w)
{
    CHECK(!w->timed_out);
    net_deadline_disarm(&w->late);
    net_listener_close(w->listener);
    net_deadlines_done(&w->guard);
    net_loop_free(w->loop);
}

static struct net_place *connect_to(struct world *w, const char *url)
{
    struct net_place *p = NULL;
    struct net_phases t = {.connect_ms = 3000, .tls_ms = 3000};
    str path;
    char why[160];
    int before = w->ends;
    if (CHECK(net_place_new(w->loop, str_c(url), &p, &path, why) == OK)) {
        w->client = net_connect(p, &t, &client_events, w);
        CHECK(w->ends == before); // never from inside
        net_loop_run(w->loop);
    }
    return p;
}

TEST(two_sockets_talk_and_the_end_is_told_once)
{
    struct world w;
    char url[64];
    begin(&w);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", net_listener_port(w.listener));
    struct net_place *p = connect_to(&w, url);
    CHECK(strcmp(w.got, "hello") == 0 && strcmp(w.back, "echo hello") == 0);
    CHECK(w.ends == 1 && w.end == OK);
    net_place_free(p);
    snprintf(url, sizeof url, "http://localhost:%d", net_listener_port(w.listener));
    w.back[0] = 0;
    p = connect_to(&w, url); // a name, through the resolver
    CHECK(strcmp(w.back, "echo hello") == 0 && w.ends == 2);
    net_place_free(p);
    end(&w);
}

TEST(a_closed_port_refuses_and_an_impossible_name_does_not_resolve)
{
    struct world w;
    begin(&w);
    struct net_place *p = connect_to(&w, "http://127.0.0.1:1");
    CHECK(w.ends == 1 && w.end == ERR_UPSTREAM_REFUSED && w.connects == 0);
    net_place_free(p);
    p = connect_to(&w, "http://no-such-host.invalid");
    CHECK(w.ends == 2 && w.end == ERR_UPSTREAM_DNS);
    net_place_free(p);
    end(&w);
}

TEST(plain_bytes_are_no_tls_handshake)
{
    struct world w;
    char url[64];
    begin(&w);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", net_listener_port(w.listener));
    struct net_place *p = connect_to(&w, url);
    CHECK(w.ends == 1 && w.end == ERR_UPSTREAM_TLS && w.connects == 0);
    net_place_free(p);
    end(&w);
}

TEST(a_taken_port_is_told_and_addresses_are_checked)
{
    struct world w;
    char addr[64], why[160] = "";
    begin(&w);
    snprintf(addr, sizeof addr, "127.0.0.1:%d", net_listener_port(w.listener));
    CHECK(!net_port_is_free(str_c(addr), why) && strstr(why, "taken"));
    CHECK(!net_port_is_free(S("nowhere"), why) && !net_port_is_free(S("example.com:80"), why));
    CHECK(net_port_is_free(S("127.0.0.1:0"), why));
    end(&w);
}

static void note(void *arg)
{
    struct world *w = arg;
    w->connects++;
    net_loop_stop(w->loop);
}

static void fires(struct net_deadline *d)
{
    (void)d;
    note(world_of);
}

TEST(posts_tickers_and_deadlines_fire_and_disarm)
{
    struct world w;
    struct net_deadlines q;
    struct net_deadline one, never;
    begin(&w);
    net_loop_post(w.loop, note, &w);
    net_loop_run(w.loop);
    CHECK(w.connects == 1);
    net_deadlines_init(&q, w.loop, 10);
    net_deadline_init(&one, fires);
    net_deadline_init(&never, fires);
    net_deadline_arm(&q, &never);
    net_deadline_arm(&q, &one);
    net_deadline_disarm(&never);
    CHECK(net_deadline_armed(&one) && !net_deadline_armed(&never));
    net_loop_run(w.loop);
    CHECK(w.connects == 2 && !net_deadline_armed(&one));
    struct net_ticker *t = net_ticker_new(w.loop, 5, note, &w);
    net_loop_run(w.loop);
    CHECK(w.connects == 3);
    net_ticker_free(t);
    net_deadlines_done(&q);
    end(&w);
}

TEST(wrong_urls_are_told)
{
    static const char *const urls[] = {"ftp://a", "http://", "http://a:99999", "http://a b",
                                       "http://a:x/"};
    struct world w;
    begin(&w);
    for (size_t i = 0; i < countof(urls); i++) {
        struct net_place *p;
        str path;
        char why[160] = "";
        CHECK(net_place_new(w.loop, str_c(urls[i]), &p, &path, why) == ERR_BAD_CONFIG && why[0]);
    }
    end(&w);
}
