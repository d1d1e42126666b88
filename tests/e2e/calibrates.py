"""weir calibrate finds a threshold and promises only what rows that it has not seen show."""
import json
import os
import random
import tempfile

from harness import HARD, ROUTINE, command

# Work that differs in how likely a local answer serves, as weir judges it
KINDS = ["hello, how are you today? (%d)", "Suggest five names for a cat that is grey. (%d)",
         "Write a letter that complains about a late train, %d.", "Explain why the sky is blue. %d",
         "Plan a trip through Spain for %d people.", "Prove that there are %d primes below it."]
WORDS = "green table runs over seven small hills while nobody counts what it carries home".split()


def jsonl(rows):
    return "".join(json.dumps(r) + "\n" for r in rows)


def calibrate(rows, *words):
    done = command("calibrate", "--json", *words, stdin=jsonl(rows))
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode


def judged(n, truth):
    """Rows with outcomes: the local answer serves where truth(p_local_ok, number) says so."""
    rng = random.Random(n)
    texts = [" ".join([KINDS[i % len(KINDS)] % i] + rng.choices(WORDS, k=rng.randrange(40)))
             for i in range(n)]
    out = command("classify", stdin=jsonl({"text": t} for t in texts)).stdout.splitlines()
    return [{"text": t, "strong_score": 1, "weak_score": int(truth(json.loads(o)["p_local_ok"], i))}
            for i, (t, o) in enumerate(zip(texts, out))]


def by_setting(report):
    return {k["setting"]: k for k in report["kinds"]}


def test_a_threshold_that_holds_is_found_and_can_be_set():
    rows = judged(1200, lambda p, i: p >= 0.6 or i % 7 == 0)
    report, status = calibrate(rows, "--quality", "0.9")
    kind = by_setting(report)["hard_quality"]
    assert status == 0 and kind["found"] == "shown", report
    assert 0.9 <= kind["bound"] < 1 and kind["good"] <= kind["kept"] <= kind["held_out"], kind
    assert 0.4 < kind["threshold"] < 0.7, kind
    text = command("calibrate", "--quality", "0.9", stdin=jsonl(rows)).stdout
    policy = text[text.index("policy:"):]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weir.yaml")
        with open(path, "w") as f:
            f.write("targets: [{name: a, url: 'http://127.0.0.1:9/v1', zone: local}]\n" + policy)
        checked = command("check", "-c", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "hard_quality: %.4f" % kind["threshold"] in policy, policy


def test_too_few_rows_promise_nothing_and_the_missing_ones_are_counted():
    rows = judged(60, lambda p, i: True)
    report, status = calibrate(rows, "--quality", "0.95")
    kind = by_setting(report)["hard_quality"]
    assert status == 1 and kind["found"] == "not_shown" and kind["bound"] < 0.95, kind
    assert 40 < kind["missing_rows"] < 200, kind
    more, status = calibrate(judged(60 + 2 * kind["missing_rows"], lambda p, i: True),
                             "--quality", "0.95")
    assert by_setting(more)["hard_quality"]["found"] == "shown", more
    assert status == 1 and by_setting(more)["quality"]["found"] == "not_shown", more


def test_what_no_threshold_reaches_is_said():
    rng = random.Random(1)
    report, status = calibrate(judged(300, lambda p, i: rng.random() < 0.3), "--quality", "0.95")
    assert status == 1 and by_setting(report)["hard_quality"]["found"] != "shown", report
    text = command("calibrate", "--quality", "0.95",
                   stdin=jsonl(judged(60, lambda p, i: False))).stdout
    assert "at no threshold" in text and "policy:" not in text, text


def test_scores_and_places_do_as_well():
    rows = [{"text": ROUTINE + " %d" % i, "quality": 3 + i % 2} for i in range(200)]
    kind = by_setting(calibrate(rows, "--quality", "0.9", "--good", "3")[0])["quality"]
    assert kind["found"] == "shown" and kind["good"] == kind["kept"] == kind["held_out"], kind
    assert kind["threshold"] == 0
    kind = by_setting(calibrate(rows, "--quality", "0.9", "--good", "4")[0])["quality"]
    assert kind["found"] != "shown", kind
    rows = [{"text": ROUTINE + " %d" % i, "place": "either" if i % 2 else "local"}
            for i in range(200)]
    kind = by_setting(calibrate(rows, "--quality", "0.6")[0])["quality"]
    assert kind["found"] == "shown" and 0.7 < kind["good"] / kind["kept"] < 0.8, kind


def test_a_share_of_cloud_calls_needs_no_labels():
    rows = [{"text": r["text"]} for r in judged(1500, lambda p, i: True)]
    report, status = calibrate(rows, "--cloud", "0.33")
    assert status == 0 and report["found"] == "shown", report
    assert report["low"] <= 0.36 and report["high"] >= 0.31, report
    assert report["high"] - report["low"] <= 0.1 and report["rows"] == 1500
    few, status = calibrate(rows[:80], "--cloud", "0.33")
    assert status == 1 and few["found"] == "not_shown" and few["missing_rows"] > 300, few


def test_mistakes():
    for words, say in (([], "--quality"), (["--quality", "0.9", "--cloud", "0.1"], "--cloud SHARE"),
                       (["--quality", "2"], "'2'"), (["--confidence", "1"], "'1'")):
        done = command("calibrate", *words, stdin="")
        assert done.returncode == 2 and say in done.stderr, (words, done.stderr)
    assert "--confidence" in command("calibrate", "--help").stdout
    done = command("calibrate", "--quality", "0.9", stdin=jsonl([{"text": HARD}]))
    assert done.returncode == 1 and "no rows" in done.stdout, done.stdout
