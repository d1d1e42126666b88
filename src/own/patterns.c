// patterns.c: the operator's regular expressions, through PCRE2. What one may cost is bounded by
// PCRE2's own count of steps: a text that takes more is not judged, so it is restricted.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/mem.h"
#include "own/inner.h"
#include <pcre2.h>

enum { PATTERNS_MAX = 256, STEPS_MAX = 200000, HEAP_KIB_MAX = 4096 };

struct patterns {
    pcre2_match_context *limits;
    struct pattern {
        pcre2_code *code;
        unsigned kind;
    } rows[PATTERNS_MAX];
    size_t count;
};

struct patterns *patterns_new(void)
{
    struct patterns *p = mem_new(sizeof *p);
    p->limits = pcre2_match_context_create(NULL);
    must(p->limits);
    pcre2_set_match_limit(p->limits, STEPS_MAX);
    pcre2_set_heap_limit(p->limits, HEAP_KIB_MAX);
    return p;
}

void patterns_free(struct patterns *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        pcre2_code_free(p->rows[i].code);
    pcre2_match_context_free(p->limits);
    mem_free(p);
}

bool patterns_add(struct patterns *p, unsigned kind, str pattern, char ret_why[OWN_WHY])
{
    enum { OPTIONS = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C };
    int error = 0;
    PCRE2_SIZE where = 0;
    uint32_t empty = 0;
    if (p->count == PATTERNS_MAX) {
        snprintf(ret_why, OWN_WHY, "there are more than %d patterns", PATTERNS_MAX);
        return false;
    }
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, OPTIONS, &error, &where, NULL);
    if (!code) {
        char said[100] = "";
        pcre2_get_error_message(error, (PCRE2_UCHAR *)said, sizeof said);
        snprintf(ret_why, OWN_WHY, "at byte %zu of the pattern: %s", where, said);
        return false;
    }
    (void)pcre2_pattern_info(code, PCRE2_INFO_MATCHEMPTY, &empty);
    if (empty) {
        pcre2_code_free(code);
        snprintf(ret_why, OWN_WHY,
                 "the pattern matches nothing at all, so it would match anywhere");
        return false;
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // without it it is only slower
    p->rows[p->count++] = (struct pattern){code, kind};
    return true;
}

static int match(const struct patterns *p, const struct pattern *row, str text, size_t from,
                 pcre2_match_data *found)
{
    PCRE2_SPTR s = (PCRE2_SPTR)text.p;
    int r = pcre2_match(row->code, s, text.n, from, PCRE2_NO_UTF_CHECK, found, p->limits);
    if (r == PCRE2_ERROR_JIT_STACKLIMIT)
        r = pcre2_match(row->code, s, text.n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, found,
                        p->limits);
    return r;
}

bool patterns_find(const struct patterns *p, str text, struct places *out)
{
    int r = PCRE2_ERROR_NOMATCH;
    for (size_t i = 0; i < p->count && r == PCRE2_ERROR_NOMATCH && text.n; i++) {
        const struct pattern *row = &p->rows[i];
        pcre2_match_data *found = pcre2_match_data_create_from_pattern(row->code, NULL);
        must(found);
        for (size_t from = 0; !out->more;) {
            r = match(p, row, text, from, found);
            if (r < 0)
                break;
            const PCRE2_SIZE *span = pcre2_get_ovector_pointer(found);
            if (span[1] > span[0]) // \K can turn it round
                place_add(out, row->kind, span[0], span[1]);
            from = span[1] > from ? span[1] : from + 1;
            r = PCRE2_ERROR_NOMATCH;
            if (from >= text.n)
                break;
            while (from < text.n && (text.p[from] & 0xc0) == 0x80)
                from++;
        }
        pcre2_match_data_free(found);
    }
    return r == PCRE2_ERROR_NOMATCH;
}
