// filter_zone.c: where the request may go at all. Always the first filter.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    const struct zone *z = &c->fleet->zones[t->zone];
    must(t->zone < c->fleet->zone_count && index < c->fleet->target_count);
    if (c->label > z->max_label) {
        snprintf(why, WHY_CAP, "zone %.*s may see %s at most, this is %s",
                 (int)min_size(z->name.n, 40), z->name.p, label_name(z->max_label),
                 label_name(c->label));
        return true;
    }
    if (w->zone_unknown) {
        snprintf(why, WHY_CAP, "the zone that was asked for does not exist");
        return true;
    }
    if (w->zone >= 0 && (unsigned)w->zone != t->zone) {
        const struct zone *asked = &c->fleet->zones[w->zone];
        snprintf(why, WHY_CAP, "zone %.*s was asked for", (int)min_size(asked->name.n, 60),
                 asked->name.p);
        return true;
    }
    return false;
}

const struct filter filter_zone = {"zone", rules_out};
