// try_test.c: one sending after another against a fake target on the same loop.
#include "tests/unit.h"
#include "upstream/fake_test.h"

static str header_of(const struct fake *f, const char *name)
{
    str all = buf_str(&f->last), mark = str_c(name);
    size_t at = str_find(all, mark);
    if (at == SIZE_MAX)
        return STR_NONE;
    str rest = str_from(all, at + mark.n);
    return str_first(rest, str_find(rest, S("\r\n")));
}

static bool has(str s, const char *what)
{
    return str_find(s, str_c(what)) != SIZE_MAX;
}

// A rig whose fake does this with a request, and one caller at this target.
static void begin(struct rig *r, struct caller *c, unsigned target,
                  void (*on_request)(struct fake_conn *),
                  void (*change)(struct upstream_settings *))
{
    rig_init(r, on_request, change);
    caller_init(c, r, target);
}

static void end(struct rig *r, struct caller *c)
{
    caller_done(c);
    rig_done(r);
}

// --- the common road -----------------------------------------------------------------------------

TEST(an_answer_comes_whole_and_the_next_try_uses_the_same_connection)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 200 && c.ends == 1);
    CHECK(str_eq(buf_str(&c.got), S("hello")));
    CHECK(!c.row.reused && c.row.status == 200 && c.row.err == OK);
    CHECK(c.row.start_us > 0 && c.row.connected_us >= c.row.start_us);
    CHECK(c.row.first_byte_us >= c.row.connected_us && c.row.last_byte_us >= c.row.first_byte_us);
    CHECK(rig_pool(&r, 0)->idle_count == 1);
    caller_again(&c);
    CHECK(c.err == OK && c.row.reused && str_eq(buf_str(&c.got), S("hello")));
    CHECK(r.fake.accepted == 1 && r.fake.requests == 2);
    end(&r, &c);
}

TEST(the_request_carries_the_targets_key_and_only_what_may_cross)
{
    struct rig r;
    struct caller c;
    struct http_header headers[] = {
        {S("Host"), S("weir.example")},      {S("User-Agent"), S("app/1")},
        {S("Authorization"), S("Bearer x")}, {S("X-Api-Key"), S("secret")},
        {S("Connection"), S("x-hop")},       {S("X-Hop"), S("1")},
        {S("Accept"), S("text/plain")},      {S("Accept-Encoding"), S("gzip")},
        {S("Content-Type"), S("text/x")},    {S("Content-Length"), S("999")},
        {S("X-Weir-Label"), S("internal")},  {S("X-Request-Id"), S("abc")},
    };
    struct http_head client = {.headers = headers, .header_count = countof(headers), .minor = 1};
    begin(&r, &c, 1, fake_answer_ok, NULL);
    caller_start(&c, &client);
    rig_run(&r);
    str all = buf_str(&r.fake.last);
    char host[64];
    snprintf(host, sizeof host, "127.0.0.1:%d", r.fake.port);
    CHECK(str_starts(all, S("POST /v1/chat/completions HTTP/1.1\r\n")));
    CHECK(str_eq(header_of(&r.fake, "\r\nHost: "), str_c(host)));
    CHECK(str_eq(header_of(&r.fake, "\r\nAuthorization: "), S("Bearer sk-target")));
    CHECK(str_eq(header_of(&r.fake, "\r\nContent-Type: "), S("application/json")));
    CHECK(str_eq(header_of(&r.fake, "\r\nContent-Length: "), S("13")));
    CHECK(str_eq(header_of(&r.fake, "\r\nAccept: "), S("application/json")));
    CHECK(str_eq(header_of(&r.fake, "\r\nUser-Agent: "), S("app/1")));
    CHECK(str_eq(header_of(&r.fake, "\r\nX-Request-Id: "), S("abc")));
    CHECK(!has(all, "secret") && !has(all, "Bearer x") && !has(all, "weir.example"));
    CHECK(!has(all, "X-Hop") && !has(all, "x-hop") && !has(all, "gzip") && !has(all, "text/x"));
    CHECK(!has(all, "999") && !has(all, "text/plain") && !has(all, "X-Weir"));
    CHECK(str_ends(all, S("\r\n\r\n{\"model\":\"m\"}")));
    end(&r, &c);
}

TEST(a_target_without_a_key_gets_no_authorization)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    caller_again(&c);
    CHECK(!has(buf_str(&r.fake.last), "Authorization"));
    end(&r, &c);
}

// --- odd answers ---------------------------------------------------------------------------------

struct pieces {
    struct fake_conn *conn;
    const char *rest;
    struct net_ticker *ticker;
};
static struct pieces pieces; // of the one answer that a test sends byte by byte

static void say_one(void *arg UNUSED)
{
    char one[2] = {*pieces.rest++, 0};
    fake_say(pieces.conn, one);
    if (!*pieces.rest) {
        net_ticker_free(pieces.ticker);
        pieces.ticker = NULL;
    }
}

static void answer_in_pieces(struct fake_conn *c)
{
    pieces = (struct pieces){.conn = c,
                             .rest = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "3\r\nabc\r\n1\r\nd\r\na;x=y\r\n0123456789\r\n0\r\n\r\n"};
    struct rig *r = container_of(c->fake, struct rig, fake);
    pieces.ticker = net_ticker_new(r->loop, 1, say_one, NULL);
}

TEST(a_chunked_answer_is_the_same_whatever_the_cuts)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_in_pieces, NULL);
    caller_again(&c);
    CHECK(c.err == OK && str_eq(buf_str(&c.got), S("abcd0123456789")));
    CHECK(rig_pool(&r, 0)->idle_count == 1);
    end(&r, &c);
}

static void answer_to_the_end(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
    net_close_after_flush(c->sock, 1000);
    c->sock = NULL;
}

TEST(an_answer_without_a_length_ends_with_its_connection)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_to_the_end, NULL);
    caller_again(&c);
    CHECK(c.err == OK && str_eq(buf_str(&c.got), S("all of it")));
    CHECK(rig_pool(&r, 0)->idle_count == 0);
    end(&r, &c);
}

static void answer_cut(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
    net_close_after_flush(c->sock, 1000);
    c->sock = NULL;
}

TEST(a_cut_answer_is_broken_after_what_came_of_it)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_cut, NULL);
    caller_again(&c);
    CHECK(c.heads == 1 && c.err == ERR_UPSTREAM_BROKEN && c.row.err == ERR_UPSTREAM_BROKEN);
    CHECK(str_eq(buf_str(&c.got), S("half")) && c.row.status == 200);
    end(&r, &c);
}

static void answer_nonsense(struct fake_conn *c)
{
    fake_say(c, "SSH-2.0-OpenSSH_9.2\r\n");
}

TEST(what_is_no_http_is_broken_before_any_head)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_nonsense, NULL);
    caller_again(&c);
    CHECK(c.heads == 0 && c.err == ERR_UPSTREAM_BROKEN && c.row.status == 0);
    rig_turn(&r);
    CHECK(r.fake.ended == 1);
    end(&r, &c);
}

static void answer_too_much(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
}

TEST(bytes_after_a_whole_answer_do_not_spoil_it_but_end_the_connection)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_too_much, NULL);
    caller_again(&c);
    CHECK(c.err == OK && str_eq(buf_str(&c.got), S("ok")));
    CHECK(rig_pool(&r, 0)->idle_count == 0);
    end(&r, &c);
}

static void answer_elsewhere(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n"
                "Content-Length: 0\r\n\r\n");
}

static void answer_in_chunks(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST(what_one_read_brought_is_told_to_be_over_once)
{
    struct rig r;
    struct caller c;
    rig_init(&r, answer_in_chunks, NULL);
    caller_init(&c, &r, 0);
    caller_again(&c);
    CHECK(c.err == OK && c.bodies == 3 && c.read_ends == 1);
    CHECK(str_eq(buf_str(&c.got), S("onetwothree")));
    caller_done(&c);
    rig_done(&r);
}

TEST(a_redirect_is_told_and_not_followed)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_elsewhere, NULL);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 307 && r.fake.requests == 1 && r.fake.accepted == 1);
    end(&r, &c);
}

// Answers as soon as the head is there, reads nothing more.
static void refuse_early(struct fake_conn *c)
{
    if (c->answered_early || str_find(buf_str(&c->in), S("\r\n\r\n")) == SIZE_MAX)
        return;
    c->answered_early = true;
    net_pause(c->sock);
    fake_say(c, "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig");
}

static void never(struct fake_conn *c UNUSED)
{
    CHECK(!"a whole request came");
}

// BIG is more than the kernel holds for a peer that does not read.
enum { LARGE = 4 << 20, BIG = 32 << 20 };

static char *big_body(struct caller *c, size_t bytes)
{
    char *big = mem_new(bytes);
    memset(big, 'x', bytes);
    c->body[1] = str_of(big, bytes);
    return big;
}

TEST(an_answer_that_comes_while_the_body_is_sent_is_heard)
{
    struct rig r;
    struct caller c;
    rig_init(&r, never, NULL);
    r.fake.on_bytes = refuse_early;
    caller_init(&c, &r, 0);
    char *big = big_body(&c, BIG);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 413 && str_eq(buf_str(&c.got), S("big")));
    CHECK(rig_pool(&r, 0)->idle_count == 0); // the rest of the body was never taken
    mem_free(big);
    end(&r, &c);
}

TEST(a_big_body_arrives_whole)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    char *big = big_body(&c, LARGE);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 200 && r.fake.requests == 1);
    CHECK(r.fake.last.n > LARGE && str_ends(buf_str(&r.fake.last), str_of(big, LARGE)));
    CHECK(rig_pool(&r, 0)->idle_count == 1);
    mem_free(big);
    end(&r, &c);
}

// --- kept connections ----------------------------------------------------------------------------

static void answer_once_then_end(struct fake_conn *c)
{
    if (c->fake->requests == 2)
        fake_end(c); // as if it had been closing already
    else
        fake_answer_ok(c);
}

TEST(a_kept_connection_that_ends_before_the_answer_is_replaced_without_a_word)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_once_then_end, NULL);
    caller_again(&c);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 200 && !c.row.reused && c.heads == 1);
    CHECK(c.row.connected_us >= c.row.start_us && c.row.start_us > 0);
    CHECK(r.fake.accepted == 2 && r.fake.requests == 3);
    CHECK(str_ends(buf_str(&r.fake.last), S("\r\n\r\n{\"model\":\"m\"}")));
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    upstream_health_copy(r.health, net_now_us(r.loop), health, in_flight);
    CHECK(health[0] == HEALTH_UP);
    end(&r, &c);
}

static void end_at_once(struct fake_conn *c)
{
    fake_end(c);
}

TEST(a_fresh_connection_that_ends_before_the_answer_is_broken)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, end_at_once, NULL);
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_BROKEN && c.heads == 0 && r.fake.accepted == 1);
    end(&r, &c);
}

TEST(an_idle_connection_that_ends_or_speaks_is_dropped)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    caller_again(&c);
    REQUIRE(rig_pool(&r, 0)->idle_count == 1);
    fake_end(&r.fake.conns[0]);
    rig_turn(&r);
    CHECK(rig_pool(&r, 0)->idle_count == 0);
    caller_again(&c);
    REQUIRE(rig_pool(&r, 0)->idle_count == 1 && r.fake.accepted == 2);
    fake_say(&r.fake.conns[1], "HTTP/1.1 408 Request Timeout\r\n\r\n");
    rig_turn(&r);
    CHECK(rig_pool(&r, 0)->idle_count == 0 && r.fake.ended == 1);
    caller_again(&c);
    CHECK(c.err == OK && !c.row.reused && r.fake.accepted == 3);
    end(&r, &c);
}

static void keep_two(struct upstream_settings *s)
{
    s->idle_connections = 2;
}

TEST(no_more_connections_are_kept_than_allowed_and_the_newest_is_used_first)
{
    struct rig r;
    struct caller c[3];
    rig_init(&r, fake_answer_ok, keep_two);
    for (int i = 0; i < 3; i++) {
        caller_init(&c[i], &r, 0);
        c[i].go_on_at_end = true;
        caller_start(&c[i], NULL);
    }
    rig_turn(&r);
    CHECK(c[0].ends == 1 && c[1].ends == 1 && c[2].ends == 1 && r.fake.accepted == 3);
    CHECK(rig_pool(&r, 0)->idle_count == 2 && r.fake.ended == 1);
    struct conn *newest = list_first(&rig_pool(&r, 0)->conns[CONN_IDLE], struct conn, at);
    caller_start(&c[0], NULL);
    CHECK(newest->state == CONN_WAITING);
    rig_turn(&r);
    CHECK(c[0].err == OK && c[0].row.reused && r.fake.accepted == 3);
    for (int i = 0; i < 3; i++)
        caller_done(&c[i]);
    rig_done(&r);
}

static void keep_briefly(struct upstream_settings *s)
{
    s->idle_keep = 20;
}

static void stop_when_ended(struct fake *f)
{
    net_loop_stop(container_of(f, struct rig, fake)->loop);
}

TEST(an_idle_connection_is_closed_when_its_time_is_up)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, keep_briefly);
    caller_again(&c);
    REQUIRE(rig_pool(&r, 0)->idle_count == 1);
    r.fake.on_ended = stop_when_ended;
    rig_run(&r);
    CHECK(rig_pool(&r, 0)->idle_count == 0 && r.fake.ended == 1);
    end(&r, &c);
}

// --- time ----------------------------------------------------------------------------------------

static void say_nothing(struct fake_conn *c UNUSED)
{
}

static void short_times(struct upstream_settings *s)
{
    s->first_byte_timeout = s->idle_timeout = 20;
}

TEST(a_target_that_says_nothing_times_out_and_is_closed)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, say_nothing, short_times);
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_TIMEOUT && c.heads == 0 && c.row.first_byte_us == 0);
    rig_turn(&r);
    CHECK(r.fake.ended == 1 && rig_pool(&r, 0)->idle_count == 0);
    end(&r, &c);
}

static void begin_and_fall_silent(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
}

TEST(an_answer_that_falls_silent_is_told_as_idle)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, begin_and_fall_silent, short_times);
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_IDLE && c.heads == 1 && str_eq(buf_str(&c.got), S("half")));
    end(&r, &c);
}

static void short_total(struct upstream_settings *s)
{
    s->total_timeout = 20;
}

TEST(the_total_time_ends_a_try_in_any_phase)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, say_nothing, short_total);
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_TIMEOUT);
    r.fake.on_request = begin_and_fall_silent;
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_IDLE);
    end(&r, &c);
}

TEST(a_held_back_answer_is_not_silent_and_goes_on)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, begin_and_fall_silent, short_times);
    c.stop_at_body = true;
    caller_start(&c, NULL);
    rig_run(&r);
    REQUIRE(c.try && c.ends == 0);
    upstream_pause(c.try);
    CHECK(!net_deadline_armed(&c.try->conn->deadline));
    fake_say(&r.fake.conns[0], "0123456789012345678901234567890123456789012345");
    for (int i = 0; i < 6; i++)
        rig_turn(&r); // longer than the silence that is allowed
    CHECK(c.ends == 0 && str_eq(buf_str(&c.got), S("half")));
    c.stop_at_body = false;
    upstream_resume(c.try);
    rig_run(&r);
    CHECK(c.err == OK && c.got.n == 50 && rig_pool(&r, 0)->idle_count == 1);
    end(&r, &c);
}

// --- what cannot be reached ----------------------------------------------------------------------

TEST(a_refused_connection_is_told_and_a_local_target_is_down_at_once)
{
    struct rig r;
    struct caller c;
    rig_init(&r, fake_answer_ok, NULL);
    net_listener_close(r.fake.listener);
    r.fake.listener = NULL;
    caller_init(&c, &r, 0);
    caller_again(&c);
    CHECK(c.err == ERR_UPSTREAM_REFUSED && c.heads == 0 && c.row.connected_us == 0);
    CHECK(upstream_health_of(r.health, 0, net_now_us(r.loop)) == HEALTH_DOWN);
    struct caller far;
    caller_init(&far, &r, 1);
    caller_again(&far);
    CHECK(far.err == ERR_UPSTREAM_REFUSED);
    CHECK(upstream_health_of(r.health, 1, net_now_us(r.loop)) == HEALTH_UP);
    caller_again(&far);
    caller_again(&far);
    CHECK(upstream_health_of(r.health, 1, net_now_us(r.loop)) == HEALTH_DOWN);
    caller_done(&c);
    caller_done(&far);
    rig_done(&r);
}

static void answer_503(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

static void answer_429(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
}

TEST(server_errors_count_against_a_target_and_throttling_does_not)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, answer_429, NULL);
    for (int i = 0; i < 5; i++)
        caller_again(&c);
    CHECK(c.err == OK && c.status == 429);
    CHECK(upstream_health_of(r.health, 0, net_now_us(r.loop)) == HEALTH_UP);
    r.fake.on_request = answer_503;
    for (int i = 0; i < 2; i++)
        caller_again(&c);
    CHECK(upstream_health_of(r.health, 0, net_now_us(r.loop)) == HEALTH_UP);
    caller_again(&c);
    CHECK(c.err == OK && c.status == 503);
    CHECK(upstream_health_of(r.health, 0, net_now_us(r.loop)) == HEALTH_DOWN);
    r.fake.on_request = fake_answer_ok;
    caller_again(&c);
    CHECK(upstream_health_of(r.health, 0, net_now_us(r.loop)) == HEALTH_UP);
    end(&r, &c);
}

TEST(a_restricted_call_is_not_even_dialled_to_the_cloud)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 1, fake_answer_ok, NULL);
    c.call.label = LABEL_RESTRICTED;
    c.clearance.label = LABEL_RESTRICTED;
    c.clearance.stamp = upstream_clearance_stamp(&c.clearance);
    caller_again(&c);
    CHECK(c.err == ERR_NO_CLEARANCE && c.ends == 1 && c.heads == 0);
    rig_turn(&r);
    CHECK(r.fake.accepted == 0);
    c.clearance.label = LABEL_PUBLIC; // by hand, under the old stamp
    caller_again(&c);
    CHECK(c.err == ERR_NO_CLEARANCE && r.fake.accepted == 0);
    end(&r, &c);
}

TEST(a_target_whose_url_or_key_cannot_be_sent_fails_as_bad_configuration)
{
    struct rig r;
    struct caller c;
    rig_init(&r, never, NULL);
    upstream_free(r.upstream);
    r.targets[0].base_url = S("ftp://127.0.0.1/v1");
    r.targets[1].api_key = S("sk-1\r\nX-Evil: 1");
    r.upstream = upstream_new(r.loop, &r.fleet, r.health, &r.settings, r.metrics);
    for (unsigned i = 0; i < 2; i++) {
        caller_init(&c, &r, i);
        caller_again(&c);
        CHECK(c.err == ERR_BAD_CONFIG && c.heads == 0 && r.fake.accepted == 0);
        caller_done(&c);
    }
    rig_done(&r);
}

TEST(a_label_that_rises_while_connecting_stops_the_request)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 1, never, NULL);
    caller_start(&c, NULL);
    c.call.label = LABEL_RESTRICTED;
    rig_run(&r);
    CHECK(c.err == ERR_NO_CLEARANCE);
    rig_turn(&r);
    CHECK(r.fake.requests == 0 && r.fake.conns[0].in.n == 0);
    end(&r, &c);
}

TEST(a_refused_try_may_be_cancelled_before_it_is_told)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 1, fake_answer_ok, NULL);
    c.clearance.stamp ^= 1;
    caller_start(&c, NULL);
    upstream_cancel(c.try);
    rig_turn(&r);
    CHECK(c.ends == 0 && list_empty(&r.upstream->refused));
    end(&r, &c);
}

// --- cancel --------------------------------------------------------------------------------------

TEST(cancel_while_connecting_calls_nothing)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, never, NULL);
    caller_start(&c, NULL);
    REQUIRE(c.try->conn->state == CONN_CONNECTING);
    upstream_cancel(c.try);
    rig_turn(&r);
    CHECK(c.heads == 0 && c.ends == 0 && list_empty(&rig_pool(&r, 0)->conns[CONN_CONNECTING]));
    CHECK(r.fake.accepted == r.fake.ended); // where it was accepted at all, it was seen to end
    end(&r, &c);
}

static void pause_reading(struct fake_conn *c)
{
    net_pause(c->sock);
    net_loop_stop(container_of(c->fake, struct rig, fake)->loop);
}

TEST(cancel_while_the_body_is_sent_ends_the_connection)
{
    struct rig r;
    struct caller c;
    rig_init(&r, never, NULL);
    r.fake.on_bytes = pause_reading;
    caller_init(&c, &r, 0);
    char *big = big_body(&c, BIG);
    caller_start(&c, NULL);
    rig_run(&r);
    REQUIRE(c.try->conn->state == CONN_SENDING);
    upstream_cancel(c.try);
    r.fake.on_bytes = NULL;
    net_resume(r.fake.conns[0].sock);
    r.fake.on_ended = stop_when_ended;
    rig_run(&r);
    CHECK(c.heads == 0 && c.ends == 0 && r.fake.ended == 1);
    CHECK(r.fake.conns[0].in.n < BIG);
    mem_free(big);
    end(&r, &c);
}

static void stop_at_request(struct fake_conn *c)
{
    net_loop_stop(container_of(c->fake, struct rig, fake)->loop);
}

TEST(cancel_while_waiting_ends_the_connection)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, stop_at_request, NULL);
    caller_again(&c);
    REQUIRE(c.try && c.try->conn->state == CONN_WAITING);
    upstream_cancel(c.try);
    r.fake.on_ended = stop_when_ended;
    rig_run(&r);
    CHECK(c.heads == 0 && c.ends == 0 && r.fake.ended == 1);
    CHECK(rig_pool(&r, 0)->idle_count == 0);
    end(&r, &c);
}

TEST(cancel_while_reading_ends_the_connection)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, begin_and_fall_silent, NULL);
    c.stop_at_body = true;
    caller_again(&c);
    REQUIRE(c.try && c.try->conn->state == CONN_READING);
    upstream_cancel(c.try);
    r.fake.on_ended = stop_when_ended;
    rig_run(&r);
    CHECK(c.heads == 1 && c.ends == 0 && r.fake.ended == 1);
    end(&r, &c);
}

// Gives the try up inside its own callback and starts the next one at once, as a failover does.
static void cancel_and_start_again(struct caller *c)
{
    c->on_head = c->on_body = NULL;
    upstream_cancel(c->try);
    caller_start(c, NULL);
}

TEST(a_try_may_be_replaced_inside_its_own_head)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    c.on_head = cancel_and_start_again;
    caller_again(&c);
    CHECK(c.err == OK && str_eq(buf_str(&c.got), S("hello")) && c.ends == 1);
    rig_turn(&r);
    CHECK(r.fake.accepted == 2 && r.fake.requests == 2 && r.fake.ended == 1);
    end(&r, &c);
}

TEST(a_try_may_be_replaced_inside_its_own_body)
{
    struct rig r;
    struct caller c;
    begin(&r, &c, 0, fake_answer_ok, NULL);
    c.on_body = cancel_and_start_again;
    caller_again(&c);
    CHECK(c.err == OK && str_eq(buf_str(&c.got), S("hello")) && c.ends == 1);
    CHECK(r.fake.accepted == 2 && r.fake.requests == 2);
    end(&r, &c);
}

TEST(the_end_of_the_room_ends_open_tries_without_a_word)
{
    struct rig r;
    struct caller waiting, connecting, refused;
    rig_init(&r, stop_at_request, NULL);
    caller_init(&waiting, &r, 0);
    caller_init(&connecting, &r, 1);
    caller_init(&refused, &r, 1);
    refused.clearance.stamp ^= 1;
    caller_again(&waiting);
    caller_start(&connecting, NULL);
    caller_start(&refused, NULL);
    upstream_free(r.upstream);
    r.upstream = NULL;
    rig_turn(&r);
    CHECK(waiting.ends == 0 && connecting.ends == 0 && refused.ends == 0);
    CHECK(r.fake.accepted == r.fake.ended);
    caller_done(&waiting);
    caller_done(&connecting);
    caller_done(&refused);
    rig_done(&r);
}
