#!/usr/bin/env python3
"""The real engine with the real 0.5B model, supervised by weir; curl and the official OpenAI SDKs
as clients. Skipped, and counted so, only where a package registry cannot be reached."""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run  # noqa: E402
import sdks  # noqa: E402
from harness import ROOT, Skip, Weir, ask, free_port, until  # noqa: E402

ENGINE = os.path.join(ROOT, "tools", "engine")
CAPITAL = "What is the capital of France?"
running = {}


def weir():
    """The one weir of this file; the model takes seconds to load."""
    if "weir" in running:
        return running["weir"]
    if "why" in running:
        raise Skip(running["why"])
    try:
        sdks.fetched(sys.executable, ENGINE, "get")
        model = sdks.fetched(sys.executable, ENGINE, "model", "0.5b")
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
    until(lambda: w.metric("weir_calls_open") == 0, "no call is left")


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


def check_sdk(seen):
    assert "Paris" in seen["whole"] and "Paris" in seen["streamed"], seen
    assert seen["zone"] == "local" and {"auto", "engine"} <= set(seen["models"]), seen
    assert seen["usage"] > 10 and seen["stream_usage"] > 10, seen
    assert seen["error"] == [404, "model_not_found", "model"], seen
    assert seen["bad"] == [400, "empty_array", "messages"], seen


def test_the_official_python_sdk():
    check_sdk(sdks.python("openai_python.py", weir()))


def test_the_official_node_sdk():
    check_sdk(sdks.node("openai_node.mjs", weir()))


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
