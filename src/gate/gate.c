// gate.c: the process side of the gate: workers, signals, start and end.
#include "gate/gate.h"
#include "base/mem.h"
#include "base/thread.h"
#include "gate/policy.h"
#include "gate/reload.h"
#include "gate/worker.h"
#include <signal.h>
#include <stdatomic.h>

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct gate_settings, __VA_ARGS__),
#include "gate/settings.def"
#undef SETTING
};
const struct conf_table gate_setting_table = {setting_rows, countof(setting_rows), NULL};

struct gate {
    struct epoch *first; // its settings of what cannot change: address, loops, ledger, audit
    struct epoch *now;   // in force; worker 0's
    const struct gate_page *pages;
    struct ledger *ledger;
    struct audit *audit;       // NULL: none is kept
    struct learn_store *learn; // NULL: nothing is learned
    struct engines *engines;
    struct probes *probes;
    struct reload *reload; // NULL: there is nowhere to read from
    struct worker *workers;
    unsigned worker_count;
    struct net_ticker *drain_ticker;
    int64_t drain_ends_us;
    int signals;
    atomic_bool stopping;
};

const struct view *gate_view(const struct gate *g)
{
    return g->workers[0].view;
}

const struct snapshot *gate_snapshot(const struct view *v)
{
    return v->snap;
}

const struct gate_page *gate_pages(const struct gate *g)
{
    return g->pages;
}

enum health gate_health(const struct view *v, unsigned target)
{
    return upstream_health_of(v->epoch->health, target, time_mono_us());
}

struct ledger *gate_ledger(struct gate *g)
{
    return g->ledger;
}

bool gate_ready(const struct view *v)
{
    for (unsigned i = 0; i < v->snap->fleet.target_count; i++)
        if (gate_health(v, i) == HEALTH_UP)
            return true;
    return false;
}

bool gate_audit_failing(const struct view *v)
{
    return audit_failing(v->worker->gate->audit);
}

struct learn_store *gate_learn(const struct gate *g)
{
    return g->learn;
}

int gate_port(const struct gate *g)
{
    return net_listener_port(g->workers[0].listener);
}

// --- one worker
// ------------------------------------------------------------------------------------

static void hand_over(struct net_deadline *d)
{
    ledger_writer_tick(container_of(d, struct worker, hand_over_due)->ledger);
}

static enum err worker_init(struct worker *w, struct gate *g, unsigned index, str addr,
                            char why[256])
{
    const struct snapshot *s = g->first->snap;
    enum { SCRATCH_MAX = 64 * 1024 * 1024 };
    *w = (struct worker){.gate = g, .index = index};
    w->loop = net_loop_new(&s->net);
    w->metrics = metrics_new();
    for (unsigned i = 0; i < countof(w->conns); i++)
        list_init(&w->conns[i]);
    list_init(&w->with_deadline);
    list_init(&w->spare_calls);
    list_init(&w->views);
    list_init(&w->lessons);
    buf_init(&w->scratch, SCRATCH_MAX);
    w->view = view_new(w, epoch_ref(g->first));
    w->ledger = ledger_writer_new(g->ledger, w->metrics);
    w->audit = audit_writer_new(g->audit, w->loop, w->metrics);
    // half a batch's time, less what a deadline may be late
    net_deadlines_init(&w->hand_over, w->loop, s->ledger.batch * 7 / 16);
    net_deadline_init(&w->hand_over_due, hand_over);
    char listen_why[160] = "";
    w->listener = net_listen(w->loop, addr, conn_accept, w, listen_why);
    if (w->listener)
        return OK;
    snprintf(why, 256, "cannot listen on %.*s: %s", (int)min_size(addr.n, 80), addr.p, listen_why);
    return ERR_BAD_CONFIG;
}

static void worker_done(struct worker *w)
{
    if (!w->loop)
        return;
    if (w->listener)
        net_listener_close(w->listener);
    conn_close_all(w);
    shadow_drop_all(w);
    list_each(v, &w->views, struct view, at) view_free(v);
    epoch_unref(atomic_load(&w->next));
    ledger_writer_free(w->ledger);
    audit_writer_free(w->audit);
    net_ticker_free(w->deadline_ticker);
    net_deadlines_done(&w->hand_over);
    live_drop_spares(w);
    buf_done(&w->scratch);
    net_loop_free(w->loop);
    w->loop = NULL;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    net_loop_run(w->loop);
    return NULL;
}

// --- another configuration
// ---------------------------------------------------------------------------

struct epoch *gate_epoch(const struct gate *g)
{
    return g->now;
}

enum err gate_take_tenants(struct gate *g, const struct tenants *t, char why[256])
{
    return audit_tenants(g->audit, t, why);
}

// Nobody reads the store before a view that learns is in force.
enum err gate_take_learn(struct gate *g, const struct learn_settings *s, char why[256])
{
    return g->learn ? OK : learn_open(s, &g->learn, why);
}

static void take_next(void *arg)
{
    struct worker *w = arg;
    struct epoch *e = atomic_exchange(&w->next, NULL);
    if (e) // else an earlier wake-up has taken it
        view_change(w, e);
}

static bool say_policy(struct gate *g, const struct snapshot *s)
{
    struct buf policy;
    if (s->fleet.policy == g->now->snap->fleet.policy)
        return true;
    policy_write(&policy, s);
    bool said = audit_policy(g->audit, buf_str(&policy));
    buf_done(&policy);
    return said;
}

bool gate_change(struct gate *g, struct epoch *take_e)
{
    const struct snapshot *s = take_e->snap;
    if (!say_policy(g, s))
        return false;
    upstream_probes_free(g->probes);
    g->probes = upstream_probes_new(g->workers[0].loop, &s->fleet, take_e->health, &s->upstream);
    if (g->engines)
        upstream_engines_follow(g->engines, s->engines, take_e->health);
    for (unsigned i = 0; i < g->worker_count; i++) {
        struct worker *w = &g->workers[i];
        epoch_unref(atomic_exchange(&w->next, epoch_ref(take_e)));
        net_loop_post(w->loop, take_next, w);
    }
    epoch_unref(g->now);
    g->now = take_e;
    return true;
}

static void on_hangup(void *arg, int signo)
{
    struct gate *g = arg;
    must(signo == SIGHUP);
    if (!g->drain_ticker)
        reload_ask(g->reload);
}

void gate_reloads_from(struct gate *g, const struct gate_source *source)
{
    must(!g->reload);
    g->reload = reload_new(g, &g->workers[0], source);
    net_on_signal(g->workers[0].loop, SIGHUP, on_hangup, g);
}

// --- the end
// -----------------------------------------------------------------------------------------

static void drain_worker(void *arg)
{
    struct worker *w = arg;
    if (w->listener)
        net_listener_close(w->listener);
    w->listener = NULL;
    conn_drain(w);
    shadow_drop_all(w);
}

// On worker 0's loop: ends everything once no call is open or the time is up.
static void drained(void *arg)
{
    struct gate *g = arg;
    if (time_mono_us() < g->drain_ends_us && metrics_total(METRIC_calls_open, 0) > 0)
        return;
    for (unsigned i = 0; i < g->worker_count; i++)
        net_loop_stop(g->workers[i].loop);
}

static void begin_drain(void *arg)
{
    struct gate *g = arg;
    if (g->drain_ticker)
        return;
    g->drain_ends_us = time_mono_us() + g->now->snap->gate.drain * 1000;
    for (unsigned i = 0; i < g->worker_count; i++)
        net_loop_post(g->workers[i].loop, drain_worker, &g->workers[i]);
    g->drain_ticker = net_ticker_new(g->workers[0].loop, 20, drained, g);
}

static void on_signal(void *arg, int signo)
{
    struct gate *g = arg;
    g->signals++;
    log_info("gate", "signal %d: %s", signo,
             g->signals == 1 ? "finishing open calls; once more ends at once" : "ending at once");
    begin_drain(g);
    if (g->signals > 1)
        g->drain_ends_us = 0;
}

void gate_stop(struct gate *g)
{
    net_loop_post(g->workers[0].loop, begin_drain, g);
}

// --- life
// --------------------------------------------------------------------------------------------

static void fix_port(const struct gate *g, char *addr, size_t cap)
{
    // port 0 was asked for: the other workers share the one that worker 0 got
    str listen = g->first->snap->gate.listen;
    str_copy_to(addr, cap, listen);
    char *colon = strrchr(addr, ':');
    if (colon)
        snprintf(colon + 1, cap - (size_t)(colon + 1 - addr), "%d", gate_port(g));
}

static enum err start_workers(struct gate *g, char why[256])
{
    char addr[256];
    char busy[160] = "";
    str_copy_to(addr, sizeof addr, g->first->snap->gate.listen);
    if (!net_port_is_free(str_c(addr), busy)) {
        snprintf(why, 256, "cannot listen on %.80s: %.150s", addr, busy);
        return ERR_BAD_CONFIG;
    }
    for (unsigned i = 0; i < g->worker_count; i++) {
        enum err e = worker_init(&g->workers[i], g, i, str_c(addr), why);
        if (e != OK)
            return e;
        if (i == 0)
            fix_port(g, addr, sizeof addr);
    }
    return OK;
}

static enum err open_audit(struct gate *g, char why[256])
{
    const struct snapshot *s = g->first->snap;
    struct buf policy;
    policy_write(&policy, s);
    struct audit_start start = {
        .settings = &s->audit, .tenants = &s->tenants, .policy = buf_str(&policy)};
    enum err e = audit_open(&start, &g->audit, why);
    buf_done(&policy);
    return e;
}

// On the ledger's thread: an operator's lowering stands in the log, and in the decision log where
// one is kept, before it counts.
static bool on_lowered(void *arg, const struct lowering *w)
{
    struct gate *g = arg;
    char id[33];
    struct audit_lowering told = {
        .conversation = str_of(id, 32), .label = w->label, .who = str_c(w->who), .at_us = w->at_us};
    ledger_conversation_hex(w->id, id);
    if (!audit_lowered(g->audit, &told))
        return false;
    log_warn("gate", "conversation=%s was lowered to %s by %s", id, label_name(w->label), w->who);
    return true;
}

enum err gate_new(struct snapshot *take_s, const struct gate_page *pages, struct gate **ret_gate,
                  char ret_why[256])
{
    struct gate *g = mem_new(sizeof *g);
    const struct snapshot *s = take_s;
    g->first = epoch_new(take_s, NULL);
    g->now = epoch_ref(g->first);
    g->pages = pages;
    g->worker_count = s->gate.workers ? (unsigned)s->gate.workers : net_cpu_count();
    g->workers = mem_new_array(struct worker, g->worker_count);
    struct ledger_start ledger = {.settings = &s->ledger,
                                  .conversations = &s->conversations,
                                  .on_lowered = on_lowered,
                                  .arg = g};
    enum err e = ledger_open(&ledger, &g->ledger, ret_why);
    if (e == OK)
        e = open_audit(g, ret_why);
    if (e == OK)
        e = learn_open(&s->learn, &g->learn, ret_why);
    if (e == OK)
        e = start_workers(g, ret_why);
    if (e != OK) {
        gate_free(g);
        return e;
    }
    struct net_loop *first = g->workers[0].loop;
    if (s->engine_count)
        g->engines = upstream_engines_new(first, s->engines, s->engine_count, g->first->health);
    g->probes = upstream_probes_new(first, &s->fleet, g->first->health, &s->upstream);
    net_on_signal(first, SIGINT, on_signal, g);
    net_on_signal(first, SIGTERM, on_signal, g);
    *ret_gate = g;
    return OK;
}

void gate_run(struct gate *g)
{
    for (unsigned i = 1; i < g->worker_count; i++)
        thread_start(&g->workers[i].thread, worker_main, &g->workers[i]);
    net_loop_run(g->workers[0].loop);
    for (unsigned i = 1; i < g->worker_count; i++)
        pthread_join(g->workers[i].thread, NULL);
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    upstream_engines_free(g->engines); // runs worker 0's loop once more
    reload_free(g->reload);
    upstream_probes_free(g->probes);
    net_ticker_free(g->drain_ticker);
    for (unsigned i = 0; i < g->worker_count; i++)
        worker_done(&g->workers[i]);
    ledger_close(g->ledger);
    audit_close(g->audit);
    learn_close(g->learn);
    epoch_unref(g->now);
    epoch_unref(g->first);
    mem_free(g->workers);
    mem_free(g);
}
