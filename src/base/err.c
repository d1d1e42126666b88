// err.c: the error table, expanded.
#include "base/err.h"
#include <stdio.h>

static const struct row {
    const char *name, *type, *code, *sentence;
    int status;
    enum retry retry;
} rows[] = {
    [OK] = {"OK", "", "", "fine", 200, RETRY_NEVER},
#define ERR(name, status, retry, type, code, sentence)                                             \
    [ERR_##name] = {#name, type, code, sentence, status, RETRY_##retry},
#include "base/errors.def"
#undef ERR
};

static const struct row *row_of(enum err e)
{
    must((unsigned)e < ERR_COUNT);
    return &rows[e];
}

int err_status(enum err e)
{
    return row_of(e)->status;
}
enum retry err_retry(enum err e)
{
    return row_of(e)->retry;
}
const char *err_name(enum err e)
{
    return row_of(e)->name;
}
const char *err_type(enum err e)
{
    return row_of(e)->type;
}
const char *err_code(enum err e)
{
    return row_of(e)->code;
}
const char *err_sentence(enum err e)
{
    return row_of(e)->sentence;
}

enum err fault_set(struct fault *f, enum err e, const char *param, int64_t at_byte)
{
    must(e != OK);
    *f = (struct fault){.err = e, .at_byte = at_byte};
    str_copy_to(f->param, sizeof f->param, str_c(param));
    return e;
}
