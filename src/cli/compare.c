// compare.c: weir compare, two files of weights beside each other on the same rows: what would be
// judged otherwise, and, where rows are labelled, which is better by more than chance. Both are
// read with the same policy, and rows are drawn for both at once, so that the interval is that of
// the difference.
#include "base/mem.h"
#include "cli/eval.h"
#include <math.h>

static const char usage[] =
    "usage: weir compare [OPTIONS] --new WEIGHTS FILE...\n\n"
    "Judges rows by two files of weights and says what would change. Rows are those of weir eval,\n"
    "or such as weir serve keeps of recent traffic (docs/learning.md); labels are not needed.\n\n"
    "  --new WEIGHTS    what may be switched to\n"
    "  --old WEIGHTS    what it is held against (default: the configuration's "
    "own)\n" EVAL_INPUT_HELP "  --draws N        draws of the bootstrap, 0 to 10000 (default 400)\n"
    "  --seed N         of the draws (default 1)\n"
    "  --json           print JSON\n";

#define FIGURES(X)                                                                                 \
    X(accuracy, "task accuracy", true)                                                             \
    X(place_auc, "place AUC", true)                                                                \
    X(outcome_auc, "AUC: cloud better", true)                                                      \
    X(cloud_kept_local, "cloud kept local", false)                                                 \
    X(local_kept_local, "local kept local", true)
enum figure {
#define NAME(name, say, more) COMPARE_##name,
    FIGURES(NAME)
#undef NAME
        FIGURES_COUNT
};
static const struct figure_row {
    const char *name, *say;
    bool more_is_better;
} figures[FIGURES_COUNT] = {
#define ROW(name, say, more) {#name, say, more},
    FIGURES(ROW)
#undef ROW
};

// One side: its rows, and those with a place and those with outcomes, the surest for the cloud
// first.
struct side {
    const char *weights; // NULL: the configuration's
    struct eval_rows rows;
    struct route_outcome *by_place, *by_outcome;
    size_t places, outcomes;
};

struct compare {
    struct eval_input in;
    struct side old, new;
    struct seen {
        size_t rows, to_cloud, to_local, other_task;
    } all, task[TASK_COUNT + 1]; // by the old word
    struct difference {
        double old, new, low, high; // of new - old
    } of[FIGURES_COUNT];
    unsigned draws;
    uint64_t seed;
    bool json;
};

static void make_orders(struct side *s)
{
    const size_t n = max_size(1, s->rows.count);
    must(!s->by_place && !s->by_outcome);
    s->by_place = mem_new_array(struct route_outcome, n);
    s->by_outcome = mem_new_array(struct route_outcome, n);
    for (size_t i = 0; i < s->rows.count; i++) {
        const struct eval_row *r = &s->rows.row[i];
        struct route_outcome o = {.score = -(double)r->p_local_ok, .row = (uint32_t)i};
        if (r->has_outcome) {
            o.weak = r->weak;
            o.strong = r->strong;
            s->by_outcome[s->outcomes++] = o;
        }
        if (r->place == PLACE_LOCAL || r->place == PLACE_CLOUD) {
            o.weak = 0;
            o.strong = r->place == PLACE_CLOUD;
            s->by_place[s->places++] = o;
        }
    }
    route_outcomes_sort(s->by_place, s->places);
    route_outcomes_sort(s->by_outcome, s->outcomes);
}

static void measure(const struct side *s, const uint32_t *times, double v[FIGURES_COUNT])
{
    must(s->places <= s->rows.count && s->outcomes <= s->rows.count);
    double tasks = 0, right = 0, rows[2] = {0}, kept[2] = {0};
    for (size_t i = 0; i < s->rows.count; i++) {
        const struct eval_row *r = &s->rows.row[i];
        double w = times ? times[i] : 1;
        bool local = r->place == PLACE_LOCAL;
        if (r->task != TASK_UNKNOWN) {
            tasks += w;
            right += r->said == r->task || (r->said == r->also && r->said != TASK_UNKNOWN) ? w : 0;
        }
        if (local || r->place == PLACE_CLOUD) {
            rows[local] += w;
            kept[local] += r->kept_local ? w : 0;
        }
    }
    v[COMPARE_accuracy] = right / tasks;
    v[COMPARE_place_auc] = route_auc(s->by_place, times, s->places);
    v[COMPARE_outcome_auc] = route_auc(s->by_outcome, times, s->outcomes);
    v[COMPARE_cloud_kept_local] = kept[0] / rows[0];
    v[COMPARE_local_kept_local] = kept[1] / rows[1];
}

static void count_changes(struct compare *c)
{
    for (size_t i = 0; i < c->old.rows.count; i++) {
        const struct eval_row *was = &c->old.rows.row[i], *is = &c->new.rows.row[i];
        must(was->hash == is->hash);
        struct seen *both[] = {&c->all, &c->task[was->said]};
        for (unsigned k = 0; k < 2; k++) {
            both[k]->rows++;
            both[k]->to_cloud += was->kept_local && !is->kept_local;
            both[k]->to_local += !was->kept_local && is->kept_local;
            both[k]->other_task += was->said != is->said;
        }
    }
}

static void measure_both(struct compare *c)
{
    const size_t draws = c->draws, n = c->old.rows.count;
    must(n > 0 && n == c->new.rows.count);
    double a[FIGURES_COUNT], b[FIGURES_COUNT];
    double *all = mem_new_array(double, max_size(1, draws) * FIGURES_COUNT);
    uint32_t *times = mem_new_array(uint32_t, n);
    uint64_t seed = c->seed;
    make_orders(&c->old);
    make_orders(&c->new);
    for (size_t d = 0; d < draws; d++) {
        route_resample(times, n, &seed);
        measure(&c->old, times, a);
        measure(&c->new, times, b);
        for (unsigned f = 0; f < FIGURES_COUNT; f++)
            all[f * draws + d] = b[f] - a[f];
    }
    measure(&c->old, NULL, a);
    measure(&c->new, NULL, b);
    for (unsigned f = 0; f < FIGURES_COUNT; f++) {
        struct difference *x = &c->of[f];
        x->old = a[f];
        x->new = b[f];
        eval_interval(all + f * draws, draws, &x->low, &x->high);
    }
    mem_free(all);
    mem_free(times);
}

// --- what is told --------------------------------------------------------------------------------

static const char *verdict(const struct difference *x, bool more_is_better)
{
    if (isnan(x->low))
        return "unknown";
    if (x->low <= 0 && x->high >= 0)
        return "no difference that these rows can tell";
    return (x->low > 0) == more_is_better ? "better" : "worse";
}

static void put_text(const struct compare *c, struct buf *out)
{
    const struct seen *all = &c->all;
    size_t changed = all->to_cloud + all->to_local;
    buf_printf(out,
               "old %s, new %s: %zu rows\n%zu of them (%.1f %%) would be answered elsewhere: %zu "
               "in the cloud instead of locally, %zu locally instead of in the cloud\n%zu (%.1f "
               "%%) are another task\n\n%-15s %6s %9s %9s %11s\n",
               c->old.rows.digest, c->new.rows.digest, all->rows, changed,
               100 * (double)changed / (double)all->rows, all->to_cloud, all->to_local,
               all->other_task, 100 * (double)all->other_task / (double)all->rows, "old task",
               "rows", "to cloud", "to local", "other task");
    for (unsigned t = 0; t <= TASK_COUNT; t++)
        if (c->task[t].rows)
            buf_printf(out, "%-15s %6zu %9zu %9zu %11zu\n", task_name((enum task)t),
                       c->task[t].rows, c->task[t].to_cloud, c->task[t].to_local,
                       c->task[t].other_task);
    bool labelled = false;
    for (unsigned f = 0; f < FIGURES_COUNT; f++) {
        const struct difference *x = &c->of[f];
        if (isnan(x->old) || isnan(x->new))
            continue;
        if (!labelled)
            buf_printf(out, "\n%-20s %6s %6s  difference, 95 %% of draws\n", "", "old", "new");
        labelled = true;
        buf_printf(out, "%-20s %6.3f %6.3f  %+.3f [%+.3f, %+.3f] %s\n", figures[f].say, x->old,
                   x->new, x->new - x->old, x->low, x->high, verdict(x, figures[f].more_is_better));
    }
    if (!labelled)
        buf_put(out, S("\nno row is labelled: which is better cannot be said\n"));
    buf_printf(out,
               "\nto switch: set classifier.weights to %s in the configuration, then kill -HUP "
               "weir\n",
               c->new.weights);
}

static void put_number(struct buf *out, const char *name, double v)
{
    buf_printf(out, isnan(v) ? ",\"%s\":null" : ",\"%s\":%.6g", name, v);
}

static void put_seen(struct buf *out, const struct seen *s)
{
    buf_printf(out, "{\"rows\":%zu,\"to_cloud\":%zu,\"to_local\":%zu,\"other_task\":%zu}", s->rows,
               s->to_cloud, s->to_local, s->other_task);
}

static void put_json(const struct compare *c, struct buf *out)
{
    const char *comma = "";
    buf_printf(out,
               "{\"old\":\"%s\",\"new\":\"%s\",\"unreadable\":%zu,\"changes\":", c->old.rows.digest,
               c->new.rows.digest, c->old.rows.bad);
    put_seen(out, &c->all);
    buf_put(out, S(",\"tasks\":{"));
    for (unsigned t = 0; t <= TASK_COUNT; t++)
        if (c->task[t].rows) {
            buf_printf(out, "%s\"%s\":", comma, task_name((enum task)t));
            put_seen(out, &c->task[t]);
            comma = ",";
        }
    buf_put(out, S("},\"figures\":{"));
    for (unsigned f = 0; f < FIGURES_COUNT; f++) {
        const struct difference *x = &c->of[f];
        buf_printf(out, "%s\"%s\":{\"verdict\":\"%s\"", f ? "," : "", figures[f].name,
                   verdict(x, figures[f].more_is_better));
        put_number(out, "old", x->old);
        put_number(out, "new", x->new);
        put_number(out, "low", x->low);
        put_number(out, "high", x->high);
        buf_putc(out, '}');
    }
    buf_put(out, S("},\"switch\":{\"classifier.weights\":"));
    buf_put_json(out, str_c(c->new.weights));
    buf_put(out, S(",\"signal\":\"SIGHUP\"}}\n"));
}

// --- the command ---------------------------------------------------------------------------------

static int parse(int argc, char **argv, struct compare *c)
{
    for (int i = 1; i < argc; i++) {
        const char *v;
        double n = 0;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if (strcmp(argv[i], "--json") == 0) {
            c->json = true;
        } else if ((v = cli_option(argc, argv, &i, "--old"))) {
            c->old.weights = v;
        } else if ((v = cli_option(argc, argv, &i, "--new"))) {
            c->new.weights = v;
        } else if ((v = cli_option(argc, argv, &i, "--draws"))) {
            if (!eval_number(v, 0, 10000, &n))
                return cli_mistake("compare", "--draws takes 0 to 10000");
            c->draws = (unsigned)n;
        } else if ((v = cli_option(argc, argv, &i, "--seed"))) {
            if (!eval_number(v, 0, 1e15, &n))
                return cli_mistake("compare", "--seed takes a number");
            c->seed = (uint64_t)n;
        } else if (!eval_take(argc, argv, &i, &c->in)) {
            return cli_stray("compare", argv[i]);
        }
    }
    if (!c->new.weights || c->in.path_count == 0)
        return cli_mistake("compare", "it takes --new WEIGHTS and files of rows");
    for (unsigned i = 0; i < c->in.path_count; i++)
        if (strcmp(c->in.paths[i], "-") == 0)
            return cli_mistake("compare", "rows are read twice: give a file");
    return -1;
}

static bool read_side(struct compare *c, struct side *s)
{
    must(s == &c->old || s->weights);
    c->in.weights = s->weights;
    return eval_read(&c->in, &s->rows);
}

static void say(struct compare *c)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    count_changes(c);
    measure_both(c);
    if (c->json)
        put_json(c, &out);
    else
        put_text(c, &out);
    if (!c->json && c->old.rows.bad)
        buf_printf(&out, "%zu lines could not be read as rows\n", c->old.rows.bad);
    fwrite(out.p, 1, out.n, stdout);
    buf_done(&out);
}

int cli_compare(int argc, char **argv)
{
    static struct compare c;
    c = (struct compare){.in = {.good = 0.5, .unlabelled_too = true}, .draws = 400, .seed = 1};
    int early = parse(argc, argv, &c), status = 1;
    if (early >= 0)
        return early;
    if (read_side(&c, &c.old) && read_side(&c, &c.new)) {
        if (c.old.rows.count == 0 || c.old.rows.count != c.new.rows.count) {
            fputs(c.old.rows.count ? "weir: the files changed while they were read\n"
                                   : "weir: there is no row to judge\n",
                  stderr);
        } else {
            say(&c);
            status = 0;
        }
    }
    struct side *sides[] = {&c.old, &c.new};
    for (unsigned i = 0; i < 2; i++) {
        eval_free(&sides[i]->rows);
        mem_free(sides[i]->by_place);
        mem_free(sides[i]->by_outcome);
    }
    return status;
}
