// The JSON scan: a table of texts with the byte that is wrong, every cut, walking and decoding.
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit.h"

// Scans a copy that ends where the heap block ends, so that ASan sees a byte read too far.
static enum err scan(str body, int64_t *ret_at_byte)
{
    char *exact = mem_resize(NULL, body.n);
    struct json_scan s;
    struct json_value v;
    if (body.n)
        memcpy(exact, body.p, body.n);
    json_begin(&s, str_of(exact, body.n));
    bool good = json_skip(&s, &v) && json_at_end(&s);
    CHECK(good == (s.err == OK));
    CHECK(!good || s.depth == 0);
    *ret_at_byte = s.at_byte;
    mem_free(exact);
    return s.err;
}

static const char *const valid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "10",
    "-1.5",
    "0.0",
    "1e5",
    "1E+5",
    "1e-5",
    "1.25e00",
    "123456789012345678901234567890",
    "\"\"",
    "\"a\"",
    " \t\r\n1 \t\r\n",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1]",
    "[1,2]",
    "[ 1 , 2 ]",
    "[[],[[]],{}]",
    "{\"a\":1}",
    "{\"a\" : 1 , \"b\" : [ ] }",
    "{\"\":\"\"}",
    "{\"a\":{\"b\":{\"c\":null}}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"\\uD83C\\uDF0A\"",
    "\"\\ud83c\"",
    "\"\\udf0a x\"",
    "\"\x7f\"",
    "\"\xc2\x80\"",
    "\"\xdf\xbf\"",
    "\"\xe0\xa0\x80\"",
    "\"\xed\x9f\xbf\"",
    "\"\xee\x80\x80\"",
    "\"\xf0\x90\x80\x80\"",
    "\"\xf4\x8f\xbf\xbf\"",
    "{\"a\":1,\"a\":2}",
    "[true,false,null,\"x\",-1]",
    "\"a string that is longer than sixteen bytes, \\n with an escape and \xc3\xa9 in it\"",
};

TEST(valid_texts_are_taken)
{
    for (size_t i = 0; i < countof(valid); i++) {
        int64_t at;
        if (!CHECK(scan(str_c(valid[i]), &at) == OK))
            printf("  %s at %lld\n", valid[i], (long long)at);
    }
}

static const struct {
    str text;
    enum err err;
    int64_t at_byte;
} wrong[] = {
    {S(""), ERR_BAD_JSON, 0},
    {S("  "), ERR_BAD_JSON, 2},
    {S("nul"), ERR_BAD_JSON, 3},
    {S("nulx"), ERR_BAD_JSON, 3},
    {S("True"), ERR_BAD_JSON, 0},
    {S("tru e"), ERR_BAD_JSON, 3},
    {S("nullx"), ERR_BAD_JSON, 4},
    {S("NaN"), ERR_BAD_JSON, 0},
    {S("Infinity"), ERR_BAD_JSON, 0},
    {S("-Infinity"), ERR_BAD_JSON, 1},
    {S("-"), ERR_BAD_JSON, 1},
    {S("+1"), ERR_BAD_JSON, 0},
    {S("01"), ERR_BAD_JSON, 1},
    {S("-01"), ERR_BAD_JSON, 2},
    {S("00"), ERR_BAD_JSON, 1},
    {S(".5"), ERR_BAD_JSON, 0},
    {S("1."), ERR_BAD_JSON, 2},
    {S("1.e5"), ERR_BAD_JSON, 2},
    {S("1e"), ERR_BAD_JSON, 2},
    {S("1e+"), ERR_BAD_JSON, 3},
    {S("1e5.5"), ERR_BAD_JSON, 3},
    {S("0x10"), ERR_BAD_JSON, 1},
    {S("1 2"), ERR_BAD_JSON, 2},
    {S("["), ERR_BAD_JSON, 1},
    {S("[1"), ERR_BAD_JSON, 2},
    {S("[1,"), ERR_BAD_JSON, 3},
    {S("[1,]"), ERR_BAD_JSON, 3},
    {S("[,1]"), ERR_BAD_JSON, 1},
    {S("[1 2]"), ERR_BAD_JSON, 3},
    {S("[1}"), ERR_BAD_JSON, 2},
    {S("]"), ERR_BAD_JSON, 0},
    {S("[]]"), ERR_BAD_JSON, 2},
    {S("{"), ERR_BAD_JSON, 1},
    {S("{a:1}"), ERR_BAD_JSON, 1},
    {S("{'a':1}"), ERR_BAD_JSON, 1},
    {S("{1:1}"), ERR_BAD_JSON, 1},
    {S("{\"a\"}"), ERR_BAD_JSON, 4},
    {S("{\"a\" 1}"), ERR_BAD_JSON, 5},
    {S("{\"a\":}"), ERR_BAD_JSON, 5},
    {S("{\"a\":1,}"), ERR_BAD_JSON, 7},
    {S("{,}"), ERR_BAD_JSON, 1},
    {S("{\"a\":1 \"b\":2}"), ERR_BAD_JSON, 7},
    {S("{\"a\":1]"), ERR_BAD_JSON, 6},
    {S("\""), ERR_BAD_JSON, 1},
    {S("\"abc"), ERR_BAD_JSON, 4},
    {S("\"\\"), ERR_BAD_JSON, 1},
    {S("\"\\\""), ERR_BAD_JSON, 3},
    {S("\"\\x41\""), ERR_BAD_JSON, 1},
    {S("\"\\\0\""), ERR_BAD_JSON, 1},
    {S("\"\\U0041\""), ERR_BAD_JSON, 1},
    {S("\"\\u12\""), ERR_BAD_JSON, 1},
    {S("\"\\uG123\""), ERR_BAD_JSON, 1},
    {S("\"\\u1G23\""), ERR_BAD_JSON, 1},
    {S("\"\\u12G4\""), ERR_BAD_JSON, 1},
    {S("\"\\u123G\""), ERR_BAD_JSON, 1},
    {S("\"\\u123`\""), ERR_BAD_JSON, 1},
    {S("\"a\tb\""), ERR_BAD_JSON, 2},
    {S("\"a\0b\""), ERR_BAD_JSON, 2},
    {S("\"0123456789abcdef\x1f\""), ERR_BAD_JSON, 17},
    {S("// c\n1"), ERR_BAD_JSON, 0},
    {S("1\0"), ERR_BAD_JSON, 1},
    {S("\f1"), ERR_BAD_JSON, 0},
    {S("\xc2\xa0"
       "1"),
     ERR_BAD_JSON, 0},
    {S("\xef\xbb\xbf{}"), ERR_BAD_JSON, 0},
    {S("\"\x80\""), ERR_BAD_UTF8, 1},
    {S("\"\xc0\x80\""), ERR_BAD_UTF8, 1},
    {S("\"\xc3\""), ERR_BAD_UTF8, 1},
    {S("\"\xc3"), ERR_BAD_UTF8, 1},
    {S("\"\xe2\x82\""), ERR_BAD_UTF8, 1},
    {S("\"\xc3\xa9\xe2\x82\""), ERR_BAD_UTF8, 3},
    {S("\"\xed\xa0\x80\""), ERR_BAD_UTF8, 1},
    {S("\"\xf4\x90\x80\x80\""), ERR_BAD_UTF8, 1},
    {S("\"\xf8\x88\x80\x80\x80\""), ERR_BAD_UTF8, 1},
    {S("\"ab \xff\""), ERR_BAD_UTF8, 4},
    {S("{\"\xff\":1}"), ERR_BAD_UTF8, 2},
};

TEST(invalid_texts_are_refused_at_the_byte_that_is_wrong)
{
    for (size_t i = 0; i < countof(wrong); i++) {
        int64_t at;
        enum err e = scan(wrong[i].text, &at);
        if (!(CHECK(e == wrong[i].err) & CHECK(at == wrong[i].at_byte)))
            printf("  %.*s: %s at %lld\n", STR_ARGS(wrong[i].text), err_name(e), (long long)at);
    }
}

// Short texts are read close to the end of the body; with blanks behind them the ways that look
// sixteen bytes ahead are taken. Only what is missing is then missed later.
TEST(the_same_texts_with_room_behind_them_are_judged_alike)
{
    struct buf b;
    int64_t at;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < countof(valid); i++) {
        buf_clear(&b);
        buf_printf(&b, "%s%40s", valid[i], "");
        if (!CHECK(scan(buf_str(&b), &at) == OK))
            printf("  %s at %lld\n", valid[i], (long long)at);
    }
    for (size_t i = 0; i < countof(wrong); i++) {
        str text = wrong[i].text;
        buf_clear(&b);
        buf_put(&b, text);
        buf_printf(&b, "%40s", "");
        enum err e = scan(buf_str(&b), &at);
        bool missing = wrong[i].at_byte == (int64_t)text.n && at >= (int64_t)text.n;
        if (!(CHECK(e == wrong[i].err) & CHECK(at == wrong[i].at_byte || missing)))
            printf("  %.*s: %s at %lld\n", STR_ARGS(text), err_name(e), (long long)at);
    }
    buf_done(&b);
}

static const char *const wholes[] = {
    "{\"model\":\"auto\",\"messages\":[{\"role\":\"user\",\"content\":\"caf\xc3\xa9 \\u20ac "
    "\\n \xf0\x9f\x8c\x8a and more than sixteen plain bytes\"}],\"n\":-1.5e+10,"
    "\"t\":true,\"f\":false,\"z\":null,\"e\":{},\"a\":[ ] }",
    "{\"a key of 15 b.\": \"a word of 15 b.\", \"a key of 14 b\":7}",
};

TEST(a_valid_text_cut_anywhere_fails_at_the_cut)
{
    int64_t at;
    for (size_t i = 0; i < countof(wholes); i++) {
        str text = str_c(wholes[i]);
        CHECK(scan(text, &at) == OK);
        for (size_t n = 0; n < text.n; n++) {
            enum err e = scan(str_first(text, n), &at);
            // a cut letter or escape is told where it begins
            if (!CHECK(e != OK && at <= (int64_t)n && at + 6 > (int64_t)n))
                printf("  cut at %zu: %s at %lld\n", n, err_name(e), (long long)at);
        }
    }
}

TEST(an_odd_byte_is_found_wherever_it_stands_in_a_long_string)
{
    static const struct {
        char byte;
        enum err err;
    } odd[] = {
        {'\n', ERR_BAD_JSON}, {'\0', ERR_BAD_JSON}, {'\xff', ERR_BAD_UTF8}, {'"', ERR_BAD_JSON}};
    for (size_t where = 1; where < 70; where++)
        for (size_t k = 0; k < countof(odd); k++) {
            char text[72];
            int64_t at;
            memset(text, 'x', sizeof text);
            text[0] = text[sizeof text - 1] = '"';
            text[where] = odd[k].byte;
            REQUIRE(scan(str_of(text, sizeof text), &at) == odd[k].err);
            // a quote ends the string: what stands behind it is what is wrong
            REQUIRE(at == (int64_t)where + (odd[k].byte == '"'));
        }
}

static enum err scan_nested(int depth, char open, char close, int64_t *ret_at)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < depth; i++)
        buf_put(&b, open == '[' ? S("[") : S("{\"a\":"));
    buf_putc(&b, '1');
    for (int i = 0; i < depth; i++)
        buf_putc(&b, close);
    enum err e = scan(buf_str(&b), ret_at);
    buf_done(&b);
    return e;
}

TEST(nesting_goes_to_its_limit_and_no_further)
{
    int64_t at;
    CHECK(scan_nested(JSON_DEPTH_MAX, '[', ']', &at) == OK);
    CHECK(scan_nested(JSON_DEPTH_MAX, '{', '}', &at) == OK);
    CHECK(scan_nested(JSON_DEPTH_MAX + 1, '[', ']', &at) == ERR_TOO_DEEP && at == JSON_DEPTH_MAX);
    CHECK(scan_nested(JSON_DEPTH_MAX + 1, '{', '}', &at) == ERR_TOO_DEEP &&
          at == 5 * JSON_DEPTH_MAX);
}

TEST(an_object_is_walked_key_by_key_with_spans)
{
    str body = S(" {\"a\":\"x\\n\",\"b\\u0062\":[1, {\"c\":2}],\"d\":3 } ");
    struct json_scan s;
    struct json_value v, inner;
    str key;
    bool first = true, escaped, item = true;
    json_begin(&s, body);
    REQUIRE(json_take(&s, &v) && v.kind == JSON_OBJECT && v.span.start == 1 && s.depth == 1);
    REQUIRE(json_next_key(&s, &first, &key, &escaped) && str_eq(key, S("a")) && !escaped);
    REQUIRE(json_take(&s, &v) && v.kind == JSON_STRING && v.escaped);
    CHECK(str_eq(json_raw(&s, v), S("x\\n")));
    REQUIRE(json_next_key(&s, &first, &key, &escaped) && str_eq(key, S("b\\u0062")) && escaped);
    REQUIRE(json_take(&s, &v) && v.kind == JSON_ARRAY);
    REQUIRE(json_next_item(&s, &item) && json_take(&s, &inner) && inner.kind == JSON_NUMBER);
    REQUIRE(json_next_item(&s, &item) && json_skip(&s, &inner) && inner.kind == JSON_OBJECT);
    CHECK(str_eq(str_of(body.p + inner.span.start, inner.span.end - inner.span.start),
                 S("{\"c\":2}")));
    CHECK(!json_next_item(&s, &item) && s.err == OK);
    REQUIRE(json_next_key(&s, &first, &key, &escaped) && str_eq(key, S("d")));
    REQUIRE(json_skip(&s, &v) && v.kind == JSON_NUMBER);
    CHECK(!json_next_key(&s, &first, &key, &escaped) && s.err == OK && s.depth == 0);
    CHECK(json_at_end(&s));
}

TEST(after_a_fault_nothing_moves_and_outputs_stay)
{
    struct json_scan s;
    struct json_value v = {.kind = JSON_TRUE, .span = {7, 9}};
    bool first = true, escaped = true;
    str key = S("kept");
    json_begin(&s, S("[nope"));
    REQUIRE(json_take(&s, &v) && v.kind == JSON_ARRAY);
    v = (struct json_value){.kind = JSON_TRUE, .span = {7, 9}};
    REQUIRE(json_next_item(&s, &first));
    CHECK(!json_take(&s, &v) && !json_skip(&s, &v) && !json_next_item(&s, &first));
    CHECK(!json_next_key(&s, &first, &key, &escaped) && !json_at_end(&s));
    CHECK(v.kind == JSON_TRUE && v.span.start == 7 && v.span.end == 9);
    CHECK(str_eq(key, S("kept")) && escaped && s.at_byte == 2);
}

TEST(an_empty_body_is_only_a_wrong_one)
{
    struct json_scan s;
    struct json_value v;
    json_begin(&s, STR_NONE);
    CHECK(!json_take(&s, &v) && s.err == ERR_BAD_JSON && s.at_byte == 0);
}

static bool decodes(str raw, str want)
{
    struct arena a;
    arena_init(&a, 1 << 16);
    char *exact = mem_resize(NULL, raw.n);
    memcpy(exact, raw.p, raw.n);
    str got = json_decode(&a, str_of(exact, raw.n), true);
    bool same = str_eq(got, want) && utf8_valid(got) == got.n;
    mem_free(exact);
    arena_done(&a);
    return same;
}

TEST(escapes_decode_to_utf8)
{
    CHECK(decodes(S("\\\"\\\\\\/\\b\\f\\n\\r\\t"), S("\"\\/\b\f\n\r\t")));
    CHECK(decodes(S("\\u0041\\u00e9\\u20AC\\uD83C\\uDF0A"),
                  S("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a")));
    CHECK(decodes(S("a\\u0000b"), S("a\0b")));
    CHECK(decodes(S("\\ud800\\udc00\\udbff\\udfff"), S("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
    CHECK(decodes(S("\\ud83c"), S("\xef\xbf\xbd"))); // half a pair, in each place
    CHECK(decodes(S("\\udf0a"), S("\xef\xbf\xbd")));
    CHECK(decodes(S("\\ud83c\\n"), S("\xef\xbf\xbd\n")));
    CHECK(decodes(S("\\ud83c\\ud83c\\udf0a"), S("\xef\xbf\xbd\xf0\x9f\x8c\x8a")));
    CHECK(decodes(S("\\ud83cx"), S("\xef\xbf\xbdx")));
    CHECK(decodes(S("no escape but said so, and long enough"),
                  S("no escape but said so, and long enough")));
}

TEST(an_escape_is_decoded_wherever_it_stands)
{
    for (size_t where = 0; where < 60; where++) {
        char raw[62], want[61];
        memset(raw, 'x', sizeof raw);
        memset(want, 'x', sizeof want);
        raw[where] = '\\';
        raw[where + 1] = 'n';
        want[where] = '\n';
        REQUIRE(decodes(str_of(raw, sizeof raw), str_of(want, sizeof want)));
    }
}

TEST(what_is_not_escaped_is_lent_from_the_body)
{
    struct arena a;
    str raw = S("plain");
    arena_init(&a, 1 << 16);
    str got = json_decode(&a, raw, false);
    CHECK(got.p == raw.p && got.n == raw.n && a.used_bytes == 0);
    arena_done(&a);
}

TEST(flipped_bytes_never_read_too_far)
{
    static const char whole[] =
        "{\"a\":[1,\"\\ud83c\\udf0a \xe2\x82\xac\",{\"b\":-0.5e1}],\"c\":true}";
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof whole - 1];
        int64_t at;
        memcpy(text, whole, sizeof text);
        for (int flips = 0; flips < 2; flips++)
            text[rng_next(&seed) % sizeof text] = (char)rng_next(&seed);
        enum err e = scan(str_of(text, sizeof text), &at);
        REQUIRE(e == OK || (at >= 0 && at <= (int64_t)sizeof text));
    }
}

TEST(a_key_without_its_value_is_no_key)
{
    static const char *const bodies[] = {"{\"a\":", "{\"a\" : \n",
                                         "{\"a key of 12b\":   ", "{ \"a key of 15 b.\":  "};
    for (size_t i = 0; i < countof(bodies); i++) {
        struct json_scan s;
        struct json_value v;
        bool first = true, escaped;
        str key;
        json_begin(&s, str_c(bodies[i]));
        CHECK(json_take(&s, &v) && v.kind == JSON_OBJECT);
        CHECK(!json_next_key(&s, &first, &key, &escaped));
        CHECK(s.err == ERR_BAD_JSON && s.at_byte == (int64_t)strlen(bodies[i]));
    }
}

TEST(the_cursor_is_at_the_value_whatever_blanks_there_are)
{
    static const char *const colons[] = {":", ": ", " :", " : ", ":  ", ":\n", ": \t", "\r:\n "};
    struct buf b;
    buf_init(&b, 1 << 12);
    for (size_t i = 0; i < countof(colons); i++)
        for (size_t k = 0; k < countof(colons); k++)
            for (size_t room = 0; room < 40; room += 39) {
                struct json_scan s;
                struct json_value v;
                bool first = true, escaped;
                str key;
                buf_clear(&b);
                buf_printf(&b, "{\"a\"%s7,\n  \"b\"%s\"\"}%*s", colons[i], colons[k], (int)room,
                           "");
                json_begin(&s, buf_str(&b));
                REQUIRE(json_take(&s, &v) && json_next_key(&s, &first, &key, &escaped));
                CHECK(str_eq(key, S("a")) && *s.at == '7');
                REQUIRE(json_take(&s, &v) && json_next_key(&s, &first, &key, &escaped));
                CHECK(str_eq(key, S("b")) && *s.at == '"');
                REQUIRE(json_take(&s, &v) && !json_next_key(&s, &first, &key, &escaped));
                CHECK(json_at_end(&s));
            }
    buf_done(&b);
}
