// schema.c: tables by numbered steps, never changed once released. PRAGMA user_version counts the
// steps that a file has taken; each runs in a transaction with its number, so a file is at one
// version whole.
#include "ledger/schema.h"

static const char *const steps[] = {
    // 1: words and plans are kept once; entries and tries only name them by number
    "CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE plan(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE entry("
    " n INTEGER PRIMARY KEY, id TEXT NOT NULL, start_us INTEGER NOT NULL, first_byte_us INTEGER,"
    " last_byte_us INTEGER, dialect INTEGER, tenant INTEGER, client_model INTEGER, task INTEGER,"
    " task_p REAL, p_local_ok REAL, label INTEGER, findings INTEGER, step INTEGER, err INTEGER,"
    " status INTEGER, target INTEGER, zone INTEGER, plan INTEGER, usage_source INTEGER,"
    " input_uncached INTEGER, input_cached INTEGER, input_written INTEGER, output INTEGER,"
    " reasoning INTEGER, usage_raw TEXT, finish INTEGER, answer_model INTEGER, bytes_in INTEGER,"
    " bytes_out INTEGER, events INTEGER);"
    "CREATE INDEX entry_id ON entry(id);"
    "CREATE TABLE try("
    " entry INTEGER NOT NULL, n INTEGER NOT NULL, target INTEGER, zone INTEGER, err INTEGER, "
    "status INTEGER,"
    " reused INTEGER, start_us INTEGER, connected_us INTEGER, first_byte_us INTEGER, last_byte_us "
    "INTEGER, PRIMARY KEY(entry, n)) WITHOUT ROWID;"
    "CREATE VIEW entries AS SELECT e.n, e.id, e.start_us, e.first_byte_us, e.last_byte_us,"
    " d.text dialect, t.text tenant, m.text client_model, k.text task, e.task_p, e.p_local_ok,"
    " l.text label, f.text findings, s.text step, r.text err, e.status, g.text target, z.text zone,"
    " p.text plan, u.text usage_source, e.input_uncached, e.input_cached, e.input_written, "
    "e.output,"
    " e.reasoning, e.usage_raw, i.text finish, a.text answer_model, e.bytes_in, e.bytes_out, "
    "e.events"
    " FROM entry e LEFT JOIN word d ON d.id=e.dialect LEFT JOIN word t ON t.id=e.tenant"
    " LEFT JOIN word m ON m.id=e.client_model LEFT JOIN word k ON k.id=e.task"
    " LEFT JOIN word l ON l.id=e.label LEFT JOIN word f ON f.id=e.findings"
    " LEFT JOIN word s ON s.id=e.step LEFT JOIN word r ON r.id=e.err LEFT JOIN word g ON "
    "g.id=e.target"
    " LEFT JOIN word z ON z.id=e.zone LEFT JOIN plan p ON p.id=e.plan"
    " LEFT JOIN word u ON u.id=e.usage_source LEFT JOIN word i ON i.id=e.finish"
    " LEFT JOIN word a ON a.id=e.answer_model;"
    "CREATE VIEW tries AS SELECT e.id, y.n, g.text target, z.text zone, r.text err, y.status, "
    "y.reused,"
    " y.start_us, y.connected_us, y.first_byte_us, y.last_byte_us FROM try y JOIN entry e ON "
    "e.n=y.entry"
    " LEFT JOIN word g ON g.id=y.target LEFT JOIN word z ON z.id=y.zone LEFT JOIN word r ON "
    "r.id=y.err;",
};

int ledger_schema_version(void)
{
    return (int)countof(steps);
}

static enum err refuse(sqlite3 *db, char why[256], const char *say)
{
    snprintf(why, 256, "%s", say);
    sqlite3_close(db);
    return ERR_BAD_FILE;
}

// The first number that a query gives; minus SQLite's result code when it gives none.
static int number_from(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    int n = rc == SQLITE_ROW ? sqlite3_column_int(q, 0) : -rc;
    sqlite3_finalize(q);
    return n;
}

static bool take_step(sqlite3 *db, int number)
{
    char set[64];
    must(number >= 1 && number <= (int)countof(steps));
    snprintf(set, sizeof set, "PRAGMA user_version=%d", number);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    if (sqlite3_exec(db, steps[number - 1], NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, set, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

// May the file be used? If not, `say` tells what to do about it.
static bool judge_version(sqlite3 *db, const char *path, int version, char say[256])
{
    if (version == -SQLITE_NOTADB) {
        snprintf(say, 256,
                 "the ledger %.160s is no SQLite database: move it away, or set ledger.path", path);
    } else if (version < 0) {
        snprintf(say, 256, "the ledger %.120s cannot be read: %.80s", path, sqlite3_errmsg(db));
    } else if (version > (int)countof(steps)) {
        snprintf(say, 256,
                 "the ledger %.120s was written by a newer weir (version %d): use that one, or "
                 "another file",
                 path, version);
    } else if (version == 0 && number_from(db, "SELECT count(*) FROM sqlite_master") != 0) {
        snprintf(say, 256,
                 "the ledger %.120s holds another program's tables: set ledger.path to a file of "
                 "its own",
                 path);
    } else {
        return true;
    }
    return false;
}

enum err schema_open(const char *path, sqlite3 **ret_db, char ret_why[256])
{
    sqlite3 *db = NULL;
    char say[256];
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        snprintf(say, sizeof say, "the ledger %.120s cannot be opened: %.80s; set ledger.path",
                 path, sqlite3_errmsg(db));
        return refuse(db, ret_why, say);
    }
    sqlite3_busy_timeout(db, 2000);
    int version = number_from(db, "PRAGMA user_version");
    if (!judge_version(db, path, version, say))
        return refuse(db, ret_why, say);
    bool fine = sqlite3_exec(db,
                             "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA "
                             "wal_autocheckpoint=4000; PRAGMA cache_size=-2000",
                             NULL, NULL, NULL) == SQLITE_OK;
    while (fine && version < (int)countof(steps))
        fine = take_step(db, ++version);
    if (!fine) {
        snprintf(say, sizeof say, "the ledger %.100s cannot be prepared: %.100s", path,
                 sqlite3_errmsg(db));
        return refuse(db, ret_why, say);
    }
    *ret_db = db;
    return OK;
}
