// pack_test.c: what a record keeps of a call, and what it does not.
#include "ledger/block.h"
#include "ledger/pack.h"
#include "ledger/plans.h"
#include "ledger/sample_test.h"
#include "tests/unit.h"

TEST(a_record_holds_the_call)
{
    struct sample *s = sample_new();
    struct block *b = mem_new(sizeof *b);
    struct packed *p = (struct packed *)(void *)b->bytes;
    size_t n = pack_call(b->bytes, &s->call, &s->fleet);
    CHECK(n == p->size_bytes && n % 8 == 0 && n <= pack_bound(&s->call, &s->fleet));
    CHECK(memcmp(p->id, s->call.id.c, ID_CHARS) == 0);
    CHECK(str_eq(packed_str(p, p->tenant), S("acme")));
    CHECK(str_eq(packed_str(p, p->zone), S("local")));
    CHECK(strcmp(p->task, "summarise") == 0 && p->task_p == 0.93 && p->err == NULL);
    CHECK(strcmp(p->usage_source, "reported") == 0 && p->input_written == -1 && p->reasoning == 0);
    CHECK(p->first_byte_after_us == 2000 && packed_tries(p)[0].connected_after_us == 110);
    CHECK(p->try_count == 1 && str_eq(packed_str(p, packed_tries(p)[0].target), S("near")));
    CHECK(p->findings.n == 0 && p->want_zone.n == 0);
    mem_free(b);
    sample_free(s);
}

TEST(a_call_that_failed_early_has_little_to_say)
{
    struct sample *s = sample_new();
    struct call *c = mem_new(sizeof *c);
    struct block *b = mem_new(sizeof *b);
    struct packed *p = (struct packed *)(void *)b->bytes;
    c->served_by = -1;
    c->usage = USAGE_NONE;
    c->judgement.task = TASK_UNKNOWN;
    c->err = ERR_BAD_REQUEST;
    c->ended_at = STEP_READ;
    c->status = 400;
    pack_call(b->bytes, c, &s->fleet);
    CHECK(strcmp(p->step, "read") == 0 && strcmp(p->err, "BAD_REQUEST") == 0);
    CHECK(strcmp(p->task, "unknown") == 0 && p->task_p == -1 && p->p_local_ok == -1);
    CHECK(p->plan.n == 0 && p->target.n == 0 && p->try_count == 0 && p->usage_raw.n == 0);
    CHECK(p->first_byte_after_us == -1 && p->input_uncached == -1);
    CHECK(strcmp(p->usage_source, "absent") == 0);
    mem_free(b);
    mem_free(c);
    sample_free(s);
}

TEST(findings_are_kinds_and_counts)
{
    struct sample *s = sample_new();
    struct block *b = mem_new(sizeof *b);
    struct packed *p = (struct packed *)(void *)b->bytes;
    struct finding found[] = {{.type = "EMAIL"}, {.type = "IBAN"}, {.type = "EMAIL"}};
    s->call.screening = (struct screening){.findings = found, .finding_count = 3};
    pack_call(b->bytes, &s->call, &s->fleet);
    CHECK(str_eq(packed_str(p, p->findings), S("EMAIL:2,IBAN:1")));
    s->call.screening.truncated = true;
    pack_call(b->bytes, &s->call, &s->fleet);
    CHECK(str_eq(packed_str(p, p->findings), S("EMAIL:2,IBAN:1,more")));
    mem_free(b);
    sample_free(s);
}

TEST(words_from_outside_are_cut_to_whole_characters)
{
    struct sample *s = sample_new();
    struct block *b = mem_new(sizeof *b);
    struct packed *p = (struct packed *)(void *)b->bytes;
    char longest[400];
    memset(longest, 'x', sizeof longest);
    memcpy(longest + 127, "\xc3\xa9", 2); // the cap falls inside it
    s->call.client_model = str_of(longest, sizeof longest);
    s->call.want_label = S("caf\xe9"); // Latin-1, as headers may be
    s->call.usage_raw = S("{\"broken\":\"\xff\"}");
    pack_call(b->bytes, &s->call, &s->fleet);
    CHECK(p->client_model.n == 127);
    CHECK(str_eq(packed_str(p, p->want_label), S("caf")));
    CHECK(p->usage_raw.n == 0);
    mem_free(b);
    sample_free(s);
}

// Everything as long and as many as it can be.
static void swell(struct sample *s, struct target *targets, char *bytes, size_t n)
{
    struct call *c = &s->call;
    str most = {bytes, n};
    for (unsigned i = 0; i < TARGET_MAX; i++)
        targets[i].name = most;
    s->fleet.targets = targets;
    s->fleet.target_count = TARGET_MAX;
    s->fleet.zones[0].name = most;
    c->dialect = c->client_model = c->tenant = c->finish = c->answer_model = most;
    c->want_label = c->want_zone = c->want_quality = c->want_deadline = most;
    c->usage_raw = str_first(most, 16 * 1024);
    memset(c->plan.reason, 'r', sizeof c->plan.reason);
    c->plan.count = PLAN_MAX;
    c->plan.out_count = TARGET_MAX;
    for (unsigned i = 0; i < PLAN_MAX; i++)
        memset(c->plan.rows[i].why, 'w', sizeof c->plan.rows[i].why);
    for (unsigned i = 0; i < TARGET_MAX; i++) {
        c->plan.out[i].filter = bytes;
        memset(c->plan.out[i].why, 1, sizeof c->plan.out[i].why); // six bytes each in JSON
    }
    c->try_count = TRY_MAX;
}

TEST(the_largest_call_fits_a_block_and_its_plan_is_readable)
{
    enum { BYTES = 20000 };
    struct sample *s = sample_new();
    struct target *targets = mem_new_array(struct target, TARGET_MAX);
    struct block *b = mem_new(sizeof *b);
    struct packed *p = (struct packed *)(void *)b->bytes;
    struct finding found[30] = {0};
    char *bytes = mem_new(BYTES + 1), types[30][40];
    struct buf text;
    memset(bytes, 'n', BYTES);
    swell(s, targets, bytes, BYTES);
    for (unsigned i = 0; i < countof(found); i++) {
        snprintf(types[i], sizeof types[i], "A_TYPE_THAT_HAS_A_LONG_LONG_NAME_%u", i);
        found[i].type = types[i];
    }
    s->call.screening = (struct screening){.findings = found, .finding_count = countof(found)};
    size_t bound = pack_bound(&s->call, &s->fleet);
    size_t n = pack_call(b->bytes, &s->call, &s->fleet);
    CHECK(n <= bound && bound <= BLOCK_BYTES);
    CHECK(p->usage_raw.n == 16 * 1024 && packed_tries(p)[TRY_MAX - 1].target.n == NAME_CAP);
    buf_init(&text, 1 << 20);
    plan_text(&text, packed_str(p, p->plan));
    CHECK(!text.over && str_ends(buf_str(&text), S("\"}]}")));
    buf_done(&text);
    mem_free(bytes);
    mem_free(b);
    mem_free(targets);
    sample_free(s);
}

TEST(weirs_own_calls_are_told_from_clients)
{
    static char block[PACK_MAX] __attribute__((aligned(8)));
    struct sample *s = sample_new();
    const struct packed *p = (const void *)block;
    pack_call(block, &s->call, &s->fleet);
    CHECK(p->kind == NULL);
    s->call.kind = CALL_JUDGE;
    pack_call(block, &s->call, &s->fleet);
    CHECK(p->kind && strcmp(p->kind, "judge") == 0);
    sample_free(s);
}
