#include "base/mem.h"
#include "route/route.h"
#include "tests/unit.h"

static const struct route_row rows[] = {
    {.text = {"zorb the flim", 13}, .task = TASK_EXTRACT, .weight = 1, .local_ok = -1},
    {.text = {"please zorb a plane", 19}, .task = TASK_EXTRACT, .weight = 1, .local_ok = -1},
    {.text = {"zorb that again", 15}, .task = TASK_EXTRACT, .weight = 1, .local_ok = -1},
    {.text = {"quax seven plums", 16}, .task = TASK_PLANNING, .weight = 1, .local_ok = -1},
    {.text = {"quax the flim", 13}, .task = TASK_PLANNING, .weight = 1, .local_ok = -1},
    {.text = {"now quax a plane", 16}, .task = TASK_PLANNING, .weight = 1, .local_ok = -1},
};

static void train_small(struct buf *file, uint64_t seed)
{
    struct route_train_settings s;
    route_train_defaults(&s);
    s.bucket_bits = 12;
    s.epochs = 100;
    s.l2 = 0;
    s.seed = seed;
    buf_init(file, 4 << 20);
    must(route_train(rows, countof(rows), &s, file) == OK);
}

TEST(it_learns_words_that_no_cue_names)
{
    struct buf file;
    struct route_model m;
    struct judgement j;
    const char *why;
    train_small(&file, 1);
    char *block = mem_new(file.n + 64), *at = block + (64 - ((uintptr_t)block & 63));
    memcpy(at, file.p, file.n);
    REQUIRE(route_model_open(str_of(at, file.n), &m, &why) == OK);
    route_classify_text(&m, text_of(S("zorb it")), &j);
    CHECK(j.task == TASK_EXTRACT);
    route_classify_text(&m, text_of(S("quax it")), &j);
    CHECK(j.task == TASK_PLANNING);
    mem_free(block);
    buf_done(&file);
}

TEST(places_move_what_a_local_answer_is_held_for)
{
    struct route_row own[countof(rows)];
    struct route_train_settings s;
    struct route_model m;
    struct buf file;
    const char *why;
    float ok[3];
    route_train_defaults(&s);
    s.bucket_bits = 12;
    for (int place = -1; place < 2; place++) {
        memcpy(own, rows, sizeof own);
        for (size_t i = 0; i < countof(own); i++)
            own[i].local_ok = (float)place;
        buf_init(&file, 4 << 20);
        must(route_train(own, countof(own), &s, &file) == OK);
        char *block = mem_new(file.n + 64), *at = block + (64 - ((uintptr_t)block & 63));
        memcpy(at, file.p, file.n);
        REQUIRE(route_model_open(str_of(at, file.n), &m, &why) == OK);
        ok[place + 1] = m.local_ok[TASK_PLANNING];
        CHECK(m.local_drop[TASK_PLANNING] > 0 && m.local_drop[TASK_EXTRACT] == 0);
        mem_free(block);
        buf_done(&file);
    }
    CHECK(ok[1] < ok[0] && ok[0] < ok[2] && ok[2] < 1); // none, not known, all
}

TEST(the_same_rows_and_seed_give_the_same_bytes)
{
    struct buf a, b, c;
    train_small(&a, 1);
    train_small(&b, 1);
    train_small(&c, 2);
    CHECK(str_eq(buf_str(&a), buf_str(&b)));
    CHECK(!str_eq(buf_str(&a), buf_str(&c)));
    buf_done(&a);
    buf_done(&b);
    buf_done(&c);
}

// A line of the file of words: this many hundredths for one task, nothing for the others.
static size_t put_word(char *to, size_t room, const char *word, enum task task)
{
    size_t n = (size_t)snprintf(to, room, "%s\t", word);
    for (int t = 0; t < TASK_COUNT; t++)
        n += (size_t)snprintf(to + n, room - n, t == (int)task ? "1200 " : "-5 ");
    to[n - 1] = '\n';
    return n;
}

TEST(words_lean_before_any_row_is_seen)
{
    struct route_train_settings s;
    struct route_model m;
    struct judgement j;
    struct buf file;
    char words[400];
    const char *why;
    size_t n = put_word(words, sizeof words, "grelm", TASK_TRANSLATE);
    n += put_word(words + n, sizeof words - n, "vint", TASK_MATH);
    route_train_defaults(&s);
    s.bucket_bits = 12;
    s.words = str_of(words, n);
    buf_init(&file, 4 << 20);
    REQUIRE(route_train(rows, countof(rows), &s, &file) == OK);
    char *block = mem_new(file.n + 64), *at = block + (64 - ((uintptr_t)block & 63));
    memcpy(at, file.p, file.n);
    REQUIRE(route_model_open(str_of(at, file.n), &m, &why) == OK);
    route_classify_text(&m, text_of(S("grelm")), &j);
    CHECK(j.task == TASK_TRANSLATE);
    route_classify_text(&m, text_of(S("vint")), &j);
    CHECK(j.task == TASK_MATH);
    mem_free(block);
    static const char *const bad[] = {"word", "two words\t1", "word\t1 2 3", "word\t1 x"};
    for (size_t i = 0; i < countof(bad); i++) {
        s.words = str_c(bad[i]);
        CHECK(route_train(rows, countof(rows), &s, &file) == ERR_BAD_FILE);
    }
    buf_done(&file);
}

TEST(senseless_settings_are_refused)
{
    struct route_train_settings s;
    struct buf file;
    buf_init(&file, 1 << 20);
    route_train_defaults(&s);
    CHECK(route_train(rows, 0, &s, &file) == ERR_BAD_FILE);
    s.bucket_bits = 30;
    CHECK(route_train(rows, countof(rows), &s, &file) == ERR_BAD_FILE);
    route_train_defaults(&s);
    s.epochs = 0;
    CHECK(route_train(rows, countof(rows), &s, &file) == ERR_BAD_FILE);
    route_train_defaults(&s); // a megabyte does not fit this buffer
    s.epochs = 1;
    CHECK(route_train(rows, countof(rows), &s, &file) == ERR_OVER_LIMIT);
    buf_done(&file);
}
