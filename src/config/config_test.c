// config_test.c: weir.yaml read, and every mistake told with its place and what would be right.
#include "config/config.h"
#include "tests/unit.h"
#include <unistd.h>

static struct config c;

static enum err load(const char *yaml, struct conf_error *e)
{
    char path[] = "/tmp/weir-config-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, yaml, strlen(yaml)) == (ssize_t)strlen(yaml));
    close(fd);
    enum err r = config_load(&c, path, false, e);
    (void)unlink(path);
    return r;
}

TEST(a_whole_configuration_is_read)
{
    struct conf_error e;
    REQUIRE(load("gate: {listen: \"127.0.0.1:0\", tries: 3}\n"
                 "zones: {eu: {max_label: internal}, cloud: {max_label: public}}\n"
                 "targets:\n"
                 "  - {name: a, url: \"http://127.0.0.1:9/v1/\", model: m, zone: local, "
                 "context_tokens: 4096}\n"
                 "  - {name: b, url: \"https://x.example/v1\", zone: eu, price_in: \"2.5\", "
                 "abilities: [images]}\n"
                 "engines:\n"
                 "  - {name: e, command: [server, --port, \"1\"], url: \"http://127.0.0.1:1/v1\"}\n"
                 "tenants:\n  - {name: shop, key: k, label: internal, zone: eu}\n"
                 "policy: {local: [math], quality: 0.9, unknown_model: auto}\n"
                 "models: {fast: \"target:a\", near: \"zone:local\", any: auto}\n"
                 "guard: {types: {EMAIL: restricted}, media: restricted}\n",
                 &e) == OK);
    const struct snapshot *s = &c.snap;
    CHECK(s->gate.tries == 3 && s->fleet.target_count == 3 && s->fleet.zone_count == 3);
    CHECK(s->fleet.zones[1].max_label == LABEL_PUBLIC &&
          s->fleet.zones[2].max_label == LABEL_INTERNAL);
    CHECK(str_eq(s->fleet.targets[0].base_url, S("http://127.0.0.1:9/v1")));
    CHECK(s->fleet.targets[1].price_in_nanousd == 2500 &&
          s->fleet.targets[1].price_out_nanousd == -1);
    CHECK(s->fleet.targets[1].abilities == ABILITY_IMAGES &&
          s->fleet.targets[0].abilities & ABILITY_TOOLS);
    CHECK(s->engine_count == 1 && str_eq(s->engines[0].health_url, S("http://127.0.0.1:1/health")));
    CHECK(s->engines[0].target == 2 && strcmp(s->engines[0].argv[1], "--port") == 0);
    CHECK(s->tenants.count == 1 && s->tenants.require_key &&
          s->tenants.rows[0].label == LABEL_INTERNAL);
    CHECK(s->policy.task_local[TASK_MATH] && !s->policy.task_local[TASK_CHITCHAT] &&
          s->policy.unknown_model_is_auto);
    CHECK(s->policy.name_count == 3 && s->guard.media == LABEL_RESTRICTED);
    config_free(&c);
}

static const char *said(const struct conf_error *e, char dst[600])
{
    snprintf(dst, 600, "%s; %s", e->what, e->hint);
    return dst;
}

TEST(every_mistake_is_told_with_its_place)
{
    static const struct {
        const char *yaml, *place, *say;
    } cases[] = {
        {"targts: []\n", ":1:1", "unknown section 'targts'; did you mean 'targets'?"},
        {"gate:\n  lisen: x\n", ":2:3", "unknown key 'lisen'; did you mean 'listen'?"},
        {"gate:\n  tries: 9\n", ":2:", "from 1 to 4"},
        {"targets:\n  - {name: a, url: \"http://h/v1\", zone: moon}\n",
         ":2:", "unknown zone 'moon'; known here: local, cloud"},
        {"targets:\n  - {name: a, url: \"h/v1\", zone: local}\n", ":2:", "http"},
        {"targets:\n  - {url: \"http://h/v1\", zone: local}\n", ":2:", "name"},
        {"targets:\n  - {name: a, url: \"http://h\", zone: local, price_in: cheap}\n",
         ":2:", "2.50"},
        {"policy:\n  local: [xyz]\n", ":2:", "unknown task 'xyz'; known here: summarise,"},
        {"models:\n  x: target:nobody\n", ":2:6",
         "unknown target 'nobody'; known here: (no target)"},
        {"guard:\n  types: {SHOE_SIZE: public}\n", ":2:11",
         "unknown type 'SHOE_SIZE'; known here: "},
        {"guard:\n  types: {EMIAL: public}\n", ":2:11", "did you mean 'EMAIL'?"},
        {"guard:\n  own: [{words: [abc]}]\n", ":2:9", "type: PROJECT"},
        {"guard:\n  own: [{type: EMAIL, words: [abc]}]\n", ":2:16", "none that weir has"},
        {"guard:\n  own: [{type: X, words: [ab]}]\n", ":2:27", "three letters"},
        {"guard:\n  own: [{type: X, patterns: [\"(\"]}]\n", ":2:30", "at byte 1"},
        {"guard:\n  own: [{type: X, documents: [/no/such]}]\n", ":2:31", "cannot be read"},
        {"guard:\n  own: [{type: X, words_file: /no/such}]\n", ":2:31", "cannot be read"},
        {"guard:\n  own: [{type: X, word: [abc]}]\n", ":2:19", "words"},
        {"zones: {local: {max_label: secret}}\n",
         ":1:", "unknown label 'secret'; known here: public, internal, restricted"},
        {"tenants:\n  - {name: a, key: k}\n  - {name: b, key: k}\n", ":3:", "own"},
        {"engines:\n  - {name: e, url: \"http://h/v1\"}\n", ":2:", "command"},
        {"gate: [1, 2]\n", ":1:", "map"},
        {"a: b: c\n", ":1:", ""},
        {"gate:\n\tworkers: 1\n", ":2:1", "a tab cannot indent; use spaces"},
        {"gate: {listen: localhost}\n", ":1:16", "127.0.0.1:4100"},
        {"targets: [{name: a, preset: openia}]\n", ":1:29", "did you mean 'openai'?"},
        {"targets: [{name: a, url: \"http://h\", zone: local, abilities: [tool]}]\n",
         ":1:", "unknown ability 'tool'; did you mean 'tools'?"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct conf_error e;
        char whole[600];
        CHECK(load(cases[i].yaml, &e) == ERR_BAD_CONFIG);
        if (!CHECK(strstr(e.where, cases[i].place) && strstr(said(&e, whole), cases[i].say)))
            printf("  %s | %s\n", e.where, whole);
    }
}

TEST(what_can_never_match_is_found)
{
    struct conf_error e;
    REQUIRE(load("zones: {eu: {max_label: internal}}\n"
                 "targets: [{name: a, url: \"http://h/v1\", zone: cloud}]\n"
                 "tenants: [{name: t, key: k, label: restricted, zone: cloud}]\n"
                 "models: {a: auto}\n",
                 &e) == OK);
    CHECK(config_lint(&c) == 3);
    config_free(&c);
}

TEST(what_the_operator_calls_sensitive_is_read)
{
    struct conf_error e;
    REQUIRE(load("guard:\n  own:\n    - {type: PROJECT, words: [Nordlicht, \"Projekt Amsel\"]}\n"
                 "    - {type: CUSTOMER_NO, label: internal, patterns: [\"KD-[0-9]{8}\"]}\n",
                 &e) == OK);
    const struct guard_policy *g = &c.snap.guard;
    REQUIRE(g->own && own_kind_count(g->own) == 2);
    CHECK(g->of_own[0] == LABEL_RESTRICTED && g->of_own[1] == LABEL_INTERNAL);
    CHECK(strcmp(own_type(g->own, 1), "CUSTOMER_NO") == 0);
    config_free(&c);
    CHECK(!c.own);
}
