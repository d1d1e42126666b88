// classify.c: what kind of work a request is. Integer sums over eight-bit weights, a group at a
// time, then a softmax: a few microseconds, no allocation.
#include "route/classify.h"
#include "route/features.h"

typedef int8_t lane8 __attribute__((vector_size(16)));
typedef int16_t lane16 __attribute__((vector_size(32)));

// Adds up one group's rows of weights, sixteen tasks at once.
static void sum_rows(const struct route_model *m, const struct hashes *h, int32_t *sums)
{
    enum { AT_ONCE = 256 }; // 256 * 127 still fits 16 bits
    const uint32_t mask = m->bucket_count - 1;
    for (int t = 0; t < TASK_COUNT; t++)
        sums[t] = 0;
    for (uint32_t i = 0; i < h->n;) {
        uint32_t end = (uint32_t)min_size(h->n, i + AT_ONCE);
        lane16 acc = {0};
        for (; i < end; i++) {
            lane8 row;
            memcpy(&row, m->weights + (size_t)(h->at[i] & mask) * TASK_COUNT, sizeof row);
            acc += __builtin_convertvector(row, lane16);
        }
        for (int t = 0; t < TASK_COUNT; t++)
            sums[t] += acc[t];
    }
}

// e^x in plain arithmetic, so that training gives the same bytes whatever the C library.
double exp_plain(double x)
{
    if (x < -700)
        return 0;
    must(x < 700);
    double k = (double)(int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    double r = x - k * 0.69314718055994531, term = 1, sum = 1;
    for (int i = 1; i < 12; i++) {
        term *= r / i;
        sum += term;
    }
    union {
        uint64_t bits;
        double value;
    } power = {.bits = (uint64_t)(1023 + (int)k) << 52};
    return sum * power.value;
}

void softmax_plain(double *p)
{
    double top = p[0], sum = 0;
    for (int t = 1; t < TASK_COUNT; t++)
        top = p[t] > top ? p[t] : top;
    for (int t = 0; t < TASK_COUNT; t++) {
        p[t] = exp_plain(p[t] - top);
        sum += p[t];
    }
    for (int t = 0; t < TASK_COUNT; t++)
        p[t] /= sum;
}

// The groups that spoke loudest for the task against the mean of all tasks.
static void tell_signals(float parts[GROUP_COUNT][TASK_COUNT], struct judgement *j)
{
    float voice[GROUP_COUNT];
    for (int g = 0; g < GROUP_COUNT; g++) {
        float mean = 0;
        for (int t = 0; t < TASK_COUNT; t++)
            mean += parts[g][t] / TASK_COUNT;
        voice[g] = parts[g][j->task] - mean;
    }
    unsigned n = 0;
    for (; n + 1 < countof(j->signals); n++) {
        int best = 0;
        for (int g = 1; g < GROUP_COUNT; g++)
            best = voice[g] > voice[best] ? g : best;
        if (voice[best] <= 0.05f)
            break;
        j->signals[n] = group_name((enum group)best);
        voice[best] = 0;
    }
    for (; n < countof(j->signals); n++)
        j->signals[n] = NULL;
}

// A prior until outcomes are learned from: each task's own, mixed by how likely the task is, and
// lowered a little for long prompts, which small models lose the thread of.
static float local_ok(const struct route_model *m, const struct judgement *j, uint64_t total_bytes)
{
    float p = 0;
    for (int t = 0; t < TASK_COUNT; t++)
        p += j->task_p[t] * m->local_ok[t];
    for (uint64_t n = total_bytes; n >= 8192; n /= 2)
        p -= 0.02f;
    return p < 0.01f ? 0.01f : p > 0.99f ? 0.99f : p;
}

static void choose_task(struct judgement *j, const double *p)
{
    unsigned best = 0, second = 1;
    for (unsigned t = 1; t < TASK_COUNT; t++) {
        if (p[t] > p[best]) {
            second = best;
            best = t;
        } else if (t != second && p[t] > p[second]) {
            second = t;
        }
    }
    must(best != second);
    for (unsigned t = 0; t < TASK_COUNT; t++)
        j->task_p[t] = (float)p[t];
    j->task = (enum task)best;
    j->margin = (float)(p[best] - p[second]);
}

static void judge(const struct route_model *m, const struct view *v, struct judgement *j)
{
    struct features f;
    int32_t sums[TASK_COUNT];
    float parts[GROUP_COUNT][TASK_COUNT];
    double p[TASK_COUNT];
    features_read(&f, v);
    for (int t = 0; t < TASK_COUNT; t++)
        p[t] = (double)m->bias[t];
    for (int g = 0; g < GROUP_COUNT; g++) {
        float value = group_value(&f, (enum group)g);
        sum_rows(m, &f.group[g], sums);
        for (int t = 0; t < TASK_COUNT; t++) {
            parts[g][t] = (float)sums[t] * m->scale[t] * value;
            p[t] += (double)parts[g][t];
        }
    }
    softmax_plain(p);
    choose_task(j, p);
    j->read_bytes = v->n + v->context_n;
    j->total_bytes = (uint32_t)min_size(v->total_bytes, UINT32_MAX);
    j->p_local_ok = local_ok(m, j, v->total_bytes);
    tell_signals(parts, j);
    if (v->n == 0) // no text: nothing is known of it
        j->task = TASK_UNKNOWN;
}

void route_classify(const struct route_model *m, struct arena *a, const struct ask *ask,
                    struct judgement *ret_judgement)
{
    struct view v;
    (void)a; // what is read fits the stack
    must(m->weights && ask->part_count <= ask->body.n);
    view_of_ask(&v, ask);
    judge(m, &v, ret_judgement);
}

void route_classify_text(const struct route_model *m, struct text text,
                         struct judgement *ret_judgement)
{
    struct view v;
    must(m->weights);
    view_of_text(&v, text_reveal(text));
    judge(m, &v, ret_judgement);
}
