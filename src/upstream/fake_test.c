// fake_test.c: the fake target and the caller.
#include "upstream/fake_test.h"
#include "tests/unit.h"

enum { GUARD_MS = 8000, REQUEST_MAX = 64 << 20 };

// --- fake ----------------------------------------------------------------------------------------

void fake_say(struct fake_conn *c, const char *bytes)
{
    str s = str_c(bytes);
    must(c->sock);
    must(net_write(c->sock, &s, 1, REQUEST_MAX));
}

void fake_end(struct fake_conn *c)
{
    must(c->sock);
    net_close(c->sock, false);
    c->sock = NULL;
}

void fake_answer_ok(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}

static bool request_is_whole(const struct buf *in, size_t *ret_bytes)
{
    str all = buf_str(in);
    size_t head = str_find(all, S("\r\n\r\n"));
    if (head == SIZE_MAX)
        return false;
    int64_t n = 0;
    size_t at = str_find(all, S("Content-Length: "));
    if (at < head) {
        str rest = str_from(all, at + 16);
        must(str_to_i64(str_first(rest, str_find(rest, S("\r\n"))), &n));
    }
    *ret_bytes = head + 4 + (size_t)n;
    return all.n >= *ret_bytes;
}

static void on_data(void *arg, struct net_sock *s UNUSED, str bytes)
{
    struct fake_conn *c = arg;
    size_t whole;
    buf_put(&c->in, bytes);
    if (c->fake->on_bytes)
        c->fake->on_bytes(c);
    while (c->sock && !c->answered_early && request_is_whole(&c->in, &whole)) {
        c->fake->requests++;
        buf_clear(&c->fake->last);
        buf_put(&c->fake->last, str_first(buf_str(&c->in), whole));
        buf_drop_head(&c->in, whole);
        c->fake->on_request(c);
    }
}

static void on_end(void *arg, struct net_sock *s, enum err e UNUSED)
{
    struct fake_conn *c = arg;
    net_close(s, false);
    c->sock = NULL;
    c->fake->ended++;
    if (c->fake->on_ended)
        c->fake->on_ended(c->fake);
}

static void nothing(void *arg UNUSED, struct net_sock *s UNUSED)
{
}

static const struct net_events events = {
    .on_connect = nothing, .on_data = on_data, .on_drain = nothing, .on_end = on_end};

static void on_accept(void *arg, struct net_sock *s)
{
    struct fake *f = arg;
    must(f->accepted < FAKE_CONNS);
    struct fake_conn *c = &f->conns[f->accepted++];
    *c = (struct fake_conn){.fake = f, .sock = s};
    buf_init(&c->in, REQUEST_MAX);
    net_sock_events(s, &events, c);
}

void fake_init(struct fake *f, struct net_loop *l, void (*on_request)(struct fake_conn *))
{
    char why[160];
    *f = (struct fake){.on_request = on_request};
    buf_init(&f->last, REQUEST_MAX);
    f->listener = net_listen(l, S("127.0.0.1:0"), on_accept, f, why);
    must(f->listener);
    f->port = net_listener_port(f->listener);
}

void fake_done(struct fake *f)
{
    for (unsigned i = 0; i < f->accepted; i++) {
        if (f->conns[i].sock)
            fake_end(&f->conns[i]);
        buf_done(&f->conns[i].in);
    }
    buf_done(&f->last);
    if (f->listener)
        net_listener_close(f->listener);
}

// --- rig -----------------------------------------------------------------------------------------

static void time_is_up(void *arg)
{
    struct rig *r = arg;
    r->late = true;
    net_loop_stop(r->loop);
}

static void set_target(struct rig *r, unsigned i, str name)
{
    snprintf(r->urls[i], sizeof r->urls[i], "http://127.0.0.1:%d/v1", r->fake.port);
    r->targets[i] = (struct target){.name = name,
                                    .base_url = str_c(r->urls[i]),
                                    .api_key = i ? S("sk-target") : STR_NONE,
                                    .zone = i};
}

void rig_init(struct rig *r, void (*on_request)(struct fake_conn *),
              void (*change)(struct upstream_settings *))
{
    memset(r, 0, sizeof *r);
    conf_defaults(&r->net, &net_setting_table);
    conf_defaults(&r->settings, &upstream_setting_table);
    if (change)
        change(&r->settings);
    r->loop = net_loop_new(&r->net);
    r->guard = net_ticker_new(r->loop, GUARD_MS, time_is_up, r);
    fake_init(&r->fake, r->loop, on_request);
    set_target(r, 0, S("engine"));
    set_target(r, 1, S("cloud"));
    r->fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
        .zone_count = 2,
        .targets = r->targets,
        .target_count = 2};
    r->health = upstream_health_new(&r->fleet, &r->settings);
    r->metrics = metrics_new();
    r->upstream = upstream_new(r->loop, &r->fleet, r->health, &r->settings, r->metrics);
}

void rig_done(struct rig *r)
{
    CHECK(!r->late);
    upstream_free(r->upstream);
    fake_done(&r->fake);
    uint8_t health[TARGET_MAX];
    uint32_t in_flight[TARGET_MAX];
    upstream_health_copy(r->health, 0, health, in_flight);
    CHECK(in_flight[0] == 0 && in_flight[1] == 0); // every try gave its count back
    upstream_health_free(r->health);
    net_ticker_free(r->guard);
    net_loop_free(r->loop);
}

void rig_run(struct rig *r)
{
    net_loop_run(r->loop);
}

struct turns {
    struct rig *rig;
    struct net_ticker *ticker;
    int left;
};

static void turned(void *arg)
{
    struct turns *t = arg;
    if (--t->left <= 0)
        net_loop_stop(t->rig->loop);
}

void rig_turn(struct rig *r)
{
    struct turns t = {.rig = r, .left = 10};
    t.ticker = net_ticker_new(r->loop, 1, turned, &t);
    net_loop_run(r->loop);
    net_ticker_free(t.ticker);
}

struct wait {
    struct rig *rig;
    bool (*holds)(void *arg);
    void *arg;
};

static void look(void *arg)
{
    struct wait *w = arg;
    if (w->holds(w->arg))
        net_loop_stop(w->rig->loop);
}

bool rig_run_until(struct rig *r, bool (*holds)(void *arg), void *arg)
{
    struct wait w = {.rig = r, .holds = holds, .arg = arg};
    struct net_ticker *t = net_ticker_new(r->loop, 1, look, &w);
    net_loop_run(r->loop);
    net_ticker_free(t);
    return holds(arg);
}

struct pool *rig_pool(struct rig *r, unsigned target)
{
    return &r->upstream->pools[target];
}

// --- caller --------------------------------------------------------------------------------------

static void heard_head(void *arg, const struct http_head *head)
{
    struct caller *c = arg;
    CHECK(c->ends == 0 && c->heads == 0);
    c->heads++;
    c->status = head->status;
    if (c->stop_at_head)
        net_loop_stop(c->rig->loop);
    if (c->on_head)
        c->on_head(c);
}

static void heard_body(void *arg, str bytes)
{
    struct caller *c = arg;
    CHECK(c->ends == 0 && c->heads == 1);
    c->bodies++;
    buf_put(&c->got, bytes);
    if (c->stop_at_body)
        net_loop_stop(c->rig->loop);
    if (c->on_body)
        c->on_body(c);
}

static void heard_read_end(void *arg)
{
    struct caller *c = arg;
    CHECK(c->ends == 0 && c->bodies > 0);
    c->read_ends++;
}

static void heard_end(void *arg, enum err e)
{
    struct caller *c = arg;
    CHECK(c->ends == 0 && c->try);
    c->ends++;
    c->err = e;
    c->try = NULL;
    if (!c->go_on_at_end)
        net_loop_stop(c->rig->loop);
}

static const struct upstream_events caller_events = {.on_head = heard_head,
                                                     .on_body = heard_body,
                                                     .on_read_end = heard_read_end,
                                                     .on_end = heard_end};

void caller_init(struct caller *c, struct rig *r, unsigned target)
{
    *c = (struct caller){.rig = r, .call = {.label = LABEL_INTERNAL}};
    memcpy(c->call.id.c, "01J00000000000000000000000", ID_CHARS);
    buf_init(&c->got, REQUEST_MAX);
    c->clearance = (struct clearance){.call = &c->call,
                                      .target = target,
                                      .zone = r->targets[target].zone,
                                      .label = c->call.label};
    c->clearance.stamp = upstream_clearance_stamp(&c->clearance);
    c->body[0] = S("{\"model\":");
    c->body[1] = S("\"m\"}");
}

void caller_done(struct caller *c)
{
    buf_done(&c->got);
}

void caller_start(struct caller *c, const struct http_head *client)
{
    struct upstream_request q = {
        .clearance = &c->clearance,
        .path = "/chat/completions",
        .body = c->body,
        .body_count = 2,
        .body_bytes = c->body[0].n + c->body[1].n,
        .client = client,
        .accept = S("application/json"),
        .try = &c->row,
    };
    c->status = 0;
    c->heads = c->ends = 0;
    c->err = OK;
    c->row = (struct try){.target = (uint16_t)c->clearance.target};
    buf_clear(&c->got);
    c->try = upstream_try(c->rig->upstream, &q, &caller_events, c);
    CHECK(c->try && c->heads == 0 && c->ends == 0); // never from inside
}

void caller_again(struct caller *c)
{
    caller_start(c, NULL);
    rig_run(c->rig);
}
