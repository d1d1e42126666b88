// rows.c: one insert a row, columns as columns.def says. Calls resemble each other, so a column is
// bound only where it differs from the row before: what SQLite still holds is the same value. Texts
// are lent to SQLite, which is safe because all blocks of a batch live until its end, when
// everything is unbound.
#include "ledger/rows.h"
#include <sqlite3.h>

enum kind { INT, COUNT, REAL, WORD, TEXT, ID, PLAN, NUMBER, WHICH };

struct column {
    enum kind kind;
    size_t offset;
};

static const struct column entry_columns[] = {
#define ENTRY(kind, name, field) {kind, offsetof(struct packed, field)},
#define TRY(...)
#include "ledger/columns.def"
#undef ENTRY
#undef TRY
};
static const struct column try_columns[] = {
#define ENTRY(...)
#define TRY(kind, name, field) {kind, offsetof(struct packed_try, field)},
#include "ledger/columns.def"
#undef ENTRY
#undef TRY
};

#define TRY(...)
#define ENTRY(kind, name, field) "," #name
static const char entry_sql[] = "INSERT INTO entry(n"
#include "ledger/columns.def"
#undef ENTRY
#define ENTRY(...) ",?"
                                ") VALUES(?"
#include "ledger/columns.def"
                                ")";
#undef ENTRY
#undef TRY
#define ENTRY(...)
#define TRY(kind, name, field) "," #name
static const char try_sql[] = "INSERT INTO try(k"
#include "ledger/columns.def"
#undef TRY
#define TRY(...) ",?"
                              ") VALUES(?"
#include "ledger/columns.def"
                              ")";
#undef ENTRY
#undef TRY

// What a row is made of. fields: the struct that the column's offset is into; NULL: no row yet.
struct row {
    const struct packed *entry;
    const void *fields;
    int64_t number;
    unsigned which;
};

bool rows_attach(struct rows *r, struct sqlite3 *db)
{
    must(!r->entry && !r->try);
    const unsigned keep = SQLITE_PREPARE_PERSISTENT;
    return sqlite3_prepare_v3(db, entry_sql, -1, keep, &r->entry, NULL) == SQLITE_OK &&
           sqlite3_prepare_v3(db, try_sql, -1, keep, &r->try, NULL) == SQLITE_OK;
}

void rows_detach(struct rows *r)
{
    sqlite3_finalize(r->entry);
    sqlite3_finalize(r->try);
    *r = (struct rows){0};
}

static const void *field(const struct row *r, struct column c)
{
    return (const char *)r->fields + c.offset;
}

static bool is_same(const struct row *a, const struct row *b, struct column c)
{
    const struct packed_text *s, *t;
    switch (c.kind) {
    case INT:
    case COUNT:
        return *(const int64_t *)field(a, c) == *(const int64_t *)field(b, c);
    case REAL:
        return memcmp(field(a, c), field(b, c), sizeof(double)) == 0;
    case WORD:
        return *(const char *const *)field(a, c) == *(const char *const *)field(b, c);
    case TEXT:
        s = field(a, c);
        t = field(b, c);
        return s->n == t->n &&
               memcmp((const char *)a->entry + s->at, (const char *)b->entry + t->at, s->n) == 0;
    case PLAN:
        return a->entry->plan_id && a->entry->plan_id == b->entry->plan_id;
    case WHICH:
        return a->which == b->which;
    case ID:
    case NUMBER:
        break;
    }
    return false;
}

static void bind_text(sqlite3_stmt *q, int at, const char *p, size_t n)
{
    if (n)
        sqlite3_bind_text(q, at, p, (int)n, SQLITE_STATIC);
    else
        sqlite3_bind_null(q, at);
}

static void bind_plan(sqlite3_stmt *q, int at, const struct packed *e, const struct plans *plans)
{
    if (e->plan_id)
        sqlite3_bind_int64(q, at, e->plan_id);
    else
        bind_text(q, at, plans_text(plans, e->plan_span), e->plan_span.end - e->plan_span.start);
}

static void bind(sqlite3_stmt *q, int at, const struct row *r, struct column c)
{
    const void *f = field(r, c);
    const struct packed_text *t;
    const char *word;
    switch (c.kind) {
    case COUNT:
        if (*(const int64_t *)f < 0) {
            sqlite3_bind_null(q, at);
            break;
        }
        // falls through
    case INT:
        sqlite3_bind_int64(q, at, *(const int64_t *)f);
        break;
    case REAL:
        if (*(const double *)f < 0)
            sqlite3_bind_null(q, at);
        else
            sqlite3_bind_double(q, at, *(const double *)f);
        break;
    case WORD:
        word = *(const char *const *)f;
        bind_text(q, at, word, word ? strlen(word) : 0);
        break;
    case TEXT:
        t = f;
        bind_text(q, at, (const char *)r->entry + t->at, t->n);
        break;
    case ID:
        bind_text(q, at, f, ID_CHARS);
        break;
    case NUMBER:
        sqlite3_bind_int64(q, at, r->number);
        break;
    case WHICH:
        sqlite3_bind_int64(q, at, r->which);
        break;
    case PLAN:
        must(false); // bind_plan does
    }
}

static bool step(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    return sqlite3_reset(q) == SQLITE_OK && rc == SQLITE_DONE;
}

static bool put_entry(sqlite3_stmt *q, const struct row *r, const struct row *before,
                      const struct plans *plans)
{
    sqlite3_bind_int64(q, 1, r->number);
    for (unsigned i = 0; i < countof(entry_columns); i++) {
        struct column c = entry_columns[i];
        if (before->fields && is_same(r, before, c))
            continue;
        if (c.kind == PLAN)
            bind_plan(q, (int)i + 2, r->entry, plans);
        else
            bind(q, (int)i + 2, r, c);
    }
    return step(q);
}

static bool put_try(sqlite3_stmt *q, const struct row *r, const struct row *before)
{
    must(r->which >= 1 && r->which <= TRY_MAX && TRY_MAX < 16);
    sqlite3_bind_int64(q, 1, r->number * 16 + r->which);
    for (unsigned i = 0; i < countof(try_columns); i++)
        if (!before->fields || !is_same(r, before, try_columns[i]))
            bind(q, (int)i + 2, r, try_columns[i]);
    return step(q);
}

static bool put_entries(struct rows *r, struct block *blocks, const struct plans *plans,
                        int64_t number)
{
    struct row before = {0};
    for (struct block *b = blocks; b; b = b->next) {
        struct packed *e;
        for (uint32_t at = 0; (e = block_at(b, at)); at += e->size_bytes) {
            struct row row = {e, e, number++, 0};
            if (!put_entry(r->entry, &row, &before, plans))
                return false;
            before = row;
        }
    }
    return true;
}

static bool put_tries(struct rows *r, struct block *blocks, int64_t number)
{
    struct row before = {0};
    for (struct block *b = blocks; b; b = b->next) {
        struct packed *e;
        for (uint32_t at = 0; (e = block_at(b, at)); at += e->size_bytes, number++)
            for (unsigned i = 0; i < e->try_count; i++) {
                struct row row = {e, &e->tries[i], number, i + 1};
                if (!put_try(r->try, &row, &before))
                    return false;
                before = row;
            }
    }
    return true;
}

bool rows_put(struct rows *r, struct block *blocks, const struct plans *plans, int64_t first_number)
{
    must(first_number > 0);
    bool good = put_entries(r, blocks, plans, first_number) && put_tries(r, blocks, first_number);
    sqlite3_clear_bindings(r->entry); // the texts go with their blocks
    sqlite3_clear_bindings(r->try);
    return good;
}
