// api_fuzz.c: the first byte chooses what the rest is read as.
// 0 a request, 1 events split at line feeds, 2 a whole answer, 3 and 4 an edited request.
#include "api/api.h"
#include "api/cover_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(struct arena *a, str body)
{
    struct ask ask;
    struct fault fault = {0};
    struct buf out;
    enum err e = dialect_openai_chat.read_ask(a, body, &ask, &fault);
    if (e == OK) {
        must(ask.turns > 0 && ask.model.n > 0);
        must(cover_first_lost(a, &ask) == NULL);
        for (uint32_t i = 0; i < ask.part_count; i++)
            (void)ask_text(a, &ask, &ask.parts[i]);
        return;
    }
    must(fault.err == e && fault.at_byte <= (int64_t)body.n);
    buf_init(&out, 4096);
    dialect_openai_chat.write_error(&out, &fault, S("01"));
    must(!out.over);
    buf_done(&out);
}

// The edited body must be a request again, and the same but for what was edited.
static void check_edit(struct arena *a, str body)
{
    struct ask ask, again;
    struct fault fault;
    struct edits edits;
    struct sending to = {.model = S("a \"model\"\\\n"), .ask_usage = true};
    str slices[2 * EDIT_MAX + 1];
    if (dialect_openai_chat.read_ask(a, body, &ask, &fault) != OK)
        return;
    must(dialect_openai_chat.edit_ask(a, &ask, &to, &edits) == OK);
    size_t n = 0, total = api_edited_length(body, &edits);
    char *edited = arena_bytes(a, total);
    unsigned count = api_edited_slices(body, &edits, slices);
    for (unsigned i = 0; i < count; i++) {
        memcpy(edited + n, slices[i].p, slices[i].n);
        n += slices[i].n;
    }
    must(n == total);
    must(dialect_openai_chat.read_ask(a, str_of(edited, n), &again, &fault) == OK);
    must(str_eq(again.model, to.model) && again.stream == ask.stream);
    must(again.include_usage || !ask.stream);
    must(again.turns == ask.turns && again.needs == ask.needs);
}

static void check_events(struct arena *a, str rest)
{
    struct answer_watch w = {0};
    str data;
    while (str_next(&rest, '\n', &data)) {
        struct answer_watch fresh = {0};
        enum event_kind kind = dialect_openai_chat.read_event(a, STR_NONE, data, &w);
        // what was learned from earlier events never changes what one is
        must(kind == dialect_openai_chat.read_event(a, STR_NONE, data, &fresh) ||
             kind == EVENT_DELTA);
        must(w.output_bytes >= fresh.output_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct answer_watch w = {0};
    if (size == 0)
        return 0;
    arena_init(&a, 1 << 26);
    // a copy of its own size, so that a read past the end is caught
    str body = arena_copy(&a, str_of((const char *)data + 1, size - 1));
    switch (data[0] % 5) {
    case 0:
        check_request(&a, body);
        break;
    case 1:
        check_events(&a, body);
        break;
    case 2:
        (void)dialect_openai_chat.read_answer(&a, body, &w);
        break;
    default:
        check_edit(&a, body);
    }
    arena_done(&a);
    return 0;
}
