// request_test.c: requests as transcripts, whole, byte by byte, at each cut and at random cuts; a
// table of requests that two readers could read in two ways, each with the error that it gets.
#include "http/transcript_test.h"
#include "tests/unit.h"

static struct http_settings defaults(void)
{
    struct http_settings s;
    conf_defaults(&s, &http_setting_table);
    return s;
}

static bool reads_as_with(const struct http_settings *s, str bytes, str want)
{
    return says(&(struct teller){say_requests, s, false}, bytes, want);
}

static bool reads_as(str bytes, str want)
{
    struct http_settings s = defaults();
    return reads_as_with(&s, bytes, want);
}

TEST(a_request_with_a_length_is_read)
{
    CHECK(reads_as(
        S("POST /v1/chat/completions?a=b HTTP/1.1\r\n"
          "Host: 127.0.0.1:4100\r\nX-Empty:\r\nX-Tail: v \t \r\nContent-Length: 5\r\n\r\nhello"),
        S("HEAD POST path=/v1/chat/completions query=a=b status=0 minor=1 length=5 keep\n"
          "  [Host]=[127.0.0.1:4100]\n  [X-Empty]=[]\n  [X-Tail]=[v]\n"
          "  [Content-Length]=[5]\nBODY 5 hello\n")));
}

TEST(a_request_without_a_body_is_done_after_its_head)
{
    CHECK(reads_as(S("\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: foo, Close\r\n\r\n"),
                   S("HEAD GET path=/ query= status=0 minor=1 length=-1\n"
                     "  [host]=[a]\n  [connection]=[foo, Close]\nBODY 0 \n")));
}

TEST(pipelined_requests_come_one_by_one)
{
    CHECK(reads_as(S("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                     "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
                     "3\r\nabc\r\nA;x=y;z=\"q\"\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
                     "GET /c HTTP/1.0\r\n\r\n"),
                   S("HEAD POST path=/a query= status=0 minor=1 length=0 keep\n"
                     "  [Host]=[a]\n  [Content-Length]=[0]\nBODY 0 \n"
                     "HEAD POST path=/b query= status=0 minor=1 length=-1 chunked keep\n"
                     "  [Host]=[a]\n  [Transfer-Encoding]=[CHUNKED]\nBODY 13 abc0123456789\n"
                     "HEAD GET path=/c query= status=0 minor=0 length=-1\nBODY 0 \n")));
}

TEST(an_expectation_counts_only_where_a_body_will_come)
{
    CHECK(reads_as(
        S("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
        S("HEAD POST path=/ query= status=0 minor=1 length=1 keep expect\n"
          "  [Host]=[a]\n  [Expect]=[100-Continue]\n  [Content-Length]=[1]\nBODY 1 x\n")));
    CHECK(reads_as(S("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"),
                   S("HEAD GET path=/ query= status=0 minor=1 length=-1 keep\n"
                     "  [Host]=[a]\n  [Expect]=[100-continue]\nBODY 0 \n")));
    CHECK(reads_as(S("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
                   S("HEAD POST path=/ query= status=0 minor=0 length=1\n"
                     "  [Expect]=[100-continue]\n  [Content-Length]=[1]\nBODY 1 x\n")));
}

TEST(an_absolute_target_is_taken_where_it_agrees_with_host)
{
    CHECK(reads_as(
        S("GET http://API.example:80/v1/models?x HTTP/1.1\r\nHost: api.example:80\r\n\r\n"),
        S("HEAD GET path=/v1/models query=x status=0 minor=1 length=-1 keep\n"
          "  [Host]=[api.example:80]\nBODY 0 \n")));
    CHECK(reads_as(S("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
                   S("HEAD GET path=/ query= status=0 minor=1 length=-1 keep\n"
                     "  [Host]=[a]\nBODY 0 \n")));
}

TEST(an_upgrade_is_seen_and_not_followed)
{
    CHECK(reads_as(S("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
                     "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"),
                   S("HEAD GET path=/ query= status=0 minor=1 length=-1 keep upgrade\n"
                     "  [Host]=[a]\n  [Connection]=[Upgrade]\n  [Upgrade]=[h2c]\nBODY 0 \n"
                     "HEAD GET path=/2 query= status=0 minor=1 length=-1 keep\n"
                     "  [Host]=[a]\nBODY 0 \n")));
}

// --- what is refused -----------------------------------------------------------------------------

#define LINE       "POST /p HTTP/1.1\r\n"
#define HOST       "Host: a\r\n"
#define CHUNKED    LINE HOST "Transfer-Encoding: chunked\r\n\r\n"
#define TO(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"
static const struct {
    const char *what;
    str bytes;
    enum err err;
} refused[] = {
    {"length and chunked",
     S(LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ERR_BAD_HTTP},
    {"chunked and length",
     S(LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), ERR_BAD_HTTP},
    {"two lengths", S(LINE HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
     ERR_BAD_HTTP},
    {"two equal lengths", S(LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
     ERR_BAD_HTTP},
    {"a list of lengths", S(LINE HOST "Content-Length: 5, 5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"an empty length", S(LINE HOST "Content-Length:\r\n\r\n"), ERR_BAD_HTTP},
    {"a length of spaces", S(LINE HOST "Content-Length:  \r\n\r\n"), ERR_BAD_HTTP},
    {"a plus sign", S(LINE HOST "Content-Length: +5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a minus sign", S(LINE HOST "Content-Length: -5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a length in hex", S(LINE HOST "Content-Length: 0x5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a space inside a length", S(LINE HOST "Content-Length: 1 1\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a length over 64 bits", S(LINE HOST "Content-Length: 18446744073709551617\r\n\r\n"),
     ERR_BAD_HTTP},
    {"a length over 63 bits", S(LINE HOST "Content-Length: 9223372036854775808\r\n\r\n"),
     ERR_BAD_HTTP},
    {"the largest length of 64 bits", S(LINE HOST "Content-Length: 18446744073709551615\r\n\r\n"),
     ERR_BAD_HTTP},
    {"another coding", S(LINE HOST "Transfer-Encoding: gzip\r\n\r\n"), ERR_BAD_HTTP},
    {"a coding before chunked", S(LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"a coding after chunked", S(LINE HOST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"chunked twice", S(LINE HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"two encodings",
     S(LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"identity and chunked",
     S(LINE HOST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"an empty encoding", S(LINE HOST "Transfer-Encoding:\r\n\r\n"), ERR_BAD_HTTP},
    {"a parameter of chunked", S(LINE HOST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"a comma behind chunked", S(LINE HOST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"quotes around chunked", S(LINE HOST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"xchunked", S(LINE HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), ERR_BAD_HTTP},
    {"a vertical tab before chunked",
     S(LINE HOST "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"a non-breaking space", S(LINE HOST "Transfer-Encoding: chunked\xa0\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"chunked in HTTP/1.0",
     S("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ERR_BAD_HTTP},
    {"a folded value", S(LINE HOST "X: a\r\n b\r\n\r\n"), ERR_BAD_HTTP},
    {"a folded value by tab", S(LINE HOST "X: a\r\n\tb\r\n\r\n"), ERR_BAD_HTTP},
    {"a folded encoding", S(LINE HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
     ERR_BAD_HTTP},
    {"a space before the first header", S(LINE " " HOST "\r\n"), ERR_BAD_HTTP},
    {"a space before the colon", S(LINE "Host : a\r\n\r\n"), ERR_BAD_HTTP},
    {"a tab before the colon", S(LINE HOST "Content-Length\t: 5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a header without a colon", S(LINE HOST "X\r\n\r\n"), ERR_BAD_HTTP},
    {"a header without a name", S(LINE HOST ": x\r\n\r\n"), ERR_BAD_HTTP},
    {"a space in a name", S(LINE HOST "Content Length: 5\r\n\r\nhello"), ERR_BAD_HTTP},
    {"a NUL in a name", S(LINE HOST "X\0Y: a\r\n\r\n"), ERR_BAD_HTTP},
    {"a letter of eight bits in a name", S(LINE HOST "X\xc3\xa9: a\r\n\r\n"), ERR_BAD_HTTP},
    {"a NUL in a value", S(LINE HOST "X: a\0b\r\n\r\n"), ERR_BAD_HTTP},
    {"a CR in a value", S(LINE HOST "X: a\rb\r\n\r\n"), ERR_BAD_HTTP},
    {"CR CR LF", S(LINE HOST "X: a\r\r\n\r\n"), ERR_BAD_HTTP},
    {"a head of bare LF", S("GET / HTTP/1.1\nHost: a\n\n"), ERR_BAD_HTTP},
    {"a bare LF behind a header", S(LINE HOST "X: a\nContent-Length: 5\r\n\r\nhello"),
     ERR_BAD_HTTP},
    {"a bare LF as the blank line", S(LINE HOST "\nGET / HTTP/1.1\r\n\r\n"), ERR_BAD_HTTP},
    {"a bare LF behind the request line", S("GET / HTTP/1.1\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a bare CR behind the request line", S("GET / HTTP/1.1\r" HOST "\r\n"), ERR_BAD_HTTP},
    {"no host", S(LINE "Content-Length: 0\r\n\r\n"), ERR_BAD_HTTP},
    {"two hosts", S(LINE HOST "Host: b\r\n\r\n"), ERR_BAD_HTTP},
    {"the same host twice", S(LINE HOST HOST "\r\n"), ERR_BAD_HTTP},
    {"two hosts in HTTP/1.0", S("GET / HTTP/1.0\r\n" HOST "Host: b\r\n\r\n"), ERR_BAD_HTTP},
    {"a space in host", S(LINE "Host: a b\r\n\r\n"), ERR_BAD_HTTP},
    {"a user in host", S(LINE "Host: user@a\r\n\r\n"), ERR_BAD_HTTP},
    {"a path in host", S(LINE "Host: a/b\r\n\r\n"), ERR_BAD_HTTP},
    {"a list of hosts", S(LINE "Host: a, b\r\n\r\n"), ERR_BAD_HTTP},
    {"an absolute target of another host", S("GET http://b/ HTTP/1.1\r\n" HOST "\r\n"),
     ERR_BAD_HTTP},
    {"an absolute target of another port", S("GET http://a:81/ HTTP/1.1\r\n" HOST "\r\n"),
     ERR_BAD_HTTP},
    {"an absolute target with a user", S("GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"an absolute target and an empty host", S("GET http:///x HTTP/1.1\r\nHost:\r\n\r\n"),
     ERR_BAD_HTTP},
    {"an absolute target of another scheme", S("GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"),
     ERR_BAD_HTTP},
    {"an authority", S("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"an asterisk", S("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a relative target", S(TO("v1/models")), ERR_BAD_HTTP},
    {"two spaces before the target", S("GET  / HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"two spaces behind the target", S("GET /  HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a tab before the target", S("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a space in the target", S(TO("/a b")), ERR_BAD_HTTP},
    {"no target", S("GET HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a NUL in the target", S(TO("/a\0b")), ERR_BAD_HTTP},
    {"a control byte in the target",
     S(TO("/a\x1f"
          "b")),
     ERR_BAD_HTTP},
    {"a letter of eight bits in the target", S(TO("/\xc3\xa9")), ERR_BAD_HTTP},
    {"a fragment", S(TO("/a#b")), ERR_BAD_HTTP},
    {"a fragment behind a query", S(TO("/a?b#c")), ERR_BAD_HTTP},
    {"a backslash", S(TO("/a\\b")), ERR_BAD_HTTP},
    {"dots", S(TO("/v1/../metrics")), ERR_BAD_HTTP},
    {"dots at the end", S(TO("/v1/..")), ERR_BAD_HTTP},
    {"one dot", S(TO("/./metrics")), ERR_BAD_HTTP},
    {"escaped dots", S(TO("/v1/%2e%2E/metrics")), ERR_BAD_HTTP},
    {"an escaped slash", S(TO("/v1/models/a%2fb")), ERR_BAD_HTTP},
    {"an escaped slash in capitals", S(TO("/v1/models/a%2Fb")), ERR_BAD_HTTP},
    {"an escaped backslash", S(TO("/a%5Cb")), ERR_BAD_HTTP},
    {"an escaped NUL", S(TO("/a%00")), ERR_BAD_HTTP},
    {"an escape cut short", S(TO("/a%2")), ERR_BAD_HTTP},
    {"an escape that is none", S(TO("/a%zz")), ERR_BAD_HTTP},
    {"HTTP/0.9", S("GET /\r\n\r\n"), ERR_BAD_VERSION},
    {"HTTP/2.0", S("GET / HTTP/2.0\r\n" HOST "\r\n"), ERR_BAD_VERSION},
    {"HTTP/1.2", S("GET / HTTP/1.2\r\n" HOST "\r\n"), ERR_BAD_VERSION},
    {"HTTP/3.0", S("GET / HTTP/3.0\r\n" HOST "\r\n"), ERR_BAD_VERSION},
    {"two digits in the version", S("GET / HTTP/1.10\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a space behind the version", S("GET / HTTP/1.1 \r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"small letters in the version", S("GET / http/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"the preface of HTTP/2", S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ERR_BAD_VERSION},
    {"another protocol", S("GET / ICE/1.0\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a method in small letters", S("get / HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a method of no letters", S("P@ST / HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"an unknown method", S("BREW / HTTP/1.1\r\n" HOST "\r\n"), ERR_BAD_HTTP},
    {"a TLS hello", S("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), ERR_BAD_HTTP},
    {"another expectation", S(LINE HOST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx"),
     ERR_BAD_EXPECT},
    {"two expectations",
     S(LINE HOST "Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx"),
     ERR_BAD_EXPECT},
    {"a chunk size of no digits", S(CHUNKED "\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size of other letters", S(CHUNKED "g\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size with a sign", S(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size with a plus", S(CHUNKED "+5\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size with a prefix", S(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a space before a chunk size", S(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a space behind a chunk size", S(CHUNKED "5 \r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size over 64 bits", S(CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n"),
     ERR_BAD_CHUNK},
    {"a chunk size with many zeros over 64 bits", S(CHUNKED "fffffffffffffffff\r\n"),
     ERR_BAD_CHUNK},
    {"a chunk longer than its size", S(CHUNKED "3\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk shorter than its size", S(CHUNKED "8\r\nhello\r\n0\r\n\r\nGET"), ERR_BAD_CHUNK},
    {"a chunk size ended by LF", S(CHUNKED "5\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk size ended by CR", S(CHUNKED "5\rhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk ended by LF", S(CHUNKED "5\r\nhello\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a chunk without an end", S(CHUNKED "5\r\nhello0\r\n\r\n"), ERR_BAD_CHUNK},
    {"the last chunk ended by LF", S(CHUNKED "0\n\n"), ERR_BAD_CHUNK},
    {"an extension ended by LF", S(CHUNKED "5;a=b\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"an extension with a CR", S(CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a NUL in an extension", S(CHUNKED "5;a\0b\r\nhello\r\n0\r\n\r\n"), ERR_BAD_CHUNK},
    {"a trailer with a NUL", S(CHUNKED "0\r\nX: a\0b\r\n\r\n"), ERR_BAD_CHUNK},
    {"a folded trailer", S(CHUNKED "0\r\nX: a\r\n b\r\n\r\n"), ERR_BAD_CHUNK},
};

// What the requests say when they come whole: into `want`, which then is asked of every cut.
static str say_whole(const struct http_settings *s, str bytes, struct buf *want)
{
    buf_clear(want);
    say_requests(s, bytes, (struct cut){CUT_NOT, 0}, want);
    return buf_str(want);
}

TEST(what_two_readers_could_read_in_two_ways_is_refused)
{
    struct http_settings s = defaults();
    const struct teller teller = {say_requests, &s, true};
    struct buf all;
    char name[64];
    buf_init(&all, TRANSCRIPT_MAX);
    for (size_t i = 0; i < countof(refused); i++) {
        snprintf(name, sizeof name, "BROKEN %s ", err_name(refused[i].err));
        str want = say_whole(&s, refused[i].bytes, &all);
        size_t at = str_find(want, str_c(name));
        bool placed = at != SIZE_MAX && want.p[want.n - 2] != ' '; // a field or a byte is named
        if (!CHECK(placed && says(&teller, refused[i].bytes, str_from(want, at))))
            printf("^ %s: %.*s\n", refused[i].what, STR_ARGS(want));
    }
    buf_done(&all);
}

TEST(a_refusal_names_the_header_or_the_byte_whatever_the_cuts)
{
    static const struct {
        str bytes, last;
    } cases[] = {
        {S(LINE HOST "Content-Length: +5\r\n\r\n"), S("BROKEN BAD_HTTP @43\n")},
        {S(LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), S("BROKEN BAD_HTTP @62\n")},
        {S("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
         S("BROKEN BAD_HTTP transfer-encoding\n")},
        {S(LINE HOST HOST "\r\n"), S("BROKEN BAD_HTTP host\n")},
        {S(LINE "\r\n"), S("BROKEN BAD_HTTP host\n")},
        {S(LINE HOST "Expect: tea\r\n\r\n"), S("BROKEN BAD_EXPECT expect\n")},
        {S(TO("/a%00")), S("BROKEN BAD_HTTP @4\n")},
        {S("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"), S("BROKEN BAD_HTTP @6\n")},
        {S("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), S("BROKEN BAD_HTTP @29\n")},
        {S("GET / HTTP/1.1\r\n" HOST "X\0: b\r\n\r\n"), S("BROKEN BAD_HTTP @26\n")},
    };
    struct http_settings s = defaults();
    const struct teller teller = {say_requests, &s, true};
    for (size_t i = 0; i < countof(cases); i++)
        CHECK(says(&teller, cases[i].bytes, cases[i].last));
    CHECK(says(&teller, S(CHUNKED "5\r\nhello\r\nzz\r\n"), S("BROKEN BAD_CHUNK @67\n")));
}

TEST(no_control_byte_passes_in_a_value)
{
    struct http_settings s = defaults();
    struct buf got;
    buf_init(&got, TRANSCRIPT_MAX);
    for (int c = 0; c < 256; c++) {
        char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a-b\r\n\r\n";
        *strchr(bytes, '-') = (char)c;
        buf_clear(&got);
        say_requests(&s, str_of(bytes, sizeof bytes - 1), (struct cut){CUT_NOT, 0}, &got);
        bool taken = str_find(buf_str(&got), S("BODY 0")) != SIZE_MAX;
        CHECK(taken == ((c >= 0x20 && c != 0x7f) || c == '\t'));
    }
    buf_done(&got);
}

// --- limits --------------------------------------------------------------------------------------

TEST(a_head_of_exactly_the_limit_is_taken_and_one_byte_more_is_not)
{
    struct http_settings s = defaults();
    struct buf b;
    s.head_limit = 1024;
    for (int more = 0; more < 2; more++) {
        buf_init(&b, 4096);
        buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\nX: "));
        while (b.n + 4 < (size_t)(1024 + more))
            buf_putc(&b, 'x');
        buf_put(&b, S("\r\n\r\n"));
        struct buf got;
        buf_init(&got, TRANSCRIPT_MAX);
        say_requests(&s, buf_str(&b), (struct cut){CUT_NOT, 0}, &got);
        CHECK(str_ends(buf_str(&got), more ? S("BROKEN HEAD_TOO_BIG @1024\n") : S("BODY 0 \n")));
        CHECK(reads_as_with(&s, buf_str(&b), buf_str(&got)));
        buf_done(&got);
        buf_done(&b);
    }
}

TEST(a_flood_of_headers_is_refused_at_the_first_too_many)
{
    struct http_settings s = defaults();
    struct buf b;
    s.headers_limit = 30;
    for (int count = 30; count < 32; count++) {
        buf_init(&b, 4096);
        buf_put(&b, S("GET / HTTP/1.1\r\nHost: a\r\n"));
        for (int i = 1; i < count; i++)
            buf_printf(&b, "h%d:\r\n", i);
        buf_put(&b, S("\r\n"));
        struct buf got;
        buf_init(&got, TRANSCRIPT_MAX);
        say_requests(&s, buf_str(&b), (struct cut){CUT_NOT, 0}, &got);
        CHECK(
            str_ends(buf_str(&got), count > 30 ? S("BROKEN HEAD_TOO_BIG @190\n") : S("BODY 0 \n")));
        CHECK(reads_as_with(&s, buf_str(&b), buf_str(&got)));
        buf_done(&got);
        buf_done(&b);
    }
}

TEST(a_body_over_the_limit_is_refused_before_it_is_read)
{
    struct http_settings s = defaults();
    s.body_limit = 10;
    str lying = S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nx");
    str chunks = S(CHUNKED "8\r\n12345678\r\n3\r\n123\r\n0\r\n\r\n");
    str fits = S(CHUNKED "8\r\n12345678\r\n2\r\n12\r\n0\r\n\r\n");
    str chunked_head = S("HEAD POST path=/p query= status=0 minor=1 length=-1 chunked keep\n"
                         "  [Host]=[a]\n  [Transfer-Encoding]=[chunked]\n");
    char want[512];
    CHECK(reads_as_with(
        &s, lying,
        S("HEAD POST path=/ query= status=0 minor=1 length=11 keep\n"
          "  [Host]=[a]\n  [Content-Length]=[11]\nBROKEN BODY_TOO_BIG content-length\n")));
    snprintf(want, sizeof want, "%.*sBROKEN BODY_TOO_BIG @10\n", STR_ARGS(chunked_head));
    CHECK(reads_as_with(&s, chunks, str_c(want)));
    snprintf(want, sizeof want, "%.*sBODY 10 1234567812\n", STR_ARGS(chunked_head));
    CHECK(reads_as_with(&s, fits, str_c(want)));
}

static enum err end_of(str head, str piece, size_t times)
{
    struct http_settings s = defaults();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    size_t used;
    arena_init(&a, 64 << 20);
    http_reader_start(r, &a);
    must(http_feed(r, head, &used) == HTTP_HAVE_HEAD);
    enum http_progress p = http_feed(r, str_from(head, used), &used);
    for (size_t i = 0; i < times && p == HTTP_MORE; i++)
        p = http_feed(r, piece, &used);
    enum err e = http_reader_fault(r)->err;
    http_reader_free(r);
    arena_done(&a);
    return e;
}

TEST(extensions_and_trailers_have_their_limits)
{
    CHECK(end_of(S(CHUNKED), S("1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n"), 400) == OK);
    CHECK(end_of(S(CHUNKED), S("1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n"), 1000) == ERR_BAD_CHUNK);
    CHECK(end_of(S(CHUNKED "1;"), S("abcdefgh"), 31) == OK);
    CHECK(end_of(S(CHUNKED "1;"), S("abcdefgh"), 33) == ERR_BAD_CHUNK);
    CHECK(end_of(S(CHUNKED "0\r\n"), S("Trailer: 12345678\r\n"), 500) == OK);
    CHECK(end_of(S(CHUNKED "0\r\n"), S("Trailer: 12345678\r\n"), 600) == ERR_BAD_CHUNK);
}

// --- memory --------------------------------------------------------------------------------------

TEST(a_lying_length_reserves_little)
{
    struct http_settings s = defaults();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    size_t used;
    s.body_limit = 1 << 30;
    arena_init(&a, (size_t)2 << 30);
    http_reader_start(r, &a);
    str head = S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    CHECK(http_feed(r, head, &used) == HTTP_HAVE_HEAD && used == head.n);
    CHECK(http_feed(r, S("x"), &used) == HTTP_MORE);
    CHECK(a.used_bytes < 1100000);
    http_reader_free(r);
    arena_done(&a);
}

TEST(a_body_whose_length_is_known_is_stored_once_and_exactly)
{
    struct http_settings s = defaults();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    char *body = mem_new(60000);
    size_t used, all = 0;
    const struct http_head *h;
    str got, head = S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    for (size_t i = 0; i < 60000; i++)
        body[i] = (char)('a' + i % 26);
    arena_init(&a, 1 << 20);
    http_reader_start(r, &a);
    CHECK(http_feed(r, head, &used) == HTTP_HAVE_HEAD);
    size_t before = a.used_bytes;
    while (all < 60000 && http_feed(r, str_of(body + all, 1000), &used) != HTTP_BROKEN)
        all += used;
    CHECK(http_take(r, &h, &got) == OK && str_eq(got, str_of(body, 60000)));
    CHECK(a.used_bytes - before == 60000);
    http_reader_free(r);
    arena_done(&a);
    mem_free(body);
}

TEST(a_call_out_of_memory_is_refused)
{
    struct http_settings s = defaults();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    char piece[1000] = {0};
    size_t used;
    arena_init(&a, 4096);
    http_reader_start(r, &a);
    CHECK(http_feed(r, S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"), &used) ==
          HTTP_HAVE_HEAD);
    CHECK(http_feed(r, str_of(piece, sizeof piece), &used) == HTTP_BROKEN);
    CHECK(http_reader_fault(r)->err == ERR_OVER_LIMIT);
    http_reader_free(r);
    arena_done(&a);
}

TEST(a_reader_serves_again_and_forgets_what_broke)
{
    struct http_settings s = defaults();
    struct http_reader *r = http_reader_new(&s);
    struct arena a;
    size_t used;
    arena_init(&a, 1 << 20);
    http_reader_start(r, &a);
    CHECK(http_feed(r, S("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), &used) == HTTP_BROKEN);
    CHECK(!http_reader_head(r));
    CHECK(http_feed(r, S("x"), &used) == HTTP_BROKEN && used == 0);
    http_reader_start(r, &a);
    CHECK(http_feed(r, S("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &used) == HTTP_HAVE_HEAD);
    CHECK(http_feed(r, STR_NONE, &used) == HTTP_DONE && used == 0);
    CHECK(str_eq(http_get(http_reader_head(r), S("HOST")), S("a")));
    CHECK(str_empty(http_get(http_reader_head(r), S("none"))));
    http_reader_free(r);
    arena_done(&a);
}
