// health.c: which targets are well, as all workers see it. Atomics only, no lock on a call's road.
// Numbered invariants:
// (1) A target that is down has a time at which it may be tried; whoever moves that time on (one
//     compare-and-swap) is the one caller that sees it up. A caller that then tries another target
//     costs a wait of down_for, never a target that stays down.
// (2) Starting belongs to the engine that was started: neither tries nor probes end it.
// (3) Counts of tries in flight are exact: each try adds one and takes it back.
// Numbers of different cells need not agree with each other at any instant, so relaxed order is
// enough everywhere.
#include "upstream/health.h"
#include "base/mem.h"
#include "base/time.h"
#include <stdatomic.h>

struct cell {
    atomic_int users; // tables
    atomic_int state; // enum health
    atomic_uint in_flight;
    atomic_uint failures;   // in a row
    atomic_llong try_at_us; // while down: when one caller may try it
    char apart[128];        // workers on different targets do not meet on a cache line
};

struct upstream_health {
    struct cell *cells[TARGET_MAX];
    unsigned count, down_after;
    int64_t down_for_us;
};

static int get(const atomic_int *a)
{
    return atomic_load_explicit(a, memory_order_relaxed);
}

static void put(atomic_int *a, enum health to)
{
    atomic_store_explicit(a, (int)to, memory_order_relaxed);
}

static struct cell *cell_of(struct upstream_health *h, unsigned target)
{
    must(target < h->count);
    return h->cells[target];
}

struct upstream_health *upstream_health_new(const struct fleet *f,
                                            const struct upstream_settings *s)
{
    static const struct fleet nothing;
    return upstream_health_next(NULL, &nothing, f, s);
}

static bool same_target(const struct fleet *f, const struct target *a, const struct fleet *g,
                        const struct target *b)
{
    return str_eq(a->name, b->name) && str_eq(a->base_url, b->base_url) &&
           str_eq(f->zones[a->zone].name, g->zones[b->zone].name);
}

static struct cell *cell_before(const struct upstream_health *before, const struct fleet *f,
                                const struct fleet *g, const struct target *t)
{
    for (unsigned i = 0; i < f->target_count; i++)
        if (same_target(f, &f->targets[i], g, t)) {
            atomic_fetch_add_explicit(&before->cells[i]->users, 1, memory_order_relaxed);
            return before->cells[i];
        }
    struct cell *c = mem_new(sizeof *c);
    put(&c->state, HEALTH_UP);
    atomic_store_explicit(&c->users, 1, memory_order_relaxed);
    return c;
}

struct upstream_health *upstream_health_next(const struct upstream_health *before,
                                             const struct fleet *fleet_before,
                                             const struct fleet *f,
                                             const struct upstream_settings *s)
{
    must(f->target_count <= TARGET_MAX && s->down_after > 0);
    must(!before || before->count == fleet_before->target_count);
    struct upstream_health *h = mem_new(sizeof *h);
    h->count = f->target_count;
    h->down_after = (unsigned)s->down_after;
    h->down_for_us = s->down_for * 1000;
    for (unsigned i = 0; i < h->count; i++)
        h->cells[i] = cell_before(before, fleet_before, f, &f->targets[i]);
    return h;
}

void upstream_health_free(struct upstream_health *h)
{
    for (unsigned i = 0; h && i < h->count; i++)
        if (atomic_fetch_sub_explicit(&h->cells[i]->users, 1, memory_order_acq_rel) == 1)
            mem_free(h->cells[i]);
    mem_free(h);
}

// Down and due: true for the one caller that moved the time on.
static bool wins_trial(const struct upstream_health *h, struct cell *c, int64_t now_us)
{
    long long due = atomic_load_explicit(&c->try_at_us, memory_order_relaxed);
    return now_us >= due &&
           atomic_compare_exchange_strong_explicit(&c->try_at_us, &due, now_us + h->down_for_us,
                                                   memory_order_relaxed, memory_order_relaxed);
}

void upstream_health_copy(struct upstream_health *h, int64_t now_us, uint8_t *ret_health,
                          uint32_t *ret_in_flight)
{
    must(h->count <= TARGET_MAX);
    for (unsigned i = 0; i < h->count; i++) {
        struct cell *c = h->cells[i];
        int state = get(&c->state);
        if (unlikely(state == HEALTH_DOWN) && wins_trial(h, c, now_us))
            state = HEALTH_UP;
        ret_health[i] = (uint8_t)state;
        ret_in_flight[i] = atomic_load_explicit(&c->in_flight, memory_order_relaxed);
    }
}

// Down past its time counts as up: otherwise a gateway whose targets are all down would report
// itself unready, get no calls, and so never try one.
enum health upstream_health_of(const struct upstream_health *h, unsigned target, int64_t now_us)
{
    must(target < h->count);
    const struct cell *c = h->cells[target];
    int state = get(&c->state);
    if (state == HEALTH_DOWN && now_us >= atomic_load_explicit(&c->try_at_us, memory_order_relaxed))
        return HEALTH_UP;
    return (enum health)state;
}

static void go_down(const struct upstream_health *h, struct cell *c, int64_t now_us)
{
    atomic_store_explicit(&c->try_at_us, now_us + h->down_for_us, memory_order_relaxed);
    put(&c->state, HEALTH_DOWN);
}

void upstream_health_set(struct upstream_health *h, unsigned target, enum health to)
{
    struct cell *c = cell_of(h, target);
    must(to == HEALTH_UP || to == HEALTH_DOWN || to == HEALTH_STARTING);
    if (to == HEALTH_DOWN) {
        go_down(h, c, time_mono_us());
        return;
    }
    atomic_store_explicit(&c->failures, 0, memory_order_relaxed);
    put(&c->state, to);
}

void health_begin(struct upstream_health *h, unsigned target)
{
    atomic_fetch_add_explicit(&cell_of(h, target)->in_flight, 1, memory_order_relaxed);
}

void health_end(struct upstream_health *h, unsigned target)
{
    unsigned before =
        atomic_fetch_sub_explicit(&cell_of(h, target)->in_flight, 1, memory_order_relaxed);
    must(before > 0);
}

// Up again, but one more failure is enough to go down.
static void on_probation(const struct upstream_health *h, struct cell *c)
{
    atomic_store_explicit(&c->failures, h->down_after - 1, memory_order_relaxed);
    put(&c->state, HEALTH_UP);
}

void health_answers(struct upstream_health *h, unsigned target)
{
    struct cell *c = cell_of(h, target);
    if (unlikely(get(&c->state) == HEALTH_DOWN))
        on_probation(h, c);
}

void health_served(struct upstream_health *h, unsigned target)
{
    struct cell *c = cell_of(h, target);
    // looked at first: storing the same zero would move the line between cores on every call
    if (unlikely(atomic_load_explicit(&c->failures, memory_order_relaxed) != 0))
        atomic_store_explicit(&c->failures, 0, memory_order_relaxed);
}

void health_failed(struct upstream_health *h, unsigned target, bool at_once, int64_t now_us)
{
    struct cell *c = cell_of(h, target);
    unsigned add = at_once ? h->down_after : 1;
    unsigned failures = atomic_fetch_add_explicit(&c->failures, add, memory_order_relaxed) + add;
    if (failures >= h->down_after && get(&c->state) != HEALTH_STARTING)
        go_down(h, c, now_us);
}

void health_probed(struct upstream_health *h, unsigned target, bool good, int64_t now_us)
{
    struct cell *c = cell_of(h, target);
    if (get(&c->state) != HEALTH_DOWN)
        return;
    if (good)
        on_probation(h, c);
    else
        go_down(h, c, now_us);
}
