// routing.c: sort codes and ABA routing numbers behind their names (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_ROUTING, ret_hit);
}

const struct detector detector_routing = {.anchors = ANCHOR_NAMED, .match = match};
