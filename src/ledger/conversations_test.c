// conversations_test.c: the table that workers share: labels only rise, first turns push nobody
// out, restricted ones go last, and many threads at once lose nothing.
#include "base/thread.h"
#include "ledger/conversations.h"
#include "tests/unit.h"

static const int64_t DAY_US = (int64_t)24 * 3600 * 1000000;

static struct conversations *table_new(int64_t size)
{
    struct conversation_settings s = {.on = true, .keep = 30, .size = size};
    return conversations_new(&s);
}

static struct conversation turn_of(uint64_t a, uint64_t b, bool named, bool goes_on)
{
    return (struct conversation){.id = {a, b}, .named = named, .goes_on = goes_on, .target = -1};
}

// One turn; what was known comes back.
static struct conversation turn(struct conversations *c, struct conversation of, enum label label,
                                int64_t now_us)
{
    struct slot risen;
    (void)conversations_turn(c, &of, label, now_us, &risen);
    return of;
}

TEST(a_label_rises_and_stays)
{
    struct conversations *c = table_new(1024);
    struct conversation of = turn_of(7, 9, true, false);
    struct slot risen;
    REQUIRE(!conversations_turn(c, &of, LABEL_PUBLIC, DAY_US, &risen));
    CHECK(!of.known && !of.lost && of.label == LABEL_PUBLIC);
    of.goes_on = true;
    CHECK(conversations_turn(c, &of, LABEL_RESTRICTED, DAY_US, &risen));
    CHECK(risen.label == LABEL_RESTRICTED && risen.id[0] == 7);
    CHECK(of.known && of.label == LABEL_PUBLIC && of.turns == 1);
    CHECK(!conversations_turn(c, &of, LABEL_PUBLIC, DAY_US, &risen));
    CHECK(of.label == LABEL_RESTRICTED && of.turns == 2 && !of.lost);
    of.goes_on = false; // the same name without history is the same conversation
    CHECK(!conversations_turn(c, &of, LABEL_PUBLIC, DAY_US, &risen));
    CHECK(of.label == LABEL_RESTRICTED);
    conversations_free(c);
}

TEST(a_named_one_that_goes_on_and_is_not_known_is_restricted_from_then_on)
{
    struct conversations *c = table_new(1024);
    struct conversation of = turn(c, turn_of(1, 1, true, true), LABEL_PUBLIC, DAY_US);
    CHECK(of.lost && !of.known && of.label == LABEL_RESTRICTED);
    of = turn(c, turn_of(1, 1, true, true), LABEL_PUBLIC, DAY_US);
    CHECK(!of.lost && of.known && of.label == LABEL_RESTRICTED);
    of = turn(c, turn_of(2, 2, false, true), LABEL_INTERNAL, DAY_US); // by its beginning
    CHECK(!of.lost && !of.known && of.label == LABEL_PUBLIC);
    conversations_free(c);
}

TEST(one_that_begins_like_another_does_not_have_its_label)
{
    struct conversations *c = table_new(1024);
    (void)turn(c, turn_of(5, 5, false, true), LABEL_RESTRICTED, DAY_US);
    struct conversation of = turn(c, turn_of(5, 5, false, false), LABEL_PUBLIC, DAY_US);
    CHECK(of.known && of.label == LABEL_PUBLIC);
    of = turn(c, turn_of(5, 5, false, true), LABEL_PUBLIC, DAY_US); // and the first one still has
    CHECK(of.label == LABEL_RESTRICTED);
    conversations_free(c);
}

TEST(what_is_older_than_keep_is_not_known)
{
    struct conversations *c = table_new(1024);
    (void)turn(c, turn_of(3, 3, true, false), LABEL_PUBLIC, DAY_US);
    struct conversation of = turn(c, turn_of(3, 3, true, true), LABEL_PUBLIC, 30 * DAY_US);
    CHECK(of.known && !of.lost);
    of = turn(c, turn_of(3, 3, true, true), LABEL_PUBLIC, 61 * DAY_US);
    CHECK(of.lost && of.label == LABEL_RESTRICTED);
    conversations_free(c);
}

TEST(first_turns_push_nobody_out_and_restricted_ones_stay_longest)
{
    struct conversations *c = table_new(1024);
    unsigned known = 0, restricted = 0;
    for (uint64_t i = 1; i <= 256; i++)
        (void)turn(c, turn_of(2 * i, i, true, false), LABEL_RESTRICTED, DAY_US);
    for (uint64_t i = 1000; i < 50000; i++) // a first turn that nobody named, of each
        (void)turn(c, turn_of(2 * i, i, false, false), LABEL_PUBLIC, DAY_US + 1000000);
    for (uint64_t i = 1; i <= 256; i++)
        known += turn(c, turn_of(2 * i, i, true, true), LABEL_PUBLIC, DAY_US).known;
    CHECK(known == 256);
    for (uint64_t i = 1000; i < 50000; i++) // named, but not restricted
        (void)turn(c, turn_of(2 * i, i, true, false), LABEL_PUBLIC, DAY_US + 2000000);
    for (uint64_t i = 1; i <= 256; i++)
        restricted +=
            turn(c, turn_of(2 * i, i, true, true), LABEL_PUBLIC, DAY_US).label == LABEL_RESTRICTED;
    CHECK(restricted == 256);
    CHECK(conversations_size(c) == 1024);
    conversations_free(c);
}

TEST(what_is_newer_than_the_file_is_taken_once_and_given_back_when_refused)
{
    struct conversations *c = table_new(1024);
    struct slot slots[16];
    (void)turn(c, turn_of(1, 1, true, false), LABEL_PUBLIC, DAY_US);
    (void)turn(c, turn_of(2, 2, false, false), LABEL_PUBLIC, DAY_US); // nothing to keep
    (void)turn(c, turn_of(3, 3, false, true), LABEL_INTERNAL, DAY_US);
    CHECK(conversations_are_dirty(c));
    REQUIRE(conversations_take(c, slots, 16) == 2);
    CHECK(!conversations_are_dirty(c) && conversations_take(c, slots + 2, 14) == 0);
    conversations_give_back(c, slots, 2);
    CHECK(conversations_take(c, slots, 1) == 1 && conversations_take(c, slots, 16) == 1);
    conversations_all_dirty(c);
    CHECK(conversations_take(c, slots, 16) == 2);
    conversations_free(c);
}

TEST(what_was_given_up_before_the_file_had_it_is_still_taken)
{
    struct conversations *c = table_new(1024);
    struct slot slots[64];
    unsigned seen = 0;
    for (uint64_t i = 1; i <= 12; i++) // one set of one shard
        (void)turn(c, turn_of(4 * 2 * 64 * i, 64, true, false), LABEL_RESTRICTED, DAY_US);
    size_t n = conversations_take(c, slots, 64);
    for (size_t i = 0; i < n; i++)
        seen += slots[i].label == LABEL_RESTRICTED;
    CHECK(seen == 12);
    conversations_free(c);
}

TEST(who_served_is_remembered_by_name)
{
    struct conversations *c = table_new(1024);
    uint16_t far = conversations_place(c, S("far"), S("cloud"));
    CHECK(far > 0 && far == conversations_place(c, S("far"), S("cloud")));
    CHECK(conversations_place(c, S("near"), S("local")) != far);
    CHECK(str_eq(conversations_place_of(c, far).zone, S("cloud")));
    CHECK(!conversations_place_of(c, 0).target.n);
    (void)turn(c, turn_of(4, 4, false, false), LABEL_PUBLIC, DAY_US);
    conversations_placed(c, (uint64_t[]){4, 4}, far);
    CHECK(turn(c, turn_of(4, 4, false, true), LABEL_PUBLIC, DAY_US).place == far);
    CHECK(conversations_set_label(c, (uint64_t[]){4, 4}, LABEL_RESTRICTED));
    CHECK(!conversations_set_label(c, (uint64_t[]){40, 4}, LABEL_RESTRICTED));
    CHECK(turn(c, turn_of(4, 4, false, true), LABEL_PUBLIC, DAY_US).label == LABEL_RESTRICTED);
    conversations_free(c);
}

enum { THREADS = 4, TURNS = 20000, IDS = 97 };

struct crowd {
    struct conversations *table;
    unsigned number;
    unsigned fell; // a label that was seen higher before
};

static void *take_turns(void *arg)
{
    struct crowd *w = arg;
    uint8_t highest[IDS] = {0};
    struct slot slots[32], risen;
    for (unsigned i = 0; i < TURNS; i++) {
        unsigned k = (i * 7 + w->number) % IDS;
        enum label label = i % 1000 == w->number ? LABEL_RESTRICTED : LABEL_PUBLIC;
        struct conversation of = turn_of(k + 1, k, true, true);
        (void)conversations_turn(w->table, &of, label, DAY_US + i, &risen);
        conversations_placed(w->table, of.id,
                             conversations_place(w->table, i % 2 ? S("a") : S("b"), S("z")));
        w->fell += of.label < highest[k];
        highest[k] = (uint8_t)label_join(of.label, label);
        if (i % 64 == 0) {
            size_t n = conversations_take(w->table, slots, countof(slots));
            conversations_give_back(w->table, slots, n / 2);
        }
    }
    return NULL;
}

TEST(many_threads_at_once_see_no_label_fall)
{
    struct conversations *c = table_new(1024);
    struct crowd crowd[THREADS];
    pthread_t threads[THREADS];
    unsigned turns = 0, fell = 0;
    for (unsigned i = 0; i < IDS; i++)
        (void)turn(c, turn_of(i + 1, i, true, false), LABEL_PUBLIC, DAY_US);
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.table = c, .number = i};
        thread_start(&threads[i], take_turns, &crowd[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        fell += crowd[i].fell;
    }
    for (unsigned i = 0; i < IDS; i++)
        turns += turn(c, turn_of(i + 1, i, true, true), LABEL_PUBLIC, DAY_US).turns;
    CHECK(fell == 0);
    CHECK(turns == THREADS * TURNS + IDS);
    conversations_free(c);
}
