// health_id.c: numbers of patients, insured and prescribers behind their names (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_HEALTH, ret_hit);
}

const struct detector detector_health_id = {.anchors = ANCHOR_NAMED, .match = match};
