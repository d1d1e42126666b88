#include "route/plan.h"
#include "tests/unit.h"

// A fleet of four: a local one and a spare, a cloud one, one in the operator's own zone.
struct stage {
    struct target targets[PLAN_MAX + 8];
    struct fleet fleet;
    uint8_t health[PLAN_MAX + 8];
    uint32_t in_flight[PLAN_MAX + 8];
    struct policy policy;
    struct ask ask;
    struct judgement judgement;
    struct choice choice;
    struct plan plan;
    struct plan_row out[PLAN_MAX + 8];
};
enum { BOX, SPARE, CLOUD, EU };

static void set_task(struct stage *s, enum task task, float p, float local_ok)
{
    for (unsigned t = 0; t < TASK_COUNT; t++)
        s->judgement.task_p[t] = (1 - p) / (TASK_COUNT - 1);
    s->judgement.task = task;
    if (task < TASK_COUNT)
        s->judgement.task_p[task] = p;
    s->judgement.p_local_ok = local_ok;
}

static void stage_init(struct stage *s)
{
    *s = (struct stage){0};
    s->fleet = (struct fleet){.zones = {{S("local"), LABEL_RESTRICTED, true},
                                        {S("cloud"), LABEL_INTERNAL, false},
                                        {S("eu"), LABEL_PUBLIC, false}},
                              .zone_count = 3,
                              .targets = s->targets,
                              .target_count = 4};
    const struct target base = {.dialect = S("openai_chat"),
                                .abilities = (1u << ABILITY_COUNT) - 1,
                                .context_tokens = 8192,
                                .price_in_nanousd = -1,
                                .price_out_nanousd = -1};
    for (unsigned i = 0; i < countof(s->targets); i++)
        s->targets[i] = base;
    s->targets[BOX].name = S("box");
    s->targets[BOX].model = S("qwen3-8b");
    s->targets[SPARE].name = S("spare");
    s->targets[SPARE].model = S("qwen3-8b");
    s->targets[CLOUD].name = S("openai");
    s->targets[CLOUD].model = S("gpt-4o-mini");
    s->targets[CLOUD].zone = 1;
    s->targets[EU].name = S("paris");
    s->targets[EU].model = S("large");
    s->targets[EU].zone = 2;
    policy_default(&s->policy);
    s->ask = (struct ask){.max_output_tokens = -1, .estimated_input_tokens = 100};
    set_task(s, TASK_SUMMARISE, 0.9f, 0.8f);
    s->choice = (struct choice){.fleet = &s->fleet,
                                .health = s->health,
                                .in_flight = s->in_flight,
                                .policy = &s->policy,
                                .ask = &s->ask,
                                .judgement = &s->judgement,
                                .client_model = S("auto")};
}

static const struct plan *plan_of(struct stage *s)
{
    s->plan.out = s->out;
    route_plan(&s->choice, &s->plan);
    return &s->plan;
}

static bool first_is(const struct plan *p, unsigned target)
{
    return p->err == OK && p->count > 0 && p->rows[0].target == target;
}

static const struct plan_row *out_row(const struct plan *p, unsigned target)
{
    for (unsigned i = 0; i < p->out_count; i++)
        if (p->out[i].target == target)
            return &p->out[i];
    return NULL;
}

static bool out_by(const struct plan *p, unsigned target, const char *filter)
{
    const struct plan_row *row = out_row(p, target);
    return row && strcmp(row->filter, filter) == 0 && row->why[0];
}

static bool says(const char *line, const char *word)
{
    return str_find(str_c(line), str_c(word)) != SIZE_MAX;
}

TEST(routine_work_stays_local_with_the_cloud_behind_it)
{
    struct stage s;
    stage_init(&s);
    const struct plan *p = plan_of(&s);
    REQUIRE(p->count == 4);
    CHECK(first_is(p, BOX) && p->rows[1].target == SPARE && p->rows[2].target >= CLOUD);
    CHECK(!p->stand_in && says(p->reason, "summarise is routine"));
}

TEST(hard_work_goes_to_the_cloud_and_local_stands_behind)
{
    struct stage s;
    stage_init(&s);
    set_task(&s, TASK_MATH, 0.9f, 0.3f);
    const struct plan *p = plan_of(&s);
    REQUIRE(p->count == 4);
    CHECK(p->rows[0].target >= CLOUD && p->rows[1].target >= CLOUD && p->rows[2].target <= SPARE);
    CHECK(!p->stand_in && says(p->reason, "math is hard work"));
    s.policy.stand_in = false;
    p = plan_of(&s);
    CHECK(p->count == 2 && out_by(p, BOX, "quality") && says(out_row(p, BOX)->why, "hard"));
}

TEST(unsure_work_goes_to_the_cloud)
{
    struct stage s;
    stage_init(&s);
    set_task(&s, TASK_SUMMARISE, 0.2f, 0.8f);
    CHECK(plan_of(&s)->rows[0].target >= CLOUD && says(s.plan.reason, "unsure"));
    set_task(&s, TASK_UNKNOWN, 0, 0.8f);
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    s.policy.task_local[TASK_UNKNOWN] = true; // the operator's word counts
    s.policy.unsure_below = 0;
    set_task(&s, TASK_CHITCHAT, 0.2f, 0.8f);
    CHECK(first_is(plan_of(&s), BOX));
}

TEST(a_weak_routine_answer_goes_to_the_cloud_by_the_wanted_quality)
{
    struct stage s;
    stage_init(&s);
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.4f);
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.8f);
    s.choice.want_quality = S("0.9");
    const struct plan *p = plan_of(&s);
    CHECK(p->rows[0].target >= CLOUD && out_by(p, BOX, "quality"));
    s.choice.want_quality = S("0.1"); // may only raise
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.4f);
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    s.choice.want_quality = S("best"); // no number: the most
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.97f);
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
}

TEST(restricted_work_is_served_locally_however_hard_or_refused)
{
    struct stage s;
    stage_init(&s);
    s.choice.label = LABEL_RESTRICTED;
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    const struct plan *p = plan_of(&s);
    CHECK(p->count == 2 && first_is(p, BOX) && !p->stand_in && out_by(p, CLOUD, "zone"));
    CHECK(says(out_row(p, CLOUD)->why, "cloud") && says(p->reason, "restricted stays local"));
    s.health[BOX] = s.health[SPARE] = HEALTH_DOWN;
    CHECK(plan_of(&s)->err == ERR_NONE_WELL && s.plan.count == 0);
    s.fleet.zones[0].max_label = LABEL_INTERNAL;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED && says(s.plan.reason, "restricted"));
}

TEST(without_a_cloud_target_local_stands_in_and_says_so)
{
    struct stage s;
    stage_init(&s);
    s.fleet.target_count = 2;
    set_task(&s, TASK_CODE, 0.9f, 0.3f);
    CHECK(first_is(plan_of(&s), BOX) && s.plan.stand_in && says(s.plan.reason, "stands in"));
    s.policy.stand_in = false;
    CHECK(plan_of(&s)->err == ERR_NONE_WELL && s.plan.reason[0]);
    stage_init(&s);
    set_task(&s, TASK_CODE, 0.9f, 0.3f);
    s.health[CLOUD] = s.health[EU] = HEALTH_DOWN;
    CHECK(first_is(plan_of(&s), BOX) && s.plan.stand_in && out_by(&s.plan, CLOUD, "health"));
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.8f);
    CHECK(first_is(plan_of(&s), BOX) && !s.plan.stand_in);
}

TEST(a_name_pins_a_target_or_every_target_of_a_model)
{
    struct stage s;
    stage_init(&s);
    s.choice.client_model = S("openai");
    CHECK(first_is(plan_of(&s), CLOUD) && s.plan.count == 1 && out_by(&s.plan, BOX, "pin"));
    s.choice.client_model = S("gpt-4o-mini");
    CHECK(first_is(plan_of(&s), CLOUD) && s.plan.count == 1);
    s.choice.client_model = S("qwen3-8b");
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    CHECK(first_is(plan_of(&s), BOX) && s.plan.count == 2 && !s.plan.stand_in);
    s.choice.client_model = S("openai");
    s.choice.label = LABEL_RESTRICTED;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
    s.choice.label = LABEL_PUBLIC;
    s.health[CLOUD] = HEALTH_DOWN;
    CHECK(plan_of(&s)->err == ERR_NONE_WELL);
    s.health[CLOUD] = HEALTH_STARTING;
    CHECK(plan_of(&s)->err == ERR_NONE_WELL && says(out_row(&s.plan, CLOUD)->why, "starting"));
}

TEST(names_of_the_operator_come_first_and_unknown_ones_are_404)
{
    struct stage s;
    stage_init(&s);
    s.policy.names[0] = (struct model_name){S("gpt-4o-mini"), NAME_TARGET, BOX};
    s.policy.names[1] = (struct model_name){S("private"), NAME_ZONE, 0};
    s.policy.names[2] = (struct model_name){S("house"), NAME_AUTO, 0};
    s.policy.name_count = 3;
    s.choice.client_model = S("gpt-4o-mini");
    CHECK(first_is(plan_of(&s), BOX) && s.plan.count == 1);
    s.choice.client_model = S("private");
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    CHECK(first_is(plan_of(&s), BOX) && s.plan.count == 2 && !s.plan.stand_in);
    s.choice.client_model = S("house");
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    s.choice.client_model = S("gpt-9");
    CHECK(plan_of(&s)->err == ERR_NO_MODEL && s.plan.count == 0);
    s.choice.client_model = S("weir/moon");
    CHECK(plan_of(&s)->err == ERR_NO_MODEL);
    s.choice.client_model = S("gpt-9");
    s.policy.unknown_model_is_auto = true;
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
}

TEST(weirs_own_names_route_or_restrict)
{
    static const str autos[] = {{"auto", 4}, {"weir/auto", 9}, {"", 0}};
    struct stage s;
    stage_init(&s);
    for (size_t i = 0; i < countof(autos); i++) {
        s.choice.client_model = autos[i];
        CHECK(plan_of(&s)->count == 4);
    }
    s.choice.client_model = S("weir/cloud");
    CHECK(first_is(plan_of(&s), CLOUD) && s.plan.count == 1 && out_by(&s.plan, EU, "zone"));
    s.choice.client_model = S("weir/eu");
    CHECK(first_is(plan_of(&s), EU) && s.plan.count == 1);
    s.choice.client_model = S("weir/local");
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    CHECK(first_is(plan_of(&s), BOX) && s.plan.count == 2 && !s.plan.stand_in);
}

TEST(a_wanted_zone_only_tightens)
{
    struct stage s;
    stage_init(&s);
    s.choice.want_zone = S("eu");
    CHECK(first_is(plan_of(&s), EU) && s.plan.count == 1);
    s.choice.label = LABEL_INTERNAL;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
    s.choice.label = LABEL_PUBLIC;
    s.choice.want_zone = S("moon");
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED && s.plan.out_count == 4 && s.plan.reason[0]);
    s.choice.want_zone = S("local");
    s.choice.client_model = S("weir/cloud");
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
    s.choice.client_model = S("openai");
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
    s.choice.client_model = S("auto");
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    CHECK(first_is(plan_of(&s), BOX) && !s.plan.stand_in && says(s.plan.reason, "asked for"));
}

TEST(a_zone_without_a_target_is_said_to_be_empty)
{
    struct stage s;
    stage_init(&s);
    s.fleet.target_count = 1;
    s.choice.want_zone = S("cloud");
    const struct plan *p = plan_of(&s);
    CHECK(p->err == ERR_NOT_ALLOWED &&
          strcmp(p->reason, "no target stands in the zone that was asked for") == 0);
    s.choice.label = LABEL_RESTRICTED;
    p = plan_of(&s);
    CHECK(p->err == ERR_NOT_ALLOWED && strstr(p->reason, "labelled restricted: no target"));
}

TEST(ability_and_context_rule_out_and_say_which)
{
    struct stage s;
    stage_init(&s);
    s.ask.needs = ABILITY_IMAGES | ABILITY_TOOLS;
    s.targets[BOX].abilities = ABILITY_TOOLS;
    CHECK(first_is(plan_of(&s), SPARE) && out_by(&s.plan, BOX, "ability"));
    CHECK(says(out_row(&s.plan, BOX)->why, "images"));
    for (unsigned i = 0; i < 4; i++)
        s.targets[i].abilities = 0;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED && says(s.plan.reason, "ability"));
    s.ask.needs = 0;
    s.ask.estimated_input_tokens = 9000;
    CHECK(plan_of(&s)->err == ERR_TOO_LONG && s.plan.out_count == 4);
    s.targets[EU].context_tokens = 0; // not known: may fit
    CHECK(first_is(plan_of(&s), EU));
    // what another model lacks is not why a named one may not serve
    s.choice.client_model = S("openai");
    s.choice.label = LABEL_RESTRICTED;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
}

TEST(cheaper_then_less_busy_comes_first)
{
    struct stage s;
    stage_init(&s);
    s.in_flight[BOX] = 3;
    CHECK(first_is(plan_of(&s), SPARE));
    set_task(&s, TASK_MATH, 0.9f, 0.2f);
    s.targets[EU].price_in_nanousd = 100;
    s.targets[EU].price_out_nanousd = 400;
    CHECK(first_is(plan_of(&s), EU)); // an unknown price counts as dear
    s.targets[CLOUD].price_in_nanousd = 50;
    s.targets[CLOUD].price_out_nanousd = 200;
    CHECK(first_is(plan_of(&s), CLOUD));
    s.choice.in_flight = NULL;
    CHECK(first_is(plan_of(&s), CLOUD));
}

TEST(a_plan_keeps_the_best_and_tells_who_fell_out)
{
    struct stage s;
    stage_init(&s);
    s.fleet.target_count = countof(s.targets);
    for (unsigned i = 0; i < countof(s.targets); i++) {
        s.targets[i].zone = 1;
        s.targets[i].price_in_nanousd = s.targets[i].price_out_nanousd = 1000 - (int64_t)i;
    }
    const struct plan *p = plan_of(&s);
    CHECK(p->count == PLAN_MAX && p->out_count == countof(s.targets) - PLAN_MAX);
    CHECK(first_is(p, countof(s.targets) - 1) && out_by(p, 0, "rank"));
}

TEST(an_empty_fleet_is_503)
{
    struct stage s;
    stage_init(&s);
    s.fleet.target_count = 0;
    CHECK(plan_of(&s)->err == ERR_NONE_WELL && s.plan.reason[0]);
}

TEST(hard_work_that_looks_easy_stays_local)
{
    struct stage s;
    stage_init(&s);
    set_task(&s, TASK_CODE, 0.9f, 0.73f);
    const struct plan *p = plan_of(&s);
    CHECK(p->rows[0].target >= CLOUD && says(p->reason, "code is hard work"));
    set_task(&s, TASK_CODE, 0.9f, 0.75f);
    p = plan_of(&s);
    CHECK(first_is(p, BOX) && says(p->reason, "code that looks easy"));
    s.choice.want_quality = S("0.9"); // the caller may ask for more
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    s.choice.want_quality = STR_NONE;
    s.policy.hard_quality = 1; // the operator may not want it
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
    s.policy.hard_quality = 0.74;
    set_task(&s, TASK_CODE, 0.2f, 0.9f); // what is unsure is not easy
    CHECK(plan_of(&s)->rows[0].target >= CLOUD);
}

static void stage_cascade(struct stage *s, float local_ok)
{
    stage_init(s);
    s->policy.cascade.from = 0.4;
    set_task(s, TASK_CODE, 0.9f, local_ok);
}

TEST(in_a_cascade_one_local_target_answers_first_with_the_cloud_behind_it)
{
    struct stage s;
    stage_cascade(&s, 0.5f);
    s.in_flight[BOX] = 1;
    const struct plan *p = plan_of(&s);
    REQUIRE(p->count == 4 && p->cascade);
    CHECK(p->rows[0].target == SPARE && p->rows[1].target >= CLOUD && p->rows[2].target >= CLOUD);
    CHECK(p->rows[3].target == BOX && says(p->rows[3].why, "stands in"));
    CHECK(says(p->rows[0].why, "cascade") && says(p->rows[1].why, "cascade"));
    CHECK(says(p->reason, "cascade: code may be easy") && !p->stand_in);
    s.policy.stand_in = false;
    p = plan_of(&s);
    CHECK(p->count == 3 && p->cascade && out_by(p, BOX, "quality"));
}

TEST(a_cascade_begins_at_its_band_and_is_off_by_default)
{
    struct stage s;
    stage_cascade(&s, 0.39f);
    CHECK(!plan_of(&s)->cascade && s.plan.rows[0].target >= CLOUD);
    stage_cascade(&s, 0.8f); // as good by itself
    CHECK(!plan_of(&s)->cascade && first_is(&s.plan, BOX));
    stage_cascade(&s, 0.5f);
    s.policy.cascade.tasks[TASK_CODE] = false;
    CHECK(!plan_of(&s)->cascade);
    stage_cascade(&s, 0.5f);
    set_task(&s, TASK_CODE, 0.2f, 0.5f); // unsure
    CHECK(!plan_of(&s)->cascade);
    stage_cascade(&s, 0.5f);
    policy_default(&s.policy);
    CHECK(!plan_of(&s)->cascade && s.plan.rows[0].target >= CLOUD);
}

TEST(a_request_that_wants_more_or_names_a_place_is_no_cascade)
{
    struct stage s;
    stage_cascade(&s, 0.5f);
    s.choice.want_quality = S("0.9");
    CHECK(!plan_of(&s)->cascade);
    stage_cascade(&s, 0.5f);
    s.choice.want_zone = S("cloud");
    CHECK(!plan_of(&s)->cascade && first_is(&s.plan, CLOUD) && s.plan.count == 1);
    stage_cascade(&s, 0.5f);
    s.choice.client_model = S("openai");
    CHECK(!plan_of(&s)->cascade && s.plan.count == 1);
    stage_cascade(&s, 0.5f);
    s.ask.needs = ABILITY_CHOICES;
    CHECK(!plan_of(&s)->cascade && s.plan.rows[0].target >= CLOUD);
}

TEST(without_someone_to_escalate_to_there_is_no_cascade)
{
    struct stage s;
    stage_cascade(&s, 0.5f);
    s.choice.label = LABEL_RESTRICTED;
    CHECK(!plan_of(&s)->cascade && first_is(&s.plan, BOX) && s.plan.count == 2);
    stage_cascade(&s, 0.5f);
    s.health[CLOUD] = s.health[EU] = HEALTH_DOWN;
    CHECK(!plan_of(&s)->cascade && s.plan.stand_in);
    stage_cascade(&s, 0.5f);
    s.health[BOX] = s.health[SPARE] = HEALTH_DOWN;
    CHECK(!plan_of(&s)->cascade && s.plan.rows[0].target >= CLOUD);
}

// --- conversations -------------------------------------------------------------------------------

// The stage's request goes on with a conversation whose last turn this target served.
static struct conversation goes_on_at(struct stage *s, int target)
{
    s->ask.estimated_input_tokens = 20000;
    for (unsigned i = 0; i < s->fleet.target_count; i++)
        s->targets[i].context_tokens = 0;
    return (struct conversation){.id = {1, 1}, .goes_on = true, .known = true, .target = target};
}

TEST(a_conversation_does_not_go_back_and_forth_at_the_threshold)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    s.policy.quality = 0.6;
    of = goes_on_at(&s, CLOUD);
    s.choice.conversation = &of;
    unsigned moves = 0;
    for (unsigned turn = 0; turn < 20; turn++) { // one of them a little above it, one below
        set_task(&s, TASK_SUMMARISE, 0.9f, turn % 2 ? 0.55f : 0.65f);
        int before = of.target;
        of.target = plan_of(&s)->rows[0].target;
        moves += before != of.target;
    }
    CHECK(moves == 0 && of.target == CLOUD);
    of.target = BOX;
    for (unsigned turn = 0; turn < 20; turn++) {
        set_task(&s, TASK_SUMMARISE, 0.9f, turn % 2 ? 0.55f : 0.65f);
        int before = of.target;
        of.target = plan_of(&s)->rows[0].target;
        moves += before != of.target;
    }
    CHECK(moves == 0 && of.target == BOX);
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.45f); // clearly too hard
    CHECK(first_is(plan_of(&s), CLOUD));
    s.policy.stay = 0; // each turn by itself
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.55f);
    CHECK(first_is(plan_of(&s), CLOUD));
}

TEST(the_margin_is_said_and_loosens_nothing_that_the_request_asked_for)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    s.policy.quality = 0.6;
    of = goes_on_at(&s, BOX);
    s.choice.conversation = &of;
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.55f);
    CHECK(first_is(plan_of(&s), BOX));
    CHECK(strstr(s.plan.reason, "goes on where its conversation is: local"));
    CHECK(strstr(s.plan.rows[1].why, "near enough")); // the spare one's
    s.choice.want_quality = S("0.61");
    CHECK(first_is(plan_of(&s), CLOUD));
    s.choice.want_quality = STR_NONE;
    set_task(&s, TASK_MATH, 0.9f, 0.99f);
    s.policy.hard_quality = 1; // never local
    CHECK(first_is(plan_of(&s), CLOUD));
    of.target = CLOUD;
    s.policy.stand_in = false;
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.65f);
    CHECK(first_is(plan_of(&s), CLOUD));
    CHECK(strstr(s.plan.reason, "goes on where its conversation is: cloud"));
    CHECK(strstr(out_row(&s.plan, BOX)->why, "its conversation is elsewhere"));
}

TEST(an_unsure_turn_is_what_the_ones_before_it_were)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    set_task(&s, TASK_UNKNOWN, 0, 0.8f);
    CHECK(first_is(plan_of(&s), CLOUD));
    of = goes_on_at(&s, BOX);
    s.choice.conversation = &of;
    CHECK(first_is(plan_of(&s), BOX));
    set_task(&s, TASK_UNKNOWN, 0, 0.7f); // and not good enough for it
    CHECK(first_is(plan_of(&s), CLOUD));
}

TEST(who_served_the_last_turn_goes_on_unless_leaving_pays)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    of = goes_on_at(&s, SPARE);
    s.choice.conversation = &of;
    s.in_flight[SPARE] = 3;
    CHECK(first_is(plan_of(&s), SPARE)); // of two that are alike
    CHECK(strstr(s.plan.reason, "goes on where its conversation is"));
    CHECK(strcmp(s.plan.rows[0].why, "served the turn before") == 0);
    of.target = CLOUD; // clearly easy now, but 20,000 tokens would have to be read anew
    set_task(&s, TASK_SUMMARISE, 0.9f, 0.9f);
    CHECK(first_is(plan_of(&s), CLOUD));
    s.ask.estimated_input_tokens = 1000;
    CHECK(first_is(plan_of(&s), BOX));
    s.ask.estimated_input_tokens = 20000;
    s.policy.switch_cost = 0;
    CHECK(first_is(plan_of(&s), BOX));
    s.policy.switch_cost = 1;
    s.targets[CLOUD].price_in_nanousd = s.targets[CLOUD].price_out_nanousd = 30000; // dear
    CHECK(first_is(plan_of(&s), BOX));
    of.target = -1; // its target is not there any more
    CHECK(first_is(plan_of(&s), BOX));
}

TEST(a_conversation_keeps_no_target_that_a_filter_rules_out)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    of = goes_on_at(&s, CLOUD);
    s.choice.conversation = &of;
    s.choice.label = LABEL_RESTRICTED;
    of.raised = true;
    CHECK(first_is(plan_of(&s), BOX));
    CHECK(strstr(s.plan.reason, "restricted stays local, as its conversation does"));
    of.lost = true;
    CHECK(strstr(plan_of(&s)->reason, "its conversation is not known here"));
    s.fleet.targets = &s.targets[CLOUD];
    s.fleet.target_count = 1;
    of.target = 0;
    CHECK(plan_of(&s)->err == ERR_NOT_ALLOWED);
    CHECK(strstr(s.plan.reason, "its conversation is not known here"));
    stage_init(&s);
    of = goes_on_at(&s, SPARE);
    s.choice.conversation = &of;
    s.health[SPARE] = HEALTH_DOWN;
    CHECK(first_is(plan_of(&s), BOX));
    of.goes_on = false; // another one that begins alike: it has no place yet
    s.health[SPARE] = HEALTH_UP;
    CHECK(first_is(plan_of(&s), BOX));
}

TEST(a_full_plan_keeps_who_served_the_last_turn)
{
    struct stage s;
    struct conversation of;
    stage_init(&s);
    s.fleet.target_count = PLAN_MAX + 8;
    for (unsigned i = 4; i < PLAN_MAX + 8; i++)
        s.targets[i].name = S("more");
    of = goes_on_at(&s, PLAN_MAX + 7);
    s.choice.conversation = &of;
    CHECK(first_is(plan_of(&s), PLAN_MAX + 7) && s.plan.count == PLAN_MAX);
}
