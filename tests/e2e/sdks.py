"""The official OpenAI SDKs as clients: fetched once into build/clients, run against a weir. Each
script of tests/clients prints what it saw as JSON. Skipped where a registry cannot be reached."""
import glob
import json
import os
import shutil
import subprocess
import sys

from harness import ROOT, Skip

CLIENTS = os.path.join(ROOT, "tests", "clients")
BUILT = os.path.join(ROOT, "build", "clients")


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


def run(command, script, weir, *words):
    done = subprocess.run([*command, os.path.join(CLIENTS, script),
                           "http://127.0.0.1:%d/v1" % weir.port, *words], capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def python_binary():
    """A Python that has the official SDK."""
    home = os.path.join(BUILT, "python")
    binary = os.path.join(home, "bin", "python")
    if not os.path.exists(os.path.join(home, "ready")):
        shutil.rmtree(home, ignore_errors=True)
        fetched(sys.executable, "-m", "venv", home)
        fetched(binary, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
                os.path.join(CLIENTS, "requirements.txt"))
        with open(os.path.join(home, "ready"), "w", encoding="ascii"):
            pass
    return binary


def python(script, weir, *words):
    return run([python_binary()], script, weir, *words)


def node(script, weir, *words):
    home = os.path.join(BUILT, "node")
    os.makedirs(home, exist_ok=True)
    if not glob.glob(os.path.join(home, "node_modules", "openai", "package.json")):
        shutil.copy(os.path.join(CLIENTS, "package.json"), home)
        fetched("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", cwd=home)
    return run(["node"], script, weir, home, *words)
