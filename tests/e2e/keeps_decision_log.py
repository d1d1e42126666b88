"""The decision log: no record, no sending; it shows every edit, and a kill leaves it good."""
import glob
import json
import os
import shutil
import signal
import stat
import tempfile

from harness import FakeCloud, HARD, ROUTINE, Weir, ask, command, request, targets, until

MAIL = "Write a reply to this customer, whose account is DE89 3704 0044 0532 0130 00."


class Log:
    """A folder for the log and one for the copies of its checkpoints."""

    def __init__(self, more=""):
        self.root = tempfile.mkdtemp(prefix="weir-e2e-audit.")
        self.path, self.copy = os.path.join(self.root, "log"), os.path.join(self.root, "copy")
        os.mkdir(self.copy)
        self.section = "audit: {path: \"%s\", copy: \"%s\", batch: 20ms%s}\n" % (
            self.path, self.copy, more)

    def run(self, what, *options, copy=True):
        where = ["--path", self.path] + (["--copy", self.copy] if copy else [])
        return command("audit", what, *where, *options)

    def records(self):
        out = self.run("export")
        assert out.returncode == 0, out
        return [json.loads(line) for line in out.stdout.splitlines()]

    def kinds(self):
        return [r["kind"] for r in self.records()]

    def segment(self, number=1):
        return os.path.join(self.path, "%06d.log" % number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)


def written(log, texts):
    """A log of these calls, closed."""
    with FakeCloud() as near, FakeCloud() as far:
        with Weir(targets(local=near, cloud=far, more=log.section)) as w:
            for text in texts:
                assert w.post(ask(text)).status == 200


def test_a_sending_is_recorded_before_it_leaves_and_again_at_its_end():
    with Log() as log, FakeCloud() as near, FakeCloud() as far:
        with Weir(targets(local=near, cloud=far, more=log.section)) as w:
            answer = w.post(ask(HARD))
            assert answer.status == 200 and len(far.seen) == 1
            send = log.records()[-1]  # on the disk, although nobody waited for the batch
            assert send["kind"] in ("send", "end")
            text = w.post(ask(MAIL))
            assert text.status == 200
        rows = log.records()
    assert [r["kind"] for r in rows] == ["begin", "start", "send", "end", "send", "end"], rows
    send, end, kept = rows[2], rows[3], rows[4]
    assert send["call"] == answer.header("x-weir-call") == end["call"]
    assert send["target"] == "far" and send["local"] is False and send["label"] == "public"
    assert send["place"] in far.url and end["tries"][0]["dialled"] in far.url
    assert end["tries"][0]["status"] == 200 and send["policy"] == rows[1]["policy"][:16]
    assert kept["label"] == "restricted" and kept["local"] and kept["findings"] == {"IBAN": 1}
    assert kept["out"][0]["filter"] == "zone" and kept["from"]["content"] == "restricted"
    text = json.dumps(rows)
    assert "customer" not in text and "linked list" not in text
    # four digits alone stand in a hash now and then
    assert "0532 0130" not in text and "3704 0044" not in text and "0532013000" not in text


def test_without_a_path_nothing_is_kept():
    with FakeCloud() as far, Weir(targets(cloud=far)) as w:
        assert w.post(ask(HARD)).status == 200
        assert w.metric('weir_audit_records_total{outcome="written"}') == 0
        assert os.listdir(w.folder) and "audit" not in "".join(os.listdir(w.folder))


def test_keys_are_the_owners_only_and_the_public_one_is_told():
    with Log() as log:
        written(log, [ROUTINE])
        keys = glob.glob(log.path + "/**/*.key", recursive=True)
        assert len(keys) == 2 and all(stat.S_IMODE(os.stat(k).st_mode) == 0o600 for k in keys)
        told = log.run("key", copy=False).stdout.strip()
        assert len(told) == 64 and told in log.run("verify").stdout
        assert log.run("verify", "--key", told).returncode == 0
        other = log.run("verify", "--key", "ab" * 32)
        assert other.returncode == 3 and "another key" in other.stdout
        os.chmod(log.path + "/audit.key", 0o644)
        refused = log.run("key", copy=False)
        assert refused.returncode == 3 and "others may read it" in refused.stderr


def test_what_restricted_work_did_is_proven_with_an_exit_status():
    with Log() as log:
        zones = "zones: {cloud: {max_label: restricted}}\n"
        with FakeCloud() as far, Weir(targets(cloud=far, more=log.section + zones)) as w:
            w.post(ask(HARD))
            assert log.run("prove").returncode == 0
            w.post(ask(MAIL))
            yes = log.run("prove")
            assert yes.returncode == 1 and "YES: 1 sendings" in yes.stdout, yes.stdout
            assert "in zone cloud" in yes.stdout
            assert log.run("prove", "--from", "2099-01-01").returncode == 0
            assert log.run("prove", "--to", "2020-01-01T00:00:00").returncode == 0


def changed(log, change, *options):
    """verify's word on a copy of the log that was changed, and then put back."""
    kept = log.path + ".kept"
    shutil.copytree(log.path, kept)
    try:
        change()
        return log.run("verify", *options)
    finally:
        shutil.rmtree(log.path)
        os.rename(kept, log.path)


def lines_of(path, make):
    with open(path, "rb") as f:
        rows = f.readlines()
    with open(path, "wb") as f:
        f.writelines(make(rows))


def test_every_edit_deletion_reorder_and_truncation_shows():
    with Log() as log:
        written(log, [HARD, ROUTINE, HARD, MAIL])
        assert log.run("verify").returncode == 0
        path, size = log.segment(), os.path.getsize(log.segment())

        def flip(at, path=path):
            with open(path, "r+b") as f:
                f.seek(at)
                byte = f.read(1)
                f.seek(at)
                f.write(bytes([byte[0] ^ 1]))
        for at in [*range(0, size, 97), size - 2, size - 40, size - 1]:
            assert changed(log, lambda: flip(at)).returncode == 3, at
        signed = log.path + "/000001.checkpoint"
        for at in range(0, os.path.getsize(signed), 11):
            assert changed(log, lambda: flip(at, signed)).returncode == 3, at
        for make in (lambda r: r[:3] + r[4:],              # one is left out
                     lambda r: r[:-1],                     # the last one
                     lambda r: r[:2],                      # all but the first ones
                     lambda r: r[:3] + [r[4], r[3]] + r[5:],
                     lambda r: r[:4] + r[3:],              # one twice
                     lambda r: r + [r[-1]],
                     lambda r: []):
            got = changed(log, lambda: lines_of(path, make))
            assert got.returncode == 3 and "NOT WHOLE" in got.stdout, got.stdout
        assert changed(log, lambda: os.truncate(path, size - 7)).returncode == 3
        assert changed(log, lambda: os.remove(path)).returncode == 3
        assert log.run("verify").returncode == 0


def test_a_log_cut_with_its_checkpoint_shows_against_the_copy():
    with Log() as log:
        written(log, [HARD])
        early = os.path.join(log.root, "early")
        shutil.copy(log.path + "/000001.checkpoint", early)
        written(log, [HARD, MAIL])

        def cut():
            lines_of(log.segment(), lambda r: r[:-2])
            os.remove(log.path + "/000001.checkpoint")
        assert changed(log, cut).returncode == 3
        got = changed(log, lambda: [cut(), shutil.rmtree(log.copy), os.mkdir(log.copy)])
        assert got.returncode == 0 and "not signed yet" in got.stdout, got.stdout
        for keep in (2, 3):  # an early checkpoint tells of what it has seen, and no more
            got = changed(log, lambda: [cut(), lines_of(log.segment(), lambda r: r[:keep])],
                          "--checkpoint", early)
            assert got.returncode == 3, got.stdout
        assert log.run("verify", "--checkpoint", early).returncode == 0


def test_segments_follow_each_other_and_none_can_go():
    with Log(", segment: 64KiB, checkpoint: 100ms") as log:
        written(log, [HARD] * 90)
        last = len(glob.glob(log.path + "/*.log"))
        assert last >= 2 and log.run("verify").returncode == 0
        assert changed(log, lambda: os.remove(log.segment(1))).returncode == 3
        assert changed(log, lambda: os.remove(log.segment(last))).returncode == 3

        def end():
            for place in (log.segment(last), log.path + "/%06d.checkpoint" % last):
                os.remove(place)
        got = changed(log, end)
        assert got.returncode == 3 and "before a segment that was signed" in got.stdout
        # put away by its owner, who says so
        assert changed(log, lambda: os.remove(log.segment(1)), "--since", "2").returncode == 0


def test_a_log_that_cannot_be_written_keeps_the_cloud_out_and_local_serves():
    with Log(", wait: 1s") as log, FakeCloud() as near, FakeCloud() as far:
        # no file may grow past this: the log is refused in the middle of a record
        with Weir(targets(local=near, cloud=far, more=log.section + "ledger: {path: \"\"}\n"),
                  limit=24 * 1024) as w:
            served = None
            for _ in range(200):
                before = len(far.seen)
                served = w.post(ask(HARD))
                assert served.status == 200
                if served.header("x-weir-zone") == "local":
                    break
            assert served.header("x-weir-zone") == "local" and len(far.seen) == before
            until(lambda: w.metric("weir_audit_failing") == 1, "the metric is loud")
            assert "cannot be written" in w.get("/readyz").body.decode()
            assert any("nothing is sent to other zones" in line for line in w.log), w.log[-3:]
            for _ in range(5):
                assert w.post(ask(HARD)).header("x-weir-zone") == "local"
                named = w.post(ask(HARD, model="far"))
                assert named.status == 503 and named.error()["code"] == "no_target_available"
            assert len(far.seen) == before
            assert w.metric('weir_audit_records_total{outcome="refused"}') >= 1
        got = log.run("verify")
        assert got.returncode == 0, got.stdout
        out = [json.loads(r) for r in log.run("export").stdout.splitlines()]
        assert sum(r["kind"] == "send" and not r["local"] for r in out) >= len(far.seen)


def test_a_log_that_is_put_right_lets_the_cloud_be_used_again():
    with Log() as log, FakeCloud() as near, FakeCloud() as far:
        with Weir(targets(local=near, cloud=far, more=log.section)) as w:
            assert w.post(ask(HARD)).header("x-weir-zone") == "cloud"
            shutil.move(log.path, log.path + ".away")  # a folder that is gone cannot be written
            with open(log.path, "w", encoding="utf-8"):
                pass
            assert w.post(ask(HARD)).header("x-weir-zone") == "local"
            until(lambda: w.metric("weir_audit_failing") == 1, "the metric is loud")
            os.remove(log.path)
            shutil.move(log.path + ".away", log.path)
            until(lambda: w.metric("weir_audit_failing") == 0, "it is written again")
            until(lambda: w.post(ask(HARD)).header("x-weir-zone") == "cloud", "the cloud is used")
        assert log.run("verify").returncode == 0
        assert "gap" in log.kinds()


def test_a_second_place_that_is_gone_is_loud_and_used_again():
    with Log(", checkpoint: 100ms") as log, FakeCloud() as far:
        with Weir(targets(cloud=far, more=log.section)) as w:
            os.rename(log.copy, log.copy + ".away")

            def failing(wanted):
                assert w.post(ask(HARD)).header("x-weir-zone") == "cloud"  # records are written
                return w.metric("weir_audit_copy_failing") == wanted
            until(lambda: failing(1), "the metric is loud")
            os.rename(log.copy + ".away", log.copy)
            until(lambda: failing(0), "it is used again")
        assert log.run("verify").returncode == 0
        with open(log.copy + "/000001.checkpoint", "rb") as a, \
                open(log.path + "/000001.checkpoint", "rb") as b:
            assert a.read() == b.read()


def test_a_segment_that_is_taken_away_while_it_is_written_shows():
    with Log() as log, FakeCloud() as far:
        with Weir(targets(cloud=far, more=log.section)) as w:
            assert w.post(ask(HARD)).status == 200
            os.remove(log.segment())
            assert w.post(ask(HARD)).status == 200
            assert os.path.exists(log.segment(2)), "what follows is recorded in a new one"
        got = log.run("verify")
        assert got.returncode == 3 and "first segment is missing" in got.stdout, got.stdout


def test_kill_9_leaves_a_log_that_holds_and_goes_on():
    with Log() as log, FakeCloud() as near, FakeCloud() as far:
        with Weir(targets(local=near, cloud=far, more=log.section)) as w:
            for round_ in range(3):
                clients = [w.client() for _ in range(8)]
                for i, c in enumerate(clients):
                    c.send(request(ask(HARD if i % 2 else MAIL)))
                clients[1].read()
                w.process.send_signal(signal.SIGKILL)
                w.kill()
                for c in clients:
                    c.close()
                with open(log.segment(), "ab") as f:  # as if it had been cut in a record
                    f.write(b'{"n":99,"prev":"00')
                got = log.run("verify")
                assert got.returncode == 0 and "no whole record" in got.stdout, got.stdout
                sent = len(far.seen)
                rows = log.records()
                recorded = sum(r["kind"] == "send" and not r["local"] for r in rows)
                assert recorded >= sent, (recorded, sent)
                w.start()
                assert w.post(ask(HARD)).status == 200, round_
        assert log.run("verify").returncode == 0
        assert log.kinds().count("start") == 4


def test_two_weirs_do_not_write_one_log_and_a_damaged_one_is_not_gone_on_with():
    with Log() as log, FakeCloud() as far:
        config = targets(cloud=far, more=log.section)
        with Weir(config) as w:
            assert w.post(ask(HARD)).status == 200
            try:
                Weir(config, ready=False).stop()
                raise SystemError("two wrote one log")
            except AssertionError as e:
                assert "another weir writes there" in str(e), e
        lines_of(log.segment(), lambda r: r[:-1])
        try:
            Weir(config, ready=False).stop()
            raise SystemError("it went on with a log that was cut")
        except AssertionError as e:
            assert "records are missing at its end" in str(e), e


def test_a_clients_leaving_while_it_waits_is_no_sending():
    with Log() as log, FakeCloud("hang") as far, Weir(targets(cloud=far, more=log.section)) as w:
        for _ in range(20):
            with w.client() as c:
                c.send(request(ask(HARD)))
                c.close(reset=True)
        until(lambda: w.metric("weir_calls_open") == 0, "all have left")
        assert w.stop() == 0
        rows = log.records()
        assert len(far.seen) <= sum(r["kind"] == "send" for r in rows)


def test_a_tenants_bodies_are_coded_with_its_own_key_which_can_be_erased():
    with Log() as log, FakeCloud() as near:
        tenants = "tenants: [{name: a, key: ka}, {name: b, key: kb}]\n"
        with Weir(targets(local=near, more=log.section + tenants)) as w:
            for key in ("ka", "ka", "kb"):
                assert w.post(ask(ROUTINE), {"Authorization": "Bearer " + key}).status == 200
        codes = [r["body"]["hmac"] for r in log.records() if r["kind"] == "send"]
        assert codes[0] == codes[1] != codes[2]
        assert len(os.listdir(log.path + "/tenants")) == 3
        assert log.run("erase", "--tenant", "a", copy=False).returncode == 0
        assert len(os.listdir(log.path + "/tenants")) == 2
        assert log.run("erase", "--tenant", "a", copy=False).returncode == 3
        assert log.run("verify").returncode == 0


def test_mistakes_on_the_command_line_are_said():
    with Log() as log:
        assert command("audit").returncode == 2
        assert command("audit", "verfy", "--path", log.path).returncode == 2
        for option in (["--from", "yesterday"], ["--from", "2026-06-31"], ["--label", "secret"],
                       ["--since", "0"], ["--from", "2026-02-01", "--to", "2026-01-01"]):
            assert log.run("prove", *option).returncode == 2, option
        got = log.run("verify")
        assert got.returncode == 3 and "there is no log" in got.stdout
