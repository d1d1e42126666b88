// Requests that a transcript cannot show: broken bytes, every cut, large bodies, counts.
#include "api/api.h"
#include "api/cover_test.h"
#include "base/buf.h"
#include "base/mem.h"
#include "tests/unit.h"

struct read {
    struct arena arena;
    struct ask ask;
    struct fault fault;
    enum err err;
};

static void read_body(struct read *t, str body)
{
    *t = (struct read){.err = OK};
    arena_init(&t->arena, 1 << 26);
    t->err = dialect_openai_chat.read_ask(&t->arena, body, &t->ask, &t->fault);
}

static bool refuses(str body, enum err e, int64_t at_byte)
{
    struct read t;
    read_body(&t, body);
    bool ok = CHECK(t.err == e) & CHECK(t.fault.err == e) & CHECK(t.fault.at_byte == at_byte);
    if (!ok)
        printf("%.*s: %s at %lld\n", STR_ARGS(body), err_name(t.err), (long long)t.fault.at_byte);
    arena_done(&t.arena);
    return ok;
}

#define USER(content) "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":" content "}]}"

TEST(bytes_that_are_not_utf8_or_not_json_are_told_with_their_place)
{
    refuses(S("\xef\xbb\xbf{}"), ERR_BAD_JSON, 0);
    refuses(S(" \r\n\t"), ERR_BAD_JSON, 0);
    refuses(S("\xff\xfe{"), ERR_BAD_JSON, 0);
    refuses(S(USER("\"caf\xe9\"")), ERR_BAD_UTF8, 50 + 4);
    refuses(S(USER("\"\xed\xa0\x80\"")), ERR_BAD_UTF8, 50 + 1);
    refuses(S(USER("\"a\nb\"")), ERR_BAD_JSON, 50 + 2);
    refuses(S(USER("\"\\q\"")), ERR_BAD_JSON, 50 + 1);
    refuses(S(USER("NaN")), ERR_BAD_JSON, 50);
}

TEST(nesting_is_bounded)
{
    struct buf body;
    struct read t;
    buf_init(&body, 1 << 20);
    buf_put(&body, S("{\"model\":\"m\",\"metadata\":"));
    for (int i = 0; i < 100000; i++)
        buf_putc(&body, '[');
    read_body(&t, buf_str(&body));
    CHECK(t.err == ERR_TOO_DEEP);
    CHECK(strcmp(t.fault.param, "metadata") == 0);
    arena_done(&t.arena);
    buf_done(&body);
}

TEST(reasoning_that_nests_is_bounded_too)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_put(&body, S("{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"reasoning\":"));
    for (int i = 0; i < 50000; i++)
        buf_put(&body, S("[{\"text\":"));
    struct read t;
    read_body(&t, buf_str(&body));
    CHECK(t.err == ERR_TOO_DEEP);
    arena_done(&t.arena);
    buf_done(&body);
}

TEST(a_body_cut_anywhere_is_refused_and_leaves_the_ask_alone)
{
    str body =
        S("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":false},"
          "\"messages\":"
          "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\u00e9\xc3\xa9\"},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}]},{\"role\":\"assistant\","
          "\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}],"
          "\"reasoning_details\":[{\"text\":\"t\"}]}],\"n\":1e0x}");
    body.n -= 3; // back to a number
    for (size_t n = 0; n <= body.n; n++) {
        struct arena a;
        struct ask ask = {.turns = 77};
        struct fault fault = {0};
        arena_init(&a, 1 << 20);
        // a copy of its own size, so that a read past the end is caught
        enum err e =
            dialect_openai_chat.read_ask(&a, arena_copy(&a, str_first(body, n)), &ask, &fault);
        CHECK(e != OK && ask.turns == 77);
        CHECK(fault.at_byte >= 0 && fault.at_byte <= (int64_t)n);
        arena_done(&a);
    }
}

TEST(a_good_body_leaves_the_fault_alone)
{
    struct arena a;
    struct ask ask;
    struct fault fault = {.err = ERR_DISK};
    arena_init(&a, 1 << 20);
    CHECK(dialect_openai_chat.read_ask(&a, S(USER("\"x\"")), &ask, &fault) == OK);
    CHECK(fault.err == ERR_DISK);
    arena_done(&a);
}

TEST(many_parts_are_all_kept_in_order)
{
    struct buf body;
    struct read t;
    buf_init(&body, 1 << 22);
    buf_put(&body, S("{\"model\":\"m\",\"messages\":["));
    for (int i = 0; i < 5000; i++)
        buf_printf(&body, "%s{\"role\":\"%s\",\"content\":\"%d\"}", i ? "," : "",
                   i % 2 ? "assistant" : "user", i);
    buf_put(&body, S("]}"));
    read_body(&t, buf_str(&body));
    REQUIRE(t.err == OK);
    CHECK(t.ask.part_count == 5000 && t.ask.turns == 5000 && t.ask.last_user_turn == 4998);
    for (uint32_t i = 0; i < t.ask.part_count; i++) {
        int64_t n = -1;
        const struct part *p = &t.ask.parts[i];
        CHECK(str_to_i64(text_reveal(ask_text(&t.arena, &t.ask, p)), &n) && n == i && p->turn == i);
    }
    CHECK(cover_first_lost(&t.arena, &t.ask) == NULL);
    arena_done(&t.arena);
    buf_done(&body);
}

static int64_t tokens_of(str body)
{
    struct read t;
    read_body(&t, body);
    CHECK(t.err == OK);
    arena_done(&t.arena);
    return t.ask.estimated_input_tokens;
}

TEST(tokens_are_estimated_by_bytes_and_script)
{
    struct buf latin, wide;
    buf_init(&latin, 1 << 16);
    buf_init(&wide, 1 << 16);
    for (int i = 0; i < 1000; i++) {
        buf_put(&latin, S("word "));
        buf_put(&wide, S("\xe6\xb0\xb4")); // one character of three bytes
    }
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_printf(&body, USER("\"%.*s\""), STR_ARGS(buf_str(&latin)));
    int64_t n = tokens_of(buf_str(&body));
    CHECK(n >= 1000 && n <= 1500);
    buf_clear(&body);
    buf_printf(&body, USER("\"%.*s\""), STR_ARGS(buf_str(&wide)));
    n = tokens_of(buf_str(&body));
    CHECK(n >= 1000 && n <= 1600);
    buf_done(&body);
    buf_done(&latin);
    buf_done(&wide);
}

TEST(escapes_make_a_prompt_no_longer_than_it_is)
{
    static const struct {
        const char *raw, *escaped;
        int64_t most; // times as many; only decoding tells a pair from two letters
    } letters[] = {
        {"\xe6\xb0\xb4", "\\u6c34", 1},
        {"\xd0\xb6", "\\u0436", 1},
        {"\xf0\x9f\x8c\x8a", "\\uD83C\\udf0a", 2},
        {"/", "\\/", 1},
        {"{ ", "{\\n", 1},
    };
    struct buf raw, escaped;
    buf_init(&raw, 1 << 20);
    buf_init(&escaped, 1 << 20);
    for (size_t k = 0; k < countof(letters); k++) {
        buf_clear(&raw);
        buf_clear(&escaped);
        buf_put(&raw, S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""));
        buf_put(&escaped, buf_str(&raw));
        for (int i = 0; i < 1000; i++) {
            buf_put(&raw, str_c(letters[k].raw));
            buf_put(&escaped, str_c(letters[k].escaped));
        }
        buf_put(&raw, S("\"}]}"));
        buf_put(&escaped, S("\"}]}"));
        int64_t want = tokens_of(buf_str(&raw)), got = tokens_of(buf_str(&escaped));
        CHECK(got >= want && got <= want * letters[k].most);
    }
    buf_done(&raw);
    buf_done(&escaped);
}

TEST(tools_count_by_their_decoded_length_too)
{
    int64_t raw =
        tokens_of(S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}],"
                    "\"tools\":[{\"\xd0\xb6\":[\"\xe6\xb0\xb4\xe6\xb0\xb4\"]}]}"));
    int64_t escaped =
        tokens_of(S("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}],"
                    "\"tools\":[{\"\\u0436\":[\"\\u6c34\\u6c34\"]}]}"));
    CHECK(raw == escaped && raw > 4);
}

// Two megabytes that are not prompt must not make a call too long for every target.
TEST(what_is_not_known_is_hardly_counted_as_prompt)
{
    enum { BYTES = 2 << 20 };
#define TOP "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
    static const struct {
        const char *before, *behind;
        bool in_message;
    } frames[] = {
        {TOP "\"hello\"}],\"x_trace\":\"", "\"}", false},
        {TOP "\"hello\"}],\"x\":{\"y\":\"", "\"}}", false},
        {TOP "[{\"type\":\"video_url\",\"video_url\":{\"url\":\"data:", "\"}}]}]}", true},
    };
    char *many = mem_resize(NULL, BYTES);
    struct buf body;
    buf_init(&body, 4 * BYTES);
    memset(many, 'A', BYTES);
    for (size_t i = 0; i < countof(frames); i++) {
        buf_clear(&body);
        buf_put(&body, str_c(frames[i].before));
        buf_put(&body, str_of(many, BYTES));
        buf_put(&body, str_c(frames[i].behind));
        int64_t n = tokens_of(buf_str(&body));
        CHECK(frames[i].in_message ? n > 0 && n <= BYTES / 16 + 20
                                   : n == tokens_of(S(USER("\"hello\""))));
    }
    mem_free(many);
    buf_done(&body);
}

TEST(the_place_of_the_model_and_of_the_brace_are_exact)
{
    struct read t;
    str body =
        S(" \n{ \"messages\":[{\"role\":\"user\",\"content\":\"x\"}], \"model\" : \"a\\/b\" } ");
    read_body(&t, body);
    REQUIRE(t.err == OK);
    CHECK(str_eq(t.ask.model, S("a/b")));
    CHECK(str_eq(
        str_of(body.p + t.ask.model_span.start, t.ask.model_span.end - t.ask.model_span.start),
        S("\"a\\/b\"")));
    CHECK(t.ask.insert_at == 3);
    CHECK(!t.ask.has_stream_options && t.ask.max_output_tokens == -1);
    arena_done(&t.arena);
}

TEST(a_model_that_is_no_identifier_is_looked_at)
{
    struct read t;
    read_body(&t, S("{\"model\":\"mail "
                    "ann@ferry.example\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
    REQUIRE(t.err == OK && t.ask.part_count == 2);
    CHECK(t.ask.parts[0].kind == PART_METADATA);
    arena_done(&t.arena);
}

TEST(a_very_long_path_is_cut_not_overrun)
{
    struct read t;
    struct buf body;
    buf_init(&body, 1 << 24);
    buf_put(&body, S("{\"model\":\"m\",\"messages\":["));
    for (int i = 0; i < 100000; i++)
        buf_put(&body, S("{\"role\":\"user\",\"content\":\"\"},"));
    buf_put(&body, S("{\"role\":\"assistant\",\"tool_calls\":[{},{\"function\":{\"name\":5}}]}]}"));
    read_body(&t, buf_str(&body));
    CHECK(t.err == ERR_WRONG_TYPE);
    CHECK(strcmp(t.fault.param, "messages[100000].tool_calls[1].function.name") == 0);
    arena_done(&t.arena);
    buf_done(&body);
}
