// classify.c: what kind of work a request is. The last user message is read, at most ROUTE_READ_MAX
// bytes of it: its head, where instructions stand, and its tail, where they stand when they do not.
#include "base/json.h"
#include "route/features.h"
#include <math.h>

enum { HEAD_BYTES = 1536, TAIL_BYTES = ROUTE_READ_MAX - HEAD_BYTES, CLEAR = 12 };

typedef int16_t lanes16 __attribute__((vector_size(32)));
typedef int8_t lanes8 __attribute__((vector_size(16)));

// Sums the rows of all features: sixteen tasks at once. 32-bit sums are fed before 16 bits can
// overflow.
static void sum_rows(const struct route_model *m, const struct features *f,
                     int32_t sums[TASK_COUNT])
{
    enum { AT_ONCE = 256 }; // 256 * 127 < 32768
    memset(sums, 0, TASK_COUNT * sizeof *sums);
    for (uint32_t i = 0; i < f->count;) {
        uint32_t end = f->count - i > AT_ONCE ? i + AT_ONCE : f->count;
        lanes16 acc = {0};
        for (; i < end; i++) {
            lanes8 row;
            memcpy(&row, m->weights + (size_t)(f->ids[i] & (m->bucket_count - 1)) * TASK_COUNT,
                   sizeof row);
            acc += __builtin_convertvector(row, lanes16);
        }
        for (int t = 0; t < TASK_COUNT; t++)
            sums[t] += acc[t];
    }
}

static void softmax(float *p)
{
    float top = p[0], sum = 0;
    for (int t = 1; t < TASK_COUNT; t++)
        top = p[t] > top ? p[t] : top;
    for (int t = 0; t < TASK_COUNT; t++) {
        p[t] = expf(p[t] - top);
        sum += p[t];
    }
    for (int t = 0; t < TASK_COUNT; t++)
        p[t] /= sum;
}

static void tell_signals(const struct features *f, const struct surroundings *s,
                         struct judgement *j)
{
    const struct {
        bool on;
        const char *name;
    } all[] = {{f->fence, "code fence"},
               {f->latex, "formulas"},
               {f->options, "answer options"},
               {s->tools, "tools offered"},
               {s->text_bytes > 4000, "long message"},
               {f->question, "a question"},
               {f->numbers, "many numbers"},
               {f->examples, "examples"},
               {s->turns > 2, "conversation"},
               {s->text_bytes < 40, "very short"}};
    unsigned n = 0;
    for (size_t i = 0; i < countof(all) && n + 1 < countof(j->signals); i++)
        if (all[i].on)
            j->signals[n++] = all[i].name;
    if (n == 0)
        j->signals[n++] = "its words";
    j->signals[n] = NULL;
}

// A prior, not yet learned from outcomes: the tasks' own, lowered a little for long and dense
// requests.
static float local_ok(const struct route_model *m, const struct judgement *j,
                      const struct surroundings *s)
{
    float p = 0;
    for (int t = 0; t < TASK_COUNT; t++)
        p += j->task_p[t] * m->local_ok[t];
    float over = s->text_bytes > 4096 ? log2f((float)s->text_bytes / 4096.0f) : 0;
    p -= 0.02f * over;
    return p < 0.01f ? 0.01f : p > 0.99f ? 0.99f : p;
}

static void judge(const struct route_model *m, str text, const struct surroundings *s,
                  struct judgement *j)
{
    struct features f;
    int32_t sums[TASK_COUNT];
    features_of(text, s, &f);
    sum_rows(m, &f, sums);
    float norm = 1.0f / sqrtf((float)f.count);
    unsigned best = 0, second = 1;
    for (int t = 0; t < TASK_COUNT; t++)
        j->task_p[t] = (float)sums[t] * m->scale[t] * norm + m->bias[t];
    softmax(j->task_p);
    if (j->task_p[second] > j->task_p[best])
        best = 1, second = 0;
    for (unsigned t = 2; t < TASK_COUNT; t++) {
        if (j->task_p[t] > j->task_p[best])
            second = best, best = t;
        else if (j->task_p[t] > j->task_p[second])
            second = t;
    }
    j->task = (enum task)best;
    j->margin = j->task_p[best] - j->task_p[second];
    j->p_local_ok = local_ok(m, j, s);
    j->read_bytes = (uint32_t)text.n;
    j->total_bytes = (uint32_t)s->text_bytes;
    tell_signals(&f, s, j);
}

// --- reading the request
// -------------------------------------------------------------------------------

// Whether raw[at] is surely not inside an escape: no backslash shortly before it.
static bool clear_cut(str raw, size_t at)
{
    size_t from = at > CLEAR ? at - CLEAR : 0;
    return memchr(raw.p + from, '\\', at - from) == NULL;
}

// A clear place at or before `at`, not before `lowest`; SIZE_MAX where there is none.
static size_t cut_near(str raw, size_t at, size_t lowest)
{
    while (at > lowest && !clear_cut(raw, at))
        at--;
    return clear_cut(raw, at) ? at : SIZE_MAX;
}

// Up to `want` decoded bytes of the part's head (or tail). Only that much is decoded, unless the
// text is so full of escapes that no place to cut is found.
static str piece(struct arena *a, const struct ask *ask, const struct part *p, size_t want,
                 bool tail)
{
    str raw = {ask->body.p + p->span.start, p->span.end - p->span.start};
    size_t reach = p->escaped ? want * 2 : want;
    if (raw.n > reach * 2 && p->escaped) {
        size_t from = tail ? raw.n - reach : reach;
        size_t at = cut_near(raw, from, from - reach / 2);
        if (at != SIZE_MAX)
            raw = tail ? str_from(raw, at) : str_first(raw, at);
    }
    str text = json_decode(a, raw, p->escaped);
    return text.n <= want ? text : tail ? str_from(text, text.n - want) : str_first(text, want);
}

static bool of_last_message(const struct ask *ask, const struct part *p)
{
    if (p->kind != PART_TEXT)
        return false;
    return ask->last_user_turn == UINT32_MAX || p->turn == ask->last_user_turn;
}

struct reading {
    char text[ROUTE_READ_MAX + 8];
    size_t n;
};

static void put(struct reading *r, str s, size_t limit)
{
    size_t n = min_size(s.n, limit > r->n ? limit - r->n : 0);
    if (n)
        memcpy(r->text + r->n, s.p, n);
    r->n += n;
}

static void read_message(struct arena *a, const struct ask *ask, size_t total, struct reading *r)
{
    size_t head = total <= ROUTE_READ_MAX ? ROUTE_READ_MAX : HEAD_BYTES;
    const struct part *last = NULL;
    for (uint32_t i = 0; i < ask->part_count; i++) {
        const struct part *p = &ask->parts[i];
        if (!of_last_message(ask, p))
            continue;
        last = p;
        if (r->n < head)
            put(r, piece(a, ask, p, head - r->n, false), head);
    }
    if (head == ROUTE_READ_MAX || !last)
        return;
    put(r, S("\n"), ROUTE_READ_MAX + 1);
    put(r, piece(a, ask, last, TAIL_BYTES, true), ROUTE_READ_MAX + 1);
}

void route_classify(const struct route_model *m, struct arena *a, const struct ask *ask,
                    struct judgement *ret_judgement)
{
    struct surroundings s = {.turns = ask->turns,
                             .tools = ask->needs & ABILITY_TOOLS,
                             .media = ask->needs & (ABILITY_IMAGES | ABILITY_AUDIO | ABILITY_FILES),
                             .schema = ask->needs & ABILITY_SCHEMA};
    struct reading r;
    r.n = 0;
    for (uint32_t i = 0; i < ask->part_count; i++) {
        const struct part *p = &ask->parts[i];
        size_t n = p->span.end - p->span.start;
        if (of_last_message(ask, p))
            s.text_bytes += n;
        else if (p->kind == PART_TEXT && p->role == ROLE_SYSTEM)
            s.system_bytes += n;
    }
    read_message(a, ask, s.text_bytes, &r);
    judge(m, str_of(r.text, r.n), &s, ret_judgement);
}

void route_classify_text(const struct route_model *m, struct text text,
                         struct judgement *ret_judgement)
{
    str t = text_reveal(text);
    struct surroundings s = {.text_bytes = t.n, .turns = 1};
    struct reading r;
    r.n = 0;
    if (t.n <= ROUTE_READ_MAX) {
        put(&r, t, ROUTE_READ_MAX);
    } else {
        put(&r, t, HEAD_BYTES);
        put(&r, S("\n"), ROUTE_READ_MAX + 1);
        put(&r, str_from(t, t.n - TAIL_BYTES), ROUTE_READ_MAX + 1);
    }
    judge(m, str_of(r.text, r.n), &s, ret_judgement);
}
