// sample_test.h: for the ledger's tests: a fleet, a call that went well, a folder, a query.
#ifndef LEDGER_SAMPLE_TEST_H
#define LEDGER_SAMPLE_TEST_H
#include "base/mem.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include <sched.h>
#include <sqlite3.h>
#include <unistd.h>

struct sample {
    struct target targets[2];
    struct fleet fleet;
    struct id_maker ids;
    struct call call;
    struct plan_row out[TARGET_MAX];
    char folder[64], path[96];
};

// near (local) serves; far (cloud) is ruled out.
static inline struct sample *sample_new(void)
{
    struct sample *s = mem_new(sizeof *s);
    s->targets[0] = (struct target){.name = S("near"), .zone = 0};
    s->targets[1] = (struct target){.name = S("far"), .zone = 1};
    s->fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_PUBLIC, false}},
        .zone_count = 2,
        .targets = s->targets,
        .target_count = 2};
    struct call *c = &s->call;
    c->start_us = 1764000000000000;
    c->first_byte_us = c->start_us + 2000;
    c->last_byte_us = c->start_us + 90000;
    c->id = id_make(&s->ids, c->start_us);
    c->dialect = S("openai_chat");
    c->client_model = S("auto");
    c->tenant = S("acme");
    c->label = LABEL_INTERNAL;
    c->judgement.task = TASK_SUMMARISE;
    c->judgement.task_p[TASK_SUMMARISE] = 0.93F;
    c->judgement.p_local_ok = 0.81F;
    c->plan.count = 1;
    c->plan.rows[0] = (struct plan_row){.target = 0, .why = "routine work is done locally"};
    c->plan.out = s->out;
    c->plan.out_count = 1;
    c->plan.out[0] = (struct plan_row){.target = 1, .filter = "zone", .why = "may see \"public\""};
    str_copy_to(c->plan.reason, sizeof c->plan.reason, S("summarise is routine: near"));
    c->tries[0] = (struct try){.target = 0,
                               .status = 200,
                               .reused = true,
                               .start_us = c->start_us + 100,
                               .connected_us = c->start_us + 110,
                               .first_byte_us = c->start_us + 1900,
                               .last_byte_us = c->start_us + 89000};
    c->try_count = 1;
    c->served_by = 0;
    c->status = 200;
    c->ended_at = STEP_RECORD;
    c->usage = (struct usage){8, 4, -1, 6, 0, true, false};
    c->usage_raw = S("{\"prompt_tokens\":12,\"completion_tokens\":6}");
    c->finish = S("stop");
    c->answer_model = S("qwen2.5-coder");
    c->bytes_in = 612;
    c->bytes_out = 4411;
    c->events = 9;
    snprintf(s->folder, sizeof s->folder, "/tmp/weir-ledger.XXXXXX");
    must(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/weir.db", s->folder);
    return s;
}

static inline void sample_free(struct sample *s)
{
    static const char *const ends[] = {"",         "-wal",     "-shm",  ".old",
                                       ".old-wal", ".old-shm", "-rises"};
    char name[128];
    for (unsigned i = 0; i < countof(ends); i++) {
        snprintf(name, sizeof name, "%s%s", s->path, ends[i]);
        unlink(name);
    }
    must(rmdir(s->folder) == 0); // nothing else was left there
    mem_free(s);
}

static inline struct ledger_settings sample_settings(const struct sample *s)
{
    return (struct ledger_settings){.path = str_c(s->path), .batch = 20, .queue = 65536};
}

// First column of the first row as text, in a connection of its own; "" where there is none.
static inline const char *sample_ask(const char *path, const char *sql)
{
    static char answer[8192];
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    answer[0] = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 5000);
        if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
            snprintf(answer, sizeof answer, "error: %s", sqlite3_errmsg(db));
        else if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
            snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(q, 0));
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return answer;
}

static inline bool sample_says(const char *path, const char *sql, const char *wanted)
{
    const char *got = sample_ask(path, sql);
    bool same = strcmp(got, wanted) == 0;
    if (!same)
        printf("%s gave: %s\n", sql, got);
    return same;
}

// Until a metric's total is as wanted, ten seconds at most.
static inline bool sample_metric(enum metric id, unsigned slot, int64_t wanted)
{
    int64_t end_us = time_mono_us() + 10 * 1000000;
    while (metrics_total(id, slot) != wanted && time_mono_us() < end_us)
        sched_yield();
    return metrics_total(id, slot) == wanted;
}
#endif
