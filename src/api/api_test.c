// The table of dialects, and edits as slices.
#include "api/api.h"
#include "tests/unit.h"

TEST(a_dialect_is_found_by_its_exact_name)
{
    CHECK(api_dialect(S("openai_chat")) == &dialect_openai_chat);
    CHECK(api_dialect(S("openai_chat2")) == NULL && api_dialect(S("OpenAI_chat")) == NULL);
    CHECK(api_dialect(STR_NONE) == NULL);
}

static bool edited_is(str body, const struct edits *e, str want)
{
    str slices[2 * EDIT_MAX + 1];
    char got[64];
    size_t n = 0;
    unsigned count = api_edited_slices(body, e, slices);
    for (unsigned i = 0; i < count; i++) {
        CHECK(slices[i].n > 0); // no empty piece for writev
        memcpy(got + n, slices[i].p, slices[i].n);
        n += slices[i].n;
    }
    return CHECK(str_eq(str_of(got, n), want)) & CHECK(api_edited_length(body, e) == want.n);
}

TEST(edits_insert_replace_and_remove_at_both_ends_and_side_by_side)
{
    str body = S("0123456789");
    struct edits none = {.count = 0};
    struct edits ends = {.rows = {{{0, 0}, S("a")}, {{10, 10}, S("z")}}, .count = 2};
    struct edits side = {
        .rows = {{{0, 2}, S("")}, {{2, 4}, S("xyz")}, {{4, 4}, S("w")}, {{9, 10}, S("")}},
        .count = 4};
    struct edits all = {.rows = {{{0, 10}, S("")}}, .count = 1};
    edited_is(body, &none, body);
    edited_is(body, &ends, S("a0123456789z"));
    edited_is(body, &side, S("xyzw45678"));
    edited_is(body, &all, S(""));
}
