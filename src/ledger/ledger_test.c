// ledger_test.c: from a call to its rows, and what must not be lost on the way.
#include "ledger/inner.h"
#include "ledger/ledger.h"
#include "ledger/sample_test.h"
#include "tests/unit.h"
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct ledger *opened(const struct sample *s)
{
    struct ledger_settings settings = sample_settings(s);
    struct ledger *l = NULL;
    char why[256] = "";
    if (!CHECK(ledger_open(&(struct ledger_start){.settings = &settings}, &l, why) == OK))
        printf("said: %s\n", why);
    return l;
}

static void write_calls(struct ledger *l, struct sample *s, unsigned n)
{
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    for (unsigned i = 0; i < n; i++) {
        s->call.id = id_make(&s->ids, s->call.start_us);
        ledger_write(w, &s->call, &s->fleet);
    }
    ledger_writer_free(w);
}

TEST(a_call_is_one_readable_entry_and_one_try)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    s->call.want_zone = S("local");
    write_calls(l, s, 1);
    ledger_close(l);
    CHECK(sample_says(s->path,
                      "SELECT concat FROM (SELECT tenant || '|' || dialect || '|' || client_model"
                      " || '|' || task || '|' || task_p || '|' || p_local_ok || '|' || label || '|'"
                      " || step || '|' || status || '|' || target || '|' || zone || '|' || reason"
                      " AS concat FROM entry)",
                      "acme|openai_chat|auto|summarise|0.93|0.81|internal|record|200|near|local|"
                      "summarise is routine: near"));
    CHECK(sample_says(s->path,
                      "SELECT input_uncached || ' ' || input_cached || ' ' ||"
                      " coalesce(input_written, '-') || ' ' || output || ' ' || reasoning || ' '"
                      " || usage_source || ' ' || usage_raw || ' ' || finish || ' ' ||"
                      " answer_model FROM entry",
                      "8 4 - 6 0 reported {\"prompt_tokens\":12,\"completion_tokens\":6} stop "
                      "qwen2.5-coder"));
    CHECK(sample_says(s->path,
                      "SELECT bytes_in || ' ' || bytes_out || ' ' || events || ' ' ||"
                      " first_byte_ms || ' ' || last_byte_ms || ' ' || want_zone || ' ' ||"
                      " coalesce(want_label, '-') || coalesce(err, '-') FROM entries",
                      "612 4411 9 2.0 90.0 local --"));
    CHECK(
        sample_says(s->path, "SELECT json_extract(plan, '$.out[0].filter') FROM entries", "zone"));
    CHECK(sample_says(s->path,
                      "SELECT n || target || zone || status || reused || coalesce(err, '-') ||"
                      " start_ms || '|' || last_byte_ms FROM tries",
                      "1nearlocal2001-0.1|89.0"));
    CHECK(sample_says(s->path, "SELECT id FROM tries", s->call.id.c));
    sample_free(s);
}

TEST(absent_zero_and_estimated_are_told_apart)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    s->call.usage = (struct usage){0, -1, -1, 0, -1, true, false};
    write_calls(l, s, 1);
    s->call.usage = (struct usage){7, -1, -1, 3, -1, false, true};
    write_calls(l, s, 1);
    s->call.usage = USAGE_NONE;
    write_calls(l, s, 1);
    ledger_close(l);
    CHECK(sample_says(s->path,
                      "SELECT group_concat(usage_source || coalesce(output, 'none')) FROM entry",
                      "reported0,estimated3,absentnone"));
    sample_free(s);
}

TEST(weirs_own_calls_are_told_from_clients)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    for (unsigned k = 0; k < 3; k++) {
        s->call.kind = (enum call_kind)k;
        write_calls(l, s, 2);
    }
    ledger_close(l);
    CHECK(sample_says(s->path, "SELECT group_concat(kind) FROM entry",
                      "client,client,shadow,shadow,judge,judge"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entries WHERE kind <> 'client'", "4"));
    sample_free(s);
}

TEST(every_try_has_a_row_and_the_next_start_goes_on_counting)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    s->call.try_count = 2;
    s->call.tries[1] = s->call.tries[0];
    s->call.tries[0] =
        (struct try){.target = 1, .err = ERR_UPSTREAM_REFUSED, .input = 12, .output = 5};
    write_calls(l, s, 3);
    ledger_close(l);
    REQUIRE((l = opened(s)) != NULL);
    s->call.try_count = 0;
    write_calls(l, s, 1);
    ledger_close(l);
    CHECK(sample_says(s->path, "SELECT group_concat(n || ':' || tries) FROM entries",
                      "1:2,2:2,3:2,4:0"));
    CHECK(sample_says(s->path,
                      "SELECT group_concat(target || coalesce(err, '') || coalesce(status, '-'))"
                      " FROM tries WHERE id = (SELECT id FROM entry WHERE n = 3)",
                      "farUPSTREAM_REFUSED-,near200"));
    CHECK(sample_says(s->path,
                      "SELECT group_concat(coalesce(input, '-') || '/' || coalesce(output, '-'))"
                      " FROM tries WHERE id = (SELECT id FROM entry WHERE n = 3)",
                      "12/5,-/-"));
    CHECK(sample_says(s->path, "SELECT group_concat(k || '=' || entry || '.' || n) FROM try",
                      "17=1.1,18=1.2,33=2.1,34=2.2,49=3.1,50=3.2"));
    sample_free(s);
}

TEST(what_one_entry_has_does_not_show_in_the_next)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    static const char *const whys[] = {"a", "b", "b", "c", "b", "a", "d"};
    for (unsigned i = 0; i < countof(whys); i++) {
        str_copy_to(s->call.plan.rows[0].why, 112, str_c(whys[i]));
        s->call.tenant = i % 2 ? STR_NONE : str_c(whys[i]);
        s->call.err = i % 3 ? OK : ERR_UPSTREAM_CUT;
        s->call.judgement.task = i % 4 ? TASK_CODE : TASK_UNKNOWN;
        s->call.events = i / 2;
        ledger_write(w, &s->call, &s->fleet);
    }
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(sample_says(s->path,
                      "SELECT group_concat(json_extract(plan, '$.targets[0].why') ||"
                      " coalesce(tenant, '-') || coalesce(substr(err, 10), '-') || task ||"
                      " coalesce(task_p, '-') || events, ' ') FROM entries",
                      "aaCUTunknown-0 b--code0.00 bb-code0.01 c-CUTcode0.01 bb-unknown-2 "
                      "a--code0.02 ddCUTcode0.03"));
    sample_free(s);
}

struct crowd {
    struct ledger *ledger;
    const struct sample *s;
    pthread_t thread;
};
enum { CROWD = 2, EACH = 4000 };

static void *crowd_main(void *arg)
{
    struct crowd *c = arg;
    struct ledger_writer *w = ledger_writer_new(c->ledger, metrics_new());
    struct id_maker ids = {0};
    struct call *call = mem_new(sizeof *call);
    *call = c->s->call;
    for (unsigned i = 0; i < EACH; i++) {
        call->id = id_make(&ids, call->start_us + i * 1000);
        snprintf(call->plan.reason, sizeof call->plan.reason, "reason %u", i % 7);
        snprintf(call->plan.rows[0].why, sizeof call->plan.rows[0].why, "why %u", i % 5);
        ledger_write(w, call, &c->s->fleet);
        if (i % 100 == 0)
            ledger_writer_tick(w);
    }
    mem_free(call);
    ledger_writer_free(w);
    return NULL;
}

TEST(two_writers_and_the_thread_lose_nothing)
{
    struct sample *s = sample_new();
    struct crowd crowd[CROWD];
    struct ledger *l = opened(s);
    REQUIRE(l);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    for (unsigned i = 0; i < CROWD; i++) {
        crowd[i] = (struct crowd){.ledger = l, .s = s};
        REQUIRE(pthread_create(&crowd[i].thread, NULL, crowd_main, &crowd[i]) == 0);
    }
    for (unsigned i = 0; i < CROWD; i++)
        pthread_join(crowd[i].thread, NULL);
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN) - written == CROWD * EACH);
    CHECK(metrics_total(METRIC_ledger_queue, 0) == 0);
    CHECK(
        sample_says(s->path, "SELECT count(DISTINCT id) || ' ' || max(n) FROM entry", "8000 8000"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM try", "8000"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM plan", "5"));
    CHECK(sample_says(s->path, "SELECT count(DISTINCT plan) FROM entries", "5"));
    CHECK(sample_says(s->path, "PRAGMA integrity_check", "ok"));
    sample_free(s);
}

static bool file_has(const char *path, const char *word)
{
    static char bytes[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    must(n < sizeof bytes);
    return memmem(bytes, n, word, strlen(word)) != NULL;
}

TEST(no_text_of_the_ask_reaches_the_file)
{
    struct sample *s = sample_new();
    char wal[128];
    struct part parts[1] = {{.kind = PART_TEXT, .role = ROLE_USER, .span = {0, 36}}};
    struct finding found[1] = {{.type = "EMAIL", .start = 7, .end = 20, .score = 1}};
    s->call.ask = (struct ask){.body = S("Canary, canary@song.example, sings."),
                               .model = S("auto"),
                               .parts = parts,
                               .part_count = 1};
    s->call.screening = (struct screening){.findings = found, .finding_count = 1};
    struct ledger *l = opened(s);
    REQUIRE(l);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    write_calls(l, s, 5);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 5));
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    CHECK(file_has(wal, "EMAIL:1") && file_has(wal, s->call.id.c)); // one looks in the right place
    CHECK(!file_has(wal, "anary") && !file_has(s->path, "anary"));
    ledger_close(l);
    CHECK(file_has(s->path, "EMAIL:1") && !file_has(s->path, "anary"));
    sample_free(s);
}

TEST(a_full_queue_loses_the_newest_and_counts_them)
{
    struct sample *s = sample_new();
    struct ledger_settings settings = sample_settings(s);
    struct ledger *l = NULL;
    char why[256];
    settings.queue = 64;
    settings.batch = 60000; // nothing is written meanwhile: only the first batch goes at once
    REQUIRE(ledger_open(&(struct ledger_start){.settings = &settings}, &l, why) == OK);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    int64_t lost = metrics_total(METRIC_ledger_entries, LEDGER_LOST);
    write_calls(l, s, 1);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 1));
    CHECK(sample_metric(METRIC_ledger_queue, 0, 0));
    write_calls(l, s, 40);
    write_calls(l, s, 40);
    write_calls(l, s, 10);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_LOST) - lost == 26);
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN) - written == 65);
    CHECK(sample_says(s->path, "SELECT count(*) FROM entry", "65"));
    sample_free(s);
}

// The kernel refuses to let any file grow: what a full disk looks like, on every machine.
static struct rlimit before_full;
static void fill_disk(const struct sample *s)
{
    struct stat at;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", s->path);
    must(stat(wal, &at) == 0 && getrlimit(RLIMIT_FSIZE, &before_full) == 0);
    struct rlimit full = {(rlim_t)at.st_size, before_full.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    must(setrlimit(RLIMIT_FSIZE, &full) == 0);
}

static void empty_disk(void)
{
    must(setrlimit(RLIMIT_FSIZE, &before_full) == 0);
    signal(SIGXFSZ, SIG_DFL);
}

static void retry_soon(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    l->retry_us = 5000;
    pthread_mutex_unlock(&l->lock);
}

TEST(a_full_disk_is_loud_and_what_waited_is_written_when_there_is_room)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    retry_soon(l);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    int64_t lost = metrics_total(METRIC_ledger_entries, LEDGER_LOST);
    write_calls(l, s, 10);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 10));
    fill_disk(s);
    write_calls(l, s, 1000);
    CHECK(sample_metric(METRIC_ledger_disk_failing, 0, 1));
    CHECK(sample_metric(METRIC_ledger_queue, 0, 1000));
    write_calls(l, s, 500);
    CHECK(sample_metric(METRIC_ledger_queue, 0, 1500)); // it goes on trying
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN) == written + 10);
    empty_disk();
    CHECK(sample_metric(METRIC_ledger_disk_failing, 0, 0));
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 1510));
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_LOST) == lost);
    CHECK(sample_says(s->path, "SELECT count(*) || ' ' || max(n) FROM entry", "1510 1510"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entries WHERE plan IS NULL", "0"));
    CHECK(sample_says(s->path, "PRAGMA integrity_check", "ok"));
    sample_free(s);
}

TEST(a_disk_that_refuses_to_the_end_makes_losses_not_a_hang)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    int64_t lost = metrics_total(METRIC_ledger_entries, LEDGER_LOST);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    write_calls(l, s, 10);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 10));
    fill_disk(s);
    write_calls(l, s, 3000);
    ledger_close(l);
    empty_disk();
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_LOST) - lost == 3000);
    CHECK(metrics_total(METRIC_ledger_disk_failing, 0) == 0);
    CHECK(metrics_total(METRIC_ledger_queue, 0) == 0);
    CHECK(sample_says(s->path, "SELECT count(*) FROM entry", "10"));
    sample_free(s);
}

TEST(a_file_that_is_moved_away_is_whole_and_a_new_one_begins)
{
    struct sample *s = sample_new();
    char old[128];
    struct ledger *l = opened(s);
    REQUIRE(l);
    int64_t written = metrics_total(METRIC_ledger_entries, LEDGER_WRITTEN);
    write_calls(l, s, 7);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 7));
    snprintf(old, sizeof old, "%s.old", s->path);
    CHECK(rename(s->path, old) == 0);
    write_calls(l, s, 3);
    CHECK(sample_metric(METRIC_ledger_entries, LEDGER_WRITTEN, written + 10));
    CHECK(unlink(s->path) == 0); // and deleted: the same
    write_calls(l, s, 2);
    ledger_close(l);
    CHECK(sample_says(old, "SELECT count(*) FROM entries", "7"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM entries", "2"));
    sample_free(s);
}

TEST(a_table_that_was_dropped_is_a_refusing_disk)
{
    struct sample *s = sample_new();
    struct ledger *l = opened(s);
    REQUIRE(l);
    retry_soon(l);
    CHECK(sample_says(s->path, "DROP TABLE entry_row", ""));
    write_calls(l, s, 1);
    CHECK(sample_metric(METRIC_ledger_disk_failing, 0, 1));
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_disk_failing, 0) == 0);
    sample_free(s);
}

TEST(old_entries_go_behind_a_batch_and_what_is_kept_for_ever_stays)
{
    struct sample *s = sample_new();
    struct ledger_settings settings = sample_settings(s);
    struct ledger *l = NULL;
    char why[256];
    s->call.start_us = time_wall_us() - (int64_t)3 * 24 * 3600 * 1000000;
    for (settings.keep = 0; settings.keep <= 2; settings.keep += 2) {
        REQUIRE(ledger_open(&(struct ledger_start){.settings = &settings}, &l, why) == OK);
        write_calls(l, s, 5);
        s->call.start_us = time_wall_us();
        write_calls(l, s, 1);
        ledger_close(l);
        CHECK(sample_says(s->path, "SELECT count(*) || '-' || max(n) FROM entry",
                          settings.keep ? "7-12" : "6-6"));
    }
    sample_free(s);
}

TEST(without_a_path_nothing_is_kept)
{
    struct sample *s = sample_new();
    struct ledger_settings settings = sample_settings(s);
    struct ledger *l = NULL;
    char why[256];
    settings.path = STR_NONE;
    int64_t unkept = metrics_total(METRIC_ledger_entries, LEDGER_UNKEPT);
    int64_t lost = metrics_total(METRIC_ledger_entries, LEDGER_LOST);
    REQUIRE(ledger_open(&(struct ledger_start){.settings = &settings}, &l, why) == OK);
    write_calls(l, s, 3);
    ledger_close(l);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_LOST) == lost);
    CHECK(metrics_total(METRIC_ledger_entries, LEDGER_UNKEPT) - unkept == 3);
    CHECK(access(s->path, F_OK) != 0);
    sample_free(s);
}

// --- kill -9
// ----------------------------------------------------------------------------------------

enum { WINDOW_MS = 50, RUN_MS = 1000, SLACK_MS = 600 };

// Asked by a byte, it writes an entry where the last one is a millisecond old (fewer than are
// written before their time), and answers 'w', or 'n' where it did not. Ticks as a worker does.
static _Noreturn void child(struct sample *s, int in, int out)
{
    struct ledger_settings settings = sample_settings(s);
    struct ledger *l = NULL;
    char why[256], byte;
    settings.batch = WINDOW_MS;
    if (ledger_open(&(struct ledger_start){.settings = &settings}, &l, why) != OK)
        _exit(1);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t ticked_us = 0, wrote_us = 0;
    while (read(in, &byte, 1) == 1) {
        int64_t now_us = time_mono_us();
        byte = now_us - wrote_us >= 1000 ? 'w' : 'n';
        if (byte == 'w') {
            wrote_us = now_us;
            s->call.id = id_make(&s->ids, time_wall_us());
            ledger_write(w, &s->call, &s->fleet);
        }
        if (now_us - ticked_us >= WINDOW_MS * 1000 / 2) {
            ticked_us = now_us;
            ledger_writer_tick(w);
        }
        if (write(out, &byte, 1) != 1)
            _exit(2);
    }
    _exit(3);
}

// Lets the child write for a while and kills it. Counts what it wrote, and what of it is so old
// that it must be in the file.
static bool run_and_kill(struct sample *s, unsigned *ret_all, unsigned *ret_old)
{
    int to[2], from[2], status = 0;
    unsigned all = 0, old = 0;
    int64_t start_us = 0, now_us = 0;
    char byte = '?';
    must(pipe(to) == 0 && pipe(from) == 0);
    pid_t pid = fork();
    if (pid == 0)
        child(s, to[0], from[1]);
    while (now_us - start_us < RUN_MS * 1000 || start_us == 0) {
        struct pollfd ready = {.fd = from[0], .events = POLLIN};
        if (write(to[1], &byte, 1) != 1 || poll(&ready, 1, 10000) != 1 ||
            read(from[0], &byte, 1) != 1)
            break;
        now_us = time_mono_us();
        if (start_us == 0)
            start_us = now_us; // its file is made
        all += byte == 'w';
        if (now_us - start_us < (RUN_MS - WINDOW_MS - SLACK_MS) * 1000)
            old = all;
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(to[0]), close(to[1]), close(from[0]), close(from[1]);
    *ret_all = all;
    *ret_old = old;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST(kill_9_loses_no_more_than_the_batch_window)
{
    struct sample *s = sample_new();
    unsigned all = 0, old = 0;
    CHECK(run_and_kill(s, &all, &old));
    CHECK(sample_says(s->path, "PRAGMA integrity_check", "ok"));
    unsigned there = (unsigned)strtoul(sample_ask(s->path, "SELECT count(*) FROM entry"), NULL, 10);
    if (!CHECK(old > 100 && all < EARLY && there >= old && there <= all + 1))
        printf("%u written, %u of them old, %u in the file\n", all, old, there);
    CHECK(sample_says(s->path, "SELECT (SELECT count(*) FROM entry) - (SELECT count(*) FROM try)",
                      "0"));
    struct ledger *l = opened(s); // and it goes on
    REQUIRE(l);
    write_calls(l, s, 1);
    ledger_close(l);
    CHECK((unsigned)strtoul(sample_ask(s->path, "SELECT max(n) FROM entry"), NULL, 10) ==
          there + 1);
    sample_free(s);
}

TEST(the_settings_have_their_defaults)
{
    struct ledger_settings s;
    conf_defaults(&s, &ledger_setting_table);
    CHECK(str_eq(s.path, S("weir.db")) && s.batch == 200 && s.queue == 65536 && s.keep == 400);
    CHECK(str_eq(s.require_key, S("auto")));
}
