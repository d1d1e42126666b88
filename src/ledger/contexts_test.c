// contexts_test.c: calls that are alike share a context, the others do not, and none is too old.
#include "ledger/contexts.h"
#include "ledger/sample_test.h"
#include "tests/unit.h"

struct bench {
    struct sample *s;
    struct contexts *contexts;
    struct packed *p;
};

static void begin(struct bench *b)
{
    *b = (struct bench){sample_new(), contexts_new(), mem_new(PACK_MAX)};
}

static void end(struct bench *b)
{
    contexts_free(b->contexts);
    mem_free(b->p);
    sample_free(b->s);
}

// The context that the call, as it is now, gets as this entry.
static int64_t context_as(struct bench *b, int64_t number)
{
    memset(b->p, (int)number, PACK_MAX); // what lay there before makes no difference
    pack_call(b->p, &b->s->call, &b->s->fleet);
    bool old = contexts_find(b->contexts, b->p, number);
    CHECK(old == (b->p->context != number));
    return b->p->context;
}

TEST(calls_that_are_alike_share_a_context_whatever_they_cost)
{
    struct bench b;
    begin(&b);
    CHECK(context_as(&b, 1) == 1 && context_as(&b, 2) == 1);
    b.s->call.usage.output = 77;
    b.s->call.bytes_in = 9999;
    b.s->call.usage_raw = S("{}");
    b.s->call.start_us += 5000000;
    b.s->call.try_count = 2; // tries lie elsewhere then
    b.s->call.tries[1] = b.s->call.tries[0];
    CHECK(context_as(&b, 3) == 1);
    end(&b);
}

TEST(one_word_that_differs_makes_another_context)
{
    struct bench b;
    begin(&b);
    CHECK(context_as(&b, 1) == 1);
    b.s->call.tenant = S("acne");
    CHECK(context_as(&b, 2) == 2);
    b.s->call.tenant = S("acm");
    b.s->call.want_zone = S("e");
    CHECK(context_as(&b, 3) == 3);
    b.s->call.status = 499;
    CHECK(context_as(&b, 4) == 4);
    b.s->call.plan.rows[0].why[0] = 'R';
    CHECK(context_as(&b, 5) == 5 && context_as(&b, 6) == 5);
    contexts_forget(b.contexts);
    CHECK(context_as(&b, 7) == 7);
    end(&b);
}

TEST(a_context_is_written_again_before_it_is_too_old)
{
    struct bench b;
    begin(&b);
    CHECK(context_as(&b, 1) == 1);
    CHECK(context_as(&b, CONTEXT_LIFE) == 1);
    CHECK(context_as(&b, CONTEXT_LIFE + 1) == CONTEXT_LIFE + 1);
    CHECK(context_as(&b, CONTEXT_LIFE + 2) == CONTEXT_LIFE + 1);
    CHECK(context_as(&b, 5) == 5); // the last entries were taken out of the file
    end(&b);
}

TEST(ever_new_contexts_are_forgotten_oldest_first)
{
    struct bench b;
    begin(&b);
    for (int i = 1; i <= 5000; i++) {
        snprintf(b.s->call.plan.reason, sizeof b.s->call.plan.reason, "reason %d", i);
        CHECK(context_as(&b, i) == i);
    }
    CHECK(context_as(&b, 5001) == 5000);
    end(&b);
}
