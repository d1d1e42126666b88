// bank_account.c: bank account numbers behind a word that says so (ids.def).
#include "guard/ids.h"

static bool match(struct look *l, struct hit *ret_hit)
{
    return id_match(l, ID_GROUP_BANK, ret_hit);
}

const struct detector detector_bank_account = {.anchors = ANCHOR_NAMED, .match = match};
