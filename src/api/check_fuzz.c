// check_fuzz.c: a schema, a zero byte, an answer. Whatever both are, the check ends soon; an answer
// that is JSON fits a schema that allows everything, and none that allows nothing.
#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum draft_fault check(struct arena *a, str schema, str answer)
{
    struct draft r;
    struct buf quoted;
    struct wanted w = {.json = true, .schema = schema};
    api_draft_init(&r, 1 << 20);
    buf_init(&quoted, 1 << 20);
    buf_put_json(&quoted, answer);
    must(!quoted.over && quoted.n >= 2);
    buf_put(&r.text, str_of(quoted.p + 1, quoted.n - 2));
    struct draft_check c = {
        .wanted = &w, .draft = &r, .output_tokens = -1, .max_output_tokens = -1};
    enum draft_fault f = api_check_draft(a, &c);
    must(api_check_beginning(&r) <= DRAFT_OPEN);
    api_draft_done(&r);
    buf_done(&quoted);
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    if (!zero || size > 64 * 1024)
        return 0;
    arena_init(&a, 1 << 26);
    str schema = arena_copy(&a, str_of((const char *)data, (size_t)(zero - data)));
    str answer = arena_copy(&a, str_from(str_of((const char *)data, size), schema.n + 1));
    enum draft_fault any = check(&a, S("{}"), answer);
    enum draft_fault f = check(&a, schema, answer);
    if (any == DRAFT_FITS) {
        must(f == DRAFT_FITS || f == DRAFT_OFF_SCHEMA);
        must(check(&a, S("false"), answer) == DRAFT_OFF_SCHEMA);
        must(check(&a, S("{\"anyOf\":[false,true]}"), answer) == DRAFT_FITS);
    } else {
        must(f == any); // what is no JSON, is empty or declines, is so under any schema
    }
    // as a request's form and as an answer's bytes, it is read without a fault
    struct wanted w;
    struct draft r;
    api_draft_init(&r, 1 << 20);
    dialect_openai_chat.read_wanted(&a, schema, &w);
    dialect_openai_chat.read_draft(answer, &r);
    must(r.tool_count <= DRAFT_TOOLS_MAX && (w.tools || w.tool_count == 0));
    api_draft_done(&r);
    arena_done(&a);
    return 0;
}
