#include "route/route.h"
#include "tests/unit.h"

TEST(by_default_routine_tasks_are_local_and_the_rest_is_not)
{
    struct policy p;
    policy_default(&p);
    CHECK(p.task_local[TASK_SUMMARISE] && p.task_local[TASK_CHITCHAT]);
    CHECK(!p.task_local[TASK_CODE] && !p.task_local[TASK_UNKNOWN]);
    CHECK(p.hard_quality > p.quality && p.hard_quality < 1);
    CHECK(p.quality > 0 && p.quality < 1 && p.unsure_below > 0 && p.stand_in);
    CHECK(p.name_count == 0 && !p.unknown_model_is_auto);
}
