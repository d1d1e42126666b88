// policy.h: all that decides where a call may go, as one line of JSON without any secret: the
// decision log keeps it, and its digest stands in every record.
#ifndef GATE_POLICY_H
#define GATE_POLICY_H
#include "gate/gate.h"

// Initialises the buffer. The same configuration gives the same bytes.
void policy_write(struct buf *ret_json, const struct snapshot *s);
#endif
