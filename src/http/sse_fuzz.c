// sse_fuzz.c: any bytes as a stream of events. Events, rest and refusal are the same whole, byte by
// byte and at random cuts, and none of the stream's bytes is lost.
#include "http/transcript_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const enum cut_kind kinds[] = {CUT_BYTES, CUT_ONCE, CUT_RANDOM};
    struct buf whole, cut;
    if (size == 0)
        return 0;
    str bytes = str_of((const char *)data + 1, size - 1);
    size_t limit = data[0] & 1 ? 40 : 1 << 20; // small, so that it is met; or never met
    buf_init(&whole, TRANSCRIPT_MAX);
    buf_init(&cut, TRANSCRIPT_MAX);
    say_events(&limit, bytes, (struct cut){.kind = CUT_NOT}, &whole);
    for (size_t i = 0; i < countof(kinds); i++) {
        buf_clear(&cut);
        say_events(&limit, bytes, (struct cut){.kind = kinds[i], .at = data[0]}, &cut);
        must(str_eq(buf_str(&whole), buf_str(&cut)));
    }
    buf_done(&whole);
    buf_done(&cut);
    return 0;
}
