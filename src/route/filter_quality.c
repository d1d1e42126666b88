// filter_quality.c: a local target serves routed work only if its answer is likely as good. Where
// the label leaves nothing but local targets, there is nothing to choose: they serve. A
// conversation that has its place needs clearly more (or less) than the threshold to leave it, so
// that its turns do not go back and forth. The reasons name no figure: they stand in every entry of
// the ledger, beside p_local_ok, and few different ones take little room there.
#include "route/plan.h"

enum { NEVER = 2 };

// The threshold as the policy and the request say it.
static double quality_of(const struct choice *c, const struct wants *w)
{
    const struct policy *p = c->policy;
    if (w->task == TASK_UNKNOWN)
        return NEVER;
    return p->task_local[w->task] || p->hard_quality < w->quality ? w->quality : p->hard_quality;
}

double quality_needed(const struct choice *c, const struct wants *w)
{
    const struct policy *p = c->policy;
    double needed = quality_of(c, w);
    if (w->last < 0 || p->stay <= 0)
        return needed;
    if (!c->fleet->zones[c->fleet->targets[w->last].zone].local)
        return needed + p->stay;
    if (w->quality_asked)
        return needed;           // nothing loosens what the request asks for
    if (w->task == TASK_UNKNOWN) // "and shorter": such a turn is what the ones before it were
        return p->hard_quality < 1 ? p->hard_quality : NEVER;
    return needed < 1 ? needed - p->stay : needed;
}

bool quality_by_place(const struct choice *c, const struct wants *w)
{
    const double ok = (double)c->judgement->p_local_ok;
    return w->routed && (ok >= quality_of(c, w)) != (ok >= quality_needed(c, w));
}

static bool rules_out(const struct choice *c, const struct wants *w, const struct target *t,
                      unsigned index, char why[WHY_CAP])
{
    const struct policy *p = c->policy;
    const double ok = (double)c->judgement->p_local_ok;
    must(index < c->fleet->target_count && (unsigned)w->task <= TASK_UNKNOWN);
    if (!w->routed || !c->fleet->zones[t->zone].local || w->only_local)
        return false;
    if (ok >= quality_needed(c, w))
        return false;
    if (w->task == TASK_UNKNOWN)
        str_copy_to(why, WHY_CAP, S("unsure what work this is"));
    else if (quality_by_place(c, w))
        str_copy_to(why, WHY_CAP,
                    S("its conversation is elsewhere, and p_local_ok is not clearly above"));
    else if (!p->task_local[w->task] && ok < p->hard_quality)
        str_copy_to(why, WHY_CAP, S("hard work, and p_local_ok is below policy.hard_quality"));
    else
        str_copy_to(why, WHY_CAP, S("p_local_ok is below the quality that is wanted"));
    return true;
}

const struct filter filter_quality = {"quality", rules_out};
