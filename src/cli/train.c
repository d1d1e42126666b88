// train.c: weir train, the task classifier from labelled rows.
#include "base/mem.h"
#include "cli/cli.h"
#include <yyjson.h>

static const char usage[] =
    "usage: weir train --in FILE [--in FILE...] --out FILE [OPTIONS]\n\n"
    "Learns the sixteen tasks from JSONL rows {\"text\" or \"messages\": ..., \"task\": ...}, with "
    "optional\n"
    "lic, kind, source, weight and place (local, either or cloud: where its answer should come\n"
    "from) or weak_score and strong_score (how good a local and a frontier model's answers were).\n"
    "A row may have \"features\" in place of the text, as those have that serve writes\n"
    "(docs/learning.md); from these only the places are learned, as their task is weir's own "
    "word.\n"
    "docs/tasks.md says what each task means, docs/classifier.md how it learns.\n\n"
    "  --in FILE        the rows (- is standard input); may be given often\n"
    "  --out FILE       the weights' file\n"
    "  --lic WORD       only rows whose \"lic\" says WORD\n"
    "  --weigh S=W      rows whose \"source\" is S count W times; may be given often\n"
    "  --holdout SHARE  first learn without this share and print how well it is judged (default "
    "0.1);\n"
    "                   the weights that are written have seen all rows\n"
    "  --eval FILE      print how well these rows are judged, too (an \"also\" task counts as "
    "right)\n"
    "  --words FILE     what words lean to before any row is seen: a word, a tab, and a whole "
    "number\n"
    "                   of hundredths for each task, a line each\n"
    "  --epochs N       passes over the rows (default 6)\n"
    "  --bits N         2^N buckets of weights, 8 to 20 (default 16, one megabyte)\n"
    "  --seed N         the order's seed (default 1): the same rows and seed give the same bytes\n";

enum { WEIGH_MAX = 32, IN_MAX = 32 };
struct options {
    const char *in[IN_MAX];
    unsigned in_count;
    const char *out, *lic, *eval, *words;
    double holdout;
    struct route_train_settings s;
    struct weigh {
        str source;
        double weight;
    } weigh[WEIGH_MAX];
    unsigned weigh_count;
};

struct rows {
    struct arena arena;
    struct route_row *row;
    uint64_t *source;               // hash of source and task: rows of one making
    uint8_t *also;                  // a second task that counts as right, or TASK_UNKNOWN
    size_t count, cap, passed_over; // rows whose features another weir made
};

static str field(yyjson_val *row, const char *name)
{
    must(row);
    yyjson_val *v = yyjson_obj_get(row, name);
    return yyjson_is_str(v) ? str_of(yyjson_get_str(v), yyjson_get_len(v)) : STR_NONE;
}

// How much a row weighs by how its text came about: templates repeat themselves, people do not.
static double weight_of(const struct options *o, yyjson_val *row)
{
    must(o);
    str kind = field(row, "kind"), source = field(row, "source");
    yyjson_val *own = yyjson_obj_get(row, "weight");
    // the task of a row that serve wrote was judged by weights, and must not teach weights
    double w = yyjson_is_num(own) ? yyjson_get_num(own) : !str_eq(kind, S("shadow"));
    if (str_eq(kind, S("tmpl")) || str_eq(kind, S("p3")))
        w *= 0.5;
    else if (str_eq(kind, S("llm")))
        w *= 0.7;
    for (unsigned i = 0; i < o->weigh_count; i++)
        if (str_eq(source, o->weigh[i].source))
            w *= o->weigh[i].weight;
    return w > 0 ? w : 0;
}

// The chance that a local answer serves, by the outcomes or by "place"; -1 where the row says
// nothing.
static float place_of(yyjson_val *row)
{
    must(row);
    yyjson_val *weak = yyjson_obj_get(row, "weak_score"),
               *strong = yyjson_obj_get(row, "strong_score");
    if (yyjson_is_num(weak) && yyjson_is_num(strong))
        return yyjson_get_num(weak) >= yyjson_get_num(strong);
    str place = field(row, "place");
    return str_eq(place, S("local"))    ? 1
           : str_eq(place, S("either")) ? 0.5f
           : str_eq(place, S("cloud"))  ? 0
                                        : -1;
}

// "text", or the content of the last user message where that is a string, and what is beside it.
static str text_of_row(yyjson_val *row, str ret_beside[BESIDE_COUNT])
{
    must(row);
    yyjson_val *messages = yyjson_obj_get(row, "messages");
    str text = field(row, "text");
    for (int b = 0; b < BESIDE_COUNT; b++)
        ret_beside[b] = STR_NONE;
    for (size_t i = yyjson_arr_size(messages); i-- > 0;) {
        yyjson_val *m = yyjson_arr_get(messages, i);
        str role = field(m, "role"), content = field(m, "content"), *to = NULL;
        if (str_eq(role, S("user")))
            to = text.n ? &ret_beside[BESIDE_BEFORE] : &text;
        else if (str_eq(role, S("assistant")) && text.n && !ret_beside[BESIDE_BEFORE].n)
            to = &ret_beside[BESIDE_ANSWER];
        else if (i == 0 && str_eq(role, S("system")))
            to = &ret_beside[BESIDE_SYSTEM];
        if (to && !to->n)
            *to = content;
    }
    return text;
}

static void add_row(struct rows *r, const struct options *o, yyjson_val *row, const char *lic)
{
    must(r);
    enum task task, also = TASK_UNKNOWN;
    str beside[BESIDE_COUNT], text = text_of_row(row, beside), features = field(row, "features"),
                              packed = STR_NONE;
    if (features.n && !route_features_open(&r->arena, features, &packed)) {
        r->passed_over++;
        return;
    }
    if ((!text.n && !packed.n) || !task_parse(field(row, "task"), &task) ||
        (lic && !str_eq(field(row, "lic"), str_c(lic))))
        return;
    (void)task_parse(field(row, "also"), &also);
    if (r->count == r->cap) {
        r->cap = max_size(1024, r->cap * 2);
        r->row = mem_resize(r->row, r->cap * sizeof *r->row);
        r->source = mem_resize(r->source, r->cap * sizeof *r->source);
        r->also = mem_resize(r->also, r->cap);
    }
    r->also[r->count] = (uint8_t)also;
    r->source[r->count] = str_hash(field(row, "source")) * TASK_COUNT + task;
    r->row[r->count] = (struct route_row){.text = text_of(arena_copy(&r->arena, text)),
                                          .packed = packed,
                                          .task = task,
                                          .local_ok = place_of(row),
                                          .weight = (float)weight_of(o, row)};
    for (int b = 0; b < BESIDE_COUNT; b++)
        r->row[r->count].beside[b] = text_of(arena_copy(&r->arena, beside[b]));
    r->count++;
}

static void init_rows(struct rows *ret)
{
    *ret = (struct rows){0};
    arena_init(&ret->arena, SIZE_MAX / 4);
}

// Adds a file's rows.
static bool read_rows(const struct options *o, const char *path, const char *lic, struct rows *ret)
{
    must(o);
    struct buf file;
    str rest, line;
    bool fine;
    const size_t before = ret->count, passed_over = ret->passed_over;
    buf_init(&file, (size_t)4 << 30);
    fine = cli_read_file(path, &file);
    rest = buf_str(&file);
    while (fine && str_next(&rest, '\n', &line)) {
        yyjson_doc *doc = line.n ? yyjson_read(line.p, line.n, 0) : NULL;
        if (doc)
            add_row(ret, o, yyjson_doc_get_root(doc), lic);
        yyjson_doc_free(doc);
    }
    buf_done(&file);
    if (ret->passed_over > passed_over)
        fprintf(stderr, "weir: %s: %zu rows have features that another version of weir made\n",
                path, ret->passed_over - passed_over);
    if (fine && ret->count == before)
        fprintf(stderr, "weir: %s has no row with a text and a task that we know\n", path);
    return fine && ret->count > before;
}

static void free_rows(struct rows *r)
{
    must(r);
    arena_done(&r->arena);
    mem_free(r->row);
    mem_free(r->source);
    mem_free(r->also);
}

// --- balance ---------------------------------------------------------------------

// Rows of one source and task count as this many at most, however many they are.
enum { SOURCE_MOST = 300, TALLY_SLOTS = 4096 };

struct tally {
    uint64_t source;
    uint32_t rows;
};

static struct tally *tally_of(struct tally *all, uint64_t source)
{
    size_t at = (size_t)((source ^ (source >> 32)) % TALLY_SLOTS);
    for (size_t tries = 0; tries < TALLY_SLOTS; tries++, at = (at + 1) % TALLY_SLOTS)
        if (all[at].rows == 0 || all[at].source == source) {
            all[at].source = source;
            return &all[at];
        }
    return &all[at]; // more sources than slots: they share
}

// What share of requests each task is expected to be, in hundredths; rounded, and meant to be dull.
static const double expected[TASK_COUNT] = {
    [TASK_SUMMARISE] = 5, [TASK_CLASSIFY] = 5,  [TASK_EXTRACT] = 5,       [TASK_REWRITE] = 6,
    [TASK_TRANSLATE] = 4, [TASK_QA_CLOSED] = 5, [TASK_QA_OPEN] = 14,      [TASK_BRAINSTORM] = 6,
    [TASK_CREATIVE] = 7,  [TASK_WRITING] = 8,   [TASK_CODE] = 14,         [TASK_MATH] = 5,
    [TASK_REASONING] = 4, [TASK_CHITCHAT] = 4,  [TASK_DATA_ANALYSIS] = 3, [TASK_PLANNING] = 5};

static void balance(struct rows *r)
{
    enum { MORE_MOST = 6 }; // a handful of rows must not speak for a task alone
    double sum[TASK_COUNT] = {0}, all = 0;
    struct tally *tallies = mem_new_array(struct tally, TALLY_SLOTS);
    for (size_t i = 0; i < r->count; i++)
        if (r->row[i].weight > 0)
            tally_of(tallies, r->source[i])->rows++;
    for (size_t i = 0; i < r->count; i++) {
        uint32_t n = tally_of(tallies, r->source[i])->rows;
        if (r->row[i].weight > 0 && n > SOURCE_MOST)
            r->row[i].weight *= (float)SOURCE_MOST / (float)n;
        sum[r->row[i].task] += (double)r->row[i].weight;
        all += (double)r->row[i].weight;
    }
    for (size_t i = 0; i < r->count; i++) {
        enum task t = r->row[i].task;
        double more = sum[t] > 0 ? all * expected[t] / 100 / sum[t] : 1;
        r->row[i].weight *= (float)(more > MORE_MOST ? MORE_MOST : more);
    }
    mem_free(tallies);
}

static void tell(void *arg, uint32_t epoch, double loss)
{
    const struct options *o = arg;
    fprintf(stderr, "  epoch %u of %u: loss %.4f\n", epoch, o->s.epochs, loss);
}

static void print_scores(const char *name, const struct route_model *m, const struct rows *r)
{
    unsigned hits[TASK_COUNT] = {0}, said[TASK_COUNT] = {0}, are[TASK_COUNT] = {0};
    size_t right = 0;
    double f1 = 0;
    unsigned seen = 0;
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct judgement j;
        if (r->row[i].weight <= 0)
            continue;
        count++;
        if (r->row[i].packed.n)
            route_classify_packed(m, r->row[i].packed, &j);
        else
            route_classify_text(m, r->row[i].text, &j);
        bool good = j.task == r->row[i].task || (unsigned)j.task == r->also[i];
        enum task truth = good ? j.task : r->row[i].task;
        right += good;
        hits[truth] += good;
        said[j.task]++;
        are[truth]++;
    }
    printf("%s: %zu rows, accuracy %.3f\n", name, count, count ? (double)right / (double)count : 0);
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

// Splits off every row whose text's hash falls into the share, so that equal texts stay together.
static void split(const struct rows *all, double share, struct rows *train, struct rows *test)
{
    *train = *test = (struct rows){0};
    train->row = mem_new_array(struct route_row, all->count);
    test->row = mem_new_array(struct route_row, all->count);
    test->also = mem_new_array(uint8_t, all->count);
    for (size_t i = 0; i < all->count; i++) {
        str same = all->row[i].packed.n ? all->row[i].packed : text_reveal(all->row[i].text);
        uint64_t h = str_hash(same) >> 11;
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

// Learns from rows, writes the file into `file` and opens it; the bytes are freed by the caller.
static bool learn(const struct options *o, const struct rows *rows, struct buf *file,
                  char **ret_bytes, struct route_model *ret)
{
    buf_clear(file);
    fprintf(stderr, "learning from %zu rows\n", rows->count);
    if (route_train(rows->row, rows->count, &o->s, file) != OK ||
        !open_aligned(buf_str(file), ret_bytes, ret)) {
        fprintf(stderr, "weir: no weights came of it: check --epochs, --bits and --words\n");
        return false;
    }
    return true;
}

static bool score_kept_aside(const struct options *o, const struct rows *all, struct buf *file)
{
    struct rows train, test;
    struct route_model m;
    char *bytes = NULL;
    split(all, o->holdout, &train, &test);
    bool fine = test.count == 0 || train.count == 0 || learn(o, &train, file, &bytes, &m);
    if (bytes && fine)
        print_scores("kept aside", &m, &test);
    mem_free(bytes);
    mem_free(train.row);
    mem_free(test.row);
    mem_free(test.also);
    return fine;
}

static int train_and_score(const struct options *o, const struct rows *all)
{
    struct rows extra;
    struct buf file;
    struct route_model m;
    char *bytes = NULL;
    int status = 1;
    init_rows(&extra);
    buf_init(&file, 64 << 20);
    if (score_kept_aside(o, all, &file) && learn(o, all, &file, &bytes, &m)) {
        if (o->eval && read_rows(o, o->eval, NULL, &extra))
            print_scores(o->eval, &m, &extra);
        status = !write_file(o->out, buf_str(&file));
        printf("%s: %zu bytes, digest %s\n", o->out, file.n, m.digest);
    }
    free_rows(&extra);
    mem_free(bytes);
    buf_done(&file);
    return status;
}

// "source=0.1"
static bool add_weigh(struct options *o, const char *word)
{
    const char *equals = strrchr(word, '=');
    char *end = NULL;
    if (!equals || o->weigh_count == WEIGH_MAX)
        return false;
    struct weigh *w = &o->weigh[o->weigh_count++];
    w->source = str_of(word, (size_t)(equals - word));
    w->weight = strtod(equals + 1, &end);
    return end != equals + 1 && *end == 0 && w->weight >= 0;
}

static bool set_number(const char *word, uint64_t most, uint64_t *ret)
{
    char *end = NULL;
    *ret = strtoull(word, &end, 10);
    return *word && *end == 0 && *ret <= most;
}

// False where argv[*i] is no option, or has no sense.
static bool take_option(int argc, char **argv, int *i, struct options *o)
{
    const char *v;
    char *end = NULL;
    uint64_t n;
    if ((v = cli_option(argc, argv, i, "--in"))) {
        if (o->in_count == IN_MAX)
            return false;
        o->in[o->in_count++] = v;
    } else if ((v = cli_option(argc, argv, i, "--out"))) {
        o->out = v;
    } else if ((v = cli_option(argc, argv, i, "--lic"))) {
        o->lic = v;
    } else if ((v = cli_option(argc, argv, i, "--eval"))) {
        o->eval = v;
    } else if ((v = cli_option(argc, argv, i, "--words"))) {
        o->words = v;
    } else if ((v = cli_option(argc, argv, i, "--weigh"))) {
        return add_weigh(o, v);
    } else if ((v = cli_option(argc, argv, i, "--holdout"))) {
        o->holdout = strtod(v, &end);
        return end != v && *end == 0 && o->holdout >= 0 && o->holdout <= 0.9;
    } else if ((v = cli_option(argc, argv, i, "--epochs"))) {
        bool fine = set_number(v, 1000, &n);
        o->s.epochs = (uint32_t)n;
        return fine && n > 0;
    } else if ((v = cli_option(argc, argv, i, "--bits"))) {
        bool fine = set_number(v, 20, &n);
        o->s.bucket_bits = (uint32_t)n;
        return fine;
    } else if ((v = cli_option(argc, argv, i, "--seed"))) {
        return set_number(v, UINT64_MAX, &o->s.seed);
    } else {
        return false;
    }
    return true;
}

int cli_train(int argc, char **argv)
{
    struct options o = {.holdout = 0.1};
    struct rows all;
    struct buf words;
    init_rows(&all);
    route_train_defaults(&o.s);
    o.s.progress = tell;
    o.s.progress_arg = &o;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if (!take_option(argc, argv, &i, &o))
            return cli_stray("train", argv[i]);
    }
    if (!o.in_count || !o.out)
        return cli_mistake("train", "train wants --in FILE and --out FILE");
    buf_init(&words, 64 << 20);
    bool fine = !o.words || cli_read_file(o.words, &words);
    for (unsigned i = 0; i < o.in_count && fine; i++)
        fine = read_rows(&o, o.in[i], o.lic, &all);
    o.s.words = buf_str(&words);
    if (fine)
        balance(&all);
    int status = fine ? train_and_score(&o, &all) : 1;
    free_rows(&all);
    buf_done(&words);
    return status;
}
