// row_test.c: what stands in a row.
#include "learn/learn.h"
#include "tests/unit.h"
#include <yyjson.h>

static struct reply weak = {.text = {"Four\n\"legs\"", 11}};
static struct tool_use tools[] = {{{"look", 4}, {"{\"at\":1}", 8}}, {{"go", 2}, {"{}", 2}}};
static struct reply strong = {.tools = tools, .tool_count = 2};

static struct learn_row sample(void)
{
    return (struct learn_row){.at_us = 1764000000123000,
                              .call = S("01ABC"),
                              .weights = S("9390507e8e1f796e"),
                              .weak = S("box"),
                              .strong = S("openai"),
                              .task = TASK_QA_CLOSED,
                              .p_local_ok = 0.8125F,
                              .label = LABEL_PUBLIC,
                              .how = HOW_judge_tie,
                              .features = S("AAAA"),
                              .messages = S("[{\"role\":\"user\",\n  \"content\":\"How many?\"}]"),
                              .weak_reply = &weak,
                              .strong_reply = &strong};
}

static yyjson_doc *written(const struct learn_row *r, struct buf *out)
{
    buf_init(out, 64 * 1024);
    learn_put_row(out, r);
    CHECK(str_find_char(buf_str(out), '\n') == out->n - 1); // one line
    return yyjson_read(out->p, out->n - 1, 0);
}

static const char *word(yyjson_val *row, const char *name)
{
    const char *w = yyjson_get_str(yyjson_obj_get(row, name));
    return w ? w : "";
}

TEST(a_row_says_who_was_compared_and_how_it_ended)
{
    struct learn_row r = sample();
    struct buf out;
    yyjson_doc *doc = written(&r, &out);
    yyjson_val *row = yyjson_doc_get_root(doc);
    REQUIRE(yyjson_is_obj(row));
    CHECK(strcmp(word(row, "kind"), "shadow") == 0);
    CHECK(strcmp(word(row, "at"), "2025-11-24T16:00:00.123Z") == 0);
    CHECK(strcmp(word(row, "call"), "01ABC") == 0 && strcmp(word(row, "label"), "public") == 0);
    CHECK(strcmp(word(row, "task"), "qa_closed") == 0);
    CHECK(strcmp(word(row, "how"), "judge_tie") == 0 && strcmp(word(row, "features"), "AAAA") == 0);
    CHECK(strcmp(word(row, "weak"), "box") == 0 && strcmp(word(row, "strong"), "openai") == 0);
    CHECK(yyjson_get_num(yyjson_obj_get(row, "weak_score")) == 0.5);
    CHECK(yyjson_get_num(yyjson_obj_get(row, "strong_score")) == 0.5);
    CHECK(yyjson_get_num(yyjson_obj_get(row, "p_local_ok")) == 0.8125);
    CHECK(!yyjson_obj_get(row, "messages") && !yyjson_obj_get(row, "weak_answer"));
    yyjson_doc_free(doc);
    buf_done(&out);
}

TEST(what_is_not_known_has_no_scores)
{
    struct learn_row r = sample();
    struct buf out;
    r.how = HOW_unknown;
    yyjson_doc *doc = written(&r, &out);
    CHECK(!yyjson_obj_get(yyjson_doc_get_root(doc), "weak_score"));
    CHECK(!yyjson_obj_get(yyjson_doc_get_root(doc), "strong_score"));
    yyjson_doc_free(doc);
    buf_done(&out);
}

TEST(content_stands_on_the_same_line_as_messages)
{
    struct learn_row r = sample();
    struct buf out;
    r.content = true;
    yyjson_doc *doc = written(&r, &out);
    yyjson_val *row = yyjson_doc_get_root(doc), *a = yyjson_obj_get(row, "weak_answer"),
               *b = yyjson_obj_get(row, "strong_answer");
    CHECK(yyjson_arr_size(yyjson_obj_get(row, "messages")) == 1);
    CHECK(strcmp(word(a, "content"), "Four\n\"legs\"") == 0 && !yyjson_obj_get(a, "tool_calls"));
    CHECK(yyjson_arr_size(yyjson_obj_get(b, "tool_calls")) == 2);
    yyjson_val *f = yyjson_obj_get(yyjson_arr_get(yyjson_obj_get(b, "tool_calls"), 1), "function");
    CHECK(strcmp(word(f, "name"), "go") == 0 && strcmp(word(f, "arguments"), "{}") == 0);
    yyjson_doc_free(doc);
    buf_done(&out);
    r.messages = S("{\"no\":\"array\"}");
    doc = written(&r, &out);
    CHECK(!yyjson_obj_get(yyjson_doc_get_root(doc), "messages"));
    yyjson_doc_free(doc);
    buf_done(&out);
}
