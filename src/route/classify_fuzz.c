// Any bytes as a prompt, and any bytes as a model file.
#include "base/mem.h"
#include "route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_text(const uint8_t *data, size_t size)
{
    static struct route_model m; // opened once: looking through a megabyte each time is slow
    struct judgement j;
    const char *why;
    must(m.weights || route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify_text(&m, text_of(str_of((const char *)data, size)), &j);
    must((unsigned)j.task <= TASK_UNKNOWN && j.p_local_ok > 0 && j.p_local_ok < 1);
    must(j.read_bytes <= ROUTE_READ_MAX);
    if (size < 2)
        return;
    // the same bytes as the raw inside of a JSON string, cut in two messages
    uint32_t cut = (uint32_t)(size / 2);
    struct part parts[] = {
        {.kind = PART_TEXT, .role = ROLE_USER, .escaped = true, .span = {0, cut}},
        {.kind = PART_TEXT,
         .role = ROLE_USER,
         .escaped = true,
         .turn = 1,
         .span = {cut, (uint32_t)size}}};
    struct ask ask = {.body = str_of((const char *)data, size),
                      .turns = 2,
                      .parts = parts,
                      .part_count = 2,
                      .last_user_turn = 1};
    struct arena a;
    arena_init(&a, 1 << 20);
    route_classify(&m, &a, &ask, &j);
    must(j.read_bytes <= ROUTE_READ_MAX);
    arena_done(&a);
}

static void as_model(const uint8_t *data, size_t size)
{
    struct route_model m;
    struct judgement j;
    const char *why = NULL;
    char *block = mem_new(size + 64), *at = block + (64 - ((uintptr_t)block & 63));
    memcpy(at, data, size);
    if (route_model_open(str_of(at, size), &m, &why) == OK)
        route_classify_text(&m, text_of(S("hello, what is this?")), &j);
    else
        must(why && why[0]);
    mem_free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'W') // as a model file begins
        as_model(data, size);
    else
        as_text(data, size);
    return 0;
}
