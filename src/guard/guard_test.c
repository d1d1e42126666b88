// guard_test.c: the label that follows from a request's parts.
#include "guard/guard.h"
#include "base/buf.h"
#include "tests/unit.h"

static struct screening scan(struct arena *a, const char *text, enum part_kind kind,
                             const struct guard_policy *p)
{
    static struct part part;
    static struct ask ask;
    struct screening s;
    part = (struct part){.kind = kind, .span = {0, (uint32_t)strlen(text)}};
    ask = (struct ask){.body = str_c(text), .parts = &part, .part_count = 1};
    guard_scan(a, &ask, p, &s);
    return s;
}

TEST(the_label_follows_the_strongest_finding)
{
    struct arena a;
    struct guard_policy p;
    arena_init(&a, 1 << 20);
    guard_policy_default(&p);
    CHECK(scan(&a, "a plain sentence", PART_TEXT, &p).label == LABEL_PUBLIC);
    CHECK(scan(&a, "mail joe@example.com", PART_TEXT, &p).label == LABEL_INTERNAL);
    CHECK(scan(&a, "joe@example.com pays DE89370400440532013000", PART_TEXT, &p).label ==
          LABEL_RESTRICTED);
    CHECK(scan(&a, "joe@example.com", PART_METADATA, &p).label == LABEL_INTERNAL);
    CHECK(scan(&a, "joe@example.com", PART_TOOL_RESULT, &p).label == LABEL_INTERNAL);
    CHECK(guard_policy_set(&p, S("EMAIL"), LABEL_RESTRICTED));
    CHECK(scan(&a, "joe@example.com", PART_TEXT, &p).label == LABEL_RESTRICTED);
    CHECK(!guard_policy_set(&p, S("NO_SUCH"), LABEL_PUBLIC));
    arena_done(&a);
}

TEST(what_cannot_be_read_raises_the_label)
{
    struct arena a;
    struct guard_policy p;
    struct screening s;
    arena_init(&a, 1 << 20);
    guard_policy_default(&p);
    CHECK(scan(&a, "{}", PART_UNKNOWN, &p).label == LABEL_RESTRICTED);
    CHECK(scan(&a, "x", PART_IMAGE, &p).label == LABEL_INTERNAL);
    p.media = LABEL_RESTRICTED;
    CHECK(scan(&a, "x", PART_AUDIO, &p).label == LABEL_RESTRICTED);
    guard_scan_text(&a, text_of(S("bad \xff utf-8")), &p, &s);
    CHECK(s.label == LABEL_RESTRICTED);
    arena_done(&a);
}

TEST(too_many_findings_are_restricted)
{
    struct arena a;
    struct buf b;
    struct guard_policy p;
    struct screening s;
    arena_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    guard_policy_default(&p);
    for (int i = 0; i < GUARD_FINDINGS_MAX + 1; i++)
        buf_printf(&b, "user%d@example.com ", i);
    guard_scan_text(&a, text_of(buf_str(&b)), &p, &s);
    CHECK(s.truncated && s.finding_count == GUARD_FINDINGS_MAX && s.label == LABEL_RESTRICTED);
    buf_done(&b);
    arena_done(&a);
}
