// ledger.c: from workers to the writer thread. A worker packs calls into its own block and hands
// the block over, whole, when it is full or its tick comes. The thread writes what waits, one
// transaction every half of `batch`. When the disk refuses, blocks wait up to `queue` entries,
// then the newest are lost, and counted.
#include "ledger/ledger.h"
#include "base/log.h"
#include "base/mem.h"
#include "ledger/writer.h"
#include <errno.h>
#include <pthread.h>

enum {
    BLOCK_BYTES = 256 * 1024,
    RETRY_MS = 1000,
    BLOCKS_AT_ONCE = 64,
    SPARES_MOST = 32,
    JOIN_BYTES = 64 * 1024
};

struct block {
    struct block *next;
    struct buf bytes;
    size_t entries;
};

struct ledger {
    struct table_writer *table; // NULL: no ledger is kept
    struct metrics *metrics;
    int64_t rest_ms, queue_max;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct block *first, **last; // under lock
    struct block *spare;         // under lock: written blocks, so that their memory is used again
    size_t spares;               // under lock
    size_t waiting;              // entries, under lock
    bool stopping;               // under lock
};

struct ledger_writer {
    struct ledger *ledger;
    struct metrics *metrics;
    struct block *block;
};

static struct block *new_block(void)
{
    struct block *b = mem_new(sizeof *b);
    buf_init(&b->bytes, BLOCK_BYTES);
    return b;
}

static void free_block(struct block *b)
{
    buf_done(&b->bytes);
    mem_free(b);
}

// --- the thread
// --------------------------------------------------------------------------------------

// Sleeps for ms, or less when the ledger closes.
static void rest(struct ledger *l, int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    while (!l->stopping && pthread_cond_timedwait(&l->wake, &l->lock, &t) != ETIMEDOUT)
        continue;
}

// Takes up to BLOCKS_AT_ONCE blocks off the queue. Under lock.
static struct block *take(struct ledger *l, size_t *ret_entries)
{
    struct block *head = l->first, *tail = head;
    size_t n = head ? head->entries : 0;
    for (unsigned i = 1; tail && tail->next && i < BLOCKS_AT_ONCE; i++) {
        tail = tail->next;
        n += tail->entries;
    }
    if (tail) {
        l->first = tail->next;
        tail->next = NULL;
        if (!l->first)
            l->last = &l->first;
    }
    *ret_entries = n;
    return head;
}

static void free_all(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        free_block(b);
        b = next;
    }
}

// Writes blocks until the disk takes them, or the ledger closes while it does not. Without lock.
static bool write_blocks(struct ledger *l, const struct block *b, bool *failing)
{
    str all[BLOCKS_AT_ONCE];
    size_t n = 0;
    for (; b; b = b->next)
        all[n++] = buf_str(&b->bytes);
    bool fine = table_write(l->table, all, n);
    if (fine && *failing)
        log_info("ledger", "the ledger is written again");
    if (!fine && !*failing)
        log_error(
            "ledger",
            "the ledger cannot be written (%s): serving goes on, entries wait and may be lost",
            table_trouble(l->table));
    *failing = !fine;
    metric_set(l->metrics, METRIC_ledger_disk_failing, 0, !fine);
    return fine;
}

static void give_back(struct ledger *l, struct block *head)
{
    struct block **end = &head->next;
    while (*end)
        end = &(*end)->next;
    *end = l->first;
    if (!l->first)
        l->last = end;
    l->first = head;
}

// Under lock.
static void keep_spares(struct ledger *l, struct block *b)
{
    while (b) {
        struct block *next = b->next;
        if (l->spares < SPARES_MOST) {
            buf_clear(&b->bytes);
            b->entries = 0;
            b->next = l->spare;
            l->spare = b;
            l->spares++;
        } else {
            free_block(b);
        }
        b = next;
    }
}

static void *writer_main(void *arg)
{
    struct ledger *l = arg;
    bool failing = false;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        size_t entries = 0;
        bool stopping = l->stopping;
        struct block *b = take(l, &entries);
        if (!b) {
            if (stopping)
                break;
            rest(l, l->rest_ms);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        bool fine = write_blocks(l, b, &failing);
        pthread_mutex_lock(&l->lock);
        if (fine) {
            l->waiting -= entries;
            metric_add(l->metrics, METRIC_ledger_entries, 0, (int64_t)entries);
            keep_spares(l, b);
        } else if (stopping) {
            metric_add(l->metrics, METRIC_ledger_entries, 1, (int64_t)entries);
            l->waiting -= entries;
            free_all(b);
        } else {
            give_back(l, b);
            rest(l, RETRY_MS);
        }
        metric_set(l->metrics, METRIC_ledger_queue, 0, (int64_t)l->waiting);
        if (fine && !l->first && !l->stopping)
            rest(l, l->rest_ms);
    }
    metric_set(l->metrics, METRIC_ledger_disk_failing, 0, 0); // nothing waits for it any more
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

// --- life
// --------------------------------------------------------------------------------------------

enum err ledger_open(const struct ledger_settings *s, struct ledger **ret_ledger, char ret_why[256])
{
    struct ledger *l = mem_new(sizeof *l);
    pthread_condattr_t mono;
    char path[4096];
    // workers hand over every half of it, too: together no more than what may be lost
    l->rest_ms = s->batch / 2;
    l->queue_max = s->queue;
    l->last = &l->first;
    if (s->path.n) {
        enum err e = table_writer_new(str_copy_to(path, sizeof path, s->path), &l->table, ret_why);
        if (e != OK) {
            mem_free(l);
            return e;
        }
    }
    l->metrics = metrics_new();
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_cond_init(&l->wake, &mono);
    pthread_condattr_destroy(&mono);
    if (l->table)
        must(pthread_create(&l->thread, NULL, writer_main, l) == 0);
    *ret_ledger = l;
    return OK;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
    if (l->table)
        pthread_join(l->thread, NULL);
    must(!l->first && l->waiting == 0); // the thread left nothing
    free_all(l->spare);
    table_writer_free(l->table);
    pthread_cond_destroy(&l->wake);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

struct ledger_writer *ledger_writer_new(struct ledger *l, struct metrics *m)
{
    struct ledger_writer *w = mem_new(sizeof *w);
    must(l && m);
    w->ledger = l;
    w->metrics = m;
    w->block = new_block();
    return w;
}

// Adds a small block to the last that waits, where it has room: while the disk refuses, blocks with
// an entry or two would be many, and each is as large as a full one. Under lock.
static bool joined(struct ledger *l, const struct block *b)
{
    if (!l->first || b->bytes.n > JOIN_BYTES)
        return false;
    struct block *tail = container_of(l->last, struct block, next);
    char *room = b->bytes.n <= tail->bytes.limit_bytes - tail->bytes.n
                     ? buf_room(&tail->bytes, b->bytes.n)
                     : NULL;
    if (!room)
        return false;
    memcpy(room, b->bytes.p, b->bytes.n);
    buf_grew(&tail->bytes, b->bytes.n);
    tail->entries += b->entries;
    return true;
}

// Puts the block on the queue and returns a spare one for it, or NULL where there is none. Under
// lock.
static struct block *put_on_queue(struct ledger *l, struct block *b)
{
    struct block *spare = l->spare;
    must(!b->next);
    *l->last = b;
    l->last = &b->next;
    if (spare) {
        l->spare = spare->next;
        l->spares--;
        spare->next = NULL;
    }
    return spare;
}

void ledger_writer_tick(struct ledger_writer *w)
{
    struct ledger *l = w->ledger;
    struct block *fresh = NULL;
    bool copied = false;
    if (w->block->entries == 0)
        return;
    pthread_mutex_lock(&l->lock);
    bool room = l->waiting + w->block->entries <= (size_t)l->queue_max;
    if (room) {
        l->waiting += w->block->entries;
        copied = joined(l, w->block);
        if (!copied)
            fresh = put_on_queue(l, w->block);
    }
    pthread_mutex_unlock(&l->lock);
    if (room && !copied) {
        w->block = fresh ? fresh : new_block();
        return;
    }
    if (!room)
        metric_add(w->metrics, METRIC_ledger_entries, 1, (int64_t)w->block->entries);
    buf_clear(&w->block->bytes);
    w->block->entries = 0;
}

void ledger_writer_free(struct ledger_writer *w)
{
    if (!w)
        return;
    if (w->ledger->table)
        ledger_writer_tick(w);
    free_block(w->block);
    mem_free(w);
}

void ledger_write(struct ledger_writer *w, const struct call *c, const struct fleet *f)
{
    if (!w->ledger->table) {
        metric_add(w->metrics, METRIC_ledger_entries, 1, 1);
        return;
    }
    if (!pack_call(&w->block->bytes, c, f)) {
        ledger_writer_tick(w);
        must(pack_call(&w->block->bytes, c, f));
    }
    w->block->entries++;
}
