// plans_test.c: plans that repeat become numbers, those that do not stay text.
#include "ledger/plans.h"
#include "ledger/sample_test.h"
#include "ledger/schema.h"
#include "tests/unit.h"

struct bench {
    struct sample *s;
    sqlite3 *db;
    struct plans *plans;
    struct packed *p;
};

static bool begin(struct bench *b)
{
    char why[WHY_BYTES];
    *b = (struct bench){.s = sample_new(), .plans = plans_new(), .p = mem_new(PACK_MAX)};
    return CHECK(schema_open(b->s->path, &b->db, why) == OK) &&
           CHECK(plans_attach(b->plans, b->db));
}

static void end(struct bench *b)
{
    plans_free(b->plans);
    sqlite3_close(b->db);
    mem_free(b->p);
    sample_free(b->s);
}

static bool resolve(struct bench *b)
{
    plans_batch_begin(b->plans);
    pack_call(b->p, &b->s->call, &b->s->fleet);
    return plans_resolve(b->plans, b->p);
}

static const char wanted[] =
    "{\"targets\":[{\"target\":\"near\",\"why\":\"routine work is done locally\"}],"
    "\"out\":[{\"target\":\"far\",\"filter\":\"zone\",\"why\":\"may see \\\"public\\\"\"}]}";

TEST(a_plan_is_written_out_once_and_numbered_from_then_on)
{
    struct bench b;
    REQUIRE(begin(&b));
    CHECK(resolve(&b) && b.p->plan_id == 0);
    struct span s = b.p->plan_span;
    CHECK(str_eq(str_of(plans_text(b.plans, s), s.end - s.start), str_c(wanted)));
    CHECK(resolve(&b) && b.p->plan_id == 1 && b.p->plan_span.end == 0);
    CHECK(resolve(&b) && b.p->plan_id == 1);
    CHECK(sample_says(b.s->path, "SELECT text FROM plan WHERE id = 1", wanted));
    plans_forget(b.plans); // as after a start: the row is found again
    CHECK(resolve(&b) && b.p->plan_id == 0);
    CHECK(resolve(&b) && b.p->plan_id == 1);
    CHECK(sample_says(b.s->path, "SELECT count(*) FROM plan", "1"));
    end(&b);
}

TEST(plans_that_never_repeat_fill_no_table)
{
    struct bench b;
    REQUIRE(begin(&b));
    CHECK(resolve(&b) && resolve(&b) && b.p->plan_id == 1);
    for (int i = 0; i < 5000; i++) {
        snprintf(b.s->call.plan.rows[0].why, 32, "seen once: %d", i);
        CHECK(resolve(&b) && b.p->plan_id == 0);
    }
    str_copy_to(b.s->call.plan.rows[0].why, 112, S("routine work is done locally"));
    CHECK(resolve(&b) && b.p->plan_id == 1); // and do not push out the one that does
    CHECK(sample_says(b.s->path, "SELECT count(*) FROM plan", "1"));
    end(&b);
}

TEST(a_refusal_and_a_stand_in_are_told)
{
    struct bench b;
    struct buf text;
    REQUIRE(begin(&b));
    b.s->call.plan.count = b.s->call.plan.out_count = 0;
    b.s->call.plan.err = ERR_NOT_ALLOWED;
    b.s->call.plan.stand_in = true;
    pack_call(b.p, &b.s->call, &b.s->fleet);
    buf_init(&text, 1000);
    plan_text(&text, packed_str(b.p, b.p->plan));
    CHECK(str_eq(buf_str(&text),
                 S("{\"targets\":[],\"out\":[],\"err\":\"NOT_ALLOWED\",\"stand_in\":true}")));
    buf_done(&text);
    end(&b);
}
