// discover.h: what discovery looks at, so that tests can point it at fakes.
#ifndef UPSTREAM_DISCOVER_H
#define UPSTREAM_DISCOVER_H
#include "upstream/upstream.h"

struct discover_from {
    const struct preset *presets;
    size_t preset_count;
    const char *(*env)(const char *);
    int64_t wait_ms;
};
size_t discover_with(struct arena *a, const struct discover_from *from, struct fleet *f,
                     struct upstream_found *ret_found, size_t max);
#endif
