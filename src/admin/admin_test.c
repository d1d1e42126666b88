// admin_test.c: the pages of a gate that was made and does not run yet.
#include "admin/admin.h"
#include "tests/unit.h"

static struct snapshot s;

static const struct gate_page *page(const char *path)
{
    for (const struct gate_page *p = admin_pages; p->path; p++)
        if (strcmp(p->path, path) == 0)
            return p;
    return NULL;
}

TEST(health_readiness_and_metrics_say_how_it_stands)
{
    static struct target targets[] = {{.name = S("near"), .base_url = S("http://127.0.0.1:9/v1")}};
    struct gate *g = NULL;
    struct buf out;
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
    REQUIRE(gate_new(&s, admin_pages, &g, why) == OK);
    buf_init(&out, 1 << 20);
    CHECK(gate_port(g) > 0);
    CHECK(page("/healthz")->write(gate_view(g), &out) == 200 &&
          str_find(buf_str(&out), S("ok")) != SIZE_MAX);
    buf_clear(&out);
    CHECK(page("/readyz")->write(gate_view(g), &out) == 200 &&
          str_find(buf_str(&out), S("\"near\"")) != SIZE_MAX);
    buf_clear(&out);
    CHECK(page("/metrics")->write(gate_view(g), &out) == 200);
    CHECK(str_find(buf_str(&out), S("# TYPE weir_calls_total counter")) != SIZE_MAX);
    buf_done(&out);
    gate_free(g);
}
