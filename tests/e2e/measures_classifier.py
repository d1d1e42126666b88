"""weir eval says how good the classifier is."""
import html.parser
import json
import os
import random
import tempfile

from harness import HARD, ROUTINE, command


def jsonl(rows):
    return "".join(json.dumps(r) + "\n" for r in rows)


def measure(rows, *words):
    done = command("eval", "--json", *words, stdin=jsonl(rows))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def outcome(text, weak, strong, **more):
    return {"text": text, "weak_score": weak, "strong_score": strong, **more}


def mixed_outcomes(n=120):
    """Routine work that both models do, hard work that only the strong one does."""
    return [outcome("%s (%d)" % ((HARD, ROUTINE)[i % 2], i), i % 2, 1) for i in range(n)]


def test_outcomes_give_the_curve_and_what_it_costs():
    r = measure(mixed_outcomes(), "--cost-local", "1", "--cost-cloud", "11")
    f = r["figures"]
    assert r["outcomes"] == 120 and r["always_local"] == 0.5 and r["always_cloud"] == 1
    # Who knows sends the hard half first: half of the gap at a quarter of the calls
    assert abs(f["cpt50"]["value"] - 0.25) < 0.01 and abs(f["cpt80"]["value"] - 0.4) < 0.01, f
    assert abs(f["apgr"]["value"] - 0.75) < 0.01 and f["outcome_auc"]["value"] == 1, f
    assert f["apgr"]["low"] <= f["apgr"]["value"] <= f["apgr"]["high"], f
    assert r["random"]["apgr_low"] < 0.5 < r["random"]["apgr_high"] < 0.75, r["random"]
    costs = [p["cost"] for p in r["frontier"]]
    assert costs[0] == 1 and costs[-1] == 11 and costs == sorted(costs)
    # Past half of the calls more cost buys nothing
    assert [p["frontier"] for p in r["frontier"]] == [True] * 6 + [False] * 5, r["frontier"]


def test_labels_give_tasks_and_places():
    rows = [{"text": ROUTINE, "task": "chitchat", "place": "local"},
            {"text": HARD, "task": "translate", "also": "code", "place": "cloud"},
            {"messages": [{"role": "user", "content": HARD}], "task": "summarise"},
            {"text": "no label"}, {"place": "local"}]
    done = command("eval", "--json", stdin=jsonl(rows) + "not json\n")
    r = json.loads(done.stdout)
    f = r["figures"]
    assert (r["rows"], r["tasks"], r["places"], r["outcomes"]) == (3, 3, 2, 0), r
    assert r["unlabelled"] == 1 and r["unreadable"] == 2, r
    assert abs(f["accuracy"]["value"] - 2 / 3) < 0.001 and f["place_auc"]["value"] == 1, f
    assert f["cloud_kept_local"]["value"] == 0 and f["local_kept_local"]["value"] == 1, f
    assert sum(b["rows"] for b in r["place_reliability"]) == 2 and "frontier" not in r
    assert r["by_task"]["code"] == {"rows": 1, "said": 2, "hits": 1}, r["by_task"]


def test_the_same_seed_draws_the_same_intervals():
    rng = random.Random(3)
    rows = [outcome("%s %d" % (rng.choice((ROUTINE, HARD)), i), rng.random(), rng.random() + 0.3)
            for i in range(80)]
    a, b, c = measure(rows), measure(rows), measure(rows, "--seed", "2")
    assert a == b and a["figures"]["apgr"] != c["figures"]["apgr"]
    assert a["figures"]["apgr"]["value"] == c["figures"]["apgr"]["value"]
    assert measure(rows, "--draws", "0")["figures"]["apgr"]["low"] is None


def test_rows_are_chosen_by_their_fields():
    rows = [outcome(ROUTINE, 0, 1, source="a/x", weak_model="m"),
            outcome(ROUTINE, 0, 1, source="a/y", weak_model="n"), outcome(ROUTINE, 0, 1)]
    assert measure(rows, "--only", "source=a/*")["rows"] == 2
    flagged = [dict(rows[0], seen=True), dict(rows[1], seen=False), rows[2]]
    assert measure(flagged, "--only", "seen=")["rows"] == 2
    assert measure(flagged, "--only", "seen=true")["rows"] == 1
    both = measure(rows, "--only", "source=a/*", "--only", "weak_model=n")
    assert both["rows"] == 1 and both["not_asked_for"] == 2


class Page(html.parser.HTMLParser):
    """Tags that are open, and everything that would load something."""
    VOID = {"meta", "line", "path", "circle"}

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.loads = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.loads += [a for a in attrs if a[0] in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def test_the_page_is_whole_loads_nothing_and_holds_no_prompt():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.html")
        measure(mixed_outcomes() + [{"text": ROUTINE, "task": "chitchat", "place": "local"}],
                "--html", path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        done = command("eval", "--html", os.path.join(folder, "no", "page.html"),
                       stdin=jsonl(mixed_outcomes(4)))
        assert done.returncode == 1 and "cannot be written" in done.stderr, done.stderr
    page = Page()
    page.feed(text)
    assert not page.open and not page.loads and page.seen.count("svg") == 4, page.seen
    assert HARD not in text and ROUTINE not in text and "nan" not in text


def test_what_cannot_be_measured_is_said():
    done = command("eval", stdin=jsonl([{"text": "a"}]))
    assert done.returncode == 1 and "no row" in done.stderr, done.stderr
    done = command("eval", stdin=jsonl([outcome(ROUTINE, 1, 0)]))
    assert done.returncode == 0 and "no gap" in done.stdout and "APGR " not in done.stdout
    for words, say in ((["--only", "x"], "'x'"), (["--draws", "-1"], "'-1'"), (["-q"], "'-q'"),
                       (["/no/such"], "No such file")):
        done = command("eval", *words)
        assert done.returncode in (1, 2) and say in done.stderr, (words, done.stderr)
    assert "--html" in command("eval", "--help").stdout
