// explain.c: weir explain, what would happen to a request and why. Nothing is sent anywhere.
#include "cli/cli.h"

static const char usage[] = "usage: weir explain [OPTIONS] TEXT        a user's message\n"
                            "       weir explain [OPTIONS] -f FILE     a chat completions body "
                            "(JSON); - is standard input\n\n"
                            "  -c, --config FILE   the configuration (default ./weir.yaml, else "
                            "what is found on this machine)\n"
                            "  --label LABEL       as if x-weir-label said so\n"
                            "  --zone ZONE         as if x-weir-zone said so\n"
                            "  --model NAME        as if the client asked for it (default auto)\n"
                            "  --json              one JSON object\n";

struct options {
    const char *config, *file, *text, *label, *zone, *model;
    bool json;
};

// -1: go on
static int parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if ((v = cli_option(argc, argv, &i, "-c")) ||
                 (v = cli_option(argc, argv, &i, "--config")))
            o->config = v;
        else if ((v = cli_option(argc, argv, &i, "-f")))
            o->file = v;
        else if ((v = cli_option(argc, argv, &i, "--label")))
            o->label = v;
        else if ((v = cli_option(argc, argv, &i, "--zone")))
            o->zone = v;
        else if ((v = cli_option(argc, argv, &i, "--model")))
            o->model = v;
        else if ((argv[i][0] != '-' || argv[i][1] == 0) && !o->text)
            o->text = argv[i];
        else
            return o->text && argv[i][0] != '-'
                       ? cli_mistake("explain", "explain takes one text; put it into quotes")
                       : cli_stray("explain", argv[i]);
    }
    if (o->text && o->file)
        return cli_mistake("explain", "explain takes a text or a file, not both");
    return o->text || o->file ? -1 : cli_mistake("explain", "explain wants a text, or -f FILE");
}

// The body: the file's, or a small one around the text.
static bool read_body(const struct options *o, struct buf *body)
{
    if (o->file)
        return cli_read_file(o->file, body);
    buf_put(body, S("{\"model\":"));
    buf_put_json(body, str_c(o->model ? o->model : "auto"));
    buf_put(body, S(",\"messages\":[{\"role\":\"user\",\"content\":"));
    buf_put_json(body, str_c(o->text));
    buf_put(body, S("}]}"));
    return true;
}

static void print_findings(const struct call *c)
{
    printf("label      %s", label_name(c->label));
    for (uint32_t i = 0; i < c->screening.finding_count; i++)
        printf("%s%s", i ? ", " : "  because of ", c->screening.findings[i].type);
    printf("\n");
}

static void print_plan(const struct call *c, const struct fleet *f)
{
    const struct judgement *j = &c->judgement;
    printf("task       %s (p %.2f, margin %.2f), p_local_ok %.2f\n", task_name(j->task),
           j->task < TASK_COUNT ? (double)j->task_p[j->task] : 0.0, (double)j->margin,
           (double)j->p_local_ok);
    printf("read       %u of %u bytes, of the words that count %.0f %% known; loudest:",
           j->read_bytes, j->total_bytes, 100 * (double)j->known);
    for (unsigned i = 0; i < countof(j->signals) && j->signals[i]; i++)
        printf("%s %s", i ? "," : "", j->signals[i]);
    printf("\n");
    print_findings(c);
    printf("reason     %s\n", c->plan.reason);
    for (unsigned i = 0; i < c->plan.count; i++) {
        const struct target *t = &f->targets[c->plan.rows[i].target];
        printf("%-10s %u. %.*s (%.*s): %s\n", i ? "" : "plan", i + 1, STR_ARGS(t->name),
               STR_ARGS(f->zones[t->zone].name), c->plan.rows[i].why);
    }
    for (unsigned i = 0; i < c->plan.out_count; i++) {
        const struct target *t = &f->targets[c->plan.out[i].target];
        printf("%-10s %.*s (%s): %s\n", i ? "" : "ruled out", STR_ARGS(t->name),
               c->plan.out[i].filter, c->plan.out[i].why);
    }
    if (c->plan.err != OK)
        printf("answer     %d %s\n", err_status(c->plan.err), err_code(c->plan.err));
    if (f->target_count == 0)
        printf("no targets are known here: name some in weir.yaml, or start an engine\n");
}

static void print_rows(struct buf *out, const char *name, const struct plan_row *rows,
                       unsigned count, const struct fleet *f)
{
    buf_printf(out, ",\"%s\":[", name);
    for (unsigned i = 0; i < count; i++) {
        const struct target *t = &f->targets[rows[i].target];
        buf_put(out, i ? S(",{\"target\":") : S("{\"target\":"));
        buf_put_json(out, t->name);
        buf_put(out, S(",\"zone\":"));
        buf_put_json(out, f->zones[t->zone].name);
        if (rows[i].filter)
            buf_printf(out, ",\"filter\":\"%s\"", rows[i].filter);
        buf_put(out, S(",\"why\":"));
        buf_put_json(out, str_c(rows[i].why));
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void print_json(const struct call *c, const struct fleet *f)
{
    struct buf out;
    buf_init(&out, 1024 * 1024);
    buf_printf(&out,
               "{\"task\":\"%s\",\"p_local_ok\":%.4f,\"known\":%.2f,\"margin\":%.4f,\"label\":\"%"
               "s\",\"read_"
               "bytes\":%u,\"total_bytes\":%u,\"status\":%d,\"reason\":",
               task_name(c->judgement.task), (double)c->judgement.p_local_ok,
               (double)c->judgement.known, (double)c->judgement.margin, label_name(c->label),
               c->judgement.read_bytes, c->judgement.total_bytes, err_status(c->plan.err));
    buf_put_json(&out, str_c(c->plan.reason));
    print_rows(&out, "plan", c->plan.rows, c->plan.count, f);
    print_rows(&out, "ruled_out", c->plan.out, c->plan.out_count, f);
    buf_put(&out, S("}\n"));
    fwrite(out.p, 1, out.n, stdout);
    buf_done(&out);
}

struct work {
    struct config k;
    struct arena arena;
    struct buf body;
    struct call call;
    struct fault fault;
};

static int explain(struct work *w, const struct options *o)
{
    struct fault *f = &w->fault;
    if (!read_body(o, &w->body))
        return 1;
    struct cli_request r = {.body = buf_str(&w->body),
                            .label = str_c(o->label),
                            .zone = str_c(o->zone),
                            .model = str_c(o->model)};
    enum err e = cli_judge(&w->k.snap, &w->arena, &r, &w->call, f);
    if (e != OK)
        fprintf(stderr, "weir: %s%s%s (%s, byte %lld)\n", f->param, f->param[0] ? ": " : "",
                f->say[0] ? f->say : err_sentence(e), err_name(e), (long long)f->at_byte);
    else if (o->json)
        print_json(&w->call, &w->k.snap.fleet);
    else
        print_plan(&w->call, &w->k.snap.fleet);
    return e != OK;
}

int cli_explain(int argc, char **argv)
{
    static struct work w; // large: kept off the stack
    struct options o = {0};
    int early = parse(argc, argv, &o);
    if (early >= 0)
        return early;
    if (!cli_load_config(&w.k, o.config, true))
        return 1;
    arena_init(&w.arena, (size_t)w.k.snap.gate.call_memory);
    buf_init(&w.body, (size_t)w.k.snap.http.body_limit);
    int status = explain(&w, &o);
    buf_done(&w.body);
    arena_done(&w.arena);
    config_free(&w.k);
    return status;
}
