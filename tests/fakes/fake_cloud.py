#!/usr/bin/env python3
"""A fake cloud: speaks OpenAI's chat completions on loopback and misbehaves as it is told.

How it behaves is its `mode`, or the word behind MODE= in a request's body. It keeps every request
as the bytes that came (`seen`) and when its client left. In a test: with FakeCloud("cut") as fake.
From a shell: fake_cloud.py [--port N] [--mode MODE] [--tls CERT KEY]; GET /_seen tells as JSON.

Modes. A whole answer or stream: ok, nodone (finish reason, no end mark), usage_every, crlf (CRLF,
comments, joined data lines), big (an event of 1 MiB), trickle (a byte a write), pieces (chunks and
packets end anywhere), long (a stream that ends when its client leaves), flood (the same, as fast as
it is read), slow (200 ms, then ok), sleepy (600 ms).
Failing before a byte: 400 401 404 408 429 500 502 503, hang, garbage, redirect, close, early_error,
200_error.
Failing inside: cut, rst, cut_first (in its first event), nofinish (ends well-framed, without a
finish), mid_error, cut_whole, half (of a whole answer, then silence).
"""
import argparse
import json
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time

WORDS = ["The", " tide", " turns", " at", " noon", "."]
USAGE = {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18,
         "prompt_tokens_details": {"cached_tokens": 4},
         "completion_tokens_details": {"reasoning_tokens": 0}}


class Seen:
    """One request as it came, and what became of it."""

    def __init__(self, line, headers, body):
        self.method, self.path = line.split(" ")[:2]
        self.headers, self.body = headers, body
        self.at = time.monotonic()
        self.gone_at = None
        self.gone = threading.Event()      # its client left before the answer was whole
        self.finished = threading.Event()  # the answer was written whole
        self.writes = 0

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name), None)

    def json(self):
        return json.loads(self.body)


def chunk(i, word=None, finish=None, usage=None, stream_usage=False):
    c = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1700000000,
         "model": "fake-1-2026", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if word is not None:
        c["choices"][0]["delta"] = {"content": word}
        if i == 0:
            c["choices"][0]["delta"]["role"] = "assistant"
    if stream_usage:
        c["usage"] = usage
    return c


def events(mode="ok", usage=True, words=None):
    """The stream's events as bytes, as this mode sends them."""
    every = mode == "usage_every"
    rows = [chunk(i, w, usage=USAGE if every else None, stream_usage=usage or every)
            for i, w in enumerate(words or WORDS)]
    if mode == "big":
        rows[2]["choices"][0]["delta"]["content"] = "x" * (1 << 20)
    rows.append(chunk(9, finish="stop", usage=USAGE if every else None,
                      stream_usage=usage or every))
    if usage:
        rows.append(dict(chunk(9), choices=[], usage=USAGE))
    out = [b"data: " + json.dumps(r).encode() + b"\n\n" for r in rows]
    if mode != "nodone":
        out.append(b"data: [DONE]\n\n")
    if mode == "crlf":
        out = [e.replace(b"\n", b"\r\n") for e in out]
        out.insert(0, b": PROCESSING\r\n\r\n")
        out.insert(3, b": keep-alive\n\n")
        out[5] = b'data: {"id":"chatcmpl-fake",\ndata: ' + out[5][len(b'data: {"id": '):].split(
            b",", 1)[1].replace(b"\r\n", b"\n")
    return out


def whole(text="".join(WORDS)):
    return json.dumps({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1700000000,
        "model": "fake-1-2026", "choices": [{
            "index": 0, "message": {"role": "assistant", "content": text},
            "finish_reason": "stop", "logprobs": None}],
        "usage": USAGE, "x_unknown": {"kept": [1, 2.50, "\u00e9"]}}).encode()


def error(status):
    word = {429: "rate_limit_error", 401: "authentication_error"}.get(status, "server_error")
    return json.dumps({"error": {"message": "fake says %d" % status, "type": word,
                                 "param": None, "code": None}}).encode()


class Left(Exception):
    """The client left."""


class Connection:
    """Reads requests from one socket and answers each."""

    def __init__(self, fake, sock):
        self.fake, self.sock, self.held, self.now = fake, sock, b"", None

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Left
        if self.fake.tap:
            self.fake.tap(data)
        self.held += data

    def take(self, count):
        while len(self.held) < count:
            self.more()
        out, self.held = self.held[:count], self.held[count:]
        return out

    def line(self):
        while b"\r\n" not in self.held:
            self.more()
        out, self.held = self.held.split(b"\r\n", 1)
        return out.decode("latin-1")

    def request(self):
        first, headers, body = self.line(), [], b""
        while row := self.line():
            name, _, value = row.partition(":")
            headers.append((name, value.strip()))
        seen = Seen(first, headers, b"")
        if (seen.header("transfer-encoding") or "").lower() == "chunked":
            while size := int(self.line(), 16):
                body += self.take(size)
                self.take(2)
            self.line()
        else:
            body = self.take(int(seen.header("content-length") or 0))
        seen.body = body
        return seen

    def write(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Left from e
        self.now.writes += 1

    def until_left(self):
        """Waits for the client to leave; nothing else is expected from it."""
        self.sock.settimeout(30)
        while self.sock.recv(65536):
            pass
        raise Left

    def head(self, status, kind, length=None):
        rows = ["HTTP/1.1 %d Fake" % status, "Content-Type: " + kind, "x-request-id: req_fake",
                "Set-Cookie: crumb=1", "Server: fake"] + self.fake.headers
        rows.append("Transfer-Encoding: chunked" if length is None else
                    "Content-Length: %d" % length)
        return ("\r\n".join(rows) + "\r\n\r\n").encode()

    def answer(self, status, body, kind="application/json"):
        self.write(self.head(status, kind, len(body)) + body)

    def chunked(self, data):
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def stream(self, mode, usage, said):
        out = self.fake.replay or events(mode, usage, said and [said[:3], said[3:]])
        if mode == "early_error":
            out = [b"data: " + error(503) + b"\n\n"]
        elif mode == "nofinish":
            out = out[:3]
        elif mode == "mid_error":
            out = out[:2] + [b"data: " + error(500) + b"\n\n"]
        head = self.head(200, "text/event-stream; charset=utf-8")
        if mode == "pieces":
            return self.pieces(head, b"".join(out))
        self.write(head)
        for i, event in enumerate(out):
            if mode in ("cut", "rst") and i == 2:
                raise Left
            if mode == "cut_first":
                self.chunked(event[:20])
                raise Left
            if mode in ("long", "flood") and i == 2:
                self.forever(mode, event)
            for piece in [event[j:j + 1] for j in range(len(event))] if mode == "trickle" else \
                    [event]:
                self.chunked(piece)
        self.write(b"0\r\n\r\n")

    def pieces(self, raw, data):
        """Cut at random: data into chunks, then all of it, their sizes too, into packets."""
        while data:
            n = random.randrange(1, 200)
            raw += b"%x\r\n%s\r\n" % (len(data[:n]), data[:n])
            data = data[n:]
        raw += b"0\r\n\r\n"
        while raw:
            n = random.choice([1, 2, 3, 10, 100, 1000])
            self.write(raw[:n])
            raw = raw[n:]

    def forever(self, mode, event):
        if mode == "long":
            self.until_left()
        self.sock.settimeout(self.fake.write_timeout)
        while not self.fake.stop.is_set():
            self.chunked(event * 100)
        raise Left

    def serve(self, seen):
        found = re.search(rb"MODE=(\w+)", seen.body)
        mode = found.group(1).decode() if found else self.fake.mode
        if seen.path == "/_seen":
            return self.answer(200, json.dumps([
                {"path": s.path, "headers": s.headers, "body": s.body.decode("latin-1"),
                 "gone": s.gone.is_set()} for s in self.fake.seen]).encode())
        if seen.method == "GET" and self.fake.pages is not None:
            page = self.fake.pages.get(seen.path)
            return self.answer(404 if page is None else 200, json.dumps(page).encode())
        if seen.method == "GET":  # a probe
            return self.answer(200, b'{"object":"list","data":[{"id":"fake-1"}]}')
        self.fake.note(seen)
        if self.fake.refusal:
            status, kind, body = self.fake.refusal
            return self.answer(status, body, kind)
        if mode.isdigit():
            return self.answer(int(mode), error(int(mode)))
        if mode == "200_error":
            return self.answer(200, error(503))
        if mode == "hang":
            self.until_left()
        if mode == "slow":
            self.fake.stop.wait(0.2)
        if mode == "sleepy":
            self.fake.stop.wait(0.6)
        if mode == "garbage":
            return self.write(b"SSH-2.0-fake\r\n\r\n")
        if mode == "close":
            raise Left
        if mode == "redirect":
            self.fake.headers = ["Location: http://127.0.0.1:1/elsewhere"]
            return self.answer(302, b"{}")
        said = self.fake.say(seen) if callable(self.fake.say) else self.fake.say
        if re.search(rb'"stream"\s*:\s*true', seen.body):
            return self.stream(mode, b'"include_usage":true' in seen.body.replace(b" ", b""), said)
        body = self.fake.body or (whole(said) if said else whole())
        if mode == "half":
            self.write(self.head(200, "application/json", len(body)) + body[:20])
            self.until_left()
        if mode == "cut_whole":
            self.write(self.head(200, "application/json", len(body)) + body[:20])
            raise Left
        return self.answer(200, body)

    def run(self):
        try:
            while True:
                self.now = None
                seen = self.request()
                self.now = seen
                self.serve(seen)
                seen.finished.set()
        except (Left, OSError, ValueError):
            seen = self.now
        if seen and not seen.finished.is_set():
            seen.gone_at = time.monotonic()
            seen.gone.set()
            if b"MODE=rst" in seen.body or self.fake.mode == "rst":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class FakeCloud:
    """Listens until closed; each connection has a thread."""

    def __init__(self, mode="ok", port=0, tls=None):
        self.mode, self.headers, self.replay, self.body = mode, [], None, None
        self.pages = None    # path: JSON, what a GET is answered with; 404 else
        self.say = None      # what it answers: a text, or a function from a request to one
        self.tap = None      # called with all bytes as they come
        self.refusal = None  # (status, content type, body): every call is answered so
        self.seen, self.connections, self.write_timeout = [], 0, 30
        self.stop, self.changed = threading.Event(), threading.Condition()
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.url = "%s://127.0.0.1:%d/v1" % ("https" if tls else "http", self.port)
        self.socks = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.socks.append(sock)
            self.connections += 1
            threading.Thread(target=self.one, args=(sock,), daemon=True).start()

    def one(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
                self.socks.append(sock)
        except OSError:
            sock.close()
            return
        Connection(self, sock).run()

    def note(self, seen):
        with self.changed:
            self.seen.append(seen)
            self.changed.notify_all()

    def wait(self, count, timeout=10):
        """Waits until so many requests came; returns the last."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= count, timeout), \
                "the fake saw %d requests, not %d" % (len(self.seen), count)
        return self.seen[-1]

    def close(self):
        self.stop.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    a = argparse.ArgumentParser(description="a fake cloud on loopback")
    a.add_argument("--port", type=int, default=0)
    a.add_argument("--mode", default="ok")
    a.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    o = a.parse_args()
    fake = FakeCloud(o.mode, o.port, o.tls)
    print("fake cloud on %s, mode %s" % (fake.url, fake.mode), flush=True)
    try:
        fake.thread.join()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
