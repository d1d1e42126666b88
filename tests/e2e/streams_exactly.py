"""A stream is relayed event by event as its own bytes, and its end is told as it was."""
import json

from fake_cloud import events
from harness import FakeCloud, Weir, ask, request, targets


def stream(mode, config_more="", may_be_cut=False, **more):
    with FakeCloud(mode) as fake, Weir(targets(local=fake, more=config_more)) as w:
        return w.post(ask("hi", stream=True, **more), may_be_cut=may_be_cut)


def without_usage(rows):
    return [r for r in rows if b'"choices": []' not in r]


def test_bytes_are_the_targets_own():
    a = stream("ok", stream_options={"include_usage": True})
    assert a.status == 200 and a.header("content-type").startswith("text/event-stream")
    assert a.body == b"".join(events("ok"))
    assert a.body.endswith(b"data: [DONE]\n\n")


def test_usage_that_only_weir_asked_for_is_not_shown():
    a = stream("ok")
    assert a.body == b"".join(without_usage(events("ok"))), a.body
    assert b'"choices": []' not in a.body


def test_usage_in_every_chunk_is_left_alone():
    a = stream("usage_every")
    assert a.body == b"".join(without_usage(events("usage_every")))


def test_one_byte_a_packet_gives_the_same_bytes():
    assert stream("trickle").body == b"".join(without_usage(events("ok")))


def test_random_cuts_give_the_same_bytes():
    with FakeCloud("pieces") as fake, Weir(targets(local=fake)) as w:
        for _ in range(10):
            for fake.replay in map(events, ("ok", "crlf", "usage_every")):
                answer = w.post(ask("hi", stream=True, stream_options={"include_usage": True}))
                assert answer.body == b"".join(fake.replay), answer.body[-3000:]


def test_crlf_comments_and_joined_lines_survive():
    a = stream("crlf", stream_options={"include_usage": True})
    assert a.body == b"".join(events("crlf")), a.body


def test_an_event_of_a_megabyte_survives():
    assert stream("big").body == b"".join(without_usage(events("big")))


def test_a_finish_reason_without_an_end_mark_is_an_end():
    a = stream("nodone")
    assert b'"error"' not in a.body and b'"finish_reason": "stop"' in a.body


def test_an_event_larger_than_the_limit_is_an_error():
    a = stream("big", "http: {event_limit: 64KiB}\n", may_be_cut=True)
    # before anything went out it is an answer with a status, behind it a cut stream
    assert a.cut == (a.status == 200) and b"[DONE]" not in a.body, a.body[-400:]
    code = {200: b"upstream_cut", 502: b"upstream_broken"}[a.status]
    assert b'"code":"%s"' % code in a.body, a.body[-400:]


def test_events_come_one_by_one_as_they_are_sent():
    with FakeCloud("long") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True)))
        head = c.head()
        assert head.status == 200
        got = b""
        while got.count(b"\n\n") < 2:  # the fake has sent two and now waits for us to leave
            got += c.chunk()
        assert got == b"".join(events("ok")[:2])


def test_the_head_and_the_first_event_come_together():
    with FakeCloud("long") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True)))
        first = c.sock.recv(65536)
        assert b"\r\n\r\n" in first and b"data: " in first, first


def test_http_1_0_gets_an_unchunked_stream():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        head = c.head()
        assert head.header("transfer-encoding") is None
        while c.more():
            pass
        assert c.held == b"".join(without_usage(events("ok")))


def test_usage_reaches_the_ledger_though_the_client_did_not_ask():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.post(ask("hi", stream=True)).status == 200
        row = dict(w.rows("select * from entries")[0])
        text = json.dumps(row, default=str)
        assert "prompt_tokens" in text and "18" in text, text


def test_connection_is_kept_after_a_stream():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for _ in range(3):
            c.send(request(ask("hi", stream=True)))
            assert c.read().body.endswith(b"data: [DONE]\n\n")
        assert fake.connections <= 3 and len(fake.seen) == 3
