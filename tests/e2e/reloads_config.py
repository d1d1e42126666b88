"""Another configuration is taken while weir runs (SIGHUP): whole or not at all; no call is lost."""
import json
import os
import pty
import shutil
import signal
import tempfile
import threading

from harness import (BINARY, Client, FakeCloud, HARD, ROUTINE, Weir, ask, command, request,
                     targets, until)
from keeps_decision_log import Log

ROOM = "classifier: {weights: \"%s\"}\n"


def results(w):
    return {r: w.metric('weir_config_reloads_total{result="%s"}' % r)
            for r in ("taken", "mistake", "refused")}


def reload(w, config, result="taken"):
    """Returns what the log says of it."""
    before, lines = results(w)[result], len(w.log)
    w.write(config)
    w.process.send_signal(signal.SIGHUP)
    until(lambda: results(w)[result] > before, "configuration %s" % result)
    words = "configuration taken" if result == "taken" else "configuration refused"
    return until(lambda: next((s for s in w.log[lines:] if words in s), None), "it is said")


def policy(w):
    text = w.get("/metrics").body.decode()
    return next(s for s in text.splitlines() if s.startswith("weir_config_info{"))


def test_targets_come_and_go():
    with FakeCloud() as near, FakeCloud() as far, Weir(targets(local=near)) as w:
        assert w.chat(HARD).header("x-weir-target") == "near"
        said = reload(w, targets(local=near, cloud=far))
        assert "targets=2" in said, said
        assert w.chat(HARD).header("x-weir-target") == "far"
        names = [t["name"] for t in w.get("/readyz").json()["targets"]]
        assert names == ["near", "far"], names
        reload(w, targets(cloud=far))
        assert w.chat(ROUTINE).header("x-weir-target") == "far"
        assert "near" not in [m["id"] for m in w.get("/v1/models").json()["data"]]


def test_a_tighter_zone_holds_for_the_next_call_on_an_open_connection():
    tight = "zones: {cloud: {max_label: public}}\n"
    with FakeCloud() as near, FakeCloud() as far, Weir(targets(local=near, cloud=far)) as w:
        with w.client() as c:
            internal = request(ask(HARD), {"x-weir-label": "internal"})
            c.send(internal)
            assert c.read().header("x-weir-target") == "far"
            before = policy(w)
            reload(w, targets(local=near, cloud=far, more=tight))
            assert policy(w) != before
            c.send(internal)
            assert c.read().header("x-weir-target") == "near"
            assert len(far.seen) == 1
        # Half of a request came under the old one: what is in force when it is whole decides
        reload(w, targets(local=near, cloud=far))
        with w.client() as c:
            c.send(internal[:-5])
            reload(w, targets(local=near, cloud=far, more=tight))
            c.send(internal[-5:])
            assert c.read().header("x-weir-target") == "near"
            assert len(far.seen) == 1


def test_a_call_ends_whole_under_the_configuration_it_began_with():
    with FakeCloud("sleepy") as near, FakeCloud() as far, Weir(targets(local=near)) as w:
        with w.client() as c:
            c.send(request(ask(ROUTINE, stream=True)))
            near.wait(1)
            reload(w, targets(cloud=far))  # its target is gone
            assert w.chat(ROUTINE).header("x-weir-target") == "far"
            answer = c.read()
            assert answer.status == 200 and answer.header("x-weir-target") == "near"
            assert answer.body.rstrip().endswith(b"data: [DONE]")


def test_what_is_wrong_leaves_the_old_one_in_place():
    with FakeCloud() as near, FakeCloud() as far, Weir(targets(local=near)) as w:
        before = policy(w)
        for bad, says in (("targets:\n  - {name: x, url: nowhere}\n", "weir.yaml:2:"),
                          ("targets: [\n", "weir.yaml:"),
                          ("zones: {cloud: {max_label: publick}}\n", "did you mean"),
                          (targets(local=near) + ROOM % "/nowhere", "classifier.weights"),
                          ("models: {a: auto}\n", "nothing to send requests to")):
            said = reload(w, bad, "mistake")
            assert says in said, (says, said)
            assert w.chat(HARD).header("x-weir-target") == "near"
        os.remove(w.config)
        w.process.send_signal(signal.SIGHUP)
        until(lambda: results(w)["mistake"] == 6, "a file that is gone is a mistake")
        assert policy(w) == before and results(w)["taken"] == 0
        reload(w, targets(local=near, cloud=far))
        assert w.chat(HARD).header("x-weir-target") == "far"


def test_what_needs_a_restart_is_refused_whole():
    with FakeCloud() as near, FakeCloud() as far, Weir(targets(local=near)) as w:
        both = targets(local=near, cloud=far)
        for more, name in (("gate: {listen: \"127.0.0.1:1\", workers: 2}\n", "gate.listen"),
                           ("gate: {listen: \"127.0.0.1:0\", workers: 3}\n", "gate.workers"),
                           ("ledger: {path: \"\"}\n", "ledger.path"),
                           ("audit: {path: \"%s/audit\"}\n" % w.folder, "audit.path"),
                           ("net: {dns_ttl: 1s}\n", "net.dns_ttl"),
                           ("engines: [{name: e, command: [\"true\"], "
                            "url: \"http://127.0.0.1:9/v1\", zone: local}]\n", "engines")):
            said = reload(w, both + more, "refused")
            assert name + " cannot change" in said and "restart" in said, (name, said)
            assert w.chat(HARD).header("x-weir-target") == "near"
        reload(w, both + "upstream: {total_timeout: 9s}\nhttp: {keepalive_timeout: 9s}\n")


def test_a_tenant_and_a_limit_come_into_force():
    tenants = "tenants: [{name: a, key: secret-a}, {name: b, key: secret-b, zone: local}]\n"
    with Log() as log, FakeCloud() as near, FakeCloud() as far:
        first = targets(local=near, cloud=far, more=log.section)
        with Weir(first) as w:
            assert w.chat(HARD).status == 200
            reload(w, first + tenants + "http: {body_limit: 2000}\n")
            assert w.chat(HARD).status == 401
            key = {"authorization": "Bearer secret-b"}
            assert w.chat(HARD, key).header("x-weir-target") == "near"
            assert w.chat("x" * 3000, key).status == 413
            reload(w, first)
            assert w.chat(HARD).header("x-weir-target") == "far"
        kinds = [(r["kind"], r.get("policy", "")[:16]) for r in log.records()]
        said = [p for k, p in kinds if k in ("start", "policy")]
        assert len(said) == 3 and said[0] == said[2] != said[1], kinds
        assert [p for k, p in kinds if k == "send"] == said, kinds
        assert log.run("verify").returncode == 0


def test_other_weights_judge_the_next_call():
    rows = "".join(json.dumps({"text": "%s %d" % (t, i), "task": task}) + "\n"
                   for t, task in ((ROUTINE, "math"), (HARD, "chitchat")) for i in range(40))
    with FakeCloud() as near, Weir(targets(local=near)) as w:
        path = os.path.join(w.folder, "other.bin")
        done = command("train", "--in", "-", "--out", path, "--holdout", "0", stdin=rows)
        assert done.returncode == 0, done.stderr
        assert w.chat(ROUTINE).header("x-weir-task") == "chitchat"
        before = policy(w)
        reload(w, targets(local=near, more=ROOM % path))
        assert w.chat(ROUTINE).header("x-weir-task") == "math"
        assert policy(w) != before
        reload(w, targets(local=near))
        assert w.chat(ROUTINE).header("x-weir-task") == "chitchat"
        assert policy(w) == before


def test_a_targets_health_goes_over():
    with FakeCloud("500") as near, FakeCloud() as far:
        quiet = "upstream: {down_after: 1, down_for: 600s, probe_every: 600s}\n"
        with Weir(targets(local=near, cloud=far, more=quiet)) as w:
            assert w.chat(ROUTINE).header("x-weir-target") == "far"
            assert w.get("/readyz").json()["targets"][0]["health"] == "down"
            reload(w, targets(local=near, cloud=far, more=quiet + "models: {x: auto}\n"))
            assert w.get("/readyz").json()["targets"][0]["health"] == "down"


def test_a_closed_terminal_ends_it_as_before():
    with FakeCloud() as near:
        folder = tempfile.mkdtemp(prefix="weir-e2e.")
        with open(os.path.join(folder, "weir.yaml"), "w", encoding="utf-8") as f:
            f.write(targets(local=near) + "gate: {listen: \"127.0.0.1:0\"}\nledger: {path: \"\"}\n")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execv(BINARY, [BINARY, "serve"])
        said = b""
        while b"serving on port" not in said:
            said += os.read(terminal, 4096)
        os.kill(pid, signal.SIGHUP)  # the terminal is there: a new configuration
        while b"configuration taken" not in said:
            said += os.read(terminal, 4096)
        os.close(terminal)
        until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "weir ends with its terminal", 15)
        shutil.rmtree(folder)


def test_fifty_reloads_under_load_lose_no_call():
    with FakeCloud() as near, FakeCloud() as far:
        configs = [targets(local=near, cloud=far),
                   targets(local=near, cloud=far, more="zones: {cloud: {max_label: public}}\n"),
                   targets(cloud=far, local=near, more="models: {x: auto}\n")]
        with Weir(configs[0]) as w:
            over, wrong, count = threading.Event(), [], [0]

            def caller(stream):
                with Client(w.port) as c:
                    while not over.is_set():
                        c.send(request(ask(HARD, stream=stream)))
                        a = c.read()
                        good = a.body.rstrip().endswith(b"data: [DONE]") if stream else a.body
                        if a.status != 200 or not good:
                            wrong.append(a.raw + a.body)
                        count[0] += 1

            callers = [threading.Thread(target=caller, args=(i % 2 == 0,)) for i in range(4)]
            for t in callers:
                t.start()
            for i in range(50):
                reload(w, configs[i % len(configs)])
            over.set()
            for t in callers:
                t.join()
            assert not wrong and count[0] > 50, (count, wrong[:1])
            assert results(w)["taken"] == 50
            pages = 4096 * int(open("/proc/%d/statm" % w.process.pid, encoding="ascii")
                               .read().split()[1])
            assert pages < 1 << 30, pages


def test_learning_begins_and_ends_with_a_reload():
    learn = "learn: {share: %d, path: rows.jsonl}\n"
    with FakeCloud() as near, FakeCloud() as far:
        with Weir(targets(local=near, cloud=far)) as w:
            near.say = far.say = "42"
            assert w.chat(ROUTINE).header("x-weir-target") == "near"
            assert "learn.path" in reload(w, targets(near, far, learn % 1), "refused")
    with FakeCloud() as near, FakeCloud() as far:
        near.say = far.say = "42"
        with Weir(targets(near, far, learn % 0)) as w:
            path = os.path.join(w.folder, "rows.jsonl")
            assert w.chat(ROUTINE).header("x-weir-target") == "near"
            assert not os.path.exists(path)
            reload(w, targets(near, far, learn % 1))
            call = w.chat(ROUTINE).header("x-weir-call")
            until(lambda: os.path.getsize(path) > 0, "a row is written")
            with open(path, encoding="utf-8") as f:
                assert json.loads(f.read())["call"] == call
            reload(w, targets(near, far, learn % 0))
            assert w.chat(ROUTINE).status == 200
            assert len(far.seen) == 1
