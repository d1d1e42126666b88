// train.c: softmax regression over the hashed features, then eight-bit weights, and
// which words the rows have. The same rows, settings and code give the same bytes: one order of
// sums, a seeded shuffle, no threads, and no function of the C library whose last bit differs from
// one machine to the next.
#include "base/mem.h"
#include "base/rng.h"
#include "route/features.h"
#include "route/model.h"

// Chosen on validation rows that were not trained on: docs/classifier.md.
#define CUE_START   6.0f  // a cue's weight before any row was seen
#define CUE_FIRST   3.0f  // the same for the cue as one of the first words
#define WEIGHT_MOST 14.0f // larger ones are cut, so that the 255 steps stay fine
#define BIAS_RATE   0.1   // the biases learn this much slower than the words
#define DROP        0.06f // see places
enum { FORGET_16 = 4 };   // sixteenths of a row's words that are left out while learning

void route_train_defaults(struct route_train_settings *s)
{
    *s = (struct route_train_settings){
        .bucket_bits = 16, .epochs = 6, .learning_rate = 0.2, .l2 = 5e-4, .seed = 1};
}

struct trainer {
    const struct route_train_settings *s;
    uint32_t mask;
    float *w, *start; // TASK_COUNT a bucket: weights, and where they began
    float *grads;     // one a bucket: sum of squared gradients
    uint64_t *known;  // a bit for each word that is known: features.h
    double bias[TASK_COUNT];
    double bias_grads;
    float local_ok[TASK_COUNT];
    uint64_t seed;
    struct view view;
    struct features f;
    struct seen seen;
    char polite[2048];
};

static void trainer_init(struct trainer *t, const struct route_train_settings *s)
{
    const size_t buckets = (size_t)1 << s->bucket_bits;
    t->s = s;
    t->seed = s->seed;
    t->mask = (uint32_t)buckets - 1;
    t->w = mem_new_array(float, buckets *TASK_COUNT);
    t->start = mem_new_array(float, buckets *TASK_COUNT);
    t->grads = mem_new_array(float, buckets);
    t->known = mem_new_array(uint64_t, known_words((uint32_t)buckets));
}

static void trainer_free(struct trainer *t)
{
    mem_free(t->w);
    mem_free(t->start);
    mem_free(t->grads);
    mem_free(t->known);
    mem_free(t);
}

static void read_row(struct trainer *t, const struct route_row *row, str text)
{
    if (row->packed.n) {
        packed_read(row->packed, &t->f, &t->seen);
    } else {
        str beside[BESIDE_COUNT];
        for (int b = 0; b < BESIDE_COUNT; b++)
            beside[b] = text_reveal(row->beside[b]);
        view_of_text(&t->view, text, beside);
        features_read(&t->f, &t->view, NULL);
    }
}

// --- known words -----------------------------------------------------------------

// Where rows are many, a word is known that two of them have: in one it may be chance.
enum { ROWS_MANY = 5000, FIRST_BITS = 20 };

struct sight {
    uint32_t *first; // by hash, the row that had the word first, plus one
    uint32_t row;    // this one, plus one
    bool many;
};

static void mark_known(struct trainer *t, uint32_t hash)
{
    uint32_t bit = known_bit(hash, t->mask + 1);
    t->known[bit / 64] |= 1ull << bit % 64;
}

static void know_words(struct trainer *t, struct sight *s, const struct hashes *words)
{
    for (size_t i = 0; i < words->n; i++) {
        uint32_t hash = words->at[i], *first = &s->first[hash & ((1u << FIRST_BITS) - 1)];
        if (!s->many || (*first && *first != s->row))
            mark_known(t, hash);
        if (*first == 0)
            *first = s->row;
    }
}

static void know_rows(struct trainer *t, const struct route_row *rows, size_t count)
{
    struct sight s = {.first = mem_new_array(uint32_t, (size_t)1 << FIRST_BITS),
                      .many = count >= ROWS_MANY};
    for (size_t i = 0; i < count; i++) {
        s.row = (uint32_t)i + 1;
        read_row(t, &rows[i], text_reveal(rows[i].text));
        t->f.group[GROUP_WORDS].n = (uint16_t)t->f.tokens; // without the pairs
        know_words(t, &s, &t->f.group[GROUP_WORDS]);
    }
    mem_free(s.first);
}

// --- what words lean to before any row is seen -----------------------------------

static const struct cue {
    enum task task;
    const char *phrases;
} cues[] = {
#define CUE(task, phrases) {TASK_##task, phrases},
#include "route/cues.def"
#undef CUE
};

static void start_from_cues(struct trainer *t)
{
    str phrase;
    for (size_t i = 0; i < countof(cues); i++)
        for (str rest = str_c(cues[i].phrases); str_next(&rest, ',', &phrase);) {
            uint32_t hash[4];
            unsigned n = features_of_phrase(str_trim(phrase), hash);
            if (n == 4) // a single word
                mark_known(t, hash[0]);
            for (unsigned k = 0; k < n; k++)
                t->start[(size_t)(hash[k] & t->mask) * TASK_COUNT + cues[i].task] =
                    k == 0 ? CUE_START : CUE_FIRST;
        }
}

// "word<tab>12 -3 ..." for each line.
static bool start_from_words(struct trainer *t, str words)
{
    for (str line; str_next(&words, '\n', &line);) {
        str word, number, rest = line;
        uint32_t hash;
        int task = 0;
        if (line.n == 0)
            continue;
        if (!str_next(&rest, '\t', &word) || !features_of_word(word, &hash))
            return false;
        float *start = t->start + (size_t)(hash & t->mask) * TASK_COUNT;
        mark_known(t, hash);
        for (; str_next(&rest, ' ', &number); task++) {
            int64_t hundredths;
            if (task == TASK_COUNT || !str_to_i64(number, &hundredths) || hundredths < -10000 ||
                hundredths > 10000)
                return false;
            start[task] += (float)hundredths / 100;
        }
        if (task != TASK_COUNT)
            return false;
    }
    return true;
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

// Forgets a share of the row's features, so that no template's giveaway word carries its rows
// alone.
static void forget_some(struct trainer *t)
{
    for (int g = 0; g < GROUP_AROUND; g++) {
        struct hashes *h = &t->f.group[g];
        uint64_t bits = 0;
        uint32_t kept = 0;
        for (uint32_t i = 0; i < h->n; i++) {
            bits = i % 16 == 0 ? rng_next(&t->seed) : bits >> 4;
            if ((bits & 15) >= FORGET_16)
                h->at[kept++] = h->at[i];
        }
        h->n = (uint16_t)kept;
    }
}

// e^x in plain arithmetic; x below 700.
static double exp_plain(double x)
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

static void softmax_plain(double p[TASK_COUNT])
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

static void predict(const struct trainer *t, double *p)
{
    for (int k = 0; k < TASK_COUNT; k++)
        p[k] = t->bias[k];
    for (int g = 0; g < GROUP_COUNT; g++) {
        const struct hashes *h = &t->f.group[g];
        float sum[TASK_COUNT] = {0}, value = group_value(&t->f, (enum group)g);
        for (uint32_t i = 0; i < h->n; i++) {
            const float *w = t->w + (size_t)(h->at[i] & t->mask) * TASK_COUNT;
            for (int k = 0; k < TASK_COUNT; k++)
                sum[k] += w[k];
        }
        for (int k = 0; k < TASK_COUNT; k++)
            p[k] += (double)(sum[k] * value);
    }
    softmax_plain(p);
}

static void learn_group(struct trainer *t, enum group g, const float *error)
{
    const struct hashes *h = &t->f.group[g];
    const float value = group_value(&t->f, g), l2 = (float)t->s->l2;
    float grad[TASK_COUNT], square = 0;
    for (int k = 0; k < TASK_COUNT; k++) {
        grad[k] = error[k] * value;
        square += grad[k] * grad[k];
    }
    for (uint32_t i = 0; i < h->n; i++) {
        size_t bucket = h->at[i] & t->mask;
        float *w = t->w + bucket * TASK_COUNT;
        const float *start = t->start + bucket * TASK_COUNT;
        t->grads[bucket] += square;
        float rate = (float)t->s->learning_rate / __builtin_sqrtf(t->grads[bucket] + 0.01f);
        for (int k = 0; k < TASK_COUNT; k++)
            w[k] -= rate * (grad[k] + l2 * (w[k] - start[k]));
    }
}

// Now and then a row is learned with a kind word, so that kind words change no task.
static str made_polite(struct trainer *t, const struct route_row *row)
{
    enum { ONE_OF = 3 };
    static const char *const first[] = {"", "", "please ", "hi, ", "hello, please "};
    static const char *const last[] = {"", " thank you", " thanks", " please", "\nthanks a lot!"};
    str text = text_reveal(row->text);
    if (row->as_it_is || row->task == TASK_CHITCHAT || text.n + 40 > sizeof t->polite ||
        rng_next(&t->seed) % ONE_OF != 0)
        return text;
    int n = snprintf(t->polite, sizeof t->polite, "%s%.*s%s",
                     first[rng_next(&t->seed) % countof(first)], (int)text.n, text.p,
                     last[rng_next(&t->seed) % countof(last)]);
    must(n > 0 && (size_t)n < sizeof t->polite);
    return str_of(t->polite, (size_t)n);
}

static double learn(struct trainer *t, const struct route_row *row)
{
    double p[TASK_COUNT], square = 0;
    float error[TASK_COUNT];
    must(row->task < TASK_COUNT);
    read_row(t, row, row->packed.n ? STR_NONE : made_polite(t, row));
    forget_some(t);
    predict(t, p);
    for (int k = 0; k < TASK_COUNT; k++) {
        double e = (p[k] - (k == (int)row->task)) * (double)row->weight;
        error[k] = (float)e;
        square += e * e;
    }
    t->bias_grads += square;
    for (int k = 0; k < TASK_COUNT; k++)
        t->bias[k] -= BIAS_RATE * t->s->learning_rate * (double)error[k] /
                      __builtin_sqrt(t->bias_grads + 0.01);
    for (int g = 0; g < GROUP_COUNT; g++)
        learn_group(t, (enum group)g, error);
    return (double)row->weight * (1 - p[row->task]);
}

// Whether a small local model's answer serves, before any row says so (docs/classifier.md), and
// what each doubling of a request takes off that where it is the request that has to be thought
// through: a text that is only worked on may be long.
static const struct place {
    float local_ok, drop;
} places[TASK_COUNT] = {[TASK_SUMMARISE] = {0.85f, 0},        [TASK_CLASSIFY] = {0.88f, 0},
                        [TASK_EXTRACT] = {0.85f, 0},          [TASK_REWRITE] = {0.82f, 0},
                        [TASK_TRANSLATE] = {0.78f, 0},        [TASK_QA_CLOSED] = {0.82f, 0},
                        [TASK_QA_OPEN] = {0.45f, DROP},       [TASK_BRAINSTORM] = {0.55f, DROP},
                        [TASK_CREATIVE] = {0.42f, DROP},      [TASK_WRITING] = {0.45f, DROP},
                        [TASK_CODE] = {0.28f, DROP},          [TASK_MATH] = {0.25f, DROP},
                        [TASK_REASONING] = {0.2f, DROP},      [TASK_CHITCHAT] = {0.9f, 0},
                        [TASK_DATA_ANALYSIS] = {0.35f, DROP}, [TASK_PLANNING] = {0.3f, DROP}};

// What the rows say, beside a few made-up ones that say what was held before.
static void learn_places(struct trainer *t, const struct route_row *rows, size_t count)
{
    enum { MADE_UP = 4 };
    double n[TASK_COUNT] = {0}, ok[TASK_COUNT] = {0};
    for (size_t i = 0; i < count; i++)
        if (rows[i].local_ok >= 0) {
            n[rows[i].task]++;
            ok[rows[i].task] += (double)rows[i].local_ok;
        }
    for (int k = 0; k < TASK_COUNT; k++)
        t->local_ok[k] = (float)((ok[k] + MADE_UP * (double)places[k].local_ok) / (n[k] + MADE_UP));
}

// Nearest of the 255 steps; beyond the ends, the end.
static int8_t step_of(float w, float scale)
{
    float steps = w / scale;
    int n = (int)(steps + (steps < 0 ? -0.5f : 0.5f));
    return (int8_t)(n > 127 ? 127 : n < -127 ? -127 : n);
}

static void write_model(const struct trainer *t, size_t rows, struct buf *out)
{
    struct model_header h = {.version = MODEL_VERSION,
                             .task_count = TASK_COUNT,
                             .bucket_bits = t->s->bucket_bits,
                             .rows = (uint32_t)rows};
    struct model_floats f = {0};
    size_t buckets = (size_t)t->mask + 1;
    memcpy(h.magic, MODEL_MAGIC, sizeof h.magic);
    for (int k = 0; k < TASK_COUNT; k++) {
        float most = 0.01f;
        for (size_t b = 0; b < buckets; b++) {
            float w = t->w[b * TASK_COUNT + k], size = w < 0 ? -w : w;
            most = size > most ? size : most;
        }
        f.scale[k] = (most > WEIGHT_MOST ? WEIGHT_MOST : most) / 127;
        f.bias[k] = (float)t->bias[k];
        f.local_ok[k] = t->local_ok[k];
        f.local_drop[k] = places[k].drop;
    }
    buf_put(out, str_of((const char *)&h, sizeof h));
    buf_put(out, str_of((const char *)&f, sizeof f));
    char *steps = buf_room(out, buckets * TASK_COUNT);
    if (!steps)
        return;
    for (size_t i = 0; i < buckets * TASK_COUNT; i++)
        steps[i] = (char)step_of(t->w[i], f.scale[i % TASK_COUNT]);
    buf_grew(out, buckets * TASK_COUNT);
    buf_put(out, str_of((const char *)t->known, known_words((uint32_t)buckets) * sizeof *t->known));
    h.checksum = model_checksum(buf_str(out));
    memcpy(out->p, &h, sizeof h);
}

enum err route_train(const struct route_row *rows, size_t count,
                     const struct route_train_settings *s, struct buf *ret_file)
{
    if (count == 0 || count > UINT32_MAX || s->bucket_bits < BUCKET_BITS_MIN ||
        s->bucket_bits > BUCKET_BITS_MAX || s->epochs == 0)
        return ERR_BAD_FILE;
    struct trainer *t = mem_new(sizeof *t);
    uint32_t *order = mem_new_array(uint32_t, count);
    trainer_init(t, s);
    start_from_cues(t);
    if (!start_from_words(t, s->words)) {
        mem_free(order);
        trainer_free(t);
        return ERR_BAD_FILE;
    }
    know_rows(t, rows, count);
    memcpy(t->w, t->start, ((size_t)t->mask + 1) * TASK_COUNT * sizeof *t->w);
    size_t taught = 0; // rows whose task is learned; the others do not move these
    for (size_t i = 0; i < count; i++)
        if (rows[i].weight > 0)
            order[taught++] = (uint32_t)i;
    for (uint32_t epoch = 0; epoch < s->epochs; epoch++) {
        double loss = 0;
        shuffle(order, taught, &t->seed);
        for (size_t i = 0; i < taught; i++)
            loss += learn(t, &rows[order[i]]);
        if (s->progress)
            s->progress(s->progress_arg, epoch + 1, loss / (double)max_size(taught, 1));
    }
    learn_places(t, rows, count);
    write_model(t, count, ret_file);
    mem_free(order);
    trainer_free(t);
    return ret_file->over ? ERR_OVER_LIMIT : OK;
}
