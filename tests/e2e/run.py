#!/usr/bin/env python3
"""Runs the end-to-end tests against the weir named by $WEIR: run.py [WORD...] those whose name has
a word. A file is named for a behaviour; each of its functions test_… is one test. Prints what
failed, then the closing line."""
import glob
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import harness  # noqa: E402

NOT_TESTS = ("run", "harness", "sdks", "real_engine")


def run_one(test):
    """passed, failed or skipped."""
    try:
        test()
        return "passed"
    except harness.Skip as why:
        print("  skipped: %s" % why)
        return "skipped"
    except Exception:  # a test may fail in any way
        traceback.print_exc(file=sys.stdout)
        return "failed"


def run_module(name, words):
    module, counts = importlib.import_module(name), {"passed": 0, "failed": 0, "skipped": 0}
    for test in [v for k, v in vars(module).items() if k.startswith("test_") and callable(v)]:
        if words and not any(w in name + "." + test.__name__ for w in words):
            continue
        begin = time.monotonic()
        how = run_one(test)
        counts[how] += 1
        if how == "failed" or words:
            print("%s %s.%s in %.2f s" % (how.upper(), name, test.__name__,
                                          time.monotonic() - begin), flush=True)
    return counts


def main():
    if not os.access(harness.BINARY, os.X_OK):
        print("there is no %s: run make" % harness.BINARY)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sorted(glob.glob(os.path.join(HERE, "*.py"))):
        name = os.path.basename(path)[:-3]
        if name in NOT_TESTS:
            continue
        begin = time.monotonic()
        counts = run_module(name, sys.argv[1:])
        for k, v in counts.items():
            sums[k] += v
        if any(counts.values()):
            print("  %-44s %3d passed %3d failed %3d skipped %6.1f s" % (
                name, *counts.values(), time.monotonic() - begin), flush=True)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % sums)
    return 1 if sums["failed"] or not any(sums.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
