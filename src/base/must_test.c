// A broken rule ends the process and says where it was.
#include "base/err.h"
#include "base/watch_test.h"
#include "tests/unit.h"

static void break_a_rule(void)
{
    must_doing("01J", "send");
    must(1 + 1 == 3);
}

static void ask_for_no_error(void)
{
    must_doing("01J", "send");
    must_doing(NULL, NULL);
    (void)err_status(ERR_COUNT);
}

TEST(a_broken_rule_says_what_where_and_in_the_middle_of_what)
{
    CHECK(watch_dies(break_a_rule, "1 + 1 == 3 (call=01J step=send)"));
    CHECK(watch_dies(ask_for_no_error, "(unsigned)e < ERR_COUNT\n"));
}
