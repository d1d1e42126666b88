#!/usr/bin/env python3
"""The bench tells the truth: its programs count what a bad gateway does wrong, its bodies are what
they are said to be, its table calls a bar missed that is missed. BENCH: folder of the programs."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import gateways  # noqa: E402
import machine  # noqa: E402
import prompts  # noqa: E402
import report  # noqa: E402

os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # their memory ends with them
PROGRAMS = os.path.join(ROOT, os.environ.get("BENCH", "build/asan/bench"))
GAP_NS = 20 * 10**6
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
FRAMED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"


class Server:
    """A gateway that answers each request with reply(number), in pieces of `piece` bytes; the
    connection ends where the reply says so. Keeps the bodies that came."""

    def __init__(self, reply, piece=1 << 20):
        self.reply, self.piece, self.bodies = reply, piece, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while lines.readline():
                length = 0
                while (line := lines.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line[15:])
                self.bodies.append(lines.read(length))
                try:
                    reply, close = self.reply(len(self.bodies) - 1)
                    for at in range(0, len(reply), self.piece):
                        connection.sendall(reply[at:at + self.piece])
                except OSError:
                    return
                if close:
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Provider(machine.Process):
    def __init__(self):
        self.port = machine.free_port()
        super().__init__([os.path.join(PROGRAMS, "provider"), str(self.port)], machine.LOAD_CORE)
        machine.wait_for_port(self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def bodies_file(lines):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as f:
        f.writelines(line + "\n" for line in lines)
    return f.name


PLAIN = bodies_file('{"n": %d, "text": "%s"}' % (i, prompts.MARK) for i in range(3))
STREAM = bodies_file(['{"stream":true}'])


def run(name, *args):
    done = subprocess.run([os.path.join(PROGRAMS, name), *map(str, args)], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sse(events):
    """A whole answer with these events' data."""
    body = b"".join(b"data: %s\n\n" % e for e in events)
    return FRAMED % (len(body), body)


def stamped(numbers):
    return [b'{"c":"@%d:%d@"}' % (n, time.monotonic_ns() - GAP_NS) for n in numbers]


def one_stream(reply, close=False, piece=1 << 20):
    """What `streams` says of one stream that is answered like this."""
    def late(_):
        threading.Event().wait(0.01)  # then it begins no second one
        return reply, close
    with Server(late, piece) as server:
        got = run("streams", server.port, 1, 0.001, STREAM)
    assert got["streams"] == 1, got
    return got


# --- the programs --------------------------------------------------------------------------------

def test_calls_counts_whole_answers():
    with Provider() as provider:
        got = run("calls", provider.port, 4, 0.3, PLAIN)
    assert got["calls"] > 50 and got["bad"] == 0, got


def test_calls_counts_what_is_bad():
    last = OK.replace(b"Content", b"Connection: close\r\nContent")
    replies = [(OK, False), (OK.replace(b"200", b"500"), False), (OK[:-1], True), (b"", True),
               (b"nonsense\r\n\r\n" + OK, True), (last, True)]
    with Server(lambda n: replies[n] if n < len(replies) else (OK, False)) as server:
        got = run("calls", server.port, 1, 0.3, PLAIN)
    assert got["bad"] == 4, got
    assert got["calls"] == len(server.bodies) - 4, (got, len(server.bodies))


def test_no_two_calls_say_the_same():
    with Server(lambda n: (OK, False)) as server:
        run("calls", server.port, 3, 0.3, PLAIN)
    assert len(server.bodies) > 20 and len(set(server.bodies)) == len(server.bodies)
    assert all(json.loads(b)["n"] in (0, 1, 2) for b in server.bodies)
    assert prompts.MARK.encode() not in b"".join(server.bodies)


def test_answers_come_in_any_pieces():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
              b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: t\r\n\r\n"
    for reply in (OK, chunked):
        with Server(lambda n, reply=reply: (reply, False), piece=1) as server:
            got = run("calls", server.port, 1, 0.2, PLAIN)
        assert got["calls"] > 2 and got["bad"] == 0, got


def test_an_answer_may_end_with_its_connection():
    with Server(lambda n: (b"HTTP/1.1 200 OK\r\n\r\n{}", True)) as server:
        got = run("calls", server.port, 1, 0.1, PLAIN)
    assert got["calls"] > 2 and got["bad"] == 0, got


def test_turns_tells_both_sides_apart():
    def slow(_):
        threading.Event().wait(0.003)
        return OK, False
    with Server(lambda n: (OK, False)) as direct, Server(slow) as gateway:
        got = run("turns", direct.port, gateway.port, 40, PLAIN)
    assert got["direct"]["calls"] == got["through"]["calls"] == 40, got
    assert got["through"]["p50"] > got["direct"]["p50"] + 2000, got


def test_turns_counts_what_is_bad():
    with Server(lambda n: (OK, False)) as direct, \
            Server(lambda n: (OK if n % 2 else OK.replace(b"200", b"404"), False)) as gateway:
        got = run("turns", direct.port, gateway.port, 40, PLAIN)
    assert (got["direct"]["bad"], got["through"]["bad"]) == (0, 20), got


def test_streams_sees_every_event_of_the_provider():
    with Provider() as provider:
        got = run("streams", provider.port, 3, 0.1, STREAM)
    assert got["streams"] >= 1 and got["lost"] == got["broken"] == 0, got
    assert got["events"] == 64 * got["streams"] and 0 < got["first_p50"] < 1e6, got


def test_streams_in_any_pieces():
    got = one_stream(sse(stamped(range(64)) + [b"[DONE]"]), piece=7)
    assert (got["events"], got["lost"], got["broken"]) == (64, 0, 0), got
    assert got["age_p50"] >= 20000, got


def test_streams_counts_lost_and_broken():
    done = [b"[DONE]"]
    cases = [  # what the gateway sends, whether it closes, lost, broken
        (sse(stamped([n for n in range(64) if n != 63]) + done), False, 1, 1),
        (sse(stamped(range(64))), False, 0, 1),
        (sse(stamped(range(64)) + done)[:-5], True, 0, 1),
        (sse(stamped([1, 0] + list(range(2, 64))) + done), False, 63, 1),
        (sse(stamped(list(range(64)) + [5]) + done), False, 0, 0),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", False, 64, 1),
    ]
    for number, (reply, close, lost, broken) in enumerate(cases):
        got = one_stream(reply, close)
        assert (got["lost"], got["broken"]) == (lost, broken), (number, got)


def test_hold_says_how_many_were_kept():
    with Provider() as provider:
        for open_now in (True, False):
            holder = subprocess.Popen([os.path.join(PROGRAMS, "hold"), str(provider.port), "50",
                                       PLAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert json.loads(holder.stdout.readline()) == {"asked": 50, "open": 50}
            if not open_now:
                provider.stop()
            kept = json.loads(holder.communicate()[0])["kept"]
            assert kept == (50 if open_now else 0), kept


def test_judge_reads_the_bodies_that_are_sent():
    texts = prompts.Texts()
    got = run("judge", bodies_file(prompts.spread(texts, 6000, 40)),
              bodies_file(prompts.single(texts, 8192, 4)))
    assert 0 < got["classify_p50"] <= got["classify_p99"] and got["scan_mb_s"] > 0, got


# --- bodies --------------------------------------------------------------------------------------

def test_bodies_have_their_size_and_differ():
    texts = prompts.Texts()
    for size in (500, 8192, 61440):
        bodies = prompts.single(texts, size, 20)
        assert {len(b.encode()) for b in bodies} == {size}
        assert len(set(bodies)) == 20 and not any("[[" in b and "]]" in b for b in bodies)
        assert all(b.count(prompts.MARK) * 2048 > size - 200 for b in bodies)
        assert bodies == prompts.single(texts, size, 20), "another run makes others"


def test_foreign_texts_are_used_as_they_are():
    path = bodies_file([json.dumps({"text": "A line with [[words]] of its own, é and \"quotes\"."}),
                        json.dumps({"text": "short"})])
    bodies = prompts.single(prompts.Texts(path), 500, 3)
    assert {len(b) for b in bodies} == {500}
    assert all("[[words]]" in json.loads(b)["messages"][1]["content"] for b in bodies)


def test_talks_grow_by_what_is_new():
    bodies = [json.loads(b)["messages"] for b in prompts.grown(prompts.Texts(), 20000, 2, 8)]
    for talk in (bodies[0::2], bodies[1::2]):
        assert len(talk) == 4
        for earlier, later in zip(talk, talk[1:]):
            assert later[:len(earlier) - 1] == earlier[:-1] and len(later) == len(earlier) + 2
            assert earlier[-1]["content"] == prompts.MARK + " " + later[-3]["content"]
        assert all([m["role"] for m in t[-2:]] == ["assistant", "user"] for t in talk)
        assert all(abs(len(json.dumps(t)) - 20000) < 3000 for t in talk)


# --- the machine ---------------------------------------------------------------------------------

def test_cpu_is_that_of_the_whole_tree():
    burn = "import os, signal, time\nif os.fork() == 0:\n while time.process_time() < 0.3: pass\n" \
           " os._exit(0)\nos.wait()\nwhile time.process_time() < 0.2: pass\nsignal.pause()"
    process = machine.Process([sys.executable, "-c", burn], machine.LOAD_CORE)
    try:
        end = time.monotonic() + 30
        while process.cpu_s() < 0.48 and time.monotonic() < end:
            process.popen.poll()
        assert 0.45 <= process.cpu_s() < 0.8, process.cpu_s()
        assert process.rss_kib() > 1000
    finally:
        process.stop()
    assert process.ended() and process.cpu_s() == 0


def test_stopping_takes_children_along():
    process = machine.Process(["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"],
                              machine.LOAD_CORE)
    while len(process.tree()) < 2:
        assert not process.ended()
    tree = process.tree()
    machine.STOP_S = 1
    process.stop()
    assert not any(machine.stat_of(p) and machine.stat_of(p)[0] != "Z" for p in tree), tree


# --- gateways ------------------------------------------------------------------------------------

SLOW_STARTER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_POST(self):
        Answer.asked += 1
        self.send_response(503 if Answer.asked < 3 else 200)
        self.end_headers()
open("environment", "w").write(" ".join(os.environ))
print(open("settings").read(), file=sys.stderr, flush=True)
if sys.argv[1] == "0":
    sys.exit(1)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def start_gateway(folder, port):
    gateways.GATEWAYS["probe"] = {"command": [sys.executable, "-c", SLOW_STARTER, port],
                                  "files": {"settings": "to {provider}"},
                                  "environment": {"ITS_OWN": "{}"}}
    return gateways.Gateway("probe", folder, 4711).run()


def test_a_gateway_has_started_when_it_answers_well():
    os.environ["SOME_API_KEY"] = "secret"
    with tempfile.TemporaryDirectory() as folder, start_gateway(folder, "{port}") as gateway:
        assert gateway.start_ms > 0 and not gateway.process.ended()
        with open(folder + "/probe/environment", encoding="utf-8") as f:
            names = f.read().split()
        assert "ITS_OWN" in names and "SOME_API_KEY" not in names, names
    assert gateway.process.ended()


def test_a_gateway_that_ends_is_told_with_its_log():
    with tempfile.TemporaryDirectory() as folder:
        try:
            with start_gateway(folder, "0"):
                raise AssertionError("it has not started")
        except RuntimeError as error:
            assert str(error).endswith("its log: to 4711"), error


# --- the table -----------------------------------------------------------------------------------

def row(gateway, cpu_us, first_us=100, lost=0, **more):
    return dict({"gateway": gateway, "0.5 KB": {"cpu_us": cpu_us, "bad": 0, "others": 0.1},
                 "streams 200": {"first_p50": first_us, "lost": lost, "broken": 0},
                 "turns": {"direct": {"p50": 10, "p99": 20, "bad": 0},
                           "through": {"p50": 10 + cpu_us, "p99": 90, "bad": 0}}}, **more)


def line(rows, what):
    lines = [l for l in report.table(rows).split("\n") if l.startswith("| " + what)]
    assert len(lines) == 1, (what, lines)
    return [cell.strip() for cell in lines[0].split("|")[2:-1]]


def test_table_holds_medians_to_the_bars():
    nginx = [row("nginx", cpu) for cpu in (10, 20, 90)]
    held = nginx + [row("weir", cpu, 150) for cpu in (1, 30, 31)]
    missed = nginx + [row("weir", cpu, 151) for cpu in (30, 31, 400)]
    what = "CPU per call, 0.5 KB"
    assert line(held, what) == ["20", "30", "1.50 ×", "≤ 1.5 × nginx", "held"]
    assert line(missed, what) == ["20", "31", "1.55 ×", "≤ 1.5 × nginx", "**missed**"]
    assert line(held, "added latency, one connection, p50")[2:] == ["1.50 ×", "≤ 1.25 × nginx",
                                                                   "**missed**"]
    assert line(held, "200 streams: first event, p50")[2:] == ["+50", "≤ nginx + 50", "held"]
    assert line(missed, "200 streams: first event, p50")[2:] == ["+51", "≤ nginx + 50",
                                                                 "**missed**"]


def test_table_adds_up_what_must_not_happen():
    rows = [row("nginx", 10)] + [row("weir", 10, lost=lost) for lost in (0, 0, 3)]
    assert line(rows, "200 streams: events lost") == ["0", "3", "", "0", "**missed**"]
    rows[-1]["0.5 KB"]["bad"], rows[-2]["turns"]["through"]["bad"] = 1, 2
    assert line(rows, "bad answers")[1] == "3"


def test_table_of_figures_that_were_not_taken():
    rows = [row("nginx", 10), row("crabllm", 70, judge={})]
    assert line(rows, "CPU per call, 0.5 KB") == ["10", "–", "", "≤ 1.5 × nginx", "", "70"]
    assert line(rows, "start to first answer") == ["–", "–", "", "≤ 50", "", "–"]
    scan = [row("weir", 1, judge={"scan_mb_s": 499.0})]
    assert line(scan, "scan for") == ["–", "499", "", "≥ 500", "**missed**"]
    assert abs(report.disturbance(rows) - 0.1) < 1e-9


def main():
    failed = 0
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    wanted = [(n, f) for n, f in tests if all(word in n for word in sys.argv[1:])]
    for name, test in wanted:
        try:
            test()
        except (AssertionError, RuntimeError, SystemExit) as error:
            failed += 1
            print("FAILED %s: %s" % (name, error))
    for path in (PLAIN, STREAM):
        os.unlink(path)
    print("%d passed, %d failed, 0 skipped" % (len(wanted) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
