// policy.c: the default policy: routine tasks local, and of the others what is surely easy; the
// rest, and what is unsure, cloud.
#include "route/route.h"

void policy_default(struct policy *p)
{
    *p = (struct policy){.quality = 0.5,
                         .hard_quality = 0.75,
                         .unsure_below = 0.3,
                         .stand_in = true,
                         .stay = 0.1,
                         .switch_cost = 1};
    p->cascade = (struct cascade_policy){
        .from = 1, .confidence = 0.35, .hold_bytes = 256 * 1024, .wait_ms = 20000};
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        p->task_local[t] = !task_is_hard((enum task)t);
        p->cascade.tasks[t] = true;
    }
    must(!p->task_local[TASK_UNKNOWN]);
}
