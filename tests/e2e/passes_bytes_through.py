"""A body goes to the target as the client wrote it: only the model's value, and what the target
needs, is changed in place."""
import json
import re

from harness import ROUTINE, FakeCloud, Weir, ask, request, targets

ODD = (b'{ "zeta" : [1, 2.50, 1e3, -0.0, 123456789012345678],\n\t"messages":[{"content":'
       b'"Translate this: caf\\u00e9 \\ud83d\\ude00 \xc3\xa9 \\/ ok","role":"user",'
       b'"x-own":{"b":1,"a":[ ]}}] ,"model" :  "auto", "alpha":null,"temperature":0.30 ,'
       b' "stop":["\\n"],"m":{"model":"inner"}}  ')


def sent(fake, body, headers=()):
    with Weir(targets(local=fake)) as w:
        answer = w.post(body, headers)
        assert answer.status == 200, answer.body
    return fake.seen[-1], answer


def test_only_the_model_value_changes():
    with FakeCloud() as fake:
        seen, _ = sent(fake, ODD)
        assert seen.body == ODD.replace(b'"auto"', b'"near-model"'), seen.body


def test_order_and_unknown_fields_survive():
    with FakeCloud() as fake:
        body = ask(ROUTINE, zebra=1, n=1, apple={"deep": [{"k": None}]}, user="u", logit_bias={})
        seen, _ = sent(fake, body)
        assert list(seen.json()) == list(body)
        assert seen.json() == dict(body, model="near-model")


def test_a_target_without_a_model_gets_the_clients_word():
    with FakeCloud() as fake:
        config = "targets: [{name: n, url: \"%s\", zone: local}]\n" % fake.url
        body = request(ask(ROUTINE))
        with Weir(config) as w:
            assert w.send(body).status == 200
        assert fake.seen[-1].body == body.split(b"\r\n\r\n", 1)[1]


def test_a_stream_asks_for_usage_in_place():
    with FakeCloud() as fake:
        body = b'{"model":"auto","stream":true,"messages":[{"role":"user","content":"hi"}],"z":1}'
        with Weir(targets(local=fake)) as w:
            assert w.post(body).status == 200
        got = fake.seen[-1].body
        assert json.loads(got)["stream_options"] == {"include_usage": True}, got
        left = re.sub(rb'"stream_options":\{"include_usage":true\},?', b"", got)
        assert left == body.replace(b'"auto"', b'"near-model"'), got


def test_stream_options_of_the_client_are_kept():
    with FakeCloud() as fake:
        body = ask("hi", stream=True, stream_options={"include_obfuscation": False})
        with Weir(targets(local=fake)) as w:
            assert w.post(body).status == 200
        assert fake.seen[-1].json()["stream_options"] == {
            "include_obfuscation": False, "include_usage": True}


def test_ask_usage_off_leaves_a_stream_alone():
    with FakeCloud() as fake:
        config = "targets: [{name: n, url: \"%s\", zone: local, ask_usage: false}]\n" % fake.url
        body = request(ask("hi", stream=True))
        with Weir(config) as w:
            assert w.send(body).status == 200
        assert fake.seen[-1].body == body.split(b"\r\n\r\n", 1)[1]


def test_a_large_body_arrives_whole():
    with FakeCloud() as fake:
        body = ask("Summarise: " + "lorem ipsum \u00e9 " * 200000)
        seen, _ = sent(fake, body)
        assert seen.json() == dict(body, model="near-model")


def test_an_answer_comes_back_as_its_own_bytes():
    with FakeCloud() as fake:
        fake.body = b'{ "b":1.50 , "a":"\\u00e9", "choices" : [ ],\n "usage":null }\n'
        _, answer = sent(fake, ask(ROUTINE))
        assert answer.body == fake.body


def test_what_belongs_to_a_hop_is_not_forwarded():
    with FakeCloud() as fake:
        seen, answer = sent(fake, ask(ROUTINE), {
            "Authorization": "Bearer client-secret", "x-api-key": "client-secret", "Cookie": "c=1",
            "Connection": "keep-alive, X-Hop", "X-Hop": "1", "x-weir-label": "public",
            "X-Forwarded-For": "203.0.113.9", "traceparent": "00-abc-def-01",
            "OpenAI-Beta": "x=1", "User-Agent": "app/1"})
        names = {n.lower() for n, _ in seen.headers}
        assert "client-secret" not in str(seen.headers), seen.headers
        assert not names & {"cookie", "x-hop", "x-weir-label", "x-forwarded-for"}, names
        assert seen.header("traceparent") == "00-abc-def-01"
        assert seen.header("user-agent") == "app/1"
        assert seen.header("host") == "127.0.0.1:%d" % fake.port
        assert seen.header("content-length") == str(len(seen.body))
        for name in ("set-cookie", "server"):
            assert answer.header(name) is None, name
        assert answer.header("content-type") == "application/json"


def test_the_targets_own_key_is_sent():
    with FakeCloud() as fake:
        config = "targets: [{name: n, url: \"%s\", zone: local, api_key: \"${TEST_KEY}\"}]\n"
        with Weir(config % fake.url, env={"TEST_KEY": "sk-of-the-target"}) as w:
            assert w.chat(ROUTINE, {"Authorization": "Bearer other"}).status == 200
            assert "sk-of-the-target" not in "".join(w.log)
        assert fake.seen[-1].header("authorization") == "Bearer sk-of-the-target"


def test_an_answers_headers_say_what_happened():
    with FakeCloud() as fake:
        _, a = sent(fake, ask(ROUTINE))
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", a.header("x-weir-call"))
        assert a.header("x-weir-target") == "near" and a.header("x-weir-zone") == "local"
        assert a.header("x-weir-task") == "chitchat" and a.header("x-weir-tries") == "1"
        assert a.header("x-weir-label") == "public" and a.header("x-weir-reason")
