// remember_test.c: conversations through the door: over an end and a kill, with an operator's
// lowering, in a file that is new, another's, or none.
#include "ledger/sample_test.h"
#include "tests/unit.h"
#include <signal.h>
#include <sys/wait.h>

struct bench {
    struct sample *s;
    struct ledger_settings settings;
    struct conversation_settings conversations;
    struct ledger *l;
    struct ledger_writer *w;
    unsigned lowered;
    bool refuse;
};

static bool on_lowered(void *arg, const struct lowering *w)
{
    struct bench *b = arg;
    b->lowered += w->label == LABEL_PUBLIC && strcmp(w->who, "olga") == 0;
    return !b->refuse;
}

static bool begin(struct bench *b)
{
    char why[256] = "";
    struct ledger_start start = {.settings = &b->settings,
                                 .conversations = &b->conversations,
                                 .on_lowered = on_lowered,
                                 .arg = b};
    if (ledger_open(&start, &b->l, why) != OK) {
        printf("%s\n", why);
        return false;
    }
    b->w = ledger_writer_new(b->l, metrics_new());
    return true;
}

static void end(struct bench *b)
{
    ledger_writer_free(b->w);
    ledger_close(b->l);
}

static struct bench bench_new(void)
{
    struct bench b = {.s = sample_new()};
    b.settings = sample_settings(b.s);
    conf_defaults(&b.conversations, &conversation_setting_table);
    return b;
}

static struct conversation turn(struct bench *b, str name, bool goes_on, enum label label)
{
    struct conversation of = {.named = true, .goes_on = goes_on};
    ledger_conversation_name(b->l, S("acme"), true, name, of.id);
    ledger_conversation_turn(b->l, &b->s->fleet, label, time_wall_us(), &of);
    return of;
}

TEST(what_turned_restricted_stays_so_over_a_restart)
{
    struct bench b = bench_new();
    REQUIRE(begin(&b));
    struct conversation of = turn(&b, S("one"), false, LABEL_PUBLIC);
    ledger_conversation_placed(b.l, &b.s->fleet, 1, &of);
    (void)turn(&b, S("two"), false, LABEL_PUBLIC);
    (void)turn(&b, S("two"), true, LABEL_RESTRICTED);
    end(&b);
    REQUIRE(begin(&b));
    of = turn(&b, S("two"), true, LABEL_PUBLIC);
    CHECK(of.known && of.label == LABEL_RESTRICTED && of.turns == 2);
    of = turn(&b, S("one"), true, LABEL_PUBLIC);
    CHECK(of.known && of.label == LABEL_PUBLIC && of.target == 1);
    CHECK(turn(&b, S("three"), true, LABEL_PUBLIC).lost);
    end(&b);
    sample_free(b.s);
}

TEST(a_kill_forgets_no_label_that_rose)
{
    struct bench b = bench_new();
    pid_t child = fork();
    if (child == 0) { // dies before its first batch
        b.settings.batch = 60000;
        if (!begin(&b))
            _exit(1);
        (void)turn(&b, S("two"), false, LABEL_PUBLIC);
        (void)turn(&b, S("two"), true, LABEL_RESTRICTED);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    REQUIRE(begin(&b));
    CHECK(turn(&b, S("two"), true, LABEL_PUBLIC).label == LABEL_RESTRICTED);
    end(&b);
    CHECK(sample_says(b.s->path, "SELECT count(*) FROM conversation WHERE label = 2", "1"));
    sample_free(b.s);
}

TEST(an_operator_lowers_a_label_and_that_is_said_before_it_counts)
{
    struct bench b = bench_new();
    char why[256] = "";
    REQUIRE(begin(&b));
    struct conversation of = turn(&b, S("two"), false, LABEL_RESTRICTED);
    ledger_write(b.w, &b.s->call, &b.s->fleet);
    end(&b);
    struct lowering w = {.label = LABEL_PUBLIC, .at_us = 1, .who = "olga"};
    REQUIRE(ledger_conversation_find(b.s->path, S("acme"), S("two"), w.id, why) == OK);
    CHECK(w.id[0] == of.id[0] && w.id[1] == of.id[1]);
    REQUIRE(ledger_lower(b.s->path, &w, why) == OK);
    b.refuse = true; // the decision log has no room for it now
    REQUIRE(begin(&b));
    ledger_write(b.w, &b.s->call, &b.s->fleet);
    end(&b);
    CHECK(b.lowered >= 1);
    b.refuse = false;
    REQUIRE(begin(&b));
    CHECK(turn(&b, S("two"), true, LABEL_PUBLIC).label == LABEL_RESTRICTED);
    ledger_write(b.w, &b.s->call, &b.s->fleet);
    end(&b);
    REQUIRE(begin(&b));
    CHECK(turn(&b, S("two"), true, LABEL_PUBLIC).label == LABEL_PUBLIC);
    end(&b);
    CHECK(sample_says(b.s->path, "SELECT count(taken_us) FROM lowering", "1"));
    sample_free(b.s);
}

TEST(without_a_file_conversations_live_as_long_as_weir)
{
    struct bench b = bench_new();
    b.settings.path = STR_NONE;
    REQUIRE(begin(&b));
    CHECK(ledger_remembers(b.l));
    (void)turn(&b, S("two"), false, LABEL_RESTRICTED);
    CHECK(turn(&b, S("two"), true, LABEL_PUBLIC).label == LABEL_RESTRICTED);
    end(&b);
    b.conversations.on = false;
    REQUIRE(begin(&b));
    CHECK(!ledger_remembers(b.l));
    end(&b);
    sample_free(b.s);
}

TEST(a_new_file_in_the_place_of_the_old_one_gets_all_that_is_known)
{
    struct bench b = bench_new();
    char old[128], rises[128], why[256] = "";
    uint64_t id[2];
    REQUIRE(begin(&b));
    struct conversation of = turn(&b, S("two"), false, LABEL_RESTRICTED);
    ledger_write(b.w, &b.s->call, &b.s->fleet);
    ledger_writer_tick(b.w);
    REQUIRE(sample_metric(METRIC_ledger_queue, 0, 0));
    snprintf(old, sizeof old, "%s.old", b.s->path);
    snprintf(rises, sizeof rises, "%s-rises", b.s->path);
    REQUIRE(rename(b.s->path, old) == 0);
    ledger_write(b.w, &b.s->call, &b.s->fleet);
    end(&b);
    REQUIRE(ledger_conversation_find(b.s->path, S("acme"), S("two"), id, why) == OK);
    CHECK(id[0] == of.id[0]);
    CHECK(sample_says(b.s->path, "SELECT count(*) FROM conversation WHERE label = 2", "1"));
    REQUIRE(unlink(rises) == 0 && begin(&b));
    CHECK(turn(&b, S("two"), true, LABEL_PUBLIC).label == LABEL_RESTRICTED);
    end(&b);
    sample_free(b.s);
}

static void list(void *arg, const struct conversation_row *r)
{
    unsigned *count = arg;
    *count += strlen(r->id) == 32 && r->named && r->turns == 1;
}

TEST(they_can_be_listed_and_no_name_stands_in_the_file)
{
    struct bench b = bench_new();
    unsigned count = 0;
    char why[256] = "";
    REQUIRE(begin(&b));
    (void)turn(&b, S("a-name-to-be-found"), false, LABEL_PUBLIC);
    end(&b);
    REQUIRE(ledger_conversations_each(b.s->path, list, &count, why) == OK);
    CHECK(count == 1);
    struct buf file;
    buf_init(&file, 4 * 1024 * 1024);
    FILE *f = fopen(b.s->path, "rb");
    REQUIRE(f);
    buf_grew(&file, fread(buf_room(&file, 1024 * 1024), 1, 1024 * 1024, f));
    fclose(f);
    CHECK(file.n > 4096 && str_find(buf_str(&file), S("a-name-to")) == SIZE_MAX);
    buf_done(&file);
    CHECK(ledger_conversations_each("/tmp/weir-there-is-no-such-file", list, &count, why) != OK);
    CHECK(strstr(why, "no such file"));
    sample_free(b.s);
}
