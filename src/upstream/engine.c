// engine.c: children that serve models. Each engine walks resting, starting, up, ending; one ticker
// looks at all of them, so nothing here waits. Its target's health follows: starting until its
// health URL answers 200, then up; down after three questions in a row without a 200; starting
// again when the child has died. Invariants: (1) an engine has a child exactly while it is
// starting, up or ending; (2) every child that was spawned is reaped by the loop, which runs once
// more for that at the end.
#include "upstream/engine.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "upstream/fetch.h"
#include <signal.h>

enum engine_state {
    ENGINE_RESTING,  // until start_at_us
    ENGINE_STARTING, // until its health is 200, at most start_timeout
    ENGINE_UP,
    ENGINE_ENDING, // TERM was sent; KILL follows
    ENGINE_STATES
};

#define TO(state) (1u << ENGINE_##state)
static const unsigned next_of[ENGINE_STATES] = {
    [ENGINE_RESTING] = TO(STARTING) | TO(RESTING),
    [ENGINE_STARTING] = TO(UP) | TO(ENDING) | TO(RESTING),
    [ENGINE_UP] = TO(ENDING) | TO(RESTING),
    [ENGINE_ENDING] = TO(RESTING),
};

enum { POLLS_TO_DOWN = 3 };

struct engine {
    struct engines *owner;
    const struct engine_config *config;
    char **argv; // {port} replaced
    struct net_child *child;
    struct fetch *fetch;
    enum engine_state state;
    int64_t since_us; // in this state
    int64_t start_at_us, asked_us, back_off_ms;
    unsigned bad_polls; // in a row, while up
    bool killed;
};

struct engines {
    struct net_loop *loop;
    struct upstream_health *health;
    struct engine_times times;
    struct net_ticker *ticker;
    struct net_deadlines deadlines;
    struct arena arena;
    struct engine *rows;
    size_t count;
    bool closing; // nothing is started any more; the loop runs until no child is left
};

const struct engine_times engine_times_usual = {
    .tick_ms = 100,
    .poll_ms = 5000,
    .back_off_ms = 1000,
    .back_off_max_ms = 60000,
    .well_ms = 60000,
    .kill_ms = 5000,
    .fetch_ms = 2000,
};

static void engine_to(struct engine *g, enum engine_state to)
{
    must(next_of[g->state] & 1u << to);
    must((to == ENGINE_RESTING) == !g->child);
    log_debug("upstream", "engine %.*s: state %d to %d", STR_ARGS(g->config->name), g->state, to);
    g->state = to;
    g->since_us = net_now_us(g->owner->loop);
    g->bad_polls = 0;
    g->killed = false;
    fetch_free(g->fetch);
    g->fetch = NULL;
}

static int64_t in_state_ms(const struct engine *g)
{
    return (net_now_us(g->owner->loop) - g->since_us) / 1000;
}

// No child: the next one is started after the back-off, which doubles until one stayed well.
static void rest(struct engine *g)
{
    const struct engine_times *t = &g->owner->times;
    if (g->state == ENGINE_UP && in_state_ms(g) >= t->well_ms)
        g->back_off_ms = t->back_off_ms;
    engine_to(g, ENGINE_RESTING);
    g->start_at_us = g->since_us + g->back_off_ms * 1000;
    g->back_off_ms = (int64_t)min_size((size_t)g->back_off_ms * 2, (size_t)t->back_off_max_ms);
    upstream_health_set(g->owner->health, g->config->target, HEALTH_STARTING);
}

static void on_exit_of(void *arg, int code, int signal)
{
    struct engine *g = arg;
    must(g->child);
    log_debug("upstream", "engine %.*s ended: code %d, signal %d", STR_ARGS(g->config->name), code,
              signal);
    net_child_free(g->child);
    g->child = NULL;
    rest(g);
}

static void start(struct engine *g)
{
    char why[160], *log_path = NULL;
    must(!g->child && g->state == ENGINE_RESTING);
    if (g->config->log_path.n)
        log_path = mem_copy_str(g->config->log_path);
    struct net_command what = {g->argv, g->config->env, log_path};
    g->child = net_spawn(g->owner->loop, &what, on_exit_of, g, why);
    mem_free(log_path);
    if (g->child) {
        engine_to(g, ENGINE_STARTING);
        return;
    }
    log_warn("upstream", "engine %.*s cannot be started: %s", STR_ARGS(g->config->name), why);
    rest(g);
}

static void on_health(void *arg, enum err e, int status, str body UNUSED)
{
    struct engine *g = arg;
    struct engines *all = g->owner;
    must(g->fetch && g->child);
    g->fetch = NULL;
    if (e == OK && status == 200) {
        if (g->state == ENGINE_STARTING)
            engine_to(g, ENGINE_UP);
        else if (g->bad_polls < POLLS_TO_DOWN)
            return; // calls know better how well it is
        g->bad_polls = 0;
        upstream_health_set(all->health, g->config->target, HEALTH_UP);
    } else if (g->state == ENGINE_UP && ++g->bad_polls >= POLLS_TO_DOWN) {
        upstream_health_set(all->health, g->config->target, HEALTH_DOWN);
    }
}

static const struct fetch_events fetch_events = {.on_end = on_health};

static void ask_health(struct engine *g, int64_t every_ms)
{
    int64_t now = net_now_us(g->owner->loop);
    if (g->fetch || now - g->asked_us < every_ms * 1000)
        return;
    g->asked_us = now;
    g->fetch = fetch_new(&g->owner->deadlines, g->config->health_url, &fetch_events, g);
}

static void end(struct engine *g)
{
    engine_to(g, ENGINE_ENDING);
    net_child_kill(g->child, SIGTERM);
}

static void look_at(struct engine *g)
{
    const struct engine_times *t = &g->owner->times;
    switch (g->state) {
    case ENGINE_RESTING:
        if (!g->owner->closing && net_now_us(g->owner->loop) >= g->start_at_us)
            start(g);
        break;
    case ENGINE_STARTING:
        if (in_state_ms(g) >= g->config->start_timeout_ms) {
            end(g);
        } else {
            ask_health(g, 0);
        }
        break;
    case ENGINE_UP:
        ask_health(g, t->poll_ms);
        break;
    case ENGINE_ENDING:
        if (!g->killed && in_state_ms(g) >= t->kill_ms) {
            g->killed = true;
            net_child_kill(g->child, SIGKILL);
        }
        break;
    case ENGINE_STATES:
        must(!"a state");
    }
}

static void on_tick(void *arg)
{
    struct engines *all = arg;
    for (size_t i = 0; i < all->count; i++)
        look_at(&all->rows[i]);
    if (all->closing)
        net_loop_stop(all->loop); // end_children looks whether it is over
}

// --- command lines -------------------------------------------------------------------------------

// The port that the health URL names: "8080" of http://127.0.0.1:8080/health.
static str port_of(str url)
{
    size_t scheme = str_find(url, S("://"));
    str rest = str_from(url, scheme == SIZE_MAX ? 0 : scheme + 3);
    rest = str_first(rest, min_size(str_find_char(rest, '/'), rest.n));
    for (size_t colon; (colon = str_find_char(rest, ':')) != SIZE_MAX;)
        rest = str_from(rest, colon + 1);
    int64_t n;
    return str_to_i64(rest, &n) ? rest : str_starts(url, S("https:")) ? S("443") : S("80");
}

static char *with_port(struct arena *a, const char *word, str port)
{
    const str mark = S("{port}");
    str rest = str_c(word);
    for (size_t at; (at = str_find(rest, mark)) != SIZE_MAX;) {
        str tail = str_from(rest, at + mark.n);
        rest = arena_printf(a, "%.*s%.*s%.*s", STR_ARGS(str_first(rest, at)), STR_ARGS(port),
                            STR_ARGS(tail));
    }
    return arena_cstr(a, rest);
}

static char **make_argv(struct arena *a, const struct engine_config *c)
{
    size_t count = 0;
    must(c->argv && c->argv[0]);
    while (c->argv[count])
        count++;
    char **argv = arena_array(a, char *, count + 1);
    for (size_t i = 0; i < count; i++)
        argv[i] = with_port(a, c->argv[i], port_of(c->health_url));
    return argv;
}

// --- life ----------------------------------------------------------------------------------------

struct engines *engines_new_with(struct net_loop *l, const struct engine_config *rows, size_t count,
                                 struct upstream_health *h, const struct engine_times *times)
{
    enum { ARGV_MAX = 8 << 20 };
    struct engines *all = mem_new(sizeof *all);
    *all = (struct engines){.loop = l, .health = h, .times = *times, .count = count};
    must(count > 0 && times->back_off_ms > 0);
    arena_init(&all->arena, ARGV_MAX);
    net_deadlines_init(&all->deadlines, l, times->fetch_ms);
    all->rows = mem_new_array(struct engine, count);
    for (size_t i = 0; i < count; i++) {
        struct engine *g = &all->rows[i];
        g->owner = all;
        g->config = &rows[i];
        g->back_off_ms = times->back_off_ms;
        g->argv = make_argv(&all->arena, &rows[i]);
        upstream_health_set(h, rows[i].target, HEALTH_STARTING);
        start(g);
    }
    all->ticker = net_ticker_new(l, times->tick_ms, on_tick, all);
    return all;
}

static bool same_words(char *const *a, char *const *b)
{
    size_t i = 0;
    if (!a || !b)
        return a == b;
    while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    return !a[i] && !b[i];
}

bool upstream_engine_same(const struct engine_config *a, const struct engine_config *b)
{
    return str_eq(a->name, b->name) && same_words(a->argv, b->argv) && same_words(a->env, b->env) &&
           str_eq(a->health_url, b->health_url) && str_eq(a->log_path, b->log_path) &&
           a->start_timeout_ms == b->start_timeout_ms;
}

void upstream_engines_follow(struct engines *e, const struct engine_config *rows,
                             struct upstream_health *h)
{
    e->health = h;
    for (size_t i = 0; i < e->count; i++) {
        struct engine *g = &e->rows[i];
        must(upstream_engine_same(g->config, &rows[i]));
        g->config = &rows[i];
        if (g->state != ENGINE_UP) // a target that moved to another zone knows nothing of it
            upstream_health_set(h, rows[i].target, HEALTH_STARTING);
    }
}

struct engines *upstream_engines_new(struct net_loop *l, const struct engine_config *rows,
                                     size_t count, struct upstream_health *h)
{
    return engines_new_with(l, rows, count, h, &engine_times_usual);
}

static bool any_child(const struct engines *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].child)
            return true;
    return false;
}

// The loop is run once more until the last child was reaped. A child that even KILL does not end
// (it hangs in the kernel) is given up after as long again.
static void end_children(struct engines *all)
{
    int64_t gives_up_us = time_mono_us() + 2 * all->times.kill_ms * 1000;
    all->closing = true;
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].child && all->rows[i].state != ENGINE_ENDING)
            end(&all->rows[i]);
    while (any_child(all) && time_mono_us() < gives_up_us)
        net_loop_run(all->loop); // something else may stop it, too
    for (size_t i = 0; i < all->count; i++) {
        net_child_free(all->rows[i].child);
        fetch_free(all->rows[i].fetch);
    }
}

void upstream_engines_free(struct engines *e)
{
    if (!e)
        return;
    end_children(e);
    net_ticker_free(e->ticker);
    net_deadlines_done(&e->deadlines);
    arena_done(&e->arena);
    mem_free(e->rows);
    mem_free(e);
}
