// store.c: one transaction a batch. Entries get numbers that follow the file's last one, read under
// the transaction's own lock, so that two programs may write one file.
#include "ledger/store.h"
#include "base/mem.h"
#include "ledger/contexts.h"
#include "ledger/plans.h"
#include "ledger/rows.h"
#include <sqlite3.h>
#include <sys/stat.h>

enum statement { BEGIN, LAST, COMMIT, ROLLBACK, OLD_ENTRIES, OLD_TRIES, OLD_CONTEXTS, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    "BEGIN IMMEDIATE", "SELECT max(n) FROM entry_row", "COMMIT", "ROLLBACK",
    // The last entry stays whatever its age, so that numbers go on from it
    ("DELETE FROM entry_row WHERE n IN (SELECT n FROM entry_row ORDER BY n LIMIT ?2)"
     " AND start_us < ?1 AND n < (SELECT max(n) FROM entry_row)"),
    "DELETE FROM try_row WHERE k < 16 * (SELECT min(n) FROM entry_row)",
    "DELETE FROM context WHERE n < (SELECT min(n) FROM entry_row) - ?1"};

struct store {
    char *path;
    sqlite3 *db; // NULL: not open
    sqlite3_stmt *statements[STATEMENTS];
    struct contexts *contexts;
    struct plans *plans;
    struct rows rows;
    struct conversation_rows *conversations; // NULL: none; not the store's
    int64_t last_number; // the file's last entry, as the open transaction found it
    dev_t device;
    ino_t inode;
};

struct store *store_new(const char *path, struct conversation_rows *conversations)
{
    struct store *s = mem_new(sizeof *s);
    must(path[0]);
    s->path = mem_copy_str(str_c(path));
    s->contexts = contexts_new();
    s->plans = plans_new();
    s->conversations = conversations;
    return s;
}

void store_close(struct store *s)
{
    if (!s->db)
        return;
    // SQLite leaves the log of a file that was moved away behind: it is to be whole there.
    if (store_is_moved(s))
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    contexts_forget(s->contexts);
    plans_detach(s->plans);
    rows_detach(&s->rows);
    conversation_rows_detach(s->conversations);
    for (unsigned i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    must(sqlite3_close(s->db) == SQLITE_OK); // no statement is left open
    s->db = NULL;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    store_close(s);
    contexts_free(s->contexts);
    plans_free(s->plans);
    mem_free(s->path);
    mem_free(s);
}

static bool prepare(struct store *s)
{
    if (!rows_attach(&s->rows, s->db) || !plans_attach(s->plans, s->db) ||
        !conversation_rows_attach(s->conversations, s->db))
        return false;
    for (unsigned i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return false;
    return true;
}

enum err store_open(struct store *s, char ret_why[WHY_BYTES])
{
    struct stat at;
    if (s->db)
        return OK;
    enum err e = schema_open(s->path, &s->db, ret_why);
    if (e != OK)
        return e;
    if (!prepare(s) || stat(s->path, &at) != 0) {
        snprintf(ret_why, WHY_BYTES, "ledger %.100s: %.120s", s->path, sqlite3_errmsg(s->db));
        store_close(s);
        return ERR_BAD_FILE;
    }
    s->device = at.st_dev;
    s->inode = at.st_ino;
    return OK;
}

bool store_is_moved(const struct store *s)
{
    struct stat at;
    must(s->db);
    return stat(s->path, &at) != 0 || at.st_dev != s->device || at.st_ino != s->inode;
}

static bool run(struct store *s, enum statement which)
{
    sqlite3_stmt *st = s->statements[which];
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && which == LAST)
        s->last_number = sqlite3_column_int64(st, 0); // an empty table's NULL reads as 0
    return sqlite3_reset(st) == SQLITE_OK && (rc == SQLITE_DONE || rc == SQLITE_ROW);
}

// A plan stands in its context: where that is an old one, so is the plan.
static bool resolve(struct store *s, struct block *blocks)
{
    int64_t number = s->last_number;
    plans_batch_begin(s->plans);
    for (struct block *b = blocks; b; b = b->next) {
        struct packed *e;
        uint32_t count = 0;
        for (uint32_t at = 0; (e = block_at(b, at)); at += e->size_bytes, count++)
            if (!contexts_find(s->contexts, e, ++number) && !plans_resolve(s->plans, e))
                return false;
        must(count == b->count);
    }
    return true;
}

bool store_write(struct store *s, struct block *blocks, char ret_why[WHY_BYTES])
{
    must(s->db && sqlite3_get_autocommit(s->db));
    bool begun = run(s, BEGIN);
    bool good = begun && run(s, LAST) && resolve(s, blocks) &&
                rows_put(&s->rows, blocks, s->plans, s->last_number + 1) &&
                conversation_rows_put(s->conversations) && run(s, COMMIT);
    if (!good)
        snprintf(ret_why, WHY_BYTES, "%s", sqlite3_errmsg(s->db));
    conversation_rows_settle(s->conversations, good);
    if (good)
        return true;
    contexts_forget(s->contexts); // their rows are undone
    plans_forget(s->plans);
    if (begun && !sqlite3_get_autocommit(s->db))
        (void)run(s, ROLLBACK); // the file is closed next, which ends the transaction anyway
    return false;
}

bool store_prune(struct store *s, int64_t before_us, unsigned *ret_count)
{
    must(s->db && sqlite3_get_autocommit(s->db));
    sqlite3_bind_int64(s->statements[OLD_ENTRIES], 1, before_us);
    sqlite3_bind_int64(s->statements[OLD_ENTRIES], 2, PRUNE_STEP);
    sqlite3_bind_int64(s->statements[OLD_CONTEXTS], 1, CONTEXT_LIFE);
    if (!run(s, BEGIN))
        return false;
    bool good = run(s, OLD_ENTRIES);
    unsigned count = (unsigned)sqlite3_changes(s->db);
    good = good && (count == 0 || (run(s, OLD_TRIES) && run(s, OLD_CONTEXTS))) && run(s, COMMIT);
    if (good)
        *ret_count = count;
    else if (!sqlite3_get_autocommit(s->db))
        (void)run(s, ROLLBACK); // a failing disk is the next batch's to tell
    return good;
}
