// eval_rows.c: reads labelled rows and judges each as the gateway would judge the same request,
// with the same policy, so that what is measured is what happens. A row's text is forgotten at
// once.
#include "base/mem.h"
#include "cli/eval.h"
#include <fnmatch.h>
#include <math.h>
#include <yyjson.h>

bool eval_number(const char *word, double least, double most, double *ret)
{
    char *end = NULL;
    double v = strtod(word, &end);
    must(least <= most);
    if (end == word || *end || !(v >= least && v <= most))
        return false;
    *ret = v;
    return true;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void eval_sort(double *values, size_t n)
{
    must(values || n == 0);
    qsort(values, n, sizeof *values, by_size);
}

bool eval_take(int argc, char **argv, int *i, struct eval_input *in)
{
    const char *v, *equals;
    if ((v = cli_option(argc, argv, i, "-c")) || (v = cli_option(argc, argv, i, "--config"))) {
        in->config = v;
        return true;
    }
    if ((v = cli_option(argc, argv, i, "--good")))
        return eval_number(v, 0, 1e9, &in->good);
    if ((v = cli_option(argc, argv, i, "--only"))) {
        equals = strchr(v, '=');
        if (!equals || equals == v || in->only_count == EVAL_ONLY)
            return false;
        in->only[in->only_count++] =
            (struct eval_only){str_of(v, (size_t)(equals - v)), equals + 1};
        return true;
    }
    if ((argv[*i][0] == '-' && argv[*i][1]) || in->path_count == EVAL_FILES)
        return false;
    in->paths[in->path_count++] = argv[*i];
    return true;
}

struct reading {
    const struct eval_input *in;
    struct config *k;
    struct arena arena;
    struct buf body;
    struct call call;
    struct eval_rows *rows;
};

static str word_of(yyjson_val *row, str name)
{
    yyjson_val *v = yyjson_obj_getn(row, name.p, name.n);
    const char *word = yyjson_get_str(v); // NULL where it is none
    return word ? str_of(word, yyjson_get_len(v)) : STR_NONE;
}

static bool is_asked_for(const struct eval_input *in, yyjson_val *row)
{
    for (unsigned i = 0; i < in->only_count; i++) {
        yyjson_val *v = yyjson_obj_getn(row, in->only[i].field.p, in->only[i].field.n);
        str value = yyjson_is_true(v) ? S("true") : word_of(row, in->only[i].field);
        char text[256];
        if (fnmatch(in->only[i].pattern, str_copy_to(text, sizeof text, value), 0) != 0)
            return false;
    }
    return true;
}

static bool number_of(yyjson_val *row, const char *name, double *ret)
{
    yyjson_val *v = yyjson_obj_get(row, name);
    if (!yyjson_is_num(v) || !isfinite(yyjson_get_num(v)))
        return false;
    *ret = yyjson_get_num(v);
    return true;
}

// What the row says; false where there is nothing to judge by.
static bool read_labels(const struct eval_input *in, yyjson_val *row, struct eval_row *r)
{
    str place = word_of(row, S("place"));
    double quality;
    *r = (struct eval_row){.task = TASK_UNKNOWN, .also = TASK_UNKNOWN, .ok = -1};
    if (!str_eq(word_of(row, S("kind")), S("shadow"))) // whose task is weir's own word
        (void)task_parse(word_of(row, S("task")), &r->task);
    (void)task_parse(word_of(row, S("also")), &r->also);
    r->place = str_eq(place, S("local"))    ? PLACE_LOCAL
               : str_eq(place, S("either")) ? PLACE_EITHER
               : str_eq(place, S("cloud"))  ? PLACE_CLOUD
                                            : PLACE_NONE;
    r->has_outcome =
        number_of(row, "weak_score", &r->weak) && number_of(row, "strong_score", &r->strong);
    if (r->has_outcome)
        r->ok = r->weak >= r->strong;
    else if (number_of(row, "quality", &quality))
        r->ok = quality >= in->good;
    else if (r->place != PLACE_NONE)
        r->ok = r->place == PLACE_LOCAL ? 1 : r->place == PLACE_EITHER ? 0.5f : 0;
    return r->task != TASK_UNKNOWN || r->ok >= 0;
}

static bool judge(struct reading *g, str features, struct eval_row *r)
{
    const struct snapshot *s = &g->k->snap;
    const struct judgement *j = &g->call.judgement;
    const struct plan *p = &g->call.plan;
    struct cli_request request = {.body = buf_str(&g->body), .label = S("public")};
    struct fault f = {0};
    arena_reset(&g->arena);
    if (features.n && !route_features_open(&g->arena, features, &request.packed))
        return false;
    if (g->body.over || cli_judge(s, &g->arena, &request, &g->call, &f) != OK)
        return false;
    r->said = j->task;
    r->unsure = j->task == TASK_UNKNOWN || (double)j->task_p[j->task] < s->policy.unsure_below;
    r->p_local_ok = j->p_local_ok;
    for (unsigned t = 0; t < TASK_COUNT; t++)
        r->routine_p += s->policy.task_local[t] ? j->task_p[t] : 0;
    r->bytes = j->total_bytes;
    r->hash = str_hash(features.n ? features : request.body);
    r->kept_local = p->count > 0 && s->fleet.zones[s->fleet.targets[p->rows[0].target].zone].local;
    return true;
}

static void read_line(struct reading *g, str line)
{
    yyjson_doc *doc = yyjson_read(line.p, line.n, YYJSON_READ_ALLOW_INVALID_UNICODE);
    yyjson_val *row = yyjson_doc_get_root(doc);
    struct eval_rows *all = g->rows;
    struct eval_row r;
    if (!yyjson_is_obj(row)) {
        all->bad++;
    } else if (!is_asked_for(g->in, row)) {
        all->other++;
    } else if (!read_labels(g->in, row, &r) && !g->in->unlabelled_too) {
        all->unlabelled++;
    } else if (!cli_make_body(&g->body, row) || !judge(g, word_of(row, S("features")), &r)) {
        all->bad++;
    } else {
        if (all->count == all->cap) {
            all->cap = max_size(1024, all->cap * 2);
            all->row = mem_resize(all->row, all->cap * sizeof *all->row);
        }
        all->row[all->count++] = r;
    }
    yyjson_doc_free(doc);
}

static bool read_file(struct reading *g, const char *path)
{
    struct buf file;
    str rest, line;
    buf_init(&file, (size_t)4 << 30);
    bool fine = cli_read_file(path, &file);
    rest = buf_str(&file);
    while (fine && str_next(&rest, '\n', &line))
        if (str_trim(line).n)
            read_line(g, line);
    buf_done(&file);
    return fine;
}

bool eval_read(const struct eval_input *in, struct eval_rows *ret)
{
    static struct config k;
    static struct reading g;
    must(in && ret->count == 0);
    if (!cli_load_config(&k, in->config, false))
        return false;
    char why[160];
    if (in->weights && config_weights(&k.arena, in->weights, &k.snap.model, why) != OK) {
        fprintf(stderr, "weir: %s: %s\n", in->weights, why);
        config_free(&k);
        return false;
    }
    cli_stand_ins(&k.snap);
    g.in = in;
    g.k = &k;
    g.rows = ret;
    ret->policy = k.snap.policy;
    str_copy_to(ret->digest, sizeof ret->digest, str_c(k.snap.model.digest));
    arena_init(&g.arena, (size_t)k.snap.gate.call_memory);
    buf_init(&g.body, (size_t)k.snap.http.body_limit * 2);
    bool fine = true;
    for (unsigned i = 0; i < max_size(in->path_count, 1) && fine; i++)
        fine = read_file(&g, in->path_count ? in->paths[i] : "-");
    buf_done(&g.body);
    arena_done(&g.arena);
    config_free(&k);
    return fine;
}

void eval_free(struct eval_rows *r)
{
    must(r->count <= r->cap);
    mem_free(r->row);
    *r = (struct eval_rows){0};
}
