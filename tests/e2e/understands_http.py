"""What HTTP/1.1 allows works: 100-continue, chunked bodies, kept connections, pipelining."""
import ctypes
import os
import socket
import threading
import time

from harness import FakeCloud, Skip, Weir, ask, request, targets, until


def option(process, fd, level, name):
    """What a socket of another process is set to; None where that is no such socket."""
    pidfd = os.pidfd_open(process.pid)
    try:
        own = ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, fd, 0)  # pidfd_getfd
        if own < 0:
            raise Skip("another process's sockets cannot be looked at here: " +
                       os.strerror(ctypes.get_errno()))
    finally:
        os.close(pidfd)
    try:
        with socket.socket(fileno=own) as s:
            return s.getsockopt(level, name)
    except OSError:
        return None


def test_sockets_wait_for_no_second_packet_and_each_worker_has_its_listener():
    """TCP_NODELAY towards clients and targets; a listener a worker, by SO_REUSEPORT."""
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi")))
        assert c.read().status == 200
        fds = os.listdir("/proc/%d/fd" % w.process.pid)
        links = {fd: os.readlink("/proc/%d/fd/%s" % (w.process.pid, fd)) for fd in fds}
        with open("/proc/net/tcp", encoding="ascii") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        ports = ":%04X" % w.port, ":%04X" % fake.port
        own = {"socket:[%s]" % r[9]: r[3] for r in rows
               if r[1].endswith(ports[0]) or r[2].endswith(ports[1])}
        states = [own[link] for link in links.values() if link in own]
        assert states.count("0A") == 2 and states.count("01") == 2, states  # listening, open
        for fd, link in links.items():
            if own.get(link) == "0A":
                assert option(w.process, int(fd), socket.SOL_SOCKET, socket.SO_REUSEPORT)
            elif own.get(link) == "01":
                assert option(w.process, int(fd), socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_expect_is_answered_before_the_body():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        head, body = request(ask("hi"), {"Expect": "100-continue"}).split(b"\r\n\r\n", 1)
        c.send(head + b"\r\n\r\n")
        assert c.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        c.send(body)
        assert c.read().status == 200
        assert fake.seen[0].header("expect") is None


def test_another_expectation_is_417():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.chat("hi", {"Expect": "202-later"}).status == 417


def test_expect_with_a_body_too_large_is_413_without_100():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n"
               b"Expect: 100-continue\r\n\r\n")
        assert c.read().status == 413


def test_a_chunked_body_is_read_whole():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        body = request(ask("hi")).split(b"\r\n\r\n", 1)[1]
        c.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
               b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in body:
            c.send(b"1;ext=1\r\n%c\r\n" % byte)
        c.send(b"0\r\nX-Trailer: 1\r\n\r\n")
        assert c.read().status == 200
        assert fake.seen[0].body == body.replace(b'"auto"', b'"near-model"')


def test_a_request_may_come_byte_by_byte():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for byte in request(ask("hi")):
            c.send(bytes([byte]))
        assert c.read().status == 200 and len(fake.seen) == 1


def test_a_connection_carries_many_calls_and_the_targets_is_reused():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for _ in range(50):
            c.send(request(ask("hi")))
            answer = c.read()
            assert answer.status == 200 and answer.header("connection") != "close"
        assert fake.connections == 1, fake.connections


def test_the_last_call_of_a_connection_is_announced():
    more = "http: {keepalive_calls: 3}\n"
    with FakeCloud() as fake, Weir(targets(local=fake, more=more)) as w, w.client() as c:
        for last in (False, False, True):
            c.send(request(ask("hi")))
            answer = c.read()
            assert answer.status == 200 and (answer.header("connection") == "close") == last
        assert c.closed()


def test_pipelined_requests_are_answered_in_order():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(b"".join(request(ask("hi", user="u%d" % i)) for i in range(20)))
        for _ in range(20):
            assert c.read().status == 200
        assert [s.json()["user"] for s in fake.seen] == ["u%d" % i for i in range(20)]


def test_a_long_row_of_pipelined_requests_is_answered_though_it_must_wait():
    count = 900  # far more bytes than one connection may keep waiting
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        rows = b"".join(request(b"", {"x-pad": "p" * 600}, path="/v1/models/%d" % i, method="GET")
                        for i in range(count))
        sender = threading.Thread(target=c.send, args=(request(ask("MODE=slow")) + rows,))
        sender.start()
        assert c.read().status == 200
        for _ in range(count):
            assert c.read("GET").status == 404
        sender.join()


def test_a_large_body_behind_a_slow_call_is_read_on():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        long = ask("long " * 200000)
        sender = threading.Thread(target=c.send, args=(request(ask("MODE=slow")) + request(long),))
        sender.start()
        assert c.read().status == 200 and c.read().status == 200
        assert fake.seen[1].json()["messages"] == long["messages"]
        sender.join()


def test_pipelined_requests_cut_at_every_byte():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        for byte in request(ask("hi")) + request(b"", path="/healthz", method="GET") + \
                request(ask("hi", stream=True)):
            c.send(bytes([byte]))
        assert c.read().status == 200 and c.read("GET").json() == {"status": "ok"}
        assert c.read().body.endswith(b"data: [DONE]\n\n")


def test_what_is_pipelined_behind_a_last_request_is_not_answered():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for last in (request(ask("hi"), {"connection": "close"}), b"BROKEN\r\n\r\n"):
            with w.client() as c:
                c.send(last + request(b"", path="/healthz", method="GET"))
                c.read()
                assert c.closed()
        assert len(fake.seen) == 1


def test_a_refused_request_does_not_spoil_those_behind_it():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(b"{") + request(ask("hi", model="no-such")) + request(ask("hi")))
        assert [c.read().status for _ in range(3)] == [400, 404, 200]


def test_a_client_that_leaves_a_pipeline_stops_all_of_it():
    with FakeCloud("hang") as fake, Weir(targets(local=fake)) as w:
        with w.client() as c:
            c.send(request(ask("hi")) * 5)
            seen = fake.wait(1)
        assert seen.gone.wait(5)
        until(lambda: w.metric("weir_calls_open") == 0, "no call is left")
        assert len(fake.seen) == 1


def test_pipelining_behind_a_slow_call_waits():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("MODE=slow")) + request(b"", path="/healthz", method="GET"))
        assert "chatcmpl" in c.read().body.decode()
        assert c.read("GET").json() == {"status": "ok"}


def test_half_closed_clients_get_their_answer_or_an_end():
    """shutdown(SHUT_WR) after the body is rare; weir may take it as leaving, but must not hang."""
    with FakeCloud("slow") as fake, Weir(targets(local=fake)) as w, w.client(5) as c:
        c.send(request(ask("hi")))
        c.sock.shutdown(socket.SHUT_WR)
        while c.more():
            pass
        assert w.get("/healthz").status == 200


def test_http_1_0_closes_and_connection_close_is_obeyed():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        with w.client() as c:
            c.send(request(ask("hi")).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
            assert c.read().status == 200 and c.closed()
        with w.client() as c:
            c.send(request(ask("hi"), {"Connection": "close"}))
            answer = c.read()
            assert answer.header("connection") == "close" and c.closed()


def test_head_requests_have_no_body():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(b"", path="/healthz", method="HEAD"))
        assert c.read("HEAD").status == 200
        c.send(request(b"", path="/healthz", method="GET"))
        assert c.read("GET").json() == {"status": "ok"}


def test_an_idle_connection_is_closed_in_time():
    with FakeCloud() as fake:
        more = "http: {keepalive_timeout: 300ms}\n"
        with Weir(targets(local=fake, more=more)) as w, w.client() as c:
            c.send(request(ask("hi")))
            assert c.read().status == 200
            begin = time.monotonic()
            assert c.closed() and time.monotonic() - begin < 5


def test_too_many_connections_are_turned_away_honestly():
    with FakeCloud() as fake:
        more = "gate: {listen: \"127.0.0.1:0\", workers: 3, connections: 4}\n"
        with Weir(targets(local=fake, more=more)) as w:
            first = w.client()
            page = request(b"", path="/metrics", method="GET")

            def only_one_open():  # those that saw weir start are gone
                first.send(page)
                return b"\nweir_connections_open 1\n" in first.read("GET").body
            until(only_one_open, "the first connection is the only one")
            held = [first] + [w.client() for _ in range(7)]
            for c in held:
                c.send(request(b"", path="/healthz", method="GET"))
            statuses = sorted(c.read("GET").status for c in held)
            assert statuses.count(200) == 4 and statuses.count(503) == 4, statuses
            for c in held:
                c.close()
            until(lambda: w.get("/healthz").status == 200, "there is room again")


def test_a_page_is_no_open_call():
    with FakeCloud("long") as fake, Weir(targets(local=fake)) as w:
        assert w.metric("weir_calls_open") == 0
        with w.client() as c:
            c.send(request(ask("hi", stream=True)))
            c.head()
            assert w.metric("weir_calls_open") == 1
        until(lambda: w.metric("weir_calls_open") == 0, "the call has ended")


def test_sigterm_lets_an_open_call_finish():
    with FakeCloud("slow") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi")))
        fake.wait(1)
        w.process.terminate()
        answer = c.read()
        assert answer.status == 200 and answer.header("connection") == "close"
        assert w.stop(tell=False) == 0


def test_sigterm_ends_idle_connections_and_the_process():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi")))
        assert c.read().status == 200
        w.process.terminate()
        assert c.closed() and w.stop(tell=False) == 0
