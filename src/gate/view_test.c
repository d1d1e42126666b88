// view_test.c: which configuration is in force, for whom, and when it is freed.
#include "gate/reload.h"
#include "gate/worker.h"
#include "tests/unit.h"

enum { SNAPSHOTS = 4 };
static struct snapshot snapshots[SNAPSHOTS];
static unsigned freed[SNAPSHOTS];
static struct target targets[] = {{.name = S("near"), .base_url = S("http://127.0.0.1:9/v1")}};

static void note_free(struct snapshot *s)
{
    freed[s - snapshots]++;
}

static struct snapshot *snapshot(unsigned i)
{
    struct snapshot *s = &snapshots[i];
    *s = (struct snapshot){.free = note_free};
    freed[i] = 0;
    conf_defaults(&s->gate, &gate_setting_table);
    conf_defaults(&s->net, &net_setting_table);
    conf_defaults(&s->http, &http_setting_table);
    conf_defaults(&s->upstream, &upstream_setting_table);
    conf_defaults(&s->ledger, &ledger_setting_table);
    conf_defaults(&s->audit, &audit_setting_table);
    conf_defaults(&s->learn, &learn_setting_table);
    s->ledger.path = STR_NONE;
    s->gate.listen = S("127.0.0.1:0");
    s->gate.workers = 1;
    s->policy.quality = i; // each has a policy of its own
    s->fleet = (struct fleet){.zones = {{S("local"), LABEL_RESTRICTED, true}},
                              .zone_count = 1,
                              .targets = targets,
                              .target_count = 1};
    return s;
}

static struct gate *made(void)
{
    static const struct gate_page pages[] = {{NULL, NULL, NULL}};
    struct gate *g = NULL;
    char why[256] = "";
    return gate_new(snapshot(0), pages, &g, why) == OK ? g : NULL;
}

static void change(struct gate *g, unsigned i)
{
    must(gate_change(g, epoch_new(snapshot(i), gate_epoch(g))));
}

static void turn(struct worker *w)
{
    for (unsigned i = 0; i < 3; i++) { // what ends with a turn is told at the next
        net_loop_stop(w->loop);
        net_loop_run(w->loop);
    }
}

TEST(a_call_keeps_its_view_and_the_next_has_the_new_one)
{
    struct gate *g = made();
    REQUIRE(g);
    struct worker *w = gate_view(g)->worker;
    change(g, 1);
    CHECK(w->view->snap == &snapshots[0]); // until a turn of its loop
    turn(w);
    CHECK(w->view->snap == &snapshots[1]);
    struct view *old = view_take(w);
    change(g, 2);
    turn(w);
    CHECK(w->view->snap == &snapshots[2] && old->snap == &snapshots[1] && freed[1] == 0);
    CHECK(old->snap->fleet.policy != w->view->snap->fleet.policy);
    struct view *young = view_take(w);
    CHECK(young->snap == &snapshots[2]);
    view_leave(old);
    CHECK(freed[1] == 0); // its pools may be on the stack
    turn(w);
    CHECK(freed[1] == 1 && freed[2] == 0);
    view_leave(young);
    turn(w);
    CHECK(freed[2] == 0 && w->view->snap == &snapshots[2]); // in force
    gate_free(g);
    CHECK(freed[0] == 1 && freed[1] == 1 && freed[2] == 1);
}

TEST(one_that_was_overtaken_is_never_in_force)
{
    struct gate *g = made();
    REQUIRE(g);
    struct worker *w = gate_view(g)->worker;
    change(g, 1);
    change(g, 2);
    CHECK(freed[1] == 1);
    turn(w);
    CHECK(w->view->snap == &snapshots[2] &&
          freed[0] == 0); // the first one's address is listened on
    change(g, 3);         // and one that the worker never comes to
    gate_free(g);
    CHECK(freed[0] == 1 && freed[1] == 1 && freed[2] == 1 && freed[3] == 1);
}

TEST(a_request_that_is_whole_is_judged_by_what_is_in_force_then)
{
    struct gate *g = made();
    REQUIRE(g);
    struct worker *w = gate_view(g)->worker;
    struct live_call *l = live_new(w, NULL);
    change(g, 1);
    turn(w);
    CHECK(l->view->snap == &snapshots[0]); // its limits
    live_now(l);
    CHECK(l->view == w->view && l->view->calls == 1);
    change(g, 2);
    turn(w);
    CHECK(l->view->snap == &snapshots[1]); // to its end
    live_free(l);
    CHECK(w->spare_count == 0); // its memory is bounded by settings of old
    turn(w);
    CHECK(freed[1] == 1);
    l = live_new(w, NULL);
    live_free(l);
    CHECK(w->spare_count == 1);
    gate_free(g);
}

TEST(what_needs_a_restart_is_named)
{
    static char *command[] = {"true", NULL}, *other[] = {"true", "more", NULL};
    struct engine_config one = {.name = S("e"), .argv = command}, two = one;
    struct snapshot *a = snapshot(0), *b = snapshot(1);
    char name[64] = "";
    b->gate.tries = 1;
    b->gate.connections = 5;
    b->http.body_limit = 77;
    b->ledger.require_key = S("yes");
    b->fleet.target_count = 0;
    CHECK(!reload_fixed(a, b, name) && name[0] == 0);
    b->ledger.path = S("elsewhere");
    CHECK(reload_fixed(a, b, name) && strcmp(name, "ledger.path") == 0);
    b->gate.workers = 2;
    CHECK(reload_fixed(a, b, name) && strcmp(name, "gate.workers") == 0);
    b = snapshot(1);
    b->net.dns_ttl++;
    CHECK(reload_fixed(a, b, name) && strcmp(name, "net.dns_ttl") == 0);
    b = snapshot(1);
    b->audit.copy = S("there");
    CHECK(reload_fixed(a, b, name) && strcmp(name, "audit.copy") == 0);
    b = snapshot(1);
    b->learn.share = 0.5;
    CHECK(!reload_fixed(a, b, name));
    b->learn.path = S("there");
    CHECK(reload_fixed(a, b, name) && strcmp(name, "learn.path") == 0);
    b = snapshot(1);
    b->engines = &two;
    b->engine_count = 1;
    CHECK(reload_fixed(a, b, name) && strcmp(name, "engines") == 0);
    a->engines = &one;
    a->engine_count = 1;
    CHECK(!reload_fixed(a, b, name));
    two.argv = other;
    CHECK(reload_fixed(a, b, name) && strcmp(name, "engines") == 0);
}
