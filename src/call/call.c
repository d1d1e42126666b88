// call.c: words of the nouns, and nothing that does anything.
#include "call/call.h"
#include "base/json.h"

static const char *const step_words[] = {"accept", "identify", "read",   "screen",
                                         "choose", "send",     "answer", "record"};

const char *step_name(enum step s)
{
    must((unsigned)s < STEP_COUNT);
    return step_words[s];
}

const char *call_kind_name(enum call_kind k)
{
    static const char *const words[] = {"client", "shadow", "judge"};
    must((unsigned)k < countof(words));
    return words[k];
}

static const struct task_row {
    const char *word;
    bool hard;
} task_rows[] = {
#define TASK(name, word, hard, sentence) {#word, hard},
#include "call/tasks.def"
#undef TASK
    {"unknown", true},
};

const char *task_name(enum task t)
{
    must((unsigned)t <= TASK_UNKNOWN);
    return task_rows[t].word;
}

bool task_is_hard(enum task t)
{
    must((unsigned)t <= TASK_UNKNOWN);
    return task_rows[t].hard;
}

bool task_parse(str word, enum task *ret_task)
{
    for (unsigned i = 0; i < TASK_COUNT; i++)
        if (str_eq(word, str_c(task_rows[i].word))) {
            *ret_task = (enum task)i;
            return true;
        }
    return false;
}

static const char *const label_words[] = {"public", "internal", "restricted"};

const char *label_name(enum label l)
{
    must((unsigned)l < countof(label_words));
    return label_words[l];
}

bool label_known(str word)
{
    for (unsigned i = 0; i < countof(label_words); i++)
        if (str_eq_nocase(word, str_c(label_words[i])))
            return true;
    return false;
}

enum label label_parse(str word)
{
    for (unsigned i = 0; i < countof(label_words); i++)
        if (str_eq_nocase(word, str_c(label_words[i])))
            return (enum label)i;
    return LABEL_RESTRICTED;
}

static const char *const ability_words[ABILITY_COUNT] = {
    "tools", "images", "audio", "files", "schema", "logprobs", "choices", "audio_out"};

const char *ability_name(unsigned bit_index)
{
    must(bit_index < ABILITY_COUNT);
    return ability_words[bit_index];
}

bool ability_parse(str word, unsigned *ret_bit)
{
    for (unsigned i = 0; i < ABILITY_COUNT; i++)
        if (str_eq(word, str_c(ability_words[i]))) {
            *ret_bit = 1u << i;
            return true;
        }
    return false;
}

struct text ask_text(struct arena *a, const struct ask *ask, const struct part *p)
{
    must(p->span.start <= p->span.end && p->span.end <= ask->body.n);
    str raw = {ask->body.p + p->span.start, p->span.end - p->span.start};
    return text_of(json_decode(a, raw, p->escaped));
}
