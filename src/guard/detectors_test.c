// detectors_test.c: hits and near-misses of credit_card, email, iban, phone, secret and ssn, the
// vector pass against the plain one, and every place in a buffer.
#include "guard/scan.h"
#include "tests/unit.h"

// detector, text, what is found ("" for nothing). All values are invented.
static const struct {
    const char *type, *text, *found;
} cases[] = {
    {"CREDIT_CARD", "card 4111 1111 1111 1111 please", "4111 1111 1111 1111"},
    {"CREDIT_CARD", "card 4111 1111 1111 1112 please", ""},
    {"CREDIT_CARD", "5555-5555-5555-4444", "5555-5555-5555-4444"},
    {"CREDIT_CARD", "378282246310005", "378282246310005"},
    {"CREDIT_CARD", "order x4111111111111111", ""},
    {"CREDIT_CARD", "4444 4444 4444 4444", ""},
    {"EMAIL", "write to ann.lee+x@mail.example-shop.co.uk.", "ann.lee+x@mail.example-shop.co.uk"},
    {"EMAIL", "a @ b and @handle and x@y", ""},
    {"EMAIL", "user@localhost", ""},
    {"IBAN", "pay DE89 3704 0044 0532 0130 00 now", "DE89 3704 0044 0532 0130 00"},
    {"IBAN", "pay DE89 3704 0044 0532 0130 01 now", ""},
    {"IBAN", "GB82WEST12345698765432", "GB82WEST12345698765432"},
    {"IBAN", "part no. AB12 3456", ""},
    {"PHONE", "call +49 30 901820 today", "+49 30 901820"},
    {"PHONE", "(212) 555-0147", "(212) 555-0147"},
    {"PHONE", "in 2024 and 1999 and 3.14159265", ""},
    {"PHONE", "phone: 030 9018 2033", "030 9018 2033"},
    {"SECRET", "key sk-Abc123Abc123Abc123Abc123Abc1 here", "sk-Abc123Abc123Abc123Abc123Abc1"},
    {"SECRET", "AKIAQ2W3E4R5T6Y7U8I9", "AKIAQ2W3E4R5T6Y7U8I9"},
    {"SECRET", "the task-manager and sk-learn", ""},
    {"SECRET", "password = hunter2!x", "hunter2!x"},
    {"SECRET", "password: <your password>", ""},
    {"SECRET", "postgres://app:s3cr3tpw@db.local/x", "s3cr3tpw"},
    {"SECRET", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
     "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl"},
    {"NATIONAL_ID", "SSN 219-09-9999", "219-09-9999"},
    {"NATIONAL_ID", "666-12-3456 and 000-12-3456 and 900-12-3456", ""},
};

static const struct finding *find(const struct screening *s, const char *type)
{
    for (uint32_t i = 0; i < s->finding_count; i++)
        if (strcmp(s->findings[i].type, type) == 0)
            return &s->findings[i];
    return NULL;
}

TEST(each_detector_hits_and_misses_as_listed)
{
    struct arena a;
    struct guard_policy p;
    arena_init(&a, 1 << 20);
    guard_policy_default(&p);
    for (size_t i = 0; i < countof(cases); i++) {
        struct screening s;
        str text = str_c(cases[i].text);
        guard_scan_text(&a, text_of(text), &p, &s);
        const struct finding *f = find(&s, cases[i].type);
        str got = f ? str_of(text.p + f->start, f->end - f->start) : STR_NONE;
        if (!CHECK(str_eq(got, str_c(cases[i].found))))
            printf("  in '%s' found '%.*s'\n", cases[i].text, STR_ARGS(got));
    }
    arena_done(&a);
}

TEST(a_hit_is_found_at_every_place_and_both_passes_agree)
{
    static const char secret[] = "joe@example.com";
    char text[160];
    struct guard_policy p;
    struct arena a;
    guard_policy_default(&p);
    arena_init(&a, 1 << 20);
    for (size_t at = 0; at < 100; at++) {
        memset(text, ' ', sizeof text);
        memcpy(text + at, secret, sizeof secret - 1);
        str t = {text, at + sizeof secret - 1};
        struct screening fast = {0}, plain = {0};
        struct scan one = {.arena = &a, .policy = &p, .out = &fast};
        struct scan two = {.arena = &a, .policy = &p, .out = &plain};
        scan_text(&one, t);
        scan_text_plainly(&two, t);
        REQUIRE(fast.finding_count == 1 && plain.finding_count == 1);
        CHECK(fast.findings[0].start == at && fast.findings[0].end == t.n);
        CHECK(plain.findings[0].start == at && fast.label == plain.label);
    }
    arena_done(&a);
}

TEST(both_passes_agree_on_random_bytes)
{
    static const char bytes[] = "@@..--__::==0123456789aAeyJIzDE 4111\"\\sk-hf_AKIApassword=\n";
    char text[300];
    struct guard_policy p;
    struct arena a;
    uint64_t seed = 7;
    guard_policy_default(&p);
    arena_init(&a, 64 << 20);
    for (int round = 0; round < 3000; round++) {
        size_t n = rng_next(&seed) % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = bytes[rng_next(&seed) % (sizeof bytes - 1)];
        struct screening fast = {0}, plain = {0};
        struct scan one = {.arena = &a, .policy = &p, .out = &fast};
        struct scan two = {.arena = &a, .policy = &p, .out = &plain};
        scan_text(&one, str_of(text, n));
        scan_text_plainly(&two, str_of(text, n));
        REQUIRE(fast.finding_count == plain.finding_count && fast.label == plain.label);
        for (uint32_t i = 0; i < fast.finding_count; i++)
            CHECK(fast.findings[i].start == plain.findings[i].start && fast.findings[i].end <= n);
    }
    arena_done(&a);
}
