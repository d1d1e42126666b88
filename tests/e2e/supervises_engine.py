"""weir starts an engine itself, waits for its health, restarts it, and ends it with itself."""
import os
import signal
import sys
import tempfile

from harness import FakeCloud, Weir, free_port, until

FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fakes", "fake_cloud.py")


def engine(port, extra=""):
    return ("engines:\n"
            "  - {name: own, command: [\"%s\", \"%s\", \"--port\", \"%d\"], model: m,\n"
            "     url: \"http://127.0.0.1:%d/v1\", health: /health, log: engine.log%s}\n"
            "upstream: {probe_every: 100ms}\n" % (sys.executable, os.path.abspath(FAKE), port,
                                                  port, extra))


def child_of_process(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(p) for p in f.read().split()]


def child_of(w):
    """Process ids of weir's children."""
    return child_of_process(w.process.pid)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_starts_and_serves():
    with Weir(engine(free_port())) as w:
        answer = w.chat("hi")
        assert answer.status == 200 and answer.header("x-weir-target") == "own"
        pid = child_of(w)[0]
        assert w.stop() == 0
        until(lambda: not alive(pid), "the engine has ended with weir")


def test_it_is_started_again_when_it_dies():
    with Weir(engine(free_port())) as w:
        first = child_of(w)[0]
        os.kill(first, signal.SIGKILL)
        second = until(lambda: [p for p in child_of(w) if p != first and alive(p)], "a new engine")
        until(lambda: w.chat("hi").status == 200, "it serves again", 20)
        assert second[0] != first


def test_it_ends_even_when_weir_is_killed():
    with Weir(engine(free_port())) as w:
        pid = child_of(w)[0]
        w.kill()
        until(lambda: not alive(pid), "the engine has ended")


NOTES_SIGNALS = """
import os, signal, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from fake_cloud import FakeCloud
def note(signo, _):
    os.write(2, b"got signal %d\\n" % signo)
    if signo == signal.SIGTERM:
        os._exit(0)
signal.signal(signal.SIGINT, note)
signal.signal(signal.SIGTERM, note)
FakeCloud(port=int(sys.argv[2])).thread.join()
"""


def test_ctrl_c_in_a_terminal_ends_weir_and_weir_the_engine():
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(NOTES_SIGNALS)
        script.flush()
        config = ("engines:\n"
                  "  - {name: own, command: [\"%s\", \"%s\", \"%s\", \"%d\"], model: m,\n"
                  "     url: \"http://127.0.0.1:%d/v1\", health: /health, log: engine.log}\n" %
                  (sys.executable, script.name, os.path.abspath(FAKE), port, port))
        with Weir(config, session=True) as w:
            assert w.chat("hi").status == 200
            os.killpg(w.process.pid, signal.SIGINT)  # as a terminal does: the whole group
            assert w.stop(tell=False) == 0
            with open(os.path.join(w.folder, "engine.log"), encoding="ascii") as f:
                assert f.read() == "got signal %d\n" % signal.SIGTERM


def test_a_wrapper_that_has_to_be_killed_leaves_no_engine_behind():
    port = free_port()
    wrapper = "trap '' TERM; '%s' '%s' --port %d & wait" % (
        sys.executable, os.path.abspath(FAKE), port)
    config = ("engines:\n"
              "  - {name: own, command: [/bin/sh, -c, \"%s\"], model: m, log: engine.log,\n"
              "     url: \"http://127.0.0.1:%d/v1\", health: /health}\n" % (wrapper, port))
    with Weir(config) as w:
        inner = until(lambda: child_of_process(child_of(w)[0]), "the wrapped engine")[0]
        assert w.stop() == 0
        until(lambda: not alive(inner), "the wrapped engine has ended")


def test_while_it_starts_the_answer_is_503_and_not_an_error_of_ours():
    port = free_port()
    config = engine(port).replace("\"--port\"", "\"--no-such-option\"")
    with Weir(config, ready=False) as w:
        assert w.get("/healthz").status == 200
        ready = w.get("/readyz")
        assert ready.status == 503 and ready.json()["targets"][0]["health"] != "up"
        answer = w.chat("hi")
        assert answer.status == 503 and answer.error()["code"] == "no_target_available"


def test_a_command_that_does_not_exist_is_said():
    config = ("engines:\n  - {name: own, command: [/nonexistent/server], "
              "url: \"http://127.0.0.1:9/v1\"}\n")
    with Weir(config, ready=False) as w:
        until(lambda: any("/nonexistent/server" in line for line in w.log), "it is in the log")
        assert w.chat("hi").status == 503


def test_a_second_target_serves_meanwhile():
    with FakeCloud() as fake:
        config = engine(free_port()).replace("\"--port\"", "\"--no-such-option\"")
        config += "targets: [{name: other, url: \"%s\", zone: local}]\n" % fake.url
        with Weir(config) as w:
            answer = w.chat("hi")
            assert answer.status == 200 and answer.header("x-weir-target") == "other"
