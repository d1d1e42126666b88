// metrics.c: sets of plain integers, one writer each, added up by the scrape.
// A set's slots are found through `shapes`, which is expanded from metrics.def.
#include "base/metrics.h"
#include "base/mem.h"
#include <pthread.h>
#include <stdatomic.h>

enum { SLOT_MAX = 24, BUCKETS = 28 }; // 2^0 .. 2^26 microseconds, then +Inf

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

static const struct shape {
    enum kind kind;
    const char *name, *label, *values, *sentence;
} shapes[METRIC_COUNT] = {
#define COUNTER(name, label, values, sentence) {KIND_COUNTER, #name, label, values, sentence},
#define GAUGE(name, label, values, sentence)   {KIND_GAUGE, #name, label, values, sentence},
#define HISTOGRAM(name, unit, sentence)        {KIND_HISTOGRAM, #name, "", "", sentence},
#include "base/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

// The last cell of a histogram is its sum, in microseconds; its count is that of all its buckets.
enum { CELLS = BUCKETS + 1, SUM = BUCKETS };

struct metrics {
    struct metrics *next;
    uint8_t last[METRIC_COUNT]; // each metric's last slot
    _Atomic int64_t cells[METRIC_COUNT][CELLS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metrics *_Atomic sets;

static unsigned slots_of(const struct shape *s)
{
    unsigned n = 1;
    for (const char *p = s->values; *p; p++)
        n += *p == ',';
    must(n <= SLOT_MAX);
    return n;
}

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_new(sizeof *m);
    for (unsigned id = 0; id < METRIC_COUNT; id++)
        m->last[id] = (uint8_t)(slots_of(&shapes[id]) - 1);
    pthread_mutex_lock(&lock);
    m->next = atomic_load(&sets);
    atomic_store(&sets, m);
    pthread_mutex_unlock(&lock);
    return m;
}

// One writer: a load and a store, no locked instruction.
static void bump(_Atomic int64_t *cell, int64_t n)
{
    int64_t v = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, v + n, memory_order_relaxed);
}

static _Atomic int64_t *cell_of(struct metrics *m, enum metric id, unsigned slot)
{
    must((unsigned)id < METRIC_COUNT && shapes[id].kind != KIND_HISTOGRAM);
    return &m->cells[id][slot < m->last[id] ? slot : m->last[id]];
}

void metric_add(struct metrics *m, enum metric id, unsigned slot, int64_t n)
{
    bump(cell_of(m, id, slot), n);
}

void metric_set(struct metrics *m, enum metric id, unsigned slot, int64_t value)
{
    atomic_store_explicit(cell_of(m, id, slot), value, memory_order_relaxed);
}

void metric_observe_us(struct metrics *m, enum metric id, int64_t us)
{
    must((unsigned)id < METRIC_COUNT && shapes[id].kind == KIND_HISTOGRAM);
    uint64_t v = us > 0 ? (uint64_t)us : 0;
    unsigned bucket = v <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(v - 1); // least b with v <= 2^b
    bump(&m->cells[id][bucket < BUCKETS ? bucket : BUCKETS - 1], 1);
    bump(&m->cells[id][SUM], (int64_t)v);
}

int64_t metrics_total(enum metric id, unsigned slot)
{
    int64_t total = 0;
    must((unsigned)id < METRIC_COUNT && slot < CELLS);
    for (struct metrics *m = atomic_load(&sets); m; m = m->next)
        total += atomic_load_explicit(&m->cells[id][slot], memory_order_relaxed);
    return total;
}

static void write_plain(struct buf *out, enum metric id)
{
    const struct shape *s = &shapes[id];
    const char *suffix = s->kind == KIND_COUNTER ? "_total" : "";
    str values = str_c(s->values), value;
    for (unsigned slot = 0; slot < slots_of(s); slot++) {
        bool labelled = s->label[0] && str_next(&values, ',', &value);
        buf_printf(out, "weir_%s%s", s->name, suffix);
        if (labelled)
            buf_printf(out, "{%s=\"%.*s\"}", s->label, STR_ARGS(value));
        buf_printf(out, " %lld\n", (long long)metrics_total(id, slot));
    }
}

static void write_histogram(struct buf *out, enum metric id)
{
    const char *name = shapes[id].name;
    int64_t below = 0;
    for (unsigned b = 0; b < BUCKETS - 1; b++) {
        below += metrics_total(id, b);
        buf_printf(out, "weir_%s_seconds_bucket{le=\"%.9g\"} %lld\n", name, (double)(1u << b) / 1e6,
                   (long long)below);
    }
    below += metrics_total(id, BUCKETS - 1);
    buf_printf(out, "weir_%s_seconds_bucket{le=\"+Inf\"} %lld\n", name, (long long)below);
    int64_t sum_us = metrics_total(id, SUM);
    buf_printf(out, "weir_%s_seconds_sum %lld.%06d\n", name, (long long)(sum_us / 1000000),
               (int)(sum_us % 1000000));
    buf_printf(out, "weir_%s_seconds_count %lld\n", name, (long long)below);
}

void metrics_write(struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    static const char *const suffixes[] = {"_total", "", "_seconds"};
    for (unsigned id = 0; id < METRIC_COUNT; id++) {
        const struct shape *s = &shapes[id];
        buf_printf(out, "# HELP weir_%s%s %s\n# TYPE weir_%s%s %s\n", s->name, suffixes[s->kind],
                   s->sentence, s->name, suffixes[s->kind], kinds[s->kind]);
        if (s->kind == KIND_HISTOGRAM)
            write_histogram(out, (enum metric)id);
        else
            write_plain(out, (enum metric)id);
    }
}
