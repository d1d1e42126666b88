"""A client's x-weir-deadline-ms ends its call in time, in whatever phase, and only that call."""
import time

from harness import DeafPort, FakeCloud, Weir, ask, request, targets

SOON = {"x-weir-deadline-ms": "300"}


def took_ms(since):
    return (time.monotonic() - since) * 1000


def late(answer, begin):
    e = answer.error()
    assert answer.status == 504 and e["code"] == "upstream_timeout", (answer.status, e)
    assert e["param"] == "x-weir-deadline-ms" and 250 <= took_ms(begin) < 5000


def test_a_target_that_does_not_answer():
    with FakeCloud("hang") as fake, Weir(targets(local=fake)) as w:
        for stream in (False, True):
            begin = time.monotonic()
            late(w.chat("hi", SOON, stream=stream), begin)
            assert fake.seen[-1].gone.wait(5), "the target must hear of it"
        row = w.rows("select * from entries", 2)[0]
        assert row["err"] == "UPSTREAM_TIMEOUT" and row["status"] == 504


def test_a_target_that_cannot_be_reached():
    with DeafPort() as deaf, Weir(targets(local="http://127.0.0.1:%d/v1" % deaf.port)) as w:
        begin = time.monotonic()
        late(w.chat("hi", SOON), begin)


def test_a_whole_answer_that_does_not_end():
    with FakeCloud("half") as fake, Weir(targets(local=fake)) as w:
        begin = time.monotonic()
        late(w.chat("hi", SOON), begin)


def test_a_stream_that_goes_on():
    with FakeCloud("long") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi", stream=True), SOON))
        answer = c.read(may_be_cut=True)
        assert answer.status == 200 and answer.cut and b'"code":"upstream_idle"' in answer.body
        assert fake.seen[0].gone.wait(5)
        assert b"[DONE]" not in answer.body and c.closed()


def test_it_counts_all_tries_together():
    config = ("targets:\n  - {name: a, url: \"%s\", zone: local}\n"
              "  - {name: b, url: \"%s\", zone: local}\n"
              "upstream: {first_byte_timeout: 200ms}\n")
    with FakeCloud("hang") as a, FakeCloud("hang") as b, Weir(config % (a.url, b.url)) as w:
        begin = time.monotonic()
        late(w.chat("hi", SOON), begin)
        assert len(a.seen) + len(b.seen) == 2 and took_ms(begin) < 390


def test_one_that_is_kept_changes_nothing():
    with FakeCloud("slow") as fake, Weir(targets(local=fake)) as w:
        for ms in ("5000", "86400000", "9223372036854775807"):
            assert w.chat("hi", {"x-weir-deadline-ms": ms}).status == 200


def test_it_belongs_to_one_call_of_a_connection():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("MODE=hang"), SOON))
        assert c.read().status == 504
        c.send(request(ask("hi"), {"x-weir-deadline-ms": "200"}))
        assert c.read().status == 200
        c.send(request(ask("MODE=sleepy")))  # longer than either
        assert c.read().status == 200
