// calibrate.c: weir calibrate, the threshold for a wanted quality or a wanted share of cloud calls.
// One half of the rows chooses the threshold, the other half, which the choice has not seen, says
// what may be promised of it; equal requests are in the same half. Where that half is too small
// nothing is promised, but it is said how many rows are missing.
#include "base/mem.h"
#include "cli/eval.h"
#include <math.h>

static const char usage[] =
    "usage: weir calibrate --quality Q [OPTIONS] [FILE...]      default: standard input\n"
    "       weir calibrate --cloud SHARE [OPTIONS] [FILE...]\n\n"
    "Finds policy.quality and policy.hard_quality from your own rows: \"text\" or \"messages\", "
    "and\n"
    "one of\n"
    "  weak_score, strong_score   how good a local and a frontier model's answers were\n"
    "  quality                    a score of the local answer, which serves from --good on\n"
    "  place                      local, either or cloud\n"
    "--cloud needs none of them: rows as they come are enough.\n\n"
    "  --quality Q      of what stays local at least this share is to be as good, 0 to 1\n"
    "  --cloud SHARE    this share of the requests is to go to the cloud\n"
    "  --confidence C   of what is promised (default 0.95)\n" EVAL_INPUT_HELP
    "  --json           print JSON\n\n"
    "Exit status 1: the rows do not show it.\n";

enum half { CHOOSING, HELD_OUT };
enum { CANDIDATES = 100 };

// One kind of work, and what was found of it.
struct kind {
    const char *name, *setting;
    bool routine;
    size_t rows, held, kept, good; // good: of those kept among those held out
    double threshold, bound;
    size_t missing; // rows; 0 none, SIZE_MAX: no number of them would help
    enum { NO_ROWS, NOTHING_REACHES, NOT_SHOWN, SHOWN } found;
};
struct calibrate {
    struct eval_input in;
    struct eval_rows rows;
    double quality, cloud, confidence;
    bool json;
};

static enum half half_of(const struct eval_row *r)
{
    return r->hash >> 33 & 1 ? HELD_OUT : CHOOSING;
}

static bool is_of(const struct calibrate *c, const struct kind *k, const struct eval_row *r)
{
    return !r->unsure && r->ok >= 0 && c->rows.policy.task_local[r->said] == k->routine;
}

// How many of one half have at least this p_local_ok, and how many of those a local answer serves;
// half a success is none.
static void count_kept(const struct calibrate *c, struct kind *k, enum half half, double threshold)
{
    double good = 0;
    k->kept = 0;
    for (size_t i = 0; i < c->rows.count; i++) {
        const struct eval_row *r = &c->rows.row[i];
        if (!is_of(c, k, r) || half_of(r) != half || (double)r->p_local_ok < threshold)
            continue;
        k->kept++;
        good += (double)r->ok;
    }
    k->good = (size_t)good;
    must(k->good <= k->kept);
}

// p_local_ok in the choosing half, least first. Where unsure ones count they are below all others.
static size_t sorted_p(const struct calibrate *c, const struct kind *k, double *p)
{
    size_t n = 0;
    for (size_t i = 0; i < c->rows.count; i++) {
        const struct eval_row *r = &c->rows.row[i];
        if (half_of(r) == CHOOSING && (!k || is_of(c, k, r)))
            p[n++] = r->unsure ? -1 : (double)r->p_local_ok;
    }
    eval_sort(p, n);
    return n;
}

// Down, to what is printed: four digits.
static double rounded(double threshold)
{
    return fmax(0, floor(threshold * 10000) / 10000);
}

// The lowest threshold that the choosing half bears out; where none, the lowest that it makes
// likely.
static bool choose_threshold(const struct calibrate *c, struct kind *k, double least)
{
    double *p = mem_new_array(double, max_size(1, c->rows.count)), likely = NAN, found = NAN;
    size_t n = sorted_p(c, k, p);
    for (unsigned i = 0; i < CANDIDATES && n > 0 && isnan(found); i++) {
        double threshold = i ? fmax(least, rounded(p[i * n / CANDIDATES])) : least;
        count_kept(c, k, CHOOSING, threshold);
        if (!k->kept || (double)k->good < c->quality * (double)k->kept)
            continue;
        if (isnan(likely))
            likely = threshold;
        if (route_bound_below(k->good, k->kept, c->confidence) >= c->quality)
            found = threshold;
    }
    mem_free(p);
    k->threshold = isnan(found) ? likely : found;
    return !isnan(k->threshold);
}

static void calibrate_kind(const struct calibrate *c, struct kind *k, double least)
{
    for (size_t i = 0; i < c->rows.count; i++)
        if (is_of(c, k, &c->rows.row[i])) {
            k->rows++;
            k->held += half_of(&c->rows.row[i]) == HELD_OUT;
        }
    must(k->held <= k->rows);
    if (k->rows == 0 || !choose_threshold(c, k, least)) {
        k->found = k->rows ? NOTHING_REACHES : NO_ROWS;
        return;
    }
    count_kept(c, k, HELD_OUT, k->threshold);
    k->bound = k->kept ? route_bound_below(k->good, k->kept, c->confidence) : 0;
    k->found = k->bound >= c->quality ? SHOWN : NOT_SHOWN;
    if (k->found == SHOWN)
        return;
    // Nothing kept says nothing of the share: then as if it were all good
    double share = k->kept ? (double)k->good / (double)k->kept : 1;
    size_t wanted = route_rows_wanted(share, c->quality, c->confidence);
    k->missing = wanted == SIZE_MAX ? SIZE_MAX
                                    : (size_t)((double)(max_size(wanted, k->kept + 1) - k->kept) *
                                               (double)k->rows / (double)max_size(1, k->kept));
}

static double percent(size_t part, size_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

static void print_kind(const struct calibrate *c, const struct kind *k)
{
    printf("%s work (%zu rows):\n  ", k->name, k->rows);
    if (k->found == NO_ROWS) {
        printf("no rows of this kind\n");
    } else if (k->found == NOTHING_REACHES) {
        printf("at no threshold are %.4g%% of what stays local as good\n", 100 * c->quality);
    } else {
        printf("at %.4f %zu of %zu held-out rows stay local (%.1f%%), and %zu of them are as good "
               "(%.1f%%)\n  ",
               k->threshold, k->kept, k->held, percent(k->kept, k->held), k->good,
               percent(k->good, k->kept));
        if (k->found == SHOWN)
            printf("with %.4g%% confidence at least %.1f%% are\n", 100 * c->confidence,
                   100 * k->bound);
        else if (k->missing == SIZE_MAX)
            printf("that is too few for %.4g%%, and more rows like these would not show it\n",
                   100 * c->quality);
        else
            printf("not shown: that allows %.1f%%; about %zu more rows like these would show "
                   "%.4g%%\n",
                   100 * k->bound, k->missing, 100 * c->quality);
    }
}

static void print_kind_json(const struct kind *k, const char *after)
{
    static const char *const words[] = {"no_rows", "nothing_reaches", "not_shown", "shown"};
    printf("{\"setting\":\"%s\",\"found\":\"%s\",\"rows\":%zu,\"held_out\":%zu,\"kept\":%zu,"
           "\"good\":%zu,\"bound\":%.6g",
           k->setting, words[k->found], k->rows, k->held, k->kept, k->good, k->bound);
    if (k->found >= NOT_SHOWN)
        printf(",\"threshold\":%.4f", k->threshold);
    if (k->found == NOT_SHOWN && k->missing != SIZE_MAX)
        printf(",\"missing_rows\":%zu", k->missing);
    printf("}%s", after);
}

static int calibrate_quality(const struct calibrate *c)
{
    struct kind kinds[] = {{.name = "routine", .setting = "quality", .routine = true},
                           {.name = "other", .setting = "hard_quality"}};
    size_t unsure = 0;
    unsigned shown = 0, with_rows = 0;
    for (size_t i = 0; i < c->rows.count; i++)
        unsure += c->rows.row[i].unsure;
    calibrate_kind(c, &kinds[0], 0);
    // policy.quality holds for all work, so that a lower hard_quality would say nothing
    calibrate_kind(c, &kinds[1], kinds[0].found == SHOWN ? kinds[0].threshold : 0);
    for (size_t i = 0; i < countof(kinds); i++) {
        shown += kinds[i].found == SHOWN;
        with_rows += kinds[i].found != NO_ROWS;
    }
    if (c->json) {
        printf("{\"rows\":%zu,\"unsure\":%zu,\"wanted\":%.6g,\"confidence\":%.6g,\"kinds\":[",
               c->rows.count, unsure, c->quality, c->confidence);
        print_kind_json(&kinds[0], ",");
        print_kind_json(&kinds[1], "]}\n");
        return !shown || shown < with_rows;
    }
    printf("%zu rows, %zu of which the policy is too unsure to keep local\n", c->rows.count,
           unsure);
    print_kind(c, &kinds[0]);
    print_kind(c, &kinds[1]);
    if (shown)
        puts("\npolicy:");
    for (size_t i = 0; i < countof(kinds); i++)
        if (kinds[i].found == SHOWN)
            printf("  %s: %.4f\n", kinds[i].setting, kinds[i].threshold);
    return !shown || shown < with_rows;
}

// --- a wanted share of cloud calls -----------------------------------------------

enum { WIDEST_HUNDREDTHS = 10 }; // a wider interval is not worth telling

// Exact bounds on both sides of a share.
static void bounds_of(size_t part, size_t all, double confidence, double ret_bounds[2])
{
    const double side = 1 - (1 - confidence) / 2;
    must(part <= all);
    ret_bounds[0] = route_bound_below(part, all, side);
    ret_bounds[1] = 1 - route_bound_below(all - part, all, side);
}

static size_t rows_for_share(double share, double confidence)
{
    size_t n = 16;
    for (double b[2] = {0, 1};; n += 1 + n / 16) {
        bounds_of((size_t)(share * (double)n), n, confidence, b);
        if (b[1] - b[0] <= WIDEST_HUNDREDTHS / 100.0)
            return n;
    }
}

static int calibrate_share(const struct calibrate *c)
{
    double *p = mem_new_array(double, max_size(1, c->rows.count)), bounds[2] = {0, 1},
           threshold = 0;
    size_t n = sorted_p(c, NULL, p), held = 0, cloud = 0;
    if (n)
        threshold = rounded(p[min_size(n - 1, (size_t)(c->cloud * (double)n))]);
    for (size_t i = 0; i < c->rows.count; i++) {
        const struct eval_row *r = &c->rows.row[i];
        held += half_of(r) == HELD_OUT;
        cloud += half_of(r) == HELD_OUT && (r->unsure || (double)r->p_local_ok < threshold);
    }
    mem_free(p);
    bounds_of(cloud, held, c->confidence, bounds);
    const bool shown = bounds[1] - bounds[0] <= WIDEST_HUNDREDTHS / 100.0;
    const size_t wanted = rows_for_share(c->cloud, c->confidence),
                 missing = shown ? 0 : 2 * (max_size(wanted, held + 1) - held);
    if (c->json) {
        printf("{\"rows\":%zu,\"held_out\":%zu,\"cloud\":%zu,\"wanted\":%.6g,\"confidence\":%.6g,"
               "\"found\":\"%s\",\"low\":%.6g,\"high\":%.6g,\"threshold\":%.4f,\"missing_rows\":%"
               "zu}\n",
               c->rows.count, held, cloud, c->cloud, c->confidence, shown ? "shown" : "not_shown",
               bounds[0], bounds[1], threshold, missing);
        return !shown;
    }
    printf("%zu rows: at %.4f %zu of %zu held-out ones go to the cloud (%.1f%%)\n", c->rows.count,
           threshold, cloud, held, percent(cloud, held));
    if (!shown) {
        printf(
            "not shown: with %.4g%% confidence that allows %.1f%% to %.1f%%; about %zu more rows "
            "would narrow it to %d points\n",
            100 * c->confidence, 100 * bounds[0], 100 * bounds[1], missing, WIDEST_HUNDREDTHS);
        return 1;
    }
    printf("with %.4g%% confidence %.1f%% to %.1f%% do\n\npolicy:\n  quality: %.4f\n"
           "  hard_quality: %.4f\n",
           100 * c->confidence, 100 * bounds[0], 100 * bounds[1], threshold, threshold);
    return 0;
}

static bool take(int argc, char **argv, int *i, struct calibrate *c)
{
    const char *v;
    if (strcmp(argv[*i], "--json") == 0)
        return c->json = true;
    if ((v = cli_option(argc, argv, i, "--quality")))
        return eval_number(v, 0.01, 0.999, &c->quality);
    if ((v = cli_option(argc, argv, i, "--cloud")))
        return eval_number(v, 0, 1, &c->cloud);
    if ((v = cli_option(argc, argv, i, "--confidence")))
        return eval_number(v, 0.5, 0.9999, &c->confidence);
    return eval_take(argc, argv, i, &c->in);
}

int cli_calibrate(int argc, char **argv)
{
    struct calibrate c = {.in.good = 0.5, .quality = NAN, .cloud = NAN, .confidence = 0.95};
    int status = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if (!take(argc, argv, &i, &c))
            return cli_stray("calibrate", argv[i]);
    }
    if (isnan(c.quality) == isnan(c.cloud))
        return cli_mistake("calibrate", "calibrate wants --quality Q or --cloud SHARE");
    c.in.unlabelled_too = isnan(c.quality);
    if (eval_read(&c.in, &c.rows))
        status = isnan(c.quality) ? calibrate_share(&c) : calibrate_quality(&c);
    eval_free(&c.rows);
    return status || fflush(stdout) != 0;
}
