"""policy.cascade: a local target tries cloud work first; its answer is held and checked, and what
fails goes to the cloud before a byte went to the client."""
import json

from fake_cloud import USAGE, chunk, events, whole
from harness import HARD, Client, FakeCloud, Weir, ask, free_port, request, targets, until

CASCADE = "policy: {cascade: {from: 0%s}}\n"
LONG = "The linked list is reversed by walking it once and turning each pointer. " * 5


def said(text="", finish="stop", calls=None, logprob=None):
    """A whole answer."""
    answer = json.loads(whole())
    c = answer["choices"][0]
    c["message"]["content"], c["finish_reason"] = text, finish
    if calls:
        c["message"]["tool_calls"] = calls
    if logprob is not None:
        c["logprobs"] = {"content": [{"token": "x", "logprob": logprob}] * 9}
    return json.dumps(answer).encode()


def streamed(text, finish="stop", done=True):
    """A stream's events, 40 characters each."""
    rows = [chunk(i, text[i * 40:i * 40 + 40]) for i in range((len(text) + 39) // 40)]
    rows.append(chunk(9, finish=finish))
    out = [b"data: " + json.dumps(r).encode() + b"\n\n" for r in rows]
    return out + [b"data: [DONE]\n\n"] * done


def relayed():
    """The fake's own stream without the usage that weir asked for."""
    out = events("ok")
    return out[:-2] + out[-1:]


class Pair:
    """A local and a cloud fake, and weir before them."""

    def __init__(self, body=None, replay=None, far="ok", near="ok", more="", extra=""):
        self.near, self.far = FakeCloud(near), FakeCloud(far)
        self.near.body, self.near.replay = body, replay
        self.weir = Weir(targets(self.near, self.far, CASCADE % more + extra))

    def __enter__(self):
        self.weir.__enter__()
        return self

    def __exit__(self, *why):
        self.weir.__exit__(*why)
        self.near.close()
        self.far.close()

    def ask(self, headers=(), **more):
        return self.weir.post(ask(HARD, **more), dict(headers))

    def count(self, result):
        return self.weir.metric('weir_cascades_total{result="%s"}' % result)


def kept(body=None, replay=None, **asked):
    with Pair(body, replay) as p:
        answer = p.ask(**asked)
        assert answer.status == 200 and answer.header("x-weir-target") == "near"
        assert answer.header("x-weir-tries") == "1"
        assert answer.header("x-weir-reason") == "cascade: code, the local answer passed its check"
        assert not p.far.seen and p.count("kept") == 1
        return answer


def escalated(result, words, body=None, replay=None, near="ok", extra="", more="", **asked):
    """The cloud's answer came whole and alone. Returns the tries' rows."""
    with Pair(body, replay, near=near, extra=extra, more=more) as p:
        answer = p.ask(**asked)
        assert answer.status == 200 and answer.header("x-weir-target") == "far", answer.raw
        assert answer.header("x-weir-zone") == "cloud" and answer.header("x-weir-tries") == "2"
        assert answer.header("x-weir-reason") == "cascade: code, the local " + words
        want = b"".join(relayed()) if asked.get("stream") else whole()
        assert answer.body == want, answer.body
        assert p.count(result) == 1 and p.count("kept") == 0
        assert len(p.near.seen) == 1 and len(p.far.seen) == 1
        rows = p.weir.rows("select * from tries order by n", 2)
        entry = p.weir.rows("select * from entries")[0]
        assert (entry["target"], entry["tries"], entry["err"]) == ("far", 2, None)
        return rows


def test_a_good_answer_is_kept_byte_by_byte():
    assert kept(said(LONG)).body == said(LONG)


def test_a_good_stream_is_kept_byte_by_byte():
    for text in ("Yes.", LONG):
        assert kept(replay=streamed(text), stream=True).body == b"".join(streamed(text))


def test_an_empty_answer_goes_on_and_its_tokens_stand_in_the_try():
    rows = escalated("empty", "answer was empty", said(""))
    assert rows[0]["err"] == "UNFIT" and rows[0]["status"] == 200, dict(rows[0])
    assert rows[0]["input"] == USAGE["prompt_tokens"]
    assert rows[0]["output"] == USAGE["completion_tokens"]
    assert rows[1]["err"] is None and rows[1]["output"] is None


def test_a_refusal_goes_on():
    escalated("declined", "model declined", said("I'm sorry, but I can't help with that."))
    escalated("declined", "model declined", said("Es tut mir leid, aber ich kann das nicht."))


def test_a_refusal_in_a_stream_goes_on_at_once():
    text = "I'm sorry, but I can't help with that. " + LONG
    beginning = b"data: " + json.dumps(chunk(0, text)).encode() + b"\n\n"
    with Pair(replay=[beginning] * 3, near="long") as p:  # which sends two and never ends
        answer = p.ask(stream=True)
        assert answer.header("x-weir-target") == "far" and p.count("declined") == 1
        assert answer.body == b"".join(relayed())
        assert p.near.seen[0].gone.wait(10)
        row = p.weir.rows("select * from tries order by n", 2)[0]
        assert row["err"] == "UNFIT" and row["output"] > 50, dict(row)


def test_an_answer_that_was_cut_goes_on_unless_the_client_cut_it():
    escalated("cut", "answer was cut", said(LONG, "length"))
    escalated("cut", "answer was cut", said(LONG, "length"), max_tokens=4000)
    with Pair(said(LONG, "length")) as p:
        assert p.ask(max_tokens=USAGE["completion_tokens"]).header("x-weir-target") == "near"


def test_what_is_no_json_goes_on():
    form = {"type": "json_object"}
    escalated("no_json", "answer was no JSON", said("```json\n{}\n```"), response_format=form)
    escalated("no_json", "answer was no JSON", replay=streamed("Here: {}" + LONG), stream=True,
              response_format=form)
    kept(said("{\"a\": 1}"), response_format=form)


def test_what_is_off_its_schema_goes_on():
    schema = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    escalated("off_schema", "answer was off its schema", said('{"town": "Bonn"}'),
              response_format=form)
    escalated("off_schema", "answer was off its schema", replay=streamed('{"city": 7}'),
              stream=True, response_format=form)
    kept(said('{"city": "Bonn"}'), response_format=form)


def test_a_wrong_tool_goes_on():
    tools = [{"type": "function", "function": {"name": "run", "parameters": {
        "type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}}}}]
    for name, arguments in (("walk", "{}"), ("run", "{\"code\":"), ("run", "{\"source\":\"x\"}")):
        call = {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}
        escalated("wrong_tool", "answer called a wrong tool", said(None, "tool_calls", [call]),
                  tools=tools)
    call["function"] = {"name": "run", "arguments": "{\"code\":\"x\"}"}
    kept(said(None, "tool_calls", [call]), tools=tools)


def test_guessed_tokens_go_on_where_the_engine_tells():
    escalated("unsure", "answer was unsure", said(LONG, logprob=-1.5), logprobs=True)
    kept(said(LONG, logprob=-0.2), logprobs=True)


def test_a_local_target_that_fails_goes_on():
    for near in ("500", "404", "cut_whole", "close", "200_error"):
        escalated("failed", "target failed", near=near)
    for near in ("cut", "mid_error", "cut_first", "nofinish"):
        escalated("failed", "target failed", near=near, stream=True)


def test_a_local_target_that_is_slow_goes_on():
    escalated("slow", "answer was slow", near="hang", more=", wait: 300ms")
    escalated("slow", "answer was slow", near="long", more=", wait: 300ms, stream: whole",
              stream=True)


def test_a_slow_stream_that_says_something_goes_out_when_its_time_is_up():
    with Pair(near="long", more=", wait: 300ms") as p, Client(p.weir.port) as c:
        c.send(request(ask(HARD, stream=True)))
        head = c.head()
        assert head.header("x-weir-target") == "near"
        assert head.header("x-weir-reason").endswith("answer was not checked whole")
        assert c.chunk() == b"".join(relayed()[:2])
        assert p.count("unchecked") == 1


def test_more_than_may_be_held_goes_out_unchecked():
    text = "{" + "word " * 2000
    form = {"type": "json_object"}
    for asked in ({}, {"stream": True}):
        with Pair(said(text), streamed(text), more=", hold: 4KiB") as p:
            answer = p.ask(response_format=form, **asked)
            assert answer.header("x-weir-target") == "near" and p.count("unchecked") == 1
            assert answer.body == (b"".join(streamed(text)) if asked else said(text))


def test_held_to_its_end_a_stream_is_checked_whole():
    cut = streamed(LONG, "length")
    assert kept(replay=streamed(LONG), stream=True).body == b"".join(streamed(LONG))
    with Pair(replay=cut) as p:  # its beginning was good: it had gone out
        assert p.ask(stream=True).body == b"".join(cut)
    escalated("cut", "answer was cut", replay=cut, more=", stream: whole", stream=True)


def test_where_the_cloud_fails_the_local_answer_is_sent_after_all():
    form = {"type": "json_object"}
    for far in ("500", "429", "401", "close", "cut_whole", "200_error", "redirect"):
        with Pair(said("no json"), far=far) as p:
            answer = p.ask(response_format=form)
            assert answer.status == 200 and answer.body == said("no json"), (far, answer.raw)
            assert answer.header("x-weir-target") == "near", far
            assert answer.header("x-weir-zone") == "local"
            assert answer.header("x-weir-tries") == "2"
            assert answer.header("x-weir-reason") == (
                "cascade: code, the local answer was no JSON, but no other target answered")
            assert p.weir.metric("weir_cascades_returned_total") == 1
            assert p.count("no_json") == 1
            row = p.weir.rows("select * from entries")[0]
            assert row["target"] == "near" and row["output"] == USAGE["completion_tokens"]


def test_where_the_cloud_fails_a_local_stream_is_sent_after_all():
    form = {"type": "json_object"}
    for far in ("500", "early_error", "cut_first", "close"):
        with Pair(replay=streamed("no json"), far=far) as p:
            answer = p.ask(response_format=form, stream=True)
            assert answer.status == 200 and answer.body == b"".join(streamed("no json")), far
            assert answer.header("x-weir-reason").endswith("but no other target answered")
            assert answer.header("x-weir-target") == "near"


def test_where_the_cloud_is_not_there_the_local_answer_is_sent_after_all():
    with FakeCloud() as near:
        near.body = said("")
        gone = "http://127.0.0.1:%d/v1" % free_port()
        with Weir(targets(near, gone, CASCADE % "")) as w:
            answer = w.post(ask(HARD))
            assert answer.status == 200 and answer.body == said("")


def test_at_the_clients_deadline_the_local_answer_is_sent():
    with Pair(said(""), far="hang") as p:
        answer = p.ask({"x-weir-deadline-ms": "700"})
        assert answer.status == 200 and answer.body == said("")
        assert answer.header("x-weir-tries") == "2"


def test_a_cloud_stream_that_breaks_is_told_as_cut():
    with Pair(said(""), replay=streamed(""), far="cut") as p:
        answer = p.weir.post(ask(HARD, stream=True), may_be_cut=True)
        assert answer.header("x-weir-target") == "far" and answer.cut


def test_restricted_never_goes_on():
    for headers, text in (({"x-weir-label": "restricted"}, HARD),
                          ({}, HARD + " My IBAN is DE89 3704 0044 0532 0130 00.")):
        with Pair(said("")) as p:
            answer = p.weir.post(ask(text), headers)
            assert answer.header("x-weir-label") == "restricted", answer.raw
            assert answer.status == 200 and answer.body == said("")
            assert answer.header("x-weir-target") == "near" and not p.far.seen
            assert p.count("empty") == 0


def test_what_a_client_names_is_no_cascade():
    for model in ("near", "weir/cloud"):
        with Pair(said("")) as p:
            assert p.weir.post(ask(HARD, model)).header("x-weir-tries") == "1"
            assert p.count("empty") == 0


def test_a_client_that_leaves_while_its_answer_is_held_stops_the_target():
    with Pair(near="long", more=", stream: whole") as p:
        with Client(p.weir.port) as c:
            c.send(request(ask(HARD, stream=True)))
            seen = p.near.wait(1)
            until(lambda: seen.writes >= 3, "the answer began")
        assert seen.gone.wait(10)
        row = p.weir.rows("select * from entries")[0]
        assert row["status"] == 499 and row["tries"] == 1 and not p.far.seen


def test_off_by_default():
    with FakeCloud() as near, FakeCloud() as far, Weir(targets(near, far)) as w:
        assert w.post(ask(HARD)).header("x-weir-target") == "far"
        assert not near.seen and w.metric('weir_cascades_total{result="kept"}') == 0


def test_outside_its_band_and_tasks_there_is_none():
    for extra in ("from: 0.99", "from: 0, tasks: [math]"):
        with FakeCloud() as near, FakeCloud() as far, \
                Weir(targets(near, far, "policy: {cascade: {%s}}\n" % extra)) as w:
            assert w.post(ask(HARD)).header("x-weir-target") == "far" and not near.seen
