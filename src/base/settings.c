// settings.c: tables of settings over the tree of conf.c: defaults, values, ranges.
#include "base/conf.h"

struct unit {
    const char *word;
    int64_t factor;
};

static bool number_with_unit(str s, const struct unit *units, size_t count, int64_t *ret)
{
    size_t n = 0;
    int64_t v = 0, factor = 1;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (!str_to_i64(str_first(s, n), &v))
        return false;
    str unit = str_trim(str_from(s, n));
    bool known = unit.n == 0;
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(unit, str_c(units[i].word))) {
            factor = units[i].factor;
            known = true;
        }
    if (!known || __builtin_mul_overflow(v, factor, &v))
        return false;
    *ret = v;
    return true;
}

bool conf_ms(str s, int64_t *ret_ms)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    return number_with_unit(s, units, countof(units), ret_ms);
}

bool conf_bytes(str s, int64_t *ret_bytes)
{
    static const struct unit units[] = {{"b", 1},          {"kib", 1 << 10}, {"mib", 1 << 20},
                                        {"gib", 1 << 30},  {"kb", 1000},     {"mb", 1000000},
                                        {"gb", 1000000000}};
    return number_with_unit(s, units, countof(units), ret_bytes);
}

const char *conf_nearest(str word, const char *const *names)
{
    const char *best = NULL;
    unsigned limit = word.n > 6 ? 3 : word.n > 3 ? 2 : 1;
    for (size_t i = 0; names && names[i]; i++) {
        unsigned far = str_distance(word, str_c(names[i]), limit);
        if (far <= limit) {
            best = names[i];
            if (far == 0)
                break;
            limit = far - 1;
        }
    }
    return best;
}

struct conf conf_key_place(const struct conf *c)
{
    struct conf at = *c;
    at.line = c->key_line;
    at.column = c->key_column;
    at.from_env = false; // a key never is: it may be told
    return at;
}

enum err conf_fail_unknown(struct conf_error *e, const char *name, const struct conf *at,
                           const struct conf_unknown *what)
{
    char say[128], hint[sizeof e->hint];
    const char *near = conf_nearest(what->word, what->names);
    must(what->names && what->names[0]);
    if (at && at->from_env) // the value may be a secret
        snprintf(say, sizeof say, "unknown %s", what->kind);
    else
        snprintf(say, sizeof say, "unknown %s '%.*s'", what->kind, (int)min_size(what->word.n, 60),
                 what->word.p ? what->word.p : "");
    if (near) {
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    } else {
        size_t n = (size_t)snprintf(hint, sizeof hint, "known here:");
        for (size_t i = 0; what->names[i] && n < sizeof hint; i++)
            n += (size_t)snprintf(hint + n, sizeof hint - n, "%s %s", i ? "," : "", what->names[i]);
    }
    return conf_fail(e, name, at, say, hint);
}

static bool parse_ratio(str s, double *ret)
{
    char text[40], *end = NULL;
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    str_copy_to(text, sizeof text, s);
    if (strspn(text, "0123456789+-.eE") != s.n)
        return false; // strtod alone also takes blanks, hexadecimal, inf and nan
    double v = strtod(text, &end);
    if (end == text || *end || !(v == v) || v > 1e18 || v < -1e18)
        return false;
    *ret = v;
    return true;
}

// What a type wants to see, for the error's hint.
static const char *wanted(enum setting_type t)
{
    switch (t) {
    case SETTING_bool:
        return "true or false";
    case SETTING_count:
        return "a whole number";
    case SETTING_ms:
        return "a time such as 500ms, 10s, 2m or 1h";
    case SETTING_bytes:
        return "a size such as 64KiB or 8MiB";
    case SETTING_ratio:
        return "a number such as 0.7";
    case SETTING_word:
        break;
    }
    return "a word";
}

// Parses s into the field; the number also to *ret_number for the range check. False: not of the
// type.
static bool store(void *field, enum setting_type type, str s, double *ret_number)
{
    int64_t v = 0;
    bool good = false;
    must(field && ret_number);
    switch (type) {
    case SETTING_bool:
        good = str_eq(s, S("true")) || str_eq(s, S("false"));
        if (good)
            *(bool *)field = str_eq(s, S("true"));
        return good;
    case SETTING_word:
        *(str *)field = s;
        return true;
    case SETTING_ratio:
        good = parse_ratio(s, ret_number);
        if (good)
            *(double *)field = *ret_number;
        return good;
    case SETTING_count:
        good = str_to_i64(s, &v);
        break;
    case SETTING_ms:
        good = conf_ms(s, &v);
        break;
    case SETTING_bytes:
        good = conf_bytes(s, &v);
        break;
    }
    if (good) {
        *(int64_t *)field = v;
        *ret_number = (double)v;
    }
    return good;
}

static bool in_range(const struct setting_row *row, double number)
{
    if (row->type == SETTING_bool || row->type == SETTING_word || (row->min == 0 && row->max == 0))
        return true;
    return number >= row->min && number <= row->max;
}

static enum err fill_one(void *out, const struct setting_row *row, const struct conf *c,
                         const char *name, struct conf_error *e)
{
    char what[128], hint[160];
    double number = 0;
    void *field = (char *)out + row->offset;
    if (c->kind != CONF_SCALAR) {
        snprintf(what, sizeof what, "'%s' takes a single value", row->name);
        return conf_fail(e, name, c, what, wanted(row->type));
    }
    // what comes from the environment often needs its quotes: "${WORKERS}"
    bool plain =
        row->type == SETTING_bool || row->type == SETTING_count || row->type == SETTING_ratio;
    if (plain && c->quoted && !c->from_env) {
        snprintf(what, sizeof what, "'%s' is quoted, so it is text", row->name);
        snprintf(hint, sizeof hint, "write %s without quotes", wanted(row->type));
        return conf_fail(e, name, c, what, hint);
    }
    if (!store(field, row->type, c->scalar, &number)) {
        snprintf(what, sizeof what, "'%s' is not %s", row->name, wanted(row->type));
        snprintf(hint, sizeof hint, "the default is '%s'", row->fallback);
        return conf_fail(e, name, c, what, hint);
    }
    if (!in_range(row, number)) {
        snprintf(what, sizeof what, "'%s' is out of range", row->name);
        const char *unit = row->type == SETTING_ms      ? " ms"
                           : row->type == SETTING_bytes ? " bytes"
                                                        : "";
        snprintf(hint, sizeof hint, "from %.15g to %.15g%s; the default is '%s'", row->min,
                 row->max, unit, row->fallback);
        return conf_fail(e, name, c, what, hint);
    }
    return OK;
}

static bool is_listed(str key, const char *const *names)
{
    for (size_t i = 0; names && names[i]; i++)
        if (str_eq(key, str_c(names[i])))
            return true;
    return false;
}

static enum err unknown_key(const struct conf *c, const struct conf_table *t, const char *name,
                            struct conf_error *e)
{
    enum { NAMES_MAX = 128 };
    const char *names[NAMES_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < t->count && n < NAMES_MAX; i++)
        names[n++] = t->rows[i].name;
    for (size_t i = 0; t->also && t->also[i] && n < NAMES_MAX; i++)
        names[n++] = t->also[i];
    names[n] = NULL;
    struct conf at = conf_key_place(c);
    return conf_fail_unknown(e, name, &at, &(struct conf_unknown){"key", c->key, names});
}

void conf_defaults(void *out, const struct conf_table *table)
{
    double number = 0;
    const struct setting_row *rows = table->rows;
    for (size_t i = 0; i < table->count; i++)
        must(store((char *)out + rows[i].offset, rows[i].type, str_c(rows[i].fallback), &number) &&
             in_range(&rows[i], number));
}

static bool same_value(enum setting_type type, const void *a, const void *b)
{
    switch (type) {
    case SETTING_bool:
        return *(const bool *)a == *(const bool *)b;
    case SETTING_word:
        return str_eq(*(const str *)a, *(const str *)b);
    case SETTING_ratio: // both were read from text: the same one gives the same bits
        return memcmp(a, b, sizeof(double)) == 0;
    case SETTING_count:
    case SETTING_ms:
    case SETTING_bytes:
        break;
    }
    return *(const int64_t *)a == *(const int64_t *)b;
}

const char *conf_differs(const struct conf_table *table, const void *a, const void *b,
                         const char *const *may)
{
    must(a && b);
    for (size_t i = 0; i < table->count; i++) {
        const struct setting_row *row = &table->rows[i];
        if (!is_listed(str_c(row->name), may) &&
            !same_value(row->type, (const char *)a + row->offset, (const char *)b + row->offset))
            return row->name;
    }
    return NULL;
}

enum err conf_fill(void *out, const struct conf_table *table, const struct conf *map,
                   const char *name, struct conf_error *ret_error)
{
    conf_defaults(out, table);
    if (!map || (map->kind == CONF_SCALAR && map->scalar.n == 0))
        return OK;
    if (map->kind != CONF_MAP)
        return conf_fail(ret_error, name, map, "this takes a map", "write key: value below it");
    for (const struct conf *c = map->child; c; c = c->next) {
        const struct setting_row *row = NULL;
        for (size_t i = 0; i < table->count; i++)
            if (str_eq(c->key, str_c(table->rows[i].name)))
                row = &table->rows[i];
        if (!row && is_listed(c->key, table->also))
            continue;
        enum err e =
            row ? fill_one(out, row, c, name, ret_error) : unknown_key(c, table, name, ret_error);
        if (e != OK)
            return e;
    }
    return OK;
}
