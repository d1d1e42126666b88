"""Everything served that is no call: models, health, metrics."""
import re
import socket

from harness import FakeCloud, Weir, ask, free_port, targets, until

SAMPLE = re.compile(r'^weir_[a-z0-9_]+(\{[a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*\})? -?[0-9.e+-]+$')


def test_models_are_listed_for_both_families():
    with FakeCloud() as fake:
        more = "models: {house: auto, safe: \"zone:local\", exact: \"target:near\"}\n"
        with Weir(targets(local=fake, more=more)) as w:
            answer = w.get("/v1/models")
            body = answer.json()
            ids = [m["id"] for m in body["data"]]
            assert body["object"] == "list" and len(ids) == len(set(ids))
            assert {"auto", "weir/local", "weir/cloud", "house", "safe", "exact", "near",
                    "near-model"} <= set(ids), ids
            for m in body["data"]:
                assert m["object"] == "model" and m["owned_by"] and isinstance(m["created"], int)
                one = w.get("/v1/models/" + m["id"])
                assert one.status == 200 and one.json()["id"] == m["id"], m["id"]
            assert w.get("/models").status == 200
            answer = w.get("/v1/models/none-such")
            assert answer.status == 404 and answer.error()["code"] == "model_not_found"


def test_every_listed_name_can_be_asked_for():
    with FakeCloud() as near, FakeCloud() as far:
        more = "models: {house: auto, safe: \"zone:local\", exact: \"target:far\"}\n"
        with Weir(targets(local=near, cloud=far, more=more)) as w:
            for m in w.get("/v1/models").json()["data"]:
                answer = w.chat("hi", model=m["id"])
                assert answer.status == 200, (m["id"], answer.body)
                want = {"safe": "near", "exact": "far", "weir/local": "near", "weir/cloud": "far",
                        "near": "near", "far": "far", "near-model": "near", "far-model": "far"}
                if m["id"] in want:
                    assert answer.header("x-weir-target") == want[m["id"]], m["id"]


def test_health_and_readiness():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        assert w.get("/healthz").json() == {"status": "ok"}
        ready = w.get("/readyz").json()
        assert ready["targets"] == [{"name": "near", "zone": "local", "health": "up"}], ready


def test_a_down_target_is_not_ready_and_comes_back():
    port = free_port()
    config = "targets: [{name: n, url: \"http://127.0.0.1:%d/v1\", zone: local}]\n" \
             "upstream: {down_after: 1, down_for: 50ms, probe_every: 100ms}\n" % port
    with Weir(config, ready=False) as w:
        assert w.get("/healthz").status == 200
        assert w.chat("hi").status in (502, 503)
        until(lambda: w.get("/readyz").status == 503 or w.chat("hi") is None, "n is down")
        with FakeCloud(port=port) as fake:
            until(lambda: w.chat("hi").status == 200, "n is up again")
            assert w.get("/readyz").status == 200 and fake.seen


def test_the_metrics_page_parses_and_counts():
    with FakeCloud() as fake, Weir(targets(local=fake)) as w:
        for _ in range(3):
            assert w.chat("hi").status == 200
        assert w.post(b"{").status == 400
        assert w.post(ask("hi", stream=True)).status == 200
        # a call is counted once its answer has gone out
        until(lambda: w.metric("weir_whole_call_seconds_count") == 5, "five calls are counted")
        answer = w.get("/metrics")
        assert answer.status == 200 and answer.header("content-type").startswith("text/plain")
        described, seen = set(), set()
        for line in answer.body.decode().splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                described.add(line.split()[2])
                continue
            assert SAMPLE.match(line), line
            key = line.rsplit(" ", 1)[0]
            assert key not in seen, "twice: " + key
            seen.add(key)
            name = re.sub(r"_(bucket|sum|count)$", "", key.split("{")[0])
            assert name in described or key.split("{")[0] in described, line
        assert w.metric('weir_calls_total{status="2xx"}') == 4
        assert w.metric('weir_calls_total{status="4xx"}') == 1
        assert w.metric('weir_tries_total{outcome="ok"}') == 4
        assert w.metric('weir_calls_by_zone_total{zone="local"}') == 4
        assert w.metric("weir_events_total") > 5


def test_a_taken_port_is_said_plainly():
    with socket.create_server(("127.0.0.1", 0)) as s:
        config = "gate: {listen: \"127.0.0.1:%d\"}\n" % s.getsockname()[1] + \
                 "targets: [{name: n, url: \"http://127.0.0.1:9/v1\", zone: local}]\n"
        try:
            Weir(config, ready=False).stop()
            raise SystemError("weir started on a taken port")
        except AssertionError as e:
            assert str(s.getsockname()[1]) in str(e) and "taken" in str(e), e
