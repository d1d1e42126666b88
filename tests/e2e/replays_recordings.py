"""Streams and answers that real providers sent come through weir byte by byte as they were."""
import json
import os
import re

from harness import SHARED, FakeCloud, Skip, Weir, ask, targets

LIMIT = 60  # recordings a provider, so that the whole takes seconds


def recordings():
    folder = os.path.join(SHARED, "data", "wire")
    if not os.path.isdir(folder):
        raise Skip("no recordings here (../shared/data/wire)")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
        rows = [r for r in rows if r.get("dialect") == "openai-chat" and r.get("status") == 200
                and r.get("response_body_or_stream") and r.get("response_encoding") == "utf8"]
        yield from rows[:LIMIT]


def is_stream(row):
    kind = {k.lower(): v for k, v in row["response_headers"].items()}.get("content-type", "")
    return kind.startswith("text/event-stream")


def test_every_recorded_stream_is_relayed_as_its_own_bytes():
    count = 0
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for row in [r for r in recordings() if is_stream(r)]:
            data = row["response_body_or_stream"].encode()
            fake.replay = re.findall(rb".*?(?:\r\n\r\n|\n\n|\Z)", data, re.S)[:-1]
            assert b"".join(fake.replay) == data
            answer = w.post(ask("hi", stream=True, stream_options={"include_usage": True}),
                            may_be_cut=True)
            cut = b'"error"' in answer.body and b'"error"' not in data
            done = b"[DONE]" in data or re.search(rb'"finish_reason":\s*"', data)
            say = (row["id"], row["provider"], data[-300:], answer.body[-300:])
            assert answer.status in (200, 502) and (not cut or not done), say
            failed = answer.status == 200 and re.search(rb'"error":\s*\{', answer.body)
            assert answer.cut == bool(failed), say
            if answer.status == 200 and not cut:
                assert answer.body.rstrip() == data.rstrip(), say
                count += 1
    assert count >= 20, "only %d streams" % count


def test_every_recorded_answer_is_relayed_as_its_own_bytes():
    count = 0
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for row in [r for r in recordings() if not is_stream(r)]:
            fake.body = row["response_body_or_stream"].encode()
            answer = w.post(ask("hi"))
            assert answer.status == 200 and answer.body == fake.body, (row["id"], answer.status)
            count += 1
    assert count >= 20, "only %d answers" % count
