// admin.c: health, readiness, metrics.
#include "admin/admin.h"

static int write_health(const struct view *v, struct buf *out)
{
    must(v && out->n == 0);
    buf_put(out, S("{\"status\":\"ok\"}\n"));
    return 200;
}

// Ready once a target is up; says which are.
static int write_ready(const struct view *v, struct buf *out)
{
    static const char *const words[] = {"up", "down", "starting"};
    const struct fleet *f = &gate_snapshot(v)->fleet;
    bool ready = gate_ready(v), unrecorded = gate_audit_failing(v);
    must(out->n == 0);
    buf_printf(out, "{\"status\":\"%s\"%s,\"targets\":[", ready ? "ready" : "no target is up",
               unrecorded ? ",\"audit\":\"cannot be written: only local targets are used\"" : "");
    for (unsigned i = 0; i < f->target_count; i++) {
        enum health h = gate_health(v, i);
        must((unsigned)h < countof(words));
        buf_put(out, i ? S(",{\"name\":") : S("{\"name\":"));
        buf_put_json(out, f->targets[i].name);
        buf_put(out, S(",\"zone\":"));
        buf_put_json(out, f->zones[f->targets[i].zone].name);
        buf_printf(out, ",\"health\":\"%s\"}", words[h]);
    }
    buf_put(out, S("]}\n"));
    return ready ? 200 : 503;
}

static int write_metrics(const struct view *v, struct buf *out)
{
    must(v && out->n == 0);
    metrics_write(out);
    const struct snapshot *s = gate_snapshot(v);
    buf_put(out, S("# HELP weir_config_info the policy in force and its classifier's weights\n"
                   "# TYPE weir_config_info gauge\n"));
    buf_printf(out, "weir_config_info{policy=\"%016llx\",classifier=\"%s\"} 1\n",
               (unsigned long long)s->fleet.policy, s->model.digest);
    return 200;
}

const struct gate_page admin_pages[] = {
    {"/healthz", "application/json", write_health},
    {"/readyz", "application/json", write_ready},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {NULL, NULL, NULL},
};
