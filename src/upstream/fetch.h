// fetch.h: one GET on a fresh connection, for probes, engines and discovery. Never carries a
// prompt, a key or a client's header. Everything belongs to the loop's thread.
#ifndef UPSTREAM_FETCH_H
#define UPSTREAM_FETCH_H
#include "upstream/upstream.h"

struct fetch;
enum { FETCH_BODY_MAX = 1 << 20 }; // a longer answer counts as broken
struct fetch_events {
    // status 0: no answer (err says why). The body is lent. The fetch is gone: forget its pointer.
    void (*on_end)(void *arg, enum err e, int status, str body);
};
// url is whole: http://host:port/path. The queue gives the loop and the time for the whole of it.
// NULL when it is no URL. Never calls back from inside.
struct fetch *fetch_new(struct net_deadlines *q, str url, const struct fetch_events *e, void *arg);
void fetch_free(struct fetch *f); // gives it up; no callback; NULL is fine
#endif
