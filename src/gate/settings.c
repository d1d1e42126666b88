// settings.c: the gate's settings, expanded from settings.def.
#include "gate/gate.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct gate_settings, __VA_ARGS__),
#include "gate/settings.def"
#undef SETTING
};
const struct conf_table gate_setting_table = {setting_rows, countof(setting_rows), NULL};
