// probe.c: asks local targets that are down whether they are back, so that no call has to find out.
// GET /health at the root of the target's URL: any answer below 500 shows that something serves
// there again (engines without that path say 404; one that still loads its model says 503). Targets
// elsewhere are not probed: their health is what calls see.
#include "base/mem.h"
#include "upstream/fetch.h"
#include "upstream/health.h"

enum { PROBE_TIMEOUT_MS = 2000 };

struct probe {
    struct probes *owner;
    struct fetch *fetch; // NULL: none is under way
    unsigned target;
    str url;
};

struct probes {
    struct net_loop *loop;
    struct upstream_health *health;
    struct net_ticker *ticker;
    struct net_deadlines deadlines;
    struct arena arena;
    struct probe rows[TARGET_MAX];
    unsigned count;
};

static void on_end(void *arg, enum err e, int status, str body UNUSED)
{
    struct probe *p = arg;
    struct probes *all = p->owner;
    must(p->fetch);
    p->fetch = NULL;
    // an answer of 500 and more says nothing: /health may be another's page, calls find it out
    if (e != OK || status < 500)
        health_probed(all->health, p->target, e == OK, net_now_us(all->loop));
}

static const struct fetch_events fetch_events = {.on_end = on_end};

static void on_tick(void *arg)
{
    struct probes *all = arg;
    for (unsigned i = 0; i < all->count; i++) {
        struct probe *p = &all->rows[i];
        // 0 as the time: one that is down and due for a trial is still down
        if (!p->fetch && upstream_health_of(all->health, p->target, 0) == HEALTH_DOWN)
            p->fetch = fetch_new(&all->deadlines, p->url, &fetch_events, p);
    }
}

// "http://host:port" of a URL.
static str origin_of(str url)
{
    size_t scheme = str_find(url, S("://"));
    size_t host = scheme == SIZE_MAX ? 0 : scheme + 3;
    size_t slash = str_find_char(str_from(url, host), '/');
    return slash == SIZE_MAX ? url : str_first(url, host + slash);
}

struct probes *upstream_probes_new(struct net_loop *l, const struct fleet *f,
                                   struct upstream_health *h, const struct upstream_settings *s)
{
    enum { URLS_MAX = 1 << 20 };
    struct probes *all = mem_new(sizeof *all);
    all->loop = l;
    all->health = h;
    arena_init(&all->arena, URLS_MAX);
    net_deadlines_init(&all->deadlines, l, PROBE_TIMEOUT_MS);
    for (unsigned i = 0; i < f->target_count; i++) {
        if (!f->zones[f->targets[i].zone].local)
            continue;
        str origin = origin_of(f->targets[i].base_url);
        struct probe *p = &all->rows[all->count++];
        must(all->count <= TARGET_MAX);
        p->owner = all;
        p->target = i;
        p->url = arena_printf(&all->arena, "%.*s/health", STR_ARGS(origin));
    }
    if (all->count)
        all->ticker = net_ticker_new(l, s->probe_every, on_tick, all);
    return all;
}

void upstream_probes_free(struct probes *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->count; i++)
        fetch_free(p->rows[i].fetch);
    if (p->ticker)
        net_ticker_free(p->ticker);
    net_deadlines_done(&p->deadlines);
    arena_done(&p->arena);
    mem_free(p);
}
