// classify.c: weir classify, JSONL in and JSONL out. Each line is an object with "text" or
// "messages"; `id` is echoed. Out: task, tasks{16}, p_local_ok, known (share of the words that
// training has seen), read_bytes of total_bytes, label, findings[] (offsets in code points), zone,
// reason, took_us. A line that cannot be read gives {"error": ...} in its place, so
// that lines match.
#include "base/mem.h"
#include "base/time.h"
#include "cli/cli.h"
#include <errno.h>
#include <yyjson.h>

static const char usage[] =
    "usage: weir classify [-c FILE] [--features] [FILE]      default: standard input\n\n"
    "Reads JSONL, one request a line: {\"text\": \"...\"} or "
    "{\"messages\": [...]} (OpenAI's form), with an\n"
    "optional id, label and model. Writes one JSON object a line:\n"
    "  id, task, tasks (16 probabilities), p_local_ok, known (share of its words that training has "
    "seen),\n"
    "  read_bytes of total_bytes, label, findings [{type,start,end,score,part,via}], zone (where "
    "it\n"
    "  would go), reason, took_us\n"
    "--features adds what was learned from: features, as the rows of "
    "learn.path have them.\n"
    "Offsets count Unicode code points of the text (of the part, for "
    "messages). Nothing is sent anywhere.\n";

struct work {
    struct config *k;
    struct arena arena;
    struct buf body, out;
    struct call call;
    bool features;
};

static void put_findings(struct work *w)
{
    const struct call *c = &w->call;
    struct buf *out = &w->out;
    buf_put(out, S(",\"findings\":["));
    for (uint32_t i = 0; i < c->screening.finding_count; i++) {
        const struct finding *f = &c->screening.findings[i];
        str text = text_reveal(ask_text(&w->arena, &c->ask, &c->ask.parts[f->part]));
        must(f->end <= text.n && f->start <= f->end);
        buf_printf(out, "%s{\"type\":\"%s\",\"start\":%zu,\"end\":%zu,\"score\":%.2f,\"part\":%u",
                   i ? "," : "", f->type, utf8_count(text, f->start), utf8_count(text, f->end),
                   (double)f->score, f->part);
        if (f->via)
            buf_printf(out, ",\"via\":\"%s\"", f->via);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_judgement(struct work *w, int64_t took_us)
{
    const struct call *c = &w->call;
    const struct fleet *f = &w->k->snap.fleet;
    struct buf *out = &w->out;
    buf_printf(out, "\"task\":\"%s\",\"tasks\":{", task_name(c->judgement.task));
    for (unsigned i = 0; i < TASK_COUNT; i++)
        buf_printf(out, "%s\"%s\":%.4f", i ? "," : "", task_name((enum task)i),
                   (double)c->judgement.task_p[i]);
    buf_printf(out,
               "},\"p_local_ok\":%.4f,\"known\":%.2f,\"read_bytes\":%u,\"total_bytes\":%u,"
               "\"label\":\"%s\"",
               (double)c->judgement.p_local_ok, (double)c->judgement.known, c->judgement.read_bytes,
               c->judgement.total_bytes, label_name(c->label));
    put_findings(w);
    if (w->features) {
        buf_put(out, S(",\"features\":\""));
        route_features_pack(out, &c->ask);
        buf_putc(out, '"');
    }
    buf_put(out, S(",\"zone\":"));
    if (c->plan.count)
        buf_put_json(out, f->zones[f->targets[c->plan.rows[0].target].zone].name);
    else
        buf_put(out, S("null"));
    buf_put(out, S(",\"reason\":"));
    buf_put_json(out, str_c(c->plan.reason));
    buf_printf(out, ",\"took_us\":%lld}\n", (long long)took_us);
}

// False with the reason in f.
static bool judge(struct work *w, yyjson_val *row, struct fault *f)
{
    struct cli_request r = {.body = buf_str(&w->body)};
    yyjson_val *label = yyjson_obj_get(row, "label");
    if (yyjson_is_str(label))
        r.label = str_of(yyjson_get_str(label), yyjson_get_len(label));
    return cli_judge(&w->k->snap, &w->arena, &r, &w->call, f) == OK;
}

static void put_error(struct work *w, str say)
{
    buf_put(&w->out, S("\"error\":"));
    buf_put_json(&w->out, say);
    buf_put(&w->out, S("}\n"));
}

static void put_id(struct work *w, yyjson_val *row)
{
    yyjson_val *id = row ? yyjson_obj_get(row, "id") : NULL;
    if (!id)
        return;
    size_t n = 0;
    char *json = yyjson_val_write(id, 0, &n);
    must(json);
    buf_put(&w->out, S("\"id\":"));
    buf_put(&w->out, str_of(json, n));
    buf_putc(&w->out, ',');
    mem_free(json);
}

static void one_line(struct work *w, const char *line, size_t n)
{
    yyjson_doc *doc = yyjson_read(line, n, YYJSON_READ_ALLOW_INVALID_UNICODE);
    yyjson_val *row = doc ? yyjson_doc_get_root(doc) : NULL;
    struct fault f = {0};
    arena_reset(&w->arena);
    buf_clear(&w->out);
    buf_putc(&w->out, '{');
    put_id(w, yyjson_is_obj(row) ? row : NULL);
    if (!yyjson_is_obj(row)) {
        put_error(w, S("this line is no JSON object"));
    } else if (!cli_make_body(&w->body, row)) {
        put_error(w, S("a line needs \"text\" (a string) or \"messages\" (an array)"));
    } else {
        int64_t start = time_mono_us();
        if (judge(w, row, &f)) {
            put_judgement(w, time_mono_us() - start);
        } else {
            char say[300];
            snprintf(say, sizeof say, "%s%s%s", f.param, f.param[0] ? ": " : "",
                     f.say[0] ? f.say : err_sentence(f.err));
            put_error(w, str_c(say));
        }
    }
    yyjson_doc_free(doc);
    fwrite(w->out.p, 1, w->out.n, stdout);
}

static int run(struct work *w, FILE *in)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, in)) >= 0)
        if (str_trim(str_of(line, (size_t)n)).n)
            one_line(w, line, (size_t)n);
    mem_free(line);
    return ferror(in) || fflush(stdout) != 0;
}

int cli_classify(int argc, char **argv)
{
    static struct config k;
    static struct work w;
    const char *config = NULL, *path = NULL;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            config = v;
        else if (strcmp(argv[i], "--features") == 0)
            w.features = true;
        else if ((argv[i][0] != '-' || argv[i][1] == 0) && !path)
            path = argv[i];
        else
            return cli_stray("classify", argv[i]);
    }
    if (!cli_load_config(&k, config, false))
        return 1;
    cli_stand_ins(&k.snap);
    FILE *in = path && strcmp(path, "-") != 0 ? fopen(path, "rb") : stdin;
    if (!in) {
        fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
        config_free(&k);
        return 1;
    }
    w.k = &k;
    arena_init(&w.arena, (size_t)k.snap.gate.call_memory);
    buf_init(&w.body, (size_t)k.snap.http.body_limit * 2);
    buf_init(&w.out, (size_t)k.snap.http.body_limit * 2);
    int status = run(&w, in);
    buf_done(&w.body);
    buf_done(&w.out);
    arena_done(&w.arena);
    config_free(&k);
    return status;
}
