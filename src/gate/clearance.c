// clearance.c: the one translation unit that makes a clearance. What the screening and the plan
// said is compared once more with the zone, so that a fault in the ranking cannot send a call
// astray.
#include "gate/clearance.h"

enum err clearance_make(const struct call *c, const struct fleet *f, unsigned target,
                        struct clearance *ret_clearance)
{
    bool planned = false;
    must(target < f->target_count);
    for (unsigned i = 0; i < c->plan.count; i++)
        planned |= c->plan.rows[i].target == target;
    unsigned zone = f->targets[target].zone;
    must(zone < f->zone_count);
    if (!planned || c->label > f->zones[zone].max_label)
        return ERR_NO_CLEARANCE;
    struct clearance made = {
        .call = c, .target = target, .zone = zone, .label = c->label, .policy = f->policy};
    made.stamp = upstream_clearance_stamp(&made);
    *ret_clearance = made;
    return OK;
}
