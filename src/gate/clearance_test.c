// clearance_test.c: a clearance is given for a planned target whose zone may see the label, and for
// no other.
#include "gate/clearance.h"
#include "tests/unit.h"

TEST(a_clearance_needs_the_plan_and_the_zone)
{
    static struct target targets[] = {{.name = S("near"), .zone = 0},
                                      {.name = S("far"), .zone = 1}};
    static struct call c;
    struct fleet f = {
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_PUBLIC, false}},
        .zone_count = 2,
        .targets = targets,
        .target_count = 2};
    struct clearance got;
    c.plan.count = 1;
    c.plan.rows[0].target = 1;
    for (unsigned label = LABEL_PUBLIC; label <= LABEL_RESTRICTED; label++) {
        c.label = (enum label)label;
        CHECK((clearance_make(&c, &f, 1, &got) == OK) == (label == LABEL_PUBLIC));
        CHECK(clearance_make(&c, &f, 0, &got) == ERR_NO_CLEARANCE); // not in the plan
    }
    c.label = LABEL_PUBLIC;
    REQUIRE(clearance_make(&c, &f, 1, &got) == OK);
    CHECK(upstream_clearance_holds(&got, &f));
    got.label = LABEL_RESTRICTED;
    CHECK(!upstream_clearance_holds(&got, &f)); // changed by hand
}
