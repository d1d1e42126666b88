// config.c: from weir.yaml to a snapshot. Every section is read by one function; every mistake ends
// with file, line, column, what is wrong and what would be right.
#include "base/mem.h"
#include "config/inner.h"
#include <errno.h>
#include <sys/stat.h>

enum { CONFIG_MEMORY = 64 * 1024 * 1024, FILE_MAX = 4 * 1024 * 1024 };

enum err fail(struct load *l, const struct conf *at, const char *what, const char *hint)
{
    return conf_fail(l->error, l->name, at, what, hint);
}

enum err fill(struct load *l, void *out, const struct conf_table *table, const struct conf *map)
{
    return conf_fill(out, table, map, l->name, l->error);
}

enum err fail_unknown(struct load *l, const struct conf *at, str word, struct known known)
{
    return conf_fail_unknown(l->error, l->name, at,
                             &(struct conf_unknown){known.kind, word, known.names});
}

struct known known_zones(struct load *l)
{
    const struct fleet *f = &l->snap->fleet;
    const char **names = arena_array(l->arena, const char *, ZONE_MAX + 1);
    for (unsigned i = 0; i < f->zone_count; i++)
        names[i] = arena_cstr(l->arena, f->zones[i].name);
    return (struct known){"zone", names};
}

static struct known known_targets(struct load *l)
{
    const struct fleet *f = &l->snap->fleet;
    const char **names = arena_array(l->arena, const char *, TARGET_MAX + 2);
    for (unsigned i = 0; i < f->target_count; i++)
        names[i] = arena_cstr(l->arena, f->targets[i].name);
    if (f->target_count == 0)
        names[0] = "(no target)";
    return (struct known){"target", names};
}

int find_zone(const struct fleet *f, str name)
{
    must(f->zone_count <= ZONE_MAX);
    for (unsigned i = 0; i < f->zone_count; i++)
        if (str_eq(f->zones[i].name, name))
            return (int)i;
    return -1;
}

int find_target(const struct fleet *f, str name)
{
    must(f->target_count <= TARGET_MAX);
    for (unsigned i = 0; i < f->target_count; i++)
        if (str_eq(f->targets[i].name, name))
            return (int)i;
    return -1;
}

enum err read_label(struct load *l, const struct conf *at, str word, enum label *ret)
{
    static const char *const names[] = {"public", "internal", "restricted", NULL};
    if (!label_known(word))
        return fail_unknown(l, at, word, (struct known){"label", names});
    *ret = label_parse(word);
    return OK;
}

// --- sections
// ----------------------------------------------------------------------------------------

static enum err read_rooms(struct load *l, const struct conf *root)
{
    must(l->snap && l->error);
    struct snapshot *s = l->snap;
    const struct {
        const char *section;
        void *out;
        const struct conf_table *table;
    } rooms[] = {
        {"gate", &s->gate, &gate_setting_table},
        {"net", &s->net, &net_setting_table},
        {"http", &s->http, &http_setting_table},
        {"upstream", &s->upstream, &upstream_setting_table},
        {"ledger", &s->ledger, &ledger_setting_table},
        {"audit", &s->audit, &audit_setting_table},
        {"learn", &s->learn, &learn_setting_table},
        {"conversations", &s->conversations, &conversation_setting_table},
    };
    for (size_t i = 0; i < countof(rooms); i++) {
        const struct conf *map = root ? conf_get(root, str_c(rooms[i].section)) : NULL;
        enum err e = fill(l, rooms[i].out, rooms[i].table, map);
        if (e != OK)
            return e;
    }
    char why[160];
    if (!net_address_is_good(s->gate.listen, why))
        return fail(l, conf_get(conf_get(root, S("gate")), S("listen")), "no address to listen on",
                    why);
    return OK;
}

static void default_zones(struct fleet *f)
{
    f->zones[0] = (struct zone){.name = S("local"), .max_label = LABEL_RESTRICTED, .local = true};
    f->zones[1] = (struct zone){.name = S("cloud"), .max_label = LABEL_INTERNAL};
    f->zone_count = 2;
}

struct zone_settings {
    setting_word max_label;
    setting_bool local;
    setting_word addresses;
};
static const struct setting_row zone_rows[] = {
    SETTING_ROW(struct zone_settings, word, max_label, "", 0, 0,
                "the highest label this zone may see"),
    SETTING_ROW(struct zone_settings, bool, local, "false", 0, 0, "on the company's own machines"),
    SETTING_ROW(
        struct zone_settings, word, addresses, "private", 0, 0,
        "of a local zone's targets: private (loopback, link-local, private networks), or any "
        "where the company's own machines have public addresses"),
};

static const struct conf_table zone_table = {zone_rows, countof(zone_rows), NULL};

static enum err read_zone(struct load *l, const struct conf *at)
{
    must(at);
    struct fleet *f = &l->snap->fleet;
    struct zone_settings z;
    enum err e = fill(l, &z, &zone_table, at);
    int known = find_zone(f, at->key);
    if (e != OK)
        return e;
    if (known < 0 && f->zone_count == ZONE_MAX)
        return fail(l, at, "too many zones", "at most 8");
    struct zone *zone = &f->zones[known < 0 ? (int)f->zone_count : known];
    if (known < 0)
        *zone = (struct zone){.name = at->key, .max_label = LABEL_PUBLIC};
    if (conf_get(at, S("local")))
        zone->local = z.local;
    zone->anywhere = str_eq(z.addresses, S("any"));
    if (!zone->anywhere && !str_eq(z.addresses, S("private")))
        return fail(l, conf_get(at, S("addresses")), "addresses is neither private nor any",
                    "private is the default");
    if (z.max_label.n)
        e = read_label(l, conf_get(at, S("max_label")), z.max_label, &zone->max_label);
    f->zone_count += known < 0 && e == OK;
    return e;
}

static enum err read_tenant(struct load *l, const struct conf *at, struct tenant *t)
{
    struct tenant_settings {
        setting_word name, key, label, zone;
    } s;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct tenant_settings, word, name, "", 0, 0, "who pays"),
        SETTING_ROW(struct tenant_settings, word, key, "", 0, 0,
                    "the API key, best as ${VARIABLE}"),
        SETTING_ROW(struct tenant_settings, word, label, "public", 0, 0,
                    "label of all its requests at least"),
        SETTING_ROW(struct tenant_settings, word, zone, "", 0, 0, "only this zone may serve it"),
    };
    static const struct conf_table table = {rows, countof(rows), NULL};
    enum err e = fill(l, &s, &table, at);
    if (e != OK)
        return e;
    if (!s.name.n)
        return fail(l, at, "a tenant without a name", "add name: NAME");
    if (s.zone.n && find_zone(&l->snap->fleet, s.zone) < 0)
        return fail_unknown(l, conf_get(at, S("zone")), s.zone, known_zones(l));
    *t = (struct tenant){.name = s.name, .zone = s.zone, .has_key = s.key.n > 0};
    if (t->has_key)
        ledger_hash_key(s.key, t->key_hash);
    const struct conf *label = conf_get(at, S("label"));
    return read_label(l, label ? label : at, s.label, &t->label);
}

static enum err read_tenants(struct load *l, const struct conf *list)
{
    struct tenants *ts = &l->snap->tenants;
    unsigned count = 0;
    for (const struct conf *c = list ? list->child : NULL; c; c = c->next)
        count++;
    ts->rows = arena_array(l->arena, struct tenant, max_size(count, 1));
    for (const struct conf *c = list ? list->child : NULL; c; c = c->next) {
        struct tenant *t = &ts->rows[ts->count];
        enum err e = read_tenant(l, c, t);
        if (e != OK)
            return e;
        for (unsigned i = 0; i < ts->count; i++) {
            if (str_eq(ts->rows[i].name, t->name))
                return fail(l, c, "two tenants have this name", "give each its own");
            if (t->has_key && ts->rows[i].has_key &&
                memcmp(t->key_hash, ts->rows[i].key_hash, 32) == 0)
                return fail(l, c, "two tenants have the same key", "give each its own");
        }
        ts->count++;
    }
    str wants = l->snap->ledger.require_key;
    if (!str_eq(wants, S("auto")) && !str_eq(wants, S("yes")) && !str_eq(wants, S("no")))
        return fail(l, list, "ledger.require_key is none of its words", "use auto, yes or no");
    for (unsigned i = 0; i < ts->count; i++)
        ts->require_key |= ts->rows[i].has_key;
    if (!str_eq(wants, S("auto")))
        ts->require_key = str_eq(wants, S("yes"));
    return OK;
}

static enum err read_tasks(struct load *l, const struct conf *list, bool *local)
{
    must(list && local);
    const char *names[TASK_COUNT + 1] = {NULL};
    for (int i = 0; i < TASK_COUNT; i++)
        names[i] = task_name((enum task)i);
    memset(local, 0, TASK_COUNT * sizeof *local);
    for (const struct conf *c = list->child; c; c = c->next) {
        enum task t;
        if (!task_parse(c->scalar, &t))
            return fail_unknown(l, c, c->scalar, (struct known){"task", names});
        local[t] = true;
    }
    return OK;
}

// Cloud work that a local target tries first.
static enum err read_cascade(struct load *l, const struct conf *map)
{
    struct cascade_settings {
        setting_ratio from, confidence;
        setting_word stream;
        setting_bytes hold;
        setting_ms wait;
    } s;
    struct cascade_policy *c = &l->snap->policy.cascade;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct cascade_settings, ratio, from, "1", 0, 1,
                    "local tries first from this p_local_ok on; 1: never"),
        SETTING_ROW(struct cascade_settings, ratio, confidence, "0.35", 0, 1,
                    "least mean probability of the answer's tokens, where the target tells them"),
        SETTING_ROW(struct cascade_settings, word, stream, "start", 0, 0,
                    "start: a stream of free text goes out once its beginning is no refusal; "
                    "whole: it is held to its end"),
        SETTING_ROW(struct cascade_settings, bytes, hold, "256KiB", 4096, 16777216,
                    "most of an answer that is held; a longer one goes out unchecked"),
        SETTING_ROW(struct cascade_settings, ms, wait, "20s", 100, 3600000,
                    "how long it is held; then the next target is asked, or what came goes out"),
    };
    static const char *const also[] = {"tasks", NULL};
    static const struct conf_table table = {rows, countof(rows), also};
    enum err e = fill(l, &s, &table, map);
    if (e != OK)
        return e;
    c->from = s.from;
    c->confidence = s.confidence;
    c->hold_bytes = s.hold;
    c->wait_ms = s.wait;
    c->hold_whole = str_eq(s.stream, S("whole"));
    if (!c->hold_whole && !str_eq(s.stream, S("start")))
        return fail(l, conf_get(map, S("stream")), "stream is neither start nor whole",
                    "start is the default");
    if (c->from < 1 && l->snap->gate.tries < 2)
        return fail(l, conf_get(map, S("from")), "a cascade needs a second try",
                    "set gate.tries to 2 or more");
    const struct conf *tasks = conf_get(map, S("tasks"));
    return tasks ? read_tasks(l, tasks, c->tasks) : OK;
}

static enum err read_policy(struct load *l, const struct conf *map)
{
    struct policy_settings {
        setting_ratio quality, hard_quality, unsure_below, stay, switch_cost;
        setting_word unknown_model;
        setting_bool stand_in;
    } s;
    struct policy *p = &l->snap->policy;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct policy_settings, ratio, quality, "-1", -1, 1,
                    "wanted probability that a local answer is as good"),
        SETTING_ROW(struct policy_settings, ratio, hard_quality, "-1", -1, 1,
                    "the same for tasks that are not in policy.local; 1: those never stay local"),
        SETTING_ROW(struct policy_settings, ratio, unsure_below, "-1", -1, 1,
                    "below this task probability a request counts as unsure"),
        SETTING_ROW(struct policy_settings, ratio, stay, "0.1", 0, 1,
                    "a conversation stays where it is within this of a threshold; 0: each turn "
                    "is judged by itself"),
        SETTING_ROW(struct policy_settings, ratio, switch_cost, "1", 0, 1000,
                    "USD per million tokens: what it costs another target to read a "
                    "conversation's history anew"),
        SETTING_ROW(struct policy_settings, word, unknown_model, "error", 0, 0,
                    "auto: route names that nobody knows; error: 404"),
        SETTING_ROW(struct policy_settings, bool, stand_in, "true", 0, 0,
                    "local serves hard work where no cloud target can"),
    };
    static const char *const also[] = {"cascade", "local", NULL};
    static const struct conf_table table = {rows, countof(rows), also};
    policy_default(p);
    if (!map)
        return OK;
    enum err e = fill(l, &s, &table, map);
    if (e != OK)
        return e;
    if (s.quality >= 0)
        p->quality = s.quality;
    if (s.hard_quality >= 0)
        p->hard_quality = s.hard_quality;
    if (s.unsure_below >= 0)
        p->unsure_below = s.unsure_below;
    p->stand_in = s.stand_in;
    p->stay = s.stay;
    p->switch_cost = s.switch_cost;
    if (!str_eq(s.unknown_model, S("auto")) && !str_eq(s.unknown_model, S("error")))
        return fail(l, conf_get(map, S("unknown_model")), "unknown_model is none of its words",
                    "use auto or error");
    p->unknown_model_is_auto = str_eq(s.unknown_model, S("auto"));
    const struct conf *local = conf_get(map, S("local")), *cascade = conf_get(map, S("cascade"));
    e = local ? read_tasks(l, local, p->task_local) : OK;
    return e == OK && cascade ? read_cascade(l, cascade) : e;
}

// The targets that learn: names are there, and a copy leaves the local zones.
static enum err check_learn(struct load *l, const struct conf *map)
{
    const struct fleet *f = &l->snap->fleet;
    const struct learn_settings *s = &l->snap->learn;
    int target = find_target(f, s->target);
    if (s->target.n && target < 0)
        return fail_unknown(l, conf_get(map, S("target")), s->target, known_targets(l));
    if (s->judge.n && find_target(f, s->judge) < 0)
        return fail_unknown(l, conf_get(map, S("judge")), s->judge, known_targets(l));
    if (target >= 0 && f->zones[f->targets[target].zone].local)
        return fail(l, conf_get(map, S("target")), "learn.target is local",
                    "copies go to the model that the local ones are compared with");
    if (s->share > 0 && !s->path.n)
        return fail(l, conf_get(map, S("path")), "learn.path is empty", "give it a file");
    return OK;
}

enum err config_weights(struct arena *a, const char *path, struct route_model *ret_model,
                        char ret_why[160])
{
    enum { ALIGN = 64, WEIGHTS_MAX = 32 * 1024 * 1024 };
    struct buf file;
    const char *why = "";
    enum err e = ERR_BAD_FILE;
    buf_init(&file, WEIGHTS_MAX);
    if (buf_read_file(&file, path)) {
        char *room = arena_bytes(a, file.n + ALIGN);
        room += -(uintptr_t)room % ALIGN;
        memcpy(room, file.p, file.n);
        e = route_model_open(str_of(room, file.n), ret_model, &why);
        snprintf(ret_why, 160, "%s", why);
    } else {
        snprintf(ret_why, 160, "cannot be read: %.80s", strerror(errno));
    }
    buf_done(&file);
    return e;
}

// The operator's own weights in place of those that are built in.
static enum err read_classifier(struct load *l, const struct conf *map)
{
    struct classifier_settings {
        setting_word weights;
    } s;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct classifier_settings, word, weights, "", 0, 0,
                    "a file that weir train wrote; empty: the weights that are built in"),
    };
    static const struct conf_table table = {rows, countof(rows), NULL};
    char path[4096], why[160], what[200];
    enum err e = fill(l, &s, &table, map);
    if (e != OK || s.weights.n == 0)
        return e;
    str_copy_to(path, sizeof path, s.weights);
    if (config_weights(l->arena, path, &l->snap->model, why) == OK)
        return OK;
    snprintf(what, sizeof what, "classifier.weights: %s", why);
    return fail(l, conf_get(map, S("weights")), what, "give a file that weir train wrote");
}

// models: a client's name -> auto | zone:NAME | target:NAME
static enum err read_model_name(struct load *l, const struct conf *at)
{
    must(at);
    struct policy *p = &l->snap->policy;
    if (p->name_count == MODEL_NAME_MAX)
        return fail(l, at, "too many model names", "at most 64");
    struct model_name *m = &p->names[p->name_count];
    *m = (struct model_name){.name = at->key, .means = NAME_AUTO};
    int found = 0;
    str zone = STR_NONE, target = STR_NONE;
    if (str_starts(at->scalar, S("zone:"))) {
        m->means = NAME_ZONE;
        zone = str_from(at->scalar, 5);
        found = find_zone(&l->snap->fleet, zone);
    } else if (str_starts(at->scalar, S("target:"))) {
        m->means = NAME_TARGET;
        target = str_from(at->scalar, 7);
        found = find_target(&l->snap->fleet, target);
    } else if (!str_eq(at->scalar, S("auto"))) {
        return fail(l, at, "a model name must mean something",
                    "use auto, zone:NAME or target:NAME");
    }
    if (found < 0)
        return m->means == NAME_ZONE ? fail_unknown(l, at, zone, known_zones(l))
                                     : fail_unknown(l, at, target, known_targets(l));
    m->index = (unsigned)found;
    p->name_count++;
    return OK;
}

static enum err each(struct load *l, const struct conf *in,
                     enum err (*read)(struct load *, const struct conf *))
{
    for (const struct conf *c = in ? in->child : NULL; c; c = c->next) {
        enum err e = read(l, c);
        if (e != OK)
            return e;
    }
    return OK;
}

static enum err read_guard_types(struct load *l, const struct conf *map)
{
    const char **names = arena_array(l->arena, const char *, guard_type_count() + 1);
    for (size_t i = 0; i < guard_type_count(); i++)
        names[i] = guard_type(i);
    for (const struct conf *c = map ? map->child : NULL; c; c = c->next) {
        enum label label = LABEL_RESTRICTED;
        struct conf at = conf_key_place(c);
        enum err e = read_label(l, c, c->scalar, &label);
        if (e != OK)
            return e;
        if (!guard_policy_set(&l->snap->guard, c->key, label))
            return fail_unknown(l, &at, c->key, (struct known){"type", names});
    }
    return OK;
}

static enum err read_guard(struct load *l, const struct conf *map)
{
    struct guard_settings {
        setting_bool scan;
        setting_word media;
        setting_ratio least_score;
    } s;
    struct guard_policy *g = &l->snap->guard;
    static const struct setting_row rows[] = {
        SETTING_ROW(struct guard_settings, bool, scan, "true", 0, 0, "look for sensitive places"),
        SETTING_ROW(struct guard_settings, word, media, "", 0, 0,
                    "label of images, audio and files, which are not looked into"),
        SETTING_ROW(struct guard_settings, ratio, least_score, "-1", -1, 1,
                    "findings below do not raise the label"),
    };
    static const char *const also[] = {"types", "own", NULL};
    static const struct conf_table table = {rows, countof(rows), also};
    guard_policy_default(g);
    if (!map)
        return OK;
    enum err e = fill(l, &s, &table, map);
    if (e == OK && s.media.n)
        e = read_label(l, conf_get(map, S("media")), s.media, &g->media);
    g->scan = s.scan;
    if (s.least_score >= 0)
        g->least_score = s.least_score;
    if (e == OK)
        e = read_guard_types(l, conf_get(map, S("types")));
    if (e == OK)
        e = each(l, conf_get(map, S("own")), config_read_own);
    if (e == OK && *l->own) {
        own_seal(*l->own);
        g->own = *l->own;
    }
    return e;
}

// --- the whole
// ---------------------------------------------------------------------------------------

static const char *const sections[] = {
    "audit",   "classifier", "conversations", "engines", "gate", "guard",
    "http",    "learn",      "ledger",        "models",  "net",  "policy",
    "targets", "tenants",    "upstream",      "zones",   NULL};

static enum err check_sections(struct load *l, const struct conf *root)
{
    must(root);
    static const char *const lists[] = {"engines", "targets", "tenants", NULL};
    if (root->kind != CONF_MAP)
        return fail(l, root, "the file must be a map of sections", "begin with targets:");
    for (const struct conf *c = root->child; c; c = c->next) {
        bool known = false, list = false;
        for (size_t i = 0; sections[i]; i++)
            known |= str_eq(c->key, str_c(sections[i]));
        for (size_t i = 0; lists[i]; i++)
            list |= str_eq(c->key, str_c(lists[i]));
        struct conf at = conf_key_place(c);
        if (!known)
            return fail_unknown(l, &at, c->key, (struct known){"section", sections});
        bool empty = c->kind == CONF_SCALAR && c->scalar.n == 0;
        if (!empty && c->kind != (list ? CONF_LIST : CONF_MAP))
            return fail(l, c, list ? "this section is a list" : "this section is a map",
                        list ? "begin each item with '- '" : "write key: value below it");
    }
    return OK;
}

static enum err read_all(struct load *l, const struct conf *root)
{
    const struct conf none = {.kind = CONF_MAP};
    const struct conf *r = root ? root : &none;
    enum err e = root ? check_sections(l, root) : OK;
    if (e == OK)
        e = read_rooms(l, r);
    if (e == OK)
        e = each(l, conf_get(r, S("zones")), read_zone);
    if (e == OK)
        e = each(l, conf_get(r, S("targets")), config_read_target);
    if (e == OK)
        e = each(l, conf_get(r, S("engines")), config_read_engine);
    if (e == OK)
        e = check_learn(l, conf_get(r, S("learn")));
    if (e == OK)
        e = read_tenants(l, conf_get(r, S("tenants")));
    if (e == OK)
        e = read_policy(l, conf_get(r, S("policy")));
    if (e == OK)
        e = read_classifier(l, conf_get(r, S("classifier")));
    if (e == OK)
        e = each(l, conf_get(r, S("models")), read_model_name);
    if (e == OK)
        e = read_guard(l, conf_get(r, S("guard")));
    return e;
}

static const char *env_of(const char *name)
{
    return getenv(name);
}

static enum err load_file(struct config *c, struct load *l, const char *path)
{
    struct buf file;
    struct conf *root = NULL;
    buf_init(&file, FILE_MAX);
    str_copy_to(c->name, sizeof c->name, str_c(path));
    enum err e = ERR_BAD_FILE;
    if (buf_read_file(&file, path)) {
        const struct conf_source source = {arena_copy(&c->arena, buf_str(&file)), c->name, env_of};
        e = conf_parse(&c->arena, &source, &root, l->error);
    } else {
        snprintf(l->error->what, sizeof l->error->what, "cannot read %.120s: %.80s", path,
                 strerror(errno));
    }
    buf_done(&file);
    c->from_file = true;
    return e == OK ? read_all(l, root) : e;
}

enum err config_load(struct config *c, const char *path, bool discover,
                     struct conf_error *ret_error)
{
    enum { DISCOVER_MS = 700 };
    *ret_error = (struct conf_error){0};
    *c = (struct config){0};
    arena_init(&c->arena, CONFIG_MEMORY);
    struct snapshot *s = &c->snap;
    struct load l = {
        .arena = &c->arena, .snap = s, .name = c->name, .error = ret_error, .own = &c->own};
    s->fleet.targets = arena_array(&c->arena, struct target, TARGET_MAX);
    s->engines = arena_array(&c->arena, struct engine_config, TARGET_MAX);
    default_zones(&s->fleet);
    const char *why = "";
    if (route_model_open(route_model_builtin(), &s->model, &why) != OK)
        must(!"the built-in classifier is sound");
    struct stat there; // one that cannot be read is a mistake, not the lack of one
    if (!path && lstat("weir.yaml", &there) == 0)
        path = "weir.yaml";
    enum err e = path ? load_file(c, &l, path) : read_all(&l, NULL);
    if (e == OK && !path && discover)
        c->found_count = upstream_discover(&c->arena, env_of, DISCOVER_MS, &s->fleet, c->found);
    if (e != OK)
        config_free(c);
    return e;
}

void config_free(struct config *c)
{
    own_free(c->own);
    c->own = NULL;
    arena_done(&c->arena);
}

void config_say(const struct conf_error *e, char ret_say[CONFIG_SAY])
{
    snprintf(ret_say, CONFIG_SAY, "%s%s%s%s%s", e->where, e->where[0] ? ": " : "", e->what,
             e->hint[0] ? "; " : "", e->hint);
}

unsigned config_lint(const struct config *c)
{
    const struct snapshot *s = &c->snap;
    unsigned bad = 0, used[ZONE_MAX] = {0}, local = 0;
    for (unsigned i = 0; i < s->fleet.target_count; i++) {
        used[s->fleet.targets[i].zone]++;
        local += s->fleet.zones[s->fleet.targets[i].zone].local;
    }
    for (unsigned i = 2; i < s->fleet.zone_count; i++)
        if (!used[i] && ++bad)
            printf("%s: zone '%.*s' has no target: nothing can ever go there\n", c->name,
                   STR_ARGS(s->fleet.zones[i].name));
    for (unsigned i = 0; i < s->policy.name_count; i++)
        if (find_target(&s->fleet, s->policy.names[i].name) >= 0 && ++bad)
            printf("%s: models: '%.*s' is also a target's name, which it would hide\n", c->name,
                   STR_ARGS(s->policy.names[i].name));
    for (unsigned i = 0; i < s->tenants.count; i++) {
        int zone = find_zone(&s->fleet, s->tenants.rows[i].zone);
        if (zone >= 0 && s->tenants.rows[i].label > s->fleet.zones[zone].max_label && ++bad)
            printf("%s: tenant '%.*s' may only use zone '%.*s', which may not see its label: every "
                   "call would be 403\n",
                   c->name, STR_ARGS(s->tenants.rows[i].name), STR_ARGS(s->tenants.rows[i].zone));
    }
    if (c->from_file && s->fleet.target_count == 0 && ++bad)
        printf("%s: no targets and no engines: every call would be 503; weir.yaml.example shows "
               "how to name them\n",
               c->name);
    if (c->from_file && s->fleet.target_count && !local)
        printf("%s: note: no local target: requests labelled restricted get 403\n", c->name);
    return bad;
}
