// clearance.h: the only maker of clearances.
#ifndef GATE_CLEARANCE_H
#define GATE_CLEARANCE_H
#include "upstream/upstream.h"

// Permission to send this call to this target, from its label and the plan. ERR_NO_CLEARANCE when
// the target's zone may not see the label, or the plan does not name the target.
enum err clearance_make(const struct call *c, const struct fleet *f, unsigned target,
                        struct clearance *ret_clearance) must_check;
#endif
