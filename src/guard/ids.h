// ids.h: identifiers that a word before them names: tax, health and national numbers, passports,
// accounts. Private to guard. One table, ids.def; a detector takes one group of it.
#ifndef GUARD_IDS_H
#define GUARD_IDS_H
#include "guard/detector.h"

enum id_group {
    ID_GROUP_NATIONAL,
    ID_GROUP_TAX,
    ID_GROUP_HEALTH,
    ID_GROUP_BANK,
    ID_GROUP_ROUTING,
    ID_GROUP_PASSPORT,
    ID_GROUP_DRIVER,
    ID_GROUP_DEVICE,
    ID_GROUP_VEHICLE,
};
// At ANCHOR_NAMED: an identifier of this group around the anchor, named by a word before it.
bool id_match(struct look *l, enum id_group group, struct hit *ret_hit);
// For tests: whether the bytes, without what may part them, have the shape and pass the check.
bool id_valid(enum identifier id, str value);
#endif
