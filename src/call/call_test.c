// Words of the nouns: each is read back as what it was written for.
#include "call/call.h"
#include "tests/unit.h"

TEST(every_task_has_a_word_that_reads_back)
{
    enum task task;
    for (int i = 0; i < TASK_COUNT; i++)
        CHECK(task_parse(str_c(task_name((enum task)i)), &task) && task == (enum task)i);
    CHECK(strcmp(task_name(TASK_UNKNOWN), "unknown") == 0);
    task = TASK_MATH;
    CHECK(!task_parse(S("unknown"), &task) && !task_parse(S("Math"), &task) && task == TASK_MATH);
}

TEST(hard_tasks_are_hard_and_the_unknown_one_is_too)
{
    CHECK(task_is_hard(TASK_CODE) && task_is_hard(TASK_UNKNOWN) && !task_is_hard(TASK_SUMMARISE));
}

TEST(a_label_that_cannot_be_read_is_restricted)
{
    CHECK(label_parse(S("public")) == LABEL_PUBLIC && label_parse(S("Internal")) == LABEL_INTERNAL);
    CHECK(label_parse(S("publik")) == LABEL_RESTRICTED &&
          label_parse(STR_NONE) == LABEL_RESTRICTED);
    CHECK(label_known(S("RESTRICTED")) && !label_known(S("secret")) && !label_known(S("public ")));
}

TEST(labels_only_rise)
{
    for (int a = LABEL_PUBLIC; a <= LABEL_RESTRICTED; a++)
        for (int b = LABEL_PUBLIC; b <= LABEL_RESTRICTED; b++) {
            enum label both = label_join((enum label)a, (enum label)b);
            CHECK((int)both >= a && (int)both >= b &&
                  both == label_join((enum label)b, (enum label)a));
        }
}

TEST(every_ability_has_a_word_and_a_bit_of_its_own)
{
    unsigned all = 0, bit = 0;
    for (unsigned i = 0; i < ABILITY_COUNT; i++) {
        CHECK(ability_parse(str_c(ability_name(i)), &bit) && bit == 1u << i);
        all |= bit;
    }
    CHECK(all == (1u << ABILITY_COUNT) - 1);
    CHECK(ability_parse(S("audio_out"), &bit) && bit == ABILITY_AUDIO_OUT);
    CHECK(!ability_parse(S("smell"), &bit));
}

TEST(steps_have_their_words)
{
    CHECK(strcmp(step_name(STEP_ACCEPT), "accept") == 0 &&
          strcmp(step_name(STEP_RECORD), "record") == 0);
}

TEST(a_parts_text_is_the_bodys_own_bytes_or_a_decoded_copy)
{
    struct arena a;
    str body = S("plain a\\u00e9\\n\\\"\\ud83d\\ude00");
    struct ask ask = {.body = body};
    struct part plain = {.kind = PART_TEXT, .span = {0, 5}};
    struct part escaped = {.kind = PART_TEXT, .escaped = true, .span = {6, (uint32_t)body.n}};
    struct part none = {.kind = PART_IMAGE, .span = {3, 3}};
    arena_init(&a, 1 << 16);
    CHECK(ask_text(&a, &ask, &plain).p == body.p && ask_text(&a, &ask, &plain).n == 5);
    CHECK(a.used_bytes == 0);
    CHECK(str_eq(text_reveal(ask_text(&a, &ask, &escaped)), S("a\xc3\xa9\n\"\xf0\x9f\x98\x80")));
    CHECK(ask_text(&a, &ask, &none).n == 0);
    arena_done(&a);
}
