"""How weir ends: what runs may finish, none comes in; only the first thread takes signals."""
import os
import signal

from harness import FakeCloud, Weir, ask, request, targets, until

TERM = 1 << (signal.SIGTERM - 1)


def first_event(client):
    client.send(request(ask("hi", stream=True)))
    assert client.head().status == 200
    assert client.chunk(), "the stream runs"


def refused(w):
    try:
        w.client(timeout=2).close()
    except (ConnectionRefusedError, ConnectionResetError):  # the port closed, or just then
        return True
    return False


def test_a_running_call_finishes_and_none_comes_in():
    with FakeCloud("sleepy") as fake, Weir(targets(local=fake)) as w, w.client() as c:
        c.send(request(ask("hi")))
        fake.wait(1)
        w.process.send_signal(signal.SIGTERM)
        until(lambda: refused(w), "new connections are refused")
        answer = c.read()
        assert answer.status == 200 and answer.header("connection") == "close"
        assert c.closed() and w.process.wait(10) == 0


def test_when_the_time_is_up_a_stream_is_cut_and_told():
    more = "gate: {listen: \"127.0.0.1:0\", workers: 2, drain: 300ms}\n"
    with FakeCloud("long") as fake, Weir(targets(local=fake, more=more)) as w, w.client() as c:
        first_event(c)
        w.process.send_signal(signal.SIGTERM)
        assert w.process.wait(10) == 0
        assert not c.held.endswith(b"0\r\n\r\n"), "it may not look whole"


def test_a_second_signal_ends_at_once():
    more = "gate: {listen: \"127.0.0.1:0\", workers: 2, drain: 60s}\n"
    with FakeCloud("long") as fake, Weir(targets(local=fake, more=more)) as w, w.client() as c:
        first_event(c)
        w.process.send_signal(signal.SIGTERM)
        until(lambda: refused(w), "it drains")
        assert w.process.poll() is None
        w.process.send_signal(signal.SIGTERM)
        assert w.process.wait(10) == 0


def open_to_term(pid):
    """Threads that SIGTERM may be given to."""
    out, folder = [], "/proc/%d/task" % pid
    for task in os.listdir(folder):
        with open(os.path.join(folder, task, "status"), encoding="utf-8") as f:
            blocked = [line.split()[1] for line in f if line.startswith("SigBlk:")]
        if not int(blocked[0], 16) & TERM:
            out.append(int(task))
    return out


def test_signals_go_to_the_first_thread_alone():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        first = [w.process.pid]
        until(lambda: open_to_term(first[0]) == first, "only the first thread takes it")
