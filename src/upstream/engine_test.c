// engine_test.c: children under supervision, and probes of what is down.
#include "tests/unit.h"
#include "upstream/engine.h"
#include "upstream/fake_test.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>

static const struct engine_times quick = {.tick_ms = 2,
                                          .poll_ms = 5,
                                          .back_off_ms = 3,
                                          .back_off_max_ms = 6,
                                          .well_ms = 1000,
                                          .kill_ms = 60,
                                          .fetch_ms = 1000};

// One engine whose command line notes "its pid and port" in a file at each start.
struct bench {
    struct rig rig;
    struct engine_config config;
    struct engines *engines;
    char folder[64], notes[96], script[512], url[64];
    char *argv[4];
    enum health wanted;
    unsigned wanted_starts;
};

static void bench_init(struct bench *b, void (*on_request)(struct fake_conn *), const char *script)
{
    memset(b, 0, sizeof *b);
    rig_init(&b->rig, on_request, NULL);
    snprintf(b->folder, sizeof b->folder, "/tmp/weir-engine-XXXXXX");
    must(mkdtemp(b->folder));
    snprintf(b->notes, sizeof b->notes, "%s/notes", b->folder);
    snprintf(b->script, sizeof b->script, "echo $$ {port} >> %s; %s", b->notes, script);
    snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d/health", b->rig.fake.port);
    b->argv[0] = "sh";
    b->argv[1] = "-c";
    b->argv[2] = b->script;
    b->config = (struct engine_config){.name = S("child"),
                                       .argv = b->argv,
                                       .health_url = str_c(b->url),
                                       .start_timeout_ms = 60000};
}

static void bench_start(struct bench *b)
{
    b->engines = engines_new_with(b->rig.loop, &b->config, 1, b->rig.health, &quick);
}

static void bench_done(struct bench *b)
{
    upstream_engines_free(b->engines);
    unlink(b->notes);
    rmdir(b->folder);
    rig_done(&b->rig);
}

// Starts so far; the pid and port of the last.
static unsigned read_notes(const struct bench *b, int *ret_pid, int *ret_port)
{
    unsigned n = 0;
    int pid, port;
    FILE *f = fopen(b->notes, "r");
    if (!f)
        return 0;
    while (fscanf(f, "%d %d", &pid, &port) == 2) {
        n++;
        *ret_pid = pid;
        *ret_port = port;
    }
    fclose(f);
    return n;
}

static bool health_is_wanted(void *arg)
{
    struct bench *b = arg;
    return upstream_health_of(b->rig.health, 0, 0) == b->wanted;
}

static bool started_often(void *arg)
{
    struct bench *b = arg;
    int pid, port;
    return read_notes(b, &pid, &port) >= b->wanted_starts;
}

static bool run_until_health(struct bench *b, enum health h)
{
    b->wanted = h;
    return rig_run_until(&b->rig, health_is_wanted, b);
}

static bool is_gone(int pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

TEST(an_engine_is_starting_until_its_health_is_200_and_ends_with_us)
{
    struct bench b;
    int pid = 0, port = 0;
    bench_init(&b, fake_answer_ok, "exec sleep 600");
    bench_start(&b);
    CHECK(upstream_health_of(b.rig.health, 0, 0) == HEALTH_STARTING);
    CHECK(run_until_health(&b, HEALTH_UP));
    b.wanted_starts = 1;
    CHECK(rig_run_until(&b.rig, started_often, &b));
    REQUIRE(read_notes(&b, &pid, &port) == 1);
    CHECK(port == b.rig.fake.port && kill(pid, 0) == 0);
    bench_done(&b);
    CHECK(is_gone(pid));
}

static void answer_loading(struct fake_conn *c)
{
    fake_say(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

TEST(an_engine_that_does_not_get_well_in_time_is_started_again)
{
    struct bench b;
    bench_init(&b, answer_loading, "exec sleep 600");
    b.config.start_timeout_ms = 30;
    bench_start(&b);
    b.wanted_starts = 3;
    CHECK(rig_run_until(&b.rig, started_often, &b));
    CHECK(upstream_health_of(b.rig.health, 0, 0) == HEALTH_STARTING);
    CHECK(b.rig.fake.requests > 0);
    bench_done(&b);
}

TEST(an_engine_that_dies_is_started_again)
{
    struct bench b;
    int pid = 0, port = 0;
    bench_init(&b, fake_answer_ok, "exit 3");
    bench_start(&b);
    b.wanted_starts = 4;
    CHECK(rig_run_until(&b.rig, started_often, &b));
    read_notes(&b, &pid, &port);
    bench_done(&b);
    CHECK(is_gone(pid));
}

TEST(an_engine_that_dies_while_up_is_starting_again)
{
    struct bench b;
    int pid = 0, port = 0;
    bench_init(&b, fake_answer_ok, "exec sleep 600");
    bench_start(&b);
    b.wanted_starts = 1;
    REQUIRE(rig_run_until(&b.rig, started_often, &b) && run_until_health(&b, HEALTH_UP));
    b.rig.fake.on_request = answer_loading;
    REQUIRE(read_notes(&b, &pid, &port) == 1);
    kill(pid, SIGKILL);
    CHECK(run_until_health(&b, HEALTH_STARTING));
    b.rig.fake.on_request = fake_answer_ok;
    CHECK(run_until_health(&b, HEALTH_UP));
    b.wanted_starts = 2;
    CHECK(rig_run_until(&b.rig, started_often, &b));
    bench_done(&b);
}

TEST(an_engine_that_no_longer_says_it_is_well_is_down_and_comes_back)
{
    struct bench b;
    bench_init(&b, fake_answer_ok, "exec sleep 600");
    bench_start(&b);
    CHECK(run_until_health(&b, HEALTH_UP));
    b.rig.fake.on_request = answer_loading;
    CHECK(run_until_health(&b, HEALTH_DOWN));
    b.rig.fake.on_request = fake_answer_ok;
    CHECK(run_until_health(&b, HEALTH_UP));
    bench_done(&b);
}

TEST(an_engine_that_ignores_the_polite_signal_is_killed)
{
    struct bench b;
    int pid = 0, port = 0;
    bench_init(&b, fake_answer_ok, "trap '' TERM; while :; do sleep 0.02; done");
    bench_start(&b);
    b.wanted_starts = 1;
    REQUIRE(run_until_health(&b, HEALTH_UP) && rig_run_until(&b.rig, started_often, &b));
    read_notes(&b, &pid, &port);
    bench_done(&b);
    CHECK(is_gone(pid));
}

TEST(a_command_that_does_not_exist_is_only_starting)
{
    struct bench b;
    bench_init(&b, answer_loading, "");
    b.argv[0] = "/nonexistent/engine";
    bench_start(&b);
    for (int i = 0; i < 3; i++)
        rig_turn(&b.rig);
    CHECK(upstream_health_of(b.rig.health, 0, 0) == HEALTH_STARTING);
    bench_done(&b);
}

// --- probes --------------------------------------------------------------------------------------

static bool local_is_up(void *arg)
{
    struct rig *r = arg;
    return upstream_health_of(r->health, 0, 0) == HEALTH_UP;
}

static bool asked_thrice(void *arg)
{
    struct rig *r = arg;
    return r->fake.requests >= 3;
}

static void answer_404(struct fake_conn *c)
{
    CHECK(str_starts(buf_str(&c->fake->last), S("GET /health HTTP/1.1\r\n")));
    fake_say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void probe_often(struct upstream_settings *s)
{
    s->probe_every = 5;
}

TEST(a_local_target_that_is_down_is_asked_until_it_is_back)
{
    struct rig r;
    rig_init(&r, answer_loading, probe_often);
    struct probes *p = upstream_probes_new(r.loop, &r.fleet, r.health, &r.settings);
    rig_turn(&r);
    CHECK(r.fake.requests == 0); // nobody is down
    upstream_health_set(r.health, 0, HEALTH_DOWN);
    upstream_health_set(r.health, 1, HEALTH_DOWN);
    CHECK(rig_run_until(&r, asked_thrice, &r));
    CHECK(upstream_health_of(r.health, 0, 0) == HEALTH_DOWN);
    r.fake.on_request = answer_404;
    CHECK(rig_run_until(&r, local_is_up, &r));
    CHECK(upstream_health_of(r.health, 1, 0) == HEALTH_DOWN); // not ours to ask
    upstream_probes_free(p);
    rig_done(&r);
}

TEST(an_engine_goes_on_under_another_configuration_and_its_health_follows)
{
    struct bench b;
    bench_init(&b, fake_answer_ok, "exec sleep 60");
    struct engine_config same = b.config, other = b.config;
    char *more[] = {"sh", "-c", "true", NULL};
    other.argv = more;
    CHECK(upstream_engine_same(&b.config, &same) && !upstream_engine_same(&b.config, &other));
    other = same;
    other.start_timeout_ms++;
    CHECK(!upstream_engine_same(&b.config, &other));
    bench_start(&b);
    struct fleet next = b.rig.fleet;
    struct target renamed[] = {b.rig.targets[0], b.rig.targets[1]};
    next.targets = renamed;
    renamed[0].name = S("renamed"); // so that nothing is known of it
    struct upstream_health *h =
        upstream_health_next(b.rig.health, &b.rig.fleet, &next, &b.rig.settings);
    upstream_engines_follow(b.engines, &same, h);
    CHECK(upstream_health_of(h, 0, 0) == HEALTH_STARTING);
    CHECK(upstream_health_of(h, 1, 0) == HEALTH_UP);
    struct upstream_health *old = b.rig.health;
    b.rig.health = h;
    CHECK(run_until_health(&b, HEALTH_UP));
    b.rig.health = old;
    CHECK(upstream_health_of(old, 0, 0) == HEALTH_STARTING); // nobody looks at it any more
    bench_done(&b);
    upstream_health_free(h);
}
