// plans.c: the table of plans seen, by a hash of their packed bytes: sets of four places. A place
// first only remembers the hash (the plan was seen once); the second time the plan gets its row and
// the place keeps the bytes, so that a number is never given by hash alone.
// Places that hold numbers are not given up for plans seen once, unless all four do.
#include "ledger/plans.h"
#include "base/mem.h"
#include <sqlite3.h>

enum {
    SETS = 256,
    WAYS = 4,
    KEY_MAX = 4096,               // longer plans are always written out
    TEXT_SOFT_BYTES = 1024 * 1024 // past it a batch's new plans get rows at once
};

struct place {
    uint64_t hash; // 0: free
    int64_t id;    // 0: seen once
    char *key;     // the packed bytes, where it has an id
    size_t key_n;
};

struct plans {
    struct place places[SETS][WAYS];
    struct buf text; // JSON of the batch's plans that are written out
    sqlite3_stmt *insert, *find;
};

struct plans *plans_new(void)
{
    struct plans *p = mem_new(sizeof *p);
    buf_init(&p->text, TEXT_SOFT_BYTES + 16 * PACK_MAX);
    return p;
}

void plans_free(struct plans *p)
{
    if (!p)
        return;
    plans_detach(p);
    buf_done(&p->text);
    mem_free(p);
}

bool plans_attach(struct plans *p, struct sqlite3 *db)
{
    must(!p->insert && !p->find);
    const unsigned keep = SQLITE_PREPARE_PERSISTENT;
    return sqlite3_prepare_v3(db, "INSERT OR IGNORE INTO plan(text) VALUES (?)", -1, keep,
                              &p->insert, NULL) == SQLITE_OK &&
           sqlite3_prepare_v3(db, "SELECT id FROM plan WHERE text = ?", -1, keep, &p->find, NULL) ==
               SQLITE_OK;
}

void plans_detach(struct plans *p)
{
    sqlite3_finalize(p->insert);
    sqlite3_finalize(p->find);
    p->insert = p->find = NULL;
    plans_forget(p);
}

static void forget(struct place *at)
{
    mem_free(at->key);
    *at = (struct place){0};
}

void plans_forget(struct plans *p)
{
    for (unsigned i = 0; i < SETS * WAYS; i++)
        forget(&p->places[i / WAYS][i % WAYS]);
}

void plans_batch_begin(struct plans *p)
{
    buf_clear(&p->text);
}

const char *plans_text(const struct plans *p, struct span s)
{
    must(s.start <= s.end && s.end <= p->text.n);
    return p->text.p + s.start;
}

// The place of this hash, or the one to give up for it.
static struct place *place_for(struct plans *p, uint64_t hash)
{
    struct place *set = p->places[hash % SETS], *victim = &set[(hash >> 32) % WAYS];
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == hash)
            return &set[i];
        if (set[i].id == 0)
            victim = &set[i];
    }
    return victim;
}

// The row of this text, made where there is none. 0: the database refuses.
static int64_t row_of(struct plans *p, str text)
{
    int64_t id = 0;
    sqlite3_bind_text(p->insert, 1, text.p, (int)text.n, SQLITE_STATIC);
    sqlite3_bind_text(p->find, 1, text.p, (int)text.n, SQLITE_STATIC);
    bool made = sqlite3_step(p->insert) == SQLITE_DONE;
    if (sqlite3_reset(p->insert) == SQLITE_OK && made) {
        if (sqlite3_step(p->find) == SQLITE_ROW)
            id = sqlite3_column_int64(p->find, 0);
        if (sqlite3_reset(p->find) != SQLITE_OK)
            id = 0;
    }
    sqlite3_clear_bindings(p->insert);
    sqlite3_clear_bindings(p->find);
    return id;
}

bool plans_resolve(struct plans *p, struct packed *e)
{
    str key = packed_str(e, e->plan);
    e->plan_id = 0;
    e->plan_span = (struct span){0, 0};
    if (key.n == 0)
        return true;
    uint64_t hash = pack_hash(key);
    struct place *at = place_for(p, hash);
    bool known = at->hash == hash && at->id && at->key_n == key.n;
    if (likely(known && memcmp(at->key, key.p, key.n) == 0)) {
        e->plan_id = at->id;
        return true;
    }
    size_t start = p->text.n;
    plan_text(&p->text, key);
    must(!p->text.over && p->text.n > start);
    bool again = at->hash == hash || start > TEXT_SOFT_BYTES;
    if (!again || (key.n > KEY_MAX && start <= TEXT_SOFT_BYTES)) {
        forget(at);
        at->hash = hash;
        e->plan_span = (struct span){(uint32_t)start, (uint32_t)p->text.n};
        return true;
    }
    e->plan_id = row_of(p, str_from(buf_str(&p->text), start));
    p->text.n = start;
    if (e->plan_id == 0)
        return false;
    forget(at);
    *at = (struct place){hash, e->plan_id, mem_copy_str(key), key.n};
    return true;
}

// --- the text
// -------------------------------------------------------------------------------------

static str take_short(str *rest)
{
    must(rest->n >= 1);
    size_t n = (unsigned char)rest->p[0];
    must(rest->n >= 1 + n);
    str s = {rest->p + 1, n};
    *rest = (str){rest->p + 1 + n, rest->n - 1 - n};
    return s;
}

static void put_rows(struct buf *out, str *rest, unsigned count, bool with_filter)
{
    for (unsigned i = 0; i < count; i++) {
        buf_put(out, i ? S(",{\"target\":") : S("{\"target\":"));
        buf_put_json(out, take_short(rest));
        if (with_filter) {
            buf_put(out, S(",\"filter\":"));
            buf_put_json(out, take_short(rest));
        }
        buf_put(out, S(",\"why\":"));
        buf_put_json(out, take_short(rest));
        buf_putc(out, '}');
    }
}

void plan_text(struct buf *out, str packed_plan)
{
    must(packed_plan.n >= PLAN_HEAD_BYTES);
    const unsigned char *head = (const unsigned char *)packed_plan.p;
    str rest = {packed_plan.p + PLAN_HEAD_BYTES, packed_plan.n - PLAN_HEAD_BYTES};
    must(head[0] <= PLAN_MAX && head[1] <= TARGET_MAX && head[2] < ERR_COUNT);
    buf_put(out, S("{\"targets\":["));
    put_rows(out, &rest, head[0], false);
    buf_put(out, S("],\"out\":["));
    put_rows(out, &rest, head[1], true);
    buf_putc(out, ']');
    if (head[2] != OK) {
        buf_put(out, S(",\"err\":"));
        buf_put_json(out, str_c(err_name((enum err)head[2])));
    }
    if (head[3])
        buf_put(out, S(",\"stand_in\":true"));
    buf_putc(out, '}');
    must(rest.n == 0);
}
