// api.c: the table of dialects, and a body with edits as slices for writev.
#include "api/api.h"

static const struct dialect *const dialects[] = {
#define DIALECT(name, flags, sentence) &dialect_##name,
#include "api/dialects.def"
#undef DIALECT
};

const struct dialect *api_dialect(str name)
{
    for (size_t i = 0; i < countof(dialects); i++) {
        if (str_eq(name, str_c(dialects[i]->name)))
            return dialects[i];
    }
    return NULL;
}

size_t api_edited_length(str body, const struct edits *e)
{
    size_t n = body.n;
    must(e->count <= EDIT_MAX);
    for (unsigned i = 0; i < e->count; i++)
        n += e->rows[i].with.n - (e->rows[i].span.end - e->rows[i].span.start);
    return n;
}

unsigned api_edited_slices(str body, const struct edits *e, str *ret_slices)
{
    unsigned n = 0;
    size_t at = 0, total = 0;
    must(e->count <= EDIT_MAX);
    for (unsigned i = 0; i <= e->count; i++) {
        size_t end = i < e->count ? e->rows[i].span.start : body.n;
        must(at <= end && end <= body.n); // sorted, no overlap
        if (end > at)
            ret_slices[n++] = str_of(body.p + at, end - at);
        if (i == e->count)
            break;
        if (e->rows[i].with.n)
            ret_slices[n++] = e->rows[i].with;
        at = e->rows[i].span.end;
    }
    for (unsigned i = 0; i < n; i++)
        total += ret_slices[i].n;
    must(n <= 2 * EDIT_MAX + 1 && total == api_edited_length(body, e));
    return n;
}
