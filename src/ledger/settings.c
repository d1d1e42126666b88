// settings.c: the ledger's settings, expanded from settings.def.
#include "ledger/ledger.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct ledger_settings, __VA_ARGS__),
#include "ledger/settings.def"
#undef SETTING
};
const struct conf_table ledger_setting_table = {setting_rows, countof(setting_rows), NULL};
