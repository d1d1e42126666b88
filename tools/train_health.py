#!/usr/bin/env python3
"""Trains assets/health.bin, the weights by which src/guard/health.c tells what is said of
somebody's health from what is said of an illness.

  tools/train_health.py DOCS.jsonl OUT.bin [--check]

DOCS: lines as bench/scan_score.py reads them. Only sources with an open licence are learned from
(SOURCES below); the requests of data/ are further harmless texts. A window of a text is what
health.c takes: words and pairs of neighbours, hashed, over the root of their count. --check leaves
out each source in turn and prints what is found of it, instead of writing. Needs scikit-learn.
"""
import argparse
import collections
import glob
import json
import os
import re

import numpy
import scipy.sparse
from sklearn.linear_model import LogisticRegression

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ("mts-dialog", "synth-health", "synth-health-case", "medquad", "gsm8k", "banking77",
           "clinc150", "self-instruct", "wikigold", "synth-benign", "synth-financial",
           "synth-confidential", "synth-secret", "synth-pii")
WORD = (1 << 64) - 1
SLOTS, BEFORE, BEHIND, SCALE = 1 << 14, 96, 256, 16
CUES = re.compile(rb"X\(\"([^\"]*)\", HEALTH,")
WORDS = re.compile(rb"[a-z\x80-\xff]+|[0-9]+")


def cue_finder():
    with open(os.path.join(ROOT, "src/guard/cues.h"), "rb") as f:
        stems = CUES.findall(f.read())
    return re.compile(rb"(?<![a-z])(" + b"|".join(sorted(map(re.escape, stems))) + rb")")


def windows(text, cue):
    """As health.c: from a cue on, the next only behind the end of the one before."""
    t = text.encode().lower()
    at, out = 0, []
    while (m := cue.search(t, at)):
        start, end = max(0, m.start() - BEFORE), min(len(t), m.start() + BEHIND)
        out.append(t[start:end])
        at = end
    return out


def hash_word(w):
    if w[:1].isdigit():
        return 1
    low = bytes(b | 0x20 for b in w[:16]).ljust(16, b"\0")
    a, b = (int.from_bytes(low[i:i + 8], "little") for i in (0, 8))
    h = (a * 0x9e3779b97f4a7c15 + b * 0xd6e8feb86659fd93) & WORD
    return ((h ^ h >> 32) * 0xff51afd7ed558ccd & WORD) >> 32


def slot(h):
    return (h * 0x9e3779b1 & 0xffffffff) >> 18


def features(window, drop=()):
    hs = [hash_word(w) for w in WORDS.findall(window) if w not in drop]
    c = collections.Counter(map(slot, hs))
    c.update(slot((a * 31 + b) & 0xffffffff) for a, b in zip(hs, hs[1:]))
    n = sum(c.values())
    return {k: v / n ** 0.5 for k, v in c.items()}


def load(path, cue):
    """(source, group, sensitive, windows) of each text."""
    rows = []
    for line in open(path, encoding="utf-8"):
        d = json.loads(line)
        source = d["source"].split(":")[0]
        if source not in SOURCES or (d["ambiguous"] and source != "wikigold"):
            continue
        health = d["category"] == "health" and bool(d["sensitive"])
        rows.append((source, d["group"], health, windows(d["text"], cue)))
    for path in glob.glob(os.path.join(ROOT, "data/*.jsonl")):
        for line in open(path, encoding="utf-8"):
            d = json.loads(line)
            texts = [d["text"]] if "text" in d else [m["content"] for m in d["messages"]]
            for t in texts:
                if isinstance(t, str):
                    rows.append(("requests", path, False, windows(t, cue)))
    return rows


def matrix(feats):
    data, cols, ptr = [], [], [0]
    for f in feats:
        cols += f.keys()
        data += f.values()
        ptr.append(len(cols))
    return scipy.sparse.csr_matrix((data, cols, ptr), shape=(len(feats), SLOTS))


def fit(rows):
    """Each text of somebody twice, once without the words that only say who speaks."""
    feats, y, weight = [], [], []
    for source, _, health, ws in rows:
        for w in ws:
            for drop in ((), (b"doctor", b"patient")) if health else ((),):
                feats.append(features(w, drop))
                y.append(health)
                weight.append(0.5 if health else 3.0 if source == "requests" else 1.0)
    m = LogisticRegression(C=30, max_iter=400)
    m.fit(matrix(feats), y, sample_weight=weight)
    w = numpy.clip(numpy.round(m.coef_[0] * SCALE), -127, 127)
    return w, round(float(m.intercept_[0]) * SCALE)


def found(model, rows):
    hit = [bool(ws) and float((matrix([features(w) for w in ws]) @ model[0]).max()) + model[1] > 0
           for _, _, _, ws in rows]
    return sum(hit), len(rows), sum(1 for r in rows if r[3])


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    ap.add_argument("docs")
    ap.add_argument("out")
    ap.add_argument("--check", action="store_true")
    args = ap.parse_args()
    rows = load(args.docs, cue_finder())
    if args.check:
        for source in sorted({r[0] for r in rows}):
            model = fit([r for r in rows if r[0] != source])
            print("%-20s found %d of %d (%d with a cue)" % (
                (source,) + found(model, [r for r in rows if r[0] == source])))
        return
    weights, bias = fit(rows)
    with open(args.out, "wb") as f:
        f.write(int(bias).to_bytes(2, "little", signed=True))
        f.write(weights.astype(numpy.int8).tobytes())
    print("bias %d, %d weights that are not 0" % (bias, int((weights != 0).sum())))


if __name__ == "__main__":
    main()
