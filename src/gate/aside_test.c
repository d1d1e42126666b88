// aside_test.c: a call of weir's own meets the walls that a client's meets, and one more.
#include "gate/aside.h"
#include "tests/unit.h"

static struct snapshot snap;
static struct target targets[] = {
    {.name = S("near"), .base_url = S("http://127.0.0.1:9/v1"), .abilities = ~0u},
    {.name = S("far"), .zone = 1, .base_url = S("http://127.0.0.1:9/v1"), .abilities = ~0u}};

static struct gate *made(void)
{
    static const struct gate_page pages[] = {{NULL, NULL, NULL}};
    struct gate *g = NULL;
    const char *what = "";
    char why[256] = "";
    snap = (struct snapshot){0};
    conf_defaults(&snap.gate, &gate_setting_table);
    conf_defaults(&snap.net, &net_setting_table);
    conf_defaults(&snap.http, &http_setting_table);
    conf_defaults(&snap.upstream, &upstream_setting_table);
    conf_defaults(&snap.ledger, &ledger_setting_table);
    conf_defaults(&snap.audit, &audit_setting_table);
    conf_defaults(&snap.learn, &learn_setting_table);
    snap.ledger.path = STR_NONE;
    snap.gate.listen = S("127.0.0.1:0");
    snap.gate.workers = 1;
    policy_default(&snap.policy);
    guard_policy_default(&snap.guard);
    must(route_model_open(route_model_builtin(), &snap.model, &what) == OK);
    snap.fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
        .zone_count = 2,
        .targets = targets,
        .target_count = 2};
    return gate_new(&snap, pages, &g, why) == OK ? g : NULL;
}

static void never(struct aside *a, const struct reply *reply)
{
    (void)reply;
    must(!a);
}

enum { NEAR, FAR };
#define PUBLIC_BODY                                                                                \
    S("{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"How are you?\"}]}")
#define SECRET_BODY                                                                                \
    S("{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"Pay to DE89 3704 0044 "  \
      "0532 0130 00\"}]}")

// Sends, drops, and says what sending said.
static enum err sends(const struct aside_origin *from, str body, unsigned target)
{
    struct gate *g = made();
    if (!g)
        return ERR_BAD_CONFIG;
    struct worker *w = gate_view(g)->worker;
    struct view *v = view_take(w);
    struct aside a;
    struct aside_order o = {.kind = CALL_SHADOW,
                            .body = body,
                            .dialect = &dialect_openai_chat,
                            .target = target,
                            .answer_limit = 1000};
    aside_init(&a, w, v, never);
    int64_t sent = metrics_total(METRIC_side_calls, 0), calls = metrics_total(METRIC_calls, 0);
    enum err e = aside_send(&a, &o, from);
    CHECK(metrics_total(METRIC_side_calls, 0) == sent + (e == OK));
    CHECK(metrics_total(METRIC_calls, 0) == calls);
    CHECK((a.sending != NULL) == (e == OK) && a.open == (e == OK));
    aside_done(&a);
    view_leave(v);
    gate_free(g);
    return e;
}

TEST(a_public_copy_goes_where_it_is_sent)
{
    struct aside_origin from = {0};
    CHECK(sends(&from, PUBLIC_BODY, FAR) == OK);
    CHECK(sends(&from, PUBLIC_BODY, NEAR) == OK);
}

TEST(the_label_of_the_clients_call_holds_for_its_copy)
{
    struct aside_origin internal = {.label = LABEL_INTERNAL},
                        tenant = {.tenant_label = LABEL_INTERNAL},
                        restricted = {.label = LABEL_RESTRICTED};
    CHECK(sends(&internal, PUBLIC_BODY, FAR) == ERR_NOT_ALLOWED); // though the zone may see it
    CHECK(sends(&tenant, PUBLIC_BODY, FAR) == ERR_NOT_ALLOWED);
    CHECK(sends(&restricted, PUBLIC_BODY, FAR) == ERR_NOT_ALLOWED);
    CHECK(sends(&restricted, PUBLIC_BODY, NEAR) == OK);
}

TEST(what_is_sent_is_screened)
{
    struct aside_origin from = {0};
    CHECK(sends(&from, SECRET_BODY, FAR) == ERR_NOT_ALLOWED);
    CHECK(sends(&from, SECRET_BODY, NEAR) == OK);
    CHECK(sends(&from, S("{\"model\":3}"), FAR) != OK);
}

TEST(a_zone_that_was_wished_is_kept)
{
    struct aside_origin from = {.want_zone = S("local")};
    CHECK(sends(&from, PUBLIC_BODY, FAR) != OK);
    CHECK(sends(&from, PUBLIC_BODY, NEAR) == OK);
}

TEST(an_answer_is_read_whole_and_as_a_stream)
{
    static const char stream[] = "data: {\"choices\":[{\"delta\":{\"content\":\"It \"}}]}\n\n"
                                 ": ping\n\n"
                                 "data: {\"choices\":[{\"delta\":{\"content\":\"rains\"},"
                                 "\"finish_reason\":\"stop\"}]}\n\n"
                                 "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                                 "\"completion_tokens\":2}}"; // and no blank line
    static const char whole[] =
        "{\"choices\":[{\"message\":{\"content\":\"It rains\"}}],\"usage\":{\"prompt_tokens\":5,"
        "\"completion_tokens\":2}}";
    const struct aside_answer rows[] = {
        {&dialect_openai_chat, str_of(stream, sizeof stream - 1), true, 100},
        {&dialect_openai_chat, str_of(whole, sizeof whole - 1), false, 100}};
    for (size_t i = 0; i < countof(rows); i++) {
        struct arena a;
        struct answer_watch w;
        struct reply r;
        arena_init(&a, 1 << 20);
        aside_read(&rows[i], &a, &w, &r);
        CHECK(str_eq(text_reveal(r.text), S("It rains")) && !r.cut && r.tool_count == 0);
        CHECK(w.usage.reported && w.usage.output == 2);
        arena_done(&a);
    }
}
