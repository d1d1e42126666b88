// record_test.c: what a line says and never says, and that a walk takes no line that does not
// follow.
#include "audit/record.h"
#include "audit/sample_test.h"
#include "tests/unit.h"

struct log {
    struct sample *s;
    struct buf rest, lines;
    struct audit_walk walk; // as written
};

static struct log log_new(void)
{
    struct log g = {.s = sample_new()};
    buf_init(&g.rest, AUDIT_LINE_MAX);
    buf_init(&g.lines, 1 << 20);
    return g;
}

static void log_free(struct log *g)
{
    sample_free(g->s);
    buf_done(&g->rest);
    buf_done(&g->lines);
}

// Adds g->rest as the next line.
static void add(struct log *g)
{
    struct audit_row row;
    const char *why = "";
    size_t at = g->lines.n;
    audit_put_line(&g->lines, g->walk.next, &g->walk.head, buf_str(&g->rest));
    buf_clear(&g->rest);
    must(audit_walk_line(&g->walk, str_of(g->lines.p + at, g->lines.n - at - 1), &row, &why));
}

static void add_begin(struct log *g, uint64_t number)
{
    audit_walk_segment(&g->walk, number);
    audit_put_begin(&g->rest, &(struct audit_segment){.number = number, .at_us = 5});
    add(g);
}

static void add_send(struct log *g, unsigned target)
{
    struct audit_hash mac = {{7}};
    struct audit_sending s = {&g->s->call, &g->s->fleet, target, 1, &mac, S("0123abcd")};
    audit_put_send(&g->rest, &s, 6);
    add(g);
}

static struct log three(void)
{
    struct log g = log_new();
    add_begin(&g, 1);
    add_send(&g, 1);
    audit_put_end(&g.rest, &g.s->call, &g.s->fleet, S("0123abcd"));
    add(&g);
    return g;
}

// How many lines a walk takes.
static unsigned taken(str lines, struct audit_row *ret_last)
{
    struct audit_walk w = {0};
    const char *why = NULL;
    unsigned n = 0;
    str line;
    audit_walk_segment(&w, 1);
    while (lines.n && str_next(&lines, '\n', &line) && audit_walk_line(&w, line, ret_last, &why))
        n++;
    return n;
}

TEST(a_sending_says_what_was_decided_and_why)
{
    static const char *const wanted[] = {"\"kind\":\"send\"",
                                         "\"tenant\":\"acme\"",
                                         "\"label\":\"internal\"",
                                         "\"from\":{\"content\":\"public\"",
                                         "\"findings\":{\"IBAN\":2,\"EMAIL\":1}",
                                         "\"policy\":\"0123abcd\"",
                                         "\"filter\":\"zone\"",
                                         "\"target\":\"far\",\"zone\":\"cloud\"",
                                         "\"local\":false",
                                         "\"place\":\"api.example:8443\"",
                                         "\"hmac\":\"0700"};
    struct log g = log_new();
    struct finding found[] = {{.type = "IBAN"}, {.type = "EMAIL"}, {.type = "IBAN"}};
    g.s->call.screening = (struct screening){.findings = found, .finding_count = 3};
    g.s->targets[1].base_url = S("https://user:secret@api.example:8443/v1");
    g.s->call.client_model = S("client's own words");
    add_begin(&g, 1);
    add_send(&g, 1);
    buf_putc(&g.lines, 0);
    for (unsigned i = 0; i < countof(wanted); i++)
        CHECK(strstr(g.lines.p, wanted[i]));
    CHECK(!strstr(g.lines.p, "secret") && !strstr(g.lines.p, "own words"));
    log_free(&g);
}

TEST(an_end_says_where_it_was_really_dialled)
{
    struct log g = log_new();
    struct audit_row row;
    str_copy_to(g.s->call.tries[0].dialled, DIALLED_CAP, S("127.0.0.1:8080"));
    add_begin(&g, 1);
    audit_put_end(&g.rest, &g.s->call, &g.s->fleet, S("x"));
    CHECK(str_find(buf_str(&g.rest), S("\"dialled\":\"127.0.0.1:8080\"")) != SIZE_MAX);
    add(&g);
    CHECK(taken(buf_str(&g.lines), &row) == 2);
    CHECK(row.kind == AUDIT_END && row.away == 0 && row.label == LABEL_INTERNAL);
    log_free(&g);
}

TEST(a_call_that_was_sent_nowhere_says_why)
{
    struct log g = log_new();
    g.s->call.try_count = 0;
    g.s->call.label = LABEL_RESTRICTED;
    audit_put_end(&g.rest, &g.s->call, &g.s->fleet, S("x"));
    CHECK(str_find(buf_str(&g.rest), S("\"out\":[{\"target\":\"far\",\"filter\":\"zone\"")) !=
          SIZE_MAX);
    log_free(&g);
}

TEST(a_sending_away_is_counted_and_its_label_kept)
{
    struct log g = three();
    struct audit_row row;
    str lines = buf_str(&g.lines), first, line;
    struct audit_walk w = {0};
    const char *why = NULL;
    audit_walk_segment(&w, 1);
    REQUIRE(str_next(&lines, '\n', &first) && audit_walk_line(&w, first, &row, &why));
    REQUIRE(str_next(&lines, '\n', &line) && audit_walk_line(&w, line, &row, &why));
    CHECK(row.kind == AUDIT_SEND && row.away == 1 && row.label == LABEL_INTERNAL);
    CHECK(strcmp(row.zone, "cloud") == 0 && strcmp(row.target, "far") == 0);
    CHECK(memcmp(row.call, g.s->call.id.c, ID_CHARS) == 0);
    log_free(&g);
}

TEST(no_byte_can_be_changed_without_the_next_line_telling)
{
    struct log g = three();
    struct audit_row row;
    REQUIRE(taken(buf_str(&g.lines), &row) == 3);
    size_t last = g.lines.n - 2; // of the last line's head only the numbers tell: see checkpoints
    while (g.lines.p[last] != '\n')
        last--;
    for (size_t i = 0; i < last; i++) {
        g.lines.p[i] ^= 1;
        CHECK(taken(buf_str(&g.lines), &row) < 3);
        g.lines.p[i] ^= 1;
    }
    log_free(&g);
}

TEST(no_line_can_be_left_out_doubled_or_moved)
{
    struct log g = three();
    struct audit_row row;
    str rest = buf_str(&g.lines), line[3];
    for (unsigned i = 0; i < 3; i++) {
        str_next(&rest, '\n', &line[i]);
        line[i].n++;
    }
    static const unsigned orders[][3] = {{0, 2, 2}, {1, 2, 2}, {0, 2, 1}, {0, 1, 1}, {1, 0, 2}};
    for (unsigned i = 0; i < countof(orders); i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        for (unsigned k = 0; k < 3; k++)
            buf_put(&b, line[orders[i][k]]);
        CHECK(taken(buf_str(&b), &row) < 3);
        buf_done(&b);
    }
    log_free(&g);
}

TEST(a_segment_begins_with_its_number_and_goes_on_with_the_chain)
{
    struct log g = three();
    add_begin(&g, 2);
    CHECK(g.walk.first == 3 && g.walk.next == 4 && g.walk.tree.count == 1);
    struct audit_walk w = g.walk;
    struct audit_row row;
    const char *why = NULL;
    struct buf line;
    buf_init(&line, 4096);
    audit_put_begin(&g.rest, &(struct audit_segment){.number = 3});
    audit_put_line(&line, w.next, &w.head, buf_str(&g.rest));
    str s = str_first(buf_str(&line), line.n - 1);
    CHECK(!audit_walk_line(&w, s, &row, &why) && why); // in the middle of a segment
    audit_walk_segment(&w, 4);
    CHECK(!audit_walk_line(&w, s, &row, &why)); // another's number
    audit_walk_segment(&w, 3);
    CHECK(audit_walk_line(&w, s, &row, &why));
    buf_done(&line);
    log_free(&g);
}

TEST(a_line_has_the_next_number_or_does_not_follow)
{
    struct log g = three();
    struct audit_row row;
    const char *why = NULL;
    for (uint64_t n = 2; n < 6; n++) {
        struct audit_walk w = g.walk;
        struct buf line;
        buf_init(&line, 4096);
        audit_put_gap(&g.rest, 1, 7);
        audit_put_line(&line, n, &w.head, buf_str(&g.rest));
        CHECK(audit_walk_line(&w, str_first(buf_str(&line), line.n - 1), &row, &why) == (n == 3));
        buf_clear(&g.rest);
        buf_done(&line);
    }
    log_free(&g);
}

TEST(a_label_or_a_zone_that_cannot_be_read_is_the_worst)
{
    struct audit_walk w = {.anywhere = true, .segment = 1};
    struct audit_row row;
    const char *why = NULL;
    char line[400], zeros[65];
    memset(zeros, '0', 64);
    zeros[64] = 0;
    w.tree.count = 1;
    snprintf(line, sizeof line,
             "{\"n\":9,\"prev\":\"%s\",\"kind\":\"send\",\"at_us\":1,\"call\":\"c\",\"label\":"
             "\"pubic\",\"local\":\"true\"}",
             zeros);
    REQUIRE(audit_walk_line(&w, str_c(line), &row, &why));
    CHECK(row.label == LABEL_RESTRICTED && row.away == 1 && row.n == 9);
}

TEST(a_place_is_host_and_port)
{
    CHECK(str_eq(audit_place(S("https://api.openai.com/v1")), S("api.openai.com")));
    CHECK(str_eq(audit_place(S("http://127.0.0.1:8080")), S("127.0.0.1:8080")));
    CHECK(str_eq(audit_place(S("https://u:p@h:1/x@y")), S("h:1")));
}
