// memo_test.c: a memo changes what a scan costs, never what it says.
#include "base/buf.h"
#include "base/rng.h"
#include "guard/memo.h"
#include "tests/unit.h"

static const uint64_t seed[2] = {17, 4};

// A part of some sentences, some of which hold something.
static void write_part(struct buf *out, uint64_t *random)
{
    static const char *const sentences[] = {
        "The meeting was moved to Thursday because the room was taken. ",
        "Please write to ann.lee@tide.se about it. ",
        "Her card is 4556 7375 8689 9855, valid until May. ",
        "Account DE89 3704 0044 0532 0130 00 receives it. ",
        "Nothing of this is final; the numbers 12, 77 and 1984 are guesses. ",
        "Grüße aus Zürich, 東京から。 ",
    };
    unsigned count = 4 + (unsigned)(rng_next(random) % 12);
    for (unsigned i = 0; i < count; i++)
        buf_put(out, str_c(sentences[rng_next(random) % countof(sentences)]));
}

static bool same(const struct screening *a, const struct screening *b)
{
    if (a->label != b->label || a->truncated != b->truncated ||
        a->finding_count != b->finding_count)
        return false;
    for (uint32_t i = 0; i < a->finding_count; i++) {
        const struct finding *f = &a->findings[i], *g = &b->findings[i];
        if (f->type != g->type || f->part != g->part || f->start != g->start || f->end != g->end)
            return false;
    }
    return true;
}

TEST(a_conversation_that_grows_is_screened_as_without_a_memo)
{
    enum { TURNS = 40 };
    struct guard_memo *memo = guard_memo_new(seed);
    struct guard_policy policy;
    struct part parts[TURNS];
    struct buf body;
    uint64_t random = 5;
    uint32_t found = 0;
    guard_policy_default(&policy);
    buf_init(&body, 1 << 20);
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        uint32_t start = (uint32_t)body.n;
        write_part(&body, &random);
        parts[turn] = (struct part){.kind = PART_TEXT, .span = {start, (uint32_t)body.n}};
        struct ask ask = {.body = buf_str(&body), .parts = parts, .part_count = turn + 1};
        struct arena a;
        struct screening with, without;
        arena_init(&a, 1 << 20);
        guard_scan(&a, &ask, &policy, memo, &with);
        guard_scan(&a, &ask, &policy, NULL, &without);
        REQUIRE(same(&with, &without));
        found += with.finding_count;
        arena_done(&a);
    }
    CHECK(found > TURNS);
    buf_done(&body);
    guard_memo_free(memo);
}

static void screen_one(struct guard_memo *memo, str text, bool escaped, struct screening *ret)
{
    struct guard_policy policy;
    struct part part = {.kind = PART_TEXT, .escaped = escaped, .span = {0, (uint32_t)text.n}};
    struct ask ask = {.body = text, .parts = &part, .part_count = 1};
    struct arena a;
    guard_policy_default(&policy);
    arena_init(&a, 1 << 20);
    guard_scan(&a, &ask, &policy, memo, ret);
    arena_done(&a);
    ret->findings = NULL; // of the arena
}

TEST(what_was_restricted_stays_so_and_bytes_that_mean_another_text_are_read_again)
{
    struct guard_memo *memo = guard_memo_new(seed);
    struct screening s;
    char text[400];
    memset(text, '.', sizeof text);
    memcpy(text, "\\b4556 7375 8689 9855 is her card", 33);
    for (int i = 0; i < 3; i++) {
        screen_one(memo, str_of(text, sizeof text), false, &s);
        CHECK(s.label != LABEL_RESTRICTED);
        screen_one(memo, str_of(text, sizeof text), true, &s);
        CHECK(s.label == LABEL_RESTRICTED && s.finding_count == 1);
    }
    text[0] = (char)0xff; // no UTF-8
    screen_one(memo, str_of(text, sizeof text), false, &s);
    screen_one(memo, str_of(text, sizeof text), false, &s);
    CHECK(s.label == LABEL_RESTRICTED);
    guard_memo_free(memo);
}

TEST(a_part_with_many_findings_and_a_body_with_too_many_are_no_different)
{
    struct guard_memo *memo = guard_memo_new(seed);
    struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < 10; i++)
        buf_printf(&b, "write to person%d@tide.se or else. ", i);
    for (int round = 0; round < 2; round++) {
        struct screening s;
        screen_one(memo, buf_str(&b), false, &s);
        CHECK(s.finding_count == 10 && s.label == LABEL_INTERNAL && !s.truncated);
    }
    for (int i = 0; i < GUARD_FINDINGS_MAX; i++)
        buf_printf(&b, "and to other%d@tide.se too. ", i);
    for (int round = 0; round < 2; round++) {
        struct screening s;
        screen_one(memo, buf_str(&b), false, &s);
        CHECK(s.truncated && s.label == LABEL_RESTRICTED);
    }
    buf_done(&b);
    guard_memo_free(memo);
}

TEST(a_full_memo_gives_up_the_oldest_and_keeps_what_is_used)
{
    struct guard_memo *memo = guard_memo_new(seed);
    struct remembered kept = {.of = {{2, 1}}, .label = LABEL_INTERNAL};
    memo_put(memo, &kept);
    for (uint64_t i = 1; i < 100000; i++) {
        struct remembered r = {.of = {{2 + i, i}}, .label = LABEL_PUBLIC};
        memo_put(memo, &r);
        const struct remembered *found = memo_get(memo, kept.of);
        REQUIRE(found && found->label == LABEL_INTERNAL);
    }
    CHECK(!memo_get(memo, (struct hash128){{4, 2}}));
    guard_memo_free(memo);
}

// What is known of one set's last four: a plain list beside it.
TEST(a_set_keeps_its_four_last_used_in_any_order_of_use)
{
    enum { KINDS = 7, KEPT = 4 };
    struct guard_memo *memo = guard_memo_new(seed);
    uint64_t list[KEPT + 1] = {0}, random = 3;
    for (int round = 0; round < 5000; round++) {
        struct hash128 of = {{2, 1 + rng_next(&random) % KINDS}}; // the first decides the set
        const struct remembered *known = memo_get(memo, of);
        size_t at = 0;
        while (at < KEPT && list[at] != of.h[1])
            at++;
        REQUIRE((known != NULL) == (at < KEPT));
        REQUIRE(!known || (known->finding_count == 1 && known->findings[0].start == of.h[1]));
        struct remembered r = {.of = of, .finding_count = 1};
        r.findings[0].start = (uint32_t)of.h[1];
        if (!known)
            memo_put(memo, &r);
        memmove(list + 1, list, at * sizeof list[0]);
        list[0] = of.h[1];
    }
    guard_memo_free(memo);
}
