// conf.c: YAML bytes to a tree of nodes that know where they stand, through libyaml's parser
// events. What a configuration does not need is refused by name: anchors, aliases, tags, several
// documents. Values may come from the environment, keys never: a key is shown in errors, and a
// secret must not be.
#include "base/conf.h"
#include <yaml.h>

// A map's keys are compared with each other, so their number is bounded apart.
enum { DEPTH_MAX = 16, NODES_MAX = 100000, KEYS_MAX = 5000 };

struct reader {
    struct arena *arena;
    yaml_parser_t parser;
    str yaml;
    const char *name;
    const char *(*env)(const char *);
    struct conf_error *error;
    unsigned nodes;
};

// A key in a message may hold anything a double-quoted scalar can spell.
static void one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

enum err conf_fail(struct conf_error *e, const char *name, const struct conf *at, const char *what,
                   const char *hint)
{
    *e = (struct conf_error){0};
    if (at && at->line)
        snprintf(e->where, sizeof e->where, "%s:%d:%d", name, at->line, at->column);
    else
        snprintf(e->where, sizeof e->where, "%s", name);
    one_line(str_copy_to(e->what, sizeof e->what, str_c(what)));
    one_line(str_copy_to(e->hint, sizeof e->hint, str_c(hint)));
    return ERR_BAD_CONFIG;
}

static enum err fail_at(struct reader *r, yaml_mark_t mark, const char *what, const char *hint)
{
    struct conf at = {.line = (int)mark.line + 1, .column = (int)mark.column + 1};
    return conf_fail(r->error, r->name, &at, what, hint);
}

// The reader works ahead of the parser and knows only a byte's position.
static yaml_mark_t mark_of_byte(str yaml, size_t at)
{
    yaml_mark_t mark = {.index = min_size(at, yaml.n)};
    size_t start = 0;
    for (size_t i = 0; i < mark.index; i++)
        if (yaml.p[i] == '\n') {
            mark.line++;
            start = i + 1;
        }
    mark.column = utf8_count(str_from(yaml, start), mark.index - start);
    return mark;
}

static bool tab_indents(str yaml, size_t number)
{
    str line = STR_NONE;
    for (size_t i = 0; i <= number; i++)
        if (!str_next(&yaml, '\n', &line))
            return false;
    while (str_starts(line, S(" ")))
        line = str_from(line, 1);
    return str_starts(line, S("\t"));
}

static enum err next(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return OK;
    if (r->parser.error == YAML_READER_ERROR)
        return fail_at(r, mark_of_byte(r->yaml, r->parser.problem_offset),
                       "bytes that are not text: bad UTF-8 or a control character", "remove them");
    if (tab_indents(r->yaml, r->parser.problem_mark.line))
        return fail_at(r, r->parser.problem_mark, "a tab cannot indent", "use spaces");
    return fail_at(r, r->parser.problem_mark,
                   r->parser.problem ? r->parser.problem : "this is not YAML",
                   "check indentation, quotes and colons here");
}

static bool name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// The variable at ${NAME} or ${NAME:-default}; in: what stands between the braces.
static enum err expand_one(struct reader *r, yaml_mark_t mark, str in, struct buf *out)
{
    size_t n = 0;
    while (n < in.n && name_char(in.p[n]))
        n++;
    str rest = str_from(in, n);
    bool has_default = str_starts(rest, S(":-"));
    if (n == 0 || (rest.n && !has_default))
        return fail_at(r, mark, "a variable is written ${NAME} or ${NAME:-default}",
                       "write $$ for a plain $");
    if (str_find(rest, S("${")) != SIZE_MAX)
        return fail_at(r, mark, "a variable inside a variable's default", "write one ${NAME}");
    const char *value = r->env ? r->env(arena_cstr(r->arena, str_first(in, n))) : NULL;
    if (!value && !has_default) {
        char what[160];
        snprintf(what, sizeof what, "the environment has no %.*s", (int)min_size(n, 80), in.p);
        return fail_at(r, mark, what, "export it, or write ${NAME:-default}");
    }
    buf_put(out, value ? str_c(value) : str_from(rest, 2));
    return OK;
}

static enum err expand(struct reader *r, yaml_mark_t mark, struct conf *c)
{
    enum { EXPANDED_MAX = 1024 * 1024 };
    struct buf out;
    enum err e = OK;
    str rest = c->scalar;
    if (str_find_char(rest, '$') == SIZE_MAX)
        return OK;
    buf_init(&out, EXPANDED_MAX);
    while (e == OK && rest.n) {
        size_t at = str_find_char(rest, '$');
        buf_put(&out, str_first(rest, at));
        rest = at == SIZE_MAX ? STR_NONE : str_from(rest, at);
        if (str_starts(rest, S("${"))) {
            size_t close = str_find_char(rest, '}');
            if (close == SIZE_MAX) {
                e = fail_at(r, mark, "${ without its closing brace", "write ${NAME}");
                break;
            }
            e = expand_one(r, mark, (str){rest.p + 2, close - 2}, &out);
            rest = str_from(rest, close + 1);
            c->from_env = true;
        } else if (rest.n) {
            buf_putc(&out, '$');
            rest = str_from(rest, str_starts(rest, S("$$")) ? 2 : 1);
        }
    }
    if (e == OK && out.over)
        e = fail_at(r, mark, "this value is too long", "1 MiB at most");
    if (e == OK)
        c->scalar = arena_copy(r->arena, buf_str(&out));
    buf_done(&out);
    return e;
}

static struct conf *new_node(struct reader *r, enum conf_kind kind, yaml_mark_t mark)
{
    struct conf *c = arena_new(r->arena, struct conf);
    c->kind = kind;
    c->line = (int)mark.line + 1;
    c->column = (int)mark.column + 1;
    r->nodes++;
    return c;
}

// What kind of node an event begins; refuses what is not for configurations.
static enum err check_event(struct reader *r, const yaml_event_t *ev)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (ev->type == YAML_ALIAS_EVENT)
        return fail_at(r, ev->start_mark, "aliases (*name) are not used here",
                       "write the value out");
    if (ev->type == YAML_SCALAR_EVENT) {
        anchor = ev->data.scalar.anchor;
        tag = ev->data.scalar.tag;
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        anchor = ev->data.sequence_start.anchor;
        tag = ev->data.sequence_start.tag;
    } else if (ev->type == YAML_MAPPING_START_EVENT) {
        anchor = ev->data.mapping_start.anchor;
        tag = ev->data.mapping_start.tag;
    }
    if (anchor)
        return fail_at(r, ev->start_mark, "anchors (&name) are not used here",
                       "write the value out");
    if (tag)
        return fail_at(r, ev->start_mark, "tags (!name) are not used here", "leave the tag out");
    if (r->nodes >= NODES_MAX)
        return fail_at(r, ev->start_mark, "the file is too large", "100,000 values at most");
    return OK;
}

static enum err read_scalar(struct reader *r, const yaml_event_t *ev, bool is_key,
                            struct conf **ret)
{
    struct conf *c = new_node(r, CONF_SCALAR, ev->start_mark);
    c->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    c->scalar =
        arena_copy(r->arena, str_of((const char *)ev->data.scalar.value, ev->data.scalar.length));
    if (str_find_char(c->scalar, 0) != SIZE_MAX)
        return fail_at(r, ev->start_mark, "a NUL byte inside a value", "remove it");
    if (!c->quoted && (str_eq(c->scalar, S("~")) || str_eq(c->scalar, S("null"))))
        c->scalar = STR_NONE;
    *ret = c;
    if (is_key || ev->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE)
        return OK;
    return expand(r, ev->start_mark, c);
}

static enum err check_key(struct reader *r, const struct conf *map, const struct conf *key)
{
    char what[128];
    must(key->kind == CONF_SCALAR);
    if (!key->scalar.n)
        return conf_fail(r->error, r->name, key, "a key must be a single word",
                         "write name: value");
    if (!conf_get(map, key->scalar))
        return OK;
    snprintf(what, sizeof what, "'%.*s' stands twice in this map", (int)min_size(key->scalar.n, 60),
             key->scalar.p);
    return conf_fail(r->error, r->name, key, what, "keep one");
}

// depth KEY: the event is a map's key.
enum { KEY = -1 };
static enum err read_node(struct reader *r, yaml_event_t *ev, int depth, struct conf **ret);

// Children of a map or list whose start event was just read.
static enum err read_children(struct reader *r, struct conf *parent, int depth)
{
    yaml_event_type_t close =
        parent->kind == CONF_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct conf **tail = &parent->child;
    for (unsigned count = 0;; count++) {
        yaml_event_t ev;
        struct conf *key = NULL, *child = NULL;
        enum err e = next(r, &ev);
        if (e != OK)
            return e;
        if (ev.type == close) {
            yaml_event_delete(&ev);
            return OK;
        }
        if (parent->kind == CONF_MAP) {
            e = read_node(r, &ev, KEY, &key);
            if (e == OK && count >= KEYS_MAX)
                e = conf_fail(r->error, r->name, key, "too many keys in this map", "5,000 at most");
            if (e == OK)
                e = check_key(r, parent, key);
            if (e == OK)
                e = next(r, &ev);
            if (e != OK)
                return e;
        }
        e = read_node(r, &ev, depth, &child);
        if (e != OK)
            return e;
        child->key = key ? key->scalar : STR_NONE;
        child->key_line = key ? key->line : child->line;
        child->key_column = key ? key->column : child->column;
        *tail = child;
        tail = &child->next;
    }
}

// Takes the event (deletes it). Recursion is bounded by DEPTH_MAX.
static enum err read_node(struct reader *r, yaml_event_t *ev, int depth, struct conf **ret)
{
    enum err e = check_event(r, ev);
    bool nested = ev->type == YAML_MAPPING_START_EVENT || ev->type == YAML_SEQUENCE_START_EVENT;
    if (e == OK && nested && depth == KEY)
        e = fail_at(r, ev->start_mark, "a key must be a single word", "write name: value");
    if (e == OK && nested && depth >= DEPTH_MAX)
        e = fail_at(r, ev->start_mark, "nested too deeply", "16 levels at most");
    if (e == OK && ev->type == YAML_SCALAR_EVENT) {
        e = read_scalar(r, ev, depth == KEY, ret);
    } else if (e == OK) {
        must(nested);
        *ret = new_node(r, ev->type == YAML_MAPPING_START_EVENT ? CONF_MAP : CONF_LIST,
                        ev->start_mark);
    }
    yaml_event_delete(ev);
    return e == OK && nested ? read_children(r, *ret, depth + 1) : e;
}

static enum err read_stream(struct reader *r, struct conf **ret_root)
{
    bool seen = false;
    for (;;) {
        yaml_event_t ev;
        enum err e = next(r, &ev);
        if (e != OK)
            return e;
        yaml_event_type_t type = ev.type;
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&ev);
            return OK;
        }
        if (type == YAML_DOCUMENT_START_EVENT && seen)
            e = fail_at(r, ev.start_mark, "a second document",
                        "keep everything in one, without ---");
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
            type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&ev);
        } else {
            e = read_node(r, &ev, 0, ret_root);
            seen = true;
        }
        if (e != OK)
            return e;
    }
}

enum err conf_parse(struct arena *a, const struct conf_source *source, struct conf **ret_root,
                    struct conf_error *ret_error)
{
    struct reader r = {.arena = a,
                       .yaml = source->yaml,
                       .name = source->name,
                       .env = source->env,
                       .error = ret_error};
    struct conf *root = NULL;
    str yaml = source->yaml;
    must(source->name && ret_error);
    must(yaml_parser_initialize(&r.parser));
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(yaml.n ? yaml.p : ""), yaml.n);
    enum err e = read_stream(&r, &root);
    yaml_parser_delete(&r.parser);
    if (e != OK)
        return e;
    if (!root) { // an empty file is an empty map
        root = arena_new(a, struct conf);
        root->line = root->column = 1;
    }
    *ret_root = root;
    return OK;
}

struct conf *conf_get(const struct conf *map, str key)
{
    if (!map || map->kind != CONF_MAP)
        return NULL;
    for (struct conf *c = map->child; c; c = c->next)
        if (str_eq(c->key, key))
            return c;
    return NULL;
}
