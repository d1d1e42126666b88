// Watching streams: what is kept stays bounded, and quick roads are never other roads.
#include "api/api.h"
#include "base/buf.h"
#include "tests/unit.h"

#define CHUNK(delta, rest) "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" delta rest "}]}"

static enum event_kind event(struct arena *a, struct answer_watch *w, str data)
{
    return dialect_openai_chat.read_event(a, STR_NONE, data, w);
}

TEST(text_events_of_one_form_are_counted_by_their_text_alone)
{
    struct arena a;
    struct answer_watch w = {0};
    arena_init(&a, 1 << 20);
    CHECK(event(&a, &w, S(CHUNK("{\"content\":\"abc\"}", ""))) == EVENT_DELTA);
    CHECK(event(&a, &w, S(CHUNK("{\"content\":\"\"}", ""))) == EVENT_DELTA);
    CHECK(event(&a, &w, S(CHUNK("{\"content\":\"a\\\"b\\\\\"}", ""))) == EVENT_DELTA);
    CHECK(w.output_bytes == 3 + 0 + 6);
    // the string ends earlier than the form's: another event, with a finish reason
    CHECK(event(&a, &w, S(CHUNK("{\"content\":\"\"}", ",\"finish_reason\":\"stop\""))) ==
          EVENT_FINISH);
    CHECK(w.finished && str_eq(w.finish, S("stop")));
    // a string that never ends, and one that ends in a lone backslash
    CHECK(event(&a, &w, S("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x")) ==
          EVENT_OTHER);
    CHECK(event(&a, &w, S(CHUNK("{\"content\":\"x\\\"}", ""))) == EVENT_OTHER);
    arena_done(&a);
}

TEST(a_long_stream_with_usage_in_every_event_takes_no_more_memory)
{
    struct arena a;
    struct answer_watch w = {0};
    struct buf data;
    size_t early = 0;
    arena_init(&a, 1 << 20);
    buf_init(&data, 4096);
    for (int i = 1; i <= 50000; i++) {
        buf_clear(&data);
        buf_printf(&data,
                   "{\"model\":\"m\",\"n\":%d,\"choices\":[{\"delta\":{\"content\":\"x\"}}],"
                   "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":%d,\"total_tokens\":%d}}",
                   i, i, i + 5);
        CHECK(event(&a, &w, buf_str(&data)) == EVENT_DELTA);
        if (i == 10)
            early = a.used_bytes;
    }
    CHECK(a.used_bytes - early < 1024);
    CHECK(w.usage.output == 50000 && w.usage.input_uncached == 5 && w.output_bytes == 50000);
    CHECK(str_starts(w.usage_raw, S("{\"prompt_tokens\":5,")) &&
          str_ends(w.usage_raw, S("50005}")));
    buf_done(&data);
    arena_done(&a);
}

TEST(what_is_kept_does_not_lie_in_the_event)
{
    struct arena a;
    struct answer_watch w = {0};
    char data[] = "{\"model\":\"m1\",\"choices\":[{\"finish_reason\":\"eos\"}],\"usage\":{\"prompt_"
                  "tokens\":1}}";
    arena_init(&a, 1 << 20);
    event(&a, &w, str_of(data, sizeof data - 1));
    memset(data, 'z', sizeof data);
    CHECK(str_eq(w.model, S("m1")) && str_eq(w.finish, S("eos")));
    CHECK(str_eq(w.usage_raw, S("{\"prompt_tokens\":1}")));
    CHECK(w.usage.input_uncached == 1 && w.usage.output == -1 && w.usage.input_cached == -1);
    arena_done(&a);
}

TEST(an_event_larger_than_a_form_is_read_like_any_other)
{
    struct arena a;
    struct answer_watch w = {0};
    struct buf data;
    arena_init(&a, 1 << 20);
    buf_init(&data, 1 << 16);
    buf_put(&data, S("{\"choices\":[{\"delta\":{\"content\":\"ab\"}}],\"pad\":\""));
    for (int i = 0; i < 5000; i++)
        buf_putc(&data, 'p');
    buf_put(&data, S("\"}"));
    for (int i = 0; i < 3; i++)
        CHECK(event(&a, &w, buf_str(&data)) == EVENT_DELTA);
    CHECK(w.output_bytes == 6);
    buf_done(&data);
    arena_done(&a);
}

TEST(two_choices_in_one_event_are_both_counted)
{
    struct arena a;
    struct answer_watch w = {0};
    str data =
        S("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ab\"}},{\"index\":1,\"delta\":"
          "{\"content\":\"cde\"}}]}");
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 3; i++)
        CHECK(event(&a, &w, data) == EVENT_DELTA);
    CHECK(w.output_bytes == 15);
    arena_done(&a);
}

TEST(counts_that_are_no_counts_are_absent)
{
    static const char *const odd[] = {
        "-1", "1.5", "1e3", "99999999999999999999", "9223372036854775807", "\"7\"", "null", "{}"};
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < countof(odd); i++) {
        struct answer_watch w = {0};
        str body = arena_printf(&a,
                                "{\"choices\":[],\"usage\":{\"prompt_tokens\":%s,"
                                "\"completion_tokens\":2}}",
                                odd[i]);
        CHECK(dialect_openai_chat.read_answer(&a, body, &w) == OK);
        CHECK(w.usage.reported && w.usage.output == 2 && w.usage.input_uncached == -1);
    }
    struct answer_watch none = {0};
    CHECK(event(&a, &none, S("{\"choices\":[],\"usage\":{}}")) == EVENT_USAGE);
    CHECK(!none.usage.reported);
    arena_done(&a);
}
