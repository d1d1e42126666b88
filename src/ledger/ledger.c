// ledger.c: the ledger's settings and life, the workers' side and the queue. A worker packs calls
// into a block of its own and takes the lock only to hand the block over. The queue counts entries,
// not blocks: of a block that does not fit whole, the newest are lost, which is counted.
#include "ledger/ledger.h"
#include "base/mem.h"
#include "ledger/inner.h"

enum {
    SPARE_MAX = 8,   // blocks kept for later
    RETRY_MS = 1000, // after the disk refused
};

struct ledger_writer {
    struct ledger *ledger;
    struct metrics *metrics; // the worker's
    struct block *block;     // being filled; NULL where no ledger is kept
};

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct ledger_settings, __VA_ARGS__),
#include "ledger/settings.def"
#undef SETTING
};
const struct conf_table ledger_setting_table = {setting_rows, countof(setting_rows), NULL};

static const struct setting_row conversation_rows[] = {
#define SETTING(...) SETTING_ROW(struct conversation_settings, __VA_ARGS__),
#include "ledger/conversations.def"
#undef SETTING
};
const struct conf_table conversation_setting_table = {conversation_rows, countof(conversation_rows),
                                                      NULL};

// --- life
// ------------------------------------------------------------------------------------------

static void free_blocks(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        mem_free(b);
        b = next;
    }
}

static void free_ledger(struct ledger *l)
{
    free_blocks(l->spare);
    store_free(l->store);
    ledger_remember_free(l);
    pthread_cond_destroy(&l->wake);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

// Opens the file, and the thread that owns it from then on.
static enum err open_file(struct ledger *l, const char *path, char why[256])
{
    l->store = store_new(path, l->rows);
    enum err e = store_open(l->store, why);
    if (e == OK && !ledger_rows_begin(l)) {
        snprintf(why, 256, "ledger %.100s: its conversations cannot be read", path);
        e = ERR_BAD_FILE;
    }
    if (e == OK)
        l->metrics = metrics_new();
    if (e == OK)
        ledger_thread_start(l);
    return e;
}

enum err ledger_open(const struct ledger_start *start, struct ledger **ret_ledger,
                     char ret_why[256])
{
    const struct ledger_settings *s = start->settings;
    char path[4096];
    struct ledger *l = mem_new(sizeof *l);
    must(s->batch > 0 && s->queue > 0 && s->queue <= UINT32_MAX);
    thread_lock_init(&l->lock, &l->wake);
    l->batch_us = s->batch * 1000;
    l->keep_us = s->keep * 24 * 3600 * 1000000;
    l->queue_max = (uint32_t)s->queue;
    l->retry_us = RETRY_MS * 1000;
    l->off = s->path.n == 0;
    str_copy_to(path, sizeof path, s->path);
    ledger_remember(l, start, path);
    enum err e = l->off ? OK : open_file(l, path, ret_why);
    if (e == OK)
        *ret_ledger = l;
    else
        free_ledger(l);
    return e;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    if (!l->off)
        ledger_thread_end(l);
    must(!l->head && !l->taken);
    free_ledger(l);
}

// --- the queue
// ---------------------------------------------------------------------------------------

static void empty(struct block *b)
{
    b->next = NULL;
    b->used_bytes = b->count = 0;
}

// Keeps a block's first `count` entries.
static void cut(struct block *b, uint32_t count)
{
    uint32_t at = 0;
    must(count < b->count);
    for (uint32_t i = 0; i < count; i++) {
        const struct packed *entry = block_at(b, at);
        must(entry);
        at += entry->size_bytes;
    }
    b->used_bytes = at;
    b->count = count;
}

struct block *ledger_swap(struct ledger *l, struct block *take_full, uint32_t *ret_lost)
{
    struct block *b = take_full;
    uint32_t lost = 0;
    pthread_mutex_lock(&l->lock);
    uint32_t room = l->queue_max - l->waiting, before = l->waiting;
    must(room <= l->queue_max && !l->stopping);
    if (b && b->count > room) {
        lost = b->count - room;
        cut(b, room);
    }
    if (b && b->count) {
        if (l->tail)
            l->tail->next = b;
        else
            l->head = b;
        l->tail = b;
        l->waiting += b->count;
        b = NULL;
    }
    bool wake = l->waiting && (l->idle || (before < EARLY && l->waiting >= EARLY));
    if (!b && l->spare) {
        b = l->spare;
        l->spare = b->next;
        l->spare_count--;
    }
    pthread_mutex_unlock(&l->lock);
    if (wake)
        pthread_cond_signal(&l->wake);
    if (!b)
        b = mem_new(sizeof *b);
    empty(b);
    *ret_lost = lost;
    return b;
}

void ledger_give_back(struct ledger *l, struct block *take_blocks)
{
    while (take_blocks && l->spare_count < SPARE_MAX) {
        struct block *b = take_blocks;
        take_blocks = b->next;
        b->next = l->spare;
        l->spare = b;
        l->spare_count++;
    }
    free_blocks(take_blocks);
}

// --- the workers' side
// -------------------------------------------------------------------------------

struct ledger_writer *ledger_writer_new(struct ledger *l, struct metrics *m)
{
    struct ledger_writer *w = mem_new(sizeof *w);
    uint32_t lost;
    must(l && m);
    w->ledger = l;
    w->metrics = m;
    if (!l->off)
        w->block = ledger_swap(l, NULL, &lost);
    return w;
}

static void hand_over(struct ledger_writer *w)
{
    uint32_t lost;
    w->block = ledger_swap(w->ledger, w->block, &lost);
    if (lost)
        metric_add(w->metrics, METRIC_ledger_entries, LEDGER_LOST, lost);
}

void ledger_writer_free(struct ledger_writer *w)
{
    if (!w)
        return;
    ledger_writer_tick(w);
    mem_free(w->block);
    mem_free(w);
}

void ledger_write(struct ledger_writer *w, const struct call *c, const struct fleet *f)
{
    if (w->ledger->off) {
        metric_add(w->metrics, METRIC_ledger_entries, LEDGER_UNKEPT, 1);
        return;
    }
    size_t bound = pack_bound(c, f);
    must(bound <= BLOCK_BYTES);
    if (w->block->used_bytes + bound > BLOCK_BYTES)
        hand_over(w);
    struct block *b = w->block;
    size_t n = pack_call(b->bytes + b->used_bytes, c, f);
    must(n <= bound);
    b->used_bytes += (uint32_t)n;
    b->count++;
}

void ledger_writer_tick(struct ledger_writer *w)
{
    if (w->block && w->block->count)
        hand_over(w);
}
