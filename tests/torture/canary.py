#!/usr/bin/env python3
"""Canaries: does any byte of a restricted request ever reach a cloud, a log, a metric or a file?

Thousands of requests, most of which hold something restricted somewhere (a card number in a tool's
result, a key in a system prompt, escaped, deep in a page of prose, no header says so), while the
local target dies and comes back, the cloud throttles, hangs, redirects and cuts, and weir is killed
and started again. Each restricted request also holds MARK. A tap takes every byte that the cloud's
socket receives; behind it, and in weir's log, ledger, other files and metrics, MARK and each value
are looked for: plain, in base64, hex, percent signs, UTF-16, and in what gzip or zlib packed.

CANARY_CALLS: how many (100,000); CANARY_SEED: to repeat a run's choices; WEIR: the binary.
"""
import base64
import contextlib
import json
import os
import random
import re
import string
import sys
import threading
import traceback
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from harness import FakeCloud, Weir, request, until  # noqa: E402

CALLS = int(os.environ.get("CANARY_CALLS", "100000"))
SEED = int(os.environ.get("CANARY_SEED") or random.SystemRandom().randrange(1 << 32))
CROWD = 12
MARK = b"Wq7Canary"
OPEN = b"Wq7Harmless"  # in requests that may leave: shows that the tap works
CONFIG = """\
gate: {{listen: "127.0.0.1:0", workers: 2, drain: 1s, tries: 3, log_calls: all}}
upstream: {{connect_timeout: 300ms, first_byte_timeout: 300ms, idle_timeout: 300ms,
           total_timeout: 2s, down_after: 3, down_for: 100ms, probe_every: 100ms}}
ledger: {{path: "weir.db", batch: 20ms}}
targets:
  - {{name: near, url: "{near}", model: near-model, zone: local}}
  - {{name: far, url: "{far}", model: far-model, zone: cloud}}
  - {{name: farther, url: "{farther}", model: farther-model, zone: cloud}}
learn: {{share: 1, judge: farther, path: rows.jsonl, content: true, at_once: 50, timeout: 1s}}
"""
FAR_MODES = ["ok", "ok", "ok", "429", "500", "503", "hang", "redirect", "cut", "close", "mid_error"]
PROSE = ("The meeting was moved to the small room because the projector upstairs flickers. "
         "Prove that the square root of two is irrational and say where the proof would break. ")


# --- what must not leave -------------------------------------------------------------------------

def digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def card(rng):
    body = rng.choice(["4556", "5105", "5424"]) + digits(rng, 11)
    odd = sum(int(c) for c in body[-2::-2])
    doubled = sum(sum(divmod(2 * int(c), 10)) for c in body[::-2])
    number = body + str(-(odd + doubled) % 10)
    return "charge the card %s today" % " ".join(re.findall("....", number)), number


def iban(rng):
    bank = digits(rng, 18)
    number = "DE%02d%s" % (98 - int(bank + "131400") % 97, bank)
    return "send it to " + number, number


def ssn(rng):
    number = "%03d-%02d-%04d" % (rng.randrange(100, 660), rng.randrange(10, 99),
                                 rng.randrange(1000, 9999))
    return "her social security number is " + number, number


def letters(rng, count, of="BCDFGHJKLMNPQRSTVWZbcdfghjkmnpqrstvwz23456789"):
    """Of these no word comes, such as "example", which would make it one that stands for none."""
    return "".join(rng.choice(of) for _ in range(count))


def key(rng):
    word = "AKIA" + letters(rng, 16, string.ascii_uppercase + "234567")
    return "aws_access_key_id = " + word, word


def password(rng):
    word = letters(rng, 10) + rng.choice("!#%*") + letters(rng, 4)
    return "postgres://admin:%s@db.internal.corp:5432/crm" % word, word


def private_key(rng):
    word = letters(rng, 64)
    return "-----BEGIN RSA PRIVATE KEY-----\n%s\n%s\n-----END RSA PRIVATE KEY-----" % (
        word, letters(rng, 64)), word


SECRETS = [card, iban, ssn, key, password, private_key]


def hidden(rng, secret, mark):
    """The secret somewhere in prose of some length."""
    before, behind = (PROSE * rng.choice([0, 0, 1, 3, 40, 300]) for _ in range(2))
    return "%s%s %s. %s" % (before, mark, secret, behind)


# --- where it stands -----------------------------------------------------------------------------

def user(text):
    return {"messages": [{"role": "user", "content": text}]}


def user_parts(text):
    return {"messages": [{"role": "user", "content": [
        {"type": "text", "text": "Summarise."}, {"type": "text", "text": text}]}]}


def system(text):
    return {"messages": [{"role": "system", "content": text},
                         {"role": "user", "content": "Prove it."}]}


def history(text):
    return {"messages": [{"role": "user", "content": text},
                         {"role": "assistant", "content": "Noted."},
                         {"role": "user", "content": "Now prove that 7 is prime."}]}


def answer_before(text):
    return {"messages": [{"role": "user", "content": "What was it?"},
                         {"role": "assistant", "content": text},
                         {"role": "user", "content": "Thanks. Write a poem."}]}


CALL = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}


def tool_result(text):
    return {"messages": [{"role": "user", "content": "Look it up."}, CALL,
                         {"role": "tool", "tool_call_id": "c1", "content": text}]}


def tool_arguments(text):
    call = json.loads(json.dumps(CALL))
    call["tool_calls"][0]["function"]["arguments"] = json.dumps({"q": text})
    return {"messages": [{"role": "user", "content": "Look it up."}, call,
                         {"role": "tool", "tool_call_id": "c1", "content": "nothing"}]}


def tool_description(text):
    return dict(user("Use the tool."), tools=[{"type": "function", "function": {
        "name": "look", "description": text, "parameters": {"type": "object"}}}])


def schema(text):
    return dict(user("Fill the form."), response_format={"type": "json_schema", "json_schema": {
        "name": "form", "schema": {"type": "object", "properties": {
            "a": {"type": "string", "description": text}}}}})


def metadata(text):
    return dict(user("Hello there."), metadata={"note": text})


def unknown_field(text):
    return dict(user("Hello there."), x_remarks={"deep": [text]})


PLACES = [user, user, user, user_parts, system, history, answer_before, tool_result,
          tool_arguments, tool_description, schema, metadata, unknown_field]


def escape(rng, body, value):
    """The value's characters as \\u escapes, some or all."""
    share = rng.choice([0.2, 1])
    raw = json.dumps(body)
    told = "".join("\\u%04x" % ord(c) if rng.random() < share else c for c in value)
    # inside JSON within JSON the escape is one level up: the same characters in the end
    return raw.replace(value, told).encode()


def restricted(rng):
    """A request's bytes, and the value that stands in it."""
    secret, value = rng.choice(SECRETS)(rng)
    body = rng.choice(PLACES)(hidden(rng, secret, MARK.decode()))
    return dress(rng, escape(rng, with_choices(rng, body), value)), value.encode()


def harmless(rng):
    text = OPEN.decode() + " " + PROSE * rng.choice([1, 3, 40])
    if rng.random() < 0.5:  # stays local, and is copied to learn from
        text = "Summarize the following text in two sentences.\n\n" + text
    return dress(rng, json.dumps(with_choices(rng, user(text))).encode())


def with_choices(rng, body):
    model = rng.choice(["auto", "auto", "auto", "near-model", "far-model", "farther-model"])
    return dict({"model": model}, stream=rng.random() < 0.4, **body)


def dress(rng, raw):
    headers = {}
    if rng.random() < 0.1:
        headers["x-weir-label"] = "public"  # a claim that may not lower anything
    if rng.random() < 0.05:
        headers["x-weir-zone"] = "cloud"
    return request(raw, headers)


# --- looking for it ------------------------------------------------------------------------------

def forms(word):
    """The word as it may stand in other encodings."""
    yield word
    yield word.hex().encode()
    yield word.hex().upper().encode()
    yield "".join("%%%02X" % b for b in word).encode()
    yield "".join("%%%02x" % b for b in word).encode()
    yield "".join("\\u%04x" % b for b in word).encode()
    yield word.decode().encode("utf-16-le")
    for shift in range(3):  # by where it begins in a group of three; the edges hold others' bits
        coded = base64.b64encode(b"\0" * shift + word)
        yield coded[-(-shift * 8 // 6):len(coded) // 4 * 4 - 4]


def unpacked(data):
    """What gzip and zlib packed inside."""
    for start in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data):
        with contextlib.suppress(zlib.error):
            out = zlib.decompressobj(47).decompress(data[start.start():], 1 << 24)
            if len(out) > 8:
                yield out


def found(data, values=()):
    """What of it stands in these bytes: the mark in any form, and the values."""
    for piece in (data, *unpacked(data)):
        for form in forms(MARK):
            if form in piece:
                at = piece.index(form)
                return "%r" % bytes(piece[max(0, at - 80):at + 200])
        for word in re.findall(rb"[A-Za-z0-9][A-Za-z0-9!#%*-]{9,70}", piece):
            if word in values:
                return "%r" % word
    return None


def check_finder():
    """What is planted is found, in each form: else silence would prove nothing."""
    for shift in range(3):
        text = b"x" * (40 + shift) + MARK + b" and more behind it"
        for coded in (text, text.hex().encode(), base64.b64encode(text), text.decode().encode(
                "utf-16-le"), zlib.compress(text), b"".join(b"%%%02x" % b for b in text)):
            assert found(b"before " + coded + b" behind"), coded
    assert not found(b"nothing here " + base64.b64encode(OPEN))
    assert found(b"the card 4556737586899855 it is", {b"4556737586899855"})


# --- the storm -----------------------------------------------------------------------------------

class Tap:
    """Every byte that a cloud's socket received, in pieces that overlap a little when searched."""

    def __init__(self):
        self.lock, self.held, self.bytes, self.open, self.alarm = threading.Lock(), b"", 0, 0, None

    def __call__(self, data):
        with self.lock:
            self.bytes += len(data)
            self.open += data.count(OPEN)
            self.held = self.held[-400:] + data
            self.alarm = self.alarm or found(self.held)


class Storm:
    def __init__(self, weir, near, clouds):
        self.weir, self.near, self.clouds = weir, near, clouds
        self.lock, self.left, self.over = threading.Lock(), CALLS, threading.Event()
        self.told, self.values, self.faults, self.kills = {}, set(), [], 0

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def live(self, rng):
        client = None
        while self.take() and not self.faults:
            value = None
            if rng.random() < 0.15:
                data = harmless(rng)
            else:
                data, value = restricted(rng)
                with self.lock:
                    self.values.add(value)
            try:
                client = client or self.weir.client()
                client.send(data)
                answer = client.read(may_be_cut=True)
                self.note(data if value else None, answer)
                if answer.cut or answer.header("connection") == "close":
                    client.close()
                    client = None
            except (OSError, EOFError):  # weir was killed
                if client:
                    client.close()
                client = None
                self.over.wait(0.02)
            except Exception as e:
                self.faults.append("".join(traceback.format_exception(e)[-3:]))

    def note(self, data, answer):
        """data: of a restricted request."""
        by = answer.header("x-weir-target")
        kind = "restricted" if data else "harmless"
        with self.lock:
            key_of = (kind, answer.status, by)
            self.told[key_of] = self.told.get(key_of, 0) + 1
        if data and by not in (None, "near"):
            at = max(0, data.find(MARK))
            self.faults.append("a restricted request went to %s: %r ... %r" % (
                by, data[:300], data[max(0, at - 100):at + 300]))

    def trouble(self, rng):
        """One misfortune after another until the crowd is done."""
        while not self.over.wait(rng.choice([0.2, 0.5, 1])):
            for cloud in self.clouds:
                cloud.mode = rng.choice(FAR_MODES)
                cloud.seen.clear()
            self.near.seen.clear()
            if rng.random() < 0.3:
                self.near.mode = rng.choice(["500", "close", "429", "hang"])
                self.over.wait(0.2)
                self.near.mode = "ok"
            if rng.random() < 0.25:
                self.weir.kill()
                self.kills += 1
                self.check_files()
                self.weir.start()

    def check_files(self):
        where = "in weir's log"
        bad = found("".join(self.weir.log).encode(), self.values)
        for folder, _, names in os.walk(self.weir.folder):
            for name in names:
                if not bad:
                    where = "in the file " + name
                    with open(os.path.join(folder, name), "rb") as f:
                        bad = found(f.read(), self.values)
        if bad:
            self.faults.append("a canary stands %s: %s" % (where, bad))


def storm(weir, near, clouds):
    s = Storm(weir, near, clouds)
    crowd = [threading.Thread(target=s.live, args=(random.Random(SEED + i),))
             for i in range(CROWD)]
    misfortune = threading.Thread(target=s.trouble, args=(random.Random(SEED - 1),))
    for t in (*crowd, misfortune):
        t.start()
    for t in crowd:
        t.join()
    s.over.set()
    misfortune.join()
    near.mode = "ok"
    until(lambda: weir.get("/readyz").status == 200, "weir is ready again")
    page = weir.get("/metrics").body
    if found(page, s.values):
        s.faults.append("a canary stands in the metrics: %s" % found(page, s.values))
    weir.stop()
    s.check_files()
    return s


def main():
    print("CANARY_SEED=%d" % SEED, flush=True)
    check_finder()
    near, far, farther = FakeCloud(), FakeCloud(), FakeCloud()
    far.tap, farther.tap = Tap(), Tap()
    config = CONFIG.format(near=near.url, far=far.url, farther=farther.url)
    with near, far, farther, Weir(config, env={"OPENAI_API_KEY": "sk-none"}) as weir:
        s = storm(weir, near, (far, farther))
        taps = (far.tap, farther.tap)
        faults = s.faults + [t.alarm for t in taps if t.alarm]
        served = sum(n for (kind, status, _), n in s.told.items()
                     if kind == "restricted" and status == 200)
        # what follows shows that the storm was one, and that the tap was at the right place
        if served < CALLS / 4:
            faults.append("only %d restricted requests were served" % served)
        if not all(t.open for t in taps):
            faults.append("the tap saw no harmless request")
        rows = os.path.join(weir.folder, "rows.jsonl")
        if not os.path.exists(rows) or not os.path.getsize(rows):
            faults.append("no harmless request was learned from")
        if not s.kills and CALLS >= 20000:
            faults.append("weir was never killed")
    for row in sorted(s.told.items(), key=str):
        print("  %s, status %s, by %s: %d" % (*row[0], row[1]))
    print("  %d values, %d bytes through the taps, weir killed %d times" % (
        len(s.values), sum(t.bytes for t in taps), s.kills))
    for fault in faults[:3]:
        print("FAILED " + fault[:2000])
    print("%d passed, %d failed, 0 skipped" % (not faults, bool(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
