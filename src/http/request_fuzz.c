// request_fuzz.c: any bytes as requests of a client. What is read, and how it breaks, is the same
// whole, byte by byte and at cuts that the input's first byte chooses.
#include "http/transcript_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // small limits, so that they are met
    const struct http_settings s = {.head_limit = 1024, .headers_limit = 8, .body_limit = 2048};
    const enum cut_kind kinds[] = {CUT_BYTES, CUT_ONCE, CUT_RANDOM};
    struct buf whole, cut;
    if (size == 0)
        return 0;
    str bytes = str_of((const char *)data + 1, size - 1);
    buf_init(&whole, TRANSCRIPT_MAX);
    buf_init(&cut, TRANSCRIPT_MAX);
    say_requests(&s, bytes, (struct cut){.kind = CUT_NOT}, &whole);
    for (size_t i = 0; i < countof(kinds); i++) {
        buf_clear(&cut);
        say_requests(&s, bytes, (struct cut){.kind = kinds[i], .at = data[0]}, &cut);
        must(str_eq(buf_str(&whole), buf_str(&cut)));
    }
    buf_done(&whole);
    buf_done(&cut);
    return 0;
}
