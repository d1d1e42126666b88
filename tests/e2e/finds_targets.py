"""Without a configuration weir finds engines on loopback by their ports and probe paths, and clouds
by their keys. The engines are fakes on the real ports; a test is skipped where one is taken."""
import contextlib
import os
import re
import subprocess
import tempfile

from harness import BINARY, ROOT, FakeCloud, Skip, Weir, until

with open(os.path.join(ROOT, "src", "upstream", "presets.def"), encoding="utf-8") as f:
    KEYS = {name: "" for name in re.findall(r'"(\w+_API_KEY)"', f.read())}  # none is set
OLLAMA = {"/api/version": {"version": "0.12"},
          "/v1/models": {"data": [{"id": "qwen3:8b"}, {"id": "gpt-oss:120b-cloud"}, {"id": "mine"},
                                  {"id": "nomic-embed-text"}]},
          "/api/tags": {"models": [{"name": "qwen3:8b"},
                                   {"name": "mine", "remote_host": "x.test"}]}}
LLAMA = {"/props": {"default_generation_settings": {"n_ctx": 4096}},
         "/v1/models": {"data": [{"id": "/models/tiny.gguf"}]}}
STRANGER = {"/v1/models": {"data": [{"id": "gpt-4o"}]}}  # serves models, says not what it is


@contextlib.contextmanager
def engines(**by_port):
    """Fakes on ports p11434=…; each answers GET with its pages and 404 else."""
    with contextlib.ExitStack() as stack:
        fakes = []
        for port, pages in by_port.items():
            try:
                fakes.append(stack.enter_context(FakeCloud(port=int(port[1:]))))
            except OSError as e:
                raise Skip("port %s is taken: %s" % (port[1:], e)) from e
            fakes[-1].pages = pages
        yield fakes


def found(w):
    """name: (zone, model) of the targets, as the log tells them."""
    rows = [re.search(r"target=(\S+) zone=(\S+) model=(\S*)", line) for line in w.log]
    return {m.group(1): m.group(2, 3) for m in rows if m}


def ours(w):
    """Those on our fakes' ports: another engine may run on this machine."""
    models = {m["id"] for pages in (OLLAMA, LLAMA, STRANGER) for m in pages["/v1/models"]["data"]}
    return {n: t for n, t in found(w).items() if t[1] in models}


def test_an_engine_is_known_by_its_port_and_serves():
    with engines(p11434=OLLAMA) as (fake,), Weir(None, env=KEYS) as w:
        # what Ollama forwards to a cloud is not local; what embeds does not chat
        assert ours(w) == {"ollama/qwen3:8b": ("local", "qwen3:8b")}, found(w)
        answer = w.chat("hi", model="ollama/qwen3:8b")
        assert answer.status == 200 and answer.header("x-weir-zone") == "local"
        assert [s.json()["model"] for s in fake.seen] == ["qwen3:8b"], "a prompt while looking"


def test_an_engine_on_anothers_port_is_known_by_its_probe():
    with engines(p8001=LLAMA), Weir(None, env=KEYS) as w:  # vLLM's second port
        assert ours(w) == {"llamacpp/tiny": ("local", "/models/tiny.gguf")}, found(w)


def test_several_engines_at_once():
    with engines(p11434=OLLAMA, p9931=LLAMA), Weir(None, env=KEYS) as w:
        assert set(ours(w)) == {"ollama/qwen3:8b", "llamacpp/tiny"}, found(w)


def test_what_says_not_what_it_is_gets_nothing():
    with engines(p8001=STRANGER, p11434=OLLAMA) as (stranger, _), Weir(None, env=KEYS) as w:
        assert set(ours(w)) == {"ollama/qwen3:8b"}, found(w)
        assert w.chat("hi").status == 200 and not stranger.seen


def test_a_key_in_the_environment_is_a_cloud():
    key = "sk-test-0123456789abcdef"
    with engines(p11434=OLLAMA), Weir(None, env=dict(KEYS, OPENAI_API_KEY=key)) as w:
        assert found(w)["openai"][0] == "cloud"
        assert key not in "".join(w.log)
        # its host cannot be reached from a test: only what stays here is asked
        assert w.chat("My card is 4111 1111 1111 1111").header("x-weir-zone") == "local"
        until(lambda: w.get("/readyz").status == 200, "it is ready")


def test_nothing_found_says_what_to_do():
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0"], cwd=folder,
                                  env=dict(os.environ, **KEYS), capture_output=True, text=True,
                                  check=False, timeout=10)
        except subprocess.TimeoutExpired as e:
            raise Skip("it found an engine on this machine") from e
    assert done.returncode == 1 and "nothing to send requests to" in done.stderr, done.stderr
    assert "OPENAI_API_KEY" in done.stderr and "quickstart" in done.stderr
