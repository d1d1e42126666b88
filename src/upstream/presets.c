// presets.c: the room's tables, expanded: providers and engines from presets.def, settings from
// settings.def. To add a provider that speaks a known dialect, add a row there and nothing here.
#include "upstream/upstream.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct upstream_settings, __VA_ARGS__),
#include "upstream/settings.def"
#undef SETTING
};
const struct conf_table upstream_setting_table = {setting_rows, countof(setting_rows), NULL};

const struct preset upstream_presets[] = {
#define PRESET(name, dialect, url, key, zone, probe, ports, model)                                 \
    {#name, #dialect, url, key, #zone, probe, ports, model},
#include "upstream/presets.def"
#undef PRESET
};
const size_t upstream_preset_count = countof(upstream_presets);

const struct preset *upstream_preset(str name)
{
    for (size_t i = 0; i < upstream_preset_count; i++)
        if (str_eq(name, str_c(upstream_presets[i].name)))
            return &upstream_presets[i];
    return NULL;
}
