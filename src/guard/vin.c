// vin.c: vehicle identification numbers behind the word, with their check digit (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_VEHICLE, ret_hit);
}

const struct detector detector_vin = {.anchors = ANCHOR_NAMED, .match = match};
