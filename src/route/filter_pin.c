// filter_pin.c: the caller named a target or a model.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    must(index < c->fleet->target_count);
    bool other = (w->target >= 0 && (unsigned)w->target != index) ||
                 (w->model.n && !str_eq(w->model, t->model));
    if (other)
        snprintf(why, WHY_CAP, "the caller named another model");
    return other;
}

const struct filter filter_pin = {"pin", rules_out};
