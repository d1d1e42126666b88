"""A try that failed before a byte of its answer goes to the plan's next target, once."""
import socket

from fake_cloud import events
from harness import HARD, DeafPort, FakeCloud, Weir, ask, free_port, targets


def pair(mode, more="", first=None, may_be_cut=False, **asked):
    """First target misbehaves, second is well; both in the cloud. Returns answer, both fakes."""
    with FakeCloud(mode) as bad, FakeCloud() as good:
        config = ("targets:\n"
                  "  - {name: first, url: \"%s\", model: m1, zone: cloud}\n"
                  "  - {name: second, url: \"%s\", model: m2, zone: cloud}\n%s" %
                  (first or bad.url, good.url, more))
        with Weir(config) as w:
            answer = w.post(ask(HARD, **asked), may_be_cut=may_be_cut)
            rows = w.rows("select * from tries order by start_us",
                          int(answer.header("x-weir-tries")))
            return answer, bad, good, [dict(r) for r in rows]


def served_by_second(mode, **more):
    answer, bad, good, rows = pair(mode, **more)
    assert answer.status == 200, answer.body
    assert b"fake says" not in answer.body and b"The" in answer.body, answer.body
    assert answer.header("x-weir-target") == "second"
    assert answer.header("x-weir-tries") == "2"
    assert len(good.seen) == 1 and good.seen[0].json()["model"] == "m2"
    assert len(rows) == 2
    return bad


def test_after_429():
    assert len(served_by_second("429").seen) == 1


def test_after_500_and_502_and_503():
    for mode in ("500", "502", "503"):
        assert len(served_by_second(mode).seen) == 1


def test_after_a_refused_connection():
    served_by_second("ok", first="http://127.0.0.1:%d/v1" % free_port())


def test_after_a_name_that_does_not_resolve():
    served_by_second("ok", first="http://no-such-host.invalid/v1",
                     more="net: {dns_timeout: 500ms}\n")


def test_a_name_that_does_not_resolve_and_nothing_else_is_told():
    more = "net: {dns_timeout: 500ms}\n"
    with Weir(targets(cloud="http://no-such-host.invalid/v1", more=more)) as w:
        answer = w.post(ask(HARD))
        assert answer.status == 502 and answer.error()["code"] == "upstream_dns", answer.body
        assert w.rows("select * from tries")[0]["err"] == "UPSTREAM_DNS"
        assert w.metric('weir_tries_total{outcome="refused"}') == 1


def test_after_a_close_without_an_answer():
    served_by_second("close")


def test_after_an_answer_that_is_not_http():
    served_by_second("garbage")


def test_after_a_redirect_which_is_never_followed():
    served_by_second("redirect")


def test_a_redirect_of_the_only_target_is_502_and_says_no_place():
    with FakeCloud("redirect") as cloud, Weir(targets(cloud=cloud)) as w:
        answer = w.post(ask(HARD))
        assert answer.status == 502 and answer.error()["code"], answer.status
        assert answer.header("location") is None
        assert len(cloud.seen) == 1


def test_after_silence_longer_than_the_first_byte_timeout():
    served_by_second("hang", more="upstream: {first_byte_timeout: 300ms}\n")


def test_after_a_connect_that_hangs():
    with DeafPort() as deaf:
        served_by_second("ok", more="upstream: {connect_timeout: 300ms}\n",
                         first="http://127.0.0.1:%d/v1" % deaf.port)


def test_after_a_stream_whose_first_event_is_an_error():
    served_by_second("early_error", stream=True)


def test_after_a_stream_that_was_cut_in_its_first_event():
    served_by_second("cut_first", stream=True)


def test_after_a_whole_answer_that_is_an_error_under_status_200():
    served_by_second("200_error")


def test_after_a_whole_answer_that_was_cut():
    served_by_second("cut_whole")


def test_only_once():
    with FakeCloud("500") as a, FakeCloud("500") as b, FakeCloud() as c:
        rows = "".join("  - {name: t%d, url: \"%s\", zone: cloud}\n" % (i, f.url)
                       for i, f in enumerate((a, b, c)))
        with Weir("targets:\n" + rows) as w:
            answer = w.post(ask(HARD))
        assert answer.header("x-weir-tries") == "2"
        assert answer.status in (500, 502), answer.status
        assert len(a.seen) + len(b.seen) + len(c.seen) == 2


def test_never_after_what_the_client_did_wrong():
    for status in (400, 401, 404):
        answer, _, good, _ = pair(str(status))
        assert answer.status == status and not good.seen
        assert answer.json()["error"]["message"] == "fake says %d" % status


def test_never_after_the_first_byte():
    answer, _, good, _ = pair("cut", may_be_cut=True, stream=True)
    assert answer.status == 200 and not good.seen


def test_the_last_refusal_is_passed_on():
    with FakeCloud("429") as only, Weir(targets(cloud=only)) as w:
        answer = w.post(ask(HARD))
        assert answer.status == 429 and len(only.seen) == 1
        assert "fake says 429" in answer.json()["error"]["message"]


def test_a_stream_may_also_change_its_target():
    answer, _, _, _ = pair("429", stream=True, stream_options={"include_usage": True})
    assert answer.body == b"".join(events("ok"))


def test_a_stale_kept_connection_is_replaced_without_a_word():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.chat("hi").status == 200
        for sock in fake.socks:  # the target closes what weir keeps
            sock.shutdown(socket.SHUT_RDWR)
        answer = w.chat("hi")
        assert answer.status == 200 and answer.header("x-weir-tries") == "1"
