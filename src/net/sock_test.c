// sock_test.c: real sockets on loopback: words, floods, pauses, every way to end.
#include "net/rig_test.h"
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static void echo(struct rig_end *e)
{
    CHECK(rig_say(e, buf_str(&e->got)));
    buf_clear(&e->got);
}

static void say_hello(struct rig_end *e)
{
    str words[] = {S("hel"), STR_NONE, S("lo")};
    CHECK(net_write(e->sock, words, 3, 0)); // a limit of nothing: the kernel takes it all
    CHECK(net_queued(e->sock) == 0);
}

TEST(words_go_there_and_back)
{
    struct rig r;
    char name[64];
    rig_init(&r);
    r.server.on_data = echo;
    r.client.on_connect = say_hello;
    r.client.on_data = rig_stop;
    rig_dial(&r, "http://127.0.0.1:%d", rig_patient);
    net_peer_name(r.client.sock, name, sizeof name);
    CHECK(strcmp(name, "not connected") == 0 || strncmp(name, "127.0.0.1:", 10) == 0);
    rig_run(&r);
    CHECK(r.client.connects == 1 && str_eq(buf_str(&r.client.got), S("hello")));
    net_peer_name(r.client.sock, name, sizeof name);
    CHECK(strncmp(name, "127.0.0.1:", 10) == 0);
    rig_done(&r);
}

// --- floods and back-pressure --------------------------------------------------------------------

enum { FLOOD = 24 << 20, PIECE = 1 << 20 };

static void flood(struct rig_end *e)
{
    char *piece = mem_new(PIECE);
    for (size_t i = 0; i < FLOOD / PIECE; i++) {
        memset(piece, 'a' + (int)i, PIECE);
        CHECK(rig_say(e, str_of(piece, PIECE)));
    }
    CHECK(net_queued(e->sock) > 0);
    mem_free(piece);
}

static void stop_when_whole(struct rig_end *e)
{
    if (e->got.n == FLOOD)
        net_loop_stop(e->rig->loop);
}

TEST(what_the_kernel_does_not_take_waits_and_comes_in_order)
{
    struct rig r;
    rig_init(&r);
    r.client.on_connect = flood;
    r.server.on_data = stop_when_whole;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.server.got.n == FLOOD && r.client.drains == 1);
    bool right = true;
    for (size_t i = 0; i < r.server.got.n; i += 4096)
        right &= r.server.got.p[i] == 'a' + (int)(i / PIECE);
    CHECK(right);
    rig_done(&r);
}

static void flood_past_the_limit(struct rig_end *e)
{
    char *piece = mem_new(PIECE);
    str s = {piece, PIECE};
    bool fine = true;
    int taken = 0;
    for (; fine && taken < 200; taken++)
        fine = net_write(e->sock, &s, 1, 2 * PIECE);
    CHECK(!fine && net_queued(e->sock) <= 2 * PIECE);
    mem_free(piece);
    rig_close(e, true);
}

static void pause_reading(struct rig *r)
{
    net_pause(r->server.sock);
}

TEST(a_queue_has_its_limit)
{
    struct rig r;
    rig_init(&r);
    r.client.on_connect = flood_past_the_limit;
    r.server.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.server.ends == 1 && r.server.err == ERR_UPSTREAM_BROKEN);
    rig_done(&r);
}

struct waiter {
    struct net_deadlines q;
    struct net_deadline d;
    struct rig *rig;
    int reads_before;
};

static void after_a_while(struct net_deadline *d)
{
    struct waiter *w = container_of(d, struct waiter, d);
    w->reads_before = w->rig->server.reads;
    net_resume(w->rig->server.sock);
}

TEST(a_paused_socket_hears_nothing_until_it_is_resumed)
{
    struct rig r;
    struct waiter w = {.rig = &r};
    rig_init(&r);
    net_deadlines_init(&w.q, r.loop, 30);
    net_deadline_init(&w.d, after_a_while);
    net_deadline_arm(&w.q, &w.d);
    r.on_accept = pause_reading;
    r.client.on_connect = say_hello;
    r.server.on_data = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(w.reads_before == 0 && r.server.reads == 1);
    net_deadlines_done(&w.q);
    rig_done(&r);
}

// --- ends ----------------------------------------------------------------------------------------

static void leave(struct rig_end *e)
{
    rig_close(e, false);
}

static void leave_rudely(struct rig_end *e)
{
    rig_close(e, true);
}

TEST(the_peers_end_is_told_once_and_kindly)
{
    struct rig r;
    rig_init(&r);
    r.client.on_connect = leave; // inside its own callback
    r.server.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.server.ends == 1 && r.server.err == OK && r.client.ends == 0);
    rig_done(&r);
}

TEST(a_reset_is_an_error)
{
    struct rig r;
    rig_init(&r);
    r.client.on_connect = leave_rudely;
    r.server.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.server.ends == 1 && r.server.err == ERR_UPSTREAM_BROKEN);
    rig_done(&r);
}

static void flood_and_finish(struct rig *r)
{
    flood(&r->server);
    net_close_after_flush(r->server.sock, 5000);
    r->server.sock = NULL;
}

TEST(what_waits_goes_out_before_a_socket_is_closed_kindly)
{
    struct rig r;
    rig_init(&r);
    r.on_accept = flood_and_finish;
    r.client.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.client.got.n == FLOOD && r.client.err == OK);
    rig_done(&r);
}

static void flood_and_wait(struct rig *r)
{
    flood(&r->server);
    net_close_after_peer(r->server.sock, 5000);
    r->server.sock = NULL;
}

static void leave_when_all_came(struct rig_end *e)
{
    if (e->got.n < FLOOD)
        return;
    CHECK(e->ends == 0);
    rig_stop(e);
}

TEST(a_socket_may_leave_its_end_to_the_peer)
{
    struct rig r;
    rig_init(&r);
    r.on_accept = flood_and_wait;
    r.client.on_data = leave_when_all_came;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.client.got.n == FLOOD && r.client.ends == 0);
    rig_done(&r);
}

static void say_and_wait(struct rig *r)
{
    CHECK(rig_say(&r->server, S("bye")));
    net_close_after_peer(r->server.sock, 20);
    r->server.sock = NULL;
}

TEST(a_peer_that_never_ends_is_not_waited_for_past_the_linger)
{
    struct rig r;
    rig_init(&r);
    r.on_accept = say_and_wait;
    r.client.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.client.got.n == 3 && r.client.ends == 1 && r.client.err == OK);
    rig_done(&r);
}

static void finish_at_once(struct rig *r)
{
    flood(&r->server);
    net_close_after_flush(r->server.sock, 20);
    r->server.sock = NULL;
}

static void pause_and_wait(struct rig_end *e)
{
    net_pause(e->sock);
}

static void resume_client(struct net_deadline *d)
{
    struct waiter *w = container_of(d, struct waiter, d);
    net_resume(w->rig->client.sock);
}

TEST(a_peer_that_does_not_read_is_not_waited_for_past_the_linger)
{
    struct rig r;
    struct waiter w = {.rig = &r};
    rig_init(&r);
    net_deadlines_init(&w.q, r.loop, 200);
    net_deadline_init(&w.d, resume_client);
    net_deadline_arm(&w.q, &w.d);
    r.on_accept = finish_at_once;
    r.client.on_connect = pause_and_wait;
    r.client.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    CHECK(r.client.ends == 1 && r.client.got.n < FLOOD);
    net_deadlines_done(&w.q);
    rig_done(&r);
}

static void write_on_broken(struct net_deadline *d)
{
    struct waiter *w = container_of(d, struct waiter, d);
    CHECK(rig_say(&w->rig->client, S("is anybody there?")));
    CHECK(w->rig->client.ends == 0); // told from the loop, not from inside
}

TEST(a_paused_socket_hears_of_its_end_by_writing)
{
    struct rig r;
    struct waiter w = {.rig = &r};
    rig_init(&r);
    net_deadlines_init(&w.q, r.loop, 20);
    net_deadline_init(&w.d, write_on_broken);
    net_deadline_arm(&w.q, &w.d);
    r.server.on_data = rig_stop;
    r.client.on_connect = say_hello;
    r.client.on_end = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d"); // the server has heard hello
    net_pause(r.client.sock);
    rig_close(&r.server, true);
    rig_run(&r);
    CHECK(r.client.ends == 1 && r.client.err == ERR_UPSTREAM_BROKEN);
    net_deadlines_done(&w.q);
    rig_done(&r);
}

static void no_signal(void *arg UNUSED, int signo UNUSED)
{
}

TEST(what_was_left_open_ends_with_its_loop)
{
    struct rig r;
    rig_init(&r);
    r.client.on_connect = rig_stop;
    rig_meet(&r, "http://127.0.0.1:%d");
    r.client.sock = r.server.sock = NULL; // forgotten
    r.listener = NULL;
    net_on_signal(r.loop, SIGUSR1, no_signal, NULL);
    rig_done(&r);
}

// --- connecting ----------------------------------------------------------------------------------

TEST(a_closed_port_refuses)
{
    struct rig r;
    rig_init(&r);
    r.client.on_end = rig_stop;
    int port = net_listener_port(r.listener);
    char url[64];
    net_listener_close(r.listener);
    r.listener = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    rig_meet(&r, url);
    CHECK(r.client.ends == 1 && r.client.err == ERR_UPSTREAM_REFUSED && r.client.connects == 0);
    rig_done(&r);
}

TEST(a_port_that_does_not_answer_is_a_timeout)
{
    // a queue of waiting connections that is full lets no further one in
    struct rig r;
    char url[64];
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    int fill[8], fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    REQUIRE(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 0) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    for (size_t i = 0; i < countof(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
    }
    rig_init(&r);
    r.client.on_end = rig_stop;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    rig_dial(&r, url, (struct net_phases){.connect_ms = 40, .tls_ms = 40});
    rig_run(&r);
    CHECK(r.client.ends == 1 && r.client.err == ERR_UPSTREAM_TIMEOUT);
    rig_done(&r);
    for (size_t i = 0; i < countof(fill); i++)
        close(fill[i]);
    close(fd);
}

TEST(a_socket_may_be_closed_while_it_connects)
{
    struct rig r;
    rig_init(&r);
    rig_dial(&r, "http://127.0.0.1:%d", rig_patient);
    rig_close(&r.client, false);
    rig_dial(&r, "http://no-such-host.invalid", rig_patient);
    rig_close(&r.client, true);
    net_loop_stop(r.loop);
    rig_run(&r);
    CHECK(r.client.connects == 0 && r.client.ends == 0);
    rig_done(&r);
}

TEST(two_loops_may_share_a_port_and_a_stranger_may_not)
{
    struct rig r;
    char addr[64], why[160] = "";
    rig_init(&r);
    snprintf(addr, sizeof addr, "127.0.0.1:%d", net_listener_port(r.listener));
    struct net_listener *second = net_listen(r.loop, str_c(addr), rig_accepted, &r, why);
    CHECK(second && net_listener_port(second) == net_listener_port(r.listener));
    CHECK(!net_port_is_free(str_c(addr), why) && strstr(why, "taken"));
    net_listener_close(second);
    CHECK(net_port_is_free(S("127.0.0.1:0"), why));
    CHECK(!net_port_is_free(S("nowhere"), why) && !net_port_is_free(S("example.org:80"), why));
    CHECK(!net_listen(r.loop, S("example.org:80"), rig_accepted, &r, why) && strstr(why, "name"));
    CHECK(!net_listen(r.loop, S("127.0.0.1"), rig_accepted, &r, why));
    CHECK(!net_listen(r.loop, S("127.0.0.1:70000"), rig_accepted, &r, why));
    CHECK(!net_listen(r.loop, S("::1:4100"), rig_accepted, &r, why));
    rig_done(&r);
}
