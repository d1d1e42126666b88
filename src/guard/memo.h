// memo.h: what parts that were read before had in them. Private to guard.
#ifndef GUARD_MEMO_H
#define GUARD_MEMO_H
#include "base/hash.h"
#include "guard/guard.h"

// Shorter parts are read again: that costs less than looking them up.
enum { MEMO_LEAST_BYTES = 192, MEMO_FINDINGS_MAX = 4 };

struct remembered {
    struct hash128 of; // both 0: a free place
    enum label label;
    uint32_t finding_count;
    struct finding findings[MEMO_FINDINGS_MAX]; // of any part
};
struct hash128 memo_hash(const struct guard_memo *m, str raw, bool escaped);
// NULL where nothing is known. Lent until the next put.
const struct remembered *memo_get(struct guard_memo *m, struct hash128 of);
void memo_put(struct guard_memo *m, const struct remembered *r);
#endif
