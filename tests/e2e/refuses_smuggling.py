"""What two readers could read in two ways is refused, and its connection ends."""
from harness import FakeCloud, Weir, ask, names_a_place, request, targets

BODY = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
LINE = b"POST /v1/chat/completions HTTP/1.1\r\n"
HOST = b"Host: a\r\nContent-Type: application/json\r\n"
CHUNKED = LINE + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def length(n=len(BODY)):
    return b"Content-Length: %d\r\n" % n


REFUSED = [  # what, bytes
    ("length and chunked", LINE + HOST + length() + b"Transfer-Encoding: chunked\r\n\r\n" + BODY),
    ("two unequal lengths", LINE + HOST + length() + length(5) + b"\r\n" + BODY),
    ("a length list", LINE + HOST + b"Content-Length: 60, 60\r\n\r\n" + BODY),
    ("a length with a sign", LINE + HOST + b"Content-Length: +60\r\n\r\n" + BODY),
    ("a negative length", LINE + HOST + b"Content-Length: -1\r\n\r\n" + BODY),
    ("a length in hex", LINE + HOST + b"Content-Length: 0x3c\r\n\r\n" + BODY),
    ("a length too large to hold", LINE + HOST + b"Content-Length: 99999999999999999999\r\n\r\n"),
    ("another transfer coding", LINE + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    ("chunked twice", LINE + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n"),
    ("chunked is not last", LINE + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n"),
    ("a vertical tab", LINE + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n"),
    ("chunked in HTTP/1.0", LINE.replace(b"1.1", b"1.0") + HOST +
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a folded header", LINE + HOST + b"X-A: b\r\n c\r\n" + length() + b"\r\n" + BODY),
    ("a space before the colon", LINE + HOST + b"Content-Length : 60\r\n\r\n" + BODY),
    ("a NUL in a value", LINE + HOST + b"X-A: a\x00b\r\n" + length() + b"\r\n" + BODY),
    ("a NUL in a name", LINE + HOST + b"X\x00A: b\r\n" + length() + b"\r\n" + BODY),
    ("a bare CR in a value", LINE + HOST + b"X-A: a\rb\r\n" + length() + b"\r\n" + BODY),
    ("bare LF line ends", (LINE + HOST + length() + b"\r\n").replace(b"\r\n", b"\n") + BODY),
    ("no host", LINE + length() + b"\r\n" + BODY),
    ("two hosts", LINE + b"Host: b\r\n" + HOST + length() + b"\r\n" + BODY),
    ("a chunk size of no digits", CHUNKED + b"zz\r\n"),
    ("a chunk size with a sign", CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size with a prefix", CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size too large to hold", CHUNKED + b"fffffffffffffffff1\r\n"),
    ("a chunk longer than its size", CHUNKED + b"3\r\nhello\r\n0\r\n\r\n"),
    ("chunk sizes ended by LF", CHUNKED + b"5\nhello\r\n0\r\n\r\n"),
    ("a chunk extension without end", CHUNKED + b"5;" + b"x" * 100000),
    ("no HTTP at all", b"SSH-2.0-x\r\n\r\n"),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100),
    ("another version", LINE.replace(b"1.1", b"3.0") + HOST + length() + b"\r\n" + BODY),
    ("a method of no letters", b"P@ST" + LINE[4:] + HOST + length() + b"\r\n" + BODY),
    ("chunked told twice", LINE + HOST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n"),
    ("two equal lengths", LINE + HOST + length() + length() + b"\r\n" + BODY),
    ("an absolute target of another host", LINE.replace(b"/v1", b"http://b/v1") + HOST + length() +
     b"\r\n" + BODY),
    ("chunk extensions without end", CHUNKED + b"1;abcdefgh=\"ijklmnop\"\r\n \r\n" * 2000),
    ("trailers without end", CHUNKED + b"0\r\n" + b"Content-Length: 5\r\n" * 1000 + b"\r\n"),
    ("a space in the path", b"POST /v1/chat completions HTTP/1.1\r\n" + HOST + length() + b"\r\n" +
     BODY),
]


def test_each_is_refused_and_nothing_reaches_a_target():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for name, data in REFUSED:
            with w.client(10) as c:
                try:
                    c.send(data + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                except OSError:
                    pass
                answer = c.read()
                say = "%s -> %d %r" % (name, answer.status, answer.body[:200])
                right = (505, "http_version") if name == "another version" else (400, "bad_http")
                assert (answer.status, answer.error()["code"]) == right, say
                assert names_a_place(answer.error()), say
                assert c.closed(), say + ", and the connection went on"
            assert not fake.seen, name
        assert w.chat("hi").status == 200


def test_every_request_is_framed_anew_and_its_trailers_end_here():
    """Whatever framed it on the way in, a target reads one length and the bytes that it counts."""
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        half = len(BODY) // 2
        c.send(CHUNKED + b"%x;a=b\r\n%s\r\n%x\r\n%s\r\n0\r\nX-Smuggled: 1\r\n\r\n" % (
            half, BODY[:half], len(BODY) - half, BODY[half:]))
        c.send(LINE.replace(b"/v1", b"http://a/v1") + HOST + length() + b"X-Smuggled: 1\r\n" +
               b"Connection: x-smuggled\r\n\r\n" + BODY)
        assert [c.read().status for _ in range(2)] == [200, 200]
        for seen in fake.seen:
            assert seen.path == "/v1/chat/completions"
            assert seen.header("transfer-encoding") is None and seen.header("x-smuggled") is None
            lengths = [v for n, v in seen.headers if n.lower() == "content-length"]
            assert lengths == [str(len(seen.body))], seen.headers
            assert seen.body == BODY.replace(b'"auto"', b'"near-model"')


def test_a_targets_doubtful_answer_is_not_passed_on():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for row in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            fake.headers = [row]
            answer = w.chat("hi")
            assert answer.status == 502, (row, answer.status)
        fake.headers = []
        assert w.chat("hi").status == 200


def test_dots_and_slashes_in_a_path_lead_nowhere():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for path in ("/v1/../metrics", "/v1/models/../../metrics", "/v1/models/%2e%2e%2fmetrics",
                     "/v1//chat/completions", "/%2e%2e/", "/v1/models/a%2fb"):
            assert w.get(path).status in (400, 404, 405), path
        assert w.post(request(ask("hi"), path="//v1/chat/completions")).status in (400, 404)
