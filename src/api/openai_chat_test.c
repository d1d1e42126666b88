// What is written: edits and error bodies.
#include "api/api.h"
#include "base/buf.h"
#include "tests/unit.h"
#include <yyjson.h>

static bool is_string(yyjson_val *v)
{
    return yyjson_is_str(v) && yyjson_get_len(v) > 0;
}

TEST(every_error_of_the_table_has_the_four_keys_whole_and_in_a_stream)
{
    for (int e = OK + 1; e < ERR_COUNT; e++) {
        struct fault f = {.err = (enum err)e, .at_byte = -1};
        struct buf out;
        buf_init(&out, 4096);
        dialect_openai_chat.write_error(&out, &f, STR_NONE);
        yyjson_doc *doc = yyjson_read(out.p, out.n, 0);
        yyjson_val *error = yyjson_obj_get(yyjson_doc_get_root(doc), "error");
        CHECK(is_string(yyjson_obj_get(error, "message")) &&
              is_string(yyjson_obj_get(error, "type")));
        CHECK(is_string(yyjson_obj_get(error, "code")));
        CHECK(yyjson_is_null(yyjson_obj_get(error, "param")) && yyjson_obj_size(error) == 4);
        yyjson_doc_free(doc);
        buf_clear(&out);
        dialect_openai_chat.write_stream_error(&out, &f, S("01X"));
        CHECK(str_starts(buf_str(&out), S("data: {\"error\":")));
        CHECK(str_ends(buf_str(&out), S("}}\n\n")));
        struct arena a;
        struct answer_watch w = {0};
        arena_init(&a, 1 << 16);
        str data = str_from(buf_str(&out), 6);
        data = str_first(data, str_find_char(data, '\n'));
        CHECK(dialect_openai_chat.read_event(&a, STR_NONE, data, &w) == EVENT_ERROR && w.failed);
        arena_done(&a);
        buf_done(&out);
    }
}

TEST(the_longest_fault_still_makes_valid_json)
{
    struct fault f = {.err = ERR_WRONG_TYPE, .at_byte = INT64_MAX};
    struct buf out;
    memset(f.param, 'p', sizeof f.param - 1);
    memset(f.say, '"', sizeof f.say - 1);
    buf_init(&out, 4096);
    dialect_openai_chat.write_error(&out, &f, S("id \"quoted\"\n"));
    yyjson_doc *doc = yyjson_read(out.p, out.n, 0);
    yyjson_val *error = yyjson_obj_get(yyjson_doc_get_root(doc), "error");
    str message = str_c(yyjson_get_str(yyjson_obj_get(error, "message")));
    CHECK(str_ends(message, S("pp, at byte 9223372036854775807)")));
    CHECK(strcmp(yyjson_get_str(yyjson_obj_get(error, "weir_call")), "id \"quoted\"\n") == 0);
    yyjson_doc_free(doc);
    buf_done(&out);
}

TEST(a_models_name_is_escaped_when_it_is_put_into_a_body)
{
    struct arena a;
    struct ask ask;
    struct fault fault;
    struct edits edits;
    struct sending to = {.model = S("a\"b\\c\nd\x01\xc3\xa9")};
    str body = S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
    arena_init(&a, 1 << 16);
    REQUIRE(dialect_openai_chat.read_ask(&a, body, &ask, &fault) == OK);
    REQUIRE(dialect_openai_chat.edit_ask(&a, &ask, &to, &edits) == OK);
    CHECK(edits.count == 1);
    CHECK(str_eq(edits.rows[0].with, S("\"a\\\"b\\\\c\\u000ad\\u0001\xc3\xa9\"")));
    arena_done(&a);
}
