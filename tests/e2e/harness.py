"""What the end-to-end tests share: a running weir, a client that sees bytes, waiting for events.

  with FakeCloud() as far, Weir(targets(local=near, cloud=far)) as w:
      answer = w.chat("hello")
"""
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))
from fake_cloud import FakeCloud  # noqa: E402,F401  tests take it from here

BINARY = os.path.abspath(os.environ.get("WEIR") or os.path.join(ROOT, "weir"))
SHARED = os.environ.get("WEIR_SHARED") or os.path.join(ROOT, "..", "shared")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:"
                       r"|broken rule at")
# Texts whose task any classifier gets right: a routine one, and hard ones
ROUTINE = "Hi there! How are you today?"
HARD = "Write a Python function that reverses a linked list."


class Skip(Exception):
    """The test cannot run here; says why."""


def until(condition, what, timeout=10):
    """Waits for what no event tells us: asks again every 10 ms. Returns what it was told."""
    never, end = threading.Event(), time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < end, "not within %g s: %s" % (timeout, what)
        never.wait(0.01)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class DeafPort:
    """A port whose backlog is full: a connect gets no answer, neither yes nor no."""

    def __enter__(self):
        self.socks = [socket.socket() for _ in range(4)]
        self.socks[0].bind(("127.0.0.1", 0))
        self.socks[0].listen(0)
        self.port = self.socks[0].getsockname()[1]
        for s in self.socks[1:]:
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
        return self

    def waiting(self):
        """Connections to it that the kernel still waits for (SYN_SENT)."""
        with open("/proc/net/tcp", encoding="ascii") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        return sum(r[2].endswith(":%04X" % self.port) and r[3] == "02" for r in rows)

    def __exit__(self, *_):
        for s in self.socks:
            s.close()


def targets(local=None, cloud=None, more=""):
    """A configuration with a local and a cloud target; fakes or URLs."""
    rows = []
    for name, fake in (("near", local), ("far", cloud)):
        if fake is not None:
            rows.append("  - {name: %s, url: \"%s\", model: %s-model, zone: %s}" %
                        (name, getattr(fake, "url", fake), name,
                         "local" if name == "near" else "cloud"))
    return "targets:\n" + "\n".join(rows) + "\n" + more


class Answer:
    """One HTTP answer, as it came."""

    def __init__(self, status, headers, body, raw):
        self.status, self.headers, self.body, self.raw = status, headers, body, raw
        self.cut = False  # ended before its framing did

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The error object, checked to be of OpenAI's shape."""
        e = self.json()["error"]
        assert set(e) >= {"message", "type", "param", "code"}, e
        assert e["message"] and e["type"], e
        return e


class Client:
    """One connection, byte by byte."""

    def __init__(self, port, timeout=20):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        self.held += data
        return bool(data)

    def until(self, mark):
        while mark not in self.held:
            if not self.more():
                raise EOFError("closed before %r; held %r" % (mark, self.held[-300:]))
        at = self.held.index(mark) + len(mark)
        out, self.held = self.held[:at], self.held[at:]
        return out

    def take(self, count):
        while len(self.held) < count:
            if not self.more():
                raise EOFError("closed with %d of %d bytes" % (len(self.held), count))
        out, self.held = self.held[:count], self.held[count:]
        return out

    def head(self):
        raw = self.until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")[:-2]
        status = int(re.match(r"HTTP/1\.1 (\d{3}) ", lines[0]).group(1))
        headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        return Answer(status, headers, b"", raw)

    def chunk(self):
        """One chunk's bytes; empty at the end."""
        raw = self.until(b"\r\n")
        size = int(raw, 16)
        data = self.take(size)
        end = self.take(2)
        assert end == b"\r\n", end
        return data

    def read(self, method="POST", may_be_cut=False):
        a = self.head()
        if a.header("transfer-encoding") == "chunked":
            assert a.header("content-length") is None
            try:
                while data := self.chunk():
                    a.body += data
            except EOFError:
                a.cut = may_be_cut
                if not a.cut:
                    raise
        elif method != "HEAD" and a.header("content-length"):
            a.body = self.take(int(a.header("content-length")))
        elif method != "HEAD" and a.status not in (204, 304, 100):
            while self.more():
                pass
            a.body, self.held = self.held, b""
        return a

    def closed(self):
        """True when the other side ends without another byte."""
        while self.more():
            pass
        return self.held == b""

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def names_a_place(error):
    """True when an error tells the field or the byte that is wrong."""
    return bool(error["param"]) or re.search(r"at byte \d+\b", error["message"]) is not None


def request(body, headers=(), path="/v1/chat/completions", method="POST"):
    """A request's bytes. body: bytes, or something that becomes JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    rows = ["%s %s HTTP/1.1" % (method, path), "Host: weir.test"]
    if method == "POST":
        rows += ["Content-Type: application/json", "Content-Length: %d" % len(body)]
    rows += ["%s: %s" % (n, v) for n, v in dict(headers).items()]
    return ("\r\n".join(rows) + "\r\n\r\n").encode() + body


def ask(text, model="auto", **more):
    return dict({"model": model, "messages": [{"role": "user", "content": text}]}, **more)


class Weir:
    """A weir of its own: port, folder, configuration; ended cleanly, or the test fails."""

    def __init__(self, config, env=None, ready=True, session=False, limit=None):
        self.folder = tempfile.mkdtemp(prefix="weir-e2e.")
        self.db = os.path.join(self.folder, "weir.db")
        self.config = os.path.join(self.folder, "weir.yaml")
        if config is not None:  # else it looks around for what there is
            self.write(config)
        self.env = dict(os.environ, **(env or {}))
        self.limit = limit      # bytes that no file it writes may pass
        self.session = session  # a process group of its own, as in a terminal
        self.start()
        if ready:
            until(lambda: self.get("/readyz").status == 200, "weir is ready")

    def write(self, config):
        for section, line in (("gate", "gate: {listen: \"127.0.0.1:0\", workers: 2, drain: 2s}"),
                              ("ledger", "ledger: {path: \"%s\", batch: 20ms}" % self.db)):
            if not re.search("^%s:" % section, config, re.M):
                config += line + "\n"
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(config)

    def start(self):
        self.log, self.port, self.dead = [], None, False
        where = ["-c", self.config] if os.path.exists(self.config) else ["--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [BINARY, "serve", *where, "--log", "info"], cwd=self.folder, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", start_new_session=self.session,
            preexec_fn=self.limit and (lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (self.limit, self.limit))))
        self.serving = threading.Event()
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        if not self.serving.wait(20) or not self.port:
            self.process.kill()
            raise AssertionError("weir did not start:\n" + "".join(self.log))

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line)
            m = re.search(r"serving on port (\d+)", line)
            if m:
                self.port = int(m.group(1))
                self.serving.set()
        self.serving.set()

    def client(self, timeout=20):
        return Client(self.port, timeout)

    def send(self, data, method="POST", may_be_cut=False):
        with self.client() as c:
            c.send(data)
            return c.read(method, may_be_cut)

    def post(self, body, headers=(), path="/v1/chat/completions", may_be_cut=False):
        return self.send(request(body, headers, path), may_be_cut=may_be_cut)

    def get(self, path, method="GET"):
        return self.send(request(b"", path=path, method=method), method)

    def chat(self, text, headers=(), **more):
        return self.post(ask(text, **more), headers)

    def rows(self, sql, at_least=1):
        """Rows of the ledger, waited for until there are so many."""
        def look():
            with sqlite3.connect("file:%s?mode=ro" % self.db, uri=True, timeout=5) as db:
                db.row_factory = sqlite3.Row
                try:
                    got = db.execute(sql).fetchall()
                except sqlite3.OperationalError:
                    return None
            return got if len(got) >= at_least else None
        return until(look, "%d rows of: %s" % (at_least, sql))

    def metric(self, name):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None

    def wait_for_end(self, told):
        """Under ThreadSanitizer one signal in ten thousand never reaches its handler (the kernel
        holds none, libuv counted none, a second one works); other builds get no second chance."""
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            if told and "/tsan/" in BINARY and not any("signal 15" in line for line in self.log):
                self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def threads(self):
        """Where each thread stands, and which signals wait for it."""
        out, folder = [], "/proc/%d/task" % self.process.pid
        for task in os.listdir(folder):
            with open(os.path.join(folder, task, "status"), encoding="utf-8") as f:
                states = [" ".join(line.split()) for line in f
                          if line.startswith(("State:", "SigPnd:", "ShdPnd:", "SigBlk:"))]
            with open(os.path.join(folder, task, "wchan"), encoding="utf-8") as f:
                out.append("thread %s in %s, %s" % (task, f.read() or "-", ", ".join(states)))
        return "\n".join(out)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def stop(self, tell=True):
        """SIGTERM; returns the exit status and checks that nothing was found on the way."""
        if tell and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.wait_for_end(tell)
        except subprocess.TimeoutExpired:
            where = self.threads()
            self.kill()
            raise AssertionError("weir did not end within 15 s of SIGTERM:\n%s\n%s" % (
                where, "".join(self.log)[-3000:])) from None
        self.reader.join()
        text = "".join(self.log)
        assert not SANITIZER.search(text), text[-6000:]
        assert status in (0, -signal.SIGKILL), "weir ended with %d:\n%s" % (status, text[-3000:])
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop()
        except AssertionError:
            if kind is None:
                raise
            print("".join(self.log)[-3000:])
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def command(*argv, stdin="", env=None, timeout=60, cwd=None):
    """Runs `weir ARGV`; returns the finished process."""
    p = subprocess.run([BINARY, *argv], input=stdin, capture_output=True, text=True, check=False,
                       env=dict(os.environ, **(env or {})), timeout=timeout, cwd=cwd)
    assert not SANITIZER.search(p.stderr), p.stderr
    return p
