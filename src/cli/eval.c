// eval.c: weir eval, how good the classifier is on labelled rows. Every figure comes with the 95 %
// interval of a bootstrap over rows, and beside what costs nothing to know: chance, length, always
// one model. A seed makes the draws, so that the same rows give the same intervals.
#include "cli/eval.h"
#include "base/mem.h"
#include "base/rng.h"
#include <math.h>

static const char usage[] =
    "usage: weir eval [OPTIONS] [FILE...]      default: standard input\n\n"
    "Judges labelled rows as requests would be, with the policy of the configuration, and says "
    "how\n"
    "good that is. A row is \"text\" or \"messages\", and what is known of it:\n"
    "  task, also                 its task, and a second one that counts as right\n"
    "  place                      where it should be answered: local, either or cloud\n"
    "  weak_score, strong_score   how good a weak and a strong model's answers were\n"
    "Rows with outcomes give APGR, CPT(50), CPT(80) (as the RouteLLM paper defines them) and cost\n"
    "against quality; docs/classifier.md explains every figure.\n\n" EVAL_INPUT_HELP
    "  --cost-local C   what a call costs that stays local (default 0)\n"
    "  --cost-cloud C   and one that goes to the cloud (default 1)\n"
    "  --draws N        draws of the bootstrap, 0 to 10000 (default 400)\n"
    "  --seed N         of the draws (default 1)\n"
    "  --json           print JSON\n"
    "  --html FILE      write a page with charts, too\n";

struct eval {
    struct eval_input in;
    struct eval_rows rows;
    struct eval_report report;
    // Orders that are sorted once; a draw only changes how often a row counts
    struct route_outcome *by_weir, *by_length, *by_place, *by_routine;
    uint32_t *times;
    const char *html;
    bool json;
};

// --- one draw --------------------------------------------------------------------

static double times_of(const uint32_t *times, size_t i)
{
    return times ? times[i] : 1;
}

static bool is_right(const struct eval_row *r)
{
    return r->said != TASK_UNKNOWN && (r->said == r->task || r->said == r->also);
}

static void measure_tasks(const struct eval *e, const uint32_t *times, double *v)
{
    double said[TASK_COUNT + 1] = {0}, hits[TASK_COUNT + 1] = {0}, missed[TASK_COUNT + 1] = {0},
                             are[TASK_COUNT + 1] = {0}, all = 0, right = 0, f1 = 0, kinds = 0;
    for (size_t i = 0; i < e->rows.count; i++) {
        const struct eval_row *r = &e->rows.row[i];
        double w = r->task != TASK_UNKNOWN ? times_of(times, i) : 0;
        all += w;
        said[r->said] += w;
        are[r->task] += w;
        right += is_right(r) ? w : 0;
        hits[r->said] += is_right(r) ? w : 0;
        missed[r->task] += is_right(r) ? 0 : w;
    }
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        f1 += hits[t] > 0 && are[t] > 0 ? 2 * hits[t] / (said[t] + hits[t] + missed[t]) : 0;
        kinds += are[t] > 0;
    }
    v[FIGURE_accuracy] = right / all;
    v[FIGURE_macro_f1] = f1 / kinds;
}

// How many of those called routine are, where the threshold finds three of five that are.
static void measure_routine(const struct eval *e, const uint32_t *times, double *v)
{
    const bool *local = e->rows.policy.task_local;
    double want = 0, hits = 0, called = 0;
    for (size_t i = 0; i < e->report.tasks; i++) {
        const struct route_outcome *o = &e->by_routine[i];
        want += 0.6 * (local[e->rows.row[o->row].task] ? times_of(times, o->row) : 0);
    }
    for (size_t i = 0; i < e->report.tasks && hits < want; i++) {
        const struct eval_row *r = &e->rows.row[e->by_routine[i].row];
        double w = times_of(times, e->by_routine[i].row);
        called += w;
        hits += local[r->task] || (r->also != TASK_UNKNOWN && local[r->also]) ? w : 0;
    }
    v[FIGURE_routine_precision] = hits / called;
}

static void measure_places(const struct eval *e, const uint32_t *times, double *v)
{
    double rows[2] = {0}, kept[2] = {0};
    must(e->report.places <= e->rows.count);
    for (size_t i = 0; i < e->rows.count; i++) {
        const struct eval_row *r = &e->rows.row[i];
        if (r->place != PLACE_LOCAL && r->place != PLACE_CLOUD)
            continue;
        rows[r->place == PLACE_LOCAL] += times_of(times, i);
        kept[r->place == PLACE_LOCAL] += r->kept_local ? times_of(times, i) : 0;
    }
    v[FIGURE_cloud_kept_local] = kept[0] / rows[0];
    v[FIGURE_local_kept_local] = kept[1] / rows[1];
    v[FIGURE_place_auc] = route_auc(e->by_place, times, e->report.places);
}

static void fill_bins(const struct eval *e, const uint32_t *times, bool outcomes,
                      struct eval_bin *bins)
{
    memset(bins, 0, EVAL_BINS * sizeof *bins);
    for (size_t i = 0; i < e->rows.count; i++) {
        const struct eval_row *r = &e->rows.row[i];
        if (outcomes ? !r->has_outcome : r->has_outcome || r->place == PLACE_NONE)
            continue;
        struct eval_bin *b = &bins[min_size(EVAL_BINS - 1, (size_t)(r->p_local_ok * EVAL_BINS))];
        b->rows += times_of(times, i);
        b->p += times_of(times, i) * (double)r->p_local_ok;
        b->ok += times_of(times, i) * (double)r->ok;
    }
}

// Expected calibration error: by how much the chance that is told misses the share that is true.
static double error_of(const struct eval_bin *bins)
{
    double off = 0, rows = 0;
    for (unsigned b = 0; b < EVAL_BINS; b++) {
        off += fabs(bins[b].p - bins[b].ok);
        rows += bins[b].rows;
    }
    return off / rows;
}

static void measure(const struct eval *e, const uint32_t *times, double v[FIGURE_COUNT])
{
    struct route_curve c;
    struct eval_bin bins[EVAL_BINS];
    const size_t n = e->report.outcomes;
    for (unsigned f = 0; f < FIGURE_COUNT; f++)
        v[f] = NAN;
    if (e->report.tasks) {
        measure_tasks(e, times, v);
        measure_routine(e, times, v);
    }
    if (e->report.places)
        measure_places(e, times, v);
    fill_bins(e, times, false, bins);
    v[FIGURE_place_ece] = error_of(bins);
    fill_bins(e, times, true, bins);
    v[FIGURE_outcome_ece] = error_of(bins);
    v[FIGURE_outcome_auc] = route_auc(e->by_weir, times, n);
    if (route_curve(e->by_weir, times, n, &c)) {
        v[FIGURE_apgr] = c.apgr;
        v[FIGURE_cpt50] = c.cpt50;
        v[FIGURE_cpt80] = c.cpt80;
    }
    if (route_curve(e->by_length, times, n, &c)) {
        v[FIGURE_length_apgr] = c.apgr;
        v[FIGURE_length_cpt50] = c.cpt50;
        v[FIGURE_length_cpt80] = c.cpt80;
        v[FIGURE_above_length] = v[FIGURE_apgr] - c.apgr;
    }
}

// --- all of it -------------------------------------------------------------------

static void make_orders(struct eval *e)
{
    struct eval_report *r = &e->report;
    const size_t n = max_size(1, e->rows.count);
    e->by_weir = mem_new_array(struct route_outcome, n);
    e->by_length = mem_new_array(struct route_outcome, n);
    e->by_place = mem_new_array(struct route_outcome, n);
    e->by_routine = mem_new_array(struct route_outcome, n);
    e->times = mem_new_array(uint32_t, n);
    for (size_t i = 0; i < e->rows.count; i++) {
        const struct eval_row *row = &e->rows.row[i];
        struct route_outcome o = {.score = -(double)row->p_local_ok, .row = (uint32_t)i};
        if (row->place == PLACE_LOCAL || row->place == PLACE_CLOUD) {
            o.strong = row->place == PLACE_CLOUD;
            e->by_place[r->places++] = o;
        }
        if (row->has_outcome) {
            o.weak = row->weak;
            o.strong = row->strong;
            e->by_weir[r->outcomes] = o;
            o.score = row->bytes;
            e->by_length[r->outcomes++] = o;
        }
        if (row->task != TASK_UNKNOWN)
            e->by_routine[r->tasks++] =
                (struct route_outcome){.score = (double)row->routine_p, .row = (uint32_t)i};
    }
    route_outcomes_sort(e->by_weir, r->outcomes);
    route_outcomes_sort(e->by_length, r->outcomes);
    route_outcomes_sort(e->by_place, r->places);
    route_outcomes_sort(e->by_routine, r->tasks);
}

static void free_orders(struct eval *e)
{
    mem_free(e->by_weir);
    mem_free(e->by_length);
    mem_free(e->by_place);
    mem_free(e->by_routine);
    mem_free(e->times);
}

void eval_interval(double *values, size_t n, double *ret_low, double *ret_high)
{
    size_t real = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[real++] = values[i];
    *ret_low = *ret_high = NAN;
    if (real == 0)
        return;
    eval_sort(values, real);
    *ret_low = values[real / 40];
    *ret_high = values[real - 1 - real / 40];
}

static void bootstrap(struct eval *e)
{
    const size_t draws = e->report.draws;
    double v[FIGURE_COUNT], *all = mem_new_array(double, max_size(1, draws) * FIGURE_COUNT);
    uint64_t seed = e->report.seed;
    must(e->rows.count > 0);
    for (size_t d = 0; d < draws; d++) {
        route_resample(e->times, e->rows.count, &seed);
        measure(e, e->times, v);
        for (unsigned f = 0; f < FIGURE_COUNT; f++)
            all[f * draws + d] = v[f];
    }
    measure(e, NULL, v);
    for (unsigned f = 0; f < FIGURE_COUNT; f++) {
        struct value *value = &e->report.figure[f];
        value->is = v[f];
        eval_interval(all + f * draws, draws, &value->low, &value->high);
    }
    mem_free(all);
}

// What orders without any sense reach.
static void random_band(struct eval *e)
{
    struct eval_report *r = &e->report;
    const size_t n = r->outcomes, draws = r->draws;
    double *apgr = mem_new_array(double, max_size(1, draws));
    struct route_outcome *o = mem_new_array(struct route_outcome, max_size(1, n));
    struct route_curve c;
    uint64_t seed = r->seed ^ 0x5eed;
    must(n > 0);
    for (size_t i = 0; i < n; i++)
        o[i] = e->by_length[i];
    for (size_t d = 0; d < draws; d++) {
        for (size_t i = n; i > 1; i--) {
            size_t j = (size_t)(rng_next(&seed) % i);
            struct route_outcome keep = o[i - 1];
            o[i - 1] = o[j];
            o[j] = keep;
        }
        for (size_t i = 0; i < n; i++)
            o[i].score = -(double)i;
        apgr[d] = route_curve(o, NULL, n, &c) ? c.apgr : NAN;
    }
    eval_interval(apgr, draws, &r->random_low, &r->random_high);
    mem_free(apgr);
    mem_free(o);
}

static void count_tasks(struct eval *e)
{
    for (size_t i = 0; i < e->rows.count; i++) {
        const struct eval_row *r = &e->rows.row[i];
        if (r->task == TASK_UNKNOWN)
            continue;
        e->report.task[is_right(r) ? r->said : r->task].are++;
        if (r->said != TASK_UNKNOWN) {
            e->report.task[r->said].said++;
            e->report.task[r->said].hits += is_right(r);
        }
    }
}

void eval_points(const struct eval_report *r, struct eval_point ret[EVAL_POINTS])
{
    must(r->has_curve);
    for (unsigned i = 0; i < EVAL_POINTS; i++) {
        unsigned step = i * CURVE_STEPS / (EVAL_POINTS - 1);
        double share = (double)step / CURVE_STEPS;
        ret[i] =
            (struct eval_point){.share = share,
                                .cost = (1 - share) * r->cost_local + share * r->cost_cloud,
                                .weir = r->weir.quality[step],
                                .length = r->length.quality[step],
                                .random = r->weir.weak + share * (r->weir.strong - r->weir.weak),
                                .frontier = true};
    }
    for (unsigned i = 0; i < EVAL_POINTS; i++)
        for (unsigned k = 0; k < EVAL_POINTS; k++)
            if (ret[k].cost < ret[i].cost && ret[k].weir >= ret[i].weir)
                ret[i].frontier = false;
}

static bool write_page(const char *path, const struct buf *page)
{
    FILE *f = fopen(path, "wb");
    bool fine = f && fwrite(page->p, 1, page->n, f) == page->n;
    if (f)
        fine = fclose(f) == 0 && fine;
    if (!fine)
        fprintf(stderr, "weir: %s cannot be written\n", path);
    return fine;
}

static int report(struct eval *e)
{
    struct eval_report *r = &e->report;
    struct buf out;
    int status = 0;
    r->in = &e->in;
    r->from = &e->rows;
    r->rows = e->rows.count;
    make_orders(e);
    bootstrap(e);
    r->has_curve = route_curve(e->by_weir, NULL, r->outcomes, &r->weir) &&
                   route_curve(e->by_length, NULL, r->outcomes, &r->length);
    if (r->has_curve)
        random_band(e);
    fill_bins(e, NULL, false, r->place_bin);
    fill_bins(e, NULL, true, r->outcome_bin);
    count_tasks(e);
    buf_init(&out, 16 << 20);
    e->json ? eval_put_json(r, &out) : eval_put_text(r, &out);
    fwrite(out.p, 1, out.n, stdout);
    if (e->html) {
        buf_clear(&out);
        eval_put_html(r, &out);
        status = !write_page(e->html, &out);
    }
    must(!out.over);
    buf_done(&out);
    free_orders(e);
    return status || fflush(stdout) != 0;
}

static bool take(int argc, char **argv, int *i, struct eval *e)
{
    const char *v;
    double n;
    if (strcmp(argv[*i], "--json") == 0) {
        e->json = true;
    } else if ((v = cli_option(argc, argv, i, "--html"))) {
        e->html = v;
    } else if ((v = cli_option(argc, argv, i, "--cost-local"))) {
        return eval_number(v, 0, 1e9, &e->report.cost_local);
    } else if ((v = cli_option(argc, argv, i, "--cost-cloud"))) {
        return eval_number(v, 0, 1e9, &e->report.cost_cloud);
    } else if ((v = cli_option(argc, argv, i, "--draws"))) {
        bool fine = eval_number(v, 0, 10000, &n);
        e->report.draws = fine ? (unsigned)n : 0;
        return fine;
    } else if ((v = cli_option(argc, argv, i, "--seed"))) {
        bool fine = eval_number(v, 0, 1e15, &n);
        e->report.seed = fine ? (uint64_t)n : 0;
        return fine;
    } else {
        return eval_take(argc, argv, i, &e->in);
    }
    return true;
}

int cli_eval(int argc, char **argv)
{
    struct eval e = {.in.good = 0.5, .report = {.cost_cloud = 1, .draws = 400, .seed = 1}};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if (!take(argc, argv, &i, &e))
            return cli_stray("eval", argv[i]);
    }
    int status = 1;
    if (eval_read(&e.in, &e.rows)) {
        if (e.rows.count)
            status = report(&e);
        else
            fprintf(stderr,
                    "weir: no row says what is right of it (%zu without a label, %zu unreadable): "
                    "weir eval --help names the fields\n",
                    e.rows.unlabelled, e.rows.bad);
    }
    eval_free(&e.rows);
    return status;
}
