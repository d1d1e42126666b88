// plan_test.c: filter and rank. The whole small product of labels, zones, health, names and wishes
// shows no plan with a forbidden zone; single cases show who serves what, and why not.
#include "route/plan.h"
#include "tests/unit.h"

struct world {
    struct fleet fleet;
    struct target targets[4];
    struct policy policy;
    struct ask ask;
    struct judgement judgement;
    uint8_t health[4];
    struct choice choice;
    struct plan plan;
};

// near (local), far (cloud), eu (an own zone for internal work), tiny (local, short context, no
// tools)
static void make(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->fleet.zones[0] = (struct zone){S("local"), LABEL_RESTRICTED, true};
    w->fleet.zones[1] = (struct zone){S("cloud"), LABEL_PUBLIC, false};
    w->fleet.zones[2] = (struct zone){S("eu"), LABEL_INTERNAL, false};
    w->fleet.zone_count = 3;
    w->targets[0] = (struct target){.name = S("near"),
                                    .model = S("small"),
                                    .zone = 0,
                                    .abilities = 255,
                                    .price_in_nanousd = -1,
                                    .price_out_nanousd = -1};
    w->targets[1] = (struct target){.name = S("far"),
                                    .model = S("large"),
                                    .zone = 1,
                                    .abilities = 255,
                                    .price_in_nanousd = 900,
                                    .price_out_nanousd = 900};
    w->targets[2] = (struct target){.name = S("eu-large"),
                                    .model = S("large"),
                                    .zone = 2,
                                    .abilities = 255,
                                    .price_in_nanousd = 1900,
                                    .price_out_nanousd = 1900};
    w->targets[3] = (struct target){.name = S("tiny"),
                                    .model = S("tiny"),
                                    .zone = 0,
                                    .abilities = 0,
                                    .context_tokens = 100,
                                    .price_in_nanousd = -1,
                                    .price_out_nanousd = -1};
    w->fleet.targets = w->targets;
    w->fleet.target_count = 4;
    policy_default(&w->policy);
    w->judgement.task = TASK_SUMMARISE;
    w->judgement.task_p[TASK_SUMMARISE] = 0.9f;
    w->judgement.p_local_ok = 0.85f;
    w->ask.max_output_tokens = -1;
    w->choice = (struct choice){.fleet = &w->fleet,
                                .health = w->health,
                                .policy = &w->policy,
                                .ask = &w->ask,
                                .judgement = &w->judgement,
                                .label = LABEL_PUBLIC,
                                .client_model = S("auto")};
}

static void judge(struct world *w, enum task t, float p_local_ok)
{
    memset(w->judgement.task_p, 0, sizeof w->judgement.task_p);
    w->judgement.task = t;
    w->judgement.task_p[t] = 0.9f;
    w->judgement.p_local_ok = p_local_ok;
}

static const char *first(struct world *w)
{
    route_plan(&w->choice, &w->plan);
    return w->plan.count ? w->targets[w->plan.rows[0].target].name.p : "";
}

static const char *filter_of(const struct world *w, unsigned target)
{
    for (unsigned i = 0; i < w->plan.out_count; i++)
        if (w->plan.out[i].target == target)
            return w->plan.out[i].filter;
    return "";
}

TEST(no_plan_ever_holds_a_zone_that_may_not_see_the_label)
{
    static const char *const names[] = {"auto",       "near",       "far",     "large",
                                        "weir/local", "weir/cloud", "weir/eu", "nobody"};
    static const char *const zones[] = {"", "local", "cloud", "eu", "moon"};
    static const char *const qualities[] = {"", "0", "0.99", "what"};
    struct world w;
    unsigned cases = 0;
    make(&w);
    for (unsigned n = 0; n < countof(names) * countof(zones) * countof(qualities) * 3 * 81 * 3;
         n++) {
        unsigned r = n;
        w.choice.client_model = str_c(names[r % countof(names)]), r /= countof(names);
        w.choice.want_zone = str_c(zones[r % countof(zones)]), r /= countof(zones);
        w.choice.want_quality = str_c(qualities[r % countof(qualities)]), r /= countof(qualities);
        w.choice.label = (enum label)(r % 3), r /= 3;
        judge(&w, (enum task[]){TASK_SUMMARISE, TASK_MATH, TASK_CHITCHAT}[r % 3], 0.7f), r /= 3;
        for (int t = 0; t < 4; t++, r /= 3)
            w.health[t] = (uint8_t)(r % 3);
        route_plan(&w.choice, &w.plan);
        for (unsigned i = 0; i < w.plan.count; i++) {
            const struct target *t = &w.targets[w.plan.rows[i].target];
            REQUIRE(w.choice.label <= w.fleet.zones[t->zone].max_label);
            REQUIRE(w.health[w.plan.rows[i].target] == HEALTH_UP);
            REQUIRE(!w.choice.want_zone.n ||
                    str_eq(w.choice.want_zone, w.fleet.zones[t->zone].name));
        }
        REQUIRE((w.plan.count == 0) == (w.plan.err != OK));
        REQUIRE(w.plan.reason[0]);
        cases++;
    }
    CHECK(cases > 100000);
}

TEST(routine_work_is_local_hard_and_unsure_work_cloud)
{
    struct world w;
    make(&w);
    CHECK(strcmp(first(&w), "near") == 0);
    CHECK(w.plan.count >= 2); // the cloud follows as a fallback
    judge(&w, TASK_MATH, 0.3f);
    CHECK(strcmp(first(&w), "far") == 0 && !w.plan.stand_in);
    judge(&w, TASK_SUMMARISE, 0.85f);
    w.judgement.task_p[TASK_SUMMARISE] = 0.1f;
    CHECK(strcmp(first(&w), "far") == 0);
}

TEST(restricted_stays_local_or_is_refused)
{
    struct world w;
    make(&w);
    judge(&w, TASK_REASONING, 0.1f);
    w.choice.label = LABEL_RESTRICTED;
    CHECK(strcmp(first(&w), "near") == 0);
    CHECK(strcmp(filter_of(&w, 1), "zone") == 0);
    w.health[0] = w.health[3] = HEALTH_DOWN;
    (void)first(&w);
    CHECK(w.plan.err == ERR_NONE_WELL);
    w.choice.client_model = S("far");
    (void)first(&w);
    CHECK(w.plan.err == ERR_NOT_ALLOWED || w.plan.err == ERR_NONE_WELL);
}

TEST(filters_tell_zone_ability_pin_health_and_quality_apart)
{
    struct world w;
    make(&w);
    w.choice.label = LABEL_INTERNAL;
    w.ask.needs = ABILITY_TOOLS;
    judge(&w, TASK_CODE, 0.2f);
    w.choice.client_model = S("auto");
    (void)first(&w);
    CHECK(strcmp(filter_of(&w, 1), filter_zone.name) == 0);
    CHECK(strcmp(filter_of(&w, 3), filter_ability.name) == 0);
    CHECK(strcmp(filter_of(&w, 0), filter_quality.name) == 0);
    w.choice.client_model = S("eu-large");
    (void)first(&w);
    CHECK(strcmp(filter_of(&w, 0), filter_pin.name) == 0);
    w.health[2] = HEALTH_STARTING;
    (void)first(&w);
    CHECK(strcmp(filter_of(&w, 2), filter_health.name) == 0 && w.plan.err == ERR_NONE_WELL);
}

TEST(a_prompt_longer_than_every_context_is_told_so)
{
    struct world w;
    make(&w);
    w.choice.client_model = S("tiny");
    w.ask.estimated_input_tokens = 5000;
    (void)first(&w);
    CHECK(w.plan.err == ERR_TOO_LONG);
}

TEST(local_stands_in_where_no_cloud_can_serve_unless_more_quality_was_asked)
{
    struct world w;
    make(&w);
    judge(&w, TASK_MATH, 0.3f);
    w.health[1] = w.health[2] = HEALTH_DOWN;
    CHECK(strcmp(first(&w), "near") == 0 && w.plan.stand_in);
    w.choice.want_quality = S("0.9");
    CHECK(strcmp(first(&w), "") == 0 && w.plan.err != OK);
    w.choice.want_quality = STR_NONE;
    w.policy.stand_in = false;
    CHECK(strcmp(first(&w), "") == 0);
}

TEST(unknown_models_are_404_unless_the_policy_routes_them)
{
    struct world w;
    make(&w);
    w.choice.client_model = S("gpt-99");
    (void)first(&w);
    CHECK(w.plan.err == ERR_NO_MODEL);
    w.policy.unknown_model_is_auto = true;
    CHECK(strcmp(first(&w), "near") == 0);
}
