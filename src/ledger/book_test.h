// book_test.h: for the ledger's tests: a call to write, a file of its own for each test, and
// numbers and texts read back from it over a second connection.
#ifndef LEDGER_BOOK_TEST_H
#define LEDGER_BOOK_TEST_H
#include "base/time.h"
#include "ledger/ledger.h"
#include <sched.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

// A folder with a ledger in it.
struct book {
    char folder[64], path[96];
};

static inline struct book book_new(void)
{
    struct book b = {.folder = "/tmp/weir-ledger-XXXXXX"};
    must(mkdtemp(b.folder));
    snprintf(b.path, sizeof b.path, "%s/weir.db", b.folder);
    return b;
}

static inline void book_free(struct book *b)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".old"};
    char name[128];
    for (size_t i = 0; i < countof(ends); i++) {
        snprintf(name, sizeof name, "%s%s", b->path, ends[i]);
        unlink(name);
    }
    rmdir(b->folder);
}

static inline struct ledger_settings book_settings(const struct book *b)
{
    return (struct ledger_settings){.path = str_c(b->path), .batch = 10, .queue = 65536};
}

// First column of the first row, as text ("NULL" for NULL, "" where there is no row or no table).
static inline const char *book_text(const char *path, const char *sql)
{
    static char got[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    got[0] = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        snprintf(got, sizeof got, "%s", text ? text : "NULL");
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return got;
}

static inline bool book_says(const char *path, const char *sql, const char *want)
{
    const char *got = book_text(path, sql);
    if (strcmp(got, want) == 0)
        return true;
    printf("%s\n  gave: %s\n  want: %s\n", sql, got, want);
    return false;
}

// Gives way to other threads until a metric has the value; false after ten seconds.
static inline bool book_reached(enum metric id, unsigned slot, int64_t value)
{
    for (int64_t end = time_mono_us() + 10000000; time_mono_us() < end; sched_yield())
        if (metrics_total(id, slot) == value)
            return true;
    return false;
}

static struct target book_targets[] = {
    {.name = {"near", 4}, .zone = 0},
    {.name = {"far", 3}, .zone = 1},
    {.name = {"spare", 5}, .zone = 1},
};
static const struct fleet book_fleet = {
    .zones = {{.name = {"local", 5}, .local = true}, {.name = {"cloud", 5}}},
    .zone_count = 2,
    .targets = book_targets,
    .target_count = 3,
};

// A call that was served by `far`, after `near` had been tried.
static inline void book_call(struct call *c)
{
    static const char email[] = "EMAIL", iban[] = "IBAN"; // one type is one pointer
    static struct finding findings[] = {{.type = email}, {.type = iban}, {.type = email}};
    memset(c, 0, sizeof *c);
    memcpy(c->id.c, "01HF7YAT00970FXKN37ADNJ4H9", ID_CHARS);
    c->start_us = 1700000000000000;
    c->first_byte_us = c->start_us + 500;
    c->last_byte_us = c->start_us + 900;
    c->dialect = S("openai_chat");
    c->client_model = S("gpt-4o-mini");
    c->tenant = S("acme");
    c->screening = (struct screening){findings, 3, false, LABEL_INTERNAL};
    c->label = LABEL_INTERNAL;
    c->judgement.task = (enum task)1;
    c->judgement.task_p[1] = 0.75f;
    c->judgement.p_local_ok = 0.25f;
    c->plan.count = 2;
    c->plan.rows[0] = (struct plan_row){.target = 0, .why = "it is free"};
    c->plan.rows[1] = (struct plan_row){.target = 1, .why = "it says \"well\""};
    c->plan.out_count = 1;
    c->plan.out[0] = (struct plan_row){.target = 2, .filter = "health", .why = "it is down"};
    snprintf(c->plan.reason, sizeof c->plan.reason, "routine work: local");
    c->tries[0] = (struct try){.target = 0, .err = ERR_UPSTREAM_TIMEOUT, .start_us = 11};
    c->tries[1] = (struct try){1, OK, 200, true, 21, 22, 23, 24};
    c->try_count = 2;
    c->served_by = 1;
    c->status = 200;
    c->ended_at = STEP_RECORD;
    c->usage = (struct usage){8, 4, -1, 6, 0, true, false};
    c->usage_raw = S("{\"total_tokens\":18}");
    c->finish = S("stop");
    c->answer_model = S("gpt-4o-mini-2024-07-18");
    c->bytes_in = 100;
    c->bytes_out = 200;
    c->events = 3;
}
#endif
