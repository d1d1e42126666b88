// settings.c: what is learned and how it is compared, expanded from settings.def and how.def.
#include "learn/learn.h"

static const struct setting_row setting_rows[] = {
#define SETTING(...) SETTING_ROW(struct learn_settings, __VA_ARGS__),
#include "learn/settings.def"
#undef SETTING
};
const struct conf_table learn_setting_table = {setting_rows, countof(setting_rows), NULL};

static const struct how_row {
    const char *name;
    bool scored;
    double weak, strong;
} how_rows[] = {
#define HOW(name, scored, weak, strong, sentence) {#name, scored, weak, strong},
#include "learn/how.def"
#undef HOW
};

const char *learn_how_name(enum learn_how h)
{
    must((unsigned)h < HOW_COUNT);
    return how_rows[h].name;
}

bool learn_scores(enum learn_how h, double *ret_weak, double *ret_strong)
{
    must((unsigned)h < HOW_COUNT);
    if (!how_rows[h].scored)
        return false;
    *ret_weak = how_rows[h].weak;
    *ret_strong = how_rows[h].strong;
    return true;
}
