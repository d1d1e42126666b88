// remember.c: conversations on the road of a call, and on the operator's side. A call looks once,
// under one short lock; where its conversation's label rises, that is written down before it goes
// on (rises.h). The operator's side opens the file for itself.
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ledger/inner.h"
#include <sqlite3.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 8192 };

static void set_key(struct hash_long *h, const unsigned char key[CONVERSATION_KEY_BYTES])
{
    struct hash_key k;
    _Static_assert(sizeof k == CONVERSATION_KEY_BYTES, "a key is the hash's");
    memcpy(&k, key, sizeof k);
    hash_long_init(h, k);
}

void ledger_remember(struct ledger *l, const struct ledger_start *s, const char *path)
{
    unsigned char key[CONVERSATION_KEY_BYTES];
    char why[160] = "";
    if (!s->conversations || !s->conversations->on)
        return;
    l->conversations = conversations_new(s->conversations);
    l->remember_us = s->conversations->keep * 24 * 3600 * 1000000;
    rng_bytes(key, sizeof key); // until the file says otherwise
    set_key(&l->names, key);
    if (l->off)
        return;
    l->rises = rises_open(path, why);
    if (!l->rises)
        log_warn("ledger", "%s; a kill of weir can forget that a conversation was restricted", why);
    l->rows = conversation_rows_new(s, l->conversations, l->rises);
}

bool ledger_rows_begin(struct ledger *l)
{
    if (!l->rows)
        return true;
    set_key(&l->names, conversation_rows_key(l->rows));
    return conversation_rows_load(l->rows, time_wall_us());
}

void ledger_remember_free(struct ledger *l)
{
    conversation_rows_free(l->rows);
    rises_close(l->rises);
    conversations_free(l->conversations);
}

// --- the road of a call --------------------------------------------------------------------------

bool ledger_remembers(const struct ledger *l)
{
    return l->conversations != NULL;
}

static void name_it(const struct hash_long *key, str tenant, bool named, str words,
                    uint64_t ret_id[2])
{
    char bytes[NAME_BYTES_MAX];
    size_t n = 0, tenant_n = min_size(tenant.n, NAME_CAP);
    bytes[n++] = named ? 'n' : 'b';
    bytes[n++] = (char)tenant_n;
    if (tenant_n)
        memcpy(bytes + n, tenant.p, tenant_n);
    n += tenant_n;
    must(words.n <= sizeof bytes - n);
    if (words.n)
        memcpy(bytes + n, words.p, words.n);
    struct hash128 h = hash_bytes(key, bytes, n + words.n);
    ret_id[0] = h.h[0] | (h.h[0] == 0); // 0 is none
    ret_id[1] = h.h[1];
}

void ledger_conversation_name(const struct ledger *l, str tenant, bool named, str words,
                              uint64_t ret_id[2])
{
    must(l->conversations);
    name_it(&l->names, tenant, named, words, ret_id);
}

// The id's bytes as they lie in the file.
void ledger_conversation_hex(const uint64_t id[2], char ret_hex[33])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = (const unsigned char *)id;
    for (unsigned i = 0; i < 16; i++) {
        ret_hex[2 * i] = digits[b[i] >> 4];
        ret_hex[2 * i + 1] = digits[b[i] & 15];
    }
    ret_hex[32] = 0;
}

static int target_of(const struct ledger *l, const struct fleet *f, uint16_t place)
{
    if (!place)
        return -1;
    struct place p = conversations_place_of(l->conversations, place);
    for (unsigned i = 0; i < f->target_count; i++)
        if (str_eq(f->targets[i].name, p.target))
            return (int)i;
    return -1;
}

void ledger_conversation_turn(struct ledger *l, const struct fleet *f, enum label label,
                              int64_t now_us, struct conversation *of)
{
    struct slot risen;
    must(l->conversations && of->id[0]);
    bool rose = conversations_turn(l->conversations, of, label, now_us, &risen);
    of->target = target_of(l, f, of->place);
    if (rose && l->rises)
        (void)rises_put(l->rises, &risen); // not written: its file says at the next start
}

void ledger_conversation_placed(struct ledger *l, const struct fleet *f, unsigned target,
                                const struct conversation *of)
{
    must(l->conversations && target < f->target_count);
    const struct target *t = &f->targets[target];
    if (of->target == (int)target)
        return;
    uint16_t place = conversations_place(l->conversations, t->name, f->zones[t->zone].name);
    conversations_placed(l->conversations, of->id, place);
}

// --- the operator's side -------------------------------------------------------------------------

static enum err open_there(const char *path, sqlite3 **ret_db, char why[256])
{
    if (access(path, F_OK) != 0) {
        snprintf(why, 256, "ledger %.150s: there is no such file", path);
        return ERR_BAD_FILE;
    }
    return schema_open(path, ret_db, why);
}

static enum err close_it(sqlite3 *db, bool good, const char *path, char why[256])
{
    if (!good)
        snprintf(why, 256, "ledger %.100s: %.120s", path, sqlite3_errmsg(db));
    sqlite3_close_v2(db);
    return good ? OK : ERR_BAD_FILE;
}

enum err ledger_lower(const char *path, const struct lowering *w, char ret_why[256])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    enum err e = open_there(path, &db, ret_why);
    if (e != OK)
        return e;
    must(w->id[0] && w->label <= LABEL_RESTRICTED);
    bool good = sqlite3_prepare_v2(db,
                                   "INSERT INTO lowering(id, label, at_us, who) "
                                   "VALUES(?1, ?2, ?3, ?4)",
                                   -1, &s, NULL) == SQLITE_OK;
    if (good) {
        sqlite3_bind_blob(s, 1, w->id, sizeof w->id, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, w->label);
        sqlite3_bind_int64(s, 3, w->at_us);
        sqlite3_bind_text(s, 4, w->who, -1, SQLITE_STATIC);
        good = sqlite3_step(s) == SQLITE_DONE;
    }
    sqlite3_finalize(s);
    return close_it(db, good, path, ret_why);
}

enum err ledger_conversations_each(const char *path,
                                   void (*each)(void *arg, const struct conversation_row *r),
                                   void *arg, char ret_why[256])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    enum err e = open_there(path, &db, ret_why);
    if (e != OK)
        return e;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT lower(hex(id)), named, label, coalesce(target, ''), "
                                "coalesce(zone, ''), turns, seen FROM conversation "
                                "ORDER BY seen DESC",
                                -1, &s, NULL);
    while (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        int64_t label = sqlite3_column_int64(s, 2);
        struct conversation_row r = {
            .named = sqlite3_column_int64(s, 1),
            .label = label < 0 || label > LABEL_RESTRICTED ? LABEL_RESTRICTED : (enum label)label,
            .target = (const char *)sqlite3_column_text(s, 3),
            .zone = (const char *)sqlite3_column_text(s, 4),
            .turns = sqlite3_column_int64(s, 5),
            .seen_us = sqlite3_column_int64(s, 6) * 1000000};
        str_copy_to(r.id, sizeof r.id, str_c((const char *)sqlite3_column_text(s, 0)));
        each(arg, &r);
    }
    bool good = sqlite3_finalize(s) == SQLITE_OK && rc == SQLITE_OK;
    return close_it(db, good, path, ret_why);
}

enum err ledger_conversation_find(const char *path, str tenant, str name, uint64_t ret_id[2],
                                  char ret_why[256])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    struct hash_long key;
    enum err e = open_there(path, &db, ret_why);
    if (e != OK)
        return e;
    bool good = sqlite3_prepare_v2(db, "SELECT value FROM secret WHERE name = 'conversation'", -1,
                                   &s, NULL) == SQLITE_OK &&
                sqlite3_step(s) == SQLITE_ROW &&
                sqlite3_column_bytes(s, 0) == CONVERSATION_KEY_BYTES;
    if (good) {
        set_key(&key, sqlite3_column_blob(s, 0));
        name_it(&key, tenant, true, name, ret_id);
    }
    sqlite3_finalize(s);
    return close_it(db, good, path, ret_why);
}
