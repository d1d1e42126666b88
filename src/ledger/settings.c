// settings.c: the settings of the ledger and of the decision log, expanded from their tables.
#include "ledger/ledger.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct ledger_settings, __VA_ARGS__),
#include "ledger/settings.def"
#undef SETTING
};
const struct conf_table ledger_setting_table = {setting_rows, countof(setting_rows), NULL};

static const struct setting_row audit_rows[] = {
#define SETTING(...) SETTING_ROW(struct audit_settings, __VA_ARGS__),
#include "ledger/audit.def"
#undef SETTING
};
const struct conf_table audit_setting_table = {audit_rows, countof(audit_rows), NULL};
