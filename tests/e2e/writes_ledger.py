"""Exactly one entry a call and one row a try, whatever happened; the disk never stops serving."""
import contextlib
import errno
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from fake_cloud import events, whole
from harness import FakeCloud, HARD, ROUTINE, Skip, Weir, ask, request, targets, until


def columns(w, table):
    return {r["name"] for r in w.rows("select name from pragma_table_info('%s')" % table)}


def test_a_call_is_one_entry_and_one_try():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        answer = w.post(ask(ROUTINE))
        entry = dict(w.rows("select * from entries")[0])
        tries = [dict(r) for r in w.rows("select * from tries")]
        assert len(w.rows("select * from entries")) == 1 and len(tries) == 1
        text = str(entry)
        for word in (answer.header("x-weir-call"), "chitchat", "public", "near", "prompt_tokens"):
            assert word in text, (word, text)
        assert "How are you" not in text + str(tries), "no prompt text is ever kept"


def test_usage_is_split_as_reported():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        w.post(ask(ROUTINE))
        row = dict(w.rows("select * from entries")[0])
        assert row["input_uncached"] == 8 and row["input_cached"] == 4, row
        assert row["output"] == 6 and row["reasoning"] == 0 and row["input_written"] is None, row
        assert json.loads(row["usage_raw"])["total_tokens"] == 18, row
        assert row["usage_source"] == "reported", row


def test_absent_zero_and_estimated_usage_are_told_apart():
    """What a target did not say stays NULL, what it said to be nothing is 0, and what weir counted
    itself is called so; whole and streamed."""
    zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    body = json.loads(whole())
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        def entry(n):
            return dict(w.rows("select * from entries order by n", n)[-1])
        fake.body = json.dumps(dict(body, usage=zero)).encode()
        w.chat("hi")
        row = entry(1)
        assert (row["usage_source"], row["input_uncached"], row["output"]) == ("reported", 0, 0)
        assert row["input_cached"] is None and row["reasoning"] is None, row
        assert json.loads(row["usage_raw"]) == zero, row
        del body["usage"]
        fake.body = json.dumps(body).encode()
        w.chat("hi")
        row = entry(2)
        assert row["usage_source"] == "estimated" and row["usage_raw"] is None, row
        assert row["input_uncached"] > 0 and row["output"] > 0 and row["input_cached"] is None, row
        fake.replay = [e for e in events("ok", usage=False)]
        w.chat("hi", stream=True)
        row = entry(3)
        assert row["usage_source"] == "estimated" and row["output"] > 0, row
        fake.mode = "400"
        w.chat("hi")
        row = entry(4)
        assert row["usage_source"] == "absent" and row["output"] is None, row
        assert row["input_uncached"] is None and row["usage_raw"] is None, row


def test_an_entry_has_its_times_and_the_file_is_a_wal_with_a_version():
    with FakeCloud("slow") as fake, Weir(targets(local=fake)) as w:
        w.chat("hi", stream=True)
        row = dict(w.rows("select first_byte_after_us, last_byte_after_us from entry")[0])
        assert 200000 <= row["first_byte_after_us"] <= row["last_byte_after_us"] < 20e6, row
        with sqlite3.connect(w.db) as db:
            assert db.execute("pragma journal_mode").fetchone() == ("wal",)
            assert db.execute("pragma user_version").fetchone()[0] >= 1
        db.close()


def test_refused_calls_have_entries_too():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        w.post(b"{")
        w.post(ask("hi", model="none-such"))
        rows = w.rows("select * from entries order by n", 2)
        assert sorted((r["status"], r["err"], r["step"]) for r in rows) == [
            (400, "BAD_JSON", "read"), (404, "NO_MODEL", "choose")], [dict(r) for r in rows]


def test_every_try_has_a_row():
    with FakeCloud("500") as a, FakeCloud() as b:
        with Weir("targets:\n  - {name: a, url: \"%s\", zone: cloud}\n"
                  "  - {name: b, url: \"%s\", zone: cloud}\n" % (a.url, b.url)) as w:
            assert w.post(ask(HARD)).status == 200
            rows = [str(dict(r)) for r in w.rows("select * from tries order by start_us", 2)]
            assert len(rows) == 2 and "500" in rows[0] and "200" in rows[1], rows
            assert len(w.rows("select * from entries")) == 1


def test_kill_9_loses_no_more_than_the_batch_window():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for _ in range(20):
            assert w.post(ask("hi")).status == 200
        w.rows("select * from entries", 20)  # the batch window has passed: they are on the disk
        with w.client() as c:
            c.send(request(ask("hi")))
            c.read()
            w.process.send_signal(signal.SIGKILL)
        w.kill()
        with sqlite3.connect(w.db) as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
            count = db.execute("select count(*) from entries").fetchone()[0]
            assert count in (20, 21), count
        db.close()
        w.start()
        assert w.post(ask("hi")).status == 200
        w.rows("select * from entries", count + 1)


def test_kill_9_in_full_flight_keeps_all_that_is_older_than_the_window():
    """Four clients at work: each call that was answered a window and a bit before the kill is
    there, and so is its try."""
    batch_s, slack_s, answered, stop = 0.02, 1.0, [], threading.Event()

    def client(w):
        with contextlib.suppress(OSError, EOFError), w.client() as c:
            while not stop.is_set():
                c.send(request(ask("hi")))
                call = c.read().header("x-weir-call")
                answered.append((time.monotonic(), call))
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        threads = [threading.Thread(target=client, args=(w,)) for _ in range(4)]
        for t in threads:
            t.start()
        until(lambda: answered and time.monotonic() - answered[0][0] > 2, "calls for two seconds")
        killed = time.monotonic()
        w.process.send_signal(signal.SIGKILL)
        stop.set()
        w.kill()
        for t in threads:
            t.join()
        with sqlite3.connect(w.db) as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
            there = {r[0] for r in db.execute("select id from entry")}
            alone = db.execute("select count(*) from entry where n not in "
                               "(select entry from try)").fetchone()[0]
        db.close()
    old = {call for at, call in answered if at < killed - batch_s - slack_s}
    assert len(old) > 50 and old <= there and alone == 0, (len(old), len(old - there), alone)


def test_the_end_writes_what_waits():
    with FakeCloud() as fake:
        more = "ledger: {path: \"weir.db\", batch: 60s}\n"
        with Weir(targets(local=fake, more=more)) as w:
            for _ in range(5):
                assert w.post(ask("hi")).status == 200
            assert w.stop() == 0
            with sqlite3.connect(w.db) as db:
                assert db.execute("select count(*) from entries").fetchone()[0] == 5


def test_no_ledger_is_kept_where_the_path_is_empty():
    with FakeCloud() as fake:
        with Weir(targets(local=fake, more="ledger: {path: \"\"}\n")) as w:
            assert w.post(ask("hi")).status == 200
            assert not os.path.exists(w.db)


def test_a_disk_that_refuses_is_loud_and_serving_goes_on():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.post(ask("hi")).status == 200
        w.rows("select * from entries")
        lock = sqlite3.connect(w.db, isolation_level=None, timeout=5)
        lock.execute("drop table entry_row")  # whatever it is that the writer meets
        lock.close()
        for _ in range(3):
            assert w.post(ask("hi")).status == 200
        until(lambda: w.metric("weir_ledger_disk_failing") == 1, "the metric is loud")
        assert w.get("/healthz").status == 200


def fails_and_recovers(config_more, fill, free, limit=None):
    """A disk without room: loud, serving goes on; with room again, so do the entries."""
    with FakeCloud() as fake, Weir(targets(local=fake, more=config_more), limit=limit) as w:
        assert w.post(ask("hi")).status == 200
        until(lambda: w.metric('weir_ledger_entries_total{outcome="written"}') == 1, "it writes")
        fill(w)
        def failing():
            assert w.post(ask("hi")).status == 200
            return w.metric("weir_ledger_disk_failing") == 1
        until(failing, "the metric is loud")
        assert any("ledger" in line and "error" in line for line in w.log), w.log[-5:]
        if not free:
            return
        free(w)
        until(lambda: w.metric("weir_ledger_disk_failing") == 0, "it has recovered", 20)
        written = w.metric('weir_ledger_entries_total{outcome="written"}')
        assert w.post(ask("hi")).status == 200
        until(lambda: w.metric('weir_ledger_entries_total{outcome="written"}') > written,
              "entries are written again")


def test_a_file_that_may_not_grow():
    fails_and_recovers("", lambda w: None, None, limit=160 * 1024)


def test_a_full_disk_is_loud_and_is_used_again_when_there_is_room():
    folder = tempfile.mkdtemp(prefix="weir-e2e-disk.")
    ballast = os.path.join(folder, "ballast")
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder],
                           capture_output=True, check=False)
    if mount.returncode != 0:
        os.rmdir(folder)
        raise Skip("a small disk cannot be mounted here: %s" % mount.stderr.decode().strip())

    def fill(_):
        with open(ballast, "wb", buffering=0) as f:
            try:
                while f.write(b"\0" * 4096):
                    pass
            except OSError as e:
                assert e.errno == errno.ENOSPC, e
    try:
        fails_and_recovers("ledger: {path: \"%s/weir.db\", batch: 20ms}\n" % folder, fill,
                           lambda _: os.remove(ballast))
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def test_a_ledger_that_cannot_be_opened_is_said_plainly():
    with FakeCloud() as fake:
        try:
            Weir(targets(local=fake, more="ledger: {path: \"/nonexistent/weir.db\"}\n"),
                 ready=False).stop()
            raise SystemError("weir started without its ledger")
        except AssertionError as e:
            assert "/nonexistent/weir.db" in str(e), e


def test_sqlite3_the_command_can_read_it_meanwhile():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        w.post(ask("hi"))
        w.rows("select * from entries")
        try:
            out = subprocess.run(["sqlite3", "-readonly", w.db, "select count(*) from entries"],
                                 capture_output=True, text=True, check=True, timeout=20)
        except FileNotFoundError:
            return
        assert out.stdout.strip() == "1"
        assert {"id"} <= columns(w, "entry")
