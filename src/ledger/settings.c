// settings.c: the ledger's settings, expanded from settings.def.
#include "ledger/ledger.h"

const struct setting_row ledger_setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct ledger_settings, __VA_ARGS__)
#include "ledger/settings.def"
#undef SETTING
};
const size_t ledger_setting_count = countof(ledger_setting_rows);
