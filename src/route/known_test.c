#include "route/features.h"
#include "tests/unit.h"

static struct judgement judged(const char *text)
{
    static struct route_model m;
    struct judgement j;
    const char *why;
    if (!m.weights)
        must(route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify_text(&m, text_of(str_c(text)), &j);
    return j;
}

static float top_of(const struct judgement *j)
{
    float top = 0;
    for (unsigned t = 0; t < TASK_COUNT; t++)
        top = j->task_p[t] > top ? j->task_p[t] : top;
    return top;
}

TEST(what_no_row_resembles_is_unsure_and_never_sure)
{
    static const char *const far[] = {
        "Gyűjtsd ki belőle az összes dátumot és eseményt.",
        "Niandikie barua ya kuomba likizo kwa sababu mama yangu amelazwa hospitalini.",
        "Keksi hauska runo laiskasta kissasta joka ei halua nousta sohvalta.",
        "samuu vwlnh aol pohhghuj vhwwlqj qrwhv lq wkuhh vhqwhqfhv",
        "blorf snizzle quanf drimbol wexip trallon yubbert fnorgle",
        "U29tZSBieXRlcyB0aGF0IG5vYm9keSByZWFkcyBieSBleWUsIG9ubHkgYSBtYWNoaW5lIGRvZXMuU29tZSBieXRl",
    };
    for (size_t i = 0; i < countof(far); i++) {
        struct judgement j = judged(far[i]);
        float sum = 0;
        for (unsigned t = 0; t < TASK_COUNT; t++)
            sum += j.task_p[t];
        CHECK(j.known < 0.5f && top_of(&j) < 0.3f);
        CHECK(j.p_local_ok > 0.3f && j.p_local_ok < 0.7f);
        CHECK(sum > 0.999f && sum < 1.001f && j.margin >= 0);
    }
}

TEST(what_training_knows_is_not_widened)
{
    static const char *const near[] = {
        "Translate this into French: the meeting has been moved to Thursday",
        "write a function in python that counts how often each word occurs in a file",
        "Fasse diesen Text in drei Sätzen zusammen: Der Rat hat gestern beschlossen, den Park zu "
        "öffnen.",
        "what is 17 * 23?",
        "帮我写一封请假邮件",
        "{\"task\": \"classify\", \"labels\": [\"spam\", \"ham\"], \"text\": \"win a free phone "
        "now\"}",
    };
    for (size_t i = 0; i < countof(near); i++) {
        struct judgement j = judged(near[i]);
        CHECK(j.known > 0.55f && j.known <= 1 && top_of(&j) > 0.3f);
    }
}

TEST(an_instruction_at_an_end_of_foreign_text_is_known)
{
    static const char foreign[] = "Miért úszik a jég a víz tetején, és miért nem süllyed el soha?";
    char text[400];
    CHECK(judged(foreign).known < 0.5f);
    snprintf(text, sizeof text, "translate this into English please: %s", foreign);
    CHECK(judged(text).known > 0.6f && judged(text).task == TASK_TRANSLATE);
    snprintf(text, sizeof text, "%s translate this into English please", foreign);
    CHECK(judged(text).known > 0.6f);
}

TEST(a_name_that_nobody_knows_leaves_a_question_known)
{
    CHECK(judged("who is Leib Litman?").known > 0.55f);
    CHECK(judged("zzyqqv").known <= 0.5f);
}

TEST(words_that_share_a_bit_by_chance_are_taken_off)
{
    // Half of all bits are set: of words that training never saw, half look known.
    enum { BUCKETS = 4096, WORDS = 512 };
    uint64_t known[BUCKETS * 4 / 64];
    struct route_model m = {.bucket_count = BUCKETS, .known = known};
    struct features f;
    memset(known, 0x55, sizeof known);
    m.known_by_chance = known_by_chance(known, BUCKETS);
    CHECK(m.known_by_chance == 0.5f);
    f.tokens = WORDS;
    f.alone = WORDS; // no blanks are needed between them
    for (uint32_t i = 0; i < WORDS; i++)
        f.words[i] = i; // each has a bit of its own, every other one is set
    CHECK(known_share(&f, &m) <= 0.5f);
    memset(known, 0, sizeof known);
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t bit = known_bit(f.words[i], BUCKETS);
        known[bit / 64] |= 1ull << bit % 64;
    }
    m.known_by_chance = known_by_chance(known, BUCKETS);
    CHECK(known_share(&f, &m) == 1);
}
