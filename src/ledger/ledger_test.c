// ledger_test.c: what an entry says, what survives a kill, and what the ledger does when it cannot
// write.
#include "ledger/pack.h"
#include "ledger/schema.h"
#include "tests/unit.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char folder[64], path[96];
};

static struct place make_place(void)
{
    struct place p;
    str_copy_to(p.folder, sizeof p.folder, S("/tmp/weir-ledger-XXXXXX"));
    CHECK(mkdtemp(p.folder) != NULL);
    snprintf(p.path, sizeof p.path, "%s/l.db", p.folder);
    return p;
}

static void remove_place(const struct place *p)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[128];
    for (size_t i = 0; i < countof(tails); i++) {
        snprintf(name, sizeof name, "%s%s", p->path, tails[i]);
        (void)unlink(name);
    }
    (void)rmdir(p->folder);
}

static struct fleet fleet(void)
{
    static struct target targets[] = {{.name = S("near"), .zone = 0},
                                      {.name = S("far"), .zone = 1}};
    return (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
        .zone_count = 2,
        .targets = targets,
        .target_count = 2};
}

static void fill_call(struct call *c, unsigned n)
{
    static struct finding finding = {.type = "EMAIL", .score = 1};
    memset(c, 0, sizeof *c);
    snprintf(c->id.c, sizeof c->id.c, "%026u", n);
    c->start_us = 1000 + n;
    c->client_model = S("auto");
    c->dialect = S("openai_chat");
    c->ask.body = S("CANARY-text-of-the-request");
    c->screening =
        (struct screening){.findings = &finding, .finding_count = 1, .label = LABEL_INTERNAL};
    c->label = LABEL_INTERNAL;
    c->judgement.task = TASK_MATH;
    c->judgement.task_p[TASK_MATH] = 0.5f;
    c->plan.count = 1;
    c->plan.rows[0].target = 1;
    str_copy_to(c->plan.rows[0].why, sizeof c->plan.rows[0].why, S("may serve it"));
    str_copy_to(c->plan.reason, sizeof c->plan.reason, S("math is hard work: cloud"));
    c->tries[0] = (struct try){.target = 0, .err = ERR_RATE_LIMITED, .status = 429, .start_us = 5};
    c->tries[1] = (struct try){.target = 1, .status = 200, .start_us = 6, .reused = true};
    c->try_count = 2;
    c->served_by = 1;
    c->status = 200;
    c->usage = (struct usage){10, 0, -1, 5, -1, true, false};
    c->usage_raw = S("{\"prompt_tokens\":10}");
    c->finish = S("stop");
}

static struct ledger_settings settings(const char *path)
{
    return (struct ledger_settings){.path = str_c(path), .batch = 20, .queue = 1000};
}

static void write_some(struct ledger *l, unsigned count)
{
    static struct call c;
    struct fleet f = fleet();
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    for (unsigned i = 0; i < count; i++) {
        fill_call(&c, i);
        ledger_write(w, &c, &f);
    }
    ledger_writer_free(w);
}

// The first column of the first row, as text; "" for NULL or none.
static void ask_db(const char *path, const char *sql, char *dst, size_t cap)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    dst[0] = 0;
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        str_copy_to(dst, cap, str_c((const char *)sqlite3_column_text(q, 0)));
    sqlite3_finalize(q);
    sqlite3_close(db);
}

static bool db_says(const char *path, const char *sql, const char *want)
{
    char got[512];
    ask_db(path, sql, got, sizeof got);
    if (strcmp(got, want) != 0)
        printf("  %s: '%s'\n", sql, got);
    return strcmp(got, want) == 0;
}

TEST(an_entry_and_its_tries_read_back_in_words)
{
    struct place p = make_place();
    struct ledger_settings s = settings(p.path);
    struct ledger *l;
    char why[256];
    REQUIRE(ledger_open(&s, &l, why) == OK);
    write_some(l, 300);
    ledger_close(l);
    CHECK(db_says(p.path, "SELECT count(*) FROM entry", "300"));
    CHECK(db_says(p.path, "SELECT count(*) FROM try", "600"));
    CHECK(db_says(p.path,
                  "SELECT task||label||target||zone||step||status||findings||finish FROM entries",
                  "mathinternalfarcloudrecord200EMAIL:1stop"));
    CHECK(db_says(p.path, "SELECT usage_source||input_uncached||input_cached||output FROM entries",
                  "reported1005"));
    CHECK(db_says(p.path,
                  "SELECT count(*) FROM entries WHERE input_written IS NULL AND reasoning IS NULL",
                  "300"));
    CHECK(db_says(
        p.path,
        "SELECT json_extract(plan,'$.plan[0].target')||json_extract(plan,'$.reason') FROM entries",
        "farmath is hard work: cloud"));
    CHECK(db_says(p.path,
                  "SELECT group_concat(target||err||status||reused) FROM (SELECT * FROM tries "
                  "WHERE id LIKE '%0007' ORDER BY n)",
                  "nearRATE_LIMITED4290,farOK2001"));
    CHECK(db_says(p.path, "SELECT count(*) FROM plan", "1"));
    remove_place(&p);
}

TEST(no_text_of_a_request_reaches_the_file)
{
    struct place p = make_place();
    struct ledger_settings s = settings(p.path);
    struct ledger *l;
    struct buf b;
    char why[256];
    REQUIRE(ledger_open(&s, &l, why) == OK);
    write_some(l, 3);
    ledger_close(l);
    buf_init(&b, 1 << 24);
    FILE *f = fopen(p.path, "rb");
    REQUIRE(f);
    buf_grew(&b, fread(buf_room(&b, 1 << 20), 1, 1 << 20, f));
    (void)fclose(f);
    CHECK(b.n > 4096 && str_find(buf_str(&b), S("CANARY")) == SIZE_MAX);
    buf_done(&b);
    remove_place(&p);
}

TEST(a_kill_loses_at_most_the_batch_window)
{
    struct place p = make_place();
    int pipes[2];
    char byte;
    REQUIRE(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct ledger_settings s = settings(p.path);
        struct ledger *l;
        char why[256], got[32] = "";
        if (ledger_open(&s, &l, why) != OK)
            _exit(1);
        write_some(l, 50);
        while (strcmp(got, "50") != 0) // the batch was written
            ask_db(p.path, "SELECT count(*) FROM entry", got, sizeof got);
        (void)!write(pipes[1], "x", 1);
        for (;;)
            pause();
    }
    CHECK(read(pipes[0], &byte, 1) == 1);
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(db_says(p.path, "PRAGMA integrity_check", "ok"));
    CHECK(db_says(p.path, "SELECT count(*) FROM entry", "50"));
    close(pipes[0]);
    close(pipes[1]);
    remove_place(&p);
}

TEST(files_that_are_no_ledger_or_too_new_are_refused_with_advice)
{
    struct place p = make_place();
    struct ledger_settings s = settings(p.path);
    struct ledger *l = NULL;
    char why[256] = "";
    sqlite3 *db;
    REQUIRE(sqlite3_open(p.path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
    CHECK(ledger_open(&s, &l, why) == ERR_BAD_FILE && strstr(why, "newer"));
    FILE *f = fopen(p.path, "wb");
    REQUIRE(f);
    for (int i = 0; i < 2000; i++)
        fputs("this is no database ", f);
    (void)fclose(f);
    CHECK(ledger_open(&s, &l, why) == ERR_BAD_FILE && strstr(why, "database"));
    remove_place(&p);
    s.path = S("/nonexistent/folder/l.db");
    CHECK(ledger_open(&s, &l, why) == ERR_BAD_FILE && why[0]);
}

TEST(a_database_that_refuses_writes_loses_entries_but_no_call)
{
    struct place p = make_place();
    struct ledger_settings s = settings(p.path);
    struct ledger *l;
    sqlite3 *db;
    char why[256];
    REQUIRE(ledger_open(&s, &l, why) == OK);
    REQUIRE(sqlite3_open(p.path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "DROP TABLE try", NULL, NULL, NULL) == SQLITE_OK);
    int64_t lost = metrics_total(METRIC_ledger_entries, 1);
    write_some(l, 10);
    while (metrics_total(METRIC_ledger_disk_failing, 0) == 0)
        sched_yield();
    write_some(l, 2000); // more than the queue holds
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_entries, 1) - lost == 2010);
    sqlite3_close(db);
    remove_place(&p);
}

TEST(without_a_path_nothing_is_kept_and_nothing_breaks)
{
    struct ledger_settings s = settings("");
    struct ledger *l;
    char why[256];
    REQUIRE(ledger_open(&s, &l, why) == OK);
    write_some(l, 5);
    ledger_close(l);
}

TEST(tenants_are_known_by_their_keys)
{
    struct tenant rows[2] = {{.name = S("open")}, {.name = S("shop"), .has_key = true}};
    struct tenants t = {.rows = rows, .count = 2};
    const struct tenant *who = NULL;
    ledger_hash_key(S("sk-shop"), rows[1].key_hash);
    CHECK(ledger_admit(&t, S("sk-shop"), &who) == OK && who == &rows[1]);
    CHECK(ledger_admit(&t, S("sk-other"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == &rows[0]);
    t = (struct tenants){.rows = rows + 1, .count = 1, .require_key = true};
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
    t = (struct tenants){.rows = rows, .count = 1};
    CHECK(ledger_admit(&t, S("whatever a client sends"), &who) == OK && who == &rows[0]);
}
