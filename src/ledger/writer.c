// writer.c: the thread that owns the file. It sleeps while nothing waits; then it writes everything
// that waits in one transaction, half a batch's time after the last one (the other half is the
// workers' own, who hand over twice a batch), or earlier when many wait. When the disk refuses, the
// batch is kept and the file is opened anew each second until it takes it; workers go on filling
// the queue up to its bound. Only this thread logs, once when that begins and once when it ends.
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ledger/inner.h"
#include <sys/resource.h>
#include <unistd.h>

static void wait_until(struct ledger *l, int64_t mono_us)
{
    struct timespec t = {mono_us / 1000000, mono_us % 1000000 * 1000};
    pthread_cond_timedwait(&l->wake, &l->lock, &t);
}

// With the lock held: returns when there is something to write, or an end to make.
static void wait_for_work(struct ledger *l)
{
    while (!l->head && !l->taken && !l->stopping) {
        l->idle = true;
        pthread_cond_wait(&l->wake, &l->lock);
        l->idle = false;
    }
    while (!l->stopping) {
        int64_t due_us = l->last_us + (l->failing ? l->retry_us : l->batch_us / 2);
        if (time_mono_us() >= due_us || (!l->failing && l->waiting >= EARLY))
            return;
        wait_until(l, due_us);
    }
}

// With the lock held: what waits joins what was refused before, in order.
static void take_all(struct ledger *l)
{
    struct block **end = &l->taken;
    while (*end)
        end = &(*end)->next;
    *end = l->head;
    l->head = l->tail = NULL;
}

static void disk_refused(struct ledger *l, const char *why)
{
    store_close(l->store); // what it held may be broken; the next try opens it anew
    if (l->failing)
        return;
    l->failing = true;
    l->failing_since_us = time_mono_us();
    metric_set(l->metrics, METRIC_ledger_disk_failing, 0, 1);
    log_error("ledger",
              "cannot write: %s; serving goes on, %u entries may wait, then they are lost", why,
              l->queue_max);
}

static void disk_took(struct ledger *l)
{
    if (!l->failing)
        return;
    l->failing = false;
    metric_set(l->metrics, METRIC_ledger_disk_failing, 0, 0);
    log_warn("ledger", "writing again after %lld s",
             (long long)((time_mono_us() - l->failing_since_us) / 1000000));
}

// A file that was moved away or deleted is not written to any more: a new one is begun.
static void follow_path(struct ledger *l)
{
    if (l->failing || !store_is_moved(l->store))
        return;
    store_close(l->store);
    log_warn("ledger", "the file was moved or deleted: a new one is begun");
}

// Behind a batch that was written: a step for each while there are old entries, then a look an
// hour. An idle weir is not woken for it, and a failing disk gets no work that can wait.
static void prune(struct ledger *l)
{
    const int64_t hour_us = (int64_t)3600 * 1000000;
    unsigned count = 0;
    int64_t now_us = time_wall_us();
    if (l->last_us < l->prune_us)
        return;
    if (l->keep_us && store_prune(l->store, now_us - l->keep_us, &count) && count)
        return; // and again behind the next batch
    if (!conversation_rows_prune(l->rows, now_us - l->remember_us))
        log_debug("ledger", "old conversations wait: the disk refused");
    l->prune_us = l->last_us + hour_us;
}

static bool write_taken(struct ledger *l)
{
    char why[WHY_BYTES] = "";
    follow_path(l);
    bool good = store_open(l->store, why) == OK && store_write(l->store, l->taken, why);
    l->last_us = time_mono_us();
    if (good) {
        disk_took(l);
        prune(l);
    } else {
        disk_refused(l, why);
    }
    return good;
}

static uint32_t count_taken(const struct ledger *l)
{
    uint32_t n = 0;
    for (const struct block *b = l->taken; b; b = b->next)
        n += b->count;
    return n;
}

// With the lock held: these entries wait no longer.
static void settle(struct ledger *l, uint32_t count)
{
    must(count <= l->waiting);
    l->waiting -= count;
    ledger_give_back(l, l->taken);
    l->taken = NULL;
}

static void *thread_main(void *arg)
{
    struct ledger *l = arg;
    enum { BEHIND_THE_ROAD = 10 };
    // where a core is shared, calls go first; a refusal makes no difference but that
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), BEHIND_THE_ROAD);
    pthread_mutex_lock(&l->lock);
    for (;;) {
        wait_for_work(l);
        bool last = l->stopping;
        take_all(l);
        if (!l->taken)
            break;
        uint32_t count = count_taken(l);
        metric_set(l->metrics, METRIC_ledger_queue, 0, l->waiting);
        pthread_mutex_unlock(&l->lock);
        bool good = write_taken(l);
        if (good || last)
            metric_add(l->metrics, METRIC_ledger_entries, good ? LEDGER_WRITTEN : LEDGER_LOST,
                       count);
        if (!good && last)
            log_error("ledger", "%u entries are lost: the disk refused them to the end", count);
        pthread_mutex_lock(&l->lock);
        if (good || last)
            settle(l, count);
        metric_set(l->metrics, METRIC_ledger_queue, 0, l->waiting);
    }
    must(l->waiting == 0);
    pthread_mutex_unlock(&l->lock);
    while (l->rows && conversations_are_dirty(l->conversations) && write_taken(l))
        ;
    return NULL;
}

void ledger_thread_start(struct ledger *l)
{
    thread_start(&l->thread, thread_main, l);
}

void ledger_thread_end(struct ledger *l)
{
    pthread_mutex_lock(&l->lock);
    must(!l->stopping);
    l->stopping = true;
    pthread_mutex_unlock(&l->lock);
    pthread_cond_signal(&l->wake);
    pthread_join(l->thread, NULL);
    metric_set(l->metrics, METRIC_ledger_disk_failing, 0, 0);
}
