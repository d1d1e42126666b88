// schema.c: the file's shape, as numbered migrations. Each runs in a transaction of its own
// together with its number (PRAGMA user_version), so that a file always has a whole version. A
// migration that was released is never changed; a new shape is a new row. application_id marks
// files as ours.
#include "ledger/schema.h"
#include "ledger/ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x77656972 }; // "weir"

static const char *const migrations[] = {
    // 1: the tables. Their comments are kept in the file, for `.schema`.
    "CREATE TABLE entry(\n"
    "  n INTEGER PRIMARY KEY,      -- in order of writing\n"
    "  id TEXT,                    -- x-weir-call; sorts by time\n"
    "  start_us INTEGER,           -- since 1970, UTC\n"
    "  dialect TEXT,\n"
    "  tenant TEXT,\n"
    "  client_model TEXT,          -- as the client named it\n"
    "  task TEXT,\n"
    "  task_p REAL,                -- how sure the classifier was\n"
    "  p_local_ok REAL,            -- probability that a local answer is as good\n"
    "  label TEXT,\n"
    "  findings TEXT,              -- EMAIL:2,IBAN:1; never what was found\n"
    "  step TEXT,                  -- where it ended; record: all went well\n"
    "  err TEXT,\n"
    "  status INTEGER,             -- what the client got; 499: it left first\n"
    "  target TEXT,                -- who answered\n"
    "  zone TEXT,\n"
    "  plan,                       -- row of table plan, or JSON where it was seen once\n"
    "  reason TEXT,\n"
    "  input_uncached INTEGER,     -- tokens; NULL is absent, which is not 0\n"
    "  input_cached INTEGER,\n"
    "  input_written INTEGER,      -- to the provider's cache\n"
    "  output INTEGER,\n"
    "  reasoning INTEGER,          -- part of output\n"
    "  usage_source TEXT,          -- reported, estimated, absent\n"
    "  usage_raw TEXT,             -- the provider's own object\n"
    "  finish TEXT,\n"
    "  answer_model TEXT,          -- as the target names itself\n"
    "  bytes_in INTEGER,\n"
    "  bytes_out INTEGER,\n"
    "  events INTEGER,\n"
    "  first_byte_after_us INTEGER, -- after start_us\n"
    "  last_byte_after_us INTEGER,\n"
    "  want_label TEXT,            -- x-weir-* as the client sent them\n"
    "  want_zone TEXT,\n"
    "  want_quality TEXT,\n"
    "  want_deadline TEXT);\n"
    "CREATE TABLE try(\n"
    "  k INTEGER PRIMARY KEY,      -- 16 * entry + n: an entry's tries lie together\n"
    "  entry INTEGER,\n"
    "  n INTEGER,                  -- from 1\n"
    "  target TEXT,\n"
    "  zone TEXT,\n"
    "  err TEXT,\n"
    "  status INTEGER,             -- the target's; NULL: none came\n"
    "  reused INTEGER,             -- on a kept connection\n"
    "  start_after_us INTEGER,     -- after the entry's start_us; NULL: never\n"
    "  connected_after_us INTEGER,\n"
    "  first_byte_after_us INTEGER,\n"
    "  last_byte_after_us INTEGER);\n"
    "CREATE TABLE plan(id INTEGER PRIMARY KEY, text TEXT UNIQUE);\n",
    // 2: views to read by.
    "CREATE VIEW entries AS SELECT\n"
    "  n, id, start_us, strftime('%Y-%m-%dT%H:%M:%fZ', start_us / 1000000.0, 'unixepoch') AS "
    "started,\n"
    "  tenant, dialect, client_model, task, task_p, p_local_ok, label, findings, step, err, "
    "status,\n"
    "  target, zone, reason,\n"
    "  (SELECT count(*) FROM try WHERE k BETWEEN 16 * e.n AND 16 * e.n + 15) AS tries,\n"
    "  CASE typeof(plan) WHEN 'integer' THEN (SELECT text FROM plan AS p WHERE p.id = e.plan)\n"
    "    ELSE plan END AS plan,\n"
    "  input_uncached, input_cached, input_written, output, reasoning, usage_source, usage_raw,\n"
    "  finish, answer_model, bytes_in, bytes_out, events,\n"
    "  first_byte_after_us / 1000.0 AS first_byte_ms, last_byte_after_us / 1000.0 AS "
    "last_byte_ms,\n"
    "  want_label, want_zone, want_quality, want_deadline\n"
    "FROM entry AS e;\n"
    "CREATE VIEW tries AS SELECT\n"
    "  e.id AS id, t.n AS n, e.start_us + t.start_after_us AS start_us, t.target, t.zone, t.err, "
    "t.status, t.reused,\n"
    "  t.start_after_us / 1000.0 AS start_ms, t.connected_after_us / 1000.0 AS connected_ms,\n"
    "  t.first_byte_after_us / 1000.0 AS first_byte_ms,\n"
    "  t.last_byte_after_us / 1000.0 AS last_byte_ms\n"
    "FROM try AS t LEFT JOIN entry AS e ON e.n = t.entry;\n",
    // 3: what is alike in many calls is written once, and a lone try stands in its entry.
    "DROP VIEW entries;\n"
    "DROP VIEW tries;\n"
    "CREATE TABLE context(         -- what is alike in many calls\n"
    "  n INTEGER PRIMARY KEY,      -- the entry that had it first\n"
    "  dialect TEXT,\n"
    "  tenant TEXT,\n"
    "  client_model TEXT,          -- as the client named it\n"
    "  task TEXT,\n"
    "  label TEXT,\n"
    "  step TEXT,                  -- where it ended; record: all went well\n"
    "  err TEXT,\n"
    "  status INTEGER,             -- what the client got; 499: it left first\n"
    "  target TEXT,                -- who answered\n"
    "  zone TEXT,\n"
    "  plan,                       -- row of table plan, or JSON where it was seen once\n"
    "  reason TEXT,\n"
    "  usage_source TEXT,          -- reported, estimated, absent\n"
    "  finish TEXT,\n"
    "  answer_model TEXT,          -- as the target names itself\n"
    "  want_label TEXT,            -- x-weir-* as the client sent them\n"
    "  want_zone TEXT,\n"
    "  want_quality TEXT,\n"
    "  want_deadline TEXT);\n"
    "CREATE TABLE entry_row(\n"
    "  n INTEGER PRIMARY KEY,      -- in order of writing\n"
    "  id TEXT,                    -- x-weir-call; sorts by time\n"
    "  start_us INTEGER,           -- since 1970, UTC\n"
    "  context INTEGER,            -- row of table context\n"
    "  task_p REAL,                -- how sure the classifier was\n"
    "  p_local_ok REAL,            -- probability that a local answer is as good\n"
    "  findings TEXT,              -- EMAIL:2,IBAN:1; never what was found\n"
    "  input_uncached INTEGER,     -- tokens; NULL is absent, which is not 0\n"
    "  input_cached INTEGER,\n"
    "  input_written INTEGER,      -- to the provider's cache\n"
    "  output INTEGER,\n"
    "  reasoning INTEGER,          -- part of output\n"
    "  usage_raw TEXT,             -- the provider's own object\n"
    "  bytes_in INTEGER,\n"
    "  bytes_out INTEGER,\n"
    "  events INTEGER,\n"
    "  first_byte_after_us INTEGER, -- after start_us\n"
    "  last_byte_after_us INTEGER,\n"
    "  try_reused INTEGER,         -- not NULL: its only try went well and has no row\n"
    "  try_start_after_us INTEGER,\n"
    "  try_connected_after_us INTEGER,\n"
    "  try_first_byte_after_us INTEGER,\n"
    "  try_last_byte_after_us INTEGER);\n"
    "CREATE TABLE try_row(\n"
    "  k INTEGER PRIMARY KEY,      -- 16 * entry + which, from 1\n"
    "  target TEXT,\n"
    "  zone TEXT,\n"
    "  err TEXT,\n"
    "  status INTEGER,             -- the target's; NULL: none came\n"
    "  reused INTEGER,             -- on a kept connection\n"
    "  start_after_us INTEGER,     -- after the entry's start_us; NULL: never\n"
    "  connected_after_us INTEGER,\n"
    "  first_byte_after_us INTEGER,\n"
    "  last_byte_after_us INTEGER);\n"
    "INSERT INTO context SELECT n, dialect, tenant, client_model, task, label, step, err, status,\n"
    "  target, zone, plan, reason, usage_source, finish, answer_model, want_label, want_zone,\n"
    "  want_quality, want_deadline FROM entry;\n"
    "INSERT INTO entry_row SELECT n, id, start_us, n, task_p, p_local_ok, findings,\n"
    "  input_uncached, input_cached, input_written, output, reasoning, usage_raw, bytes_in,\n"
    "  bytes_out, events, first_byte_after_us, last_byte_after_us, NULL, NULL, NULL, NULL, NULL\n"
    "  FROM entry;\n"
    "INSERT INTO try_row SELECT k, target, zone, err, status, reused, start_after_us,\n"
    "  connected_after_us, first_byte_after_us, last_byte_after_us FROM try;\n"
    "DROP TABLE entry;\n"
    "DROP TABLE try;\n"
    "CREATE VIEW entry AS SELECT\n"
    "  e.n, id, start_us, dialect, tenant, client_model, task, task_p, p_local_ok, label,\n"
    "  findings, step, err, status, target, zone, plan, reason, input_uncached, input_cached,\n"
    "  input_written, output, reasoning, usage_source, usage_raw, finish, answer_model, bytes_in,\n"
    "  bytes_out, events, first_byte_after_us, last_byte_after_us, want_label, want_zone,\n"
    "  want_quality, want_deadline\n"
    "FROM entry_row AS e LEFT JOIN context AS c ON c.n = e.context;\n"
    "CREATE VIEW try AS SELECT\n"
    "  k, k / 16 AS entry, k % 16 AS n, target, zone, err, status, reused, start_after_us,\n"
    "  connected_after_us, first_byte_after_us, last_byte_after_us\n"
    "FROM try_row UNION ALL SELECT\n"
    "  16 * e.n + 1, e.n, 1, target, zone, NULL, status, try_reused, try_start_after_us,\n"
    "  try_connected_after_us, try_first_byte_after_us, try_last_byte_after_us\n"
    "FROM entry_row AS e JOIN context AS c ON c.n = e.context WHERE try_reused IS NOT NULL;\n"
    "CREATE VIEW entries AS SELECT\n"
    "  e.n, id, start_us, strftime('%Y-%m-%dT%H:%M:%fZ', start_us / 1000000.0, 'unixepoch') AS "
    "started,\n"
    "  tenant, dialect, client_model, task, task_p, p_local_ok, label, findings, step, err, "
    "status,\n"
    "  target, zone, reason,\n"
    "  (try_reused IS NOT NULL) +\n"
    "    (SELECT count(*) FROM try_row WHERE k BETWEEN 16 * e.n AND 16 * e.n + 15) AS tries,\n"
    "  CASE typeof(plan) WHEN 'integer' THEN (SELECT text FROM plan AS p WHERE p.id = c.plan)\n"
    "    ELSE plan END AS plan,\n"
    "  input_uncached, input_cached, input_written, output, reasoning, usage_source, usage_raw,\n"
    "  finish, answer_model, bytes_in, bytes_out, events,\n"
    "  first_byte_after_us / 1000.0 AS first_byte_ms, last_byte_after_us / 1000.0 AS "
    "last_byte_ms,\n"
    "  want_label, want_zone, want_quality, want_deadline\n"
    "FROM entry_row AS e LEFT JOIN context AS c ON c.n = e.context;\n"
    "CREATE VIEW tries AS SELECT\n"
    "  e.id AS id, t.n AS n, e.start_us + t.start_after_us AS start_us, t.target, t.zone, t.err, "
    "t.status, t.reused,\n"
    "  t.start_after_us / 1000.0 AS start_ms, t.connected_after_us / 1000.0 AS connected_ms,\n"
    "  t.first_byte_after_us / 1000.0 AS first_byte_ms,\n"
    "  t.last_byte_after_us / 1000.0 AS last_byte_ms\n"
    "FROM try AS t LEFT JOIN entry_row AS e ON e.n = t.entry;\n",
    // 4: whose call it was.
    "ALTER TABLE context ADD COLUMN kind TEXT;\n" // NULL: a client's
    "DROP VIEW entries;\n"
    "DROP VIEW entry;\n"
    "CREATE VIEW entry AS SELECT\n"
    "  e.n, id, start_us, dialect, tenant, client_model, task, task_p, p_local_ok, label,\n"
    "  findings, step, err, status, target, zone, plan, reason, input_uncached, input_cached,\n"
    "  input_written, output, reasoning, usage_source, usage_raw, finish, answer_model, bytes_in,\n"
    "  bytes_out, events, first_byte_after_us, last_byte_after_us, want_label, want_zone,\n"
    "  want_quality, want_deadline, coalesce(kind, 'client') AS kind\n"
    "FROM entry_row AS e LEFT JOIN context AS c ON c.n = e.context;\n"
    "CREATE VIEW entries AS SELECT\n"
    "  e.n, id, start_us, strftime('%Y-%m-%dT%H:%M:%fZ', start_us / 1000000.0, 'unixepoch') AS "
    "started,\n"
    "  tenant, dialect, client_model, task, task_p, p_local_ok, label, findings, step, err, "
    "status,\n"
    "  target, zone, reason,\n"
    "  (try_reused IS NOT NULL) +\n"
    "    (SELECT count(*) FROM try_row WHERE k BETWEEN 16 * e.n AND 16 * e.n + 15) AS tries,\n"
    "  CASE typeof(plan) WHEN 'integer' THEN (SELECT text FROM plan AS p WHERE p.id = c.plan)\n"
    "    ELSE plan END AS plan,\n"
    "  input_uncached, input_cached, input_written, output, reasoning, usage_source, usage_raw,\n"
    "  finish, answer_model, bytes_in, bytes_out, events,\n"
    "  first_byte_after_us / 1000.0 AS first_byte_ms, last_byte_after_us / 1000.0 AS "
    "last_byte_ms,\n"
    "  want_label, want_zone, want_quality, want_deadline, coalesce(kind, 'client') AS kind\n"
    "FROM entry_row AS e LEFT JOIN context AS c ON c.n = e.context;\n",
    // 5: conversations. Their ids are keyed hashes; labels are numbers, so that the higher one
    // stays.
    "CREATE TABLE conversation(\n"
    "  id BLOB PRIMARY KEY,        -- keyed hash of tenant and name, or tenant and beginning\n"
    "  named INTEGER,              -- 1: by x-weir-conversation\n"
    "  label INTEGER,              -- 0 public, 1 internal, 2 restricted\n"
    "  target TEXT,                -- who served its last turn\n"
    "  zone TEXT,\n"
    "  turns INTEGER,\n"
    "  seen INTEGER                -- its last turn, seconds since 1970\n"
    ") WITHOUT ROWID;\n"
    "CREATE TABLE secret(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;\n"
    "CREATE TABLE lowering(        -- labels that an operator lowered; rows are only ever added\n"
    "  n INTEGER PRIMARY KEY,\n"
    "  id BLOB,                    -- of the conversation\n"
    "  label INTEGER,              -- what it was lowered to\n"
    "  at_us INTEGER,\n"
    "  who TEXT,\n"
    "  taken_us INTEGER);          -- when weir took it up; NULL: not yet\n",
    // 6: what was thrown away (the local answers of policy.cascade that failed their check).
    "ALTER TABLE try_row ADD COLUMN input INTEGER;\n" // tokens; NULL: none, or in the entry
    "ALTER TABLE try_row ADD COLUMN output INTEGER;\n"
    "DROP VIEW tries;\n"
    "DROP VIEW try;\n"
    "CREATE VIEW try AS SELECT\n"
    "  k, k / 16 AS entry, k % 16 AS n, target, zone, err, status, reused, start_after_us,\n"
    "  connected_after_us, first_byte_after_us, last_byte_after_us, input, output\n"
    "FROM try_row UNION ALL SELECT\n"
    "  16 * e.n + 1, e.n, 1, target, zone, NULL, status, try_reused, try_start_after_us,\n"
    "  try_connected_after_us, try_first_byte_after_us, try_last_byte_after_us, NULL, NULL\n"
    "FROM entry_row AS e JOIN context AS c ON c.n = e.context WHERE try_reused IS NOT NULL;\n"
    "CREATE VIEW tries AS SELECT\n"
    "  e.id AS id, t.n AS n, e.start_us + t.start_after_us AS start_us, t.target, t.zone, t.err, "
    "t.status, t.reused,\n"
    "  t.start_after_us / 1000.0 AS start_ms, t.connected_after_us / 1000.0 AS connected_ms,\n"
    "  t.first_byte_after_us / 1000.0 AS first_byte_ms,\n"
    "  t.last_byte_after_us / 1000.0 AS last_byte_ms, t.input, t.output\n"
    "FROM try AS t LEFT JOIN entry_row AS e ON e.n = t.entry;\n",
};

int ledger_schema_version(void)
{
    return (int)countof(migrations);
}

// Page size by measurement: 4096 costs 0.2 us a call more at full load, 16384 twice the bytes for a
// small batch. NORMAL: a kill loses nothing that was committed, a power cut what came after the
// last checkpoint, and neither breaks the file.
static const char settings[] = "PRAGMA page_size = 8192;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = NORMAL;"
                               "PRAGMA wal_autocheckpoint = 1024;"
                               "PRAGMA journal_size_limit = 33554432;"
                               "PRAGMA cache_size = -1024;"
                               "PRAGMA temp_store = MEMORY;";

static enum err fail(char *why, const char *path, const char *what)
{
    // The sentence counts more than the front of a long path
    size_t n = strlen(path), keep = 100; // and 140 of what is wrong
    snprintf(why, WHY_BYTES, "ledger %s%.*s: %.140s", n > keep ? "..." : "", (int)keep,
             n > keep ? path + n - keep : path, what);
    return ERR_BAD_FILE;
}

static enum err fail_sqlite(char *why, const char *path, sqlite3 *db, int rc)
{
    char what[WHY_BYTES];
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
        return fail(why, path, "this is not a SQLite file; give ledger.path another name");
    case SQLITE_CORRUPT:
        return fail(why, path,
                    "the file is damaged; move it away (sqlite3's .recover reads what "
                    "is left) or give ledger.path another name");
    case SQLITE_BUSY:
        return fail(why, path, "another program holds it locked; end that program's transaction");
    default:
        snprintf(what, sizeof what, "%.100s; see whether the folder can be written and has room",
                 db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        return fail(why, path, what);
    }
}

static int read_int(sqlite3 *db, const char *sql, int64_t *ret)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    int end = sqlite3_finalize(s);
    return rc == SQLITE_OK ? end : rc;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int migrate_to(sqlite3 *db, int64_t version)
{
    char mark[100];
    must(version >= 1 && version <= (int64_t)countof(migrations));
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %lld; COMMIT",
             APPLICATION_ID, (long long)version);
    int rc = run(db, migrations[version - 1]);
    return rc == SQLITE_OK ? run(db, mark) : rc;
}

// Another weir may be at the same file: the version is read under the lock each migration takes.
static enum err migrate(sqlite3 *db, const char *path, char *why)
{
    const int64_t known = ledger_schema_version();
    char what[160];
    for (;;) {
        int64_t version = 0, mark = 0, tables = 0;
        int rc = run(db, "BEGIN IMMEDIATE");
        if (rc == SQLITE_OK)
            rc = read_int(db, "PRAGMA user_version", &version);
        if (rc == SQLITE_OK)
            rc = read_int(db, "PRAGMA application_id", &mark);
        if (rc == SQLITE_OK)
            rc = read_int(db, "SELECT count(*) FROM sqlite_master", &tables);
        if (rc != SQLITE_OK)
            return fail_sqlite(why, path, db, rc);
        if (mark != APPLICATION_ID && (mark || version || tables))
            return fail(why, path,
                        "this is another program's database; give ledger.path another "
                        "name");
        if (version > known) {
            snprintf(what, sizeof what,
                     "written by a newer weir (schema %lld, this one knows %lld); run that weir, "
                     "or give ledger.path another name",
                     (long long)version, (long long)known);
            return fail(why, path, what);
        }
        if (version < 0 || version == known)
            return run(db, "ROLLBACK") == SQLITE_OK && version == known
                       ? OK
                       : fail(why, path, "its schema number makes no sense; move the file away");
        rc = migrate_to(db, version + 1);
        if (rc != SQLITE_OK)
            return fail_sqlite(why, path, db, rc);
    }
}

// Nobody but the owner reads who asked what when. The journal's files get the same rights.
static void make_private(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

static void once(void)
{
    // No counting of memory: it costs a lock at each allocation. Too late is no error.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// What to do about a file that cannot be opened.
static const char *remedy(int system)
{
    switch (system) {
    case ENOENT:
    case ENOTDIR:
        return "make its folder, or change ledger.path";
    case EISDIR:
        return "ledger.path names a file, not a folder";
    default:
        return "let weir write into its folder, or change ledger.path";
    }
}

enum err schema_open(const char *path, struct sqlite3 **ret_db, char ret_why[WHY_BYTES])
{
    static pthread_once_t done = PTHREAD_ONCE_INIT;
    char why[WHY_BYTES] = "";
    sqlite3 *db = NULL;
    enum { BUSY_MS = 1000 };
    must(path[0] && pthread_once(&done, once) == 0);
    make_private(path);
    errno = 0;
    int rc = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    int system = errno;
    enum err e = OK;
    if (rc == SQLITE_CANTOPEN && system) {
        char what[200], buf[100];
        snprintf(what, sizeof what, "cannot open it: %s; %s", strerror_r(system, buf, sizeof buf),
                 remedy(system));
        e = fail(why, path, what);
    } else if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        rc = run(db, settings);
    }
    if (e == OK)
        e = rc == SQLITE_OK ? migrate(db, path, why) : fail_sqlite(why, path, db, rc);
    if (e != OK) {
        must(why[0]);
        sqlite3_close_v2(db);
        memcpy(ret_why, why, sizeof why);
        return e;
    }
    *ret_db = db;
    return OK;
}
