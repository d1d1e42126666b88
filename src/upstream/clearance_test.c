// clearance_test.c: nothing but an unaltered clearance holds.
#include "tests/unit.h"
#include "upstream/upstream.h"

static struct target targets[3] = {{.zone = 0}, {.zone = 1}, {.zone = 0}};
static const struct fleet fleet = {
    .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
    .zone_count = 2,
    .targets = targets,
    .target_count = 3};

static struct call a_call(enum label label)
{
    struct call c = {.label = label};
    memcpy(c.id.c, "01J00000000000000000000001", ID_CHARS);
    return c;
}

static struct clearance made(const struct call *c, unsigned target)
{
    struct clearance k = {
        .call = c, .target = target, .zone = targets[target].zone, .label = c->label};
    k.stamp = upstream_clearance_stamp(&k);
    return k;
}

TEST(a_made_clearance_holds_for_its_zone)
{
    struct call c = a_call(LABEL_INTERNAL);
    struct clearance local = made(&c, 0), cloud = made(&c, 1);
    CHECK(upstream_clearance_holds(&local, &fleet));
    CHECK(upstream_clearance_holds(&cloud, &fleet));
    CHECK(local.stamp != cloud.stamp);
}

TEST(a_restricted_call_holds_no_clearance_for_the_cloud)
{
    struct call c = a_call(LABEL_RESTRICTED);
    struct clearance local = made(&c, 0), cloud = made(&c, 1);
    CHECK(upstream_clearance_holds(&local, &fleet));
    CHECK(!upstream_clearance_holds(&cloud, &fleet));
}

TEST(a_clearance_that_was_filled_in_or_altered_does_not_hold)
{
    struct call c = a_call(LABEL_RESTRICTED), other = a_call(LABEL_INTERNAL);
    struct clearance k = made(&c, 0);
    struct clearance by_hand = {.call = &c, .target = 0, .zone = 0, .label = LABEL_RESTRICTED};
    CHECK(!upstream_clearance_holds(&by_hand, &fleet));
    struct clearance moved = k;
    moved.target = moved.zone = 1;
    moved.label = LABEL_PUBLIC;
    CHECK(!upstream_clearance_holds(&moved, &fleet));
    struct clearance sideways = k;
    sideways.target = 2; // of the same zone
    CHECK(!upstream_clearance_holds(&sideways, &fleet));
    struct clearance lent_out = k;
    lent_out.call = &other;
    CHECK(!upstream_clearance_holds(&lent_out, &fleet));
    struct clearance bit = k;
    bit.stamp ^= 1;
    CHECK(!upstream_clearance_holds(&bit, &fleet));
    struct clearance nobody = {0};
    CHECK(!upstream_clearance_holds(&nobody, &fleet));
    CHECK(!upstream_clearance_holds(NULL, &fleet));
}

TEST(a_clearance_ends_with_its_call_and_when_the_label_rises)
{
    struct call c = a_call(LABEL_PUBLIC);
    struct clearance k = made(&c, 1);
    REQUIRE(upstream_clearance_holds(&k, &fleet));
    c.label = LABEL_INTERNAL;
    CHECK(!upstream_clearance_holds(&k, &fleet));
    c.label = LABEL_PUBLIC;
    c.id.c[25] = '7'; // the same memory, the next call
    CHECK(!upstream_clearance_holds(&k, &fleet));
}

TEST(a_clearance_is_of_the_policy_under_which_it_was_planned)
{
    struct call c = a_call(LABEL_PUBLIC);
    struct clearance k = made(&c, 1);
    struct fleet next = fleet;
    next.policy = 7; // the configuration changed
    REQUIRE(upstream_clearance_holds(&k, &fleet));
    CHECK(!upstream_clearance_holds(&k, &next));
    k.policy = 7; // by hand
    CHECK(!upstream_clearance_holds(&k, &next));
}
