// writer.c: rows. Words and plans that were met before are known by their number, so that most
// calls cost two inserts of small integers. Invariant: a number is in the cache only once its row
// is committed, or its transaction is still open; a transaction that fails empties the cache.
// A file that was moved or removed is closed, and opened again under its name: so a ledger may be
// put away by renaming it, and a file that is gone is trouble, not silence.
#include "ledger/writer.h"
#include "base/mem.h"

enum { CACHE_SLOTS = 4096, CACHE_MOST = 3000, CACHE_BYTES = 8 << 20, PLAN_BYTES = 256 * 1024 };

struct cached {
    char *text;
    size_t n;
    uint64_t hash;
    int64_t number;
};
struct cache {
    struct cached slots[CACHE_SLOTS];
    size_t count, bytes;
    sqlite3_stmt *insert, *find;
};

struct table_writer {
    sqlite3 *db;
    sqlite3_stmt *entry, *try;
    struct cache words, plans; // plans are known by their packed form
    struct buf json;           // of the plan at hand
    char *path;
    char trouble[256];
};

static bool prepare(struct table_writer *w, const char *sql, sqlite3_stmt **ret)
{
    return sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK;
}

static void forget(struct cache *c)
{
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        mem_free(c->slots[i].text);
    memset(c->slots, 0, sizeof c->slots);
    c->count = c->bytes = 0;
}

static bool prepare_all(struct table_writer *w)
{
    return prepare(w,
                   "INSERT INTO entry "
                   "VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,"
                   "?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30)",
                   &w->entry) &&
           prepare(w, "INSERT INTO try VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)", &w->try) &&
           prepare(w, "INSERT INTO word(text) VALUES(?1)", &w->words.insert) &&
           prepare(w, "SELECT id FROM word WHERE text=?1", &w->words.find) &&
           prepare(w, "INSERT INTO plan(text) VALUES(?1)", &w->plans.insert) &&
           prepare(w, "SELECT id FROM plan WHERE text=?1", &w->plans.find);
}

static void close_file(struct table_writer *w)
{
    sqlite3_stmt **const all[] = {&w->entry,      &w->try,          &w->words.insert,
                                  &w->words.find, &w->plans.insert, &w->plans.find};
    for (size_t i = 0; i < countof(all); i++) {
        sqlite3_finalize(*all[i]);
        *all[i] = NULL;
    }
    forget(&w->words);
    forget(&w->plans);
    must(sqlite3_close(w->db) == SQLITE_OK); // busy would be a statement that was left open
    w->db = NULL;
}

static enum err open_file(struct table_writer *w, char why[256])
{
    must(!w->db);
    enum err e = schema_open(w->path, &w->db, why);
    if (e != OK || prepare_all(w))
        return e;
    snprintf(why, 256, "the ledger's tables are not as expected: %.120s", sqlite3_errmsg(w->db));
    close_file(w);
    return ERR_BAD_FILE;
}

enum err table_writer_new(const char *path, struct table_writer **ret, char ret_why[256])
{
    struct table_writer *w = mem_new(sizeof *w);
    must(path && *path);
    w->path = mem_copy_str(str_c(path));
    buf_init(&w->json, PLAN_BYTES);
    enum err e = open_file(w, ret_why);
    if (e != OK) {
        table_writer_free(w);
        return e;
    }
    *ret = w;
    return OK;
}

void table_writer_free(struct table_writer *w)
{
    if (!w)
        return;
    close_file(w);
    buf_done(&w->json);
    mem_free(w->path);
    mem_free(w);
}

const char *table_trouble(const struct table_writer *w)
{
    return w->trouble;
}

// The number of a text, from the database, which gives it one where it is new. -1: the disk
// refused.
static int64_t look_up(struct table_writer *w, struct cache *c, str text)
{
    int64_t number = -1;
    sqlite3_bind_text(c->find, 1, text.p, (int)text.n, SQLITE_STATIC);
    if (sqlite3_step(c->find) == SQLITE_ROW)
        number = sqlite3_column_int64(c->find, 0);
    sqlite3_reset(c->find);
    if (number >= 0)
        return number;
    sqlite3_bind_text(c->insert, 1, text.p, (int)text.n, SQLITE_STATIC);
    if (sqlite3_step(c->insert) == SQLITE_DONE)
        number = sqlite3_last_insert_rowid(w->db);
    sqlite3_reset(c->insert);
    return number;
}

// 0: no text (NULL in the row); -1: the disk refused.
static int64_t number_of(struct table_writer *w, struct cache *c, str text)
{
    if (!text.n)
        return 0;
    uint64_t hash = str_hash(text);
    size_t at = (size_t)hash % CACHE_SLOTS;
    must(c->count <= CACHE_MOST);
    for (; c->slots[at].text; at = (at + 1) % CACHE_SLOTS)
        if (c->slots[at].hash == hash && str_eq(str_of(c->slots[at].text, c->slots[at].n), text))
            return c->slots[at].number;
    str kept = text;
    if (c == &w->plans) {
        buf_clear(&w->json);
        packed_plan_json(&w->json, text);
        kept = buf_str(&w->json);
    }
    int64_t number = look_up(w, c, kept);
    if (number < 0)
        return -1;
    if (c->count == CACHE_MOST || c->bytes > CACHE_BYTES) { // many different texts: begin anew
        forget(c);
        at = (size_t)hash % CACHE_SLOTS;
    }
    c->slots[at] = (struct cached){mem_copy_str(text), text.n, hash, number};
    c->count++;
    c->bytes += text.n;
    return number;
}

static void bind_number(sqlite3_stmt *q, int at, int64_t number)
{
    if (number > 0)
        sqlite3_bind_int64(q, at, number);
    else
        sqlite3_bind_null(q, at);
}

static void bind_count(sqlite3_stmt *q, int at, int64_t n) // -1 is absent, which is not zero
{
    if (n >= 0)
        sqlite3_bind_int64(q, at, n);
    else
        sqlite3_bind_null(q, at);
}

static bool bind_words(struct table_writer *w, const struct packed *p)
{
    static const char *const sources[] = {"absent", "reported", "estimated"};
    const struct {
        int at;
        str text;
    } words[] = {
        {5, packed_string(p, PACK_DIALECT)},
        {6, packed_string(p, PACK_TENANT)},
        {7, packed_string(p, PACK_MODEL)},
        {8, str_c(task_name((enum task)p->task))},
        {11, str_c(label_name((enum label)p->label))},
        {12, packed_string(p, PACK_FINDINGS)},
        {13, str_c(step_name((enum step)p->step))},
        {14, str_c(err_name((enum err)p->err))},
        {16, packed_string(p, PACK_TARGET)},
        {17, packed_string(p, PACK_ZONE)},
        {19, str_c(sources[p->usage_source])},
        {26, packed_string(p, PACK_FINISH)},
        {27, packed_string(p, PACK_ANSWER_MODEL)},
    };
    for (size_t i = 0; i < countof(words); i++) {
        int64_t number = number_of(w, &w->words, words[i].text);
        if (number < 0)
            return false;
        bind_number(w->entry, words[i].at, number);
    }
    int64_t plan = number_of(w, &w->plans, packed_string(p, PACK_PLAN));
    bind_number(w->entry, 18, plan);
    return plan >= 0;
}

static bool write_entry(struct table_writer *w, const struct packed *p)
{
    sqlite3_stmt *q = w->entry;
    str raw = packed_string(p, PACK_USAGE_RAW);
    if (!bind_words(w, p))
        return false;
    sqlite3_bind_text(q, 1, p->id.c, ID_CHARS, SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, p->start_us);
    bind_number(q, 3, p->first_byte_us);
    bind_number(q, 4, p->last_byte_us);
    sqlite3_bind_double(q, 9, (double)p->task_p);
    sqlite3_bind_double(q, 10, (double)p->p_local_ok);
    sqlite3_bind_int(q, 15, p->status);
    bind_count(q, 20, p->usage.input_uncached);
    bind_count(q, 21, p->usage.input_cached);
    bind_count(q, 22, p->usage.input_written);
    bind_count(q, 23, p->usage.output);
    bind_count(q, 24, p->usage.reasoning);
    if (raw.n)
        sqlite3_bind_text(q, 25, raw.p, (int)raw.n, SQLITE_STATIC);
    else
        sqlite3_bind_null(q, 25);
    sqlite3_bind_int64(q, 28, (int64_t)p->bytes_in);
    sqlite3_bind_int64(q, 29, (int64_t)p->bytes_out);
    sqlite3_bind_int64(q, 30, (int64_t)p->events);
    int done = sqlite3_step(q);
    sqlite3_reset(q);
    return done == SQLITE_DONE;
}

static bool write_tries(struct table_writer *w, const struct packed *p)
{
    sqlite3_stmt *q = w->try;
    // read before words of the tries are added
    int64_t entry = sqlite3_last_insert_rowid(w->db);
    str names = packed_string(p, PACK_TRY_NAMES), target, zone;
    for (unsigned i = 0; i < p->try_count; i++) {
        const struct try *t = &p->tries[i];
        must(str_next(&names, 0, &target) && str_next(&names, 0, &zone));
        sqlite3_bind_int64(q, 1, entry);
        sqlite3_bind_int(q, 2, (int)i + 1);
        const str words[] = {target, zone, str_c(err_name(t->err))};
        for (size_t k = 0; k < countof(words); k++) {
            int64_t number = number_of(w, &w->words, words[k]);
            if (number < 0)
                return false;
            bind_number(q, 3 + (int)k, number);
        }
        sqlite3_bind_int(q, 6, t->status);
        sqlite3_bind_int(q, 7, t->reused);
        sqlite3_bind_int64(q, 8, t->start_us);
        bind_number(q, 9, t->connected_us);
        bind_number(q, 10, t->first_byte_us);
        bind_number(q, 11, t->last_byte_us);
        int done = sqlite3_step(q);
        sqlite3_reset(q);
        if (done != SQLITE_DONE)
            return false;
    }
    return true;
}

// Open, and still the file that its name means.
static bool file_is_there(struct table_writer *w)
{
    int moved = 0;
    if (w->db)
        sqlite3_file_control(w->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved) {
        // SQLite leaves the log of a moved file where it is, and a new file's would replace it
        sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        close_file(w);
    }
    return w->db || open_file(w, w->trouble) == OK;
}

bool table_write(struct table_writer *w, const str *blocks, size_t count)
{
    if (!file_is_there(w))
        return false;
    bool fine = sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    for (size_t b = 0; fine && b < count; b++) {
        for (size_t at = 0; fine && at < blocks[b].n;) {
            const struct packed *p = packed_at(blocks[b], at);
            fine = write_entry(w, p) && write_tries(w, p);
            at += p->bytes;
        }
    }
    fine = fine && sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (fine)
        return true;
    snprintf(w->trouble, sizeof w->trouble, "%.150s", sqlite3_errmsg(w->db));
    sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
    forget(&w->words);
    forget(&w->plans);
    return false;
}
