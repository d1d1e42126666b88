// check_test.c: answers that may stand and answers that may not.
#include "api/api.h"
#include "api/schema.h"
#include "tests/unit.h"

struct bench {
    struct arena a;
    struct wanted wanted;
    struct draft draft;
    struct draft_check check;
};

static void begin(struct bench *b, str body)
{
    *b = (struct bench){0};
    arena_init(&b->a, 1 << 24);
    api_draft_init(&b->draft, 1 << 20);
    dialect_openai_chat.read_wanted(&b->a, body, &b->wanted);
    b->check = (struct draft_check){.wanted = &b->wanted,
                                    .draft = &b->draft,
                                    .finish = S("stop"),
                                    .output_tokens = -1,
                                    .max_output_tokens = -1};
}

static void end(struct bench *b)
{
    api_draft_done(&b->draft);
    arena_done(&b->a);
}

// What is wrong with this message as the answer to this request.
static enum draft_fault judge(const char *body, const char *message)
{
    struct bench b;
    begin(&b, str_c(body));
    str data = arena_printf(&b.a, "{\"choices\":[{\"index\":0,\"message\":%s}]}", message);
    dialect_openai_chat.read_draft(data, &b.draft);
    enum draft_fault f = api_check_draft(&b.a, &b.check);
    end(&b);
    return f;
}

static enum draft_fault judge_text(const char *text)
{
    struct buf message;
    buf_init(&message, 1 << 20);
    buf_put(&message, S("{\"content\":"));
    buf_put_json(&message, str_c(text));
    buf_put(&message, S("}"));
    buf_putc(&message, 0);
    enum draft_fault f = judge("{}", message.p);
    buf_done(&message);
    return f;
}

TEST(an_answer_with_nothing_in_it_is_empty)
{
    CHECK(judge_text("Paris.") == DRAFT_FITS);
    CHECK(judge_text("") == DRAFT_EMPTY && judge_text(" \n\t ") == DRAFT_EMPTY);
    CHECK(judge("{}", "{\"content\":null}") == DRAFT_EMPTY && judge("{}", "{}") == DRAFT_EMPTY);
    CHECK(judge("{}", "{\"content\":null,\"reasoning_content\":\"Hmm.\"}") == DRAFT_EMPTY);
    CHECK(judge_text("<think>\nlet me see\n</think>\n\n") == DRAFT_EMPTY);
    CHECK(judge_text("<think>let me see") == DRAFT_EMPTY);
    CHECK(judge_text("<think>let me see</think>Paris.") == DRAFT_FITS);
    CHECK(judge("{}", "{\"content\":[{\"type\":\"text\",\"text\":\"Paris.\"}]}") == DRAFT_FITS);
}

TEST(models_decline_in_several_languages)
{
    static const char *const texts[] = {
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I **cannot assist** with this request.",
        "Unfortunately, I am unable to open links.",
        "As an AI language model, I have no opinions.",
        "<think>Hm.</think>I must decline.",
        "Es tut mir leid, aber ich kann diese Frage nicht beantworten.",
        "Das kann ich leider nicht tun.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "抱歉，我无法回答这个问题。",
        "対応が難しいため、お手伝いできません。",
    };
    for (size_t i = 0; i < countof(texts); i++)
        CHECK(judge_text(texts[i]) == DRAFT_DECLINED);
    CHECK(judge("{}", "{\"content\":null,\"refusal\":\"No.\"}") == DRAFT_DECLINED);
    CHECK(judge("{}", "{\"content\":\"Yes.\",\"refusal\":null}") == DRAFT_FITS);
}

TEST(who_speaks_of_declining_does_not_decline)
{
    static const char *const texts[] = {
        "Sorry to hear that! Here is what you can do.",
        "Dear Ms Jones, I am sorry that we cannot meet on Monday.",
        "\"I can't help with that,\" said the clerk.",
        "“I cannot assist you,” he said.",
        "The function returns false where the user can't be found.",
        "Here is a short story about a robot and the day on which it learned to say something that "
        "it was never taught: I can't do that.",
    };
    for (size_t i = 0; i < countof(texts); i++)
        CHECK(judge_text(texts[i]) == DRAFT_FITS);
}

TEST(an_answer_that_ran_out_of_room_is_cut_unless_the_client_wanted_it_short)
{
    struct bench b;
    begin(&b, S("{}"));
    buf_put(&b.draft.text, S("Once upon"));
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    b.check.finish = S("length");
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_CUT);
    b.check.max_output_tokens = 20;
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    b.check.output_tokens = 20;
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    b.check.output_tokens = 12; // its context was full before
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_CUT);
    b.check.finish = S("content_filter");
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_DECLINED);
    end(&b);
}

static const char json_ask[] = "{\"messages\":[],\"response_format\":{\"type\":\"json_object\"}}";
static const char schema_ask[] =
    "{\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"
    "{\"type\":\"object\",\"required\":[\"city\"],\"properties\":{\"city\":{\"type\":\"string\"},"
    "\"size\":{\"enum\":[\"small\",\"large\"]}},\"additionalProperties\":false}}}}";

TEST(where_json_was_asked_for_the_answer_is_json)
{
    CHECK(judge(json_ask, "{\"content\":\"{\\\"a\\\": 1}\\n\"}") == DRAFT_FITS);
    CHECK(judge(json_ask, "{\"content\":\"```json\\n{}\\n```\"}") == DRAFT_NO_JSON);
    CHECK(judge(json_ask, "{\"content\":\"{\\\"a\\\": 1\"}") == DRAFT_NO_JSON);
    CHECK(judge("{\"response_format\":{\"type\":\"text\"}}", "{\"content\":\"{\"}") == DRAFT_FITS);
}

TEST(where_a_schema_was_given_the_answer_fits_it)
{
    CHECK(judge(schema_ask, "{\"content\":\"{\\\"city\\\":\\\"Bonn\\\"}\"}") == DRAFT_FITS);
    CHECK(judge(schema_ask, "{\"content\":\"{\\\"town\\\":\\\"Bonn\\\"}\"}") == DRAFT_OFF_SCHEMA);
    CHECK(judge(schema_ask, "{\"content\":\"{\\\"city\\\":7}\"}") == DRAFT_OFF_SCHEMA);
    CHECK(judge(schema_ask, "{\"content\":\"Bonn\"}") == DRAFT_NO_JSON);
    CHECK(judge("{\"guided_json\":{\"type\":\"array\"}}", "{\"content\":\"{}\"}") ==
          DRAFT_OFF_SCHEMA);
    CHECK(judge("{\"response_format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"array\"}}}",
                "{\"content\":\"[]\"}") == DRAFT_FITS);
}

#define TOOLS                                                                                      \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"other\"}},"                        \
    "{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":{\"type\":"          \
    "\"object\",\"required\":[\"city\"],\"properties\":{\"city\":{\"type\":\"string\"}}}}}]"
#define CALL(name, arguments)                                                                      \
    "{\"content\":null,\"tool_calls\":[{\"id\":\"x\",\"type\":\"function\",\"function\":"          \
    "{\"name\":\"" name "\",\"arguments\":\"" arguments "\"}}]}"

TEST(a_called_tool_is_one_that_is_offered_and_its_arguments_fit)
{
    CHECK(judge("{" TOOLS "}", CALL("weather", "{\\\"city\\\":\\\"Bonn\\\"}")) == DRAFT_FITS);
    CHECK(judge("{" TOOLS "}", CALL("weather", "{\\\"town\\\":\\\"Bonn\\\"}")) == DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS "}", CALL("weather", "{\\\"city\\\":")) == DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS "}", CALL("weather", "7")) == DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS "}", CALL("climate", "{}")) == DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS "}", CALL("other", "")) == DRAFT_FITS);
    CHECK(judge("{}", CALL("weather", "{}")) == DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS "}", "{\"content\":\"It is warm.\"}") == DRAFT_FITS);
    CHECK(judge("{" TOOLS ",\"tool_choice\":\"required\"}", "{\"content\":\"Warm.\"}") ==
          DRAFT_WRONG_TOOL);
    CHECK(judge("{" TOOLS ",\"tool_choice\":\"auto\"}", "{\"content\":\"Warm.\"}") == DRAFT_FITS);
    CHECK(judge("{\"functions\":[{\"name\":\"f\"}]}",
                "{\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}}") ==
          DRAFT_FITS);
}

TEST(a_stream_puts_the_same_answer_together)
{
    static const char *const events[] = {
        "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\","
        "\"function\":"
        "{\"name\":\"weather\",\"arguments\":\"\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
        "{\"arguments\":\"{\\\"city\\\":\\\"\\ud83d\"}}]}}]}",
        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"not this\"}}]}",
        "not json",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
        "{\"arguments\":\"\\ude00\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}",
        "{\"choices\":[],\"usage\":{\"completion_tokens\":3}}",
    };
    struct bench b;
    begin(&b, S("{" TOOLS "}"));
    for (size_t i = 0; i < countof(events); i++)
        dialect_openai_chat.read_draft(str_c(events[i]), &b.draft);
    CHECK(b.draft.tool_count == 1 && b.draft.text.n == 0);
    CHECK(str_eq(buf_str(&b.draft.tools[0].name), S("weather")));
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    end(&b);
}

TEST(guessed_tokens_are_unsure_where_the_engine_tells_their_chance)
{
    static const char data[] =
        "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"a b c "
        "d\"},\"logprobs\":{\"content\":["
        "{\"token\":\"a\",\"logprob\":-1.2,\"top_logprobs\":[{\"token\":\"x\",\"logprob\":-0.01}]},"
        "{\"token\":\"b\",\"logprob\":-1.2},{\"token\":\"c\",\"logprob\":-1.2},"
        "{\"token\":\"d\",\"logprob\":-1.2}],\"refusal\":null}}]}";
    struct bench b;
    begin(&b, S("{}"));
    dialect_openai_chat.read_draft(str_c(data), &b.draft);
    REQUIRE(b.draft.logprob_count == 4);
    b.check.confidence = 0.30; // e^-1.2 is 0.301
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    b.check.confidence = 0.31;
    CHECK(api_check_draft(&b.a, &b.check) == DRAFT_UNSURE);
    end(&b);
}

TEST(a_beginning_is_enough_for_free_text)
{
    struct bench b;
    begin(&b, S("{" TOOLS "}"));
    CHECK(api_form_needs_end(&b.wanted));
    CHECK(api_check_beginning(&b.draft) == DRAFT_OPEN);
    buf_put(&b.draft.text, S("Paris is "));
    CHECK(api_check_beginning(&b.draft) == DRAFT_OPEN);
    for (int i = 0; i < 30; i++)
        buf_put(&b.draft.text, S("the \\u00e9capital "));
    CHECK(api_check_beginning(&b.draft) == DRAFT_FITS);
    buf_clear(&b.draft.text);
    buf_put(&b.draft.text, S("I\\u2019m sorry, but I can't help with that. "));
    for (int i = 0; i < 30; i++)
        buf_put(&b.draft.text, S("Really. "));
    CHECK(api_check_beginning(&b.draft) == DRAFT_DECLINED);
    buf_clear(&b.draft.text);
    buf_put(&b.draft.text, S("<think>"));
    for (int i = 0; i < 60; i++)
        buf_put(&b.draft.text, S("Hm, hm, hm. "));
    CHECK(api_check_beginning(&b.draft) == DRAFT_OPEN);
    end(&b);
    begin(&b, S("{\"response_format\":{\"type\":\"text\"}}"));
    CHECK(!api_form_needs_end(&b.wanted));
    end(&b);
}

TEST(what_does_not_fit_in_memory_is_not_judged)
{
    struct bench b;
    begin(&b, S("{\"response_format\":{\"type\":\"json_object\"}}"));
    buf_done(&b.draft.text);
    buf_init(&b.draft.text, 8);
    buf_put(&b.draft.text, S("0123456"));
    buf_put(&b.draft.text, S("89"));
    CHECK(b.draft.text.over && api_check_draft(&b.a, &b.check) == DRAFT_FITS);
    end(&b);
}

// --- schemas -------------------------------------------------------------------------------------

TEST(a_schema_says_what_fits)
{
    static const struct {
        const char *schema, *good, *bad;
    } rows[] = {
        {"{\"type\":\"integer\"}", "3", "3.5"},
        {"{\"type\":\"integer\"}", "3.0", "\"3\""},
        {"{\"type\":[\"string\",\"null\"]}", "null", "1"},
        {"{\"enum\":[1,\"a\",{\"k\":[2]}]}", "{\"k\":[2]}", "{\"k\":[3]}"},
        {"{\"const\":1}", "1.0", "2"},
        {"{\"minimum\":1,\"maximum\":3}", "3", "4"},
        {"{\"required\":[\"a\",\"b\"]}", "{\"a\":1,\"b\":null}", "{\"a\":1}"},
        {"{\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}",
         "{\"a\":[\"x\"]}", "{\"a\":[1]}"},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1}", "{\"b\":1}"},
        {"{\"additionalProperties\":{\"type\":\"number\"}}", "{\"b\":1}", "{\"b\":\"1\"}"},
        {"{\"minItems\":1,\"maxItems\":2}", "[1]", "[1,2,3]"},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null", "1"},
        {"{\"allOf\":[{\"type\":\"number\"},{\"maximum\":5}]}", "5", "6"},
        {"{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"type\":\"string\"}}}", "\"s\"", "1"},
        {"{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#\"}}}",
         "{\"next\":{\"next\":{}}}", "{\"next\":{\"next\":1}}"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        str schema = str_c(rows[i].schema);
        CHECK(schema_check(schema, str_c(rows[i].good)) == SCHEMA_FITS);
        CHECK(schema_check(schema, str_c(rows[i].bad)) == SCHEMA_MISFIT);
    }
}

TEST(what_a_schema_says_in_words_that_are_not_known_fits)
{
    CHECK(schema_check(S("{\"pattern\":\"^a\",\"type\":\"colour\"}"), S("\"b\"")) == SCHEMA_FITS);
    CHECK(schema_check(S("{\"$ref\":\"https://example.org/x\"}"), S("1")) == SCHEMA_FITS);
    CHECK(schema_check(S("not json"), S("1")) == SCHEMA_FITS);
    CHECK(schema_check(STR_NONE, S("1")) == SCHEMA_FITS);
    CHECK(schema_check(STR_NONE, S("1 2")) == SCHEMA_NO_JSON);
    CHECK(schema_check(S("{\"additionalProperties\":false,\"patternProperties\":{\".\":{}}}"),
                       S("{\"a\":1}")) == SCHEMA_FITS);
}

TEST(a_schema_that_turns_in_a_circle_ends)
{
    struct buf deep;
    buf_init(&deep, 1 << 22);
    for (int i = 0; i < 100000; i++)
        buf_putc(&deep, '[');
    for (int i = 0; i < 100000; i++)
        buf_putc(&deep, ']');
    CHECK(schema_check(S("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}"),
                       S("1")) == SCHEMA_FITS);
    CHECK(schema_check(S("{\"items\":{\"$ref\":\"#\"}}"), buf_str(&deep)) == SCHEMA_FITS);
    buf_done(&deep);
}

static struct reply words(struct arena *a, const char *const *pieces, bool whole, size_t limit)
{
    struct draft d;
    struct answer_watch w = {0};
    struct reply r;
    api_draft_init(&d, limit);
    for (; *pieces; pieces++) {
        dialect_openai_chat.read_draft(str_c(*pieces), &d);
        if (whole)
            (void)dialect_openai_chat.read_answer(a, str_c(*pieces), &w);
        else
            (void)dialect_openai_chat.read_event(a, STR_NONE, str_c(*pieces), &w);
    }
    api_draft_reply(a, &d, &w, whole, &r);
    api_draft_done(&d);
    return r;
}
#define WORDS(a, whole, ...) words(a, (const char *const[]){__VA_ARGS__, NULL}, whole, 1000)

static bool says(const struct reply *r, const char *text)
{
    return str_eq(text_reveal(r->text), str_c(text));
}

TEST(the_words_of_an_answer_are_the_same_whole_or_in_pieces)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    struct reply r = WORDS(&a, true,
                           "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                           "\"content\":\"It \\\"rains\\\"\"},\"finish_reason\":\"stop\"}]}");
    CHECK(says(&r, "It \"rains\"") && !r.cut && r.tool_count == 0);
    r = WORDS(&a, false, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It \\\"ra\"}}]}",
              "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"Nobody\"}}]}",
              "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ins\\\"\"}}]}",
              "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", "[DONE]");
    CHECK(says(&r, "It \"rains\"") && !r.cut && r.tool_count == 0);
    r = WORDS(&a, false,
              "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
              "{\"name\":\"find\",\"arguments\":\"{\\\"q\\\":\"}}]}}]}",
              "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":"
              "{\"arguments\":\"1}\"}}]},\"finish_reason\":\"tool_calls\"}]}");
    REQUIRE(r.tool_count == 1 && !r.cut);
    CHECK(str_eq(r.tools[0].name, S("find")));
    CHECK(str_eq(text_reveal(r.tools[0].arguments), S("{\"q\":1}")));
    arena_done(&a);
}

TEST(words_that_ended_early_are_called_cut)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    struct reply r = WORDS(&a, false, "{\"choices\":[{\"delta\":{\"content\":\"It ra\"}}]}");
    CHECK(r.cut && says(&r, "It ra"));
    r = WORDS(&a, true,
              "{\"choices\":[{\"message\":{\"content\":\"It\"},\"finish_reason\":\"length\"}]}");
    CHECK(r.cut);
    r = WORDS(&a, true, "no JSON");
    CHECK(r.cut && says(&r, ""));
    r = words(&a,
              (const char *const[]){
                  "{\"choices\":[{\"message\":{\"content\":\"more than ten bytes\"}}]}", NULL},
              true, 10);
    CHECK(r.cut);
    arena_done(&a);
}

TEST(the_conversation_is_given_as_it_stands)
{
    struct wanted w;
    struct arena a;
    arena_init(&a, 1 << 20);
    dialect_openai_chat.read_wanted(&a,
                                    S("{\"model\":\"auto\",\"messages\": [ {\"role\":\"user\",\n"
                                      "\"content\":\"hi\"} ],\"stream\":true}"),
                                    &w);
    CHECK(str_eq(w.messages, S("[ {\"role\":\"user\",\n\"content\":\"hi\"} ]")));
    dialect_openai_chat.read_wanted(&a, S("{\"messages\":3}"), &w);
    CHECK(w.messages.n == 0);
    arena_done(&a);
}
