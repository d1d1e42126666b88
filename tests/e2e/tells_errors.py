"""A target's error, in whatever form it came, reaches the client in OpenAI's form: status and
message kept, nothing of the target's key. What has that form already passes byte by byte."""
import json
from concurrent.futures import ThreadPoolExecutor

from fake_cloud import events
from harness import FakeCloud, Weir, ask, targets

KEY = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
STAYS_UP = "upstream: {down_after: 1000}\n"
JSON = "application/json"
OURS = (b'{"error": {"code": "c", "message": "as it\\u0020is", "type": "t", "param": null,'
        b' "x": 1.50}}\n')
FORMS = [  # status, content type, body, message, code
    (404, JSON, b'{"error":"Specified model not found: m"}', "Specified model not found: m",
     "model_not_found"),
    (429, JSON, b'{"error":"Model is overloaded","error_type":"overloaded"}', "Model is overloaded",
     None),
    (422, JSON, b'{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}',
     "messages: Field required", "missing"),
    (401, JSON, b'{"detail":"Invalid API Key"}', "Invalid API Key", None),
    (400, JSON, b'{"object":"error","message":"maximum context length is 9","code":400}',
     "maximum context length is 9", "context_length_exceeded"),
    (400, JSON, b'[{"error":{"code":400,"message":"bad role","status":"INVALID_ARGUMENT"}}]',
     "bad role", "INVALID_ARGUMENT"),
    (529, JSON, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
     "Overloaded", None),
    (502, "text/html", b"<html><head><title>502 Bad Gateway</title></head></html>",
     "502 Bad Gateway", None),
    (503, "application/octet-stream", b"\xff\xfe\xfd\xfc", "the target answered 503 and no reason",
     None),
    (500, "text/plain", b"", "the target answered 500 and no reason", None),
]


def keyed(fake):
    """A configuration whose target has a key."""
    return ("targets:\n  - {name: near, url: \"%s\", model: m, zone: local, api_key: %s}\n" %
            (fake.url, KEY))


def test_every_form_whole_and_in_place_of_a_stream():
    with FakeCloud() as fake, Weir(targets(local=fake, more=STAYS_UP)) as w:
        for status, kind, body, message, code in FORMS:
            fake.refusal = (status, kind, body)
            for stream in (False, True):
                answer = w.post(ask("hi", stream=stream))
                assert answer.status == status, (body, answer.status)
                assert answer.header("content-type") == JSON, answer.headers
                e = answer.error()
                assert (e["message"], e["code"]) == (message, code), e
                assert e["weir_call"] == answer.header("x-weir-call")
                assert answer.header("x-weir-target") == "near"
                assert answer.header("x-weir-zone") == "local"


def test_openais_own_form_passes_as_its_own_bytes():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        fake.headers = ["retry-after: 7"]
        for kind in (JSON, "application/octet-stream"):
            fake.refusal = (429, kind, OURS)
            answer = w.post(ask("hi"))
            assert (answer.status, answer.body) == (429, OURS), answer.body
            assert answer.header("content-type") == JSON
            assert answer.header("retry-after") == "7"


def test_the_targets_key_is_not_told():
    with FakeCloud() as fake, Weir(keyed(fake)) as w:
        for body in (b'{"error":{"message":"Incorrect API key: KEY","type":"t","code":"c"}}',
                     b'{"error":{"message":"m","type":"t","key":"KEY"}}', b"no KEY here"):
            fake.refusal = (401, JSON, body.replace(b"KEY", KEY.encode()))
            answer = w.post(ask("hi"))
            assert fake.seen[-1].header("authorization") == "Bearer " + KEY
            assert answer.status == 401 and answer.error()["message"]
            assert KEY.encode() not in answer.raw + answer.body, answer.body
        assert KEY not in "".join(w.log)


def first_event(event):
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        fake.replay = [b": wait\n\n", event]
        answer = w.post(ask("hi", stream=True), may_be_cut=True)
        row = dict(w.rows("select * from entries")[0])
    return answer, row


def test_a_first_event_that_is_an_error_becomes_an_answer_with_its_status():
    for code, status in ((b"503", 503), (b"429", 429), (b'"400"', 400), (b"null", 502)):
        answer, row = first_event(b'data: {"error":{"code":%s,"message":"queue is full"}}\n\n' %
                                  code)
        assert answer.status == status == row["status"], (answer.status, row)
        assert answer.error()["message"] == "queue is full" and row["err"] != "OK"
        assert answer.header("x-weir-target") == "near" and not answer.cut


def test_an_error_under_status_200_becomes_an_answer_with_its_status():
    with FakeCloud() as fake, Weir(targets(local=fake, more=STAYS_UP)) as w:
        for code, status in ((b"429", 429), (b"null", 502)):
            fake.refusal = (200, JSON, b'{"error":{"code":%s,"message":"no room"}}' % code)
            answer = w.post(ask("hi"))
            assert answer.status == status and answer.error()["message"] == "no room"
            assert answer.header("x-weir-target") == "near"
        assert {r["err"] for r in w.rows("select * from tries", 2)} == {
            "RATE_LIMITED", "UPSTREAM_STATUS"}


def test_an_error_named_by_its_event_alone():
    answer, _ = first_event(b"event: error\ndata: out of memory\n\n")
    assert answer.status == 502 and answer.error()["message"] == "out of memory"


def inside(*tail):
    """What the client gets behind two events of text."""
    head = events("ok")[:2]
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        fake.replay = head + list(tail)
        answer = w.post(ask("hi", stream=True, stream_options={"include_usage": True}),
                        may_be_cut=True)
        row = dict(w.rows("select * from entries")[0])
    assert answer.status == 200 and answer.body.startswith(b"".join(head)), answer.body
    assert answer.cut and b"[DONE]" not in answer.body, answer.body
    assert row["err"] == "UPSTREAM_STATUS", row
    return answer.body[len(b"".join(head)):]


def told(*tail):
    out = inside(*tail)
    assert out.startswith(b"data: {") and out.endswith(b"}\n\n") and out.count(b"data:") == 1, out
    e = json.loads(out[6:])["error"]
    assert set(e) >= {"message", "type", "param", "code", "weir_call"}, e
    return e["message"]


def at_once(run, *cases):
    """Each waits a second for the end of a connection; so all at once."""
    with ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(lambda case: run(*case), cases))


def test_an_error_inside_a_stream_is_put_into_the_clients_form():
    assert set(at_once(
        told, [b'data: {"error":"died"}\n\n'],
        [b'data: {"error":{"code":500,"message":"died"}}\n\n'],
        [b'event: error\ndata: {"detail":"died"}\n\n'],
        [b'data: {"object":"error","message":"died","code":400}\n\n'],
        [b'data: {"error":"died"}'])) == {"died"}  # the last has no blank line


def test_a_bare_error_behind_the_events_is_framed():
    bare = b'{\n  "error": {\n "code": 503,\n "message": "shed",\n "status": "UNAVAILABLE"}}'
    assert at_once(told, [bare], [bare + b"\n\n"]) == ["shed", "shed"]


def test_openais_own_form_inside_a_stream_passes_as_its_own_bytes():
    event = b"event: error\ndata: " + OURS.strip() + b"\n\n"
    # the second ends with the target's own end mark, which must not follow an error
    assert at_once(inside, [event], [event, b"data: [DONE]\n\n"]) == [event, event]


def test_keep_alives_that_clients_would_parse_are_left_out():
    head, rest = events("ok")[:2], events("ok")[2:]
    odd = [b"data: : keepalive\n\n", b"event: ping\n\n", b'event: ping\ndata: {"a":1}\n\n',
           b"data:\n\n"]
    fine = [b": keep-alive\n\n", b":\n\n"]
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        fake.replay = odd + head + odd + fine + rest
        answer = w.post(ask("hi", stream=True, stream_options={"include_usage": True}))
    assert answer.body == b"".join(head + fine + rest), answer.body
