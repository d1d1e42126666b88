// policy_test.c: the policy's words are JSON, change with whatever may change a decision, and hold
// no secret.
#include "base/mem.h"
#include "gate/policy.h"
#include "tests/unit.h"
#include <yyjson.h>

static struct snapshot *sample(struct target *targets, struct tenant *tenants)
{
    struct snapshot *s = mem_new(sizeof *s);
    targets[0] = (struct target){.name = S("near"), .model = S("m"), .api_key = S("hush-hush")};
    targets[1] = (struct target){.name = S("far"), .zone = 1, .base_url = S("https://u:hush@h")};
    tenants[0] = (struct tenant){.name = S("clinic \"west\""), .label = LABEL_RESTRICTED};
    s->fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
        .zone_count = 2,
        .targets = targets,
        .target_count = 2};
    s->tenants = (struct tenants){.rows = tenants, .count = 1};
    policy_default(&s->policy);
    guard_policy_default(&s->guard);
    return s;
}

TEST(the_policy_is_json_without_a_secret)
{
    struct target targets[2];
    struct tenant tenants[1];
    struct snapshot *s = sample(targets, tenants);
    struct buf out;
    policy_write(&out, s);
    yyjson_doc *doc = yyjson_read(out.p, out.n, 0);
    REQUIRE(doc);
    yyjson_val *zone = yyjson_ptr_get(yyjson_doc_get_root(doc), "/zones/1/max_label");
    CHECK(yyjson_equals_str(zone, "internal"));
    CHECK(str_find(buf_str(&out), S("hush")) == SIZE_MAX);
    yyjson_doc_free(doc);
    buf_done(&out);
    mem_free(s);
}

TEST(whatever_decides_changes_the_policys_words)
{
    struct target targets[2];
    struct tenant tenants[1];
    struct snapshot *s = sample(targets, tenants);
    struct buf before, after;
    policy_write(&before, s);
    for (unsigned i = 0; i < 12; i++) {
        struct snapshot *t = sample(targets, tenants);
        bool *const flags[] = {&t->guard.scan,
                               &t->policy.stand_in,
                               &t->fleet.zones[1].local,
                               &t->fleet.zones[0].anywhere,
                               &t->policy.task_local[TASK_CODE],
                               &t->tenants.require_key,
                               &t->policy.cascade.tasks[TASK_MATH],
                               &t->policy.cascade.hold_whole};
        enum label *const labels[] = {&t->fleet.zones[1].max_label, &tenants[0].label,
                                      &t->guard.of_type[0], &t->guard.media};
        if (i < countof(flags))
            *flags[i] = !*flags[i];
        else
            *labels[i - countof(flags)] = LABEL_PUBLIC;
        policy_write(&after, t);
        CHECK(!str_eq(buf_str(&before), buf_str(&after)));
        buf_done(&after);
        mem_free(t);
    }
    buf_done(&before);
    mem_free(s);
}

TEST(who_gets_copies_stands_in_the_policys_words)
{
    struct target targets[2];
    struct tenant tenants[1];
    struct snapshot *s = sample(targets, tenants);
    struct buf out;
    s->learn.judge = S("far");
    policy_write(&out, s);
    CHECK(str_find(buf_str(&out), S("\"learn\"")) == SIZE_MAX);
    buf_done(&out);
    s->learn.share = 0.25;
    policy_write(&out, s);
    CHECK(str_find(buf_str(&out), S("\"learn\":{\"share\":0.25,\"content\":false,\"target\":\"\","
                                    "\"judge\":\"far\"}")) != SIZE_MAX);
    buf_done(&out);
    mem_free(s);
}
