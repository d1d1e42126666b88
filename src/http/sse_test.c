// sse_test.c: streams of events at every cut, by the rules of WHATWG HTML's event streams.
#include "http/transcript_test.h"
#include "tests/unit.h"

enum { LIMIT = 1 << 20 };

static bool splits_with(str bytes, size_t limit, str want)
{
    return says(&(struct teller){say_events, &limit, false}, bytes, want);
}

static bool splits(str bytes, str want)
{
    return splits_with(bytes, LIMIT, want);
}

TEST(events_end_at_blank_lines)
{
    CHECK(splits(S("data: {\"a\":1}\n\ndata: b\n\ndata: [DONE]\n\n"),
                 S("raw=\"data: {\\\"a\\\":1}\\n\\n\" name=\"\" data=\"{\\\"a\\\":1}\"\n"
                   "raw=\"data: b\\n\\n\" name=\"\" data=\"b\"\n"
                   "raw=\"data: [DONE]\\n\\n\" name=\"\" data=\"[DONE]\"\nrest=\"\"")));
}

TEST(lines_may_end_in_crlf)
{
    CHECK(splits(S("event: x\r\ndata: a\r\ndata: b\r\n\r\n: ping\r\n\r\ndata: c\r\n\r\n"),
                 S("raw=\"event: x\\r\\ndata: a\\r\\ndata: b\\r\\n\\r\\n\" name=\"x\" "
                   "data=\"a\\nb\"\n"
                   "raw=\": ping\\r\\n\\r\\n\" name=\"\" data=\"\" none\n"
                   "raw=\"data: c\\r\\n\\r\\n\" name=\"\" data=\"c\"\nrest=\"\"")));
}

TEST(lines_may_end_in_a_lone_cr_and_the_last_event_comes_too)
{
    CHECK(splits(S("data: a\r\rdata: b\revent: e\r\r"),
                 S("raw=\"data: a\\r\\r\" name=\"\" data=\"a\"\n"
                   "raw=\"data: b\\revent: e\\r\\r\" name=\"e\" data=\"b\"\nrest=\"\"")));
}

TEST(line_ends_may_be_mixed)
{
    CHECK(splits(S("data: a\r\ndata: b\n\rdata: c\n\r\ndata: d\r\n\ndata: e\r\n\rdata: f\n\n"),
                 S("raw=\"data: a\\r\\ndata: b\\n\\r\" name=\"\" data=\"a\\nb\"\n"
                   "raw=\"data: c\\n\\r\\n\" name=\"\" data=\"c\"\n"
                   "raw=\"data: d\\r\\n\\n\" name=\"\" data=\"d\"\n"
                   "raw=\"data: e\\r\\n\\r\" name=\"\" data=\"e\"\n"
                   "raw=\"data: f\\n\\n\" name=\"\" data=\"f\"\nrest=\"\"")));
}

TEST(the_lf_of_a_crlf_that_a_lone_cr_announced_is_no_blank_line)
{
    CHECK(splits(S("data: a\r\r\ndata: b\n\ndata: c\r\r\n\ndata: d\r\r\n"),
                 S("raw=\"data: a\\r\\r\" name=\"\" data=\"a\"\n"
                   "raw=\"\\ndata: b\\n\\n\" name=\"\" data=\"b\"\n"
                   "raw=\"data: c\\r\\r\" name=\"\" data=\"c\"\n"
                   "raw=\"\\n\\n\" name=\"\" data=\"\" none\n"
                   "raw=\"data: d\\r\\r\" name=\"\" data=\"d\"\nrest=\"\\n\"")));
}

TEST(a_bom_opens_the_stream_and_nothing_else)
{
    CHECK(splits(S("\xef\xbb\xbf"
                   "data: a\n\n\xef\xbb\xbf"
                   "data: b\n\n"),
                 S("raw=\"\xef\xbb\xbf"
                   "data: a\\n\\n\" name=\"\" data=\"a\"\n"
                   "raw=\"\xef\xbb\xbf"
                   "data: b\\n\\n\" name=\"\" data=\"\" none\nrest=\"\"")));
    CHECK(splits(S("\xef\xbb\n\ndata: a\n\n"),
                 S("raw=\"\xef\xbf\xbd\xef\xbf\xbd\\n\\n\" name=\"\" data=\"\" none\n"
                   "raw=\"data: a\\n\\n\" name=\"\" data=\"a\"\nrest=\"\"")));
    CHECK(splits(S("\xef\xbb\xbf\n\xef"), S("raw=\"\xef\xbb\xbf\\n\" name=\"\" data=\"\" none\n"
                                            "rest=\"\xef\xbf\xbd\"")));
}

TEST(fields_are_read_as_the_standard_says)
{
    CHECK(splits(S("data\n\ndata:\n\ndata:a\n\ndata:  two\n\ndata : x\n\ndatax: y\n\nData: z\n\n"),
                 S("raw=\"data\\n\\n\" name=\"\" data=\"\"\n"
                   "raw=\"data:\\n\\n\" name=\"\" data=\"\"\n"
                   "raw=\"data:a\\n\\n\" name=\"\" data=\"a\"\n"
                   "raw=\"data:  two\\n\\n\" name=\"\" data=\" two\"\n"
                   "raw=\"data : x\\n\\n\" name=\"\" data=\"\" none\n"
                   "raw=\"datax: y\\n\\n\" name=\"\" data=\"\" none\n"
                   "raw=\"Data: z\\n\\n\" name=\"\" data=\"\" none\nrest=\"\"")));
    CHECK(splits(
        S("event: a\nevent: b\ndata: 1\ndata\ndata: 3\nid: 4\nretry: 5\n\nevent\ndata: 1\n\n"),
        S("raw=\"event: a\\nevent: b\\ndata: 1\\ndata\\ndata: 3\\nid: 4\\nretry: 5\\n\\n\" "
          "name=\"b\" data=\"1\\n\\n3\"\n"
          "raw=\"event\\ndata: 1\\n\\n\" name=\"\" data=\"1\"\nrest=\"\"")));
}

TEST(blank_lines_without_an_event_are_empty_events)
{
    CHECK(splits(S("\n\r\n\rdata: a\n\n\n"), S("raw=\"\\n\" name=\"\" data=\"\" none\n"
                                               "raw=\"\\r\\n\" name=\"\" data=\"\" none\n"
                                               "raw=\"\\r\" name=\"\" data=\"\" none\n"
                                               "raw=\"data: a\\n\\n\" name=\"\" data=\"a\"\n"
                                               "raw=\"\\n\" name=\"\" data=\"\" none\nrest=\"\"")));
}

TEST(an_unfinished_event_is_the_rest)
{
    CHECK(splits(
        S("data: a\n\ndata: \xd0\xbf\xd1\x80\n"),
        S("raw=\"data: a\\n\\n\" name=\"\" data=\"a\"\nrest=\"data: \xd0\xbf\xd1\x80\\n\"")));
    CHECK(splits(S("data: a\r\n\r"), S("rest=\"data: a\\r\\n\\r\"")));
}

TEST(an_event_over_the_limit_is_refused_wherever_it_is_cut)
{
    CHECK(splits_with(S("data: 12345678\n\ndata: 1\n\n"), 16,
                      S("raw=\"data: 12345678\\n\\n\" name=\"\" data=\"12345678\"\n"
                        "raw=\"data: 1\\n\\n\" name=\"\" data=\"1\"\nrest=\"\"")));
    CHECK(splits_with(S("data: 1\n\ndata: 123456789\n\n"), 16,
                      S("raw=\"data: 1\\n\\n\" name=\"\" data=\"1\"\nUPSTREAM_BROKEN\n")));
    CHECK(splits_with(S("data: 12345678\r\n\rdata: 1\n\n"), 17,
                      S("raw=\"data: 12345678\\r\\n\\r\" name=\"\" data=\"12345678\"\n"
                        "raw=\"data: 1\\n\\n\" name=\"\" data=\"1\"\nrest=\"\"")));
}

TEST(whole_events_are_slices_of_what_was_fed)
{
    struct sse s;
    struct sse_event ev;
    str all = S("data: a\n\nevent: e\r\ndata: b\r\n\r\ndata: c\ndata: d\n\ndata: e"), bytes = all;
    sse_init(&s, LIMIT);
    for (int i = 0; i < 3; i++) {
        REQUIRE(sse_next(&s, &bytes, &ev));
        CHECK(ev.raw.p >= all.p && ev.raw.p + ev.raw.n == bytes.p);
        CHECK(i == 2 || (ev.data.p > ev.raw.p && ev.data.p < bytes.p));
    }
    CHECK(str_eq(ev.data, S("c\nd")));
    CHECK(!sse_next(&s, &bytes, &ev) && bytes.n == 0);
    CHECK(str_eq(sse_rest(&s), S("data: e")));
    sse_done(&s);
}

TEST(only_the_cut_event_is_kept)
{
    struct sse s;
    struct sse_event ev;
    str first = S("data: half"), second = S(" and half\n\ndata: whole\n\n"), bytes = first;
    sse_init(&s, LIMIT);
    CHECK(!sse_next(&s, &bytes, &ev) && bytes.n == 0);
    bytes = second;
    REQUIRE(sse_next(&s, &bytes, &ev));
    CHECK(str_eq(ev.data, S("half and half")) && bytes.p == second.p + 11);
    CHECK(str_empty(sse_rest(&s))); // lent, not unfinished
    REQUIRE(sse_next(&s, &bytes, &ev));
    CHECK(str_eq(ev.data, S("whole")) && ev.raw.p == second.p + 11);
    CHECK(!sse_next(&s, &bytes, &ev));
    sse_done(&s);
}

TEST(a_large_event_in_many_pieces_is_looked_at_once)
{
    // quadratic work on two million single bytes would not end within the test's time
    struct sse s;
    struct sse_event ev;
    size_t events = 0;
    sse_init(&s, 4 << 20);
    for (size_t i = 0; i < 2000000; i++) {
        str piece = S("x");
        while (sse_next(&s, &piece, &ev))
            events++;
    }
    CHECK(events == 0 && sse_rest(&s).n == 2000000);
    str end = S("\n\n");
    CHECK(sse_next(&s, &end, &ev) && ev.raw.n == 2000002 && !ev.has_data);
    CHECK(!sse_next(&s, &end, &ev) && s.kept.cap < 100000); // and its memory given back
    sse_done(&s);
}
