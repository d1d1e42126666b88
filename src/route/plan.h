// plan.h: what a filter sees. Private to route. A new filter is a file and a row in rules.def.
#ifndef ROUTE_PLAN_H
#define ROUTE_PLAN_H
#include "route/route.h"

enum { WHY_CAP = 112 };

// What the caller and the policy want, resolved once before any target is looked at.
struct wants {
    bool routed;       // by task; false: the caller named a target, a model or a zone
    int target, zone;  // the named ones, -1 none
    bool zone_unknown; // x-weir-zone or the model's name means a zone that is not there
    str model;         // a target's model that was named
    double quality;
    bool quality_asked; // by the request: nothing stands in for it
    enum task task;     // TASK_UNKNOWN when the classifier is unsure
    bool only_local;    // the label leaves nothing but local zones
    int last;           // target that served its conversation's turn before; -1: none
    bool stays;         // and it stands first for that
};
// How good a local answer must be: the thresholds, with policy.stay for or against it where the
// conversation has its place already.
double quality_needed(const struct choice *c, const struct wants *w);
// Without its conversation's place the answer would be the other one.
bool quality_by_place(const struct choice *c, const struct wants *w);

struct filter {
    const char *name;
    // True rules the target out; why says it in a short sentence without any of the request's text.
    bool (*rules_out)(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP]);
};
#define FILTER(name, sentence) extern const struct filter filter_##name;
#include "route/rules.def"
#undef FILTER
#endif
