// answer_fuzz.c: any bytes as a target's answer. Head, body and verdict are the same whole, byte by
// byte and at cuts that the input's first byte chooses.
#include "http/transcript_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const enum cut_kind kinds[] = {CUT_BYTES, CUT_ONCE, CUT_RANDOM};
    struct buf whole, cut;
    if (size == 0)
        return 0;
    str bytes = str_of((const char *)data + 1, size - 1);
    buf_init(&whole, TRANSCRIPT_MAX);
    buf_init(&cut, TRANSCRIPT_MAX);
    say_answer(NULL, bytes, (struct cut){.kind = CUT_NOT}, &whole);
    // a cut just before leftovers hides them from on_done; that they broke the answer is said then
    bool leftovers = str_find(buf_str(&whole), S("DONE not")) != SIZE_MAX;
    for (size_t i = 0; i < countof(kinds) && !leftovers; i++) {
        buf_clear(&cut);
        say_answer(NULL, bytes, (struct cut){.kind = kinds[i], .at = data[0]}, &cut);
        must(str_eq(buf_str(&whole), buf_str(&cut)));
    }
    buf_done(&whole);
    buf_done(&cut);
    return 0;
}
