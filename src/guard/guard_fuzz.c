// guard_fuzz.c: any bytes through the scan: findings in order, apart and inside the text; the
// vectors find what the plain loop finds; a text that is not UTF-8 is restricted.
#include "guard/plain_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of((const char *)data, size);
    struct screening s, plain;
    struct guard_policy policy;
    struct arena a;
    arena_init(&a, 1 << 20);
    guard_policy_default(&policy);
    guard_scan_text(&a, text_of(text), &policy, &s);
    plain_scan_text(&a, text, &policy, &plain);
    must(plain_sound(&s, text));
    // a truncated scan stops at its block: only what it kept is compared with the plain one
    must(s.truncated == plain.truncated);
    must(s.truncated || plain_same(&s, &plain));
    must(s.label == plain.label);
    must(utf8_valid(text) == text.n || s.label == LABEL_RESTRICTED);
    arena_done(&a);
    return 0;
}
