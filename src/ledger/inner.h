// inner.h: the ledger's two sides: writers on the workers' threads, and the thread that owns the
// file. They share the queue below, under its lock, and nothing else.
#ifndef LEDGER_INNER_H
#define LEDGER_INNER_H
#include "base/hash.h"
#include "base/thread.h"
#include "ledger/block.h"
#include "ledger/ledger.h"
#include "ledger/store.h"

// Slots of the metric ledger_entries; and how many waiting entries are written before their time.
enum { LEDGER_WRITTEN, LEDGER_LOST, LEDGER_UNKEPT, EARLY = 2048 };

struct ledger {
    bool off; // no file: nothing is kept
    int64_t batch_us;
    int64_t keep_us;     // 0: for ever
    int64_t remember_us; // conversations
    uint32_t queue_max;  // entries
    struct metrics *metrics;
    struct conversations *conversations; // NULL: none are remembered
    struct rises *rises;                 // NULL: no file, or it could not be had
    struct hash_long names;              // of conversations
    pthread_t thread;
    // --- under the lock
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct block *head, *tail; // handed over
    uint32_t waiting;          // entries handed over and not yet in the file
    struct block *spare;       // empty ones, to be used again
    unsigned spare_count;
    bool idle; // the thread waits for the first block
    bool stopping;
    int64_t retry_us; // how long it waits after the disk refused
    // --- the thread's own
    struct store *store;
    struct conversation_rows *rows; // NULL: none are remembered, or in no file
    struct block *taken;            // being written, or refused by the disk so far
    int64_t last_us;                // when it last wrote, or tried to
    int64_t failing_since_us;
    int64_t prune_us; // when it looks for old entries again
    bool failing;
};

// Takes a block (may be NULL) and gives an empty one. ret_lost: entries that did not fit the queue.
struct block *ledger_swap(struct ledger *l, struct block *take_full, uint32_t *ret_lost);
// With the lock held: blocks that are done with.
void ledger_give_back(struct ledger *l, struct block *take_blocks);
// remember.c: conversations of this ledger, where its settings want any. rows_begin: the file is
// open for the first time.
void ledger_remember(struct ledger *l, const struct ledger_start *s, const char *path);
bool ledger_rows_begin(struct ledger *l) must_check;
void ledger_remember_free(struct ledger *l);
void ledger_thread_start(struct ledger *l);
void ledger_thread_end(struct ledger *l); // writes what waits
#endif
