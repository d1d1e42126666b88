// rows.c: packed calls into the two big tables. The batch itself is two tables to SQLite (virtual
// ones, whose rows are read from the blocks as they lie), so that one INSERT ... SELECT writes
// all rows of a table: a statement begun and ended for each row would cost as much again as
// the row. Texts are lent to SQLite, which is safe because a batch's blocks live until it is
// written.
#include "ledger/rows.h"
#include "base/mem.h"
#include <sqlite3.h>

enum table { CONTEXT, ENTRY, TRY };
enum kind { INT, COUNT, REAL, WORD, TEXT, ID, PLAN, LONE, KEY };

static const struct column {
    enum table table;
    enum kind kind;
    const char *name;
    size_t offset;
} columns[] = {
#define COLUMN(table, kind, name, holder, field)                                                   \
    {table, kind, #name, offsetof(struct holder, field)},
#include "ledger/columns.def"
#undef COLUMN
};

static const struct shape {
    const char *table, *batch;
    // Where someone took the last entries away, their contexts and tries may still be there.
    // ROLLBACK: the whole batch goes when a row is refused, so that SQLite keeps no journal of the
    // statement.
    const char *where_taken;
} shapes[ROWS_TABLES] = {
    [CONTEXT] = {"context", "batch_context", "REPLACE"},
    [ENTRY] = {"entry_row", "batch_entry", "ROLLBACK"},
    [TRY] = {"try_row", "batch_try", "REPLACE"},
};

static const struct column *columns_of(enum table table)
{
    const struct column *c = columns;
    while (c->table != table)
        must(++c < columns + countof(columns));
    return c;
}

enum { NAMES_BYTES = 600 };
static void put_names(char *out, enum table table)
{
    size_t n = 0;
    const struct column *c = columns_of(table);
    for (; c < columns + countof(columns) && c->table == table; c++) {
        n += (size_t)snprintf(out + n, NAMES_BYTES - n, "%s%s", n ? "," : "", c->name);
        must(n < NAMES_BYTES);
    }
}

// --- the batch as a table
// -------------------------------------------------------------------------

struct batch_table {
    sqlite3_vtab base; // first: SQLite's own
    const struct rows *rows;
    enum table which;
};

struct batch_cursor {
    sqlite3_vtab_cursor base; // first: SQLite's own
    const struct rows *rows;
    enum table table;
    const struct column *columns; // the table's
    struct block *block;          // NULL: at the end
    uint32_t at_byte;             // of the record in the block
    const struct packed *entry;
    int64_t number;
    unsigned which; // of the entry's rows in this table, from 0
};

// As SQLite calls it.
static int connect(sqlite3 *db, void *arg, int argc, const char *const *argv,
                   sqlite3_vtab **ret_table, char **ret_why)
{
    const struct rows *r = arg;
    char sql[1024], names[NAMES_BYTES];
    enum table which = CONTEXT;
    (void)argc;
    (void)ret_why;
    while (strcmp(argv[0], shapes[which].batch) != 0)
        must(++which < (enum table)ROWS_TABLES);
    put_names(names, which);
    int n = snprintf(sql, sizeof sql, "CREATE TABLE batch(%s)", names);
    must(n > 0 && (size_t)n < sizeof sql);
    int rc = sqlite3_declare_vtab(db, sql);
    if (rc != SQLITE_OK)
        return rc;
    struct batch_table *t = mem_new(sizeof *t);
    t->rows = r;
    t->which = which;
    *ret_table = &t->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    mem_free(table);
    return SQLITE_OK;
}

// There is one way to read it: from front to back.
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    (void)info;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    const struct batch_table *t = (const struct batch_table *)(const void *)table;
    struct batch_cursor *c = mem_new(sizeof *c);
    c->rows = t->rows;
    c->table = t->which;
    c->columns = columns_of(t->which);
    *ret_cursor = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    mem_free(cursor);
    return SQLITE_OK;
}

static struct batch_cursor *of_cursor(sqlite3_vtab_cursor *cursor)
{
    return (struct batch_cursor *)(void *)cursor;
}

// How many rows an entry has in this table.
static unsigned rows_of(const struct packed *e, enum table table, int64_t number)
{
    if (table == CONTEXT)
        return e->context == number;
    if (table == ENTRY)
        return 1;
    must(table == TRY);
    return e->lone ? 0 : e->try_count;
}

// From the place that at_byte says, which may be a block's end, to a record that has a row left.
static void settle(struct batch_cursor *c)
{
    while (c->block) {
        c->entry = block_at(c->block, c->at_byte);
        if (!c->entry) {
            c->block = c->block->next;
            c->at_byte = 0;
        } else if (c->which < rows_of(c->entry, c->table, c->number)) {
            return;
        } else {
            c->at_byte += c->entry->size_bytes;
            c->number++;
            c->which = 0;
        }
    }
}

static int filter(sqlite3_vtab_cursor *cursor, int number, const char *name, int argc,
                  sqlite3_value **argv)
{
    struct batch_cursor *c = of_cursor(cursor);
    (void)number;
    (void)name;
    (void)argc;
    (void)argv;
    c->block = c->rows->blocks;
    c->number = c->rows->first_number;
    c->at_byte = 0;
    c->which = 0;
    settle(c);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *cursor)
{
    struct batch_cursor *c = of_cursor(cursor);
    must(c->block && c->entry);
    c->which++;
    settle(c);
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *cursor)
{
    return !of_cursor(cursor)->block;
}

static int64_t key_of(const struct batch_cursor *c)
{
    return c->table == TRY ? c->number * 16 + c->which + 1 : c->number;
}

static int row_number(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret_number)
{
    *ret_number = key_of(of_cursor(cursor));
    return SQLITE_OK;
}

// What is not given stays NULL.
static void give_text(sqlite3_context *to, const char *p, size_t n)
{
    if (n)
        sqlite3_result_text(to, p, (int)n, SQLITE_STATIC);
}

static void give_plan(sqlite3_context *to, const struct batch_cursor *c)
{
    const struct packed *e = c->entry;
    if (e->plan_id)
        sqlite3_result_int64(to, e->plan_id);
    else
        give_text(to, plans_text(c->rows->plans, e->plan_span),
                  e->plan_span.end - e->plan_span.start);
}

static int give(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int index)
{
    const struct batch_cursor *c = of_cursor(cursor);
    const struct column *column = &c->columns[index];
    must(c->block && column->table == c->table);
    const char *from =
        c->table == TRY ? (const char *)&packed_tries(c->entry)[c->which] : (const char *)c->entry;
    const void *field = from + column->offset;
    const struct packed_text *t = field;
    int64_t n;
    const char *word;
    switch (column->kind) {
    case LONE:
        if (!c->entry->lone)
            break;
        field = (const char *)packed_tries(c->entry) + column->offset;
        // fall through
    case COUNT:
    case INT:
        n = *(const int64_t *)field;
        if (n >= 0 || column->kind == INT)
            sqlite3_result_int64(to, n);
        break;
    case REAL:
        if (*(const double *)field >= 0)
            sqlite3_result_double(to, *(const double *)field);
        break;
    case WORD:
        word = *(const char *const *)field;
        give_text(to, word, word ? strlen(word) : 0);
        break;
    case TEXT:
        give_text(to, (const char *)c->entry + t->at, t->n);
        break;
    case ID:
        give_text(to, field, ID_CHARS);
        break;
    case PLAN:
        give_plan(to, c);
        break;
    case KEY:
        sqlite3_result_int64(to, key_of(c));
    }
    return SQLITE_OK;
}

static const sqlite3_module batch_module = {
    .xConnect = connect, // and no xCreate: the table is there by itself
    .xDisconnect = disconnect,
    .xBestIndex = best_index,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = give,
    .xRowid = row_number,
};

// --- the inserts
// ------------------------------------------------------------------------------

bool rows_attach(struct rows *r, struct sqlite3 *db)
{
    for (unsigned i = 0; i < ROWS_TABLES; i++) {
        const struct shape *s = &shapes[i];
        char sql[2 * NAMES_BYTES], names[NAMES_BYTES];
        must(!r->insert[i]);
        put_names(names, i);
        int n = snprintf(sql, sizeof sql, "INSERT OR %s INTO %s(%s) SELECT * FROM %s",
                         s->where_taken, s->table, names, s->batch);
        must(n > 0 && (size_t)n < sizeof sql);
        if (sqlite3_create_module(db, s->batch, &batch_module, r) != SQLITE_OK ||
            sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &r->insert[i], NULL) !=
                SQLITE_OK)
            return false;
    }
    return true;
}

void rows_detach(struct rows *r)
{
    for (unsigned i = 0; i < ROWS_TABLES; i++)
        sqlite3_finalize(r->insert[i]);
    *r = (struct rows){0};
}

bool rows_put(struct rows *r, struct block *blocks, const struct plans *plans, int64_t first_number)
{
    bool good = true;
    must(first_number > 0);
    r->blocks = blocks;
    r->plans = plans;
    r->first_number = first_number;
    for (unsigned i = 0; i < ROWS_TABLES && good; i++) {
        int rc = sqlite3_step(r->insert[i]);
        good = sqlite3_reset(r->insert[i]) == SQLITE_OK && rc == SQLITE_DONE;
    }
    r->blocks = NULL; // lent no longer
    r->plans = NULL;
    return good;
}
