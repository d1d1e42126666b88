"""Whatever comes, it gets the documented status with an error body that names the field or byte,
and the server goes on."""
import json

from harness import FakeCloud, Weir, ask, names_a_place, request, targets

HI = {"role": "user", "content": "hi"}
# body, status, code, what the error names (param, or a word of the message)
BODIES = [
    (b"", 400, "invalid_json", "byte 0"),
    (b"{", 400, "invalid_json", "byte"),
    (b"not json", 400, "invalid_json", "byte"),
    (b'{"model":"auto","messages":[{"role":"user","content":"hi"}]', 400, "invalid_json", "byte"),
    (b'{"model":"auto","messages":[{"role":"user","content":"a"}]} x', 400, "invalid_json", "byte"),
    (b'{"model":"auto","messages":[{"role":"user","content":"hi"},]}', 400, "invalid_json", "byte"),
    (b'{"model":"auto","temperature":NaN,"messages":[]}', 400, "invalid_json", "byte"),
    (b'[1]', 400, "invalid_type", "byte 0"),
    (b'"text"', 400, "invalid_type", "byte 0"),
    (b'null', 400, "invalid_type", "byte 0"),
    (b'{}', 400, "missing_required_parameter", "messages"),
    (json.dumps({"messages": [HI]}).encode(), 400, "missing_required_parameter", "model"),
    (json.dumps({"model": "auto"}).encode(), 400, "missing_required_parameter", "messages"),
    (json.dumps({"model": 7, "messages": [HI]}).encode(), 400, "invalid_type", "model"),
    (json.dumps({"model": None, "messages": [HI]}).encode(), 400, "invalid_type", "model"),
    (json.dumps({"model": "auto", "messages": {}}).encode(), 400, "invalid_type", "messages"),
    (json.dumps({"model": "auto", "messages": []}).encode(), 400, "empty_array", "messages"),
    (json.dumps({"model": "auto", "messages": ["hi"]}).encode(), 400, "invalid_type", "messages"),
    (json.dumps({"model": "auto", "messages": [{"role": "user", "content": 5}]}).encode(), 400,
     "invalid_type", "messages"),
    (json.dumps({"model": "auto", "messages": [{"role": 5, "content": "x"}]}).encode(), 400,
     "invalid_type", "messages"),
    (json.dumps({"model": "auto", "stream": "yes", "messages": [HI]}).encode(), 400,
     "invalid_type", "stream"),
    (json.dumps({"model": "no-such-model", "messages": [HI]}).encode(), 404, "model_not_found",
     "model"),
    (b'{"model":"auto","model":"auto","messages":[{"role":"user","content":"hi"}]}', 400,
     "duplicate_key", "model"),
    (b'{"model":"auto","messages":[{"role":"user","content":"a","content":"b"}]}', 400,
     "duplicate_key", "content"),
    (b'{"model":"auto","messages":[{"role":"user","content":"a\xff"}]}', 400, "invalid_utf8",
     "byte"),
    (b'{"model":"auto","messages":[{"role":"user","content":"a\xed\xa0\x80"}]}', 400,
     "invalid_utf8", "byte"),
    (b'{"model":"auto","messages":[{"role":"user","content":"a\x00b"}]}', 400, "invalid_json",
     "byte"),
    (b'\x00\x00\x00', 400, "invalid_json", "byte"),
    (b'{"model":"auto","x":' + b"[" * 100000, 400, "too_deep", "byte 147"),
    (b'{"model":"auto","messages":[{"role":"user","content":"hi"}],"x":' + b'{"a":' * 200 + b"1" +
     b"}" * 200 + b"}", 400, "too_deep", "byte 699"),
    (b'\xef\xbb\xbf{"model":"auto"}', 400, "invalid_json", "byte 0"),
]


def test_every_bad_body_is_answered_on_one_connection():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for body, status, code, names in BODIES:
            c.send(request(body))
            answer = c.read()
            say = "%r -> %d %r" % (body[:90], answer.status, answer.body[:300])
            assert answer.status == status, say
            error = answer.error()
            assert error["code"] == code and error["type"] == "invalid_request_error", say
            assert names in (error["param"] or "") + error["message"], say
            assert names_a_place(error), say
            assert answer.header("x-weir-call"), say
            assert answer.header("x-should-retry") == "false", say
        c.send(request(ask("hi")))
        assert c.read().status == 200
        assert len(fake.seen) == 1


def test_half_a_surrogate_is_the_clients_own_affair():
    body = b'{"model":"near-model","messages":[{"role":"user","content":"\\ud800 \\u0000"}]}'
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.post(body).status == 200 and fake.seen[0].body == body


def test_errors_name_the_place_and_never_the_text():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        answer = w.post(b'{"model":"auto","messages":[{"role":"user","content":"my secret words"},')
        assert b"secret words" not in answer.body, answer.body
        assert "secret words" not in "".join(w.log)
        row = dict(w.rows("select * from entries")[0])
        assert "secret words" not in str(row)


def test_a_hundred_megabytes_are_413_at_once():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        head = request(ask("hi")).split(b"\r\n\r\n")[0]
        head = head.replace(b"Content-Length: ", b"Content-Length: 104857600\r\nX-Was: ")
        c.send(head + b"\r\n\r\n" + b"x" * 1000)
        answer = c.read()
        assert answer.status == 413 and answer.error()["code"] == "request_too_large"
        assert answer.error()["param"] == "content-length"
        assert w.chat("hi").status == 200 and len(fake.seen) == 1


def test_a_hundred_megabytes_without_a_length_are_413():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client(60) as c:
        c.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
               b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(100):
                c.send(piece)
        except OSError:
            pass  # weir does not have to take it all
        answer = c.read()
        assert answer.status == 413, answer.status
        assert "at byte 33554432" in answer.error()["message"], "the limit is told"
        assert w.get("/healthz").status == 200


def test_a_slow_head_is_408():
    with FakeCloud() as fake:
        more = "http: {head_timeout: 300ms}\n"
        with Weir(targets(local=fake, more=more)) as w, w.client() as c:
            c.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow")
            answer = c.read()
            assert answer.status == 408 and answer.error()["code"] == "request_timeout"
            assert "at byte 51" in answer.error()["message"], "so much had come"
            assert c.closed()


def test_a_slow_body_is_408():
    with FakeCloud() as fake:
        more = "http: {body_timeout: 300ms}\n"
        with Weir(targets(local=fake, more=more)) as w, w.client() as c:
            c.send(request(ask("hi"))[:-5])
            assert c.read().status == 408 and c.closed() and not fake.seen


def test_a_flood_of_headers_is_431():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for flood in ("".join("X-%d: y\r\n" % i for i in range(5000)),
                      "X-Big: " + "y" * 200000 + "\r\n"):
            with w.client() as c:
                try:
                    c.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + flood.encode() + b"\r\n")
                except OSError:
                    pass
                answer = c.read("GET")
                assert answer.status == 431 and answer.error()["code"] == "headers_too_large"
                assert names_a_place(answer.error())
        assert w.get("/healthz").status == 200


def test_a_body_that_is_compressed_is_415():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        answer = w.chat("hi", {"Content-Encoding": "gzip"})
        assert answer.status == 415 and answer.error()["code"] == "unsupported_media_type"


def test_paths_and_methods():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        answer = w.get("/v1/nothing")
        assert answer.status == 404 and answer.error()["code"] == "not_found"
        answer = w.get("/v1/chat/completions")
        assert answer.status == 405 and answer.header("allow") == "POST"
        answer = w.post(ask("hi"), path="/healthz")
        assert answer.status == 405 and answer.header("allow")
        for path in ("/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions"):
            assert w.post(ask("hi"), path=path).status == 200, path


def test_bad_weir_headers_are_refused():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for word in ("soon", "-5", "0", "1e3"):
            answer = w.chat("hi", {"x-weir-deadline-ms": word})
            assert answer.status == 400 and answer.error()["param"] == "x-weir-deadline-ms", word
        answer = w.chat("hi", {"x-weir-zone": "moon"})
        assert answer.status == 403 and answer.error()["code"] == "no_allowed_target", answer.body
        assert not fake.seen


