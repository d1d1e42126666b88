// Any bytes as a prompt, and any bytes as a model file.
#include "base/json.h"
#include "base/mem.h"
#include "route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The same bytes as the raw insides of two JSON strings, where they are such: only what json_scan
// took is ever an ask's part.
static void as_parts(const struct route_model *m, const uint8_t *data, size_t size)
{
    struct buf body;
    struct json_scan s;
    struct json_value list, v[2];
    struct part parts[2];
    struct judgement j;
    bool first = true, good = true;
    buf_init(&body, size + 16);
    buf_printf(&body, "[\"");
    buf_put(&body, str_of((const char *)data, size / 2));
    buf_put(&body, S("\",\""));
    buf_put(&body, str_of((const char *)data + size / 2, size - size / 2));
    buf_put(&body, S("\"]"));
    json_begin(&s, buf_str(&body));
    good = json_take(&s, &list);
    for (unsigned i = 0; i < 2 && good; i++) {
        good = json_next_item(&s, &first) && json_take(&s, &v[i]) && v[i].kind == JSON_STRING;
        if (good)
            parts[i] = (struct part){.kind = PART_TEXT,
                                     .role = ROLE_USER,
                                     .escaped = v[i].escaped,
                                     .turn = i,
                                     .span = {v[i].span.start + 1, v[i].span.end - 1}};
    }
    if (good) {
        struct ask ask = {.body = buf_str(&body),
                          .turns = 2,
                          .parts = parts,
                          .part_count = 2,
                          .last_user_turn = 1};
        struct arena a;
        arena_init(&a, 1 << 20);
        route_classify(m, &a, &ask, &j);
        must(j.read_bytes <= ROUTE_READ_MAX);
        arena_done(&a);
    }
    buf_done(&body);
}

static void as_text(const uint8_t *data, size_t size)
{
    static struct route_model m; // opened once: looking through a megabyte each time is slow
    struct judgement j;
    const char *why;
    must(m.weights || route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify_text(&m, text_of(str_of((const char *)data, size)), &j);
    must((unsigned)j.task <= TASK_UNKNOWN && j.p_local_ok > 0 && j.p_local_ok < 1);
    must(j.read_bytes <= ROUTE_READ_MAX);
    as_parts(&m, data, size);
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
