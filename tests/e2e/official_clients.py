"""What a caller of the official OpenAI SDKs sees of errors: an exception with the message, never a
cut stream that looks whole, read at once or late."""
import sdks
from harness import FakeCloud, Weir, targets

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
