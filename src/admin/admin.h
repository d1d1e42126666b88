// admin: pages for operators beside the road of calls: health, readiness, metrics.
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H
#include "gate/gate.h"

// GET /healthz (the process lives), GET /readyz (a target is up), GET /metrics (Prometheus text).
extern const struct gate_page admin_pages[];
#endif
