// util_test.c: options, bodies of JSONL rows, and what is judged offline.
#include "cli/cli.h"
#include "tests/unit.h"
#include <yyjson.h>

TEST(an_options_value_stands_behind_it_or_behind_an_equals_sign)
{
    char *argv[] = {"x", "--out", "a", "--out=b", "--outer", "--out="};
    int i = 1;
    const char *v = cli_option(6, argv, &i, "--out");
    CHECK(v && strcmp(v, "a") == 0 && i == 2);
    i = 3;
    v = cli_option(6, argv, &i, "--out");
    CHECK(v && strcmp(v, "b") == 0 && i == 3);
    i = 4;
    CHECK(cli_option(6, argv, &i, "--out") == NULL && i == 4);
    i = 5;
    v = cli_option(6, argv, &i, "--out");
    CHECK(v && v[0] == 0);
}

// The body made of a row; empty where it cannot be.
static bool makes(const char *row, const char *body)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    yyjson_doc *doc = yyjson_read(row, strlen(row), 0);
    bool made = doc && cli_make_body(&out, yyjson_doc_get_root(doc));
    bool same = body ? made && str_eq(buf_str(&out), str_c(body)) : !made;
    if (!same)
        printf("  %s -> %.*s\n", row, STR_ARGS(buf_str(&out)));
    yyjson_doc_free(doc);
    buf_done(&out);
    return same;
}

TEST(a_row_becomes_a_chat_body)
{
    CHECK(makes("{\"text\":\"a \\\"b\\\"\\n\"}",
                "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":"
                "\"a \\\"b\\\"\\n\"}]}"));
    CHECK(makes("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
    CHECK(makes("{\"model\":7,\"text\":\"\"}",
                "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}"));
    CHECK(makes("{\"text\":5}", NULL) && makes("{\"messages\":{}}", NULL) && makes("{}", NULL));
}

#define HARD                                                                                       \
    "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":"                            \
    "\"Write a Python function that reverses a linked list.\"}]}"

// True when on a bare machine the request goes to this zone, or gets this error.
static bool goes_to(const char *want, struct cli_request r, struct call *ret_call, struct arena *a)
{
    static struct config k;
    struct conf_error e;
    must(config_load(&k, NULL, false, &e) == OK);
    cli_stand_ins(&k.snap);
    struct fault f = {0};
    const struct plan *p = &ret_call->plan;
    enum err err = cli_judge(&k.snap, a, &r, ret_call, &f);
    str got = str_c(err_code(err != OK ? err : p->err));
    if (err == OK && p->count)
        got = k.snap.fleet.zones[k.snap.fleet.targets[p->rows[0].target].zone].name;
    bool same = str_eq(got, str_c(want));
    config_free(&k);
    return same;
}

TEST(what_is_asked_offline_is_judged_as_on_the_road)
{
    static struct call c;
    struct arena a;
    struct cli_request r = {.body = S(HARD)};
    arena_init(&a, 8 << 20);
    CHECK(goes_to("cloud", r, &c, &a));
    CHECK(c.judgement.task == TASK_CODE && c.label == LABEL_PUBLIC);
    r.zone = S("local");
    CHECK(goes_to("local", r, &c, &a));
    r = (struct cli_request){.body = S(HARD), .label = S("made up")}; // unknown is restricted
    CHECK(goes_to("local", r, &c, &a) && c.label == LABEL_RESTRICTED);
    r.model = S("weir/cloud");
    CHECK(goes_to("no_allowed_target", r, &c, &a));
    r = (struct cli_request){.body = S("{")};
    CHECK(goes_to("invalid_json", r, &c, &a));
    arena_done(&a);
}
