"""What check-rooms and check-tidy share: C text without comments and strings, ROOMS, complaints."""
import glob
import os
import re
import sys

# CHECK_ROOT: another tree, for the test that these checks can fail
ROOT = os.environ.get("CHECK_ROOT") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DEF_ROW = re.compile(r"^[A-Z_]+\(\s*(\w+)", re.M)
complaints = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def bare(text):
    """The text with comments blanked and strings emptied; line numbers stay."""
    def blank(m):
        token = m.group()
        return token[0] * 2 if token[0] in "\"'" else "\n" * token.count("\n") or " "
    return TOKEN.sub(blank, text)


def find(pattern):
    return sorted(os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, pattern)))


def def_rows(path):
    """Names of a table's rows: the first argument of each."""
    return DEF_ROW.findall(bare(read(path)))


def rooms():
    """ROOMS in order: (line number, name, rooms it may see)."""
    rows = []
    for number, line in enumerate(read("src/ROOMS").splitlines(), 1):
        parts = line.split("|")
        if len(parts) == 3:
            rows.append((number, parts[0].strip(), parts[2].split()))
        elif line.strip():
            complain("src/ROOMS", number, "a line is: name | what it is | what it may see")
    return rows


def complain(path, line, what):
    complaints.append("%s:%d: %s" % (path, line, what))


def finish():
    for c in complaints:
        print(c)
    sys.exit(1 if complaints else 0)
