// conf_fuzz.c: any bytes as a configuration: read into a tree whose nodes have a place, or refused
// with a place, a reason and a way out, and without the secret of the environment.
#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Made from the input's hash: a file that spells its own secret would look like a leak of ours.
static char secret[32];

static const char *env_of(const char *name)
{
    return strcmp(name, "KEY") == 0 ? secret : strcmp(name, "N") == 0 ? "12" : NULL;
}

struct lamp {
    setting_bool lit;
    setting_count bulbs;
    setting_ms timeout;
    setting_bytes hold;
    setting_ratio dim;
    setting_word colour;
};
static const struct setting_row rows[] = {
    SETTING_ROW(struct lamp, bool, lit, "true", 0, 0, "a"),
    SETTING_ROW(struct lamp, count, bulbs, "3", 1, 100, "b"),
    SETTING_ROW(struct lamp, ms, timeout, "10s", 1, 1000000, "c"),
    SETTING_ROW(struct lamp, bytes, hold, "1KiB", 1, 1 << 20, "d"),
    SETTING_ROW(struct lamp, ratio, dim, "0.5", 0, 1, "e"),
    SETTING_ROW(struct lamp, word, colour, "", 0, 0, "f"),
};

static size_t check_tree(const struct conf *c)
{
    size_t count = 1;
    must(c->line >= 1 && c->column >= 1);
    must(c->kind != CONF_SCALAR || !c->child);
    must(utf8_valid(c->scalar) == c->scalar.n && str_find_char(c->scalar, 0) == SIZE_MAX);
    for (const struct conf *child = c->child; child; child = child->next) {
        must((c->kind == CONF_MAP) == (child->key.n > 0));
        must(c->kind != CONF_MAP || conf_get(c, child->key) == child); // no key twice
        count += check_tree(child);
    }
    return count;
}

static void check_error(enum err err, const struct conf_error *e)
{
    must(err == ERR_BAD_CONFIG);
    must(str_starts(str_c(e->where), S("f:")) && e->what[0] && e->hint[0]);
    must(!strstr(e->what, secret) && !strstr(e->hint, secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct conf_source source = {
        .yaml = str_of((const char *)data, size), .name = "f", .env = env_of};
    const struct conf_table table = {rows, countof(rows), NULL};
    struct arena a;
    struct conf *root = NULL;
    struct conf_error error;
    struct lamp lamp;
    snprintf(secret, sizeof secret, "sk-%016llx", (unsigned long long)str_hash(source.yaml));
    arena_init(&a, 1 << 28);
    enum err err = conf_parse(&a, &source, &root, &error);
    if (err != OK) {
        must(root == NULL);
        check_error(err, &error);
    } else {
        must(check_tree(root) >= 1);
        err = conf_fill(&lamp, &table, root, "f", &error);
        if (err != OK)
            check_error(err, &error);
        else
            must(lamp.bulbs >= 1 && lamp.bulbs <= 100 && lamp.dim >= 0 && lamp.dim <= 1);
    }
    arena_done(&a);
    return 0;
}
