// discover.c: what is there when no configuration says so. Each port that a local engine is known
// for is asked, all ports at once: first the engine's own probe path, then (where something serves
// HTTP but is not that engine) the other engines' paths, then the list of models. Only GET, never a
// prompt, only on loopback. Invariants: (1) a server that no probe identifies is not a target: it
// may be a gateway that sends what it gets to the internet; (2) a model that an engine itself
// fetches from a cloud is not local, and is left out; (3) targets come in the table's order,
// whoever answered first.
#include "upstream/discover.h"
#include "upstream/fetch.h"
#include <yyjson.h>

enum { SITES_MAX = 32, TRIED_MAX = 32, URL_CAP = 128 };

struct model {
    struct model *next;
    str id;
    int64_t context_tokens;
    bool elsewhere; // served by a cloud behind the engine
};

// One port on loopback.
struct site {
    struct search *search;
    struct fetch *fetch;
    const struct preset *order[TRIED_MAX]; // whose probe is asked, one after the other
    unsigned order_count, at;
    unsigned port;
    enum { ASK_PROBE, ASK_MODELS, ASK_TAGS } asking;
    const struct fetch_events *events;
    bool done;
    int64_t context_tokens; // as the probe's answer says, 0 where not
    struct model *models;
};

struct search {
    struct arena *arena;
    const struct discover_from *from;
    struct net_loop *loop;
    struct net_deadlines deadlines;
    struct site sites[SITES_MAX];
    unsigned site_count, open;
    struct fleet *fleet;
    struct upstream_found *found;
    size_t found_count, found_max;
};

// --- reading answers -----------------------------------------------------------------------------

static str json_str(yyjson_val *v)
{
    return yyjson_is_str(v) ? str_of(yyjson_get_str(v), yyjson_get_len(v)) : STR_NONE;
}

static int64_t json_count(yyjson_val *v)
{
    int64_t n = yyjson_is_int(v) ? yyjson_get_sint(v) : 0;
    return n > 0 ? n : 0;
}

static yyjson_doc *read_object(str body)
{
    yyjson_doc *doc = body.n ? yyjson_read(body.p, body.n, 0) : NULL;
    if (doc && !yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        return NULL;
    }
    return doc;
}

// How much one call may hold: llama.cpp says n_ctx (a slot's share), TGI max_total_tokens.
static int64_t read_context(yyjson_val *root)
{
    yyjson_val *defaults = yyjson_obj_get(root, "default_generation_settings");
    int64_t n = json_count(yyjson_obj_get(defaults, "n_ctx"));
    if (!n)
        n = json_count(yyjson_obj_get(root, "n_ctx"));
    return n ? n : json_count(yyjson_obj_get(root, "max_total_tokens"));
}

static bool has(str s, const char *word)
{
    return str_find(s, str_c(word)) != SIZE_MAX;
}

// Names that are no chat models, and names of models that Ollama takes from its cloud.
static bool unfit(str id)
{
    if (id.n == 0 || id.n > 512)
        return true;
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char)id.p[i] < ' ' || id.p[i] == 0x7f)
            return true;
    return has(id, ":cloud") || str_ends(id, S("-cloud")) || has(id, "embed") || has(id, "rerank");
}

static void read_models(struct site *s, yyjson_val *root)
{
    struct model **end = &s->models;
    yyjson_val *item;
    yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(root, "data"));
    must(!s->models);
    while ((item = yyjson_arr_iter_next(&it))) {
        str id = json_str(yyjson_obj_get(item, "id"));
        if (unfit(id))
            continue;
        struct model *m = arena_new(s->search->arena, struct model);
        m->id = arena_copy(s->search->arena, id);
        m->context_tokens = json_count(yyjson_obj_get(item, "max_model_len")); // vLLM, SGLang
        *end = m;
        end = &m->next;
    }
}

// Ollama's own list tells which models it only forwards: a copy of one may have any name.
static void read_tags(struct site *s, yyjson_val *root)
{
    yyjson_val *item;
    yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(root, "models"));
    while ((item = yyjson_arr_iter_next(&it))) {
        bool elsewhere = json_str(yyjson_obj_get(item, "remote_host")).n > 0 ||
                         json_str(yyjson_obj_get(item, "remote_model")).n > 0;
        str name = json_str(yyjson_obj_get(item, "name"));
        for (struct model *m = s->models; m && elsewhere; m = m->next)
            m->elsewhere |= str_eq(m->id, name);
    }
}

// --- asking --------------------------------------------------------------------------------------

static const struct preset *preset_of(const struct site *s)
{
    must(s->at < s->order_count);
    return s->order[s->at];
}

static void site_done(struct site *s)
{
    must(!s->done && s->search->open > 0);
    s->done = true;
    if (--s->search->open == 0)
        net_loop_stop(s->search->loop);
}

// The next path to ask after this answer, NULL when nothing more can be learnt. root: the answer's
// JSON object, NULL where it was none; heard: something that speaks HTTP is there.
static const char *after_probe(struct site *s, yyjson_val *root, bool heard)
{
    if (root) {
        s->context_tokens = read_context(root);
        s->asking = ASK_MODELS;
        return "/v1/models";
    }
    if (!heard || s->at + 1 >= s->order_count)
        return NULL;
    s->at++;
    return preset_of(s)->probe;
}

static const char *after_models(struct site *s, yyjson_val *root)
{
    if (root)
        read_models(s, root);
    if (!s->models || !str_eq(str_c(preset_of(s)->name), S("ollama")))
        return NULL;
    s->asking = ASK_TAGS;
    return "/api/tags";
}

static const char *after_tags(struct site *s, yyjson_val *root, bool heard)
{
    if (root)
        read_tags(s, root);
    else if (!heard)
        s->models = NULL; // not known which of them are here
    return NULL;
}

static void ask(struct site *s, const char *path, const struct fetch_events *events)
{
    char url[URL_CAP];
    must(!s->fetch && !s->done);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", s->port, path);
    s->events = events;
    s->fetch = fetch_new(&s->search->deadlines, str_c(url), events, s);
    if (!s->fetch)
        site_done(s);
}

static void on_answer(void *arg, enum err e, int status, str body)
{
    struct site *s = arg;
    bool heard = e == OK;
    yyjson_doc *doc = heard && status == 200 ? read_object(body) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *next = NULL;
    s->fetch = NULL;
    switch (s->asking) {
    case ASK_PROBE:
        next = after_probe(s, root, heard);
        break;
    case ASK_MODELS:
        next = after_models(s, root);
        break;
    case ASK_TAGS:
        next = after_tags(s, root, heard);
        break;
    }
    yyjson_doc_free(doc);
    if (next)
        ask(s, next, s->events);
    else
        site_done(s);
}

static const struct fetch_events answer_events = {.on_end = on_answer};

// --- where to look -------------------------------------------------------------------------------

static bool is_engine(const struct preset *p)
{
    return p->ports[0] && p->probe[0];
}

static bool names_port(const struct preset *p, unsigned port)
{
    str rest = str_c(p->ports), word;
    int64_t n;
    while (str_next(&rest, ',', &word))
        if (str_to_i64(word, &n) && n == port)
            return true;
    return false;
}

static void add_site(struct search *s, unsigned port)
{
    for (unsigned i = 0; i < s->site_count; i++)
        if (s->sites[i].port == port)
            return;
    must(s->site_count < SITES_MAX);
    struct site *site = &s->sites[s->site_count++];
    site->search = s;
    site->port = port;
    // those that are known for this port first
    for (int own = 1; own >= 0; own--)
        for (size_t i = 0; i < s->from->preset_count; i++) {
            const struct preset *p = &s->from->presets[i];
            if (is_engine(p) && names_port(p, port) == own && site->order_count < TRIED_MAX)
                site->order[site->order_count++] = p;
        }
}

static void add_sites(struct search *s)
{
    for (size_t i = 0; i < s->from->preset_count; i++) {
        const struct preset *p = &s->from->presets[i];
        str rest = str_c(is_engine(p) ? p->ports : ""), word;
        int64_t port;
        while (rest.n && str_next(&rest, ',', &word))
            if (str_to_i64(word, &port) && port > 0 && port < 65536)
                add_site(s, (unsigned)port);
    }
}

static void time_is_up(void *arg)
{
    struct search *s = arg;
    net_loop_stop(s->loop);
}

static void ask_all(struct search *s)
{
    struct net_settings settings;
    conf_defaults(&settings, &net_setting_table);
    s->loop = net_loop_new(&settings);
    net_deadlines_init(&s->deadlines, s->loop, s->from->wait_ms);
    struct net_ticker *end = net_ticker_new(s->loop, s->from->wait_ms, time_is_up, s);
    s->open = s->site_count;
    for (unsigned i = 0; i < s->site_count; i++)
        ask(&s->sites[i], preset_of(&s->sites[i])->probe, &answer_events);
    if (s->open)
        net_loop_run(s->loop);
    for (unsigned i = 0; i < s->site_count; i++) {
        fetch_free(s->sites[i].fetch);
        s->sites[i].fetch = NULL;
        if (!s->sites[i].done)
            s->sites[i].models = NULL; // not whole: what is missing may be what it only forwards
    }
    net_ticker_free(end);
    net_deadlines_done(&s->deadlines);
    net_loop_free(s->loop);
}

// --- targets -------------------------------------------------------------------------------------

static bool find_zone(const struct fleet *f, str name, unsigned *ret_zone)
{
    for (unsigned i = 0; i < f->zone_count; i++)
        if (str_eq(f->zones[i].name, name)) {
            *ret_zone = i;
            return true;
        }
    return false;
}

static bool name_taken(const struct fleet *f, str name)
{
    for (unsigned i = 0; i < f->target_count; i++)
        if (str_eq(f->targets[i].name, name))
            return true;
    return false;
}

// "ollama/qwen3:8b": the engine, and the model without folders and file ending.
static str local_name(struct search *s, const struct preset *p, str id)
{
    enum { NUMBER = 4 };
    for (size_t slash; (slash = str_find_char(id, '/')) != SIZE_MAX && slash + 1 < id.n;)
        id = str_from(id, slash + 1);
    if (str_ends(id, S(".gguf")) && id.n > 5)
        id.n -= 5;
    str name = arena_printf(s->arena, "%s/%.*s", p->name, STR_ARGS(id));
    name = arena_copy(s->arena, str_first(name, NAME_CAP - 1 - NUMBER));
    for (char *c = (char *)(uintptr_t)name.p; c < name.p + name.n; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
            *c = '-';
    str unique = name;
    for (unsigned i = 2; name_taken(s->fleet, unique); i++)
        unique = arena_printf(s->arena, "%.*s-%u", STR_ARGS(name), i);
    return unique;
}

// Room for one more target in the preset's zone; NULL where there is none.
static struct target *new_target(struct search *s, const struct preset *p)
{
    unsigned zone;
    if (s->fleet->target_count >= TARGET_MAX || s->found_count >= s->found_max ||
        !find_zone(s->fleet, str_c(p->zone), &zone))
        return NULL;
    struct target *t = &s->fleet->targets[s->fleet->target_count];
    *t = (struct target){
        .preset = str_c(p->name),
        .dialect = str_c(p->dialect),
        .zone = zone,
        .abilities = ABILITY_TOOLS | ABILITY_SCHEMA,
        .price_in_nanousd = -1,
        .price_out_nanousd = -1,
        .ask_usage = true,
    };
    return t;
}

static void add_engine(struct search *s, struct site *site)
{
    const struct preset *p = preset_of(site);
    str base = str_c(p->base_url);
    str path = str_from(base, str_find(base, S("://")) + 3);
    size_t slash = str_find_char(path, '/');
    path = slash == SIZE_MAX ? STR_NONE : str_from(path, slash);
    for (struct model *m = site->models; m; m = m->next) {
        struct target *t = m->elsewhere ? NULL : new_target(s, p);
        if (!t)
            continue;
        t->name = local_name(s, p, m->id);
        t->base_url = arena_printf(s->arena, "http://127.0.0.1:%u%.*s", site->port, STR_ARGS(path));
        t->model = m->id;
        t->context_tokens = m->context_tokens ? m->context_tokens : site->context_tokens;
        s->fleet->target_count++;
        snprintf(s->found[s->found_count++].what, sizeof s->found->what, "%s on 127.0.0.1:%u: %.*s",
                 p->name, site->port, STR_ARGS(m->id));
    }
}

static void add_cloud(struct search *s, const struct preset *p)
{
    str key = str_trim(str_c(s->from->env(p->key_variable)));
    struct target *t = key.n && !name_taken(s->fleet, str_c(p->name)) ? new_target(s, p) : NULL;
    if (!t)
        return;
    t->name = str_c(p->name);
    t->base_url = str_c(p->base_url);
    t->model = str_c(p->model);
    t->api_key = arena_copy(s->arena, key);
    // a provider refuses by itself what its model cannot do
    t->abilities |= ABILITY_IMAGES | ABILITY_LOGPROBS | ABILITY_CHOICES;
    s->fleet->target_count++;
    snprintf(s->found[s->found_count++].what, sizeof s->found->what, "%s by %s: %s", p->name,
             p->key_variable, p->model);
}

size_t discover_with(struct arena *a, const struct discover_from *from, struct fleet *f,
                     struct upstream_found *ret_found, size_t max)
{
    struct search s = {.arena = a, .from = from, .fleet = f, .found = ret_found, .found_max = max};
    must(from->wait_ms > 0 && f->targets);
    add_sites(&s);
    if (s.site_count)
        ask_all(&s);
    for (unsigned i = 0; i < s.site_count; i++)
        if (s.sites[i].models)
            add_engine(&s, &s.sites[i]);
    for (size_t i = 0; i < from->preset_count; i++)
        if (from->presets[i].key_variable[0])
            add_cloud(&s, &from->presets[i]);
    must(s.found_count <= max && f->target_count <= TARGET_MAX);
    return s.found_count;
}

size_t upstream_discover(struct arena *a, const char *(*env)(const char *), int64_t wait_ms,
                         struct fleet *f, struct upstream_found *ret_found)
{
    struct discover_from from = {.presets = upstream_presets,
                                 .preset_count = upstream_preset_count,
                                 .env = env,
                                 .wait_ms = wait_ms};
    return discover_with(a, &from, f, ret_found, TARGET_MAX);
}
