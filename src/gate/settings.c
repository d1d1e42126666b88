// settings.c: the gate's settings, expanded from settings.def.
#include "gate/gate.h"

const struct setting_row gate_setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct gate_settings, __VA_ARGS__)
#include "gate/settings.def"
#undef SETTING
};
const size_t gate_setting_count = countof(gate_setting_rows);
