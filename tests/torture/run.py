#!/usr/bin/env python3
"""Torture: a crowd of clients that leave in every phase, drip, flood and lie, against targets that
cut, delay, throttle and refuse, while weir's own end may come at any moment.

Each round is one weir of another configuration. It ends calm (every client is done: no call may be
left open, no descriptor be lost, and ledger, metrics and what clients were told must add up) or in
the midst, by SIGTERM. Run it on a sanitizer's build: WEIR=build/asan/weir tests/torture/run.py.
TORTURE_S: seconds of storm in all (40; the ends come on top); TORTURE_SEED: to repeat a run's
choices.
"""
import contextlib
import os
import random
import signal
import sqlite3
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
import clients  # noqa: E402
from checks_certificates import certificate  # noqa: E402
from harness import FakeCloud, Weir, free_port, until  # noqa: E402

SECONDS = float(os.environ.get("TORTURE_S", "40"))
SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1 << 32))
CROWD = 48
CONFIG = """\
gate: {{listen: "127.0.0.1:0", workers: {workers}, drain: 1s, tries: {tries}, log_calls: none,
       connections: {connections}, client_queue: {queue}}}
http: {{head_timeout: 1s, body_timeout: 1s, keepalive_timeout: 5s, body_limit: 1MiB,
       keepalive_calls: {calls}, event_limit: 2MiB}}
upstream: {{connect_timeout: 300ms, first_byte_timeout: 300ms, idle_timeout: 300ms,
           total_timeout: 2s, idle_connections: {idle}, idle_keep: 300ms, down_after: {down_after},
           down_for: 50ms, probe_every: 100ms}}
net: {{ca_file: "{ca}"}}
ledger: {{path: "weir.db", batch: {batch}}}
targets:
  - {{name: near, url: "{near}", model: near-model, zone: local}}
  - {{name: dead, url: "http://127.0.0.1:{dead}/v1", model: dead-model, zone: local}}
  - {{name: far, url: "{far}", model: far-model, zone: cloud}}
  - {{name: tls, url: "{tls}", model: tls-model, zone: cloud}}
"""
ROUNDS = [  # how it ends, its share of the time, what is particular
    ("calm", 3, {}),
    ("term", 1, {"workers": 1}),
    ("calm", 3, {"workers": 1, "queue": "16KiB", "down_after": 3, "calls": 3, "idle": 0}),
    ("term", 1, {"tries": 4, "batch": "1s"}),
    ("calm", 2, {"workers": 3, "connections": CROWD // 3, "tries": 1, "idle": 1}),
    ("term twice", 1, {"queue": "16KiB"}),
]
USUAL = {"workers": 2, "tries": 2, "connections": 1000, "queue": "1MiB", "calls": 1000, "idle": 4,
         "down_after": 1000, "batch": "20ms"}


class Storm:
    """The crowd at one weir: threads that live one client's life after another until told."""

    def __init__(self, weir, seed, crowded):
        self.weir, self.over, self.ending = weir, threading.Event(), False
        self.crowded = crowded  # more clients than weir may take at once
        self.lock = threading.Lock()
        self.told, self.lives, self.faults = {}, 0, []
        self.threads = [threading.Thread(target=self.live, args=(random.Random(seed + i),))
                        for i in range(CROWD)]
        for t in self.threads:
            t.start()

    def live(self, rng):
        while not self.over.is_set():
            life = rng.choices(clients.LIVES, [n for _, n in clients.WEIGHTS])[0]
            try:
                told = life(self.weir, rng)
            except clients.TurnedAway:
                told = self.turned_away(life)
            except Exception as e:  # what a client found wrong
                told = self.fault(life, e)
            with self.lock:
                self.lives += 1
                for call, status in told or []:
                    if self.told.setdefault(call, status) != status:
                        self.faults.append("two answers of call " + call)

    def turned_away(self, life):
        if not self.ending and not self.crowded:
            self.faults.append(life.__name__ + " was turned away for no reason")
        return []

    def fault(self, life, e):
        # while weir ends, connections end as they like; before, never without a reason
        if not (self.ending and isinstance(e, (OSError, EOFError))):
            text = "".join(traceback.format_exception(e)[-3:])
            self.faults.append("%s: %s" % (life.__name__, text))
        if self.ending and isinstance(e, ConnectionRefusedError):
            self.over.set()
        return []

    def end(self):
        self.over.set()
        last = time.monotonic() + 30
        for t in self.threads:
            t.join(max(0, last - time.monotonic()))
        stuck = [t.ident for t in self.threads if t.is_alive()]
        frames = sys._current_frames()
        assert not stuck, "%d clients are stuck, one in:\n%s" % (
            len(stuck), "".join(traceback.format_stack(frames[stuck[0]])[-4:]))
        assert not self.faults, "%d faults, the first: %s" % (len(self.faults), self.faults[0])


def metrics(weir, name):
    """Sum over the slots of one metric."""
    rows = weir.get("/metrics").body.decode().splitlines()
    return sum(float(r.split()[-1]) for r in rows if r.startswith((name + "{", name + " ")))


def descriptors(weir):
    return len(os.listdir("/proc/%d/fd" % weir.process.pid))


def ledger(weir):
    with contextlib.closing(sqlite3.connect(weir.db, timeout=20)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        entries = db.execute("select id, status, tries from entries").fetchall()
        tries = db.execute("select count(*) from tries").fetchone()[0]
    assert tries == sum(e[2] for e in entries), "a try belongs to no entry"
    return {e[0]: e[1] for e in entries}, len(entries), tries


def check_told(storm, entries):
    """What a client was told stands in the ledger, also where weir's end came behind it."""
    lack = [c for c in storm.told if c not in entries]
    assert not lack, "%d calls have no entry: %s" % (len(lack), lack[:3])
    for call, status in storm.told.items():
        assert status == entries[call], (call, status, entries[call])


def end_calm(weir, storm, before):
    storm.end()
    until(lambda: metrics(weir, "weir_calls_open") == 0, "no call is open", 15)
    until(lambda: metrics(weir, "weir_connections_open") == 1, "no client is left", 15)  # 1: ours
    until(lambda: descriptors(weir) <= before, "no descriptor is lost", 15)
    calls = metrics(weir, "weir_calls_total")
    until(lambda: metrics(weir, "weir_ledger_entries_total") == calls, "all are written", 15)
    assert weir.metric('weir_ledger_entries_total{outcome="lost"}') == 0
    tries = metrics(weir, "weir_tries_total")
    assert weir.stop() == 0
    entries, rows, try_rows = ledger(weir)
    assert rows == len(entries) == calls, (rows, len(entries), calls)
    assert try_rows == tries, (try_rows, tries)
    check_told(storm, entries)


def end_midst(weir, storm, signals):
    storm.ending = True
    begin = time.monotonic()
    for _ in range(signals):
        weir.process.send_signal(signal.SIGTERM)
    assert weir.stop(tell=False) == 0
    took = time.monotonic() - begin
    storm.end()
    assert took < 10, "the end took %.1f s" % took  # 1 s of drain, and a sanitizer's own end
    entries, rows, _ = ledger(weir)
    assert rows == len(entries), "a call stands twice"
    check_told(storm, entries)


def run_round(number, how, seconds, config, fakes):
    for fake in fakes:
        fake.seen.clear()
    with Weir(CONFIG.format(**config)) as weir:
        clients.converse(weir, "ok")
        until(lambda: metrics(weir, "weir_connections_open") == 1, "no client is left")
        before = descriptors(weir)
        storm = Storm(weir, SEED + 1000 * number, config["connections"] < CROWD)
        storm.over.wait(seconds)
        if how == "calm":
            end_calm(weir, storm, before)
        else:
            end_midst(weir, storm, 2 if how == "term twice" else 1)
        for fake in fakes[1:]:
            assert not any(clients.SECRET in s.body for s in fake.seen), "a secret left the house"
        assert any(clients.SECRET in s.body for s in fakes[0].seen), "no secret was ever sent"
        print("  round %d, %s: %d lives, %d calls told, %d sent" % (
            number, how, storm.lives, len(storm.told), sum(len(f.seen) for f in fakes)), flush=True)


def main():
    print("TORTURE_SEED=%d" % SEED, flush=True)
    passed = failed = 0
    share = SECONDS / sum(n for _, n, _ in ROUNDS)
    with certificate() as pair, FakeCloud() as near, FakeCloud() as far, \
            FakeCloud(tls=pair) as tls:
        for number, (how, parts, particular) in enumerate(ROUNDS):
            config = dict(USUAL, **particular, near=near.url, far=far.url, tls=tls.url,
                          ca=pair[0], dead=free_port())
            try:
                run_round(number, how, parts * share, config, (near, far, tls))
                passed += 1
            except Exception:
                traceback.print_exc(file=sys.stdout)
                print("FAILED round %d, %s: %s" % (number, how, particular), flush=True)
                failed += 1
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
