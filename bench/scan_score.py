#!/usr/bin/env python3
"""Scores what weir finds in texts whose sensitive places are known.

  bench/scan_score.py [DOCS.jsonl] [--misses TYPE] [--alarms TYPE] [--prompts FILE]

DOCS: lines of {"text", "entities": [{"start", "end", "type", "sub"?}], "sensitive", "ambiguous"},
offsets in code points; default ../shared/data/sensitivity/docs.jsonl. A known place counts as
found when a finding of its type covers at least half of both together (IoU 0.5). Every finding
that belongs to no known place counts against precision, whether or not the source knows that
type; documents marked ambiguous count for recall only, sensitive ones without any marked place
not at all.
--misses and --alarms list places of one type; --prompts prints what is found in the texts of
another file of which nothing is known.
"""
import argparse
import collections
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCS = os.path.join(ROOT, "../shared/data/sensitivity/docs.jsonl")
TYPES = ("ADDRESS", "BANK_ACCOUNT", "CONFIDENTIAL", "CREDIT_CARD", "DOB", "DRIVER_LICENSE",
         "EMAIL", "HEALTH_ID", "IBAN", "IMEI", "NATIONAL_ID", "PASSPORT", "PHONE", "ROUTING",
         "SALARY", "SECRET", "TAX_ID", "VIN")
AROUND = 40


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def classify(weir, texts):
    """One list of findings a text; None where weir refused it."""
    rows = "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts))
    done = subprocess.run([weir, "classify"], input=rows, capture_output=True, text=True,
                          cwd="/", check=False)
    if done.returncode:
        sys.exit("scan_score: weir classify failed: " + done.stderr.strip())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if [a["id"] for a in answers] != list(range(len(texts))):
        sys.exit("scan_score: weir classify did not answer every line in order")
    return [a.get("findings") for a in answers]


def texts_of(row):
    """The texts of a line with "text" or with "messages"."""
    return [row["text"]] if "text" in row else [m["content"] for m in row["messages"]]


def wanted(entity):
    return entity["type"] in TYPES


def overlap(a, b):
    """Intersection over union."""
    both = min(a["end"], b["end"]) - max(a["start"], b["start"])
    return max(0, both) / (max(a["end"], b["end"]) - min(a["start"], b["start"]))


def pair(known, found):
    """Indices of known places that were found and of findings that belong to one."""
    pairs = sorted(((overlap(k, f), i, j) for i, k in enumerate(known) for j, f in enumerate(found)
                    if k["type"] == f["type"]), reverse=True)
    hit, used = set(), set()
    for share, i, j in pairs:
        if share >= 0.5 and i not in hit and j not in used:
            hit.add(i)
            used.add(j)
    return hit, used


def excerpt(text, place):
    return "%s[[%s]]%s" % tuple(json.dumps(s, ensure_ascii=False)[1:-1] for s in (
        text[max(0, place["start"] - AROUND):place["start"]], text[place["start"]:place["end"]],
        text[place["end"]:place["end"] + AROUND]))


def score(docs, findings, show):
    """Counts [found, missed, false] by (type, source), and benign documents with a finding."""
    counts = collections.defaultdict(lambda: [0, 0, 0])
    benign, alarmed = 0, collections.Counter()
    for doc, found in zip(docs, findings):
        source = doc["source"].split(":")[0]
        found = found or []
        known = [e for e in doc["entities"] if wanted(e)]
        hit, used = pair(known, found)
        for i, e in enumerate(known):
            for key in ((e["type"], source), (e["type"], "all")):
                counts[key][0 if i in hit else 1] += 1
            if i not in hit and show.misses == e["type"]:
                print("missed %s %s: %s" % (source, e.get("sub", ""), excerpt(doc["text"], e)))
        # A finding beside a known place that is only marked otherwise is no false alarm; of
        # documents that are known to be sensitive without a mark nothing can be said
        unmarked = doc["sensitive"] and not doc["entities"]
        # of confidential documents only some of the phrases are marked that say so
        half = "CONFIDENTIAL" if doc["category"] == "confidential" else None
        false = [f for j, f in enumerate(found)
                 if j not in used and not doc["ambiguous"] and not unmarked and
                 f["type"] != half and
                 not any(overlap(f, e) > 0 and (e["type"] == f["type"]) for e in doc["entities"])]
        for f in false:
            for key in ((f["type"], source), (f["type"], "all")):
                counts[key][2] += 1
            if show.alarms == f["type"]:
                print("false %s: %s" % (source, excerpt(doc["text"], f)))
        if not doc["sensitive"] and not doc["ambiguous"]:
            benign += 1
            alarmed.update({f["type"] for f in found})
            alarmed["any"] += bool(found)
    return counts, benign, alarmed


def documents(docs, findings):
    """Of documents as a whole, by category: how many that are sensitive have a finding."""
    hit, all_of, false, clear = collections.Counter(), collections.Counter(), 0, 0
    for doc, found in zip(docs, findings):
        if doc["ambiguous"]:
            continue
        if doc["sensitive"]:
            all_of[doc["category"]] += 1
            hit[doc["category"]] += bool(found)
        else:
            clear += 1
            false += bool(found)
    for kind in sorted(all_of):
        print("%-12s %5d of %5d documents found" % (kind, hit[kind], all_of[kind]))
    right = sum(hit.values())
    precision, recall = right / max(1, right + false), right / max(1, sum(all_of.values()))
    print("documents: precision %.3f, recall %.3f, F1 %.3f; false alarms %d of %d (%.4f)" % (
        precision, recall, 2 * precision * recall / max(1e-9, precision + recall), false, clear,
        false / max(1, clear)))


def table(counts, benign, alarmed):
    print("%-12s %-22s %6s %6s %6s %9s %6s" %
          ("type", "source", "found", "missed", "false", "precision", "recall"))
    for (kind, source), (found, missed, false) in sorted(counts.items()):
        print("%-12s %-22s %6d %6d %6d %9.3f %6.3f" %
              (kind, source, found, missed, false, found / max(1, found + false),
               found / max(1, found + missed)))
    print("benign documents with a finding: %d of %d (%s)" %
          (alarmed["any"], benign, ", ".join("%s %d" % (k, n) for k, n in sorted(alarmed.items())
                                             if k != "any")))


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    ap.add_argument("docs", nargs="?", default=DOCS)
    ap.add_argument("--weir", default=os.path.join(ROOT, "weir"))
    ap.add_argument("--misses", choices=TYPES)
    ap.add_argument("--alarms", choices=TYPES)
    ap.add_argument("--prompts", metavar="FILE")
    args = ap.parse_args()
    if args.prompts:
        texts = [text for row in load(args.prompts) for text in texts_of(row)]
        findings = classify(args.weir, texts)
        for text, found in zip(texts, findings):
            for f in found or []:
                print("%-11s %.2f %s" % (f["type"], f["score"], excerpt(text, f)))
        print("%d of %d texts with a finding" % (sum(map(bool, findings)), len(texts)))
        return
    if not os.path.exists(args.docs):
        sys.exit("scan_score: %s is not here" % args.docs)
    docs = load(args.docs)
    findings = classify(args.weir, [d["text"] for d in docs])
    table(*score(docs, findings, args))
    documents(docs, findings)


if __name__ == "__main__":
    main()
