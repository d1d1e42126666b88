// route: classifier and policy. Which target, and why. Pure: no socket, file, clock or random
// number (now and seed are arguments), so that yesterday's traffic can be replayed through this
// very code. Choosing is filter, then rank: filters are one file and one row each in rules.def.
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H
#include "base/buf.h"
#include "call/call.h"

// --- classifier ----------------------------------------------------------------------------------

// Weights: the bytes of a model file (assets/task.bin or the operator's own), checked, then used in
// place. They must outlive the struct and be aligned to 64 bytes.
struct route_model {
    const int8_t *weights;     // bucket-major: TASK_COUNT bytes a bucket
    uint32_t bucket_count;     // power of two
    const float *scale, *bias; // one a task
    const float *local_ok;     // of a short request: p_local_ok, one a task
    const float *local_drop;   // and what each doubling of its length takes off
    const uint64_t *known;     // a bit for each word that was trained on
    float known_by_chance;     // share of those bits that are set
    uint32_t version;
    char digest[17]; // first 16 hex digits of the file's checksum
};
// Checks magic, version, sizes and checksum. ERR_BAD_FILE with a static reason otherwise.
enum err route_model_open(str bytes, struct route_model *ret_model,
                          const char **ret_why) must_check;
str route_model_builtin(void); // the committed weights

// What is read: the last user message (its head and tail), its surroundings counted. At most
// ROUTE_READ_MAX bytes of text whatever the body's size.
enum { ROUTE_READ_MAX = 2048 };
void route_classify(const struct route_model *m, struct arena *a, const struct ask *ask,
                    struct judgement *ret_judgement);
void route_classify_text(const struct route_model *m, struct text text,
                         struct judgement *ret_judgement);

// What is seen of a request, without its text: the numbers of its features' buckets. Whoever has a
// list of words can guess from them which were there (docs/learning.md).
void route_features_pack(struct buf *out, const struct ask *ask); // in base64, appended
// Unpacks base64 into `a`; false where it is none of that, or was made by a weir whose features
// were others.
bool route_features_open(struct arena *a, str base64, str *ret_packed) must_check;
void route_classify_packed(const struct route_model *m, str packed,
                           struct judgement *ret_judgement);

// --- training (weir train) -------------------------------------------------------

// What stands beside the user's last message and is read with it: the user's message before, the
// assistant's answer to that one, and the system prompt.
enum beside { BESIDE_BEFORE, BESIDE_ANSWER, BESIDE_SYSTEM, BESIDE_COUNT };
struct route_row {
    struct text text, beside[BESIDE_COUNT]; // beside: or nothing
    str packed;                             // the features in place of the text, or nothing
    bool as_it_is;                          // learned without kind words, as packed ones are
    enum task task;
    float weight;   // of its task; 0: only local_ok is learned from it
    float local_ok; // 1 where a local model's answer serves, 0 where not, between; -1 not known
};
struct route_train_settings {
    uint32_t bucket_bits, epochs;
    double learning_rate, l2;
    uint64_t seed;
    str words; // what words lean to before any row is seen: lines of a word, a tab, and for each
               // task a whole number of hundredths; may be empty
    void (*progress)(void *arg, uint32_t epoch, double loss); // after each epoch; may be NULL
    void *progress_arg;
};
void route_train_defaults(struct route_train_settings *s);
// Deterministic: the same rows, settings and code give the same bytes.
enum err route_train(const struct route_row *rows, size_t count,
                     const struct route_train_settings *s, struct buf *ret_file) must_check;

// --- measuring (weir eval, weir calibrate): curve.c ------------------------------

// A request of which both outcomes are known. score: higher wants the strong model more.
struct route_outcome {
    double score, weak, strong; // how good each model's answer was, 0 .. 1
    uint32_t row;               // by what `times` is asked, as sorting moves it
};
// What a router that sends the highest scores to the strong model is worth. Equal scores count as
// their mean, so that no order among them is lucky.
enum { CURVE_STEPS = 200 };
struct route_curve {
    double weak, strong;             // mean outcome of each model alone
    double quality[CURVE_STEPS + 1]; // mean outcome at each share of strong calls
    double apgr;                     // mean share of the gap recovered; 0.5 is chance
    double cpt50, cpt80;             // share of strong calls that recovers so much of it
};
void route_outcomes_sort(struct route_outcome *rows, size_t count); // highest score first
// rows: sorted. times: how often each counts, by its `row`; NULL: once. False (nothing written)
// where there are no rows, or the strong model is no better than the weak one, so that there is no
// gap to recover.
bool route_curve(const struct route_outcome *rows, const uint32_t *times, size_t count,
                 struct route_curve *ret_curve) must_check;
// The chance that a row whose strong answer is better scores above one where it is not; NAN where
// one kind is missing.
double route_auc(const struct route_outcome *rows, const uint32_t *times, size_t count);
// Draws count rows with replacement: how often each was drawn.
void route_resample(uint32_t *times, size_t count, uint64_t *seed);
// The least share of successes that `good` of `count` still allow with this confidence
// (Clopper and Pearson's exact bound, one-sided).
double route_bound_below(size_t good, size_t count, double confidence);
// How many rows it takes until this share of successes shows at least `want` with this confidence;
// SIZE_MAX where a million do not.
size_t route_rows_wanted(double share, double want, double confidence);

// --- policy --------------------------------------------------------------------------------------

enum { RULE_MAX = 64, MODEL_NAME_MAX = 64 };
// A name that clients may use, and what it means: "auto", "zone:local", "target:NAME".
struct model_name {
    str name;
    enum { NAME_AUTO, NAME_ZONE, NAME_TARGET } means;
    unsigned index; // zone or target
};
// Cloud work that a local target tries first. Its answer is held and checked, and the cloud is
// asked where it fails: route says who, the rest is for whoever holds it.
struct cascade_policy {
    double from;            // least p_local_ok; 1: off
    bool tasks[TASK_COUNT]; // which it may be done with
    bool hold_whole;        // streams, too, are held until they are whole
    double confidence;      // least mean chance of a token, where the engine tells them; 0: any
    int64_t hold_bytes, wait_ms;
};
struct policy {
    bool task_local[TASK_COUNT + 1]; // routine: may stay local by default; last: unknown
    double quality;                  // wanted P(local answer is as good), 0..1
    double hard_quality;             // the same where the task is not routine; 1: never local
    double unsure_below;             // task probability under which the task counts as unknown
    struct model_name names[MODEL_NAME_MAX];
    unsigned name_count;
    bool unknown_model_is_auto; // else 404
    bool stand_in; // where no cloud target exists or is well, local may serve hard work
    struct cascade_policy cascade;
    double stay;        // a conversation stays local, or elsewhere, within this of a threshold
    double switch_cost; // USD a million tokens: what it costs another target to read a history
};
void policy_default(struct policy *p);

// Everything a choice depends on.
struct choice {
    const struct fleet *fleet;
    const uint8_t *health;     // enum health, one a target
    const uint32_t *in_flight; // calls on each target now; may be NULL
    const struct policy *policy;
    const struct ask *ask;
    const struct judgement *judgement;
    enum label label;
    const struct conversation *conversation; // that the request goes on with; NULL: none is known
    str client_model;
    str want_zone, want_quality; // x-weir-*: may only tighten
};
// Fills the plan: targets in order with reasons, and those ruled out with theirs, for which out has
// room for all of the fleet. plan.err says why
// there is none. The zone rule is checked again on the finished plan (must).
void route_plan(const struct choice *c, struct plan *ret_plan);
#endif
