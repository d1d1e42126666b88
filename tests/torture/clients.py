"""The lives of torture's clients. A life is one function: it connects, behaves in its way, checks
what it is told, and returns (call, status) of each answer that came whole."""
import contextlib
import json
import socket

from harness import ask, request

SECRET = b"the-restricted-word"  # stands in restricted calls only; no cloud may ever see it
LINE = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
MODES = ["ok"] * 8 + """nodone usage_every crlf big trickle pieces slow 400 401 404 408 429 500 502
503 hang garbage redirect close early_error 200_error cut rst nofinish mid_error cut_whole cut_first
half long""".split()
STATUSES = {200, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504}
TURNED_AWAY = {"too_many_connections", "shutting_down"}


class TurnedAway(Exception):
    """weir is full or ending, and said so."""


def wrote(mode, rng=None, **more):
    """A request of a target's mode, of some length, for some model and label."""
    text, headers = "MODE=%s " % mode, {}
    if rng:
        text += rng.choice(["hi", "Translate: good morning", "Prove that 2 is prime. " * 50,
                            "lorem ipsum " * rng.randrange(4000)])
        more.setdefault("model", rng.choice(["auto", "auto", "near-model", "far-model",
                                             "tls-model", "dead-model"]))
        if rng.random() < 0.2:
            headers["x-weir-label"] = "restricted"
            text += SECRET.decode()
        if rng.random() < 0.1:
            headers["x-weir-deadline-ms"] = str(rng.choice([1, 5, 50, 200]))
    return request(ask(text, **more), headers)


def without_secret(data):
    """For those who do not send the head as it was, with the label in it."""
    return data.replace(SECRET, b"x" * len(SECRET))


def check(answer, stream):
    """The answer is one that the manual allows; its call and status."""
    assert answer.status in STATUSES, answer.status
    if answer.status != 200:
        code = answer.error()["code"]
        if answer.status == 503 and code in TURNED_AWAY:
            raise TurnedAway
    elif not stream:
        assert answer.json(), answer.body
    else:
        events = answer.body.replace(b"\r", b"").split(b"\n\n")
        assert events[-1] == b"", "half an event: %r" % events[-1][-200:]
        failed = b'"error"' in events[-2]
        assert failed or not answer.cut, "a cut that is not told: %r" % events[-2][-200:]
    call = answer.header("x-weir-call")
    assert call, answer.raw
    return (call, answer.status)


def converse(weir, mode, rng=None, stream=False):
    with weir.client() as c:
        c.send(wrote(mode, rng, stream=stream))
        return [check(c.read(may_be_cut=True), stream)]


def leave(c, rng):
    """Ends the connection in one of its ways."""
    how = rng.randrange(3)
    if how == 2:
        with contextlib.suppress(OSError):
            c.sock.shutdown(socket.SHUT_WR)
        c.sock.settimeout(1)
        with contextlib.suppress(OSError):
            for _ in range(20):  # what the kernel still holds for a slow reader may take minutes
                c.held = b""
                if not c.more():
                    break
    c.close(reset=how == 1)


# --- the good ------------------------------------------------------------------------------------

def talks(weir, rng):
    told = []
    with weir.client() as c:
        for _ in range(rng.randrange(1, 8)):
            stream = rng.random() < 0.6
            c.send(wrote(rng.choice(MODES), rng, stream=stream))
            answer = c.read(may_be_cut=True)
            told.append(check(answer, stream))
            if answer.cut or answer.header("connection") == "close":
                break
    return told


def pipelines(weir, rng):
    told, count = [], rng.randrange(2, 12)
    with weir.client() as c:
        c.send(b"".join(wrote(rng.choice(["ok", "slow", "429"]), model="near-model")
                        for _ in range(count)))
        for _ in range(count):
            answer = c.read()
            told.append(check(answer, False))
            if answer.header("connection") == "close":
                break
    return told


def looks_at_pages(weir, rng):
    with weir.client() as c:
        for _ in range(5):
            path = rng.choice(["/healthz", "/readyz", "/metrics", "/v1/models", "/none",
                               "/v1/models/near-model", "/v1/models/none"])
            c.send(request(b"", path=path, method="GET"))
            answer = c.read("GET")
            if answer.status == 503 and path != "/readyz":
                raise TurnedAway
            assert answer.status in (200, 404, 503), (path, answer.status)
            if answer.header("connection") == "close":
                break


def waits_for_permission(weir, rng):
    head, body = wrote("ok", rng).split(b"\r\n\r\n", 1)
    with weir.client() as c:
        c.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
        answer = c.read()
        if answer.status != 100:
            return [check(answer, False)]
        c.send(body)
        return [check(c.read(), False)]


def sends_chunks(weir, rng):
    body = without_secret(wrote("ok", rng)).split(b"\r\n\r\n", 1)[1]
    with weir.client() as c:
        c.send(LINE + b"Transfer-Encoding: chunked\r\n\r\n")
        while body:
            n = rng.randrange(1, 5000)
            c.send(b"%x\r\n%s\r\n" % (len(body[:n]), body[:n]))
            body = body[n:]
        c.send(b"0\r\n\r\n")
        return [check(c.read(), False)]


# --- those who leave -----------------------------------------------------------------------------

def says_nothing(weir, rng):
    with weir.client() as c:
        if rng.random() < 0.2:
            assert c.closed() or b"503" in c.held  # the time for a first byte is up
        else:
            leave(c, rng)


def leaves_inside_the_request(weir, rng):
    data = wrote("ok", rng)
    with weir.client() as c:
        c.send(data[:rng.randrange(1, len(data))])
        leave(c, rng)


def leaves_while_waiting(weir, rng):
    with weir.client() as c:
        c.send(wrote(rng.choice(["hang", "slow", "ok", "long"]), rng, stream=rng.random() < 0.5))
        c.sock.settimeout(rng.choice([0.001, 0.01, 0.1]))
        with contextlib.suppress(OSError):
            c.more()
        leave(c, rng)


def leaves_inside_the_answer(weir, rng):
    with weir.client() as c:
        c.send(wrote(rng.choice(["long", "flood", "trickle", "big", "ok"]), rng, stream=True))
        answer = c.head()
        if answer.status == 200:
            with contextlib.suppress(EOFError):
                for _ in range(rng.randrange(4)):
                    c.chunk()
        leave(c, rng)


def reads_slowly(weir, rng):
    with weir.client() as c:
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.send(wrote("flood", rng, model="near-model", stream=True))
        c.sock.settimeout(0.05)
        for _ in range(rng.randrange(20)):
            with contextlib.suppress(TimeoutError):
                c.sock.recv(rng.randrange(1, 3000))
        leave(c, rng)


# --- the bad -------------------------------------------------------------------------------------

def refused(c):
    """An answer of whatever kind, or an end. What was no call of any dialect has no entry."""
    with contextlib.suppress(EOFError):
        answer = c.read(may_be_cut=True)
        code = answer.error()["code"] if answer.status != 200 else None
        if answer.header("x-weir-task") or code == "invalid_json":
            return [(answer.header("x-weir-call"), answer.status)]
    return []


def drips(weir, rng):
    data = wrote("ok", rng)
    at = rng.choice([rng.randrange(100), max(0, len(data) - 100)])
    with weir.client() as c, contextlib.suppress(OSError, EOFError):
        c.send(data[:at])
        c.sock.settimeout(0.02)
        for byte in data[at:at + 100]:
            c.send(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                if not c.more() or c.held:
                    break
        c.sock.settimeout(20)
        return refused(c)
    return []


def lies(weir, rng):
    """A good request of which some bytes are others."""
    data = bytearray(without_secret(wrote("ok", rng)))
    for _ in range(rng.randrange(1, 5)):
        data[rng.randrange(min(len(data), 400))] = rng.randrange(256)
    with weir.client() as c, contextlib.suppress(OSError):
        c.send(bytes(data))
        c.sock.shutdown(socket.SHUT_WR)  # a length that grew would wait for more
        return refused(c)
    return []


def talks_nonsense(weir, rng):
    bad = [rng.randbytes(rng.randrange(1, 5000)), b"\0" * 100, b"\x16\x03\x01" + b"\0" * 200,
           b"GET /" + b"a" * 100000, LINE + b"X: y\r\n" * 1000, LINE + b"Content-Length: x\r\n\r\n",
           LINE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"\r\n" * 5000,
           LINE + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65536,
           LINE + b"Content-Length: 9999999\r\n\r\n" + b"x" * 1000000]
    with weir.client() as c, contextlib.suppress(OSError):
        c.send(rng.choice(bad))
        c.sock.shutdown(socket.SHUT_WR)
        return refused(c)
    return []


def sends_bad_json(weir, rng):
    good = json.dumps(ask("hi")).encode()
    bad = [b"", b"{", b"[1]", good[:-3], good.replace(b"hi", b"\xff"), b"[" * 5000,
           b'{"a":' * 3000, good.replace(b'"auto"', b"7"), good.replace(b'"auto"', b'"no"'),
           good[:-1] + b',"model":"auto"}']
    told = []
    with weir.client() as c:
        for _ in range(4):
            c.send(request(rng.choice(bad)))
            answer = c.read()
            told.append(check(answer, False))
            assert answer.status in (400, 404), answer.status
            if answer.header("connection") == "close":
                break
    return told


WEIGHTS = [(talks, 8), (pipelines, 2), (looks_at_pages, 1), (waits_for_permission, 1),
           (sends_chunks, 2), (says_nothing, 1), (leaves_inside_the_request, 3),
           (leaves_while_waiting, 4), (leaves_inside_the_answer, 4), (reads_slowly, 1), (drips, 1),
           (lies, 3), (talks_nonsense, 3), (sends_bad_json, 2)]
LIVES = [life for life, _ in WEIGHTS]
