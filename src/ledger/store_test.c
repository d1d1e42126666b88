// store_test.c: a batch is written whole or not at all.
#include "ledger/sample_test.h"
#include "ledger/store.h"
#include "tests/unit.h"

static struct block *block_of(struct sample *s, unsigned count)
{
    struct block *b = mem_new(sizeof *b);
    for (; b->count < count; b->count++)
        b->used_bytes += (uint32_t)pack_call(b->bytes + b->used_bytes, &s->call, &s->fleet);
    return b;
}

TEST(a_batch_that_fails_half_way_leaves_nothing_and_can_be_written_again)
{
    struct sample *s = sample_new();
    struct store *st = store_new(s->path, NULL);
    s->call.tries[0].status = 503; // so that its try needs a row
    struct block *b = block_of(s, 3);
    char why[WHY_BYTES] = "";
    REQUIRE(store_open(st, why) == OK);
    CHECK(sample_says(s->path, "ALTER TABLE try_row RENAME TO hidden", ""));
    CHECK(!store_write(st, b, why) && strstr(why, "try"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entry", "0"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM plan", "0"));
    CHECK(sample_says(s->path, "ALTER TABLE hidden RENAME TO try_row", ""));
    CHECK(store_write(st, b, why));
    CHECK(sample_says(s->path, "SELECT count(*) || ' ' || sum(tries) FROM entries", "3 3"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entries WHERE plan LIKE '%routine%'", "3"));
    store_free(st);
    mem_free(b);
    sample_free(s);
}

TEST(entries_that_someone_took_away_leave_nothing_in_the_way)
{
    struct sample *s = sample_new();
    struct store *st = store_new(s->path, NULL);
    s->call.tries[0].status = 503;
    struct block *b = block_of(s, 2);
    char why[WHY_BYTES] = "";
    REQUIRE(store_open(st, why) == OK && store_write(st, b, why));
    CHECK(sample_says(s->path, "DELETE FROM entry_row", ""));
    CHECK(store_write(st, b, why));
    CHECK(sample_says(s->path, "SELECT group_concat(n || tenant || tries) FROM entries",
                      "1acme1,2acme1"));
    store_free(st);
    mem_free(b);
    sample_free(s);
}

TEST(what_is_old_goes_in_steps_and_the_pages_are_used_again)
{
    enum { EACH = 60, BLOCKS = 100, LAST = EACH * BLOCKS };
    struct sample *s = sample_new();
    struct store *st = store_new(s->path, NULL);
    char why[WHY_BYTES] = "", pages[32];
    unsigned gone = 0;
    const int64_t start_us = s->call.start_us;
    s->call.tries[0].status = 503; // so that its try needs a row
    struct block *b = block_of(s, EACH);
    REQUIRE(store_open(st, why) == OK);
    for (int i = 0; i < BLOCKS; i++)
        CHECK(store_write(st, b, why));
    str_copy_to(pages, sizeof pages, str_c(sample_ask(s->path, "PRAGMA page_count")));
    CHECK(store_prune(st, start_us, &gone) && gone == 0); // none began before
    CHECK(store_prune(st, start_us + 1, &gone) && gone == PRUNE_STEP);
    CHECK(sample_says(s->path, "SELECT min(n) || ' ' || count(*) FROM entry", "4097 1904"));
    CHECK(sample_says(s->path, "SELECT min(k) || ' ' || count(*) FROM try", "65553 1904"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entries WHERE tenant IS NULL", "0"));
    CHECK(store_prune(st, start_us + 1, &gone) && gone == LAST - PRUNE_STEP - 1);
    CHECK(store_prune(st, start_us + 1, &gone) && gone == 0); // the last one holds the number
    for (int i = 0; i < BLOCKS / 2; i++)
        CHECK(store_write(st, b, why));
    CHECK(sample_says(s->path, "SELECT count(*) || ' ' || max(n) FROM entry", "3001 9000"));
    CHECK(sample_says(s->path, "PRAGMA page_count", pages));
    store_free(st);
    mem_free(b);
    sample_free(s);
}

TEST(contexts_go_when_no_entry_can_name_them)
{
    struct sample *s = sample_new();
    struct store *st = store_new(s->path, NULL);
    struct block *b = block_of(s, 1);
    char why[WHY_BYTES] = "";
    unsigned gone = 0;
    REQUIRE(store_open(st, why) == OK && store_write(st, b, why));
    CHECK(sample_says(s->path, "INSERT INTO entry_row(n) VALUES (65537)", ""));
    CHECK(store_write(st, b, why) && store_prune(st, INT64_MAX, &gone) && gone == 1);
    CHECK(sample_says(s->path, "SELECT group_concat(n) FROM context", "1,65538"));
    CHECK(sample_says(s->path, "UPDATE entry_row SET start_us = 0 WHERE n = 65537", ""));
    CHECK(store_prune(st, INT64_MAX, &gone) && gone == 1);
    CHECK(sample_says(s->path, "SELECT group_concat(n) FROM context", "65538"));
    store_free(st);
    mem_free(b);
    sample_free(s);
}

TEST(two_programs_may_write_one_file)
{
    struct sample *s = sample_new();
    struct store *one = store_new(s->path, NULL), *two = store_new(s->path, NULL);
    struct block *b = block_of(s, 2);
    char why[WHY_BYTES];
    REQUIRE(store_open(one, why) == OK && store_open(two, why) == OK);
    for (int i = 0; i < 3; i++)
        CHECK(store_write(one, b, why) && store_write(two, b, why));
    CHECK(sample_says(s->path, "SELECT count(*) || ' ' || max(n) FROM entry", "12 12"));
    store_free(one);
    store_free(two);
    mem_free(b);
    sample_free(s);
}
