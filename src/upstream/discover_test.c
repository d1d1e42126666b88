// discover_test.c: discovery against fake engines on ports of the moment. The fakes run on their
// own thread, because discovery blocks.
#include "tests/unit.h"
#include "upstream/discover.h"
#include "upstream/fake_test.h"
#include <pthread.h>

struct page {
    const char *path, *body; // a path that is not here is 404
};
struct engine_fake {
    struct fake fake;
    const struct page *pages;
    bool silent;
};
enum { FAKES = 4 };
struct stage {
    struct net_settings net;
    struct net_loop *loop;
    pthread_t thread;
    struct engine_fake fakes[FAKES];
    unsigned count;
    char ports[FAKES][16];
    struct preset presets[8];
    size_t preset_count;
    struct arena arena;
    struct target targets[TARGET_MAX];
    struct fleet fleet;
    struct upstream_found found[TARGET_MAX];
};

static void answer_page(struct fake_conn *c)
{
    struct engine_fake *f = container_of(c->fake, struct engine_fake, fake);
    str request = buf_str(&c->fake->last);
    CHECK(str_starts(request, S("GET /"))); // never a prompt
    CHECK(str_find(request, S("Authorization")) == SIZE_MAX);
    if (f->silent)
        return;
    char start[128], answer[4096];
    for (const struct page *p = f->pages; p && p->path; p++) {
        snprintf(start, sizeof start, "GET %s HTTP/1.1\r\n", p->path);
        if (!str_starts(request, str_c(start)))
            continue;
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(p->body), p->body);
        fake_say(c, answer);
        return;
    }
    fake_say(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
}

static void stage_init(struct stage *s)
{
    memset(s, 0, sizeof *s);
    conf_defaults(&s->net, &net_setting_table);
    s->loop = net_loop_new(&s->net);
    arena_init(&s->arena, 1 << 20);
    s->fleet = (struct fleet){
        .zones = {{S("local"), LABEL_RESTRICTED, true}, {S("cloud"), LABEL_INTERNAL, false}},
        .zone_count = 2,
        .targets = s->targets};
}

static unsigned add_fake(struct stage *s, const struct page *pages)
{
    struct engine_fake *f = &s->fakes[s->count];
    fake_init(&f->fake, s->loop, answer_page);
    f->pages = pages;
    snprintf(s->ports[s->count], sizeof s->ports[0], "%d", f->fake.port);
    return s->count++;
}

static void add_preset(struct stage *s, const char *name, const char *probe, const char *ports)
{
    s->presets[s->preset_count++] = (struct preset){.name = name,
                                                    .dialect = "openai_chat",
                                                    .base_url = "http://127.0.0.1:1/v1",
                                                    .key_variable = "",
                                                    .zone = "local",
                                                    .probe = probe,
                                                    .ports = ports,
                                                    .model = ""};
}

static const char *no_env(const char *name UNUSED)
{
    return NULL;
}

static void *fakes_main(void *arg)
{
    struct stage *s = arg;
    net_loop_run(s->loop);
    return NULL;
}

static size_t discover(struct stage *s, const char *(*env)(const char *), int64_t wait_ms)
{
    struct discover_from from = {
        .presets = s->presets, .preset_count = s->preset_count, .env = env, .wait_ms = wait_ms};
    must(pthread_create(&s->thread, NULL, fakes_main, s) == 0);
    size_t n = discover_with(&s->arena, &from, &s->fleet, s->found, TARGET_MAX);
    net_loop_stop(s->loop);
    must(pthread_join(s->thread, NULL) == 0);
    return n;
}

static void stage_done(struct stage *s)
{
    for (unsigned i = 0; i < s->count; i++)
        fake_done(&s->fakes[i].fake);
    net_loop_free(s->loop);
    arena_done(&s->arena);
}

static bool target_is(const struct target *t, const char *name, const char *model)
{
    return str_eq(t->name, str_c(name)) && str_eq(t->model, str_c(model));
}

enum { PATIENT_MS = 5000 };

static const struct page llama_pages[] = {
    {"/props", "{\"default_generation_settings\":{\"n_ctx\":4096}}"},
    {"/v1/models", "{\"object\":\"list\",\"data\":[{\"id\":\"/models/qwen2.5-0.5b.gguf\"}]}"},
    {NULL, NULL}};
static const struct page ollama_pages[] = {
    {"/api/version", "{\"version\":\"0.12.0\"}"},
    {"/v1/models", "{\"data\":[{\"id\":\"qwen3:8b\"},{\"id\":\"glm-4.6:cloud\"},"
                   "{\"id\":\"gpt-oss:120b-cloud\"},{\"id\":\"mine\"},"
                   "{\"id\":\"nomic-embed-text:latest\"},{\"id\":\"bad\\nname\"}]}"},
    {"/api/tags", "{\"models\":[{\"name\":\"qwen3:8b\"},"
                  "{\"name\":\"mine\",\"remote_host\":\"https://ollama.com\"}]}"},
    {NULL, NULL}};
static const struct page vllm_pages[] = {
    {"/version", "{\"version\":\"0.10\"}"},
    {"/v1/models", "{\"data\":[{\"id\":\"Qwen/Qwen2.5-7B\",\"max_model_len\":32768,"
                   "\"owned_by\":\"vllm\"}]}"},
    {NULL, NULL}};
// A gateway: it lists models, and nobody knows where it sends what it gets
static const struct page gateway_pages[] = {
    {"/v1/models", "{\"data\":[{\"id\":\"gpt-5\"}]}"}, {"/version", "not JSON"}, {NULL, NULL}};

TEST(engines_on_loopback_become_local_targets_with_their_models)
{
    struct stage s;
    stage_init(&s);
    unsigned llama = add_fake(&s, llama_pages), ollama = add_fake(&s, ollama_pages);
    add_preset(&s, "llamacpp", "/props", s.ports[llama]);
    add_preset(&s, "ollama", "/api/version", s.ports[ollama]);
    size_t n = discover(&s, no_env, PATIENT_MS);
    REQUIRE(n == 2 && s.fleet.target_count == 2);
    const struct target *t = s.targets;
    char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%s/v1", s.ports[llama]);
    CHECK(target_is(&t[0], "llamacpp/qwen2.5-0.5b", "/models/qwen2.5-0.5b.gguf"));
    CHECK(str_eq(t[0].base_url, str_c(base)) && t[0].context_tokens == 4096 && t[0].zone == 0);
    CHECK(t[0].abilities == (ABILITY_TOOLS | ABILITY_SCHEMA) && t[0].ask_usage);
    CHECK(t[0].price_in_nanousd == -1 && str_eq(t[0].preset, S("llamacpp")));
    CHECK(target_is(&t[1], "ollama/qwen3:8b", "qwen3:8b") && t[1].context_tokens == 0);
    char what[128];
    snprintf(what, sizeof what, "ollama on 127.0.0.1:%s: qwen3:8b", s.ports[ollama]);
    CHECK(strcmp(s.found[1].what, what) == 0);
    stage_done(&s);
}

TEST(an_engine_on_another_engines_port_is_known_by_its_own_probe)
{
    struct stage s;
    stage_init(&s);
    unsigned vllm = add_fake(&s, vllm_pages);
    add_preset(&s, "llamacpp", "/props", s.ports[vllm]);
    add_preset(&s, "vllm", "/version", "1");
    REQUIRE(discover(&s, no_env, PATIENT_MS) == 1);
    CHECK(target_is(&s.targets[0], "vllm/Qwen2.5-7B", "Qwen/Qwen2.5-7B"));
    CHECK(s.targets[0].context_tokens == 32768);
    stage_done(&s);
}

TEST(a_server_that_no_probe_identifies_is_no_target)
{
    struct stage s;
    stage_init(&s);
    unsigned gateway = add_fake(&s, gateway_pages);
    add_preset(&s, "llamacpp", "/props", s.ports[gateway]);
    add_preset(&s, "vllm", "/version", "1");
    CHECK(discover(&s, no_env, PATIENT_MS) == 0 && s.fleet.target_count == 0);
    CHECK(s.fakes[gateway].fake.requests == 2); // both probes, and no list of models
    stage_done(&s);
}

TEST(a_silent_server_costs_no_more_than_the_wait)
{
    struct stage s;
    stage_init(&s);
    unsigned silent = add_fake(&s, NULL), llama = add_fake(&s, llama_pages);
    s.fakes[silent].silent = true;
    add_preset(&s, "vllm", "/version", s.ports[silent]);
    add_preset(&s, "llamacpp", "/props", s.ports[llama]);
    CHECK(discover(&s, no_env, 150) == 1); // the other one is found all the same
    stage_done(&s);
}

static const char *one_key(const char *name)
{
    return strcmp(name, "ACME_KEY") == 0 ? " sk-1\n" : NULL;
}

TEST(a_key_in_the_environment_makes_a_cloud_target)
{
    struct stage s;
    stage_init(&s);
    s.presets[0] = (struct preset){"acme",     "openai_chat", "https://api.acme.test/v1",
                                   "ACME_KEY", "cloud",       "/models",
                                   "",         "acme-large"};
    s.presets[1] = (struct preset){"other",     "openai_chat", "https://api.other.test/v1",
                                   "OTHER_KEY", "cloud",       "/models",
                                   "",          "other-large"};
    s.preset_count = 2;
    REQUIRE(discover(&s, one_key, PATIENT_MS) == 1);
    const struct target *t = &s.targets[0];
    CHECK(target_is(t, "acme", "acme-large") && t->zone == 1);
    CHECK(str_eq(t->api_key, S("sk-1")) && (t->abilities & ABILITY_IMAGES));
    CHECK(strcmp(s.found[0].what, "acme by ACME_KEY: acme-large") == 0);
    stage_done(&s);
}

TEST(names_are_unique_and_the_fleet_has_an_end)
{
    struct stage s;
    stage_init(&s);
    unsigned first = add_fake(&s, vllm_pages), second = add_fake(&s, vllm_pages);
    char ports[40];
    snprintf(ports, sizeof ports, "%s,%s", s.ports[first], s.ports[second]);
    add_preset(&s, "vllm", "/version", ports);
    s.targets[0].name = S("vllm/Qwen2.5-7B");
    s.fleet.target_count = 1;
    CHECK(discover(&s, no_env, PATIENT_MS) == 2 && s.fleet.target_count == 3);
    CHECK(str_eq(s.targets[1].name, S("vllm/Qwen2.5-7B-2")));
    CHECK(str_eq(s.targets[2].name, S("vllm/Qwen2.5-7B-3")));
    s.fleet.target_count = TARGET_MAX - 1;
    CHECK(discover(&s, no_env, PATIENT_MS) == 1 && s.fleet.target_count == TARGET_MAX);
    stage_done(&s);
}

TEST(every_preset_is_in_the_manual)
{
    enum { MANUAL_MAX = 64 * 1024 };
    static char manual[MANUAL_MAX];
    FILE *f = fopen("docs/targets.md", "r");
    if (!f) {
        unit_skip("not run from the root of the project");
        return;
    }
    size_t n = fread(manual, 1, sizeof manual, f);
    fclose(f);
    for (size_t i = 0; i < upstream_preset_count; i++) {
        const struct preset *p = &upstream_presets[i];
        char row[160];
        snprintf(row, sizeof row, "| `%s` | %s |", p->name, p->base_url);
        CHECK(str_find(str_of(manual, n), str_c(row)) != SIZE_MAX);
        CHECK(upstream_preset(str_c(p->name)) == p);
    }
    CHECK(!upstream_preset(S("nobody")));
}
