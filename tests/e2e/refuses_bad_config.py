"""A bad configuration never starts: file, line, column, what is wrong, what would be right."""
import os
import re
import tempfile

from harness import ROOT, command

GOOD = "targets:\n  - {name: n, url: \"http://127.0.0.1:9/v1\", zone: local}\n"
BAD = [  # text, line, words that the message must have
    ("targets:\n  - {name: a, url: \"http://x/v1\", zone: moon}\n", 2,
     ["unknown zone 'moon'", "local"]),
    ("targetz: []\n", 1, ["targetz", "targets"]),
    (GOOD + "gate:\n  liste: x\n", 4, ["unknown key 'liste'", "did you mean 'listen'"]),
    (GOOD + "upstream: {conect_timeout: 5s}\n", 3, ["conect_timeout", "connect_timeout"]),
    (GOOD + "http:\n  head_timeout: soon\n", 4, ["head_timeout"]),
    (GOOD + "http:\n  head_timeout: 1ms\n", 4, ["head_timeout"]),
    (GOOD + "http: {body_limit: 5XB}\n", 3, ["body_limit"]),
    (GOOD + "gate: {workers: 1000}\n", 3, ["workers", "256"]),
    (GOOD + "gate: {workers: two}\n", 3, ["workers"]),
    (GOOD + "policy: {stand_in: perhaps}\n", 3, ["stand_in"]),
    (GOOD + "policy: {quality: 1.5}\n", 3, ["quality"]),
    (GOOD + "policy: {local: [summarize]}\n", 3, ["summarize", "summarise"]),
    (GOOD + "guard: {types: {EMALE: internal}}\n", 3, ["EMALE", "EMAIL"]),
    (GOOD + "guard: {types: {EMAIL: secret}}\n", 3, ["label", "restricted"]),
    (GOOD + "classifier: {weights: /nonexistent/my.bin}\n", 3, ["weights", "read", "train"]),
    (GOOD + "classifier: {weights: /bin/sh}\n", 3, ["weights", "train"]),
    (GOOD + "models: {x: \"zone:moon\"}\n", 3, ["zone"]),
    (GOOD + "models: {x: cloud}\n", 3, ["auto"]),
    (GOOD + "tenants: [{name: a, key: k}, {name: b, key: k}]\n", 3, ["key"]),
    (GOOD + "tenants: [{name: a, label: hidden}]\n", 3, ["label"]),
    (GOOD + GOOD, 3, ["twice"]),
    ("targets:\n  - {url: \"http://x/v1\", zone: local}\n", 2, ["name"]),
    ("targets:\n  - {name: a, zone: local}\n", 2, ["URL"]),
    ("targets:\n  - {name: a, url: \"ftp://x\", zone: local}\n", 2, ["URL"]),
    ("targets:\n  - {name: a, url: \"https://8.8.8.8/v1\", zone: local}\n", 2,
     ["public", "zone: cloud", "addresses: any"]),
    (GOOD + "zones: {local: {addresses: some}}\n", 3, ["private", "any"]),
    ("targets:\n  - {name: a, url: \"http://x/v1\", zone: local, price_in: cheap}\n", 2, ["price"]),
    ("targets:\n  - {name: a, url: \"http://x/v1\", zone: local, abilities: [toolz]}\n", 2,
     ["abilit", "tools"]),
    ("targets:\n  - {name: a, preset: opnai}\n", 2, ["opnai", "did you mean 'openai'"]),
    ("targets: {name: a}\n", 1, ["list"]),
    ("engines:\n  - {name: e, url: \"http://127.0.0.1:9/v1\"}\n", 2, ["command"]),
    ("targets:\n  - name: a\n    url: http://x/v1\n    api_key: \"${NOT_SET_HERE}\"\n",
     4, ["NOT_SET_HERE"]),
    ("targets: [\n", None, []),
    ("targets:\n\t- a\n", 2, ["tab", "spaces"]),
    (GOOD + "gate: {listen: localhost}\n", 3, ["127.0.0.1:4100"]),
    ("just text\n", 1, []),
    ("a: &x 1\nb: *x\n", None, []),
]


KEYS = {k: "secret-" + k for k in ("OPENAI_API_KEY", "MISTRAL_API_KEY", "WEIR_KEY_SHOP",
                                   "WEIR_KEY_CLINIC")}  # what the example takes from there


def check(text, *args, env=None):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as f:
        f.write(text)
    try:
        return command("check", "-c", f.name, *args, env=env), f.name
    finally:
        os.unlink(f.name)


def test_each_mistake_is_named_with_its_place_and_its_cure():
    for text, line, words in BAD:
        done, name = check(text)
        say = "%r -> %d %r" % (text, done.returncode, done.stderr + done.stdout)
        assert done.returncode != 0, say
        message = done.stderr.replace(name, "FILE")
        m = re.search(r"FILE:(\d+):(\d+): ", message)
        assert m, say
        assert line is None or int(m.group(1)) == line, say
        for word in words:
            assert word.lower() in message.lower(), "no '%s' in %s" % (word, say)


COLUMNS = [  # text, line:column of the very word, the nearest that would be right
    ("targetz: []\n", "1:1", "targets"),
    (GOOD + "gate: {workers: 1, liste: x}\n", "3:20", "listen"),
    (GOOD + "gate:\n  workers: 1\n  liste: x\n", "5:3", "listen"),
    (GOOD + "gate: {workers: 1000}\n", "3:17", "256"),
    (GOOD + "tenants: [{name: a, lable: public}]\n", "3:21", "label"),
    (GOOD + "tenants: [{name: a, label: publik}]\n", "3:28", "public"),
    (GOOD + "policy:\n  local: [chitchat, sumarise]\n", "4:21", "summarise"),
    ("targets:\n  - {nam: a, url: \"http://127.0.0.1:9/v1\"}\n", "2:6", "name"),
    ("targets:\n  - {name: a, url: \"http://127.0.0.1:9/v1\", zone: lokal}\n", "2:51", "local"),
    ("targets:\n  - {name: a, presett: openai}\n", "2:15", "preset"),
    ("engines:\n  - {name: a, comand: [x]}\n", "2:15", "command"),
    (GOOD + "zones: {eu: {max_lable: public}}\n", "3:14", "max_label"),
]


def test_the_column_is_that_of_the_word_and_the_nearest_right_one_is_told():
    for text, place, right in COLUMNS:
        done, name = check(text)
        message = done.stderr.replace(name, "FILE")
        assert done.returncode == 1 and message.startswith("weir: FILE:%s: " % place), \
            (text, place, message)
        assert right in message, (text, message)


def test_no_key_of_any_setting_can_be_mistyped():
    """Each key of the example loses its last letter: its line and its right name are told."""
    with open(os.path.join(ROOT, "weir.yaml.example"), encoding="utf-8") as f:
        lines = f.read().split("\n")
    section, seen = "", 0
    for at, line in enumerate(lines):
        m = re.match(r"(  (?:- |  )?)?([a-z_]+):", line)
        section = m.group(2) if m and not m.group(1) else section
        if not m or section in ("zones", "models") and m.group(1):
            continue  # names of the operator's own
        key, wrong = m.group(2), m.group(2)[:-1]
        mistyped = lines[:at] + [line.replace(key, wrong, 1)] + lines[at + 1:]
        done, name = check("\n".join(mistyped), env=KEYS)
        message = done.stderr.replace(name, "FILE")
        assert done.returncode == 1 and "FILE:%d:%d: " % (at + 1, m.start(2) + 1) in message and \
            "'%s'" % wrong in message and "'%s'" % key in message, (line, message)
        seen += 1
    assert seen > 70, seen


def test_serve_refuses_what_check_refuses():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("targetz: []\n")
        f.flush()
        done = command("serve", "-c", f.name, timeout=20)
        assert done.returncode != 0 and "targetz" in done.stderr


def test_a_missing_file_is_said():
    done = command("serve", "-c", "/nonexistent.yaml", timeout=20)
    assert done.returncode != 0 and done.stderr.count("/nonexistent.yaml") == 1, done.stderr


def test_one_that_is_there_but_cannot_be_read_is_not_passed_over():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink("/nonexistent/moved.yaml", os.path.join(folder, "weir.yaml"))
        for words in (["serve", "--listen", "127.0.0.1:0"], ["check"], ["explain", "hi"]):
            done = command(*words, timeout=20, cwd=folder)
            assert done.returncode == 1 and "weir.yaml: No such file" in done.stderr, done.stderr


def test_no_targets_at_all_says_what_to_do():
    done, _ = check("gate: {listen: \"127.0.0.1:0\"}\n")
    assert done.returncode != 0 and "target" in done.stderr + done.stdout


def test_a_good_one_is_said_to_be_good():
    done, _ = check(GOOD)
    assert done.returncode == 0, done.stderr + done.stdout


def test_the_example_is_a_good_one():
    done = command("check", "-c", os.path.join(ROOT, "weir.yaml.example"), env=KEYS)
    assert done.returncode == 0, done.stderr + done.stdout


def test_the_readmes_is_a_good_one():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        text = re.search(r"```yaml\n(.*?)```", f.read(), re.S).group(1)
    done, _ = check(text, env={"OPENAI_API_KEY": "secret", "CLINIC_KEY": "secret"})
    assert done.returncode == 0 and "2 targets" in done.stdout, done.stderr + done.stdout


def test_where_there_is_none_that_is_said():
    with tempfile.TemporaryDirectory() as folder:
        done = command("check", cwd=folder)
    assert done.returncode == 0 and "no weir.yaml here" in done.stdout, done.stdout


def test_no_secret_is_ever_printed():
    done, _ = check("targets: [{name: a, url: \"http://x/v1\", zone: moon, api_key: \"sk-12\"}]\n")
    assert "sk-12" not in done.stderr + done.stdout
