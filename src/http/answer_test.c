// answer_test.c: answers of targets as transcripts, however they are cut; what is refused; who may
// leave when.
#include "http/transcript_test.h"
#include "tests/unit.h"

static bool reads_as(str bytes, str want)
{
    return says(&(struct teller){say_answer, NULL, false}, bytes, want);
}

#define HEAD_OF(status, minor, rest)                                                               \
    "HEAD  path= query= status=" status " minor=" minor " " rest "\n"

TEST(an_answer_with_a_length_is_whole_at_its_last_byte)
{
    CHECK(
        reads_as(S("HTTP/1.1 200 OK\r\nA:  b \r\nContent-Length: 5\r\n\r\nhello"),
                 S(HEAD_OF("200", "1", "length=5 keep") "  [A]=[b]\n  [Content-Length]=[5]\n"
                                                        "DONE reusable\nBODY 5 hello\nEND OK\n")));
    CHECK(reads_as(S("HTTP/1.1 503 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                   S(HEAD_OF("503", "1", "length=0") "  [Content-Length]=[0]\n"
                                                     "  [Connection]=[close]\n"
                                                     "DONE not reusable\nBODY 0 \nEND OK\n")));
}

TEST(chunks_are_taken_apart_and_trailers_dropped)
{
    CHECK(
        reads_as(S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nContent-MD5: x\r\n\r\n"),
                 S(HEAD_OF("200", "1", "length=-1 chunked keep") "  [Transfer-Encoding]=[chunked]\n"
                                                                 "DONE reusable\nBODY 6 hello!\n"
                                                                 "END OK\n")));
}

TEST(a_body_may_last_until_the_connection_ends)
{
    CHECK(reads_as(S("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
                   S(HEAD_OF("200", "1", "length=-1") "DONE not reusable\nBODY 13 until the end\n"
                                                      "END OK\n")));
    CHECK(reads_as(S("HTTP/1.0 200 OK\r\n\r\n"),
                   S(HEAD_OF("200", "0", "length=-1") "DONE not reusable\nBODY 0 \nEND OK\n")));
}

TEST(interim_answers_are_swallowed)
{
    CHECK(reads_as(S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
                     "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
                   S(HEAD_OF("204", "1", "length=-1 keep") "  [X]=[y]\nDONE reusable\nBODY 0 \n"
                                                           "END OK\n")));
}

TEST(answers_without_a_body_end_with_their_head)
{
    CHECK(reads_as(S("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
                   S(HEAD_OF("304", "1", "length=5 keep") "  [Content-Length]=[5]\nDONE reusable\n"
                                                          "BODY 0 \nEND OK\n")));
}

// --- what is refused -----------------------------------------------------------------------------

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_LINE "Transfer-Encoding: chunked\r\n\r\n"
static const struct {
    const char *what;
    str bytes;
} refused[] = {
    {"nothing", S("")},
    {"half a head", S("HTTP/1.1 200 OK\r\nA: b")},
    {"no HTTP", S("SSH-2.0-OpenSSH_9\r\n")},
    {"a request", S("GET / HTTP/1.1\r\n\r\n")},
    {"an event stream without a head", S("data: x\n\n")},
    {"HTTP/0.9", S("HTTP/0.9 200 OK\r\n\r\n")},
    {"HTTP/2.0", S("HTTP/2.0 200 OK\r\n\r\n")},
    {"a status of two digits", S("HTTP/1.1 20 OK\r\n\r\n")},
    {"a status of four digits", S("HTTP/1.1 2000 OK\r\n\r\n")},
    {"a status of letters", S("HTTP/1.1 2xx OK\r\n\r\n")},
    {"a status below 100", S("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n")},
    {"status 0", S("HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n")},
    {"a status above 599", S("HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n")},
    {"an upgrade that nobody asked for", S("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n")},
    {"only interim answers", S("HTTP/1.1 100 Continue\r\n\r\n")},
    {"an interim answer with a length",
     S("HTTP/1.1 102 X\r\nContent-Length: 1\r\n\r\nx" OK_LINE "\r\n")},
    {"an interim answer with chunks",
     S("HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"two lengths", S(OK_LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx")},
    {"a length and chunks",
     S(OK_LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"chunks and a length",
     S(OK_LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")},
    {"another coding", S(OK_LINE "Transfer-Encoding: gzip\r\n\r\nx")},
    {"two codings", S(OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
    {"chunked twice",
     S(OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"chunks in HTTP/1.0", S("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
    {"a length with a sign", S(OK_LINE "Content-Length: -1\r\n\r\nx")},
    {"a length over 64 bits", S(OK_LINE "Content-Length: 18446744073709551617\r\n\r\nx")},
    {"a length of all ones", S(OK_LINE "Content-Length: 18446744073709551615\r\n\r\nx")},
    {"a folded header", S(OK_LINE "A: b\r\n c\r\n\r\n")},
    {"a space before the colon", S(OK_LINE "A : b\r\n\r\n")},
    {"a NUL in a value", S(OK_LINE "A: b\0c\r\n\r\n")},
    {"line ends of LF", S("HTTP/1.1 200 OK\nContent-Length: 1\n\nx")},
    {"a body that is cut", S(OK_LINE "Content-Length: 5\r\n\r\nhell")},
    {"chunks that are cut", S(CHUNKED "5\r\nhello\r\n")},
    {"a chunk that is cut", S(CHUNKED "5\r\nhel")},
    {"a last chunk that is cut", S(CHUNKED "5\r\nhello\r\n0\r\n")},
    {"a chunk size of letters", S(CHUNKED "xyz\r\nhello\r\n0\r\n\r\n")},
    {"a chunk size over 64 bits", S(CHUNKED "fffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
    {"a chunk longer than its size", S(CHUNKED "3\r\nhello\r\n0\r\n\r\n")},
    {"a chunk ended by LF", S(CHUNKED "5\r\nhello\n0\r\n\r\n")},
};

TEST(what_is_no_whole_answer_is_broken)
{
    const struct teller teller = {say_answer, NULL, true};
    for (size_t i = 0; i < countof(refused); i++)
        if (!CHECK(says(&teller, refused[i].bytes, S("END UPSTREAM_BROKEN\n"))))
            printf("^ %s\n", refused[i].what);
}

TEST(leftovers_make_the_connection_useless_wherever_they_are_cut)
{
    const str answers[] = {S(OK_LINE "Content-Length: 5\r\n\r\nhello"), S(CHUNKED "0\r\n\r\n"),
                           S("HTTP/1.1 204 x\r\n\r\n")};
    struct buf bytes, got;
    buf_init(&bytes, 4096);
    buf_init(&got, TRANSCRIPT_MAX);
    for (size_t i = 0; i < countof(answers); i++) {
        buf_clear(&bytes);
        buf_put(&bytes, answers[i]);
        buf_put(&bytes, S("HTTP/1.1 200 OK\r\n"));
        for (size_t at = 1; at < bytes.n; at++) {
            buf_clear(&got);
            say_answer(NULL, buf_str(&bytes), (struct cut){CUT_ONCE, at}, &got);
            bool told = str_find(buf_str(&got), S("DONE not reusable\n")) != SIZE_MAX;
            bool broken = str_ends(buf_str(&got), S("END UPSTREAM_BROKEN\n"));
            CHECK(at < answers[i].n    ? told && !broken
                  : at == answers[i].n ? !told && broken
                                       : told);
        }
    }
    buf_done(&bytes);
    buf_done(&got);
}

TEST(a_flood_of_interim_answers_is_broken)
{
    struct buf bytes, got;
    buf_init(&bytes, 4096);
    buf_init(&got, TRANSCRIPT_MAX);
    for (int i = 0; i < 17; i++)
        buf_put(&bytes, S("HTTP/1.1 102 Processing\r\n\r\n"));
    buf_put(&bytes, S("HTTP/1.1 204 No Content\r\n\r\n"));
    say_answer(NULL, buf_str(&bytes), (struct cut){CUT_NOT, 0}, &got);
    CHECK(str_ends(buf_str(&got), S("END UPSTREAM_BROKEN\n")));
    buf_clear(&got);
    say_answer(NULL, str_from(buf_str(&bytes), 27), (struct cut){CUT_NOT, 0}, &got);
    CHECK(str_ends(buf_str(&got), S("END OK\n")));
    buf_done(&bytes);
    buf_done(&got);
}

TEST(a_head_over_the_limit_is_broken)
{
    struct buf bytes, got;
    buf_init(&bytes, 4096);
    buf_init(&got, TRANSCRIPT_MAX);
    buf_put(&bytes, S(OK_LINE "A: "));
    for (int i = 0; i < 1100; i++)
        buf_putc(&bytes, 'a');
    buf_put(&bytes, S("\r\n\r\n"));
    for (int kind = CUT_NOT; kind <= CUT_BYTES; kind++) {
        buf_clear(&got);
        say_answer(NULL, buf_str(&bytes), (struct cut){(enum cut_kind)kind, 0}, &got);
        CHECK(str_eq(buf_str(&got), S("BODY 0 \nEND UPSTREAM_BROKEN\n")));
    }
    buf_done(&bytes);
    buf_done(&got);
}

// --- who may leave when --------------------------------------------------------------------------

struct leaver {
    struct http_answer_reader *reader;
    int heads, bodies, dones, leave_at; // 1 head, 2 body, 3 done
};

static void leave(struct leaver *l, int at)
{
    if (l->leave_at == at)
        http_answer_reader_free(l->reader);
}

static void leaver_head(void *arg, const struct http_head *h)
{
    struct leaver *l = arg;
    l->heads++;
    CHECK(h->status == 200);
    leave(l, 1);
}

static void leaver_body(void *arg, str bytes)
{
    struct leaver *l = arg;
    l->bodies++;
    CHECK(bytes.n > 0);
    leave(l, 2);
}

static void leaver_done(void *arg, bool reusable)
{
    struct leaver *l = arg;
    l->dones++;
    CHECK(reusable);
    leave(l, 3);
}

TEST(the_owner_may_free_the_reader_in_any_callback)
{
    static const struct http_answer_events events = {leaver_head, leaver_body, leaver_done};
    str answer = S(CHUNKED "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    for (int at = 1; at <= 3; at++) {
        struct leaver l = {.reader = http_answer_reader_new(4096), .leave_at = at};
        http_answer_reader_start(l.reader, &events, &l);
        CHECK(http_answer_feed(l.reader, answer) == OK);
        CHECK(l.heads == 1 && l.bodies == (at == 1 ? 0 : at == 2 ? 1 : 2) && l.dones == (at == 3));
    }
}

TEST(a_reader_serves_again)
{
    static const struct http_answer_events events = {leaver_head, leaver_body, leaver_done};
    struct leaver l = {.reader = http_answer_reader_new(4096)};
    for (int i = 1; i <= 3; i++) {
        http_answer_reader_start(l.reader, &events, &l);
        CHECK(http_answer_feed(l.reader, S(OK_LINE "Content-Length: 1\r\n\r\nx")) == OK);
        CHECK(l.dones == i && l.bodies == i);
        CHECK(http_answer_feed(l.reader, S("y")) == ERR_UPSTREAM_BROKEN && l.bodies == i);
        CHECK(http_answer_eof(l.reader) == OK && l.dones == i);
    }
    http_answer_reader_free(l.reader);
}
