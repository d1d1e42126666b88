"""weir compare says what other weights would change, before they are switched to."""
import json
import os
import tempfile

from harness import HARD, ROUTINE, command


def jsonl(rows):
    return "".join(json.dumps(r) + "\n" for r in rows)


class Room:
    """A folder with a file of rows, and weights that take the two texts for each other."""

    def __init__(self, rows):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-e2e.")
        self.rows = self.path("rows.jsonl", jsonl(rows))
        self.wrong = self.path("wrong.bin")
        taught = [{"text": "%s %d" % (t, i), "task": task} for i in range(40)
                  for t, task in ((ROUTINE, "math"), (HARD, "chitchat"))]
        done = command("train", "--in", "-", "--out", self.wrong, "--holdout", "0",
                       stdin=jsonl(taught))
        assert done.returncode == 0, done.stderr

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return path

    def compare(self, *words):
        return command("compare", *words, self.rows, cwd=self.folder.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


LABELLED = [{"text": "%s (%d)" % (t, i), "task": task, "place": place} for i in range(30)
            for t, task, place in ((ROUTINE, "chitchat", "local"), (HARD, "code", "cloud"))]


def test_what_would_change_is_counted_and_measured():
    with Room(LABELLED) as room:
        done = room.compare("--json", "--new", room.wrong)
        assert done.returncode == 0, done.stderr
        r = json.loads(done.stdout)
        assert r["changes"] == {"rows": 60, "to_cloud": 30, "to_local": 30, "other_task": 60}, r
        assert r["tasks"]["code"] == {"rows": 30, "to_cloud": 0, "to_local": 30, "other_task": 30}
        f = r["figures"]
        assert (f["accuracy"]["old"], f["accuracy"]["new"]) == (1, 0), f
        assert f["accuracy"]["low"] == f["accuracy"]["high"] == -1
        assert f["cloud_kept_local"]["new"] == 1 and f["local_kept_local"]["new"] == 0
        assert f["outcome_auc"]["verdict"] == "unknown"
        assert {f[k]["verdict"] for k in ("accuracy", "place_auc", "cloud_kept_local",
                                          "local_kept_local")} == {"worse"}, f
        text = room.compare("--new", room.wrong).stdout
        assert "60 of them (100.0 %)" in text and " worse" in text, text
        assert text.rstrip().splitlines()[-1].startswith("to switch: set classifier.weights to")
        assert "kill -HUP" in text
        # The other way round
        back = json.loads(room.compare("--json", "--old", room.wrong, "--new", room.wrong).stdout)
        assert back["changes"]["other_task"] == 0 and back["old"] == back["new"]
        assert back["figures"]["accuracy"]["verdict"].startswith("no difference")


def test_rows_without_labels_show_what_changes():
    with Room([{"text": ROUTINE}, {"text": HARD}]) as room:
        text = room.compare("--new", room.wrong).stdout
        assert "2 of them" in text and "no row is labelled" in text, text


def test_what_it_cannot_do_is_said():
    with Room([]) as room:
        for words, says in ((["--new", room.wrong], "no row"),
                            ([], "--new"), (["--new", "/nowhere"], "/nowhere"),
                            (["--new", room.rows], "no classifier"),
                            (["--new", room.wrong, "-"], "read twice")):
            done = room.compare(*words)
            assert done.returncode != 0 and says in done.stderr, (words, done.stderr)
