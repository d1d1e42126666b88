#!/usr/bin/env python3
"""The checks can fail: each breach of a rule, in a small tree of its own, is complained of."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREE = {  # a tree that is well
    "src/ROOMS": "base | tables |\ncall | nouns | base\napi | a | base\nroute | b | base\n"
                 "guard | detectors | base call\n"
                 "gate | steps | base call guard\n",
    "src/base/base.h": "#ifndef BASE_BASE_H\n#define BASE_BASE_H\n#endif\n",
    "src/base/base.c": '// base.c: it.\n#include "base/base.h"\nint base_one(void)\n{\n'
                       '    must(1);\n    return 1;\n}\n',
    "src/base/base_test.c": '#include "tests/unit.h"\n',
    "src/guard/guard.h": "#ifndef GUARD_GUARD_H\n#define GUARD_GUARD_H\n#endif\n",
    "src/guard/inner.h": "#ifndef GUARD_INNER_H\n#define GUARD_INNER_H\n#endif\n",
    "src/guard/detectors.def": 'DETECTOR(mail, MAIL, "mail")\n',
    "src/guard/mail.c": '// mail.c: it.\n#include "guard/guard.h"\nint guard_mail(void)\n{\n'
                        '    must(1);\n    return 1;\n}\n',
    "src/guard/mail_test.c": '#include "tests/unit.h"\n',
    "src/gate/gate.h": "#ifndef GATE_GATE_H\n#define GATE_GATE_H\n#endif\n",
    "src/api/dialects.def": "",
    "src/route/rules.def": "",
}
GUARD = TREE["src/guard/mail.c"]


def body(line, count=1):
    return GUARD.replace("    must(1);\n", "    must(1);\n" + ("    " + line + "\n") * count)


CASES = [  # tool, what, file, its text, word of the complaint (None: nothing may be said)
    ("rooms", "a tree that is well", None, None, None),
    ("rooms", "up", "src/base/up.c", '#include "guard/guard.h"\n', "may not see"),
    ("rooms", "a private header", "src/gate/x.c", '#include "guard/inner.h"\n', "private"),
    ("rooms", "an unqualified include", "src/gate/x.c", '#include "gate.h"\n', "no such header"),
    ("rooms", "unit.h in product code", "src/gate/x.c", '#include "tests/unit.h"\n', "only tests"),
    ("rooms", "a cycle in the law", "src/ROOMS", "base | a | call\ncall | b | base\n", "not above"),
    ("rooms", "a room without a line", "src/ROOMS", "base | a |\n", "has no line"),
    ("rooms", "a pure room and a socket", "src/guard/x.c", "#include <sys/socket.h>\n", "pure"),
    ("rooms", "a pure room and a clock", "src/guard/x.c", body("time(NULL);"), "calls time"),
    ("rooms", "a pure room and chance", "src/guard/x.c", body("random();"), "calls random"),
    ("rooms", "a word that begins so", "src/guard/x.c", body("random_looking();"), None),
    ("rooms", "a clock in a comment", "src/guard/x.c", body("// time(NULL);"), None),
    ("tidy", "a tree that is well", None, None, None),
    ("tidy", "a long function", "src/guard/mail.c", body("x();", 70), "a function of"),
    ("tidy", "a long file", "src/base/base.c", "// base.c: it.\n" + "\n" * 800, "lines, at most"),
    ("tidy", "a long door", "src/guard/guard.h", "\n" * 301, "at most 300"),
    ("tidy", "a wide line", "src/guard/mail.c", GUARD + "// " + "x" * 98 + "\n", "columns"),
    ("tidy", "six arguments", "src/guard/guard.h", "int f(int a, int b, int c, int d, int e,\n"
     "      int g);\n", "6 arguments"),
    ("tidy", "a callback of six", "src/guard/guard.h", "int f(int a, int (*b)(int, int, int));\n",
     None),
    ("tidy", "few asserts", "src/guard/mail.c", GUARD.replace("    must(1);\n", ""), "must()"),
    ("tidy", "the heap", "src/guard/mail.c", body("free(p);"), "heap"),
    ("tidy", "the heap in a string", "src/guard/mail.c", body('say("free(p)");'), None),
    ("tidy", "a condition", "src/guard/mail.c", GUARD + "#if X\n#endif\n", "#if"),
    ("tidy", "a note for later", "src/guard/mail.c", GUARD + "// TO" "DO\n", "later"),
    ("tidy", "a sleep", "src/guard/mail_test.c", "static int f(void) { usle" "ep(5); }\n",
     "sleep"),
    ("tidy", "a nameless seed", "tests/fuzz/guard_mail/" + "0a" * 20, "x", "a seed is named"),
    ("tidy", "a row without a file", "src/guard/detectors.def", 'DETECTOR(mail, M, "")\n'
     'DETECTOR(iban, I, "")\n', "row iban has no file"),
    ("tidy", "a row without a test", "src/guard/mail_test.c", None, "no unit test"),
    ("tidy", "no paragraph", "src/guard/mail.c", GUARD.split("\n", 1)[1], "begins with"),
]


def complaints(tool, path, text):
    """What the tool says of the tree with this file put in (text None: taken out)."""
    with tempfile.TemporaryDirectory() as root:
        for name, content in dict(TREE, **({path: text} if path else {})).items():
            if content is None:
                continue
            os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
            with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                f.write(content)
        done = subprocess.run([os.path.join(ROOT, "tools", "check-" + tool)], check=False,
                              env=dict(os.environ, CHECK_ROOT=root), capture_output=True, text=True)
    assert done.returncode == (1 if done.stdout else 0), done.stderr
    return done.stdout


def main():
    failed = 0
    for tool, what, path, text, word in CASES:
        said = complaints(tool, path, text)
        if word not in said if word else said:
            failed += 1
            print("FAILED check-%s: %s: it said %r, not %r" % (tool, what, said, word))
    print("%d passed, %d failed, 0 skipped" % (len(CASES) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
