// learn: what a local model's answer was worth beside another's, so that the classifier and the
// thresholds can be learned from the deployment (docs/learning.md). Comparing and the judge's
// question and verdict are plain functions of their arguments. Rows are appended to one file by a
// thread of its own, which may log (room "learn"): whoever puts one never waits for the disk.
#ifndef LEARN_LEARN_H
#define LEARN_LEARN_H
#include "base/buf.h"
#include "base/conf.h"
#include "base/metrics.h"
#include "call/call.h"

struct learn_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "learn/settings.def"
#undef SETTING
};
extern const struct conf_table learn_setting_table;

// --- comparing: compare.c ------------------------------------------------------------------------

enum learn_how {
#define HOW(name, ...) HOW_##name,
#include "learn/how.def"
#undef HOW
    HOW_COUNT
};
const char *learn_how_name(enum learn_how h);
// What the answers are worth, 0 to 1; false where that is not known.
bool learn_scores(enum learn_how h, double *ret_weak, double *ret_strong);

// Compares what can be compared without understanding it. HOW_unknown: only a judge could tell, or
// there is nothing to tell. judged: a judge will be asked then. Where none is, equal texts of free
// answers count as unknown, too: the unequal ones are not scored, and keeping only the equal ones
// would make the local model look better than it is.
enum learn_how learn_compare(const struct reply *weak, const struct reply *strong, enum task task,
                             bool judged);

// --- the judge: judge.c --------------------------------------------------------------------------

// Two answers to one request, as the judge is asked about them.
struct learn_pair {
    struct text request, weak, strong;
    str mark; // a word that none of them holds: no text can end its own quotation
};
// The body of a chat request (openai_chat) that asks which is better; weak stands first unless
// swapped.
void learn_put_question(struct buf *out, const struct learn_pair *p, bool swapped);
enum learn_verdict { VERDICT_NONE, VERDICT_FIRST, VERDICT_SECOND, VERDICT_TIE };
// Strict: the last line is a verdict and nothing else, and no other line is one.
enum learn_verdict learn_read_verdict(struct text answer);
// From the verdicts in both orders.
enum learn_how learn_judged(enum learn_verdict straight, enum learn_verdict swapped);

// --- rows: row.c ---------------------------------------------------------------------------------

struct learn_row {
    int64_t at_us;
    str call, weights, weak, strong; // weak, strong: targets
    enum task task;
    float p_local_ok;
    enum label label;
    enum learn_how how;
    str features; // as route packs them
    bool content; // the rest is there, too
    str messages; // JSON as the client sent it
    const struct reply *weak_reply, *strong_reply;
};
// One line of JSON, its end included. must: the label is public.
void learn_put_row(struct buf *out, const struct learn_row *r);

// --- the file: store.c ---------------------------------------------------------------------------

struct learn_store;
// Where settings.share is 0 there is none: *ret_store is NULL, which the functions below take.
enum err learn_open(const struct learn_settings *s, struct learn_store **ret_store,
                    char ret_why[256]) must_check;
void learn_close(struct learn_store *s); // writes what waits
// Any thread. Copies the line; one that finds no room is counted as lost.
void learn_put(struct learn_store *s, struct metrics *m, str line);
// Rows cannot be written now: no copies are sent.
bool learn_failing(const struct learn_store *s);
#endif
