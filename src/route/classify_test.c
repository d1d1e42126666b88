#include "base/mem.h"
#include "route/route.h"
#include "tests/unit.h"

static void open_builtin(struct route_model *m)
{
    const char *why;
    must(route_model_open(route_model_builtin(), m, &why) == OK);
}

static enum task task_of(const char *text)
{
    struct route_model m;
    struct judgement j;
    open_builtin(&m);
    route_classify_text(&m, text_of(str_c(text)), &j);
    return j.task;
}

TEST(plain_requests_are_known)
{
    CHECK(task_of("Summarise the following text in one sentence:\n\nThe harbour was built.") ==
          TASK_SUMMARISE);
    CHECK(task_of("Calculate the integral of x^2 + 3x.") == TASK_MATH);
    CHECK(task_of("Translate this into German: where is the station?") == TASK_TRANSLATE);
    CHECK(task_of("Write a python function that reverses a list") == TASK_CODE);
    CHECK(task_of("hello there") == TASK_CHITCHAT);
    CHECK(task_of("Write an email to my landlord about the broken heating") == TASK_WRITING);
    CHECK(task_of("Plan a 5 day itinerary for Lisbon") == TASK_PLANNING);
}

TEST(hard_work_is_not_taken_for_routine)
{
    CHECK(task_is_hard(task_of("Prove that the square root of 2 is irrational, step by step.")));
    CHECK(task_is_hard(task_of("Should I accept the job in Berlin or stay in Bonn?")));
    CHECK(task_is_hard(task_of("Why does my C++ program crash with a segmentation fault?")));
}

TEST(a_judgement_is_whole)
{
    struct route_model m;
    struct judgement j;
    float sum = 0;
    open_builtin(&m);
    route_classify_text(&m, text_of(S("Rewrite this sentence to sound more formal: gimme it")), &j);
    for (unsigned t = 0; t < TASK_COUNT; t++) {
        CHECK(j.task_p[t] >= 0 && j.task_p[t] <= j.task_p[j.task]);
        sum += j.task_p[t];
    }
    CHECK(sum > 0.999f && sum < 1.001f && j.margin >= 0 && j.margin <= 1);
    CHECK(j.p_local_ok > 0 && j.p_local_ok < 1 && j.signals[0] && !j.signals[3]);
    CHECK(j.read_bytes == j.total_bytes);
}

TEST(no_text_is_unknown_work)
{
    CHECK(task_of("") == TASK_UNKNOWN);
}

TEST(a_megabyte_reads_no_more_than_promised)
{
    struct route_model m;
    struct judgement j;
    const size_t n = 1 << 20;
    char *text = mem_new(n);
    memset(text, 'w', n);
    open_builtin(&m);
    route_classify_text(&m, text_of(str_of(text, n)), &j);
    CHECK(j.read_bytes <= ROUTE_READ_MAX && j.total_bytes == n);
    mem_free(text);
}

TEST(what_is_pasted_does_not_decide)
{
    CHECK(task_of("Summarise this:\n\n```\ndef f(x):\n    return x\nclass A:\n    pass\n```") ==
          TASK_SUMMARISE);
    CHECK(task_of("Translate the text into French.\n\n\"Prove the theorem and write a python "
                  "function that calculates the integral of a polynomial\"") == TASK_TRANSLATE);
}

// Each doubling of the length takes off what the weights say; where they say nothing, nothing.
TEST(length_lowers_what_a_local_answer_is_held_for)
{
    static const float none[TASK_COUNT] = {0};
    char text[4000] = "Write a python program that ";
    struct route_model m;
    struct judgement brief, lengthy, flat;
    size_t n = strlen(text);
    open_builtin(&m);
    route_classify_text(&m, text_of(str_c(text)), &brief);
    while (n < 3900)
        n += (size_t)snprintf(text + n, sizeof text - n, "reads a file and prints each line, ");
    route_classify_text(&m, text_of(str_of(text, n)), &lengthy);
    m.local_drop = none;
    route_classify_text(&m, text_of(str_of(text, n)), &flat);
    CHECK(brief.task == TASK_CODE && lengthy.task == TASK_CODE);
    CHECK(lengthy.p_local_ok < brief.p_local_ok - 0.2f);
    CHECK(flat.p_local_ok > lengthy.p_local_ok + 0.2f);
}
