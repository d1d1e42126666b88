// metrics.h: counters, gauges and histograms declared in metrics.def, with their sentence. Plain
// integers per worker, no lock and no atomic add: one writer each (relaxed stores), summed when
// scraped. Labels are small closed sets named in metrics.def, so series cannot explode.
#ifndef BASE_METRICS_H
#define BASE_METRICS_H
#include "base/buf.h"

enum metric {
#define COUNTER(name, label, values, sentence) METRIC_##name,
#define GAUGE(name, label, values, sentence) METRIC_##name,
#define HISTOGRAM(name, unit, sentence) METRIC_##name,
#include "base/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
    METRIC_COUNT
};

struct metrics; // one worker's numbers
// Registers itself for the scrape; the set lives as long as the process. Also one for the ledger
// thread.
struct metrics *metrics_new(void);
// slot: index into the metric's label values (0 where it has none). Past the end counts in the
// last.
void metric_add(struct metrics *m, enum metric id, unsigned slot, int64_t n);
void metric_set(struct metrics *m, enum metric id, unsigned slot, int64_t value); // gauges
void metric_observe_us(struct metrics *m, enum metric id, int64_t us); // histograms: log2 buckets
int64_t metrics_total(enum metric id, unsigned slot); // sum over all sets
// Prometheus text format 0.0.4 of everything.
void metrics_write(struct buf *out);
#endif
