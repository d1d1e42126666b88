// tax_id.c: tax and company numbers behind their names, with their check digits (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_TAX, ret_hit);
}

const struct detector detector_tax_id = {.anchors = ANCHOR_NAMED, .match = match};
