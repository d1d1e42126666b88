// classify_test.c: the weights' file, what is read of a request, and that training repeats itself.
#include "route/features.h"
#include "route/model.h"
#include "tests/unit.h"

static struct route_model builtin(void)
{
    struct route_model m = {0};
    const char *why = "";
    CHECK(route_model_open(route_model_builtin(), &m, &why) == OK);
    return m;
}

TEST(plain_requests_are_judged_as_anyone_would)
{
    static const struct {
        const char *text;
        enum task task;
    } cases[] = {
        {"Translate the following sentence into German: The weather is nice today.",
         TASK_TRANSLATE},
        {"Write a Python function that reverses a linked list.", TASK_CODE},
        {"hello, how are you?", TASK_CHITCHAT},
        {"Natalia sold 48 clips in April and half as many in May. How many clips did she sell in "
         "all?",
         TASK_MATH},
    };
    struct route_model m = builtin();
    for (size_t i = 0; i < countof(cases); i++) {
        struct judgement j;
        route_classify_text(&m, text_of(str_c(cases[i].text)), &j);
        CHECK(j.task == cases[i].task);
        float sum = 0;
        for (int t = 0; t < TASK_COUNT; t++)
            sum += j.task_p[t];
        CHECK(sum > 0.999f && sum < 1.001f && j.p_local_ok > 0 && j.p_local_ok < 1 && j.signals[0]);
    }
}

TEST(a_damaged_or_foreign_file_is_refused_with_a_reason)
{
    static char copy[2 << 20] __attribute__((aligned(64)));
    str good = route_model_builtin();
    struct route_model m;
    const char *why = NULL;
    REQUIRE(good.n < sizeof copy);
    memcpy(copy, good.p, good.n);
    CHECK(route_model_open(str_of(copy, good.n), &m, &why) == OK);
    copy[good.n / 2] ^= 1;
    CHECK(route_model_open(str_of(copy, good.n), &m, &why) == ERR_BAD_FILE && why);
    for (size_t n = 0; n < 400; n += 7)
        CHECK(route_model_open(str_of(good.p, n), &m, &why) == ERR_BAD_FILE);
    CHECK(route_model_open(str_of(good.p, good.n - 1), &m, &why) == ERR_BAD_FILE);
}

// A body of one message whose text is `n` repeats of `unit`.
static void judge_body(const char *unit, int n, bool escaped, struct judgement *j)
{
    struct route_model m = builtin();
    struct arena a;
    struct buf b;
    arena_init(&a, 64 << 20);
    buf_init(&b, 64 << 20);
    for (int i = 0; i < n; i++)
        buf_put(&b, str_c(unit));
    struct part part = {
        .kind = PART_TEXT, .role = ROLE_USER, .escaped = escaped, .span = {0, (uint32_t)b.n}};
    struct ask ask = {.body = buf_str(&b), .parts = &part, .part_count = 1, .turns = 1};
    route_classify(&m, &a, &ask, j);
    buf_done(&b);
    arena_done(&a);
}

TEST(at_most_two_kilobytes_are_read_whatever_the_size_and_the_escapes)
{
    static const char *const units[] = {"word ",          "\\n",   "\\\\", "\\u0041\\n",
                                        "\\ud83d\\ude00", "a\\\"b"};
    struct judgement j;
    for (size_t u = 0; u < countof(units); u++)
        for (int n = 1; n < 20000; n = n * 3 + 1) {
            judge_body(units[u], n, u > 0, &j);
            CHECK(j.read_bytes <= ROUTE_READ_MAX + 1);
            CHECK(j.total_bytes == (uint32_t)n * strlen(units[u]));
        }
}

TEST(training_learns_and_gives_the_same_bytes_again)
{
    static const char *const texts[] = {"please translate this into french",
                                        "sum the numbers 3 and 4", "translate to spanish: good day",
                                        "what is 12 times 9"};
    struct route_row rows[4];
    struct route_train_settings s;
    struct buf one, two;
    route_train_defaults(&s);
    s.bucket_bits = 10;
    for (int i = 0; i < 4; i++)
        rows[i] =
            (struct route_row){text_of(str_c(texts[i])), i % 2 ? TASK_MATH : TASK_TRANSLATE, 1};
    buf_init(&one, 1 << 20);
    buf_init(&two, 1 << 20);
    CHECK(route_train(rows, 4, &s, &one) == OK);
    CHECK(route_train(rows, 4, &s, &two) == OK);
    CHECK(str_eq(buf_str(&one), buf_str(&two)));
    static char file[64 * 1024] __attribute__((aligned(64)));
    REQUIRE(one.n <= sizeof file);
    memcpy(file, one.p, one.n);
    struct route_model m;
    const char *why;
    struct judgement j;
    REQUIRE(route_model_open(str_of(file, one.n), &m, &why) == OK);
    route_classify_text(&m, text_of(S("translate hello into german")), &j);
    CHECK(j.task == TASK_TRANSLATE);
    buf_done(&one);
    buf_done(&two);
}
