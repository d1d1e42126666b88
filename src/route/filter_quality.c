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
    const double ok = (double)c->judgement->p_local_ok;
    if (!p->task_local[w->task] && ok < p->hard_quality) {
        snprintf(why, WHY_CAP, "%s counts as hard work: p_local_ok %.2f is below %.2f",
                 task_name(w->task), ok, p->hard_quality);
        return true;
    }
    if (ok < w->quality) {
        snprintf(why, WHY_CAP, "p_local_ok %.2f is below the wanted %.2f", ok, w->quality);
        return true;
    }
    return false;
}

const struct filter filter_quality = {"quality", rules_out};
