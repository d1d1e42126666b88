// guard_test.c: the door: policy, and the label that parts of each kind give a request.
#include "guard/guard.h"
#include "tests/unit.h"

static struct part part_of(const char *body, const char *text, enum part_kind kind)
{
    const char *at = strstr(body, text);
    must(at != NULL);
    uint32_t start = (uint32_t)(at - body);
    return (struct part){
        .kind = kind, .turn = UINT32_MAX, .span = {start, start + (uint32_t)strlen(text)}};
}

static struct screening scan_parts(struct arena *a, const char *body, struct part *parts,
                                   uint32_t n)
{
    struct ask ask = {.body = str_c(body), .parts = parts, .part_count = n};
    struct guard_policy policy;
    struct screening s;
    guard_policy_default(&policy);
    guard_scan(a, &ask, &policy, NULL, &s);
    return s;
}

TEST(every_kind_of_part_that_holds_text_is_looked_into)
{
    static const enum part_kind kinds[] = {PART_TEXT,      PART_TOOL_CALL, PART_TOOL_RESULT,
                                           PART_TOOL_SPEC, PART_SCHEMA,    PART_REASONING,
                                           PART_METADATA};
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < countof(kinds); i++) {
        const char *body = "{\"x\":\"write to ann@tide.se\"}";
        struct part p = part_of(body, "write to ann@tide.se", kinds[i]);
        struct screening s = scan_parts(&a, body, &p, 1);
        REQUIRE(s.finding_count == 1 && s.label == LABEL_INTERNAL);
        CHECK(s.findings[0].start == 9 && s.findings[0].end == 20);
    }
    arena_done(&a);
}

TEST(what_cannot_be_read_raises_the_label)
{
    static const struct {
        enum part_kind kind;
        enum label label;
    } rows[] = {
        {PART_UNKNOWN, LABEL_RESTRICTED}, {PART_IMAGE, LABEL_INTERNAL},
        {PART_AUDIO, LABEL_INTERNAL},     {PART_FILE, LABEL_INTERNAL},
        {PART_OPAQUE, LABEL_PUBLIC},      {PART_TEXT, LABEL_PUBLIC},
    };
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < countof(rows); i++) {
        struct part p = part_of("[\"ab\"]", "ab", rows[i].kind);
        CHECK(scan_parts(&a, "[\"ab\"]", &p, 1).label == rows[i].label);
    }
    arena_done(&a);
}

TEST(offsets_are_of_the_decoded_part_and_parts_keep_their_own_findings)
{
    const char *body = "[\"\\u00e9\\\"ann@tide.se\",\"ben@tide.se, cy@tide.se\"]";
    struct arena a;
    arena_init(&a, 1 << 16);
    struct part parts[] = {part_of(body, "\\u00e9\\\"ann@tide.se", PART_TEXT),
                           part_of(body, "ben@tide.se, cy@tide.se", PART_TEXT)};
    parts[0].escaped = true;
    struct screening s = scan_parts(&a, body, parts, 2);
    REQUIRE(s.finding_count == 3);
    CHECK(s.findings[0].part == 0 && s.findings[0].start == 3 && s.findings[0].end == 14);
    CHECK(s.findings[1].part == 1 && s.findings[1].start == 0 && s.findings[1].end == 11);
    CHECK(s.findings[2].part == 1 && s.findings[2].start == 13 && s.findings[2].end == 23);
    arena_done(&a);
}

TEST(arguments_that_hold_escaped_text_are_read_through)
{
    // a model's arguments: JSON in a JSON string; decoded once, its \n is still two letters
    const char *body = "[\"{\\\"q\\\":\\\"a\\\\nghp_x7Kq2mVt9LsWc4Yp8RnBd3Hj6FgZa1Ue5QoT\\\"}\"]";
    struct arena a;
    arena_init(&a, 1 << 16);
    struct part p = {
        .kind = PART_TOOL_CALL, .escaped = true, .span = {2, (uint32_t)strlen(body) - 2}};
    struct screening s = scan_parts(&a, body, &p, 1);
    REQUIRE(s.finding_count == 1 && s.label == LABEL_RESTRICTED);
    CHECK(s.findings[0].end - s.findings[0].start == 40);
    arena_done(&a);
}

TEST(too_many_findings_over_all_parts_are_restricted)
{
    const char *body = "[\"ann@tide.se ben@tide.se cy@tide.se\"]";
    struct part parts[GUARD_FINDINGS_MAX / 3 + 1];
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < countof(parts); i++)
        parts[i] = part_of(body, "ann@tide.se ben@tide.se cy@tide.se", PART_TEXT);
    struct screening s = scan_parts(&a, body, parts, countof(parts));
    CHECK(s.truncated && s.label == LABEL_RESTRICTED && s.finding_count == GUARD_FINDINGS_MAX);
    s = scan_parts(&a, body, parts, countof(parts) - 1);
    CHECK(!s.truncated && s.label == LABEL_INTERNAL);
    arena_done(&a);
}

TEST(policy_sets_labels_by_type_and_knows_no_other)
{
    struct guard_policy p;
    struct screening s;
    struct arena a;
    arena_init(&a, 1 << 16);
    guard_policy_default(&p);
    CHECK(!guard_policy_set(&p, S("E-MAIL"), LABEL_PUBLIC));
    CHECK(guard_policy_set(&p, S("EMAIL"), LABEL_RESTRICTED));
    guard_scan_text(&a, text_of(S("ann@tide.se")), &p, &s);
    CHECK(s.finding_count == 1 && s.label == LABEL_RESTRICTED);
    p.least_score = 0.99; // kept, but raises nothing
    guard_scan_text(&a, text_of(S("ann@tide.se")), &p, &s);
    CHECK(s.finding_count == 1 && s.label == LABEL_PUBLIC);
    for (size_t i = 0; i < guard_type_count(); i++)
        CHECK(guard_policy_set(&p, str_c(guard_type(i)), LABEL_INTERNAL));
    arena_done(&a);
}

TEST(a_scan_that_is_off_finds_nothing)
{
    const char *body = "[\"ann@tide.se\"]";
    struct part p = part_of(body, "ann@tide.se", PART_TEXT);
    struct ask ask = {.body = str_c(body), .parts = &p, .part_count = 1};
    struct guard_policy policy;
    struct screening s;
    struct arena a;
    arena_init(&a, 1 << 16);
    guard_policy_default(&policy);
    policy.scan = false;
    guard_scan(&a, &ask, &policy, NULL, &s);
    CHECK(s.finding_count == 0 && s.label == LABEL_PUBLIC && !s.truncated);
    arena_done(&a);
}

// What the operator calls sensitive, plain and in what the screening looks through.
TEST(the_operators_words_are_findings_with_their_label)
{
    struct arena a;
    struct guard_policy p;
    struct screening s;
    char why[OWN_WHY];
    struct own *own = own_new();
    REQUIRE(own_add_word(own, own_kind(own, S("PROJECT")), S("Nordlicht"), why));
    REQUIRE(own_add_pattern(own, own_kind(own, S("COSTLY")), S("(a+)+(x|z)"), why));
    own_seal(own);
    arena_init(&a, 1 << 20);
    guard_policy_default(&p);
    p.own = own;
    p.of_own[0] = LABEL_INTERNAL;
    p.of_own[1] = LABEL_RESTRICTED;
    guard_scan_text(&a, text_of(S("mail jo@tidewatch.net about nordlicht")), &p, &s);
    REQUIRE(s.finding_count == 2 && s.label == LABEL_INTERNAL);
    CHECK(strcmp(s.findings[1].type, "PROJECT") == 0 && s.findings[1].start == 28);
    guard_scan_text(&a, text_of(S("about n&#111;rdlicht, they said")), &p, &s);
    REQUIRE(s.finding_count == 1 && s.label == LABEL_INTERNAL && s.findings[0].via);
    CHECK(s.findings[0].start == 6);
    guard_scan_text(&a, text_of(S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
                    &p, &s);
    CHECK(s.truncated && s.label == LABEL_RESTRICTED); // cannot be judged
    guard_scan_text(&a, text_of(S("nothing at all")), &p, &s);
    CHECK(s.finding_count == 0 && s.label == LABEL_PUBLIC);
    arena_done(&a);
    own_free(own);
}
