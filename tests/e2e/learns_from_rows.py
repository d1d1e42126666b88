"""Rows with features in place of the text: weir train, eval and calibrate take them as they take
text."""
import json
import os
import tempfile

from harness import command

KINDS = ["hello, how are you today? (%d)", "Suggest five names for a cat that is grey. (%d)",
         "Write a letter that complains about a late train, %d.", "Explain why the sky is blue. %d",
         "Plan a trip through Spain for %d people.", "Prove that there are %d primes below it."]


def jsonl(rows):
    return "".join(json.dumps(r) + "\n" for r in rows)


def pairs(count):
    """The same rows twice: as text, and as what was seen of it."""
    texts = [KINDS[i % len(KINDS)] % i for i in range(count)]
    seen = [json.loads(line) for line in
            command("classify", "--features", stdin=jsonl({"text": t} for t in texts)).stdout
            .splitlines()]
    rows = [{"task": s["task"], "weak_score": i % 5 != 0, "strong_score": 1} for i, s in
            enumerate(seen)]
    rows = [dict(r, weak_score=int(r["weak_score"])) for r in rows]
    return ([dict(r, text=t) for r, t in zip(rows, texts)],
            [dict(r, features=s["features"]) for r, s in zip(rows, seen)])


def test_features_are_judged_as_their_text_is():
    text, packed = pairs(300)
    for words in (["eval", "--json", "--draws", "0"], ["calibrate", "--quality", "0.7", "--json"]):
        one, other = (command(*words, stdin=jsonl(rows)) for rows in (text, packed))
        assert one.stdout and one.returncode == other.returncode, one.stderr + other.stderr
        if words[0] == "eval":
            one, other = json.loads(one.stdout), json.loads(other.stdout)
            assert one["rows"] == other["rows"] == 300
            del one["rows"], other["rows"]
            assert one == other
        else:  # halves are drawn by what a row holds, so that only the sums are alike
            one, other = json.loads(one.stdout), json.loads(other.stdout)
            assert one["rows"] == other["rows"] == 300


def learned(*files, status=0):
    with tempfile.TemporaryDirectory() as folder:
        words = []
        for i, rows in enumerate(files):
            path = os.path.join(folder, "%d.jsonl" % i)
            with open(path, "w") as f:
                f.write(jsonl(rows))
            words += ["--in", path]
        out = os.path.join(folder, "out.bin")
        done = command("train", *words, "--bits", "8", "--epochs", "1", "--holdout", "0",
                       "--out", out)
        assert done.returncode == status, done.stdout + done.stderr
        if status:
            return done.stderr
        with open(out, "rb") as f:
            return f.read()


def test_rows_of_serve_move_the_places_and_no_task():
    text, packed = pairs(60)
    own = [dict(r, kind="shadow") for r in packed]
    for r in text:
        del r["weak_score"]
    before = learned(text)
    after = learned(text, own)
    assert len(before) == len(after)
    header, floats = 64, 4 * 16
    places = slice(header + 2 * floats, header + 3 * floats)
    assert before[places] != after[places]
    rest = header + 3 * floats
    assert before[rest:] == after[rest:], "a judged task taught a task"


def test_features_of_another_weir_are_passed_over_and_told():
    _, packed = pairs(20)
    strange = [dict(r, features="AAAA" + r["features"][4:]) for r in packed]
    said = learned(strange, status=1)
    assert "20 rows have features that another version of weir made" in said, said
    for features in ("", "AAAA", "no base64", packed[0]["features"][:-4]):
        learned([dict(packed[0], features=features)], status=1)


def pair(text, weak, strong, scores, **more):
    say = [{"role": "assistant", "content": s} for s in (weak, strong)]
    return dict({"kind": "shadow", "label": "public",
                 "messages": [{"role": "user", "content": text}], "weak_answer": say[0],
                 "strong_answer": say[1], "weak_score": scores[0], "strong_score": scores[1]},
                **more)


IBAN = "Pay to DE89 3704 0044 0532 0130 00, please."


def examples(rows, *words):
    done = command("examples", *words, "-", stdin=jsonl(rows))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_examples_hold_the_better_answer():
    rows = [pair("one?", "weak", "strong", (0, 1)), pair("two?", "weak", "strong", (1, 0)),
            pair("three?", "weak", "strong", (1, 1)),
            {k: v for k, v in pair("four?", "weak", "strong", (0, 1)).items() if k != "messages"},
            pair("five?", "weak", {"no": "text"}, (0, 1))]
    rows[4]["strong_answer"]["tool_calls"] = [{"id": "a"}]
    status, got, said = examples(rows)
    assert status == 0 and [e["messages"][-1]["content"] for e in got] == ["strong", "weak"], got
    assert got[0]["messages"] == [{"role": "user", "content": "one?"},
                                  {"role": "assistant", "content": "strong"}], got
    assert "2 examples; left out: 1 without answers, 1 with no better one, 1 that call" in said
    _, got, _ = examples(rows, "--equal")
    assert [e["messages"][-1]["content"] for e in got] == ["strong", "weak", "strong"]


def test_examples_are_public_unless_a_file_is_named_for_them():
    rows = [pair(IBAN, "weak", "strong", (0, 1)), pair("a?", "weak", IBAN, (0, 1)),
            pair("b?", "weak", "strong", (0, 1), label="restricted"),
            pair("c?", "weak", "strong", (0, 1), label=7),
            pair("d?", "weak", "strong", (0, 1))]
    status, got, said = examples(rows)
    assert status == 0 and len(got) == 1 and "4 not public" in said, (got, said)
    assert examples(rows, "--restricted")[0] == 2
    assert examples(rows, "--restricted", "--out", "/dev/stdout")[0] == 1
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "set.jsonl")
        status, got, said = examples(rows, "--restricted", "--out", out)
        assert status == 0 and not got, said
        with open(out) as f:
            assert len(f.read().splitlines()) == 5
        assert os.stat(out).st_mode & 0o777 == 0o600
        os.symlink(out, os.path.join(folder, "link"))
        assert examples(rows, "--restricted", "--out", os.path.join(folder, "link"))[0] == 1
