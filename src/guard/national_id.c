// national_id.c: national identity and social-insurance numbers of 40 countries behind their names,
// with their check digits (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_NATIONAL, ret_hit);
}

const struct detector detector_national_id = {.anchors = ANCHOR_NAMED, .match = match};
