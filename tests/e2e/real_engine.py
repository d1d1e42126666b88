#!/usr/bin/env python3
"""The real engine with the real 0.5B model, supervised by weir; curl and the official OpenAI SDKs
as clients. Skipped, and counted so, only where a package registry cannot be reached."""
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run  # noqa: E402
from harness import ROOT, Skip, Weir, ask, free_port, until  # noqa: E402

CLIENTS = os.path.join(ROOT, "tests", "clients")
BUILT = os.path.join(ROOT, "build", "clients")
ENGINE = os.path.join(ROOT, "tools", "engine")
CAPITAL = "What is the capital of France?"
running = {}


def fetched(*command, **more):
    """Runs a command that fetches; its last line. Skips where it cannot reach its registry."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=900, **more)
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
    network = ("network", "resolve", "connection", "timed out", "ETIMEDOUT", "ENOTFOUND",
               "EAI_AGAIN", "ECONNREFUSED", "Retry", "unreachable")
    if any(word.lower() in done.stderr.lower() for word in network):
        raise Skip("%s cannot fetch: %s" % (command[0], last))
    raise AssertionError("%s failed: %s" % (" ".join(command), done.stderr[-2000:]))


def weir():
    """The one weir of this file; the model takes seconds to load."""
    if "weir" in running:
        return running["weir"]
    if "why" in running:
        raise Skip(running["why"])
    try:
        fetched(sys.executable, ENGINE, "get")
        model = fetched(sys.executable, ENGINE, "model", "0.5b")
    except Skip as e:
        running["why"] = str(e)
        raise
    port = free_port()
    w = Weir("engines:\n  - name: engine\n    command: [\"%s\", \"%s\", serve, \"%s\", \"%d\"]\n"
             "    env: {OMP_WAIT_POLICY: passive}\n    url: http://127.0.0.1:%d/v1\n"
             "    model: qwen\n    context_tokens: 4096\n    log: engine.log\n" %
             (sys.executable, ENGINE, model, port, port), ready=False)
    running["weir"] = w
    until(lambda: w.get("/readyz").status == 200, "the model is loaded", 180)
    return w


def test_a_whole_answer():
    answer = weir().chat(CAPITAL, max_tokens=24, temperature=0)
    assert answer.status == 200, answer.body
    assert "Paris" in answer.json()["choices"][0]["message"]["content"]
    assert answer.header("x-weir-target") == "engine" and answer.header("x-weir-zone") == "local"
    assert answer.json()["usage"]["completion_tokens"] > 0


def test_a_streamed_answer():
    answer = weir().post(ask(CAPITAL, max_tokens=24, temperature=0, stream=True))
    events = answer.body.decode().split("\n\n")
    rows = [json.loads(e[6:]) for e in events if e.startswith("data: {")]
    text = "".join(c["delta"].get("content") or "" for r in rows for c in r["choices"])
    assert "Paris" in text, text
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert all(r["choices"] for r in rows), "usage was not asked for"


def test_an_answer_bound_to_a_schema():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
              "additionalProperties": False}
    answer = weir().chat("Extract the city as JSON: I moved to Lisbon last year.", max_tokens=32,
                         temperature=0, response_format={
                             "type": "json_schema", "json_schema": {"name": "c", "schema": schema}})
    said = json.loads(answer.json()["choices"][0]["message"]["content"])
    assert set(said) == {"city"} and isinstance(said["city"], str) and said["city"], said


def test_a_client_that_leaves_frees_the_engine():
    w = weir()
    with w.client() as c:
        from harness import request  # noqa: PLC0415
        c.send(request(ask("Count from 1 to 1000, one number a line.", max_tokens=2000,
                           stream=True)))
        c.head()
        c.chunk()
    answer = w.chat(CAPITAL, max_tokens=8, temperature=0)
    assert answer.status == 200
    until(lambda: w.metric("weir_calls_open") <= 1, "no call is left")


def test_the_ledger_has_the_engines_usage():
    w = weir()
    answer = w.chat(CAPITAL, max_tokens=8, temperature=0)
    rows = [str(dict(r)) for r in w.rows("select * from entries")]
    until(lambda: any(answer.header("x-weir-call") in str(dict(r))
                      for r in w.rows("select * from entries")), "the entry is written")
    assert any("completion_tokens" in r for r in rows), rows[:1]


def test_curl():
    w = weir()
    url = "http://127.0.0.1:%d/v1/chat/completions" % w.port
    body = json.dumps(ask(CAPITAL, max_tokens=16, temperature=0, stream=True))
    done = subprocess.run(["curl", "-sSN", "--fail-with-body", url, "-H",
                           "Content-Type: application/json", "-d", body], capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("data: [DONE]\n\n")
    done = subprocess.run(["curl", "-sS", "-w", "%{http_code}", url, "-H", "Expect: 100-continue",
                           "-H", "Transfer-Encoding: chunked", "-H",
                           "Content-Type: application/json", "-d", "@-"], capture_output=True,
                          input=json.dumps(ask(CAPITAL, max_tokens=4)), text=True, check=False,
                          timeout=120)
    assert done.stdout.endswith("200"), done.stdout[-300:] + done.stderr


def check_sdk(out):
    seen = json.loads(out)
    assert "Paris" in seen["whole"] and "Paris" in seen["streamed"], seen
    assert seen["zone"] == "local" and {"auto", "engine"} <= set(seen["models"]), seen
    assert seen["usage"] > 10 and seen["stream_usage"] > 10, seen
    assert seen["error"] == [404, "model_not_found", "model"], seen
    assert seen["bad"] == [400, "empty_array", "messages"], seen


def test_the_official_python_sdk():
    w, home = weir(), os.path.join(BUILT, "python")
    python = os.path.join(home, "bin", "python")
    if not os.path.exists(os.path.join(home, "ready")):
        shutil.rmtree(home, ignore_errors=True)
        fetched(sys.executable, "-m", "venv", home)
        fetched(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
                os.path.join(CLIENTS, "requirements.txt"))
        with open(os.path.join(home, "ready"), "w", encoding="ascii"):
            pass
    done = subprocess.run([python, os.path.join(CLIENTS, "openai_python.py"),
                           "http://127.0.0.1:%d/v1" % w.port], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    check_sdk(done.stdout)


def test_the_official_node_sdk():
    w, home = weir(), os.path.join(BUILT, "node")
    os.makedirs(home, exist_ok=True)
    if not glob.glob(os.path.join(home, "node_modules", "openai", "package.json")):
        shutil.copy(os.path.join(CLIENTS, "package.json"), home)
        fetched("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=home)
    done = subprocess.run(["node", os.path.join(CLIENTS, "openai_node.mjs"),
                           "http://127.0.0.1:%d/v1" % w.port, home], capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    check_sdk(done.stdout)


def test_weir_and_the_engine_end_together():
    w = weir()
    running.clear()
    running["why"] = "weir has ended"
    assert w.stop() == 0
    shutil.rmtree(w.folder, ignore_errors=True)


def main():
    counts = run.run_module("real_engine", sys.argv[1:])
    left = sys.modules["real_engine"].running.get("weir")  # this file runs as __main__
    if left:
        left.kill()
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
