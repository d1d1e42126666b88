// refusal_fuzz.c: two bytes are the status, the rest an error body. Whatever it is, what is written
// of it is OpenAI's form, bounded, and holds no piece of the target's key.
#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "sk-test-0123456789abcdef"

static void check_written(struct arena *a, const struct refusal *r)
{
    struct refusal again;
    struct buf out;
    buf_init(&out, 1 << 20);
    dialect_openai_chat.write_refusal(&out, r, S("01"));
    must(!out.over && str_find(buf_str(&out), S(KEY)) == SIZE_MAX);
    api_read_refusal(a, buf_str(&out), r->status, STR_NONE, &again);
    must(again.is_openai && again.status == r->status);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct refusal r;
    if (size < 2)
        return 0;
    int status = data[0] | data[1] << 8;
    if (status < 100 || status > 999)
        status = 0;
    arena_init(&a, 1 << 26);
    str body = arena_copy(&a, str_of((const char *)data + 2, size - 2));
    api_read_refusal(&a, body, status, S(KEY), &r);
    str message = text_reveal(r.message);
    must(message.n > 0 && message.n <= 2048 && utf8_valid(message) == message.n);
    must(r.type.n > 0 && (status == 0 || r.status == status));
    must(str_find(message, S("456789abcdef")) == SIZE_MAX);
    must(!r.is_openai || str_find(body, S(KEY)) == SIZE_MAX);
    check_written(&a, &r);
    arena_done(&a);
    return 0;
}
