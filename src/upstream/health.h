// health.h: what the room itself tells the health table. Every function may be called from any
// thread; none takes a lock.
#ifndef UPSTREAM_HEALTH_H
#define UPSTREAM_HEALTH_H
#include "upstream/upstream.h"

void health_begin(struct upstream_health *h, unsigned target); // a try is in flight
void health_end(struct upstream_health *h, unsigned target);
// The target gave the head of a good answer: if it was down it is up, on probation.
void health_answers(struct upstream_health *h, unsigned target);
void health_served(struct upstream_health *h, unsigned target); // a whole answer: all is forgotten
// A failure of the target's own making. at_once: there is nobody at that port of a local target.
void health_failed(struct upstream_health *h, unsigned target, bool at_once, int64_t now_us);
// A probe's result; says nothing about targets that are up or starting.
void health_probed(struct upstream_health *h, unsigned target, bool good, int64_t now_us);
#endif
