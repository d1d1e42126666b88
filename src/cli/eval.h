// eval.h: what weir eval and weir calibrate share: rows whose labels are known, each judged as the
// same request would be. Nothing of a row's text is kept.
#ifndef CLI_EVAL_H
#define CLI_EVAL_H
#include "cli/cli.h"

enum eval_place { PLACE_NONE, PLACE_LOCAL, PLACE_EITHER, PLACE_CLOUD };

struct eval_row {
    enum task task, also; // TASK_UNKNOWN: not labelled
    enum eval_place place;
    bool has_outcome;    // weak and strong are known
    double weak, strong; // how good each model's answer was
    float ok;            // 1 a local answer serves, 0 it does not, between; below 0 not known
    // as judged
    enum task said;
    bool unsure;     // too unsure of the task to be kept local by the policy
    bool kept_local; // where the plan begins
    float p_local_ok, routine_p;
    uint32_t bytes; // of the last user message
    uint64_t hash;  // of the whole request: equal ones have the same
};

enum { EVAL_FILES = 32, EVAL_ONLY = 16 };
struct eval_input {
    const char *config, *weights; // weights: in place of the configuration's, or NULL
    const char *paths[EVAL_FILES];
    unsigned path_count;
    struct eval_only {
        str field;
        const char *pattern;
    } only[EVAL_ONLY];
    unsigned only_count;
    double good; // from here on a row's "quality" says that the local answer serves
    bool unlabelled_too;
};
struct eval_rows {
    struct eval_row *row;
    size_t count, cap;
    size_t other, unlabelled, bad; // passed over: not asked for, nothing to judge by, unreadable
    struct policy policy;
    char digest[17]; // of the weights
};
// Takes -c, --only, --good or a FILE at argv[*i]; false where it is none of them.
bool eval_take(int argc, char **argv, int *i, struct eval_input *in) must_check;
#define EVAL_INPUT_HELP                                                                            \
    "  FILE             JSONL (- is standard input); more than one may be given\n"                 \
    "  --only F=P       only rows whose field F matches the shell pattern P; all of several\n"     \
    "                   must. A field that is absent or false matches the empty one\n"             \
    "  --good Q         a row with \"quality\" is served by the local answer from Q on (0.5)\n"    \
    "  -c FILE          the configuration, with its policy and weights (default ./weir.yaml)\n"
// Reads and judges them all. Says on standard error what went wrong.
bool eval_read(const struct eval_input *in, struct eval_rows *ret) must_check;
void eval_free(struct eval_rows *r);
// A number from least to most, or false.
bool eval_number(const char *word, double least, double most, double *ret) must_check;
void eval_sort(double *values, size_t n); // the least first; numbers only
// The middle 95 % of n values, those that are numbers; sorts them. NAN where there are none.
void eval_interval(double *values, size_t n, double *ret_low, double *ret_high);

// --- what is measured: eval.c, written by eval_report.c ---------------------------

#define EVAL_FIGURES(X)                                                                            \
    X(accuracy, "task accuracy")                                                                   \
    X(macro_f1, "task macro F1")                                                                   \
    X(routine_precision, "routine precision at recall .6")                                         \
    X(place_auc, "place AUC")                                                                      \
    X(cloud_kept_local, "cloud kept local")                                                        \
    X(local_kept_local, "local kept local")                                                        \
    X(place_ece, "p_local_ok against places: ECE")                                                 \
    X(apgr, "APGR")                                                                                \
    X(cpt50, "CPT(50)")                                                                            \
    X(cpt80, "CPT(80)")                                                                            \
    X(length_apgr, "APGR of length")                                                               \
    X(length_cpt50, "CPT(50) of length")                                                           \
    X(length_cpt80, "CPT(80) of length")                                                           \
    X(above_length, "APGR above length")                                                           \
    X(outcome_auc, "AUC: cloud better")                                                            \
    X(outcome_ece, "p_local_ok against outcomes: ECE")
enum eval_figure {
#define EVAL_NAME(name, say) FIGURE_##name,
    EVAL_FIGURES(EVAL_NAME)
#undef EVAL_NAME
        FIGURE_COUNT
};
enum { EVAL_BINS = 10 };
struct eval_report {
    struct value {
        double is, low, high; // with its 95 % interval; NAN: nothing to measure it by
    } figure[FIGURE_COUNT];
    double random_low, random_high; // APGR of 95 % of random orders
    struct route_curve weir, length;
    struct eval_bin {
        double rows, p, ok; // sums
    } place_bin[EVAL_BINS], outcome_bin[EVAL_BINS];
    struct eval_task {
        size_t are, said, hits;
    } task[TASK_COUNT];
    size_t rows, tasks, places, outcomes;
    bool has_curve;                // the strong model is better, so that there is a gap
    double cost_local, cost_cloud; // of one call
    unsigned draws;
    uint64_t seed;
    const struct eval_input *in;
    const struct eval_rows *from;
};
// Cost and quality at a share of cloud calls, and whether nothing cheaper is as good.
struct eval_point {
    double share, cost, weir, length, random;
    bool frontier;
};
enum { EVAL_POINTS = 11 };
void eval_points(const struct eval_report *r, struct eval_point ret[EVAL_POINTS]);
void eval_put_text(const struct eval_report *r, struct buf *out);
void eval_put_json(const struct eval_report *r, struct buf *out);
void eval_put_html(const struct eval_report *r, struct buf *out);
#endif
