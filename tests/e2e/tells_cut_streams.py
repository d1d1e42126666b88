"""A stream cut short is told as an error in the client's dialect, never as a clean end."""
import json

from fake_cloud import events
from harness import FakeCloud, Weir, ask, request, targets


def cut(mode, more=""):
    with FakeCloud(mode) as fake, Weir(targets(local=fake, more=more)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True)))
        answer = c.read(may_be_cut=True)
        ended = c.closed()
        row = dict(w.rows("select * from entries")[0])
    return answer, ended, row


def told(mode, more=""):
    answer, ended, row = cut(mode, more)
    rows = answer.body.split(b"\n\n")
    assert answer.body.startswith(b"".join(events("ok")[:2])), answer.body
    errors = [json.loads(r[6:]) for r in rows if r.startswith(b"data: {") and b'"error"' in r]
    assert len(errors) == 1 and errors[0]["error"]["message"], answer.body
    assert b"[DONE]" not in answer.body, rows[-3:]
    assert ended and answer.cut, "neither connection nor framing may end like a whole answer's"
    assert b'"finish_reason": "stop"' not in answer.body
    return errors[0]["error"], row


def test_closed_in_the_middle():
    error, row = told("cut")
    assert error["code"] == "upstream_cut"
    assert row["err"] == "UPSTREAM_CUT", row


def test_reset_in_the_middle():
    assert told("rst")[0]["code"] == "upstream_cut"


def test_well_framed_but_without_an_end():
    assert told("nofinish")[0]["code"] == "upstream_cut"


def test_silent_in_the_middle():
    assert told("long", "upstream: {idle_timeout: 300ms}\n")[0]["code"] == "upstream_idle"


def test_http_1_0_has_no_framing_but_gets_the_error_event():
    with FakeCloud("cut") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        answer = c.read()
        assert answer.header("transfer-encoding") is None and c.closed()
        assert b'"code":"upstream_cut"' in answer.body and b"[DONE]" not in answer.body


def test_a_cut_whole_answer_is_a_502_and_not_half_an_answer():
    with FakeCloud("cut_whole") as fake, Weir(targets(local=fake)) as w:
        answer = w.post(ask("hi"))
        assert answer.status == 502, answer.status
        assert answer.error()["code"] == "upstream_broken"
        assert answer.header("x-weir-target") is None, "it is weir's own word"
