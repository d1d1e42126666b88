// filter_health.c: targets that are down or still starting.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    (void)w;
    (void)t;
    must(c->health && index < c->fleet->target_count);
    if (c->health[index] == HEALTH_UP)
        return false;
    snprintf(why, WHY_CAP, c->health[index] == HEALTH_DOWN ? "is down" : "is still starting");
    return true;
}

const struct filter filter_health = {"health", rules_out};
