// own.c: guard.own, what the operator calls sensitive. Each entry names a type of finding, its
// label, and words, patterns and documents, in the file or in files of their own.
#include "config/inner.h"
#include <errno.h>

enum { OWN_FILE_MAX = 64 << 20 };

typedef bool add_one(struct own *o, unsigned kind, str what, char ret_why[OWN_WHY]);

static enum err refuse(struct load *l, const struct conf *at, const char *why)
{
    return fail(l, at, why, "docs/findings.md says what guard.own takes");
}

static enum err add_each(struct load *l, const struct conf *list, unsigned kind, add_one *add)
{
    char why[OWN_WHY] = "";
    must(*l->own && add);
    if (list && list->kind != CONF_LIST)
        return refuse(l, list, "a list belongs here");
    for (const struct conf *c = list ? list->child : NULL; c; c = c->next) {
        if (c->kind != CONF_SCALAR)
            return refuse(l, c, "a single word belongs here");
        if (!add(*l->own, kind, c->scalar, why))
            return refuse(l, c, why);
    }
    return OK;
}

// The whole file, which the caller empties.
static enum err read_file(struct load *l, const struct conf *at, str name, struct buf *file)
{
    char path[4096], what[200];
    must(file->n == 0);
    if (buf_read_file(file, str_copy_to(path, sizeof path, name)))
        return OK;
    snprintf(what, sizeof what, "%.100s cannot be read: %.60s", path, strerror(errno));
    return fail(l, at, what, "name a file that weir may read");
}

static enum err add_words_of(struct load *l, const struct conf *at, unsigned kind)
{
    char why[OWN_WHY] = "", what[OWN_WHY + 32];
    struct buf file;
    str line;
    unsigned number = 0;
    buf_init(&file, OWN_FILE_MAX);
    enum err e = read_file(l, at, at->scalar, &file);
    str rest = buf_str(&file);
    while (e == OK && str_next(&rest, '\n', &line)) {
        number++;
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || own_add_word(*l->own, kind, line, why))
            continue;
        snprintf(what, sizeof what, "line %u of the file: %s", number, why);
        e = refuse(l, at, what);
    }
    buf_done(&file);
    return e;
}

static enum err add_documents(struct load *l, const struct conf *list, unsigned kind)
{
    char why[OWN_WHY] = "";
    if (list && list->kind != CONF_LIST)
        return refuse(l, list, "a list of files belongs here");
    for (const struct conf *c = list ? list->child : NULL; c; c = c->next) {
        struct buf file;
        buf_init(&file, OWN_FILE_MAX);
        enum err e = read_file(l, c, c->scalar, &file);
        if (e == OK && !own_add_document(*l->own, kind, buf_str(&file), why))
            e = refuse(l, c, why);
        buf_done(&file);
        if (e != OK)
            return e;
    }
    return OK;
}

static bool good_type(str type)
{
    enum { TYPE_MOST = 32 };
    bool good = type.n > 0 && type.n <= TYPE_MOST;
    for (size_t i = 0; i < type.n; i++)
        good &= (type.p[i] >= 'A' && type.p[i] <= 'Z') || type.p[i] == '_' ||
                (i > 0 && type.p[i] >= '0' && type.p[i] <= '9');
    for (size_t i = 0; i < guard_type_count(); i++)
        good &= !str_eq(type, str_c(guard_type(i)));
    return good;
}

enum err config_read_own(struct load *l, const struct conf *at)
{
    struct own_settings {
        setting_word type, label, words_file;
    } s;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct own_settings, word, type, "", 0, 0, "what a finding is called"),
        SETTING_ROW(struct own_settings, word, label, "restricted", 0, 0, "what a finding means"),
        SETTING_ROW(struct own_settings, word, words_file, "", 0, 0, "words, a line each"),
    };
    static const char *const also[] = {"words", "patterns", "documents", NULL};
    static const struct conf_table table = {rows, countof(rows), also};
    enum err e = fill(l, &s, &table, at);
    if (e != OK)
        return e;
    const struct conf *type = conf_get(at, S("type")), *label = conf_get(at, S("label"));
    if (!good_type(s.type))
        return fail(l, type ? type : at, "a kind of finding needs a type of its own",
                    "capital letters, digits and _, none that weir has: type: PROJECT");
    if (!*l->own)
        *l->own = own_new();
    if (own_kind_count(*l->own) == OWN_KINDS_MAX)
        return refuse(l, at, "there are more than 32 kinds");
    unsigned kind = own_kind(*l->own, s.type);
    e = read_label(l, label ? label : at, s.label, &l->snap->guard.of_own[kind]);
    if (e == OK)
        e = add_each(l, conf_get(at, S("words")), kind, own_add_word);
    if (e == OK && s.words_file.n)
        e = add_words_of(l, conf_get(at, S("words_file")), kind);
    if (e == OK)
        e = add_each(l, conf_get(at, S("patterns")), kind, own_add_pattern);
    return e == OK ? add_documents(l, conf_get(at, S("documents")), kind) : e;
}
