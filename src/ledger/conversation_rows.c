// conversation_rows.c: see conversation_rows.h. What rose stands in rises.h's file until a batch
// that has all of it is committed: a mark is taken, then every slot that is newer than the file.
#include "ledger/conversation_rows.h"
#include "base/mem.h"
#include "base/time.h"
#include <sqlite3.h>

enum { TAKE_MAX = 4096, LOWERED_MAX = 64 };

enum statement { GET_KEY, PUT_KEY, PUT, LOAD, LOWERED, LOWER, TAKEN, PRUNE, DROP, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [GET_KEY] = "SELECT value FROM secret WHERE name = 'conversation'",
    [PUT_KEY] = "REPLACE INTO secret VALUES('conversation', ?1)",
    [PUT] = "INSERT INTO conversation VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(id) DO UPDATE "
            "SET named = ?2, label = max(label, ?3), target = coalesce(?4, target), "
            "zone = coalesce(?5, zone), turns = max(turns, ?6), seen = max(seen, ?7)",
    [LOAD] = "SELECT id, named, label, target, zone, turns, seen FROM conversation "
             "WHERE seen >= ?1 ORDER BY label DESC, seen DESC LIMIT ?2",
    [LOWERED] = "SELECT n, id, label, at_us, who FROM lowering WHERE taken_us IS NULL LIMIT ?1",
    [LOWER] = "INSERT INTO conversation(id, named, label, turns, seen) VALUES(?1, 1, ?2, 0, ?3) "
              "ON CONFLICT(id) DO UPDATE SET label = ?2",
    [TAKEN] = "UPDATE lowering SET taken_us = ?2 WHERE n = ?1",
    [PRUNE] = "DELETE FROM conversation WHERE seen < ?1",
    // Where not all that rose could be written down: what is left is lost, and so restricted
    [DROP] = "DELETE FROM conversation WHERE label < 2",
};

struct conversation_rows {
    struct ledger_start start;
    struct conversations *memory;
    struct rises *rises;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    unsigned char key[CONVERSATION_KEY_BYTES];
    bool has_key;
    struct slot *taken; // of the batch that is being written
    size_t taken_count;
    uint64_t mark;
};

struct conversation_rows *conversation_rows_new(const struct ledger_start *s,
                                                struct conversations *c, struct rises *r)
{
    struct conversation_rows *x = mem_new(sizeof *x);
    must(c);
    x->start = *s;
    x->memory = c;
    x->rises = r;
    x->taken = mem_new_array(struct slot, TAKE_MAX);
    return x;
}

void conversation_rows_free(struct conversation_rows *x)
{
    if (!x)
        return;
    must(!x->db && x->taken_count == 0);
    mem_free(x->taken);
    mem_free(x);
}

const unsigned char *conversation_rows_key(const struct conversation_rows *x)
{
    must(x->has_key);
    return x->key;
}

// One that gives no rows.
static bool run(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    return sqlite3_reset(s) == SQLITE_OK && (rc == SQLITE_DONE || rc == SQLITE_ROW);
}

// The file's key into ret_key; false in ret_there: it has none.
static bool read_key(struct conversation_rows *x, unsigned char ret_key[CONVERSATION_KEY_BYTES],
                     bool *ret_there)
{
    sqlite3_stmt *s = x->statements[GET_KEY];
    int rc = sqlite3_step(s);
    *ret_there = rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) == CONVERSATION_KEY_BYTES;
    if (*ret_there)
        memcpy(ret_key, sqlite3_column_blob(s, 0), CONVERSATION_KEY_BYTES);
    return sqlite3_reset(s) == SQLITE_OK && (rc == SQLITE_ROW || rc == SQLITE_DONE);
}

static bool settle_key(struct conversation_rows *x)
{
    unsigned char key[CONVERSATION_KEY_BYTES];
    bool there = false, first = !x->has_key;
    if (!read_key(x, key, &there))
        return false;
    if (first && there)
        memcpy(x->key, key, sizeof key);
    else if (first)
        rng_bytes(x->key, sizeof x->key);
    x->has_key = true;
    if (there && memcmp(key, x->key, sizeof key) == 0)
        return true;
    sqlite3_bind_blob(x->statements[PUT_KEY], 1, x->key, sizeof x->key, SQLITE_STATIC);
    if (!run(x->statements[PUT_KEY]))
        return false;
    if (!first)
        conversations_all_dirty(x->memory);
    return true;
}

bool conversation_rows_attach(struct conversation_rows *x, struct sqlite3 *db)
{
    if (!x)
        return true;
    must(!x->db);
    x->db = db;
    for (unsigned i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &x->statements[i],
                               NULL) != SQLITE_OK)
            return false;
    return settle_key(x);
}

void conversation_rows_detach(struct conversation_rows *x)
{
    if (!x)
        return;
    for (unsigned i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(x->statements[i]);
        x->statements[i] = NULL;
    }
    x->db = NULL;
}

// --- reading -------------------------------------------------------------------------------------

static bool read_id(sqlite3_stmt *s, int column, uint64_t ret_id[2])
{
    if (sqlite3_column_bytes(s, column) != 16)
        return false;
    memcpy(ret_id, sqlite3_column_blob(s, column), 16);
    return ret_id[0] != 0;
}

static str text_at(sqlite3_stmt *s, int column)
{
    const char *p = (const char *)sqlite3_column_text(s, column);
    return p ? str_of(p, (size_t)sqlite3_column_bytes(s, column)) : STR_NONE;
}

static uint8_t label_at(sqlite3_stmt *s, int column)
{
    int64_t n = sqlite3_column_int64(s, column);
    return n >= LABEL_PUBLIC && n <= LABEL_RESTRICTED ? (uint8_t)n : LABEL_RESTRICTED;
}

static void put_risen(void *arg, const struct slot *s)
{
    struct conversation_rows *x = arg;
    struct slot slot = *s;
    slot.place = 0; // a number of the weir that was
    slot.flags |= SLOT_KEPT;
    conversations_put(x->memory, &slot);
    conversations_give_back(x->memory, &slot, 1); // it is newer than the file
}

bool conversation_rows_load(struct conversation_rows *x, int64_t now_us)
{
    int64_t since_s = now_us / 1000000 - x->start.conversations->keep * 24 * 3600;
    sqlite3_stmt *s = x->statements[LOAD];
    int rc;
    if (x->rises && !rises_each(x->rises, put_risen, x) && !run(x->statements[DROP]))
        return false;
    sqlite3_bind_int64(s, 1, since_s);
    sqlite3_bind_int64(s, 2, (int64_t)conversations_size(x->memory));
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct slot slot = {.label = label_at(s, 2),
                            .turns = (uint32_t)sqlite3_column_int64(s, 5),
                            .seen_s = (uint32_t)sqlite3_column_int64(s, 6),
                            .flags = SLOT_KEPT};
        str target = text_at(s, 3), zone = text_at(s, 4);
        if (!read_id(s, 0, slot.id))
            continue;
        slot.flags |= sqlite3_column_int64(s, 1) ? SLOT_NAMED : 0;
        slot.place = target.n ? conversations_place(x->memory, target, zone) : 0;
        conversations_put(x->memory, &slot);
    }
    return sqlite3_reset(s) == SQLITE_OK && rc == SQLITE_DONE;
}

// --- writing -------------------------------------------------------------------------------------

static void bind_text(sqlite3_stmt *s, int at, str text)
{
    if (text.n)
        sqlite3_bind_text(s, at, text.p, (int)text.n, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, at);
}

static bool put_slot(struct conversation_rows *x, const struct slot *slot)
{
    sqlite3_stmt *s = x->statements[PUT];
    struct place place = conversations_place_of(x->memory, slot->place);
    must(slot->flags & SLOT_KEPT);
    sqlite3_bind_blob(s, 1, slot->id, sizeof slot->id, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, slot->flags & SLOT_NAMED ? 1 : 0);
    sqlite3_bind_int64(s, 3, slot->label);
    bind_text(s, 4, place.target);
    bind_text(s, 5, place.zone);
    sqlite3_bind_int64(s, 6, slot->turns);
    sqlite3_bind_int64(s, 7, slot->seen_s);
    return run(s);
}

// In the log first, then in memory, then in the file.
static bool lower(struct conversation_rows *x, const struct lowering *w, int64_t n)
{
    sqlite3_stmt *row = x->statements[LOWER], *taken = x->statements[TAKEN];
    int64_t now_us = time_wall_us();
    if (x->start.on_lowered && !x->start.on_lowered(x->start.arg, w))
        return true; // with the next batch
    struct slot slot = {.id = {w->id[0], w->id[1]},
                        .seen_s = (uint32_t)(now_us / 1000000),
                        .label = (uint8_t)w->label,
                        .flags = SLOT_KEPT | SLOT_NAMED};
    if (!conversations_set_label(x->memory, w->id, w->label))
        conversations_put(x->memory, &slot);
    sqlite3_bind_blob(row, 1, w->id, sizeof w->id, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, w->label);
    sqlite3_bind_int64(row, 3, slot.seen_s);
    sqlite3_bind_int64(taken, 1, n);
    sqlite3_bind_int64(taken, 2, now_us);
    return run(row) && run(taken);
}

static bool take_lowerings(struct conversation_rows *x)
{
    sqlite3_stmt *s = x->statements[LOWERED];
    bool good = true;
    int rc;
    sqlite3_bind_int64(s, 1, LOWERED_MAX);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && good) {
        const char *who = (const char *)sqlite3_column_text(s, 4);
        struct lowering w = {.label = (enum label)label_at(s, 2),
                             .at_us = sqlite3_column_int64(s, 3),
                             .who = who ? who : ""};
        if (read_id(s, 1, w.id))
            good = lower(x, &w, sqlite3_column_int64(s, 0));
    }
    return sqlite3_reset(s) == SQLITE_OK && good && rc == SQLITE_DONE;
}

bool conversation_rows_put(struct conversation_rows *x)
{
    if (!x)
        return true;
    must(x->db && x->taken_count == 0);
    x->mark = x->rises ? rises_mark(x->rises) : 0;
    x->taken_count = conversations_take(x->memory, x->taken, TAKE_MAX);
    for (size_t i = 0; i < x->taken_count; i++)
        if (!put_slot(x, &x->taken[i]))
            return false;
    return take_lowerings(x);
}

void conversation_rows_settle(struct conversation_rows *x, bool committed)
{
    if (!x)
        return;
    if (!committed)
        conversations_give_back(x->memory, x->taken, x->taken_count);
    else if (x->rises && x->taken_count < TAKE_MAX)
        rises_done(x->rises, x->mark);
    x->taken_count = 0;
}

bool conversation_rows_prune(struct conversation_rows *x, int64_t before_us)
{
    if (!x)
        return true;
    sqlite3_bind_int64(x->statements[PRUNE], 1, before_us / 1000000);
    return run(x->statements[PRUNE]);
}
