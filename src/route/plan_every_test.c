// plan_every_test.c: the choice over a whole product of labels, zones, targets' states, names,
// headers and policies, each plan held against a second, plain reading of the rules that shares no
// code with the first. What it guards: no plan has a row in a zone that may not see the label.
#include "route/plan.h"
#include "tests/unit.h"

enum { TARGETS = 3 };

// One point of the product.
struct point {
    struct target targets[TARGETS];
    uint8_t health[TARGETS];
    struct fleet fleet;
    struct policy policy;
    struct ask ask;
    struct judgement judgement;
    struct conversation conversation;
    struct choice choice;
    struct plan plan;
    struct plan_row out[TARGETS];
};

static const char *const names[] = {"auto",      "",        "weir/local", "weir/cloud",
                                    "weir/mars", "first",   "m1",         "nobody",
                                    "fast",      "eu-only", "pin-last"};
static const char *const zones_wanted[] = {NULL, "local", "CLOUD", "mars"};
static const char *const qualities[] = {NULL, "0.2", "0.9", "much"};
static const enum task tasks[] = {TASK_SUMMARISE, TASK_MATH, TASK_UNKNOWN};

static void begin(struct point *p)
{
    static const char *const target_names[TARGETS] = {"first", "second", "third"};
    static const char *const models[TARGETS] = {"m1", "m2", "m1"};
    *p = (struct point){0};
    for (unsigned i = 0; i < TARGETS; i++)
        p->targets[i] = (struct target){.name = str_c(target_names[i]),
                                        .model = str_c(models[i]),
                                        .abilities = (1u << ABILITY_COUNT) - 1,
                                        .price_in_nanousd = -1,
                                        .price_out_nanousd = -1};
    p->plan.out = p->out;
    policy_default(&p->policy);
    p->policy.names[0] = (struct model_name){S("fast"), NAME_AUTO, 0};
    p->policy.names[1] = (struct model_name){S("eu-only"), NAME_ZONE, 2};
    p->policy.names[2] = (struct model_name){S("pin-last"), NAME_TARGET, TARGETS - 1};
    p->policy.name_count = 3;
    p->ask.max_output_tokens = -1;
    p->fleet.zone_count = 3;
    p->fleet.targets = p->targets;
    p->fleet.target_count = TARGETS;
    p->choice = (struct choice){.fleet = &p->fleet,
                                .health = p->health,
                                .policy = &p->policy,
                                .ask = &p->ask,
                                .judgement = &p->judgement,
                                .conversation = &p->conversation};
    p->conversation.known = p->conversation.goes_on = true;
}

// The next digit of a mixed-radix number.
static unsigned digit(unsigned *rest, unsigned radix)
{
    unsigned d = *rest % radix;
    *rest /= radix;
    return d;
}

static void set_zones(struct point *p, unsigned n)
{
    static const char *const words[] = {"local", "cloud", "eu"};
    for (unsigned z = 0; z < 3; z++) {
        enum label most = (enum label)digit(&n, 3);
        p->fleet.zones[z] =
            (struct zone){.name = str_c(words[z]), .max_label = most, .local = z == 0};
    }
}

static void set_targets(struct point *p, unsigned n)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        p->targets[i].zone = digit(&n, 3);
        p->health[i] = (uint8_t)(digit(&n, 2) ? HEALTH_DOWN : HEALTH_UP);
    }
}

static void set_request(struct point *p, unsigned n)
{
    p->choice.label = (enum label)digit(&n, 3);
    p->choice.client_model = str_c(names[digit(&n, countof(names))]);
    p->choice.want_zone = str_c(zones_wanted[digit(&n, countof(zones_wanted))]);
    p->choice.want_quality = str_c(qualities[digit(&n, countof(qualities))]);
    p->policy.stand_in = digit(&n, 2);
    p->policy.unknown_model_is_auto = digit(&n, 2);
    p->policy.cascade.from = digit(&n, 2) ? 0.6 : 1;
    p->conversation.target = (int)digit(&n, TARGETS + 1) - 1; // who served the turn before
    enum task task = tasks[digit(&n, countof(tasks))];
    p->judgement.task = task;
    memset(p->judgement.task_p, 0, sizeof p->judgement.task_p);
    if (task < TASK_COUNT)
        p->judgement.task_p[task] = 1;
    p->judgement.p_local_ok = 0.7F;
}
enum {
    ZONE_CASES = 27,
    TARGET_CASES = 216,
    REQUEST_CASES = 3 * (int)countof(names) * (int)countof(zones_wanted) * (int)countof(qualities) *
                    2 * 2 * 2 * (TARGETS + 1) * (int)countof(tasks)
};

// May this target see this request at all: label, wished zone, name. Written from the design's
// words, not from plan.c.
static bool may_see(const struct point *p, unsigned i)
{
    const struct choice *c = &p->choice;
    const struct target *t = &p->targets[i];
    str model = c->client_model, zone = p->fleet.zones[t->zone].name;
    if (c->label > p->fleet.zones[t->zone].max_label)
        return false;
    if (c->want_zone.n && !str_eq_nocase(c->want_zone, zone))
        return false;
    if (str_eq(model, S("weir/local")) && !str_eq(zone, S("local")))
        return false;
    if (str_eq(model, S("weir/cloud")) && !str_eq(zone, S("cloud")))
        return false;
    if (str_eq(model, S("eu-only")) && !str_eq(zone, S("eu")))
        return false;
    if (str_eq(model, S("first")) && i != 0)
        return false;
    if (str_eq(model, S("m1")) && i == 1)
        return false;
    if (str_eq(model, S("pin-last")) && i != TARGETS - 1)
        return false;
    return true;
}

static bool is_known_name(const struct point *p)
{
    str model = p->choice.client_model;
    if (str_eq(model, S("weir/mars")))
        return false;
    return !str_eq(model, S("nobody")) || p->policy.unknown_model_is_auto;
}

// What is wrong with the plan; NULL: nothing.
static const char *fault_of(const struct point *p)
{
    const struct plan *plan = &p->plan;
    unsigned seen = 0, servable = 0;
    if (!is_known_name(p))
        return plan->err == ERR_NO_MODEL && plan->count == 0 ? NULL : "an unknown name got a plan";
    for (unsigned i = 0; i < plan->count; i++) {
        unsigned target = plan->rows[i].target;
        if (!may_see(p, target))
            return "a target that may not see it is in the plan";
        if (p->health[target] != HEALTH_UP)
            return "a target that is down is in the plan";
        if (!plan->rows[i].why[0] || seen >> target & 1)
            return "a row without a reason, or a target twice";
        seen |= 1u << target;
    }
    for (unsigned i = 0; i < plan->out_count; i++) {
        if (!plan->out[i].filter || !plan->out[i].why[0] || seen >> plan->out[i].target & 1)
            return "ruled out without a reason, or chosen too";
        seen |= 1u << plan->out[i].target;
    }
    if (plan->cascade && (p->targets[plan->rows[0].target].zone != 0 || plan->count < 2 ||
                          p->targets[plan->rows[1].target].zone == 0))
        return "a cascade that is not from a local target to another";
    if (plan->cascade && p->policy.cascade.from >= 1)
        return "a cascade that nobody asked for";
    if (seen != (1u << TARGETS) - 1)
        return "a target stands in neither list";
    if ((plan->err == OK) != (plan->count > 0) || !plan->reason[0])
        return "error and plan disagree";
    for (unsigned i = 0; i < TARGETS; i++)
        servable += may_see(p, i) && p->health[i] == HEALTH_UP;
    // where no quality was asked for and local may stand in, whoever can serve is used
    if (p->policy.stand_in && !p->choice.want_quality.n && servable != plan->count)
        return "a target that could serve was left out";
    return NULL;
}

TEST(no_request_fleet_and_policy_lead_to_a_forbidden_zone)
{
    static struct point p;
    uint64_t plans = 0, cases = 0;
    begin(&p);
    for (unsigned z = 0; z < ZONE_CASES; z++) {
        set_zones(&p, z);
        // a prime step walks each target case with another slice of the requests: the whole
        // product is 296 million, and every pair of its parts meets
        for (unsigned t = 0; t < TARGET_CASES; t++) {
            set_targets(&p, t);
            for (unsigned r = (z + t) % 53; r < REQUEST_CASES; r += 53) {
                set_request(&p, r);
                route_plan(&p.choice, &p.plan);
                const char *fault = fault_of(&p);
                cases++;
                plans += p.plan.count > 0;
                if (!fault)
                    continue;
                fprintf(stderr, "zones %u targets %u request %u: %s\n", z, t, r, fault);
                REQUIRE(!fault);
            }
        }
    }
    CHECK(cases > 5000000 && plans > cases / 10);
}
