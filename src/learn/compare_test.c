// compare_test.c: which answers are the same, which are not, and which nobody can tell without a
// judge.
#include "learn/learn.h"
#include "tests/unit.h"

static struct reply said(const char *text)
{
    return (struct reply){.text = text_of(str_c(text))};
}

static bool gives(const char *weak, const char *strong, enum learn_how wanted)
{
    struct reply a = said(weak), b = said(strong);
    enum learn_how got = learn_compare(&a, &b, TASK_EXTRACT, false);
    if (got != wanted)
        printf("\"%s\" and \"%s\": %s\n", weak, strong, learn_how_name(got));
    return got == wanted;
}

TEST(json_is_the_same_whatever_the_order_of_its_keys)
{
    CHECK(gives("{\"a\":1,\"b\":[true,null]}", "{ \"b\": [true, null],\n\"a\": 1.0 }",
                HOW_same_json));
    CHECK(gives("```json\n{\"a\":\"x\"}\n```", "{\"a\":\"x\"}", HOW_same_json));
    CHECK(gives("{\"a\":1}", "{\"a\":2}", HOW_other_json));
    CHECK(gives("{\"a\":1}", "{\"a\":1,\"b\":2}", HOW_other_json));
    CHECK(gives("{\"a\":1,\"a2\":2}", "{\"a\":1,\"b\":2}", HOW_other_json));
    CHECK(gives("[1,2]", "[2,1]", HOW_other_json));
    CHECK(gives("[true]", "[false]", HOW_other_json));
    CHECK(gives("[null]", "[0]", HOW_other_json));
    CHECK(gives("Here you are: {\"a\":1}", "{\"a\":1}", HOW_other_json));
    CHECK(gives("{\"a\":1", "{\"a\":1}", HOW_other_json));
    CHECK(gives("{}", "{}", HOW_same_json));
}

TEST(json_that_differs_in_wording_alone_is_left_to_a_judge)
{
    CHECK(gives("{\"n\":1,\"sum\":\"The train was late, and nobody said why.\"}",
                "{\"n\":1,\"sum\":\"Nobody told the passengers why it came late.\"}", HOW_unknown));
    CHECK(gives("{\"n\":2,\"sum\":\"The train was late, and nobody said why.\"}",
                "{\"n\":1,\"sum\":\"Nobody told the passengers why it came late.\"}",
                HOW_other_json));
    CHECK(gives("{\"sum\":\"late\"}", "{\"sum\":\"Nobody told the passengers why it was.\"}",
                HOW_other_json));
}

TEST(numbers_options_and_labels_are_compared_as_such)
{
    CHECK(gives("1,234.50", "1234.5", HOW_same_value));
    CHECK(gives("**42**.", "42", HOW_same_value));
    CHECK(gives("42", "43", HOW_other_value));
    CHECK(gives("42 %", "42", HOW_other_value));
    CHECK(gives("-3", "3", HOW_other_value));
    CHECK(gives("(B)", "b.", HOW_same_value));
    CHECK(gives("B", "C", HOW_other_value));
    CHECK(gives("Positive.", "positive", HOW_same_value));
    CHECK(gives("Positive", "Negative", HOW_unknown)); // no classification: two ways to say it
    struct reply a = said("Positive"), b = said("negative\n");
    CHECK(learn_compare(&a, &b, TASK_CLASSIFY, false) == HOW_other_value);
    CHECK(gives("B", "42", HOW_unknown));
}

TEST(free_text_is_a_judges_matter)
{
    struct reply a = said("It rains  in\nSpain. "), b = said("it rains in Spain.");
    CHECK(learn_compare(&a, &b, TASK_QA_OPEN, true) == HOW_same_text);
    CHECK(learn_compare(&a, &b, TASK_QA_OPEN, false) == HOW_unknown);
    CHECK(gives("It rains in Spain.", "It does not rain in Spain.", HOW_unknown));
    CHECK(gives(" \n", "It rains in Spain.", HOW_no_answer));
    CHECK(gives("It rains in Spain.", "", HOW_unknown)); // the strong one is no measure then
}

TEST(an_answer_that_was_cut_is_not_compared)
{
    struct reply a = said("42"), b = said("42");
    a.cut = true;
    CHECK(learn_compare(&a, &b, TASK_MATH, true) == HOW_unknown);
    a.cut = false;
    b.cut = true;
    CHECK(learn_compare(&a, &b, TASK_MATH, true) == HOW_unknown);
}

TEST(tool_calls_are_compared_by_name_and_arguments)
{
    struct tool_use one[] = {{S("find"), {"{\"q\":\"cats\",\"n\":3}", 18}}},
                    same[] = {{S("find"), {"{\"n\":3, \"q\":\"cats\"}", 19}}},
                    more[] = {{S("find"), {"{\"q\":\"dogs\",\"n\":3}", 18}}},
                    other[] = {{S("look"), {"{\"q\":\"cats\",\"n\":3}", 18}}};
    struct reply a = {.tools = one, .tool_count = 1}, b = {.tools = same, .tool_count = 1},
                 none = said("I cannot search.");
    CHECK(learn_compare(&a, &b, TASK_EXTRACT, false) == HOW_same_tools);
    b.tools = more;
    CHECK(learn_compare(&a, &b, TASK_EXTRACT, false) == HOW_other_tools);
    b.tools = other;
    CHECK(learn_compare(&a, &b, TASK_EXTRACT, false) == HOW_other_tools);
    CHECK(learn_compare(&none, &b, TASK_EXTRACT, false) == HOW_other_tools);
    CHECK(learn_compare(&b, &none, TASK_EXTRACT, false) == HOW_other_tools);
}

TEST(what_is_deep_or_large_is_not_compared)
{
    struct buf deep, wide;
    buf_init(&deep, 1 << 20);
    buf_init(&wide, 1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_putc(&deep, '[');
    for (int i = 0; i < 5000; i++)
        buf_putc(&deep, ']');
    buf_putc(&wide, '{');
    for (int i = 0; i < 20000; i++)
        buf_printf(&wide, "%s\"k%d\":%d", i ? "," : "", i, i);
    buf_putc(&wide, '}');
    struct reply a = {.text = text_of(buf_str(&deep))}, b = {.text = text_of(buf_str(&wide))};
    CHECK(learn_compare(&a, &a, TASK_EXTRACT, false) == HOW_unknown);
    CHECK(learn_compare(&b, &b, TASK_EXTRACT, false) == HOW_unknown);
    buf_done(&deep);
    buf_done(&wide);
}
