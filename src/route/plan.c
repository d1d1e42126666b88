// plan.c: choosing. Filter, then rank. Every target ends in exactly one of two lists, with its
// reason. Invariants: (1) no row of a plan lies in a zone that may not see the label: checked again
// at the end; (2) what a request says (x-weir-*) only tightens.
#include "route/plan.h"

static const struct filter *const filters[] = {
#define FILTER(name, sentence) &filter_##name,
#include "route/rules.def"
#undef FILTER
};

static int zone_named(const struct fleet *f, str name)
{
    for (unsigned i = 0; i < f->zone_count; i++)
        if (str_eq_nocase(f->zones[i].name, name))
            return (int)i;
    return -1;
}

// What the client's word for the model means; false when nobody knows it.
static bool resolve(const struct choice *c, struct wants *w)
{
    const struct policy *p = c->policy;
    str name = c->client_model;
    for (unsigned i = 0; i < p->name_count; i++) { // the operator's own words first
        const struct model_name *m = &p->names[i];
        if (!str_eq(name, m->name))
            continue;
        w->routed = m->means == NAME_AUTO;
        w->zone = m->means == NAME_ZONE ? (int)m->index : w->zone;
        w->target = m->means == NAME_TARGET ? (int)m->index : -1;
        return true;
    }
    if (str_empty(name) || str_eq(name, S("auto")) || str_eq(name, S("weir")) ||
        str_eq(name, S("weir/auto")))
        return true;
    if (str_starts(name, S("weir/"))) {
        w->zone = zone_named(c->fleet, str_from(name, 5));
        w->routed = false;
        return w->zone >= 0;
    }
    for (unsigned i = 0; i < c->fleet->target_count; i++)
        if (str_eq(name, c->fleet->targets[i].name)) {
            w->target = (int)i;
            w->routed = false;
            return true;
        }
    for (unsigned i = 0; i < c->fleet->target_count; i++)
        if (str_eq(name, c->fleet->targets[i].model)) {
            w->model = c->fleet->targets[i].model;
            w->routed = false;
            return true;
        }
    return p->unknown_model_is_auto;
}

// "0.8" to 0.8; anything that is no number from 0 to 1 asks for the most.
static double parse_quality(str s)
{
    char text[16], *end = NULL;
    if (s.n >= sizeof text)
        return 1;
    double q = strtod(str_copy_to(text, sizeof text, s), &end);
    return *end || !(q >= 0 && q <= 1) ? 1 : q;
}

static void tighten(const struct choice *c, struct wants *w)
{
    if (c->want_quality.n) {
        double q = parse_quality(c->want_quality);
        w->quality_asked = q > w->quality;
        w->quality = q > w->quality ? q : w->quality;
    }
    if (!c->want_zone.n)
        return;
    int zone = zone_named(c->fleet, c->want_zone);
    if (zone < 0 || (w->zone >= 0 && w->zone != zone))
        w->zone_unknown = true;
    w->zone = zone;
}

// Who served the turn before this one; -1: nobody, or it is not there now.
static int last_of(const struct choice *c)
{
    const struct conversation *of = c->conversation;
    if (!of || !of->known || !(of->named || of->goes_on))
        return -1;
    must(of->target < (int)c->fleet->target_count);
    return of->target;
}

static struct wants wants_of(const struct choice *c)
{
    const struct judgement *j = c->judgement;
    struct wants w = {
        .routed = true, .target = -1, .zone = -1, .quality = c->policy->quality, .task = j->task};
    must((unsigned)j->task <= TASK_UNKNOWN);
    if (j->task < TASK_COUNT && (double)j->task_p[j->task] < c->policy->unsure_below)
        w.task = TASK_UNKNOWN;
    w.last = last_of(c);
    return w;
}

// Whether label and wishes leave nothing but local zones. Zones and not targets are asked: where
// the cloud may see a request but has no target, local only stands in, and says so.
static bool leaves_only_local(const struct choice *c, const struct wants *w)
{
    for (unsigned i = 0; i < c->fleet->zone_count; i++) {
        const struct zone *z = &c->fleet->zones[i];
        bool wanted = w->zone < 0 || (unsigned)w->zone == i;
        if (wanted && !z->local && c->label <= z->max_label)
            return false;
    }
    return true;
}

// --- filter ----------------------------------------------------------------------

static void exclude(struct plan *p, unsigned target, const char *filter, const char *why)
{
    must(p->out_count < TARGET_MAX);
    struct plan_row *row = &p->out[p->out_count++];
    row->target = (uint16_t)target;
    row->filter = filter;
    str_copy_to(row->why, sizeof row->why, str_c(why));
}

static bool passes(const struct choice *c, const struct wants *w, unsigned index, struct plan *p)
{
    char why[WHY_CAP] = "";
    for (size_t i = 0; i < countof(filters); i++)
        if (filters[i]->rules_out(c, w, &c->fleet->targets[index], index, why)) {
            exclude(p, index, filters[i]->name, why);
            return false;
        }
    return true;
}

// --- rank ------------------------------------------------------------------------

static bool is_local(const struct choice *c, unsigned index)
{
    return c->fleet->zones[c->fleet->targets[index].zone].local;
}

static double answer_tokens(const struct choice *c)
{
    return c->ask->max_output_tokens > 0 ? (double)c->ask->max_output_tokens : 300;
}

// Expected cost first (a price that is not known counts as dear, the own machines as free), then
// wait.
static double cost_of(const struct choice *c, unsigned index)
{
    const struct target *t = &c->fleet->targets[index];
    const double dear = 1e9;
    if (t->price_in_nanousd < 0 || t->price_out_nanousd < 0)
        return c->fleet->zones[t->zone].local ? 0 : dear;
    double answer = answer_tokens(c);
    return (double)c->ask->estimated_input_tokens * (double)t->price_in_nanousd +
           answer * (double)t->price_out_nanousd;
}

static bool before(const struct choice *c, unsigned a, unsigned b)
{
    bool local_a = is_local(c, a), local_b = is_local(c, b);
    if (local_a != local_b)
        return local_a; // one that passed the quality filter is as good, and cheaper
    double cost_a = cost_of(c, a), cost_b = cost_of(c, b);
    if (cost_a < cost_b || cost_b < cost_a)
        return cost_a < cost_b;
    return c->in_flight && c->in_flight[a] < c->in_flight[b];
}

// A target's place among rows [from, count).
static unsigned place_of(const struct choice *c, const struct plan *p, unsigned from,
                         unsigned index)
{
    unsigned at = from;
    while (at < p->count && !before(c, index, p->rows[at].target))
        at++;
    return at;
}

// Puts a target at its place. A plan holds PLAN_MAX; the last one falls out, and says so.
static void insert(struct plan *p, unsigned at, unsigned index, const char *why)
{
    static const char crowded[] = "enough better targets stand before it";
    must(at <= p->count);
    if (at == PLAN_MAX) {
        exclude(p, index, "rank", crowded);
        return;
    }
    if (p->count == PLAN_MAX)
        exclude(p, p->rows[--p->count].target, "rank", crowded);
    for (unsigned i = p->count++; i > at; i--)
        p->rows[i] = p->rows[i - 1];
    p->rows[at].target = (uint16_t)index;
    p->rows[at].filter = NULL;
    str_copy_to(p->rows[at].why, sizeof p->rows[at].why, str_c(why));
}

static const char *why_in(const struct choice *c, const struct wants *w, unsigned index)
{
    bool local = is_local(c, index);
    if (!w->routed)
        return "named by the caller";
    if (w->only_local)
        return "only local targets may see it";
    if (local && quality_by_place(c, w))
        return "its conversation is local, and p_local_ok is near enough";
    return local ? "routine work, as good here" : "may serve it";
}

// What a turn costs at a target, in nano-USD. history_share: of the price, what the history costs
// there. Where the prices are not known: the own machines cost nothing, others what is usual.
static double cost_of_turn(const struct choice *c, unsigned index, double history_share)
{
    const struct target *t = &c->fleet->targets[index];
    bool known = t->price_in_nanousd >= 0 && t->price_out_nanousd >= 0;
    if (!known && is_local(c, index))
        return 0;
    double in = known ? (double)t->price_in_nanousd : 2500;
    double out = known ? (double)t->price_out_nanousd : 10000;
    return (double)c->ask->estimated_input_tokens * history_share * in + answer_tokens(c) * out;
}

// Whether it pays to leave who served the last turn for another: who has read the history before
// keeps it at hand and takes a part of its price; the other has to read all of it anew, which costs
// policy.switch_cost beside.
static bool pays_to_leave(const struct choice *c, unsigned last, unsigned other)
{
    const double kept = 0.25; // of the price, for a history that is at hand: providers' usual
    double read_anew = (double)c->ask->estimated_input_tokens * c->policy->switch_cost * 1000;
    return cost_of_turn(c, last, kept) > cost_of_turn(c, other, 1) + read_anew;
}

// The one that served the last turn comes into its place, or before all others.
static void insert_last(const struct choice *c, struct wants *w, struct plan *p)
{
    unsigned last = (unsigned)w->last, at = place_of(c, p, 0, last);
    w->stays = at > 0 && !pays_to_leave(c, last, p->rows[0].target);
    insert(p, w->stays ? 0 : at, last, w->stays ? "served the turn before" : why_in(c, w, last));
}

// Where the policy asks for it, the best local target that only the quality filter ruled out stands
// before the cloud's.
static void add_cascade(const struct choice *c, const struct wants *w, struct plan *p)
{
    static const char first[] = "cascade: answers first, and is checked",
                      behind[] = "cascade: asked where the local answer fails its check";
    const struct cascade_policy *cascade = &c->policy->cascade;
    const unsigned odd = ABILITY_CHOICES | ABILITY_AUDIO_OUT; // answers that no check reads
    if (cascade->from >= 1 || (double)c->judgement->p_local_ok < cascade->from ||
        w->task == TASK_UNKNOWN || !cascade->tasks[w->task] || w->quality_asked ||
        (c->ask->needs & odd) || p->count == 0 || is_local(c, p->rows[0].target) ||
        w->last == (int)p->rows[0].target) // a conversation that is there stays there
        return;
    unsigned best = p->out_count;
    for (unsigned i = 0; i < p->out_count; i++)
        if (strcmp(p->out[i].filter, "quality") == 0 &&
            (best == p->out_count || before(c, p->out[i].target, p->out[best].target)))
            best = i;
    if (best == p->out_count)
        return;
    const unsigned index = p->out[best].target;
    p->out[best] = p->out[--p->out_count];
    for (unsigned i = 0; i < p->count; i++)
        str_copy_to(p->rows[i].why, sizeof p->rows[i].why, str_c(behind));
    insert(p, 0, index, first);
    must(p->rows[0].target == index && p->count > 1);
    p->cascade = true;
}

// Local targets that only the quality filter ruled out follow the cloud's: better a likely weaker
// answer than none, unless the request itself asked for more quality.
static void add_stand_ins(const struct choice *c, const struct wants *w, struct plan *p)
{
    if (!c->policy->stand_in || w->quality_asked)
        return;
    unsigned from = p->count, kept = 0, out_count = p->out_count;
    struct plan_row rows[TARGET_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < out_count; i++) {
        if (strcmp(p->out[i].filter, "quality") == 0)
            rows[n++] = p->out[i];
        else
            p->out[kept++] = p->out[i];
    }
    p->out_count = kept; // each target stands in one of the two lists only
    for (unsigned i = 0; i < n; i++)
        insert(p, place_of(c, p, from, rows[i].target), rows[i].target,
               "stands in where the cloud does not answer");
    p->stand_in = from == 0 && p->count > 0;
}

// --- why -------------------------------------------------------------------------

static bool out_by(const struct plan *p, const char *filter)
{
    for (unsigned i = 0; i < p->out_count; i++)
        if (strcmp(p->out[i].filter, filter) == 0)
            return true;
    return false;
}

// Of the targets that were not passed over for another's name: whether the ability filter ruled one
// out, and whether length was the only reason.
static bool out_by_ability(const struct choice *c, const struct wants *w, const struct plan *p,
                           bool *ret_only_length)
{
    bool any = false, lacks = false;
    char why[WHY_CAP];
    for (unsigned i = 0; i < p->out_count; i++) {
        unsigned index = p->out[i].target;
        const struct target *t = &c->fleet->targets[index];
        if (strcmp(p->out[i].filter, "ability") != 0 || filter_pin.rules_out(c, w, t, index, why))
            continue;
        any = true;
        lacks |= (c->ask->needs & ~t->abilities) != 0;
    }
    *ret_only_length = any && !lacks;
    return any;
}

static bool anyone_in(const struct fleet *f, int zone)
{
    for (unsigned i = 0; i < f->target_count; i++)
        if (f->targets[i].zone == (unsigned)zone)
            return true;
    return false;
}

// Why the label is higher than the request itself says.
static const char *because(const struct choice *c)
{
    const struct conversation *of = c->conversation;
    if (!of || !of->raised)
        return "";
    return of->lost ? " (its conversation is not known here)" : " (its conversation was before)";
}

static void no_plan(const struct choice *c, const struct wants *w, struct plan *p)
{
    const char *say = "no target is configured";
    bool only_length = false;
    p->err = ERR_NONE_WELL;
    if (out_by(p, "health")) {
        say = "every target that may serve this is down or starting; try again shortly";
    } else if (out_by(p, "quality")) {
        p->err = w->quality_asked ? ERR_NOT_ALLOWED : ERR_NONE_WELL;
        say = w->quality_asked ? "no target reaches the quality that was asked for"
                               : "this is work for the cloud, and no cloud target can serve it";
    } else if (out_by_ability(c, w, p, &only_length)) {
        p->err = only_length ? ERR_TOO_LONG : ERR_NOT_ALLOWED;
        say = only_length ? "the prompt is longer than any allowed target's context"
                          : "no allowed target has an ability that this request needs";
    } else if (w->zone_unknown) {
        p->err = ERR_NOT_ALLOWED;
        say = "the zone that was asked for does not exist, or the model lies elsewhere";
    } else if (c->fleet->target_count && w->zone >= 0 && !anyone_in(c->fleet, w->zone)) {
        p->err = ERR_NOT_ALLOWED;
        say = "no target stands in the zone that was asked for";
    } else if (c->fleet->target_count) {
        p->err = ERR_NOT_ALLOWED;
        say = "no target that may see this request's label fits it";
    }
    // a label of public rules out no zone
    if (p->err == ERR_NOT_ALLOWED && out_by(p, "zone") && !w->zone_unknown &&
        c->label > LABEL_PUBLIC)
        snprintf(p->reason, sizeof p->reason, "labelled %s%s: %s", label_name(c->label), because(c),
                 say);
    else
        str_copy_to(p->reason, sizeof p->reason, str_c(say));
}

// Joins up to three pieces into the reason, without formatting: every call has one.
static void say(struct plan *p, str a, str b, str c)
{
    const str pieces[] = {a, b, c};
    size_t at = 0;
    for (size_t i = 0; i < countof(pieces); i++) {
        size_t n = min_size(pieces[i].n, sizeof p->reason - 1 - at);
        memcpy(p->reason + at, pieces[i].n ? pieces[i].p : "", n);
        at += n;
    }
    p->reason[at] = 0;
}

static str stays_local(const struct choice *c)
{
    const struct conversation *of = c->conversation;
    if (!of || !of->raised)
        return S(" stays local: ");
    return of->lost ? S(" stays local, as its conversation is not known here: ")
                    : S(" stays local, as its conversation does: ");
}

static void say_reason(const struct choice *c, const struct wants *w, struct plan *p)
{
    const struct target *t = &c->fleet->targets[p->rows[0].target];
    str zone = str_first(c->fleet->zones[t->zone].name, 40);
    str task = w->task == TASK_UNKNOWN ? S("unsure work") : str_c(task_name(w->task));
    bool routine = c->policy->task_local[w->task];
    if (!w->routed)
        say(p, S("the caller named it: "), zone, S(""));
    else if (w->only_local && w->zone < 0)
        say(p, str_c(label_name(c->label)), stays_local(c), task);
    else if (w->zone >= 0)
        say(p, zone, S(" was asked for: "), task);
    else if (p->cascade)
        say(p, S("cascade: "), task, S(" may be easy: local answers first, and is checked"));
    else if (p->stand_in)
        say(p, task, S(" belongs to the cloud, no cloud target can serve: local stands in"), S(""));
    else if (w->stays || (quality_by_place(c, w) &&
                          is_local(c, p->rows[0].target) == is_local(c, (unsigned)w->last)))
        say(p, task, S(" goes on where its conversation is: "), zone);
    else if (c->fleet->zones[t->zone].local)
        say(p, task, routine ? S(" is routine work: ") : S(" that looks easy: "), zone);
    else if (w->task == TASK_UNKNOWN)
        say(p, S("unsure what work this is: "), zone, S(""));
    else if (routine)
        say(p, task, S(" is routine, but no local target can serve it well: "), zone);
    else
        say(p, task, S(" is hard work: "), zone);
}

// Invariants (1) and (2) once more, on what is handed out.
static void check_plan(const struct choice *c, const struct wants *w, const struct plan *p)
{
    must(p->count <= PLAN_MAX && p->count + p->out_count == c->fleet->target_count);
    for (unsigned i = 0; i < p->count; i++) {
        const struct target *t = &c->fleet->targets[p->rows[i].target];
        must(c->label <= c->fleet->zones[t->zone].max_label);
        must(!w->zone_unknown && (w->zone < 0 || (unsigned)w->zone == t->zone));
        must(w->target < 0 || (unsigned)w->target == p->rows[i].target);
    }
    must(!p->cascade || (p->count > 1 && is_local(c, p->rows[0].target) && !w->only_local));
}

void route_plan(const struct choice *c, struct plan *ret_plan)
{
    struct plan *p = ret_plan;
    struct wants w = wants_of(c);
    must(c->fleet && c->policy && c->ask && c->judgement && c->fleet->target_count <= TARGET_MAX);
    must(p->out || c->fleet->target_count == 0);
    p->count = p->out_count = 0;
    p->err = OK;
    p->stand_in = p->cascade = false;
    p->reason[0] = 0;
    if (!resolve(c, &w)) {
        p->err = ERR_NO_MODEL;
        str_copy_to(p->reason, sizeof p->reason, str_c(err_sentence(ERR_NO_MODEL)));
        return;
    }
    tighten(c, &w);
    w.only_local = leaves_only_local(c, &w);
    for (unsigned i = 0; i < c->fleet->target_count; i++)
        if ((int)i != w.last && passes(c, &w, i, p))
            insert(p, place_of(c, p, 0, i), i, why_in(c, &w, i));
    if (w.last >= 0 && passes(c, &w, (unsigned)w.last, p))
        insert_last(c, &w, p);
    add_cascade(c, &w, p);
    add_stand_ins(c, &w, p);
    check_plan(c, &w, p);
    if (p->count == 0)
        no_plan(c, &w, p);
    else
        say_reason(c, &w, p);
}
