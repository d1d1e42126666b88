// refusal_test.c: error bodies of every form, as providers, engines and servers in between send
// them.
#include "api/api.h"
#include "tests/unit.h"

enum { MESSAGE_MAX = 2048 };
#define KEY "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"

static const struct row {
    const char *body;
    int status;
    const char *message, *type, *code, *param; // NULL: empty
} rows[] = {
    // a string under error: Venice, xAI, TGI, Ollama's own API
    {"{\"error\":\"Specified model not found: m\"}", 404, "Specified model not found: m",
     "invalid_request_error", "model_not_found", NULL},
    {"{\"code\":\"invalid-argument\",\"error\":\"Incorrect API key\"}", 400, "Incorrect API key",
     "invalid_request_error", "invalid-argument", NULL},
    {"{\"error\":\"Model is overloaded\",\"error_type\":\"overloaded\"}", 429,
     "Model is overloaded", "overloaded", NULL, NULL},
    {"{\"error\":\"`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000\","
     "\"error_type\":\"validation\"}",
     422, "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000", "validation",
     "context_length_exceeded", NULL},
    // detail: FastAPI, and what stands on it
    {"{\"detail\":\"Invalid API Key\"}", 401, "Invalid API Key", "authentication_error", NULL,
     NULL},
    {"{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"messages\",0,\"role\"],"
     "\"msg\":\"Field required\",\"input\":{}},{\"type\":\"int_type\",\"loc\":[\"body\",\"n\"],"
     "\"msg\":\"Not an int\"}]}",
     422, "messages[0].role: Field required; n: Not an int", "invalid_request_error", "missing",
     "messages[0].role"},
    {"{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra\",\"loc\":[\"body\",\"x\"],"
     "\"msg\":\"Extra inputs\"}]},\"type\":\"invalid_request_error\"}",
     422, "x: Extra inputs", "invalid_request_error", "extra", "x"},
    // message: Mistral, Cohere, Bedrock, Doubleword, vLLM of old
    {"{\"code\":\"1500\",\"message\":\"Invalid model: m\",\"object\":\"error\",\"param\":null,"
     "\"raw_status_code\":400,\"type\":\"invalid_model\"}",
     400, "Invalid model: m", "invalid_model", "1500", NULL},
    {"{\"error_type\":\"TOO_MANY_TOKENS\",\"id\":\"c1\",\"message\":\"size limit exceeded\"}", 400,
     "size limit exceeded", "TOO_MANY_TOKENS", "context_length_exceeded", NULL},
    {"{\"message\":\"no access\"}", 403, "no access", "permission_error", NULL, NULL},
    {"{\"code\":400,\"message\":\"Temperature\",\"type\":\"Bad Request\"}", 400, "Temperature",
     "invalid_request_error", NULL, NULL},
    {"{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens.\","
     "\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
     400, "This model's maximum context length is 4096 tokens.", "BadRequestError",
     "context_length_exceeded", NULL},
    // OpenAI's form with a number for a code: llama-server, OpenRouter
    {"{\"error\":{\"code\":400,\"message\":\"request exceeds the available context size\","
     "\"n_ctx\":512,\"type\":\"exceed_context_size_error\"}}",
     400, "request exceeds the available context size", "exceed_context_size_error",
     "context_length_exceeded", NULL},
    {"{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}", 503,
     "Loading model", "unavailable_error", NULL, NULL},
    {"{\"error\":{\"message\":\"x is not a valid model ID\",\"code\":400},\"user_id\":\"u\"}", 400,
     "x is not a valid model ID", "invalid_request_error", NULL, NULL},
    // Anthropic, Google (an object, and an array of one)
    {"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
     "\"prompt is too long: 3 tokens > 2 maximum\"},\"request_id\":\"r\"}",
     400, "prompt is too long: 3 tokens > 2 maximum", "invalid_request_error",
     "context_length_exceeded", NULL},
    {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
     529, "Overloaded", "overloaded_error", NULL, NULL},
    {"{\"error\":{\"code\":429,\"message\":\"quota\",\"status\":\"RESOURCE_EXHAUSTED\","
     "\"details\":[{\"@type\":\"t\",\"reason\":\"R\"}]}}",
     429, "quota", "rate_limit_error", "RESOURCE_EXHAUSTED", NULL},
    {"[{\"error\":{\"code\":400,\"message\":\"Please use a valid role\","
     "\"status\":\"INVALID_ARGUMENT\"}}]",
     400, "Please use a valid role", "invalid_request_error", "INVALID_ARGUMENT", NULL},
    // servers in between: Cloudflare, OAuth, Spring, problem+json, AWS
    {"{\"success\":false,\"errors\":[{\"code\":10000,\"message\":\"Authentication error\"}]}", 403,
     "Authentication error", "permission_error", "10000", NULL},
    {"{\"error\":\"invalid_grant\",\"error_description\":\"the token is old\"}", 401,
     "the token is old", "authentication_error", "invalid_grant", NULL},
    {"{\"status\":500,\"error\":\"Internal Server Error\",\"message\":\"pool is empty\"}", 500,
     "pool is empty", "api_error", NULL, NULL},
    {"{\"type\":\"https://x.test/p\",\"title\":\"Bad\",\"status\":400,\"detail\":\"no n\"}", 400,
     "no n", "invalid_request_error", NULL, NULL},
    {"{\"Message\":\"Forbidden\"}", 403, "Forbidden", "permission_error", NULL, NULL},
    // no JSON: pages, text, nothing, bytes
    {"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body></html>", 502,
     "502 Bad Gateway", "api_error", NULL, NULL},
    {"<!doctype html><h1>no", 503, "the target answered with a page of HTML", "api_error", NULL,
     NULL},
    {"Not Found", 404, "Not Found", "invalid_request_error", NULL, NULL},
    {" \r\n", 500, "the target answered 500 and no reason", "api_error", NULL, NULL},
    {"\x1f\x8b\x08\xff\xfe\xfd", 503, "the target answered 503 and no reason", "api_error", NULL,
     NULL},
    {"\"just a string\"", 500, "\"just a string\"", "api_error", NULL, NULL},
    {"{\"error\":{\"message\":\"cut he", 500, "{\"error\":{\"message\":\"cut he", "api_error", NULL,
     NULL},
    {"{\"n\":1}", 500, "{\"n\":1}", "api_error", NULL, NULL},
    {"{\"error\":null}", 500, "{\"error\":null}", "api_error", NULL, NULL},
    {"{\"error\":{\"message\":\"\"},\"detail\":\"here\"}", 500, "here", "api_error", NULL, NULL},
    // framed as an event without being a stream
    {"event: error\ndata: {\"error\":\"busy\"}\n\n", 503, "busy", "api_error", NULL, NULL},
    // inside a stream there is no status but the body's own
    {"{\"error\":{\"code\":503,\"message\":\"The request queue is full.\"}}", 0,
     "The request queue is full.", "api_error", NULL, NULL},
    {"{\"choices\":[{\"index\":0,\"finish_reason\":\"error\",\"error\":{\"code\":502,"
     "\"message\":\"Provider died\"}}]}",
     0, "Provider died", "api_error", NULL, NULL},
    {"", 0, "the target reported an error and no reason", "api_error", NULL, NULL},
};

static bool is(str got, const char *want)
{
    return str_eq(got, str_c(want));
}

TEST(every_form_of_an_error_gives_its_message_type_and_code)
{
    for (size_t i = 0; i < countof(rows); i++) {
        const struct row *row = &rows[i];
        struct arena a;
        struct refusal r = {0};
        arena_init(&a, 1 << 20);
        api_read_refusal(&a, str_c(row->body), row->status, STR_NONE, &r);
        bool ok = is(text_reveal(r.message), row->message) && is(r.type, row->type) &&
                  is(r.code, row->code) && is(r.param, row->param) && !r.is_openai &&
                  (row->status == 0 || r.status == row->status);
        if (!CHECK(ok))
            printf("%s: '%.*s' '%.*s' '%.*s' '%.*s' %d\n", row->body,
                   STR_ARGS(text_reveal(r.message)), STR_ARGS(r.type), STR_ARGS(r.code),
                   STR_ARGS(r.param), r.is_openai);
        arena_done(&a);
    }
}

static struct refusal read_one(struct arena *a, const char *body, int status, const char *secret)
{
    struct refusal r = {0};
    api_read_refusal(a, str_c(body), status, str_c(secret), &r);
    return r;
}

TEST(what_has_openais_form_may_go_out_as_its_own_bytes)
{
    static const char *const bodies[] = {
        "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":null}}",
        "\n{ \"error\" : {\"code\":\"401\",\"message\":\"Access denied\"}}\n", // Azure
        "{\"error\":{\"code\":\"c\",\"message\":\"m\",\"type\":\"t\",\"failed_generation\":\"x\"}}",
    };
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < countof(bodies); i++)
        CHECK(read_one(&a, bodies[i], 400, NULL).is_openai);
    CHECK(!read_one(&a, "{\"error\":{\"message\":\"m\"}}", 400, NULL).is_openai);
    CHECK(!read_one(&a, "{\"error\":{\"message\":\" \",\"type\":\"t\"}}", 400, NULL).is_openai);
    CHECK(!read_one(&a, "{\"error\":{\"message\":\"m\",\"type\":7}}", 400, NULL).is_openai);
    arena_done(&a);
}

TEST(the_status_of_an_error_in_a_stream_is_what_it_says)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    CHECK(read_one(&a, "{\"error\":{\"code\":503,\"message\":\"m\"}}", 0, NULL).status == 503);
    CHECK(read_one(&a, "{\"error\":{\"code\":\"429\",\"message\":\"m\"}}", 0, NULL).status == 429);
    CHECK(read_one(&a, "{\"error\":{\"code\":200,\"message\":\"m\"}}", 0, NULL).status == 0);
    CHECK(read_one(&a, "{\"error\":{\"code\":7000,\"message\":\"m\"}}", 0, NULL).status == 0);
    CHECK(read_one(&a, "{\"message\":\"m\",\"raw_status_code\":422}", 0, NULL).status == 422);
    arena_done(&a);
}

static bool holds_key(str s)
{
    str key = S(KEY);
    for (size_t at = 0; at + 16 <= key.n; at += 4)
        if (str_find(s, str_of(key.p + at, 16)) != SIZE_MAX)
            return true;
    return false;
}

TEST(the_targets_key_is_never_passed_on)
{
    static const char *const bodies[] = {
        "{\"error\":{\"message\":\"Incorrect API key provided: " KEY ".\",\"type\":\"t\"}}",
        "{\"error\":\"" KEY " and " KEY "\"}",
        "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"key\":\"" KEY "\"}}",
        "{\"error\":{\"message\":\"\\u0073k-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789\","
        "\"type\":\"t\"}}",
        "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":\"" KEY "\"}}",
        "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":\"Bearer " KEY "\"}}",
        "key jKlMnOpQrStUvWxYz0123456 is wrong", // a piece from its middle
        "<title>" KEY "</title>",
    };
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < countof(bodies); i++) {
        struct refusal r = read_one(&a, bodies[i], 401, KEY);
        CHECK(!r.is_openai && r.message.n > 0);
        CHECK(!holds_key(text_reveal(r.message)) && !holds_key(r.type) && !holds_key(r.code) &&
              !holds_key(r.param));
    }
    struct refusal r = read_one(&a, bodies[0], 401, KEY);
    CHECK(is(text_reveal(r.message),
             "Incorrect API key provided: ********************************************."));
    // a placeholder for an engine without keys is no secret, and a short run in common is chance
    CHECK(is(text_reveal(read_one(&a, "no key x", 401, "x").message), "no key x"));
    CHECK(is(text_reveal(read_one(&a, "use sk-proj-...", 401, KEY).message), "use sk-proj-..."));
    arena_done(&a);
}

TEST(a_long_message_is_cut_between_letters)
{
    struct arena a;
    struct refusal r = {0};
    struct buf body;
    arena_init(&a, 1 << 22);
    buf_init(&body, 1 << 22);
    for (unsigned shift = 0; shift < 3; shift++) {
        buf_clear(&body);
        buf_put(&body, str_of("aaa", shift));
        for (unsigned i = 0; i < 200000; i++)
            buf_put(&body, S("\xe6\xb0\xb4"));
        api_read_refusal(&a, buf_str(&body), 500, STR_NONE, &r);
        str message = text_reveal(r.message);
        CHECK(message.n <= MESSAGE_MAX && message.n > MESSAGE_MAX - 8);
        CHECK(utf8_valid(message) == message.n && str_ends(message, S("\xb4...")));
    }
    buf_done(&body);
    arena_done(&a);
}

TEST(nesting_without_end_is_left)
{
    struct arena a;
    struct buf body;
    struct refusal r = {0};
    arena_init(&a, 1 << 22);
    buf_init(&body, 1 << 22);
    for (unsigned i = 0; i < 10000; i++)
        buf_put(&body, S("{\"error\":["));
    api_read_refusal(&a, buf_str(&body), 500, STR_NONE, &r);
    CHECK(r.message.n > 0 && r.message.n <= MESSAGE_MAX);
    buf_done(&body);
    arena_done(&a);
}

// What is written must be OpenAI's form again, with the same words.
static bool reads_back(struct arena *a, const struct refusal *r, bool in_stream)
{
    struct buf out;
    struct refusal again = {0};
    buf_init(&out, 1 << 16);
    if (in_stream)
        dialect_openai_chat.write_stream_refusal(&out, r, S("01X"));
    else
        dialect_openai_chat.write_refusal(&out, r, S("01X"));
    str body = arena_copy(a, buf_str(&out));
    buf_done(&out);
    if (in_stream && (!str_starts(body, S("data: {")) || !str_ends(body, S("}\n\n"))))
        return false;
    api_read_refusal(a, in_stream ? str_from(body, 6) : body, r->status, STR_NONE, &again);
    return again.is_openai &&
           str_eq(text_reveal(again.message), str_trim(text_reveal(r->message))) &&
           str_eq(again.type, r->type) && str_find(body, S("\"weir_call\":\"01X\"")) != SIZE_MAX;
}

TEST(what_is_written_is_of_openais_form_whole_and_in_a_stream)
{
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; i < countof(rows); i++) {
        struct refusal r = read_one(&a, rows[i].body, rows[i].status, NULL);
        CHECK(reads_back(&a, &r, false) && reads_back(&a, &r, true));
    }
    arena_done(&a);
}
