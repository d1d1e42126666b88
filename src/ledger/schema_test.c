// schema_test.c: old files are brought up, what is not ours or not known is refused with a
// sentence.
#include "ledger/sample_test.h"
#include "ledger/schema.h"
#include "tests/unit.h"

static bool make(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    bool good = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (!good)
        printf("%s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    return good;
}

static enum err try_open(const char *path, char why[WHY_BYTES])
{
    sqlite3 *db = NULL;
    why[0] = 0;
    enum err e = schema_open(path, &db, why);
    sqlite3_close(db);
    return e;
}

static bool is_refused(const char *path, const char *with)
{
    char why[WHY_BYTES];
    bool refused = try_open(path, why) == ERR_BAD_FILE && strstr(why, with) && strstr(why, path);
    if (!refused)
        printf("said: %s\n", why);
    return refused;
}

// The corpus: what a file of each old version looks like. A released version's text stays as it is.
static const char version_1[] =
    "CREATE TABLE entry(n INTEGER PRIMARY KEY, id TEXT, start_us INTEGER, dialect TEXT,"
    " tenant TEXT, client_model TEXT, task TEXT, task_p REAL, p_local_ok REAL, label TEXT,"
    " findings TEXT, step TEXT, err TEXT, status INTEGER, target TEXT, zone TEXT, plan,"
    " reason TEXT, input_uncached INTEGER, input_cached INTEGER, input_written INTEGER,"
    " output INTEGER, reasoning INTEGER, usage_source TEXT, usage_raw TEXT, finish TEXT,"
    " answer_model TEXT, bytes_in INTEGER, bytes_out INTEGER, events INTEGER,"
    " first_byte_after_us INTEGER, last_byte_after_us INTEGER, want_label TEXT, want_zone TEXT,"
    " want_quality TEXT, want_deadline TEXT);"
    "CREATE TABLE try(k INTEGER PRIMARY KEY, entry INTEGER, n INTEGER, target TEXT, zone TEXT,"
    " err TEXT, status INTEGER, reused INTEGER, start_after_us INTEGER,"
    " connected_after_us INTEGER, first_byte_after_us INTEGER, last_byte_after_us INTEGER);"
    "CREATE TABLE plan(id INTEGER PRIMARY KEY, text TEXT UNIQUE);"
    "INSERT INTO plan VALUES(1, '{\"targets\":[]}');"
    "INSERT INTO entry(n, id, start_us, task, plan) VALUES(1, 'FIRST', 1764000000250000,"
    " 'summarise', 1), (2, 'SECOND', 1764000001000000, 'code', 'told here');"
    "INSERT INTO try(k, entry, n, target, status) VALUES(17, 1, 1, 'far', 500), (18, 1, 2, 'near',"
    " 200), (33, 2, 1, 'near', 200);"
    "PRAGMA application_id = 2003134834; PRAGMA user_version = 1;";

TEST(a_file_of_version_1_keeps_its_rows_and_gets_the_views)
{
    struct sample *s = sample_new();
    char why[WHY_BYTES], version[8];
    REQUIRE(make(s->path, version_1));
    CHECK(try_open(s->path, why) == OK);
    snprintf(version, sizeof version, "%d", ledger_schema_version());
    CHECK(sample_says(s->path, "PRAGMA user_version", version));
    CHECK(sample_says(s->path, "SELECT group_concat(id || tries || plan) FROM entries",
                      "FIRST2{\"targets\":[]},SECOND1told here"));
    CHECK(sample_says(s->path, "SELECT group_concat(DISTINCT kind) FROM entries", "client"));
    CHECK(sample_says(s->path, "SELECT started FROM entries", "2025-11-24T16:00:00.250Z"));
    CHECK(sample_says(s->path, "SELECT group_concat(id || n || target) FROM tries",
                      "FIRST1far,FIRST2near,SECOND1near"));
    sample_free(s);
}

TEST(a_new_file_is_the_same_as_a_migrated_one)
{
    static const char shape[] = "SELECT group_concat(t.name || '.' || c.name || ' ' || c.type)"
                                " FROM sqlite_master t, pragma_table_info(t.name) c"
                                " WHERE t.type IN ('table', 'view')";
    struct sample *old = sample_new(), *new = sample_new();
    char why[WHY_BYTES], migrated[8192];
    REQUIRE(make(old->path, version_1));
    CHECK(try_open(old->path, why) == OK && try_open(new->path, why) == OK);
    str_copy_to(migrated, sizeof migrated, str_c(sample_ask(old->path, shape)));
    CHECK(strlen(migrated) > 500 && sample_says(new->path, shape, migrated));
    CHECK(try_open(new->path, why) == OK); // a second time changes nothing
    CHECK(sample_says(new->path, shape, migrated));
    CHECK(sample_says(new->path, "PRAGMA journal_mode", "wal"));
    sample_free(old);
    sample_free(new);
}

TEST(only_the_owner_may_read_it)
{
    struct sample *s = sample_new();
    char why[WHY_BYTES], command[160];
    CHECK(try_open(s->path, why) == OK);
    snprintf(command, sizeof command, "test \"$(stat -c %%a %s)\" = 600", s->path);
    CHECK(system(command) == 0);
    sample_free(s);
}

TEST(a_newer_file_is_refused_and_left_alone)
{
    struct sample *s = sample_new();
    REQUIRE(make(s->path, version_1) && make(s->path, "PRAGMA user_version = 99"));
    CHECK(is_refused(s->path, "newer weir (schema 99"));
    CHECK(sample_says(s->path, "PRAGMA user_version", "99"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM sqlite_master WHERE type = 'view'", "0"));
    sample_free(s);
}

TEST(another_programs_database_is_refused)
{
    struct sample *s = sample_new();
    REQUIRE(make(s->path, "CREATE TABLE songs(name)"));
    CHECK(is_refused(s->path, "another program's database"));
    CHECK(sample_says(s->path, "SELECT count(*) FROM sqlite_master", "1"));
    sample_free(s);
}

static void scribble(const char *path, long at, const char *bytes, size_t n)
{
    FILE *f = fopen(path, at ? "r+b" : "wb");
    REQUIRE(f != NULL);
    CHECK(fseek(f, at, SEEK_SET) == 0 && fwrite(bytes, 1, n, f) == n);
    fclose(f);
}

TEST(a_file_that_is_no_database_is_refused)
{
    struct sample *s = sample_new();
    char text[3000];
    memset(text, 'a', sizeof text);
    scribble(s->path, 0, text, sizeof text);
    CHECK(is_refused(s->path, "not a SQLite file"));
    sample_free(s);
}

TEST(a_damaged_file_is_refused)
{
    struct sample *s = sample_new();
    char zeros[600] = {0};
    REQUIRE(make(s->path, version_1));
    scribble(s->path, 100, zeros, sizeof zeros); // the list of tables
    CHECK(is_refused(s->path, "damaged"));
    sample_free(s);
}

TEST(a_path_that_cannot_be_says_why)
{
    char why[WHY_BYTES];
    CHECK(is_refused("/nonexistent/weir.db", "No such file or directory; make its folder"));
    CHECK(try_open("/tmp", why) == ERR_BAD_FILE && strstr(why, "/tmp"));
}
