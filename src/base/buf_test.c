// Buffers: the ceiling, what is kept at it, and JSON strings of any bytes.
#include "base/buf.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/watch_test.h"
#include "tests/unit.h"
#include <errno.h>
#include <unistd.h>

TEST(a_buffer_takes_exactly_up_to_its_ceiling)
{
    for (size_t limit = 1; limit < 600; limit++) {
        struct buf b;
        buf_init(&b, limit);
        for (size_t i = 0; i < limit; i++)
            buf_putc(&b, (char)('a' + i % 26));
        REQUIRE(!b.over && b.n == limit);
        buf_putc(&b, '!');
        REQUIRE(b.over && b.n == limit && b.p[limit - 1] == (char)('a' + (limit - 1) % 26));
        buf_done(&b);
    }
}

TEST(what_would_pass_the_ceiling_is_left_out_whole_and_nothing_more_is_taken)
{
    struct buf b;
    buf_init(&b, 8);
    buf_put(&b, S("12345"));
    buf_put(&b, S("6789"));
    CHECK(b.over && str_eq(buf_str(&b), S("12345")));
    buf_put(&b, S("6")); // would fit, but a gap would be worse than an end
    CHECK(str_eq(buf_str(&b), S("12345")));
    CHECK(buf_room(&b, 1) == NULL);
    buf_clear(&b);
    buf_put(&b, S("87654321"));
    CHECK(!b.over && str_eq(buf_str(&b), S("87654321")));
    buf_done(&b);
}

TEST(formatted_text_that_just_fits_fits)
{
    struct buf b;
    buf_init(&b, 5);
    buf_printf(&b, "%s", "hello");
    CHECK(!b.over && str_eq(buf_str(&b), S("hello")));
    buf_printf(&b, "%s", "");
    CHECK(!b.over);
    buf_printf(&b, "%c", 'x');
    CHECK(b.over && str_eq(buf_str(&b), S("hello")));
    buf_done(&b);
}

TEST(formatted_text_of_any_length_stays_inside_its_memory)
{
    char text[700];
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        struct buf b;
        buf_init(&b, sizeof text);
        buf_printf(&b, "%.*s", (int)n, text);
        REQUIRE(b.n == n && !b.over);
        buf_done(&b);
    }
}

TEST(numbers_are_written_as_they_are)
{
    struct buf b;
    buf_init(&b, 200);
    int64_t all[] = {0, -1, 9, 10, -10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < countof(all); i++) {
        buf_put_i64(&b, all[i]);
        buf_putc(&b, ' ');
    }
    CHECK(str_eq(buf_str(&b), S("0 -1 9 10 -10 9223372036854775807 -9223372036854775808 ")));
    buf_done(&b);
}

TEST(room_is_given_for_nothing_too_and_the_head_can_be_dropped)
{
    struct buf b;
    buf_init(&b, 100);
    CHECK(buf_room(&b, 0) != NULL);
    buf_put(&b, S("abcdef"));
    buf_drop_head(&b, 0);
    buf_drop_head(&b, 2);
    CHECK(str_eq(buf_str(&b), S("cdef")));
    buf_drop_head(&b, 4);
    CHECK(b.n == 0);
    memcpy(buf_room(&b, 3), "xyz", 3);
    buf_grew(&b, 3);
    CHECK(str_eq(buf_str(&b), S("xyz")));
    buf_done(&b);
    buf_done(NULL);
}

static void grow_past_the_room(void)
{
    struct buf b;
    buf_init(&b, 4);
    (void)buf_room(&b, 4);
    buf_grew(&b, 5);
}

TEST(growing_past_the_ceiling_ends_the_process)
{
    CHECK(watch_dies(grow_past_the_room, "broken rule"));
}

static bool json_is(str in, const char *want)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_put_json(&b, in);
    bool same = str_eq(buf_str(&b), str_c(want));
    if (!same)
        printf("got %.*s, want %s\n", STR_ARGS(buf_str(&b)), want);
    buf_done(&b);
    return same;
}

TEST(any_bytes_become_a_json_string)
{
    CHECK(json_is(STR_NONE, "\"\""));
    CHECK(json_is(S("a\"b\\c/"), "\"a\\\"b\\\\c/\""));
    CHECK(json_is(S("\n\r\t\b\0\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u0000\\u001f\x7f\""));
    CHECK(json_is(S("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a"),
                  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\""));
    CHECK(json_is(S("a\xff z\xc3"), "\"a\xef\xbf\xbd z\xef\xbf\xbd\""));
    CHECK(json_is(S("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}

TEST(what_is_written_as_json_reads_back_the_same)
{
    uint64_t seed = 7;
    struct arena a;
    arena_init(&a, 1 << 24);
    for (int round = 0; round < 2000; round++) {
        char in[64];
        struct buf b;
        struct json_scan s;
        struct json_value v;
        size_t n = rng_next(&seed) % sizeof in;
        for (size_t i = 0; i < n; i++)
            in[i] = (char)(rng_next(&seed) % 128);
        buf_init(&b, 1000);
        buf_put_json(&b, str_of(in, n));
        json_begin(&s, buf_str(&b));
        REQUIRE(json_take(&s, &v) && json_at_end(&s));
        REQUIRE(str_eq(json_decode(&a, json_raw(&s, v), v.escaped), str_of(in, n)));
        buf_done(&b);
    }
    arena_done(&a);
}

TEST(base64_goes_and_comes_back)
{
    static const struct {
        str plain, text;
    } rows[] = {{STR_NONE, STR_NONE},           {{"f", 1}, {"Zg==", 4}},
                {{"fo", 2}, {"Zm8=", 4}},       {{"foo", 3}, {"Zm9v", 4}},
                {{"foob", 4}, {"Zm9vYg==", 8}}, {{"\xff\xfe\0", 3}, {"//4A", 4}}};
    for (size_t i = 0; i < countof(rows); i++) {
        struct buf b;
        buf_init(&b, 64);
        buf_put_base64(&b, rows[i].plain);
        CHECK(str_eq(buf_str(&b), rows[i].text));
        buf_clear(&b);
        CHECK(buf_put_from_base64(&b, rows[i].text) && str_eq(buf_str(&b), rows[i].plain));
        buf_done(&b);
    }
}

TEST(what_is_no_base64_is_not_taken)
{
    static const char *const bad[] = {"Z", "Zg=", "Z===", "Zm9v\n", "Zm 9", "Z-==", "=", "===="};
    struct buf b;
    buf_init(&b, 64);
    for (size_t i = 0; i < countof(bad); i++)
        CHECK(!buf_put_from_base64(&b, str_c(bad[i])) && b.n == 0);
    buf_done(&b);
}

TEST(a_file_is_read_whole_or_not_taken)
{
    char path[] = "/tmp/weir-buf-XXXXXX";
    struct buf b;
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && write(fd, "one line\n", 9) == 9);
    close(fd);
    buf_init(&b, 1 << 17);
    CHECK(buf_read_file(&b, path) && str_eq(buf_str(&b), S("one line\n")));
    buf_done(&b);
    buf_init(&b, 1 << 10); // less than a step
    CHECK(!buf_read_file(&b, path) && errno == EFBIG);
    (void)unlink(path);
    CHECK(!buf_read_file(&b, path) && errno == ENOENT);
    buf_done(&b);
}
