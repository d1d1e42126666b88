"""Clients that drip, flood, lie and nest: each gets its documented answer in OpenAI's shape, its
connection ends where it must, and the server goes on for the others."""
import contextlib
import json
import time

from harness import FakeCloud, Weir, ask, names_a_place, request, targets

HOST = b"Host: a\r\nContent-Type: application/json\r\n"
LINE = b"POST /v1/chat/completions HTTP/1.1\r\n"
CHUNKED = LINE + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def goes_on(w):
    return w.chat("hi").status == 200


def refused(w, c, status, code):
    """Reads the answer that ends the connection, and sees that others are served."""
    answer = c.read()
    assert answer.status == status, "%d instead of %d: %r" % (answer.status, status, answer.body)
    error = answer.error()
    assert error["code"] == code and error["type"] == "invalid_request_error", error
    assert names_a_place(error), error
    assert answer.header("connection") == "close" and c.closed()
    assert goes_on(w)
    return error


def drip(c, data, pause=0.03):
    """Sends a byte whenever nothing came for a while; ends when something came."""
    c.sock.settimeout(pause)
    for byte in data:
        c.send(bytes([byte]))
        with contextlib.suppress(TimeoutError):
            if not c.more() or c.held:
                break
    c.sock.settimeout(20)


def drips(before, data, setting):
    """Seconds until a client that drips is told that it is too slow."""
    with FakeCloud() as fake, Weir(targets(local=fake, more=setting)) as w, w.client() as c:
        begin = time.monotonic()
        c.send(before)
        drip(c, data)
        took = time.monotonic() - begin
        refused(w, c, 408, "request_timeout")
        assert len(fake.seen) == 1, "the dripping call was sent"  # 1: the one that goes on
    return took


def test_a_head_that_drips_has_one_time_for_the_whole():
    took = drips(LINE + HOST + b"X-Slow: ", b"y" * 200, "http: {head_timeout: 400ms}\n")
    assert 0.3 < took < 3, took


def test_headers_that_drip_have_one_time_for_all():
    took = drips(LINE, b"X: y\r\n" * 40, "http: {head_timeout: 400ms}\n")
    assert 0.3 < took < 3, took


def test_a_body_that_drips_is_not_waited_for():
    body = request(ask("hi" * 5000))
    at = body.index(b"\r\n\r\n") + 4
    took = drips(body[:at], body[at:at + 200], "http: {body_timeout: 400ms}\n")
    assert 0.3 < took < 3, took


def test_chunks_that_drip_are_not_waited_for():
    took = drips(CHUNKED, b"1\r\n \r\n" * 40, "http: {body_timeout: 400ms}\n")
    assert 0.3 < took < 3, took


def test_a_body_that_gets_on_may_take_longer_than_one_piece():
    with FakeCloud() as fake:
        more = "http: {body_timeout: 400ms}\n"
        with Weir(targets(local=fake, more=more)) as w, w.client() as c:
            body = request(ask("Summarise: " + "lorem ipsum " * 60000))
            pieces = [body[i:i + 100000] for i in range(0, len(body), 100000)]
            assert len(pieces) > 6
            begin = time.monotonic()
            for piece in pieces:
                c.send(piece)
                c.sock.settimeout(0.12)
                with contextlib.suppress(TimeoutError):
                    c.more()
            c.sock.settimeout(20)
            assert c.read().status == 200 and time.monotonic() - begin > 0.4


def test_a_crowd_of_slow_clients_does_not_slow_the_others():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        crowd = [w.client() for _ in range(300)]
        for i, c in enumerate(crowd):
            c.send((LINE + HOST + b"X-Slow: ") if i % 2 else request(ask("hi"))[:-9])
        begin = time.monotonic()
        assert all(goes_on(w) for _ in range(20))
        assert time.monotonic() - begin < 5
        for c in crowd:
            c.close(reset=True)
        assert goes_on(w) and len(fake.seen) == 21


BROKEN_CHUNKS = [b"zz\r\n", b"\r\n", b"-5\r\nhello\r\n", b"0x5\r\nhello\r\n", b" 5\r\nhello\r\n",
                 b"5 5\r\nhello\r\n", b"5\nhello\r\n", b"fffffffffffffffff1\r\n",
                 b"3\r\nhello\r\n", b"5\r\nhello\n0\r\n\r\n", b"5;a\x00b\r\nhello\r\n"]


def test_a_chunk_of_a_bad_size_is_400():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for chunk in BROKEN_CHUNKS:
            with w.client() as c:
                c.send(CHUNKED + b"2\r\n{}\r\n" + chunk)
                refused(w, c, 400, "bad_http")
        assert len(fake.seen) == len(BROKEN_CHUNKS)


def test_a_nul_in_a_head_is_400():
    length = b"Content-Length: 2\r\n"
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for head in (LINE.replace(b"/chat", b"/ch\0at") + HOST + length, b"\0" + LINE + HOST,
                     LINE + HOST + b"X: a\0b\r\n" + length, LINE + HOST + b"X\0: a\r\n" + length):
            with w.client() as c:
                c.send(head + b"\r\n{}")
                refused(w, c, 400, "bad_http")
        assert len(fake.seen) == 4


def test_floods_of_a_head_are_431():
    flood = b"y" * 200000
    heads = [b"GET /" + flood, LINE + b"X: " + flood, LINE + flood, LINE + b"X: y\r\n" * 5000]
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for head in heads:
            with w.client() as c:
                with contextlib.suppress(OSError):
                    c.send(head)
                refused(w, c, 431, "headers_too_large")
        assert len(fake.seen) == len(heads)


def test_a_flood_of_trailers_ends_the_connection():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        with contextlib.suppress(OSError):
            c.send(CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 50000)
        refused(w, c, 400, "bad_http")
        assert len(fake.seen) == 1


def test_a_hundred_megabytes_sent_in_spite_of_all_still_hear_413():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client(60) as c:
        with contextlib.suppress(OSError):
            c.send(LINE + HOST + b"Content-Length: 104857600\r\n\r\n")
            for _ in range(100):
                c.send(b" " * (1 << 20))
        refused(w, c, 413, "request_too_large")
        assert len(fake.seen) == 1


def test_chunks_of_a_hundred_megabytes_are_413():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client(60) as c:
        with contextlib.suppress(OSError):
            c.send(CHUNKED)
            for _ in range(100):
                c.send(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
        refused(w, c, 413, "request_too_large")
        assert len(fake.seen) == 1


def test_chunks_of_all_that_is_allowed_are_taken():
    body = json.dumps(ask("hi")).encode()
    body += b" " * ((4 << 20) - len(body))
    more = "http: {body_limit: 4MiB}\n" \
           "gate: {listen: \"127.0.0.1:0\", call_memory: 12MiB}\n"  # as 32 is to 96
    with FakeCloud() as fake, Weir(targets(local=fake, more=more)) as w, w.client(60) as c:
        c.send(CHUNKED)
        for i in range(0, len(body), 77777):
            piece = body[i:i + 77777]
            c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        c.send(b"0\r\n\r\n")
        assert c.read().status == 200
        assert len(fake.seen[0].body) == len(body) + len("near-model") - len("auto")


def nested(opening, closing, depth, inner=b"1"):
    return b'{"model":"auto","messages":[{"role":"user","content":"hi"}],"x":' + \
        opening * depth + inner + closing * depth + b"}"


def test_deep_nesting_is_400_wherever_it_is_and_a_little_is_fine():
    deep = [nested(b"[", b"]", 500), nested(b'{"a":', b"}", 500), nested(b'[{"a":', b"}]", 500),
            b'{"x":' + b"[" * 1000000, b'{"a":' * 200000,
            b'{"model":"auto","messages":[{"role":"user","content":"hi","x":' + b"[" * 300]
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for body in deep:
            c.send(request(body))
            answer = c.read()
            assert answer.status == 400 and answer.error()["code"] == "too_deep", answer.body
        c.send(request(nested(b"[", b"]", 60)))
        assert c.read().status == 200 and len(fake.seen) == 1


def test_a_key_twice_is_400_and_named():
    twice = [('{"model":"auto","model":"b","messages":[%s]}', "model"),
             ('{"model":"auto","messages":[%s],"messages":[%s]}', "messages"),
             ('{"model":"auto","stream":true,"messages":[%s],"stream":false}', "stream"),
             ('{"model":"auto","messages":[{"role":"user","role":"tool","content":"a"}]}', "role"),
             ('{"mode\\u006c":"auto","model":"b","messages":[%s]}', "model")]
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for form, name in twice:
            body = form.replace("%s", '{"role":"user","content":"hi"}')
            c.send(request(body.encode()))
            answer = c.read()
            assert answer.status == 400, (form, answer.status)
            error = answer.error()
            assert error["code"] == "duplicate_key", (form, error)
            assert name in (error["param"] or "") + error["message"], (form, error)
        assert not fake.seen
        c.send(request(json.dumps(ask("hi")).encode()))
        assert c.read().status == 200


def test_memory_that_ends_anywhere_on_the_road_is_told():
    """The smallest memory a call may have, and bodies and answers that end it at every step."""
    more = "gate: {listen: \"127.0.0.1:0\", call_memory: 64KiB}\n"
    answers = {}
    with FakeCloud() as fake, Weir(targets(local=fake, more=more)) as w, w.client() as c:
        for size in range(100, 70000, 700):
            for parts in (1, 40):
                text = [{"type": "text", "text": "lorem ipsum " * (size // parts // 12)}]
                body = ask("hi", stream=size % 200 < 100)
                body["messages"][0]["content"] = text * parts
                c.send(request(body))
                answer = c.read(may_be_cut=True)
                code = answer.error()["code"] if answer.status != 200 else None
                assert (answer.status, code) in ((200, None), (413, "over_limit")), answer.body
                answers[answer.status] = answers.get(answer.status, 0) + 1
                if answer.header("connection") == "close":
                    c.close()
                    c.sock, c.held = w.client().sock, b""
        assert answers[200] > 20 and answers[413] > 20, answers
        fake.body = b'{"a":"' + b"y" * 70000 + b'"}'
        answer = w.chat("hi")
        assert answer.status == 502 and answer.error()["code"] == "upstream_broken", answer.body
        fake.body = None
        assert goes_on(w)
