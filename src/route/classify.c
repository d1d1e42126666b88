// classify.c: what kind of work a request is. Integer sums over eight-bit weights, a group at a
// time, then a softmax: a few microseconds, no allocation. Sixteen tasks fill whole vectors, so
// that nothing here goes task by task.
#include "route/features.h"
#include <emmintrin.h>

typedef float lanes __attribute__((vector_size(4 * TASK_COUNT)));
typedef int32_t whole __attribute__((vector_size(4 * TASK_COUNT)));

// One a task; on 64 bytes by its type.
union by_task {
    lanes all;
    whole integers;
    __m128i quarter[4];
    float of[TASK_COUNT];
};
_Static_assert(TASK_COUNT == 16, "a row of weights is one vector");

// Adds up a group's rows of weights. Bytes with their sign turned lie in 0 .. 255, so that two add
// up inside 16 bits: `both` holds the even ones plus 256 times the odd ones, modulo 2^16.
static void sum_rows(const struct route_model *m, const struct hashes *h, union by_task *ret)
{
    enum { AT_ONCE = 256 }; // 256 * 255 still fits 16 bits
    const uint32_t mask = m->bucket_count - 1;
    const __m128i turn = _mm_set1_epi8((char)0x80), *rows = (const void *)m->weights;
    ret->integers = (whole){0};
    for (uint32_t i = 0; i < h->n;) {
        const uint32_t end = (uint32_t)min_size(h->n, i + AT_ONCE);
        const __m128i less = _mm_set1_epi16((short)(128 * (end - i)));
        __m128i both = _mm_setzero_si128(), odd = both;
        for (; i < end; i++) {
            __m128i row = _mm_xor_si128(rows[h->at[i] & mask], turn);
            both = _mm_add_epi16(both, row);
            odd = _mm_add_epi16(odd, _mm_srli_epi16(row, 8));
        }
        __m128i even = _mm_sub_epi16(_mm_sub_epi16(both, _mm_slli_epi16(odd, 8)), less);
        odd = _mm_sub_epi16(odd, less);
        __m128i halves[2] = {_mm_unpacklo_epi16(even, odd), _mm_unpackhi_epi16(even, odd)};
        for (unsigned q = 0; q < 4; q++) {
            __m128i x = halves[q / 2], sign = _mm_srai_epi16(x, 15);
            x = q % 2 ? _mm_unpackhi_epi16(x, sign) : _mm_unpacklo_epi16(x, sign);
            ret->quarter[q] = _mm_add_epi32(ret->quarter[q], x);
        }
    }
}

// e^x within a few millionths, where x is at most 0; below -80 as at -80.
static void exp_all(lanes *v)
{
    const lanes least = (lanes){0} - 80.0f;
    const whole keep = *v > least;
    const lanes x = (lanes)(((whole)*v & keep) | ((whole)least & ~keep));
    const whole k = __builtin_convertvector(x * 1.44269504f - 0.5f, whole);
    const lanes r = x - __builtin_convertvector(k, lanes) * 0.693147181f;
    const lanes power = (lanes)((k + 127) * (1 << 23)); // 2^k by its exponent's bits
    *v = 1 + r * (1 + r * (0.5f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f)))));
    *v *= power;
}

static float sum_of(const union by_task *v)
{
    float sum = 0;
    for (int t = 0; t < TASK_COUNT; t++)
        sum += v->of[t];
    return sum;
}

// The groups that spoke loudest for the task against the mean of all tasks.
static void tell_signals(const union by_task parts[GROUP_COUNT], struct judgement *j)
{
    float voice[GROUP_COUNT];
    for (int g = 0; g < GROUP_COUNT; g++)
        voice[g] = parts[g].of[j->task] - sum_of(&parts[g]) / TASK_COUNT;
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

// How often n was doubled since 64, with a straight line between powers of two; at most 24.
static float doublings(uint64_t n)
{
    enum { SHORT = 64, MOST = 24 };
    if (n <= SHORT)
        return 0;
    int whole_ones = 63 - __builtin_clzll(n / SHORT);
    float d = (float)whole_ones + (float)n / (float)((uint64_t)SHORT << whole_ones) - 1;
    return d < MOST ? d : MOST;
}

// Each task's own, lowered by length where the task is one that gets harder with it, and mixed by
// how likely the task is: who is unsure of the task is unsure of the answer.
static float local_ok(const struct route_model *m, const union by_task *p, uint64_t total_bytes)
{
    const float d = doublings(total_bytes);
    float ok = 0;
    for (int t = 0; t < TASK_COUNT; t++) {
        float one = m->local_ok[t] - m->local_drop[t] * d;
        ok += p->of[t] * (one > 0.02f ? one : 0.02f);
    }
    return ok < 0.01f ? 0.01f : ok > 0.99f ? 0.99f : ok;
}

// The likeliest task, and by how much it leads.
static void choose_task(const union by_task *p, struct judgement *j)
{
    unsigned best = 0, second = 1;
    for (unsigned t = 1; t < TASK_COUNT; t++) {
        if (p->of[t] > p->of[best]) {
            second = best;
            best = t;
        } else if (t != second && p->of[t] > p->of[second]) {
            second = t;
        }
    }
    must(best != second);
    j->task = (enum task)best;
    j->margin = p->of[best] - p->of[second];
}

// Scores to chances.
static void softmax(union by_task *p)
{
    float top = p->of[0];
    for (int t = 1; t < TASK_COUNT; t++)
        top = p->of[t] > top ? p->of[t] : top;
    p->all -= top;
    exp_all(&p->all);
    p->all /= sum_of(p);
}

#define KNOWN_ENOUGH 0.55f // from here on the weights are believed: docs/classifier.md
#define KNOWN_NAUGHT 0.35f // up to here they are not

// Where few of the words are known, what the weights say is moved towards what is known without
// reading: no task more than another, and even chances. The policy takes that for unsure.
static void widen(union by_task *p, struct judgement *j)
{
    float trust = (j->known - KNOWN_NAUGHT) / (KNOWN_ENOUGH - KNOWN_NAUGHT);
    trust = trust > 0 ? trust : 0;
    p->all = p->all * trust + (1 - trust) / TASK_COUNT;
    j->p_local_ok = j->p_local_ok * trust + (1 - trust) * 0.5f;
    j->margin *= trust;
}

static void judge(const struct route_model *m, const struct features *f, struct seen seen,
                  struct judgement *j)
{
    union by_task parts[GROUP_COUNT], p;
    lanes scale;
    memcpy(&p, m->bias, sizeof p);
    memcpy(&scale, m->scale, sizeof scale);
    for (int g = 0; g < GROUP_COUNT; g++) {
        sum_rows(m, &f->group[g], &parts[g]);
        parts[g].all = __builtin_convertvector(parts[g].integers, lanes) * scale;
        parts[g].all *= group_value(f, (enum group)g);
        p.all += parts[g].all;
    }
    softmax(&p);
    choose_task(&p, j);
    j->read_bytes = seen.read_bytes;
    j->total_bytes = seen.total_bytes;
    j->p_local_ok = local_ok(m, &p, seen.total_bytes);
    j->known = known_share(f, m);
    if (j->known < KNOWN_ENOUGH)
        widen(&p, j);
    memcpy(j->task_p, &p, sizeof j->task_p);
    tell_signals(parts, j);
    if (seen.empty)
        j->task = TASK_UNKNOWN;
}

static void judge_view(const struct route_model *m, const struct view *v, struct judgement *j)
{
    struct features f;
    features_read(&f, v, m);
    judge(m, &f, view_seen(v), j);
}

void route_classify(const struct route_model *m, struct arena *a, const struct ask *ask,
                    struct judgement *ret_judgement)
{
    struct view v;
    (void)a; // what is read fits the stack
    must(m->weights && ask->part_count <= ask->body.n);
    view_of_ask(&v, ask);
    judge_view(m, &v, ret_judgement);
}

void route_classify_text(const struct route_model *m, struct text text,
                         struct judgement *ret_judgement)
{
    struct view v;
    must(m->weights);
    view_of_text(&v, text_reveal(text), NULL);
    judge_view(m, &v, ret_judgement);
}

void route_classify_packed(const struct route_model *m, str packed, struct judgement *ret_judgement)
{
    struct features f;
    struct seen seen;
    must(m->weights);
    packed_read(packed, &f, &seen);
    judge(m, &f, seen, ret_judgement);
}
