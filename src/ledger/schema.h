// schema.h: the ledger's tables. Private to ledger.
#ifndef LEDGER_SCHEMA_H
#define LEDGER_SCHEMA_H
#include "ledger/ledger.h"
#include <sqlite3.h>

// Opens the file, sets its journal and brings it to the newest version. ret_why: what to do about
// it.
enum err schema_open(const char *path, sqlite3 **ret_db, char ret_why[256]);
#endif
