// target.c: targets: and engines: of weir.yaml. An engine is a target that weir starts
// itself.
#include "base/mem.h"
#include "config/inner.h"

struct target_settings {
    setting_word name, url, model, zone, preset, api_key, price_in, price_out;
    setting_count context_tokens;
    setting_bool ask_usage;
};
static const struct setting_row target_rows[] = {
    SETTING_ROW(struct target_settings, word, name, "", 0, 0, "unique name"),
    SETTING_ROW(struct target_settings, word, url, "", 0, 0, "base URL, usually ending in /v1"),
    SETTING_ROW(struct target_settings, word, model, "", 0, 0,
                "what the target is asked for; empty: the client's word"),
    SETTING_ROW(struct target_settings, word, zone, "", 0, 0, "where it stands"),
    SETTING_ROW(struct target_settings, word, preset, "", 0, 0,
                "a provider or engine of docs/targets.md"),
    SETTING_ROW(struct target_settings, word, api_key, "", 0, 0, "its key, best as ${VARIABLE}"),
    SETTING_ROW(struct target_settings, word, price_in, "", 0, 0, "USD per million input tokens"),
    SETTING_ROW(struct target_settings, word, price_out, "", 0, 0, "USD per million output tokens"),
    SETTING_ROW(struct target_settings, count, context_tokens, "0", 0, 100000000,
                "context length; 0: not known"),
    SETTING_ROW(struct target_settings, bool, ask_usage, "true", 0, 0, "ask for usage in streams"),
};
struct engine_settings {
    setting_word health, log;
    setting_ms start_timeout;
};

// USD per million tokens, up to four decimals, to nano-dollars per token.
static enum err read_price(struct load *l, const struct conf *map, str key, str word, int64_t *ret)
{
    must(ret);
    int64_t whole = 0, part = 0;
    *ret = -1;
    if (!word.n)
        return OK;
    size_t dot = str_find_char(word, '.');
    str decimals = dot == SIZE_MAX ? STR_NONE : str_from(word, dot + 1);
    bool good = str_to_i64(str_first(word, min_size(dot, word.n)), &whole) && whole >= 0;
    char padded[] = "000"; // 1 USD per million is 1,000 nano-dollars per token
    good &= decimals.n <= 3 || dot == SIZE_MAX;
    if (decimals.n && decimals.n <= 3)
        memcpy(padded, decimals.p, decimals.n);
    good &= str_to_i64(str_c(padded), &part) && part >= 0;
    if (!good || whole > 1000000)
        return fail(l, conf_get(map, key), "this is no price",
                    "USD per million tokens, such as 2.50");
    *ret = whole * 1000 + part;
    return OK;
}

static enum err read_abilities(struct load *l, const struct conf *list, unsigned *ret)
{
    unsigned all = 0;
    if (!list) {
        *ret = ABILITY_TOOLS | ABILITY_SCHEMA | ABILITY_LOGPROBS | ABILITY_CHOICES;
        return OK;
    }
    const char *names[ABILITY_COUNT + 1] = {NULL};
    const struct known known = {"ability", names};
    for (unsigned i = 0; i < ABILITY_COUNT; i++)
        names[i] = ability_name(i);
    if (list->kind != CONF_LIST)
        return fail(l, list, "abilities is a list", "write [tools, schema]");
    for (const struct conf *c = list->child; c; c = c->next) {
        unsigned bit;
        if (!ability_parse(c->scalar, &bit))
            return fail_unknown(l, c, c->scalar, known);
        all |= bit;
    }
    *ret = all;
    return OK;
}

static struct known known_presets(struct load *l)
{
    const char **names = arena_array(l->arena, const char *, upstream_preset_count + 1);
    for (size_t i = 0; i < upstream_preset_count; i++)
        names[i] = upstream_presets[i].name;
    return (struct known){"preset", names};
}

static enum err use_preset(struct load *l, const struct conf *at, struct target_settings *s)
{
    if (!s->preset.n)
        return OK;
    const struct preset *p = upstream_preset(s->preset);
    if (!p)
        return fail_unknown(l, conf_get(at, S("preset")), s->preset, known_presets(l));
    if (!s->url.n)
        s->url = str_c(p->base_url);
    if (!s->zone.n)
        s->zone = str_c(p->zone);
    if (!s->model.n)
        s->model = str_c(p->model);
    if (!s->api_key.n && p->key_variable[0])
        s->api_key = str_c(getenv(p->key_variable));
    return OK;
}

static bool good_url(str url)
{
    return str_starts(url, S("http://")) || str_starts(url, S("https://"));
}

// The common part of targets and engines.
static enum err add_target(struct load *l, const struct conf *at, struct target_settings *s,
                           str default_zone)
{
    struct fleet *f = &l->snap->fleet;
    enum err e = use_preset(l, at, s);
    if (e != OK)
        return e;
    if (!s->name.n)
        return fail(l, at, "a target without a name", "add name: NAME");
    if (find_target(f, s->name) >= 0)
        return fail(l, at, "two targets have this name", "give each its own");
    if (!good_url(s->url))
        return fail(l, conf_get(at, S("url")) ? conf_get(at, S("url")) : at,
                    s->url.n ? "a URL begins with http:// or https://" : "a target needs a URL",
                    "url: http://127.0.0.1:8080/v1, say");
    if (f->target_count == TARGET_MAX)
        return fail(l, at, "too many targets", "at most 64");
    str zone = s->zone.n ? s->zone : default_zone;
    int z = find_zone(f, zone);
    if (z < 0 && !zone.n)
        return fail(l, at, "a target needs a zone", "zone: local, cloud or one named under zones:");
    if (z < 0)
        return fail_unknown(l, conf_get(at, S("zone")) ? conf_get(at, S("zone")) : at, zone,
                            known_zones(l));
    if (f->zones[z].local && !f->zones[z].anywhere && net_url_is_public(s->url))
        return fail(l, conf_get(at, S("url")) ? conf_get(at, S("url")) : at,
                    "this target is in a local zone, but its address is a public one",
                    "zone: cloud; or zones: {local: {addresses: any}} if the machine is yours");
    struct target *t = &f->targets[f->target_count];
    *t = (struct target){.name = s->name,
                         .preset = s->preset,
                         .dialect = S("openai_chat"),
                         .base_url = s->url,
                         .model = s->model,
                         .api_key = s->api_key,
                         .zone = (unsigned)z,
                         .context_tokens = s->context_tokens,
                         .ask_usage = s->ask_usage};
    while (str_ends(t->base_url, S("/")))
        t->base_url.n--;
    e = read_abilities(l, conf_get(at, S("abilities")), &t->abilities);
    if (e == OK)
        e = read_price(l, at, S("price_in"), s->price_in, &t->price_in_nanousd);
    if (e == OK)
        e = read_price(l, at, S("price_out"), s->price_out, &t->price_out_nanousd);
    f->target_count += e == OK;
    return e;
}

enum err config_read_target(struct load *l, const struct conf *at)
{
    static const char *const also[] = {"abilities", NULL};
    static const struct conf_table table = {target_rows, countof(target_rows), also};
    struct target_settings s;
    enum err e = fill(l, &s, &table, at);
    return e == OK ? add_target(l, at, &s, STR_NONE) : e;
}

// A list of words, or a map of NAME: value as "NAME=value", as a NULL-ended vector.
static enum err read_vector(struct load *l, const struct conf *from, char ***ret)
{
    size_t count = 0, i = 0;
    must(ret);
    for (const struct conf *c = from ? from->child : NULL; c; c = c->next)
        count++;
    char **v = arena_array(l->arena, char *, count + 1);
    for (const struct conf *c = from ? from->child : NULL; c; c = c->next) {
        if (c->kind != CONF_SCALAR)
            return fail(l, c, "a single word belongs here", "quote it where it has spaces");
        str word = from->kind == CONF_MAP
                       ? arena_printf(l->arena, "%.*s=%.*s", STR_ARGS(c->key), STR_ARGS(c->scalar))
                       : c->scalar;
        v[i++] = arena_cstr(l->arena, word);
    }
    *ret = v;
    return OK;
}

static str health_url(struct load *l, str base, str path)
{
    must(good_url(base));
    size_t scheme = str_find(base, S("://")) + 3;
    size_t slash = str_find_char(str_from(base, scheme), '/');
    str origin = slash == SIZE_MAX ? base : str_first(base, scheme + slash);
    return arena_printf(l->arena, "%.*s%.*s", STR_ARGS(origin), STR_ARGS(path));
}

enum err config_read_engine(struct load *l, const struct conf *at)
{
    static const char *const also[] = {
        "abilities",      "command",   "env",      "name",      "url",    "model",   "zone",
        "context_tokens", "ask_usage", "price_in", "price_out", "preset", "api_key", NULL};
    static const char *const also_target[] = {"abilities", "command",       "env", "health",
                                              "log",       "start_timeout", NULL};
    static const struct setting_row rows[] = {
        SETTING_ROW(struct engine_settings, word, health, "/health", 0, 0,
                    "path that answers 200 once the model is loaded"),
        SETTING_ROW(struct engine_settings, word, log, "", 0, 0,
                    "file for its output; empty: none"),
        SETTING_ROW(struct engine_settings, ms, start_timeout, "10m", 1000, 3600000,
                    "time to load the model"),
    };
    static const struct conf_table table = {rows, countof(rows), also};
    static const struct conf_table target_table = {target_rows, countof(target_rows), also_target};
    struct target_settings t;
    struct engine_settings s;
    struct snapshot *snap = l->snap;
    enum err e = fill(l, &t, &target_table, at);
    if (e == OK)
        e = fill(l, &s, &table, at);
    if (e == OK)
        e = add_target(l, at, &t, S("local"));
    if (e != OK)
        return e;
    const struct conf *command = conf_get(at, S("command"));
    if (!command || command->kind != CONF_LIST || !command->child)
        return fail(l, command ? command : at, "an engine needs its command as a list",
                    "command: [llama-server, -m, model.gguf, --port, \"8080\"]");
    must(snap->engine_count < TARGET_MAX && snap->fleet.target_count > 0);
    struct engine_config *g = &snap->engines[snap->engine_count];
    *g = (struct engine_config){.name = t.name,
                                .health_url = health_url(l, t.url, s.health),
                                .log_path = s.log,
                                .target = snap->fleet.target_count - 1,
                                .start_timeout_ms = s.start_timeout};
    e = read_vector(l, command, &g->argv);
    const struct conf *env = conf_get(at, S("env"));
    if (e == OK && env)
        e = read_vector(l, env, &g->env);
    snap->engine_count += e == OK;
    return e;
}
