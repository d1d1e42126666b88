// schema.h: the ledger's file: opened, checked, brought to the schema that this program knows.
#ifndef LEDGER_SCHEMA_H
#define LEDGER_SCHEMA_H
#include "base/err.h"

struct sqlite3;
enum { WHY_BYTES = 256 };

// Opens or creates; ret_why says what to do about it where it fails.
enum err schema_open(const char *path, struct sqlite3 **ret_db, char ret_why[WHY_BYTES]) must_check;
#endif
