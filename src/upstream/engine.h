// engine.h: the times by which engines are looked after, so that tests can shorten them.
#ifndef UPSTREAM_ENGINE_H
#define UPSTREAM_ENGINE_H
#include "upstream/upstream.h"

struct engine_times {
    int64_t tick_ms;     // how often all are looked at; while one starts, its health as often
    int64_t poll_ms;     // health of one that is up
    int64_t back_off_ms; // before the first restart; doubles
    int64_t back_off_max_ms;
    int64_t well_ms;  // this long up: the back-off starts anew
    int64_t kill_ms;  // between TERM and KILL
    int64_t fetch_ms; // for one answer about its health
};
extern const struct engine_times engine_times_usual;
struct engines *engines_new_with(struct net_loop *l, const struct engine_config *rows, size_t count,
                                 struct upstream_health *h, const struct engine_times *times);
#endif
