// passport.c: passport numbers behind the word (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_PASSPORT, ret_hit);
}

const struct detector detector_passport = {.anchors = ANCHOR_NAMED, .match = match};
