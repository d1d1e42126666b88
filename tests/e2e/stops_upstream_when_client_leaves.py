"""The client's disconnect stops the target at once, in every phase."""
import socket

from harness import DeafPort, FakeCloud, Weir, ask, request, targets, until

SOON = 2.0  # seconds; a busy machine is slow, a leak is for ever


def leave(mode, reset, stream, phase):
    with FakeCloud(mode) as fake, Weir(targets(local=fake)) as w:
        c = w.client()
        c.send(request(ask("hi", stream=stream)))
        seen = fake.wait(1)
        if phase == "streaming":
            c.head()
            c.chunk()
        assert not seen.gone.is_set()
        c.close(reset)
        assert seen.gone.wait(SOON), "the target is still at work"
        row = dict(w.rows("select * from entries")[0])
        assert row["status"] == 499 and row["err"] == "CLIENT_GONE", row
        assert until(lambda: w.metric('weir_calls_total{status="gone"}') == 1, "gone is counted")
        until(lambda: w.metric("weir_calls_open") == 0, "no call is left")


def test_while_waiting_for_the_first_byte():
    leave("hang", False, True, "waiting")


def test_while_waiting_by_a_reset():
    leave("hang", True, True, "waiting")


def test_while_waiting_for_a_whole_answer():
    leave("hang", False, False, "waiting")


def test_while_streaming():
    leave("long", False, True, "streaming")


def test_while_streaming_by_a_reset():
    leave("long", True, True, "streaming")


def test_while_shaking_hands():
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, says nothing
        config = "targets: [{name: n, url: \"https://127.0.0.1:%d/v1\", zone: cloud}]\n"
        with Weir(config % silent.getsockname()[1]) as w:
            c = w.client()
            c.send(request(ask("hi")))
            silent.settimeout(5)
            there, _ = silent.accept()
            with there:
                there.settimeout(5)
                assert there.recv(65536), "a TLS hello"
                c.close()
                assert there.recv(65536) == b"", "weir is still shaking hands"


def test_while_connecting():
    with DeafPort() as deaf, Weir(targets(local="http://127.0.0.1:%d/v1" % deaf.port)) as w:
        before = deaf.waiting()
        with w.client() as c:
            c.send(request(ask("hi")))
            until(lambda: deaf.waiting() > before, "weir is connecting")
        row = dict(w.rows("select * from entries")[0])
        assert row["status"] == 499 and row["err"] == "CLIENT_GONE", row
        assert until(lambda: deaf.waiting() <= before, "weir has given up")


def test_a_slow_reader_pauses_the_target_and_keeps_memory_bounded():
    with FakeCloud("flood") as fake, Weir(targets(local=fake)) as w:
        fake.write_timeout = 1  # the fake gives up when nobody reads for this long
        with w.client() as c:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            c.send(request(ask("hi", stream=True)))
            seen = fake.wait(1)
            c.head()
            assert seen.gone.wait(60), "the target was never slowed down"
            assert w.get("/healthz").status == 200
            with open("/proc/%d/status" % w.process.pid, encoding="ascii") as f:
                rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
            assert rss < 400 * 1024, "%d KiB resident" % rss
