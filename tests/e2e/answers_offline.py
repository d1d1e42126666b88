"""weir explain, classify and check answer without a gateway."""
import base64
import json
import os
import re
import tempfile

from harness import HARD, ROUTINE, command

FIELDS = {"task", "tasks", "p_local_ok", "label", "findings", "zone", "reason", "took_us"}


def classify(*rows):
    done = command("classify", stdin="".join(json.dumps(r) + "\n" for r in rows))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_classify_gives_a_line_for_a_line():
    out = classify({"id": "a", "text": ROUTINE}, {"id": 7, "text": HARD},
                   {"messages": [{"role": "user", "content": "hello there"}]})
    assert len(out) == 3 and out[0]["id"] == "a" and out[1]["id"] == 7 and "id" not in out[2]
    for row in out:
        assert FIELDS <= set(row), row
        assert len(row["tasks"]) == 16 and abs(sum(row["tasks"].values()) - 1) < 0.01
        assert row["task"] in row["tasks"] and 0 <= row["p_local_ok"] <= 1
    assert out[0]["task"] == "chitchat" and out[0]["zone"] == "local"
    assert out[1]["task"] == "code" and out[1]["zone"] == "cloud"


def test_weights_of_ones_own_are_used():
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)
        with open(path("rows.jsonl"), "w") as f:
            for i in range(200):
                f.write(json.dumps({"text": "blorp the wug %d" % i, "task": "translate"}) + "\n")
                f.write(json.dumps({"text": "zorch the gax %d" % i, "task": "math"}) + "\n")
        trained = command("train", "--in", path("rows.jsonl"), "--out", path("my.bin"))
        assert trained.returncode == 0, trained.stderr
        with open(path("weir.yaml"), "w") as f:
            f.write("classifier: {weights: %s}\n" % path("my.bin"))
        done = command("classify", "-c", path("weir.yaml"), stdin='{"text": "blorp the wug"}\n')
    assert json.loads(done.stdout)["task"] == "translate", done.stdout
    assert classify({"text": "blorp the wug"})[0]["task"] != "translate"


def test_findings_count_characters_and_not_bytes():
    text = "Gr\u00fc\u00dfe \U0001f600 an anna.muster@example.org, Konto DE89370400440532013000"
    row = classify({"text": text})[0]
    found = {f["type"]: text[f["start"]:f["end"]] for f in row["findings"]}
    assert found.get("EMAIL") == "anna.muster@example.org", row["findings"]
    assert found.get("IBAN") == "DE89370400440532013000", row["findings"]
    assert row["label"] == "restricted" and row["zone"] == "local"


def test_a_bad_line_is_an_error_at_its_place_and_the_rest_goes_on():
    done = command("classify", stdin='{"text":"a"}\nnonsense\n{"id":1}\n{"id":2,"text":"b"}\n')
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(out) == 4 and "error" in out[1] and "error" in out[2], done.stdout
    assert out[2].get("id") == 1 and out[3]["id"] == 2 and "task" in out[3], done.stdout


def test_explain_says_where_and_why():
    done = command("explain", HARD)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\bcode\b", done.stdout), done.stdout


def test_help_and_mistakes():
    assert command("--help").returncode == 0
    assert re.match(r"weir \d+\.\d+\.\d+", command("version").stdout)
    for words, say in (
            (["sevre"], "did you mean 'serve'"), (["serve", "--no-such"], "--no-such"),
            (["explain", "--lable", "x", "hi"], "--lable"), (["explain", "hi", "there"], "quotes"),
            (["explain"], "-f FILE"), (["explain", "hi", "-f", "-"], "not both"),
            (["check", "a", "b"], "'b'"), (["classify", "-x"], "'-x'"), (["train"], "--out FILE"),
            (["serve", "--log", "loud"], "loud"), (["serve", "-c"], "-c wants a value")):
        done = command(*words)
        assert done.returncode == 2 and say in done.stderr, (words, done.stderr)
        assert len(done.stderr.splitlines()) <= 2, "the mistake drowns: " + done.stderr
    done = command("classify", "/nonexistent.jsonl")
    assert done.returncode == 1 and "No such file" in done.stderr


def test_every_help_fits_a_terminal():
    for name in re.findall(r"^  (\w+) ", command("--help").stdout, re.M):
        done = command(name, "--help")
        assert done.returncode == 0 and not done.stderr, name
        assert max(map(len, done.stdout.splitlines())) <= 100, name


def test_redact_masks_and_the_map_puts_it_back():
    text = "Mail anna.muster@example.org or bo@example.net; again anna.muster@example.org.\n"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "map")
        done = command("redact", "--map", path, stdin=text)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "Mail [EMAIL_1] or [EMAIL_2]; again [EMAIL_1].\n", done.stdout
        back = done.stdout
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path) as f:
            for line in f:
                mask, value = line.rstrip("\n").split("\t")
                back = back.replace(mask, json.loads(value))
    assert back == text, back


def test_redact_masks_what_is_written_in_something_else_as_it_stands():
    inside = base64.b64encode(b"to anna.muster@example.org").decode()
    for text, masked in (("see %s, please\n" % inside, "see [EMAIL_1], please\n"),
                         ("x?to=anna.muster%40example.org&y=1\n", "x?to=[EMAIL_1]&y=1\n")):
        done = command("redact", stdin=text)
        assert done.returncode == 0 and done.stdout == masked, done.stdout
        done = command("classify", stdin=json.dumps({"text": text}) + "\n")
        found = json.loads(done.stdout)["findings"]
        assert [f["via"] for f in found] == ["base64" if inside in text else "percent"], found


def test_redact_refuses_what_no_mask_helps():
    for text in ("Strictly confidential: we sell the harbour.",
                 "I was diagnosed with type 2 diabetes and take metformin 500 mg twice a day."):
        done = command("redact", stdin=text)
        assert done.returncode == 3 and not done.stdout, (text, done)
        assert "harbour" not in done.stderr and "metformin" not in done.stderr
