"""Restricted work never leaves, whatever happens; labels only rise."""
import base64

from harness import HARD, ROUTINE, FakeCloud, Weir, ask, targets

MAIL = "Write a reply to this customer, whose account is DE89 3704 0044 0532 0130 00."


def both(text, headers=(), more="", near="ok", **asked):
    with FakeCloud(near) as local, FakeCloud() as cloud:
        with Weir(targets(local=local, cloud=cloud, more=more)) as w:
            answer = w.post(ask(text, **asked), headers)
        return answer, len(local.seen), len(cloud.seen)


def test_routine_stays_and_hard_goes_to_the_cloud():
    answer, local, cloud = both(ROUTINE)
    assert (local, cloud) == (1, 0) and answer.header("x-weir-zone") == "local"
    answer, local, cloud = both(HARD)
    assert (local, cloud) == (0, 1) and answer.header("x-weir-zone") == "cloud"


def test_a_restricted_header_keeps_hard_work_local():
    answer, local, cloud = both(HARD, {"x-weir-label": "restricted"})
    assert (local, cloud) == (1, 0) and answer.header("x-weir-label") == "restricted"


def test_an_unknown_label_is_restricted():
    for word in ("pubic", "PUBLIC!", "0", "none", "secret"):
        answer, local, cloud = both(HARD, {"x-weir-label": word})
        assert (local, cloud) == (1, 0), word
        assert answer.header("x-weir-label") == "restricted"


def test_a_header_cannot_loosen_what_the_content_says():
    answer, local, cloud = both(MAIL, {"x-weir-label": "public"})
    assert (local, cloud) == (1, 0) and answer.header("x-weir-label") == "restricted"


def test_a_header_cannot_loosen_what_the_tenant_has():
    more = "tenants: [{name: clinic, key: k1, label: restricted}]\n"
    answer, local, cloud = both(HARD, {"x-weir-label": "public", "Authorization": "Bearer k1"},
                                more=more)
    assert (local, cloud) == (1, 0) and answer.status == 200


def test_what_is_written_in_something_else_stays_too():
    number = "DE89 3704 0044 0532 0130 00"
    inside = base64.b64encode(("the account is " + number).encode())
    hidden = (inside.decode(), base64.b64encode(inside).decode(), inside.hex(),
              "".join("%%%02x" % c for c in number.encode()), number.replace(" ", "&nbsp;"),
              "".join("\\u%04x" % ord(c) for c in number), "\u200b".join(number),
              "".join(chr(ord(c) + 0xfee0) if c > " " else c for c in number))
    with FakeCloud() as local, FakeCloud() as cloud, Weir(targets(local=local, cloud=cloud)) as w:
        for text in hidden:
            answer = w.post(ask(HARD + " " + text))
            assert answer.header("x-weir-label") == "restricted", text
        assert (len(local.seen), len(cloud.seen)) == (len(hidden), 0)


def test_without_a_local_target_it_is_403():
    with FakeCloud() as cloud, Weir(targets(cloud=cloud)) as w:
        answer = w.post(ask(MAIL))
        assert answer.status == 403 and answer.error()["code"] == "no_allowed_target"
        assert answer.header("x-should-retry") == "false"
        assert not cloud.seen
        assert w.post(ask(HARD)).status == 200  # the server goes on


def test_a_failing_local_target_does_not_open_the_way_to_the_cloud():
    for near in ("500", "429", "close"):
        answer, _, cloud = both(MAIL, near=near)
        assert answer.status in (429, 500, 502, 503), answer.status
        assert cloud == 0, near


def test_a_down_local_target_is_503_and_not_the_cloud():
    with FakeCloud("close") as local, FakeCloud() as cloud:
        more = "upstream: {down_after: 1, down_for: 60s, probe_every: 60s}\n"
        with Weir(targets(local=local, cloud=cloud, more=more)) as w:
            w.post(ask(MAIL))
            answer = w.post(ask(MAIL))
            assert answer.status == 503 and answer.error()["code"] == "no_target_available"
            assert answer.header("retry-after")
        assert not cloud.seen


def test_naming_the_cloud_does_not_help():
    for model in ("far", "far-model", "weir/cloud"):
        answer, _, cloud = both(MAIL, model=model)
        assert cloud == 0 and answer.status in (200, 403), answer.status
    answer, _, cloud = both(MAIL, {"x-weir-zone": "cloud"})
    assert cloud == 0 and answer.status == 403


def test_a_local_zone_header_keeps_hard_work_local():
    _, local, cloud = both(HARD, {"x-weir-zone": "local"})
    assert (local, cloud) == (1, 0)


def test_a_tenants_zone_cannot_be_widened():
    more = "tenants: [{name: t, key: k1, zone: local}]\n"
    answer, _, cloud = both(HARD, {"Authorization": "Bearer k1"}, more=more)
    assert answer.status == 200 and cloud == 0
    answer, local, cloud = both(HARD, {"Authorization": "Bearer k1", "x-weir-zone": "cloud"},
                                more=more)
    assert answer.status == 403 and (local, cloud) == (0, 0)


def test_own_zones_and_labels():
    with FakeCloud() as eu, FakeCloud() as us:
        config = ("zones: {eu: {max_label: restricted}, us: {max_label: public}}\n"
                  "targets:\n  - {name: us, url: \"%s\", zone: us}\n"
                  "  - {name: eu, url: \"%s\", zone: eu}\n" % (us.url, eu.url))
        with Weir(config) as w:
            assert w.post(ask(MAIL)).header("x-weir-zone") == "eu"
        assert len(eu.seen) == 1 and not us.seen


def test_without_a_cloud_a_local_target_stands_in_and_says_so():
    with FakeCloud() as local, Weir(targets(local=local)) as w:
        answer = w.post(ask(HARD))
        assert answer.status == 200 and answer.header("x-weir-zone") == "local"
        assert "cloud" in answer.header("x-weir-reason"), answer.header("x-weir-reason")


def test_stand_in_can_be_forbidden():
    with FakeCloud() as local, Weir(targets(local=local, more="policy: {stand_in: false}\n")) as w:
        answer = w.post(ask(HARD))
        assert answer.status in (403, 503) and not local.seen


def test_keys_are_asked_for_when_a_tenant_has_one():
    with FakeCloud() as local:
        more = "tenants: [{name: t, key: \"${T_KEY}\"}]\n"
        with Weir(targets(local=local, more=more), env={"T_KEY": "right-key"}) as w:
            answer = w.post(ask(ROUTINE))
            assert answer.status == 401 and answer.error()["code"] == "missing_api_key"
            answer = w.post(ask(ROUTINE), {"Authorization": "Bearer wrong"})
            assert answer.status == 401 and answer.error()["code"] == "invalid_api_key"
            for header in ({"Authorization": "Bearer right-key"}, {"x-api-key": "right-key"},
                           {"api-key": "right-key"}):
                assert w.post(ask(ROUTINE), header).status == 200
            assert "right-key" not in "".join(w.log)


def test_what_the_operator_calls_sensitive_stays():
    own = ("guard: {own: [{type: PROJECT, words: [Nordlicht]}, "
           "{type: CASE, patterns: [\"AZ-[0-9]+\"]}]}\n")
    for text in ("write a proof about nordlicht", "prove AZ-77"):
        answer, _, cloud = both(text, model="far", more=own)
        assert answer.status == 403 and cloud == 0, answer.status
    answer, _, cloud = both("prove that primes never end", model="far", more=own)
    assert answer.status == 200 and cloud == 1
