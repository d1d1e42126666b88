#include "base/mem.h"
#include "route/features.h"
#include "tests/unit.h"

static void read_text(struct features *f, const char *text)
{
    struct view v;
    view_of_text(&v, str_c(text), NULL);
    features_read(f, &v, NULL);
}

static bool has(const struct features *f, enum group g, uint32_t hash)
{
    for (uint32_t i = 0; i < f->group[g].n; i++)
        if (f->group[g].at[i] == hash)
            return true;
    return false;
}

static bool knows(const char *text, const char *phrase)
{
    struct features f;
    uint32_t hashes[4];
    read_text(&f, text);
    (void)features_of_phrase(str_c(phrase), hashes);
    return has(&f, GROUP_WORDS, hashes[0]);
}

static bool same_words(const char *a, const char *b)
{
    struct features x, y;
    read_text(&x, a);
    read_text(&y, b);
    const struct hashes *p = &x.group[GROUP_WORDS], *q = &y.group[GROUP_WORDS];
    return p->n == q->n && memcmp(p->at, q->at, p->n * sizeof *p->at) == 0;
}

TEST(words_and_pairs_are_known_again)
{
    CHECK(knows("Please summarise this article.", "summarise"));
    CHECK(knows("Please summarise this article.", "this article"));
    CHECK(!knows("Please summarise this article.", "article this"));
    CHECK(!knows("Please summarised it", "summarise"));
    CHECK(knows("\xe8\xaf\xb7\xe6\x80\xbb\xe7\xbb\x93\xe4\xb8\x8b\xe6\x96\x87",
                "\xe6\x80\xbb\xe7\xbb\x93"));
}

TEST(case_blanks_and_fine_apostrophes_change_nothing)
{
    CHECK(same_words("Write  an\temail", "WRITE an Email"));
    CHECK(same_words("don't stop", "don\xe2\x80\x99t stop"));
    CHECK(same_words("\xc3\x9c"
                     "bersetze das",
                     "\xc3\xbc"
                     "bersetze das"));
    CHECK(same_words("\xd0\x9f\xd1\x80\xd0\xb8", "\xd0\xbf\xd1\x80\xd0\xb8"));
    CHECK(!same_words("write an email", "write a mail"));
}

TEST(numbers_count_by_length_only)
{
    CHECK(same_words("add 12 and 345", "add 99 and 100"));
    CHECK(!same_words("add 12", "add 1200"));
}

TEST(what_is_quoted_or_fenced_is_payload)
{
    const char *quoted =
        "Translate: \"the quick brown fox proves a theorem about python functions\"";
    CHECK(knows(quoted, "translate") && !knows(quoted, "theorem"));
    CHECK(knows("say \"theorem\" aloud", "theorem")); // a short quotation is a word like any other
    const char *fenced = "what is wrong here\n```\nselect theorem from poem\n```\nthanks";
    CHECK(knows(fenced, "wrong") && knows(fenced, "thanks") && !knows(fenced, "theorem"));
    struct features f;
    read_text(&f, fenced);
    CHECK(f.group[GROUP_PAYLOAD].n >= 4);
}

TEST(a_long_block_between_is_payload_and_both_ends_are_not)
{
    char text[2000] = "Summarise this text:\n\n";
    size_t n = strlen(text);
    for (int i = 0; i < 60; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "theorem poem ");
    snprintf(text + n, sizeof text - n, "\n\nUse one sentence.");
    CHECK(knows(text, "summarise") && knows(text, "one sentence") && !knows(text, "theorem"));
}

TEST(form_tells_a_question_from_an_order)
{
    struct features a, b;
    read_text(&a, "is it");
    read_text(&b, "is it?");
    const struct hashes *x = &a.group[GROUP_FORM], *y = &b.group[GROUP_FORM];
    CHECK(x->n == y->n && memcmp(x->at, y->at, x->n * sizeof *x->at) != 0);
}

TEST(any_bytes_are_read_within_the_rooms)
{
    char text[6000];
    uint64_t seed = 7;
    for (int round = 0; round < 400; round++) {
        size_t n = (size_t)(rng_next(&seed) % sizeof text);
        static const char some[] = "a \n\"`:AB.)'\xe4\xbd\xa0\xff\xc3\xa9\\{1?-";
        for (size_t i = 0; i < n; i++)
            text[i] = round % 3 ? some[rng_next(&seed) % (sizeof some - 1)] : (char)rng_next(&seed);
        struct view v;
        struct features f;
        view_of_text(&v, str_of(text, n), NULL);
        features_read(&f, &v, NULL);
        for (int g = 0; g < GROUP_COUNT; g++) {
            CHECK(f.group[g].n <= f.group[g].cap && group_name((enum group)g)[0]);
            CHECK(group_value(&f, (enum group)g) > 0);
        }
    }
}

TEST(how_a_sentence_begins_is_a_feature_of_its_own)
{
    struct features one, other;
    read_text(&one, "A page is here. Shorten the page");
    read_text(&other, "A page is here, shorten the page");
    CHECK(one.group[GROUP_WORDS].n == other.group[GROUP_WORDS].n);
    CHECK(one.group[GROUP_EDGES].n == other.group[GROUP_EDGES].n + 1u);
}

TEST(words_beside_are_other_features_than_the_instructions)
{
    struct view v;
    struct features f;
    const str beside[BESIDE_COUNT] = {S("plums"), S("plums"), S("plums")};
    view_of_text(&v, S("plums"), beside);
    features_read(&f, &v, NULL);
    const uint32_t word = f.words[0];
    for (int b = 0; b < BESIDE_COUNT; b++) {
        REQUIRE(f.group[GROUP_BEFORE + b].n == 1);
        CHECK((f.beside[b][0] == word) == (b == BESIDE_BEFORE));
    }
    CHECK(f.beside[BESIDE_ANSWER][0] != f.beside[BESIDE_SYSTEM][0]);
}
