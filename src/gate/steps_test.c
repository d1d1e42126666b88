// steps_test.c: a rule that breaks inside a step names the call and the step; afterwards it names
// nothing.
#include "base/watch_test.h"
#include "gate/worker.h"
#include "tests/unit.h"

// In step answer, where only the end of the try or an answer's head leads on.
static struct live_call *answering(void)
{
    static struct live_call l;
    l = (struct live_call){.call.id.c = "01J00000000000000000000007", .step = STEP_ANSWER};
    return &l;
}

static void answer_without_an_answer(void)
{
    struct live_call *l = answering();
    l->try_ended = true;
    steps_run(l);
}

static void wait_then_break_a_rule(void)
{
    steps_run(answering());
    live_set_deadline(answering(), 0);
}

TEST(a_broken_rule_names_the_call_and_its_step)
{
    CHECK(watch_dies(answer_without_an_answer, "(call=01J00000000000000000000007 step=answer)\n"));
}

TEST(a_broken_rule_between_two_steps_names_no_call)
{
    CHECK(watch_dies(wait_then_break_a_rule, "due_us > 0 && l->due_us == 0\n"));
}
