"""A conversation's label stays: over trimmed history, a restart, a kill, and what is not known."""
import json
import tempfile

from harness import HARD, ROUTINE, FakeCloud, Weir, ask, command, targets, until

SECRET = "Write a poem for the holder of account DE89 3704 0044 0532 0130 00."
NAME = "x-weir-conversation"


def history(*texts):
    """Turns of user and assistant by turns; the last is the user's."""
    rows = [{"role": "user" if i % 2 == 0 else "assistant", "content": t}
            for i, t in enumerate(texts)]
    return {"model": "auto", "messages": rows}


class Both:
    """A weir with a local and a cloud fake, whose config has `more`."""

    def __init__(self, more=""):
        self.local, self.cloud = FakeCloud(), FakeCloud()
        self.more = more

    def __enter__(self):
        self.local.__enter__()
        self.cloud.__enter__()
        self.weir = Weir(targets(local=self.local, cloud=self.cloud, more=self.more))
        self.weir.__enter__()
        return self

    def __exit__(self, *what):
        self.weir.__exit__(*what)
        self.cloud.__exit__(*what)
        self.local.__exit__(*what)

    def zone(self, body, headers=()):
        answer = self.weir.post(body, headers)
        assert answer.status == 200, answer.body
        return answer.header("x-weir-zone")

    def restart(self, how="stop"):
        getattr(self.weir, how)()
        self.weir.start()


def test_a_conversation_that_turned_restricted_stays_local_when_its_history_is_trimmed():
    with Both() as b:
        assert b.zone(ask(HARD)) == "cloud"
        assert b.zone(history(HARD, "Done.", "Write another one in Rust.")) == "cloud"
        assert b.zone(history(HARD, "Done.", SECRET)) == "local"
        answer = b.weir.post(history(HARD, "Yes.", "Write a proof of Fermat's last theorem."))
        assert answer.header("x-weir-zone") == "local"
        assert answer.header("x-weir-label") == "restricted"
        assert "conversation" in answer.header("x-weir-reason"), answer.header("x-weir-reason")
        assert b.zone(ask(HARD)) == "cloud"  # another one that begins alike
        assert not any(b"DE89" in r.body for r in b.cloud.seen)


def test_a_named_conversation_needs_no_history():
    with Both() as b:
        me = {NAME: "chat:42"}
        assert b.zone(ask(HARD), me) == "cloud"
        assert b.zone(ask(SECRET), me) == "local"
        assert b.zone(ask(HARD), me) == "local"
        assert b.zone(ask(HARD), {NAME: "chat:43"}) == "cloud"


def test_it_stays_over_a_restart_and_over_a_kill():
    for how in ("stop", "kill"):
        with Both() as b:
            me = {NAME: "one"}
            assert b.zone(ask(HARD), {NAME: "two"}) == "cloud"
            assert b.zone(history(HARD, "Done.", SECRET), me) == "local"
            if how == "kill":
                b.weir.rows("SELECT * FROM conversation", 1)
            b.restart(how)
            assert b.zone(history(HARD, "Done.", HARD), me) == "local", how
            assert b.zone(history(HARD, "Done.", HARD), {NAME: "two"}) == "cloud", how


def test_a_kill_right_after_the_answer_forgets_no_label():
    with Both("ledger: {path: weir.db, batch: 60s}\n") as b:
        assert b.zone(ask(HARD)) == "cloud"
        assert b.zone(history(HARD, "Done.", SECRET)) == "local"
        b.restart("kill")
        assert b.zone(history(HARD, "Yes.", "Write a proof of Fermat's last theorem.")) == "local"


def test_a_named_one_that_weir_knows_nothing_of_is_restricted_and_says_so():
    with Both() as b:
        answer = b.weir.post(history(HARD, "Done.", HARD), {NAME: "never-seen"})
        assert answer.header("x-weir-zone") == "local"
        assert answer.header("x-weir-label") == "restricted"
        assert "conversation is not known" in answer.header("x-weir-reason")
        assert b.weir.metric('weir_conversation_turns_total{known="lost"}') == 1
        assert b.zone(ask(HARD), {NAME: "never-seen"}) == "local"  # and it stays so
        assert b.zone(history(HARD, "Done.", HARD)) == "cloud"  # all of it was screened


def test_a_lost_ledger_makes_named_ones_restricted():
    with Both("ledger: {path: \"\"}\n") as b:
        me = {NAME: "one"}
        assert b.zone(ask(HARD), me) == "cloud"
        assert b.zone(history(HARD, "Done.", HARD), me) == "cloud"
        b.restart()
        assert b.zone(history(HARD, "Done.", HARD), me) == "local"


def test_conversations_of_two_tenants_are_two():
    more = "tenants: [{name: a, key: k1}, {name: b, key: k2}]\n"
    with Both(more) as b:
        me = {NAME: "same", "Authorization": "Bearer k1"}
        other = {NAME: "same", "Authorization": "Bearer k2"}
        assert b.zone(ask(SECRET), me) == "local"
        assert b.zone(ask(HARD), me) == "local"
        assert b.zone(ask(HARD), other) == "cloud"


def test_a_name_that_is_none_is_refused():
    with Both() as b:
        for name in ("two words", "a" * 129, "<x>", "", "caf\u00e9", "a,b"):
            answer = b.weir.post(ask(ROUTINE), {NAME: name})
            assert answer.status == 400 and answer.error()["param"] == NAME, (name, answer.status)
        body = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
        twice = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                 b"\r\nContent-Length: %d\r\nX-Weir-Conversation: a\r\nx-weir-conversation: b\r\n"
                 b"\r\n" % len(body)) + body
        answer = b.weir.send(twice)
        assert answer.status == 400 and "once" in answer.error()["message"]
        assert b.zone(ask(ROUTINE), {NAME: "a" * 128}) == "local"
        for fake in (b.local, b.cloud):  # it is weir's, not the target's
            assert not any(NAME in map(str.lower, dict(r.headers)) for r in fake.seen)


def test_it_can_be_off_or_by_name_only():
    trimmed = history(HARD, "Yes.", HARD)
    for more, by_name in (("conversations: {on: false}\n", "cloud"),
                          ("conversations: {by_beginning: false}\n", "local")):
        with Both(more) as b:
            assert b.zone(history(HARD, "Done.", SECRET)) == "local"
            assert b.zone(trimmed) == "cloud"
            assert b.zone(ask(SECRET), {NAME: "n"}) == "local"
            assert b.zone(ask(HARD), {NAME: "n"}) == by_name


def test_a_conversation_goes_on_where_it_was_unless_that_costs_more():
    for cost, zone in ((1000, "cloud"), (1, "local")):  # to read a short history anew is cheap
        with Both("policy: {quality: 0.2, switch_cost: %d}\n" % cost) as b:
            assert b.zone(ask(ROUTINE), {NAME: "c", "x-weir-zone": "cloud"}) == "cloud"
            answer = b.weir.post(history(ROUTINE, "Fine.", ROUTINE), {NAME: "c"})
            assert answer.header("x-weir-zone") == zone, answer.header("x-weir-reason")
            stays = "goes on where its conversation is" in answer.header("x-weir-reason")
            assert stays == (cost == 1000)
            assert b.zone(ask(ROUTINE)) == "local"


def test_two_that_are_alike_take_no_turns_within_a_conversation():
    with FakeCloud() as one, FakeCloud() as two:
        config = ("targets:\n  - {name: one, url: \"%s\", zone: local}\n"
                  "  - {name: two, url: \"%s\", zone: local}\n" % (one.url, two.url))
        with Weir(config) as w:
            for n in range(6):
                me = {NAME: "c%d" % n}
                first = w.post(ask(ROUTINE), me).header("x-weir-target")
                for _ in range(3):
                    answer = w.post(history(ROUTINE, "Fine.", ROUTINE), me)
                    assert answer.header("x-weir-target") == first


def test_only_an_operator_lowers_a_label_and_that_is_logged():
    with tempfile.TemporaryDirectory() as folder, \
            Both("audit: {path: \"%s/log\", batch: 20ms}\n"
                 "policy: {stay: 0, switch_cost: 0}\n" % folder) as b:
        me, db = {NAME: "one"}, ("--path", b.weir.db)
        answer = b.weir.post(ask(SECRET), me)
        number = answer.header("x-weir-conversation-id")
        assert b.zone(ask(HARD), dict(me, **{"x-weir-label": "public"})) == "local"
        b.weir.rows("SELECT * FROM conversation")
        assert number in command("conversation", "list", *db).stdout
        for words in (("lower", "--to", "public"), ("lower", number), ("rise", number), (),
                      ("lower", number, "--to", "x"), ("lower", number[1:], "--to", "public")):
            assert command("conversation", *words, *db).returncode == 2, words
        p = command("conversation", "lower", number, "--to", "public", *db)
        assert p.returncode == 0 and number in p.stdout, p.stderr

        def lowered():
            b.weir.post(ask(ROUTINE))  # its batch takes it up
            return b.weir.rows("SELECT taken_us FROM lowering")[0]["taken_us"]
        until(lowered, "it is taken up")
        assert b.zone(ask(HARD), me) == "cloud"
        assert any("was lowered to public" in line for line in b.weir.log)
        lines = command("audit", "export", "--path", folder + "/log").stdout.splitlines()
        kinds = [json.loads(line) for line in lines]
        told = [r for r in kinds if r["kind"] == "lower"]
        assert len(told) == 1 and told[0]["conversation"] == number
        assert told[0]["label"] == "public" and told[0]["who"]
        assert kinds.index(told[0]) < max(i for i, r in enumerate(kinds) if r["kind"] == "send")
        assert b.zone(ask(SECRET), me) == "local"  # it rises again
        p = command("conversation", "lower", "--name", "one", "--to", "internal", *db)
        assert p.returncode == 0 and number in p.stdout
