// imei.c: numbers of handsets behind the word, with their Luhn digit (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_DEVICE, ret_hit);
}

const struct detector detector_imei = {.anchors = ANCHOR_NAMED, .match = match};
