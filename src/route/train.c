// train.c: multinomial logistic regression by AdaGrad over hashed features, then eight-bit weights.
// Deterministic: rows are shuffled by a seed, sums run in one order, no threads.
#include "base/mem.h"
#include "route/features.h"
#include "route/model.h"
#include <math.h>

void route_train_defaults(struct route_train_settings *s)
{
    *s = (struct route_train_settings){
        .bucket_bits = 16, .epochs = 6, .learning_rate = 0.25, .l2 = 1e-6, .seed = 1};
}

struct trainer {
    const struct route_train_settings *s;
    uint32_t buckets;
    float *w, *g; // weights and squared gradients, TASK_COUNT a bucket
    float bias[TASK_COUNT], bias_g[TASK_COUNT];
    struct features f;
};

static void features_of_row(struct trainer *t, const struct route_row *row)
{
    str text = text_reveal(row->text);
    struct surroundings around = {.text_bytes = text.n, .turns = 1};
    char joined[ROUTE_READ_MAX + 8];
    enum { HEAD = 1536, TAIL = ROUTE_READ_MAX - HEAD };
    if (text.n > ROUTE_READ_MAX) { // as classify.c reads it
        memcpy(joined, text.p, HEAD);
        joined[HEAD] = '\n';
        memcpy(joined + HEAD + 1, text.p + text.n - TAIL, TAIL);
        text = str_of(joined, ROUTE_READ_MAX + 1);
    }
    features_of(text, &around, &t->f);
}

static double predict(const struct trainer *t, double *p, double norm)
{
    double top = -1e300, sum = 0;
    for (int k = 0; k < TASK_COUNT; k++)
        p[k] = 0;
    for (uint32_t i = 0; i < t->f.count; i++) {
        const float *w = t->w + (size_t)(t->f.ids[i] & (t->buckets - 1)) * TASK_COUNT;
        for (int k = 0; k < TASK_COUNT; k++)
            p[k] += (double)w[k];
    }
    for (int k = 0; k < TASK_COUNT; k++) {
        p[k] = p[k] * norm + (double)t->bias[k];
        top = p[k] > top ? p[k] : top;
    }
    for (int k = 0; k < TASK_COUNT; k++) {
        p[k] = exp(p[k] - top);
        sum += p[k];
    }
    for (int k = 0; k < TASK_COUNT; k++)
        p[k] /= sum;
    return sum;
}

static double step(struct trainer *t, const struct route_row *row)
{
    double p[TASK_COUNT];
    features_of_row(t, row);
    double norm = 1.0 / sqrt((double)t->f.count);
    (void)predict(t, p, norm);
    double loss = -log(p[row->task] + 1e-12) * (double)row->weight;
    float grad[TASK_COUNT];
    const float rate = (float)t->s->learning_rate, l2 = (float)t->s->l2;
    for (int k = 0; k < TASK_COUNT; k++) {
        double d = (p[k] - (k == (int)row->task)) * (double)row->weight;
        t->bias_g[k] += (float)(d * d);
        t->bias[k] -= rate * 0.1f * (float)d / sqrtf(t->bias_g[k] + 1e-6f);
        grad[k] = (float)(d * norm);
    }
    for (uint32_t i = 0; i < t->f.count; i++) {
        size_t at = (size_t)(t->f.ids[i] & (t->buckets - 1)) * TASK_COUNT;
        for (int k = 0; k < TASK_COUNT; k++) {
            float d = grad[k] + l2 * t->w[at + k];
            t->g[at + k] += d * d;
            t->w[at + k] -= rate * d / sqrtf(t->g[at + k] + 1e-6f);
        }
    }
    return loss;
}

static void shuffle(uint32_t *order, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(rng_next(seed) % i);
        uint32_t keep = order[i - 1];
        order[i - 1] = order[j];
        order[j] = keep;
    }
}

// Priors of a small local model's answer being as good, by task: docs/classifier.md says whence.
static float prior_local_ok(int task)
{
    static const float prior[TASK_COUNT] = {
        [TASK_SUMMARISE] = 0.85f, [TASK_CLASSIFY] = 0.88f,   [TASK_EXTRACT] = 0.85f,
        [TASK_REWRITE] = 0.82f,   [TASK_TRANSLATE] = 0.78f,  [TASK_QA_CLOSED] = 0.82f,
        [TASK_QA_OPEN] = 0.45f,   [TASK_BRAINSTORM] = 0.55f, [TASK_CREATIVE] = 0.42f,
        [TASK_WRITING] = 0.45f,   [TASK_CODE] = 0.28f,       [TASK_MATH] = 0.25f,
        [TASK_REASONING] = 0.2f,  [TASK_CHITCHAT] = 0.9f,    [TASK_DATA_ANALYSIS] = 0.35f,
        [TASK_PLANNING] = 0.3f};
    return prior[task];
}

static void write_model(const struct trainer *t, size_t rows, struct buf *out)
{
    struct model_header h = {.version = MODEL_VERSION,
                             .task_count = TASK_COUNT,
                             .bucket_bits = t->s->bucket_bits,
                             .rows = (uint32_t)rows};
    struct model_floats f = {0};
    memcpy(h.magic, MODEL_MAGIC, sizeof h.magic);
    for (int k = 0; k < TASK_COUNT; k++) {
        float most = 1e-6f;
        for (uint32_t b = 0; b < t->buckets; b++)
            most = fmaxf(most, fabsf(t->w[(size_t)b * TASK_COUNT + k]));
        f.scale[k] = most / 127.0f;
        f.bias[k] = t->bias[k];
        f.local_ok[k] = prior_local_ok(k);
    }
    buf_put(out, str_of((const char *)&h, sizeof h));
    buf_put(out, str_of((const char *)&f, sizeof f));
    for (uint32_t b = 0; b < t->buckets; b++)
        for (int k = 0; k < TASK_COUNT; k++)
            buf_putc(out, (char)(int8_t)lrintf(t->w[(size_t)b * TASK_COUNT + k] / f.scale[k]));
    must(!out->over);
    h.checksum = model_checksum(buf_str(out));
    memcpy(out->p, &h, sizeof h);
}

enum err route_train(const struct route_row *rows, size_t count,
                     const struct route_train_settings *s, struct buf *ret_file)
{
    if (count == 0 || count > UINT32_MAX || s->bucket_bits < 8 || s->bucket_bits > 20 ||
        s->epochs == 0)
        return ERR_BAD_FILE;
    struct trainer *t = mem_new(sizeof *t);
    t->s = s;
    t->buckets = 1u << s->bucket_bits;
    t->w = mem_new_array(float, (size_t)t->buckets *TASK_COUNT);
    t->g = mem_new_array(float, (size_t)t->buckets *TASK_COUNT);
    uint32_t *order = mem_new_array(uint32_t, count);
    uint64_t seed = s->seed;
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (uint32_t epoch = 0; epoch < s->epochs; epoch++) {
        double loss = 0;
        shuffle(order, count, &seed);
        for (size_t i = 0; i < count; i++)
            loss += step(t, &rows[order[i]]);
        if (s->progress)
            s->progress(s->progress_arg, epoch + 1, loss / (double)count);
    }
    write_model(t, count, ret_file);
    mem_free(order);
    mem_free(t->w);
    mem_free(t->g);
    mem_free(t);
    return OK;
}
