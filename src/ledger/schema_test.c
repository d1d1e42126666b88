// schema_test.c: which files are taken as a ledger, and what is said of the others.
#include "ledger/book_test.h"
#include "tests/unit.h"

// Opens and closes; what it said where it did not open.
static const char *open_says(const struct book *b, enum err *ret_err)
{
    static char why[256];
    struct ledger_settings s = book_settings(b);
    struct ledger *l = NULL;
    why[0] = 0;
    *ret_err = ledger_open(&s, &l, why);
    ledger_close(l);
    return why;
}

static bool run(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    bool fine = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return fine;
}

TEST(a_new_file_gets_the_newest_version)
{
    enum err e;
    char version[16];
    struct book b = book_new();
    open_says(&b, &e);
    CHECK(e == OK);
    snprintf(version, sizeof version, "%d", ledger_schema_version());
    CHECK(book_says(b.path, "PRAGMA user_version", version));
    CHECK(book_says(b.path, "PRAGMA journal_mode", "wal"));
    book_free(&b);
}

TEST(an_empty_database_of_version_0_is_brought_to_the_newest)
{
    enum err e;
    struct book b = book_new();
    REQUIRE(run(b.path, "CREATE TABLE t(x); DROP TABLE t"));
    CHECK(book_says(b.path, "PRAGMA user_version", "0"));
    open_says(&b, &e);
    CHECK(e == OK);
    CHECK(book_says(b.path, "SELECT count(*) FROM entries", "0"));
    CHECK(book_says(b.path, "SELECT count(*) FROM tries", "0"));
    book_free(&b);
}

TEST(a_file_is_opened_again_as_it_was)
{
    enum err e;
    struct book b = book_new();
    open_says(&b, &e);
    REQUIRE(e == OK && run(b.path, "INSERT INTO word(text) VALUES('kept')"));
    open_says(&b, &e);
    CHECK(e == OK);
    CHECK(book_says(b.path, "SELECT text FROM word", "kept"));
    book_free(&b);
}

TEST(a_newer_file_is_refused_and_left_as_it_is)
{
    enum err e;
    struct book b = book_new();
    REQUIRE(run(b.path, "CREATE TABLE later(x); PRAGMA user_version=99"));
    const char *why = open_says(&b, &e);
    CHECK(e == ERR_BAD_FILE);
    CHECK(strstr(why, "newer weir (version 99)") && strstr(why, b.path));
    CHECK(book_says(b.path, "SELECT group_concat(name) FROM sqlite_master", "later"));
    CHECK(book_says(b.path, "PRAGMA journal_mode", "delete"));
    book_free(&b);
}

TEST(another_programs_database_is_refused_and_left_as_it_is)
{
    enum err e;
    struct book b = book_new();
    REQUIRE(run(b.path, "CREATE TABLE orders(x)"));
    const char *why = open_says(&b, &e);
    CHECK(e == ERR_BAD_FILE && strstr(why, "another program's tables"));
    CHECK(book_says(b.path, "SELECT group_concat(name) FROM sqlite_master", "orders"));
    book_free(&b);
}

TEST(tables_that_are_not_as_expected_are_refused)
{
    enum err e;
    struct book b = book_new();
    open_says(&b, &e);
    REQUIRE(e == OK && run(b.path, "DROP TABLE plan"));
    const char *why = open_says(&b, &e);
    CHECK(e == ERR_BAD_FILE && strstr(why, "not as expected"));
    book_free(&b);
}

TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is)
{
    enum err e;
    char text[2048];
    struct stat st;
    struct book b = book_new();
    memset(text, 'x', sizeof text);
    FILE *f = fopen(b.path, "w");
    REQUIRE(f && fwrite(text, 1, sizeof text, f) == sizeof text && fclose(f) == 0);
    const char *why = open_says(&b, &e);
    CHECK(e == ERR_BAD_FILE && strstr(why, "no SQLite database"));
    CHECK(stat(b.path, &st) == 0 && st.st_size == (off_t)sizeof text);
    book_free(&b);
}

TEST(a_folder_that_is_not_there_is_said)
{
    enum err e;
    struct book b = book_new();
    snprintf(b.path, sizeof b.path, "%s/none/weir.db", b.folder);
    const char *why = open_says(&b, &e);
    CHECK(e == ERR_BAD_FILE && strstr(why, "cannot be opened") && strstr(why, "ledger.path"));
    rmdir(b.folder);
}
