"""A share of public, locally answered calls goes to the cloud once more, is compared, and becomes
rows; never any other call, and never in a client's way."""
import json
import os
import stat
import tempfile
import threading

from harness import HARD, ROUTINE, FakeCloud, Weir, ask, command, request, targets, until

JUDGE = "  - {name: judge, url: \"%s\", model: judge-model, zone: %s}\n"
MAIL = "Hello! How are you? My account is DE89 3704 0044 0532 0130 00."


class Shadow:
    """Two fakes, a weir between them that copies every call, and a judge where one is wanted."""

    def __init__(self, judge=None, zone="cloud", more="", near="ok", far="ok", **settings):
        self.near, self.far = FakeCloud(near), FakeCloud(far)
        self.judge = FakeCloud() if judge else None
        if judge:
            self.judge.say = judge
            more = JUDGE % (self.judge.url, zone) + more
            settings["judge"] = "judge"
        settings = {"share": 1, "path": "rows.jsonl", "target": "far", **settings}
        learn = "learn: {%s}\n" % ", ".join("%s: %s" % s for s in settings.items())
        self.weir = Weir(targets(local=self.near, cloud=self.far, more=more + learn))
        self.path = os.path.join(self.weir.folder, "rows.jsonl")

    def rows(self, count):
        def look():
            got = read(self.path)
            return got if len(got) >= count else None
        return until(look, "%d rows" % count)

    def metric(self, name, label, value):
        return self.weir.metric('weir_%s{%s="%s"}' % (name, label, value))

    def __enter__(self):
        self.weir.__enter__()
        return self

    def __exit__(self, *what):
        for fake in (self.near, self.far, self.judge):
            if fake:
                fake.close()
        self.weir.__exit__(*what)


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f.read().splitlines()]


def test_a_copy_is_compared_and_makes_a_row():
    with Shadow() as s:
        s.near.say = '{"city": "Bonn", "n": 3}'
        s.far.say = '```json\n{"n": 3, "city": "Bonn"}\n```'
        answer = s.weir.chat(ROUTINE)
        assert answer.header("x-weir-target") == "near", answer.raw
        row, = s.rows(1)
        assert row["kind"] == "shadow" and row["label"] == "public" and row["task"] == "chitchat"
        assert row["call"] == answer.header("x-weir-call") and 0 < row["p_local_ok"] < 1
        assert (row["weak"], row["strong"], row["how"]) == ("near", "far", "same_json")
        assert row["weak_score"] == row["strong_score"] == 1
        assert "messages" not in row and "strong_answer" not in row
        assert ROUTINE[:8] not in json.dumps(row) and "Bonn" not in json.dumps(row)
        copy = s.far.seen[0].json()
        assert copy["model"] == "far-model" and copy["messages"][0]["content"] == ROUTINE
        assert stat.S_IMODE(os.stat(s.path).st_mode) == 0o600
        assert s.metric("learn_compared_total", "how", "same_json") == 1
        until(lambda: s.metric("learn_rows_total", "outcome", "written") == 1, "a row is written")
        assert s.metric("side_calls_total", "kind", "shadow") == 1
        assert s.metric("calls_total", "status", "2xx") == 1, "a copy counts among the clients'"
        seen = command("eval", "--json", "--draws", "0", stdin=json.dumps(row) + "\n")
        assert json.loads(seen.stdout)["outcomes"] == 1, seen.stderr


def test_streams_are_put_together():
    with Shadow() as s:
        s.near.say = s.far.say = "4,200"
        answer = s.weir.post(ask(ROUTINE, stream=True))
        assert answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n")
        row, = s.rows(1)
        assert row["how"] == "same_value", row
        assert s.far.seen[0].json()["stream"] is True


def test_without_a_judge_free_text_is_not_scored():
    with Shadow() as s:
        for text in ("The tide turns.", "It rains in Spain today."):
            s.near.say, s.far.say = "The tide turns.", text
            assert s.weir.chat(ROUTINE).status == 200
        for row in s.rows(2):
            assert row["how"] == "unknown" and "weak_score" not in row and row["features"], row


def verdicts(by_order):
    """A judge that says so much of (weak first, strong first)."""
    def say(seen):
        text = seen.json()["messages"][1]["content"]
        return by_order[text.index("WEAK WORDS") > text.index("STRONG WORDS")]
    return say


def judged(first, second, **more):
    with Shadow(judge=verdicts((first, second)), **more) as s:
        s.near.say, s.far.say = "WEAK WORDS are said here.", "STRONG WORDS are said here."
        assert s.weir.chat(ROUTINE).status == 200
        row, = s.rows(1)
        entries = s.weir.rows("SELECT kind, target, label, reason FROM entry ORDER BY n", 2)
        return row, len(s.judge.seen), entries


def test_a_judge_is_asked_in_both_orders():
    row, asked, entries = judged("It is right.\nVERDICT: 1", "VERDICT: 2")
    assert (row["how"], row["weak_score"], row["strong_score"], asked) == ("judge_weak", 1, 0, 2)
    assert [e["kind"] for e in entries][:2] == ["client", "shadow"]
    row, asked, _ = judged("VERDICT: 2", "VERDICT: 1")
    assert (row["how"], row["weak_score"], row["strong_score"], asked) == ("judge_strong", 0, 1, 2)
    row, _, _ = judged("VERDICT: 1", "VERDICT: 1")
    assert (row["how"], row["weak_score"], row["strong_score"]) == ("judge_tie", 0.5, 0.5)
    row, asked, _ = judged("VERDICT: perhaps 1", "VERDICT: 2")
    assert row["how"] == "unknown" and asked == 1 and "weak_score" not in row, row


def test_a_judge_on_the_own_machines_is_asked_too():
    row, asked, _ = judged("VERDICT: TIE", "VERDICT: TIE", zone="local")
    assert row["how"] == "judge_tie" and asked == 2


def test_content_is_kept_only_where_it_is_wanted_and_public():
    with Shadow(content="true") as s:
        s.near.say, s.far.say = "Fine, thanks.", "I am well."
        assert s.weir.chat(ROUTINE).status == 200
        row, = s.rows(1)
        assert row["messages"] == [{"role": "user", "content": ROUTINE}]
        assert row["weak_answer"] == {"role": "assistant", "content": "Fine, thanks."}
        assert row["strong_answer"] == {"role": "assistant", "content": "I am well."}
        s.far.say = "Pay to DE89 3704 0044 0532 0130 00, please."
        assert s.weir.chat(ROUTINE).status == 200
        row = s.rows(2)[1]
        assert "messages" not in row and "DE89" not in json.dumps(row), row


def test_nothing_above_public_is_copied():
    tenants = "tenants: [{name: clinic, key: k1, label: internal}, {name: shop, key: k2}]\n"
    with Shadow(content="true", more=tenants) as s:
        shop = {"Authorization": "Bearer k2"}
        for text, headers in ((MAIL, shop), (ROUTINE, dict(shop, **{"x-weir-label": "restricted"})),
                              (ROUTINE, dict(shop, **{"x-weir-label": "internal"})),
                              (ROUTINE, {"Authorization": "Bearer k1"})):
            answer = s.weir.post(ask(text), headers)
            assert answer.status == 200 and answer.header("x-weir-target") == "near"
            assert answer.header("x-weir-label") != "public"
        assert s.weir.post(ask(ROUTINE), shop).header("x-weir-label") == "public"
        s.rows(1)
        assert len(s.far.seen) == 1 and len(read(s.path)) == 1
        assert len(s.weir.rows("SELECT * FROM entry WHERE kind = 'shadow'")) == 1


def test_who_wants_a_call_to_stay_is_not_copied():
    tenants = "tenants: [{name: own, key: k1, zone: local}, {name: shop, key: k2}]\n"
    with Shadow(more=tenants) as s:
        shop = {"Authorization": "Bearer k2"}
        for body, headers in ((ask(ROUTINE), dict(shop, **{"x-weir-zone": "local"})),
                              (ask(ROUTINE, model="weir/local"), shop),
                              (ask(ROUTINE, model="near"), shop),
                              (ask(ROUTINE), {"Authorization": "Bearer k1"})):
            assert s.weir.post(body, headers).header("x-weir-target") == "near"
        until(lambda: s.metric("learn_skipped_total", "why", "target") == 4, "all were skipped")
        assert not s.far.seen and not read(s.path)


def test_what_cannot_be_compared_is_skipped_with_its_reason():
    with Shadow(body_limit="2KiB") as s:
        assert s.weir.chat(ROUTINE + " " * 3000).status == 200
        until(lambda: s.metric("learn_skipped_total", "why", "size") == 1, "too large")
        assert s.weir.post(ask(ROUTINE, n=2)).status == 200
        until(lambda: s.metric("learn_skipped_total", "why", "body") == 1, "two choices")
        s.near.body = b'{"choices":[{"message":{"content":"Hel"},"finish_reason":"length"}]}'
        assert s.weir.chat(ROUTINE).status == 200
        until(lambda: s.metric("learn_skipped_total", "why", "answer") == 1, "a cut answer")
        assert s.weir.chat(HARD).header("x-weir-target") == "far"  # answered by the cloud itself
        assert len(s.far.seen) == 1 and not read(s.path)


def test_no_share_no_copy():
    with Shadow(share=0) as s:
        assert s.weir.chat(ROUTINE).status == 200
        assert s.weir.rows("SELECT * FROM entry") and not s.far.seen
        assert not os.path.exists(s.path)


def test_the_share_is_drawn_by_the_calls_id():
    with Shadow(share=0.3, at_once=1000) as s:
        s.near.say = s.far.say = "42"
        ids = {s.weir.chat(ROUTINE).header("x-weir-call") for _ in range(200)}
        until(lambda: s.weir.metric("weir_side_calls_open") == 0, "all are learned from")
        rows = s.rows(int(s.metric("learn_compared_total", "how", "same_value")))
        assert 30 <= len(rows) <= 90 and {r["call"] for r in rows} <= ids, len(rows)


def test_a_cloud_that_is_down_is_in_nobodys_way():
    with Shadow(far="500") as s:
        for _ in range(3):
            assert s.weir.chat(ROUTINE).status == 200
        until(lambda: s.metric("side_failures_total", "why", "target") >= 1, "copies failed")
        assert not read(s.path)
    gate = "gate: {listen: \"127.0.0.1:0\", workers: 1, drain: 2s}\n"
    with Shadow(far="hang", at_once=1, more=gate) as s:
        for _ in range(3):
            assert s.weir.chat(ROUTINE).status == 200
        s.far.wait(1)
        until(lambda: s.metric("learn_skipped_total", "why", "busy") == 2, "the others are skipped")
        assert s.weir.stop() == 0  # and what is under way holds no end up


def test_a_shutdown_in_the_midst_drops_what_is_under_way():
    with Shadow(far="hang", at_once=8) as s:
        for _ in range(4):
            assert s.weir.chat(ROUTINE).status == 200
        s.far.wait(4)
        assert s.weir.stop() == 0
        rows = s.weir.rows("SELECT err FROM entry WHERE kind = 'shadow'", 4)
        assert {r["err"] for r in rows} == {"SHUTTING_DOWN"}
        assert all(seen.gone.wait(5) for seen in s.far.seen)


def test_a_full_disk_stops_learning_and_not_serving():
    with Shadow() as s:
        s.near.say = s.far.say = "42"
        assert s.weir.chat(ROUTINE).status == 200
        s.rows(1)
        os.unlink(s.path)
        os.mkdir(s.path)
        assert s.weir.chat(ROUTINE).status == 200
        until(lambda: s.weir.metric("weir_learn_failing") == 1, "it is loud")
        seen = len(s.far.seen)
        assert s.weir.chat(ROUTINE).status == 200
        until(lambda: s.metric("learn_skipped_total", "why", "disk") == 1, "no copy is sent")
        assert len(s.far.seen) == seen
        os.rmdir(s.path)
        until(lambda: s.weir.metric("weir_learn_failing") == 0, "it works again")
        assert len(s.rows(1)) == 1  # what was refused was kept


def test_copies_are_recorded_in_the_decision_log_before_they_leave():
    with Shadow(more="audit: {path: audit}\n") as s:
        s.near.say = s.far.say = "42"
        assert s.weir.chat(ROUTINE).status == 200
        s.rows(1)
        s.weir.stop()
        folder = os.path.join(s.weir.folder, "audit")
        log = os.path.join(folder, sorted(n for n in os.listdir(folder) if n.endswith(".log"))[0])
        with open(log, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        own = [r for r in lines if r.get("own") == "shadow"]
        assert [r["kind"] for r in own] == ["send", "end"] and own[0]["target"] == "far", own
        assert own[0]["label"] == "public" and own[0]["local"] is False


def test_clients_do_not_wait_for_copies():
    with Shadow(far="hang", at_once=1000) as s:
        done = []

        def one():
            with s.weir.client() as c:
                for _ in range(20):
                    c.send(request(ask(ROUTINE)))
                    assert c.read().status == 200
                done.append(True)
        threads = [threading.Thread(target=one) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(20)
        assert len(done) == 4
        assert s.weir.metric("weir_side_calls_open") == 80


def test_mistakes_in_the_section_are_told():
    for line, say in (("learn: {share: 2}", "share"), ("learn: {target: nobody}", "nobody"),
                      ("learn: {target: near}", "learn.target is local"),
                      ("learn: {judge: nobody}", "nobody"),
                      ("learn: {share: 1, path: \"\"}", "learn.path is empty")):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "weir.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(targets("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", line + "\n"))
            checked = command("check", "-c", path)
            assert checked.returncode != 0 and say in checked.stdout + checked.stderr, line
