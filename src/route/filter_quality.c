// filter_quality.c: a local target serves routed work only if its answer is likely as good. Where
// the label leaves nothing but local targets, there is nothing to choose: they serve.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    const struct policy *p = c->policy;
    must(index < c->fleet->target_count && (unsigned)w->task <= TASK_UNKNOWN);
    if (!w->routed || !c->fleet->zones[t->zone].local || w->only_local)
        return false;
    if (w->task == TASK_UNKNOWN) {
        snprintf(why, WHY_CAP, "unsure what work this is");
        return true;
    }
    if (!p->task_local[w->task]) {
        snprintf(why, WHY_CAP, "%s counts as hard work", task_name(w->task));
        return true;
    }
    if ((double)c->judgement->p_local_ok < w->quality) {
        snprintf(why, WHY_CAP, "p_local_ok %.2f is below the wanted %.2f",
                 (double)c->judgement->p_local_ok, w->quality);
        return true;
    }
    return false;
}

const struct filter filter_quality = {"quality", rules_out};
