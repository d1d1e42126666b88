// guard_fuzz.c: any bytes through the scan: findings in order, apart and inside the text; the
// vectors find what the plain loop finds, and either twin marks the same places; a text that is not
// UTF-8 is restricted.
#include "guard/plain_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool twins_agree(str text)
{
    struct marks_state sa = {0}, sb = {0};
    if (!cpu_avx2())
        return true;
    for (size_t at = 0; at + BLOCK + BLOCK_MORE <= text.n; at += BLOCK) {
        struct marks a, b;
        if (marks_read_avx2(text.p + at, 1, &sa, &a) != marks_read_sse2(text.p + at, 1, &sb, &b) ||
            memcmp(&a, &b, sizeof a) != 0 || memcmp(&sa, &sb, sizeof sa) != 0)
            return false;
    }
    return true;
}

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
    must(twins_agree(text));
    // a truncated scan stops at its block: only what it kept is compared with the plain one
    must(s.truncated == plain.truncated);
    must(s.truncated || plain_same(&s, &plain));
    must(s.label == plain.label);
    must(utf8_valid(text) == text.n || s.label == LABEL_RESTRICTED);
    arena_done(&a);
    return 0;
}
