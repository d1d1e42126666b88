// pages_test.c: which path and method is a call, a page, a list, a model, or nothing.
#include "gate/worker.h"
#include "tests/unit.h"

static int nothing(const struct view *v, struct buf *out)
{
    (void)v;
    (void)out;
    return 200;
}

static const struct gate_page pages[] = {{"/healthz", "text/plain", nothing}, {NULL, NULL, NULL}};
static struct snapshot s;

// A gate that was made and does not run: the door that hands out its pages.
static struct gate *made(void)
{
    static struct target targets[] = {{.name = S("near"), .base_url = S("http://127.0.0.1:9/v1")}};
    struct gate *g = NULL;
    char why[256] = "";
    conf_defaults(&s.gate, &gate_setting_table);
    conf_defaults(&s.net, &net_setting_table);
    conf_defaults(&s.http, &http_setting_table);
    conf_defaults(&s.upstream, &upstream_setting_table);
    conf_defaults(&s.ledger, &ledger_setting_table);
    s.ledger.path = STR_NONE;
    s.gate.listen = S("127.0.0.1:0");
    s.gate.workers = 1;
    s.fleet = (struct fleet){.zones = {{S("local"), LABEL_RESTRICTED, true}},
                             .zone_count = 1,
                             .targets = targets,
                             .target_count = 1};
    return gate_new(&s, pages, &g, why) == OK ? g : NULL;
}

TEST(a_path_and_a_method_are_a_call_or_a_page_or_nothing)
{
    static const struct {
        const char *method, *path;
        int kind;
        bool wrong_method;
        const char *name;
    } cases[] = {
        {"POST", "/v1/chat/completions", ROUTE_CALL, false, ""},
        {"POST", "/chat/completions", ROUTE_CALL, false, ""},
        {"POST", "/v1/v1/chat/completions", ROUTE_CALL, false, ""},
        {"GET", "/v1/chat/completions", ROUTE_CALL, true, ""},
        {"HEAD", "/v1/chat/completions", ROUTE_CALL, true, ""},
        {"POST", "/v1/chat/completions/", ROUTE_NONE, false, ""},
        {"POST", "/v1/CHAT/completions", ROUTE_NONE, false, ""},
        {"POST", "/v1chat/completions", ROUTE_NONE, false, ""},
        {"POST", "/v1//chat/completions", ROUTE_NONE, false, ""},
        {"GET", "/v1/models", ROUTE_MODELS, false, ""},
        {"HEAD", "/models/", ROUTE_MODELS, false, ""},
        {"POST", "/v1/models", ROUTE_MODELS, true, ""},
        {"GET", "/v1/models/org/name:tag", ROUTE_MODEL, false, "org/name:tag"},
        {"DELETE", "/v1/models/x", ROUTE_MODEL, true, "x"},
        {"GET", "/healthz", ROUTE_PAGE, false, ""},
        {"POST", "/healthz", ROUTE_PAGE, true, ""},
        {"GET", "/v1/healthz", ROUTE_NONE, false, ""}, // what operators ask stands in one place
        {"GET", "/", ROUTE_NONE, false, ""},
        {"GET", "/v1/", ROUTE_NONE, false, ""},
    };
    struct gate *g = made();
    REQUIRE(g);
    const struct worker w = {.gate = g};
    for (size_t i = 0; i < countof(cases); i++) {
        struct http_head h = {.method = str_c(cases[i].method), .path = str_c(cases[i].path)};
        struct route_match m = pages_match(&w, &h);
        if (!CHECK((int)m.kind == cases[i].kind && m.wrong_method == cases[i].wrong_method &&
                   str_eq(m.name, str_c(cases[i].name)) &&
                   (m.dialect == &dialect_openai_chat) == (m.kind == ROUTE_CALL) &&
                   (m.page == &pages[0]) == (m.kind == ROUTE_PAGE)))
            printf("^ %s %s\n", cases[i].method, cases[i].path);
    }
    gate_free(g);
}
