// write_test.c: heads as they go out, and which headers never cross.
#include "base/watch_test.h"
#include "http/http.h"
#include "tests/unit.h"

TEST(a_head_is_written_as_http_wants_it)
{
    struct buf b;
    buf_init(&b, 1024);
    http_write_status(&b, 200);
    http_write_header(&b, S("X-Empty"), STR_NONE);
    http_write_header(&b, S("A"), S("b c"));
    http_write_header_i64(&b, S("Content-Length"), 9007199254740993);
    CHECK(str_eq(buf_str(&b), S("HTTP/1.1 200 OK\r\nX-Empty: \r\nA: b c\r\n"
                                "Content-Length: 9007199254740993\r\n")));
    buf_clear(&b);
    http_write_status(&b, 431);
    http_write_status(&b, 299);
    CHECK(str_eq(buf_str(&b), S("HTTP/1.1 431 Request Header Fields Too Large\r\n"
                                "HTTP/1.1 299 Status\r\n")));
    buf_done(&b);
}

TEST(a_full_buffer_takes_no_half_header)
{
    struct buf b;
    buf_init(&b, 10);
    http_write_header(&b, S("A"), S("b"));
    http_write_header(&b, S("Name"), S("value"));
    CHECK(b.over && str_eq(buf_str(&b), S("A: b\r\n")));
    buf_done(&b);
}

static void write_value(str name, str value)
{
    struct buf b;
    buf_init(&b, 1024);
    http_write_header(&b, name, value);
}
static void with_lf(void)
{
    write_value(S("A"), S("b\nSet-Cookie: c"));
}
static void with_cr(void)
{
    write_value(S("A"), S("b\r"));
}
static void with_nul(void)
{
    write_value(S("A"), S("\0"));
}
static void with_a_bad_name(void)
{
    write_value(S("A\r\nB"), S("c"));
}

TEST(a_header_that_would_be_two_is_our_mistake)
{
    CHECK(watch_dies(with_lf, "clean"));
    CHECK(watch_dies(with_cr, "clean"));
    CHECK(watch_dies(with_nul, "clean"));
    CHECK(watch_dies(with_a_bad_name, "clean"));
}

TEST(the_date_is_right_and_follows_the_clock)
{
    struct buf b;
    buf_init(&b, 1024);
    http_write_date(&b, 784111777000000);
    http_write_date(&b, 784111777999999);
    http_write_date(&b, 784111778000000);
    CHECK(str_eq(buf_str(&b), S("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n")));
    buf_done(&b);
}

TEST(a_chunk_head_is_the_size_in_hex)
{
    const struct {
        size_t n;
        str want;
    } rows[] = {{0, S("0\r\n")},
                {1, S("1\r\n")},
                {15, S("f\r\n")},
                {16, S("10\r\n")},
                {0xabcdef, S("abcdef\r\n")},
                {SIZE_MAX, S("ffffffffffffffff\r\n")}};
    for (size_t i = 0; i < countof(rows); i++) {
        char dst[HTTP_CHUNK_HEAD_MAX];
        size_t n = http_chunk_head(dst, rows[i].n);
        CHECK(str_eq(str_of(dst, n), rows[i].want));
    }
}

static struct http_head head_with(struct http_header *rows, size_t count)
{
    return (struct http_head){.headers = rows, .header_count = count, .content_length = -1};
}

TEST(hop_by_hop_headers_and_credentials_do_not_cross)
{
    struct http_head h = head_with(NULL, 0);
    const str both[] = {S("Connection"),
                        S("keep-alive"),
                        S("Proxy-Authorization"),
                        S("proxy-anything"),
                        S("TE"),
                        S("Trailer"),
                        S("Transfer-Encoding"),
                        S("UPGRADE"),
                        S("HTTP2-Settings"),
                        S("Content-Length"),
                        S("X-Weir-Label"),
                        S("x-weir-x"),
                        S("Via")};
    const str request[] = {S("Host"),
                           S("Expect"),
                           S("Authorization"),
                           S("X-Api-Key"),
                           S("api-key"),
                           S("x-goog-api-key"),
                           S("Cookie"),
                           S("X-Forwarded-For"),
                           S("x-forwarded-proto"),
                           S("Forwarded"),
                           S("X-Real-IP"),
                           S("Accept-Encoding"),
                           S("OpenAI-Organization"),
                           S("OpenAI-Project")};
    const str answer[] = {S("Set-Cookie"),
                          S("Server"),
                          S("Alt-Svc"),
                          S("openai-organization"),
                          S("anthropic-organization-id"),
                          S("Strict-Transport-Security"),
                          S("x-ratelimit-remaining-tokens"),
                          S("anthropic-ratelimit-tokens-reset")};
    for (size_t i = 0; i < countof(both); i++)
        CHECK(http_drop_from_request(&h, both[i]) && http_drop_from_answer(&h, both[i]));
    for (size_t i = 0; i < countof(request); i++)
        CHECK(http_drop_from_request(&h, request[i]));
    for (size_t i = 0; i < countof(answer); i++)
        CHECK(http_drop_from_answer(&h, answer[i]));
}

TEST(other_headers_cross)
{
    struct http_head h = head_with(NULL, 0);
    const str request[] = {
        S("User-Agent"),        S("x-stainless-lang"), S("traceparent"),         S("X"),
        S("anthropic-version"), S("OpenAI-Beta"),      S("x-client-request-id"), S("X-Weir"),
        S("x-forwarded")};
    const str answer[] = {
        S("Content-Type"),         S("Date"),          S("x-request-id"),    S("Retry-After"),
        S("openai-processing-ms"), S("Cache-Control"), S("Content-Encoding")};
    for (size_t i = 0; i < countof(request); i++)
        CHECK(!http_drop_from_request(&h, request[i]));
    for (size_t i = 0; i < countof(answer); i++)
        CHECK(!http_drop_from_answer(&h, answer[i]));
}

TEST(headers_named_by_connection_do_not_cross)
{
    struct http_header rows[] = {{S("connection"), S("keep-alive, X-Secret ,,x-other")},
                                 {S("X-Secret"), S("1")},
                                 {S("Connection"), S("x-third")}};
    struct http_head h = head_with(rows, countof(rows));
    CHECK(http_drop_from_request(&h, S("x-secret")) && http_drop_from_answer(&h, S("X-SECRET")));
    CHECK(http_drop_from_request(&h, S("x-other")) && http_drop_from_request(&h, S("X-Third")));
    CHECK(!http_drop_from_request(&h, S("x-secre")) && !http_drop_from_request(&h, S("x-fourth")));
}
