// ledger_test.c: nothing is lost but what must be, and what is lost is counted: kill -9, a disk
// that is full, a folder that is gone, a queue that is full, many writers.
#include "base/watch_test.h"
#include "ledger/book_test.h"
#include "ledger/writer.h"
#include "tests/unit.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum { WRITTEN, LOST };

static int64_t total(unsigned outcome)
{
    return metrics_total(METRIC_ledger_entries, outcome);
}

static struct ledger *open_book(const struct book *b, int64_t queue)
{
    char why[256];
    struct ledger *l = NULL;
    struct ledger_settings s = book_settings(b);
    s.queue = queue;
    must(ledger_open(&s, &l, why) == OK);
    return l;
}

static void write_some(struct ledger_writer *w, int count)
{
    static _Thread_local struct call c;
    book_call(&c);
    for (int i = 0; i < count; i++)
        ledger_write(w, &c, &book_fleet);
    ledger_writer_tick(w);
}

TEST(kill_9_takes_nothing_that_was_written)
{
    int ends[2], status = 0;
    char word = 0;
    struct book b = book_new();
    REQUIRE(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct ledger_writer *w = ledger_writer_new(open_book(&b, 65536), metrics_new());
        int64_t before = total(WRITTEN);
        write_some(w, 500);
        word = book_reached(METRIC_ledger_entries, WRITTEN, before + 500) ? 'y' : 'n';
        write_some(w, 7); // within the batch window: may be lost
        must(write(ends[1], &word, 1) == 1);
        for (;;)
            pause();
    }
    CHECK(read(ends[0], &word, 1) == 1 && word == 'y');
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK(book_says(b.path, "PRAGMA integrity_check", "ok"));
    CHECK(book_says(b.path, "SELECT count(*) IN (500, 507) FROM entries", "1"));
    CHECK(book_says(b.path, "SELECT count(*) = 2 * (SELECT count(*) FROM entry) FROM tries", "1"));
    // and it goes on from there
    struct ledger *l = open_book(&b, 65536);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    write_some(w, 1);
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(book_says(b.path, "SELECT count(*) IN (501, 508) FROM entries", "1"));
    close(ends[0]);
    close(ends[1]);
    book_free(&b);
}

TEST(closing_writes_what_waits)
{
    struct book b = book_new();
    struct ledger *l = open_book(&b, 65536);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t before = total(WRITTEN);
    write_some(w, 3000); // more than one block
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(total(WRITTEN) == before + 3000);
    CHECK(book_says(b.path, "SELECT count(*) FROM entries", "3000"));
    book_free(&b);
}

static void *write_a_lot(void *writer)
{
    for (int i = 0; i < 20; i++)
        write_some(writer, 100);
    return NULL;
}

TEST(two_writers_at_once_lose_nothing)
{
    pthread_t threads[2];
    struct ledger_writer *w[2];
    struct book b = book_new();
    struct ledger *l = open_book(&b, 65536);
    for (int i = 0; i < 2; i++) {
        w[i] = ledger_writer_new(l, metrics_new());
        REQUIRE(pthread_create(&threads[i], NULL, write_a_lot, w[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ledger_writer_free(w[i]);
    }
    ledger_close(l);
    CHECK(book_says(b.path, "SELECT count(*) FROM entries", "4000"));
    CHECK(book_says(b.path, "SELECT count(*) FROM tries", "8000"));
    book_free(&b);
}

static struct book away; // for lose_the_folder

// The folder goes away and comes back; entries wait meanwhile.
static void lose_the_folder(void)
{
    char moved[80];
    struct ledger *l = open_book(&away, 100);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t before = total(WRITTEN), lost = total(LOST);
    write_some(w, 10);
    CHECK(book_reached(METRIC_ledger_entries, WRITTEN, before + 10));
    snprintf(moved, sizeof moved, "%s.away", away.folder);
    CHECK(rename(away.folder, moved) == 0);
    write_some(w, 60);
    CHECK(book_reached(METRIC_ledger_disk_failing, 0, 1));
    CHECK(book_reached(METRIC_ledger_queue, 0, 60));
    write_some(w, 60); // passes the queue's bound
    for (int i = 0; i < 40; i++)
        write_some(w, 1); // just fits
    CHECK(total(LOST) == lost + 60);
    CHECK(total(WRITTEN) == before + 10);
    CHECK(rename(moved, away.folder) == 0);
    CHECK(book_reached(METRIC_ledger_entries, WRITTEN, before + 110));
    CHECK(book_reached(METRIC_ledger_disk_failing, 0, 0));
    ledger_writer_free(w);
    ledger_close(l);
}

static int times(const char *text, const char *phrase)
{
    int n = 0;
    for (; (text = strstr(text, phrase)); text += strlen(phrase))
        n++;
    return n;
}

TEST(entries_wait_while_the_folder_is_gone_and_it_is_logged_once)
{
    char said[4096];
    away = book_new();
    watch_stderr(lose_the_folder, said, sizeof said);
    CHECK(times(said, "the ledger cannot be written") == 1);
    CHECK(times(said, "the ledger is written again") == 1);
    CHECK(book_says(away.path, "SELECT count(*) FROM entries", "110"));
    book_free(&away);
}

TEST(a_ledger_that_was_renamed_is_begun_anew)
{
    char old[128];
    struct book b = book_new();
    struct ledger *l = open_book(&b, 65536);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t before = total(WRITTEN);
    write_some(w, 5);
    CHECK(book_reached(METRIC_ledger_entries, WRITTEN, before + 5));
    snprintf(old, sizeof old, "%s.old", b.path);
    REQUIRE(rename(b.path, old) == 0);
    write_some(w, 3);
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(book_says(old, "SELECT count(*) FROM entries", "5"));
    CHECK(book_says(b.path, "SELECT count(*) FROM entries", "3"));
    CHECK(book_says(b.path, "SELECT client_model FROM entries", "gpt-4o-mini"));
    book_free(&b);
}

static void close_without_a_disk(void)
{
    struct ledger *l = open_book(&away, 100);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t lost = total(LOST);
    char aside[80];
    snprintf(aside, sizeof aside, "%s.aside", away.folder);
    CHECK(rename(away.folder, aside) == 0);
    write_some(w, 9);
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(total(LOST) == lost + 9);
    CHECK(rename(aside, away.folder) == 0);
}

TEST(closing_while_the_disk_refuses_ends_and_counts_what_is_lost)
{
    char said[4096];
    away = book_new();
    watch_stderr(close_without_a_disk, said, sizeof said);
    CHECK(times(said, "the ledger cannot be written") == 1);
    book_free(&away);
}

TEST(a_full_disk_keeps_nothing_of_a_batch_and_takes_it_whole_later)
{
    static struct call c;
    char why[256];
    struct table_writer *t = NULL;
    struct buf block;
    struct rlimit was, small;
    struct book b = book_new();
    book_call(&c);
    buf_init(&block, 256 * 1024);
    while (pack_call(&block, &c, &book_fleet))
        continue;
    const str all[] = {buf_str(&block), buf_str(&block)};
    REQUIRE(table_writer_new(b.path, &t, why) == OK);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &was) == 0);
    small = was;
    small.rlim_cur = 100 * 1024; // of the log: some of the batch fits
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK(!table_write(t, all, 2) && table_trouble(t)[0]);
    CHECK(!table_write(t, all, 2));
    REQUIRE(setrlimit(RLIMIT_FSIZE, &was) == 0);
    signal(SIGXFSZ, handler);
    CHECK(book_says(b.path, "SELECT count(*) FROM entry", "0"));
    CHECK(table_write(t, all, 2));
    CHECK(book_says(b.path, "SELECT count(*) > 500 FROM entries WHERE target='far'", "1"));
    CHECK(book_says(b.path, "SELECT count(*) FROM entries WHERE target IS NULL", "0"));
    table_writer_free(t);
    buf_done(&block);
    book_free(&b);
}

TEST(without_a_path_nothing_is_kept_and_calls_are_counted)
{
    char why[256];
    struct ledger *l = NULL;
    struct ledger_settings s = {.batch = 10, .queue = 64};
    REQUIRE(ledger_open(&s, &l, why) == OK);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t before = total(LOST);
    write_some(w, 1000);
    CHECK(total(LOST) == before + 1000);
    ledger_writer_free(w);
    ledger_close(l);
    ledger_close(NULL);
    ledger_writer_free(NULL);
}
