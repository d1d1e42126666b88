// guard_fuzz.c: any bytes; findings lie inside, and both passes find the same.
#include "guard/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct guard_policy p;
    struct screening fast = {0}, plain = {0};
    arena_init(&a, 64 << 20);
    guard_policy_default(&p);
    struct scan one = {.arena = &a, .policy = &p, .out = &fast};
    struct scan two = {.arena = &a, .policy = &p, .out = &plain};
    scan_text(&one, str_of((const char *)data, size));
    scan_text_plainly(&two, str_of((const char *)data, size));
    must(fast.finding_count == plain.finding_count && fast.label == plain.label);
    for (uint32_t i = 0; i < fast.finding_count; i++)
        must(fast.findings[i].start < fast.findings[i].end && fast.findings[i].end <= size);
    arena_done(&a);
    return 0;
}
