// filter_quality.c: a local target serves routed work only if its answer is likely as good. Where
// the label leaves nothing but local targets, there is nothing to choose: they serve. The reasons
// name no figure: they stand in every entry of the ledger, beside p_local_ok, and few different
// ones take little room there.
#include "route/plan.h"

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    const struct policy *p = c->policy;
    must(index < c->fleet->target_count && (unsigned)w->task <= TASK_UNKNOWN);
    if (!w->routed || !c->fleet->zones[t->zone].local || w->only_local)
        return false;
    if (w->task == TASK_UNKNOWN) {
        str_copy_to(why, WHY_CAP, S("unsure what work this is"));
        return true;
    }
    const double ok = (double)c->judgement->p_local_ok;
    if (!p->task_local[w->task] && ok < p->hard_quality) {
        str_copy_to(why, WHY_CAP, S("hard work, and p_local_ok is below policy.hard_quality"));
        return true;
    }
    if (ok < w->quality) {
        str_copy_to(why, WHY_CAP, S("p_local_ok is below the quality that is wanted"));
        return true;
    }
    return false;
}

const struct filter filter_quality = {"quality", rules_out};
