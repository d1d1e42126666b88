// train.c: weir train, the task classifier from labelled rows.
#include "base/mem.h"
#include "cli/cli.h"
#include <math.h>
#include <yyjson.h>

static const char usage[] =
    "usage: weir train --in FILE --out FILE [OPTIONS]\n\n"
    "Learns the sixteen tasks from JSONL rows {\"text\": ..., \"task\": ...}; docs/tasks.md says "
    "what each means.\n\n"
    "  --in FILE        the rows (- is standard input)\n"
    "  --out FILE       the weights' file\n"
    "  --lic WORD       only rows whose \"lic\" says WORD\n"
    "  --holdout SHARE  keep this share aside and print how well it is judged (default 0.1; 0 "
    "trains on all)\n"
    "  --eval FILE      print how well these rows are judged, too (an \"also\" task counts as "
    "right)\n"
    "  --epochs N       passes over the rows (default 6)\n"
    "  --seed N         the order's seed (default 1): the same rows and seed give the same bytes\n";

struct options {
    const char *in, *out, *lic, *eval;
    double holdout;
    struct route_train_settings s;
};

struct rows {
    struct arena arena;
    struct route_row *row;
    uint8_t *also; // a second task that counts as right, or TASK_UNKNOWN
    size_t count, cap;
};

// How much a row weighs by how its text came about: templates repeat themselves, people do not.
static float weight_of(str kind)
{
    if (str_eq(kind, S("tmpl")) || str_eq(kind, S("p3")))
        return 0.5f;
    return str_eq(kind, S("llm")) ? 0.7f : 1.0f;
}

static str field(yyjson_val *row, const char *name)
{
    yyjson_val *v = yyjson_obj_get(row, name);
    return yyjson_is_str(v) ? str_of(yyjson_get_str(v), yyjson_get_len(v)) : STR_NONE;
}

static void add_row(struct rows *r, yyjson_val *row, const char *lic)
{
    enum task task, also = TASK_UNKNOWN;
    str text = field(row, "text");
    if (!text.n || !task_parse(field(row, "task"), &task) ||
        (lic && !str_eq(field(row, "lic"), str_c(lic))))
        return;
    (void)task_parse(field(row, "also"), &also);
    if (r->count == r->cap) {
        r->cap = max_size(1024, r->cap * 2);
        r->row = mem_resize(r->row, r->cap * sizeof *r->row);
        r->also = mem_resize(r->also, r->cap);
    }
    r->also[r->count] = (uint8_t)also;
    r->row[r->count++] = (struct route_row){.text = text_of(arena_copy(&r->arena, text)),
                                            .task = task,
                                            .weight = weight_of(field(row, "kind"))};
}

static bool read_rows(const char *path, const char *lic, struct rows *ret)
{
    struct buf file;
    str rest, line;
    bool fine;
    arena_init(&ret->arena, SIZE_MAX / 4);
    buf_init(&file, (size_t)4 << 30);
    fine = cli_read_file(path, &file);
    rest = buf_str(&file);
    while (fine && str_next(&rest, '\n', &line)) {
        yyjson_doc *doc = line.n ? yyjson_read(line.p, line.n, 0) : NULL;
        if (doc)
            add_row(ret, yyjson_doc_get_root(doc), lic);
        yyjson_doc_free(doc);
    }
    buf_done(&file);
    if (fine && ret->count == 0)
        fprintf(stderr, "weir: %s has no row with a text and a task that we know\n", path);
    return fine && ret->count > 0;
}

static void free_rows(struct rows *r)
{
    arena_done(&r->arena);
    mem_free(r->row);
    mem_free(r->also);
}

static void tell(void *arg, uint32_t epoch, double loss)
{
    const struct options *o = arg;
    fprintf(stderr, "  epoch %u of %u: loss %.4f\n", epoch, o->s.epochs, loss);
}

static void print_scores(const char *name, const struct route_model *m, const struct rows *r)
{
    must(r->count > 0);
    unsigned hits[TASK_COUNT] = {0}, said[TASK_COUNT] = {0}, are[TASK_COUNT] = {0};
    size_t right = 0;
    double f1 = 0;
    unsigned seen = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct judgement j;
        route_classify_text(m, r->row[i].text, &j);
        bool good = j.task == r->row[i].task || (unsigned)j.task == r->also[i];
        enum task truth = good ? j.task : r->row[i].task;
        right += good;
        hits[truth] += good;
        said[j.task]++;
        are[truth]++;
    }
    printf("%s: %zu rows, accuracy %.3f\n", name, r->count, (double)right / (double)r->count);
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        double p = said[t] ? (double)hits[t] / said[t] : 0,
               q = are[t] ? (double)hits[t] / are[t] : 0;
        if (!are[t])
            continue;
        seen++;
        f1 += p + q > 0 ? 2 * p * q / (p + q) : 0;
        printf("  %-14s rows %5u  precision %.2f  recall %.2f\n", task_name((enum task)t), are[t],
               p, q);
    }
    printf("  macro F1 %.3f\n", seen ? f1 / seen : 0);
}

static bool write_file(const char *path, str bytes)
{
    FILE *f = fopen(path, "wb");
    bool fine = f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
    if (f)
        fine = fclose(f) == 0 && fine;
    if (!fine)
        fprintf(stderr, "weir: %s cannot be written\n", path);
    return fine;
}

// Tasks with few rows weigh more, by the square root of how rare they are: templates and sources
// decide how many rows a task has, not how often people ask for it.
static void balance(struct rows *r)
{
    double count[TASK_COUNT] = {0};
    must(r->count > 0);
    for (size_t i = 0; i < r->count; i++)
        count[r->row[i].task] += (double)r->row[i].weight;
    for (size_t i = 0; i < r->count; i++) {
        double rare = (double)r->count / TASK_COUNT / count[r->row[i].task];
        r->row[i].weight *= (float)sqrt(rare);
    }
}

// Splits off every row whose text's hash falls into the share, so that equal texts stay together.
static void split(const struct rows *all, double share, struct rows *train, struct rows *test)
{
    *train = *test = (struct rows){0};
    train->row = mem_new_array(struct route_row, all->count);
    test->row = mem_new_array(struct route_row, all->count);
    test->also = mem_new_array(uint8_t, all->count);
    for (size_t i = 0; i < all->count; i++) {
        uint64_t h = str_hash(text_reveal(all->row[i].text)) >> 11;
        bool aside = (double)(h % 100000) < share * 100000;
        if (aside) {
            test->also[test->count] = TASK_UNKNOWN;
            test->row[test->count++] = all->row[i];
        } else {
            train->row[train->count++] = all->row[i];
        }
    }
}

// The file's bytes where the model wants them: on a 64-byte boundary.
static bool open_aligned(str file, char **ret_bytes, struct route_model *ret)
{
    const char *why = "";
    *ret_bytes = mem_new(file.n + 64);
    char *at = *ret_bytes + (64 - ((uintptr_t)*ret_bytes & 63));
    memcpy(at, file.p, file.n);
    return route_model_open(str_of(at, file.n), ret, &why) == OK;
}

static int train_and_score(const struct options *o, const struct rows *all)
{
    struct rows train, test, extra = {0};
    struct buf file;
    struct route_model m;
    char *bytes = NULL;
    int status = 1;
    split(all, o->holdout, &train, &test);
    balance(&train);
    must(train.count + test.count == all->count);
    buf_init(&file, 64 << 20);
    fprintf(stderr, "training on %zu rows, %zu kept aside\n", train.count, test.count);
    if (route_train(train.row, train.count, &o->s, &file) == OK &&
        open_aligned(buf_str(&file), &bytes, &m)) {
        if (test.count)
            print_scores("kept aside", &m, &test);
        if (o->eval && read_rows(o->eval, NULL, &extra))
            print_scores(o->eval, &m, &extra);
        status = !write_file(o->out, buf_str(&file));
        printf("%s: %zu bytes, digest %s\n", o->out, file.n, m.digest);
    }
    free_rows(&extra);
    mem_free(bytes);
    buf_done(&file);
    mem_free(train.row);
    mem_free(test.row);
    mem_free(test.also);
    return status;
}

int cli_train(int argc, char **argv)
{
    struct options o = {.holdout = 0.1};
    struct rows all = {0};
    route_train_defaults(&o.s);
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage, true);
        if ((v = cli_option(argc, argv, &i, "--in")))
            o.in = v;
        else if ((v = cli_option(argc, argv, &i, "--out")))
            o.out = v;
        else if ((v = cli_option(argc, argv, &i, "--lic")))
            o.lic = v;
        else if ((v = cli_option(argc, argv, &i, "--eval")))
            o.eval = v;
        else if ((v = cli_option(argc, argv, &i, "--holdout")))
            o.holdout = strtod(v, NULL);
        else if ((v = cli_option(argc, argv, &i, "--epochs")))
            o.s.epochs = (uint32_t)strtoul(v, NULL, 10);
        else if ((v = cli_option(argc, argv, &i, "--seed")))
            o.s.seed = strtoull(v, NULL, 10);
        else
            return cli_usage(usage, false);
    }
    if (!o.in || !o.out || o.holdout < 0 || o.holdout > 0.9)
        return cli_usage(usage, false);
    o.s.progress = tell;
    o.s.progress_arg = &o;
    int status = read_rows(o.in, o.lic, &all) ? train_and_score(&o, &all) : 1;
    free_rows(&all);
    return status;
}
