"""What a caller of the official OpenAI SDKs sees of errors: an exception with the message, never a
cut stream that looks whole, read at once or late. And the lines of the README, word for word."""
import os
import re
import subprocess

import sdks
from harness import ROOT, FakeCloud, Weir, targets

CUT = "ended before its end mark"
SEEN = {  # mode of the fake cloud: text before it, exception, a part of its message, status
    "ok": ("The tide turns at noon.", None, None, None),
    "cut": ("The tide", "APIError", CUT, None),
    "rst": ("The tide", "APIError", CUT, None),
    "nofinish": ("The tide turns", "APIError", CUT, None),
    "mid_error": ("The tide", "APIError", "fake says 500", None),
    "early_error": ("", "InternalServerError", "fake says 503", 502),
    "429": ("", "RateLimitError", "fake says 429", 429),
    "400": ("", "BadRequestError", "fake says 400", 400),
}


def check(sdk, script):
    more = "upstream: {down_after: 1000}\n"
    with FakeCloud() as fake, Weir(targets(local=fake, more=more)) as w:
        got = sdk(script, w, *SEEN)
    for mode, (text, raised, said, status) in SEEN.items():
        for one in got[mode]:
            assert one["text"] == text and one["raised"] == raised, (mode, one)
            assert raised is None or said in one["said"], (mode, one)
            assert one.get("status") == status, (mode, one)


def test_errors_in_the_python_sdk():
    check(sdks.python, "errors_python.py")


def test_errors_in_the_node_sdk():
    check(sdks.node, "errors_node.mjs")


def readme_says(pattern, command):
    """What the README's own lines print when they meet a weir, wherever it serves."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        lines = re.search(pattern, f.read(), re.S).group(1)
    assert "127.0.0.1:4100" in lines
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        done = subprocess.run([*command, lines.replace("127.0.0.1:4100", "127.0.0.1:%d" % w.port)],
                              capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 and len(fake.seen) == 1, done.stderr
    return done.stdout


def test_the_readmes_curl_line():
    assert "The tide turns at noon." in readme_says(r"```\n(curl [^`]*)```", ["bash", "-c"])


def test_the_readmes_python_lines():
    said = readme_says(r"```python\n([^`]*)```", [sdks.python_binary(), "-c"])
    assert said == "The tide turns at noon.", said
