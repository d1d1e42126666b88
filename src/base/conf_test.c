// YAML to a tree: places, variables, what is refused, and that no secret gets into a message.
#include "base/conf.h"
#include "tests/unit.h"

static const char *env_of(const char *name)
{
    if (strcmp(name, "KEY") == 0)
        return "sk-very-secret";
    if (strcmp(name, "PORT") == 0)
        return "8080";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

struct parsed {
    struct arena arena;
    struct conf *root;
    struct conf_error error;
    enum err err;
};

static void parse(struct parsed *p, str yaml)
{
    const struct conf_source source = {.yaml = yaml, .name = "weir.yaml", .env = env_of};
    *p = (struct parsed){.err = OK};
    arena_init(&p->arena, 1 << 26);
    p->err = conf_parse(&p->arena, &source, &p->root, &p->error);
}

static bool refuses(str yaml, const char *where, const char *what)
{
    struct parsed p;
    parse(&p, yaml);
    bool ok = CHECK(p.err == ERR_BAD_CONFIG) & CHECK(p.root == NULL);
    ok &= CHECK(strcmp(p.error.where, where) == 0) & CHECK(strstr(p.error.what, what) != NULL);
    ok &= CHECK(p.error.hint[0] != 0);
    if (!ok)
        printf("  %.*s -> %s: %s; %s\n", STR_ARGS(yaml), p.error.where, p.error.what, p.error.hint);
    arena_done(&p.arena);
    return ok;
}

TEST(a_tree_knows_what_stands_where)
{
    struct parsed p;
    parse(&p, S("# a comment\n"
                "gate:\n"
                "  workers: 4\n"
                "  listen: \":4100\"\n"
                "targets:\n"
                "  - {name: a, model: x}\n"
                "  - name: b\n"));
    REQUIRE(p.err == OK && p.root->kind == CONF_MAP);
    struct conf *gate = conf_get(p.root, S("gate")), *workers = conf_get(gate, S("workers"));
    REQUIRE(gate && gate->kind == CONF_MAP && workers && workers->kind == CONF_SCALAR);
    CHECK(str_eq(workers->scalar, S("4")) && !workers->quoted && !workers->from_env);
    CHECK(workers->line == 3 && workers->column == 12);
    CHECK(conf_get(gate, S("listen"))->quoted);
    struct conf *targets = conf_get(p.root, S("targets"));
    REQUIRE(targets && targets->kind == CONF_LIST && targets->child && targets->child->next);
    CHECK(str_eq(conf_get(targets->child, S("model"))->scalar, S("x")));
    CHECK(str_eq(conf_get(targets->child->next, S("name"))->scalar, S("b")));
    CHECK(targets->child->next->next == NULL);
    CHECK(!conf_get(p.root, S("absent")) && !conf_get(NULL, S("a")) && !conf_get(workers, S("a")));
    arena_done(&p.arena);
}

TEST(an_empty_file_is_an_empty_map)
{
    static const char *const empty[] = {"", "\n\n", "# only a comment\n", "---\n", "{}"};
    for (size_t i = 0; i < countof(empty); i++) {
        struct parsed p;
        parse(&p, str_c(empty[i]));
        bool null_root = p.root && p.root->kind == CONF_SCALAR && p.root->scalar.n == 0;
        CHECK(p.err == OK && p.root && (p.root->kind == CONF_MAP || null_root));
        CHECK(p.root && !p.root->child);
        arena_done(&p.arena);
    }
}

static bool becomes(str yaml, str want, bool from_env)
{
    struct parsed p;
    parse(&p, yaml);
    const struct conf *c = p.err == OK ? conf_get(p.root, S("a")) : NULL;
    bool ok = CHECK(c && str_eq(c->scalar, want) && c->from_env == from_env);
    if (!ok)
        printf("  %.*s -> %.*s %s\n", STR_ARGS(yaml), STR_ARGS(c ? c->scalar : STR_NONE),
               p.error.what);
    arena_done(&p.arena);
    return ok;
}

TEST(variables_are_put_in_plain_and_double_quoted_values)
{
    becomes(S("a: ${KEY}"), S("sk-very-secret"), true);
    becomes(S("a: \"${KEY}\""), S("sk-very-secret"), true);
    becomes(S("a: '${KEY}'"), S("${KEY}"), false);
    becomes(S("a: http://h:${PORT}/v1"), S("http://h:8080/v1"), true);
    becomes(S("a: ${PORT}${PORT}"), S("80808080"), true);
    becomes(S("a: ${NONE:-fallback}"), S("fallback"), true);
    becomes(S("a: ${NONE:-}"), S(""), true);
    becomes(S("a: ${KEY:-fallback}"), S("sk-very-secret"), true);
    becomes(S("a: ${EMPTY}x"), S("x"), true);
    becomes(S("a: costs $5"), S("costs $5"), false);
    becomes(S("a: $$5"), S("$5"), false);
    becomes(S("a: $${KEY}"), S("${KEY}"), false);
    becomes(S("a: x$"), S("x$"), false);
    becomes(S("a: ~"), S(""), false);
    becomes(S("a: \"~\""), S("~"), false);
}

TEST(a_variable_that_is_not_there_is_named)
{
    refuses(S("a: 1\nb: ${NONE}"), "weir.yaml:2:4", "the environment has no NONE");
    refuses(S("a: ${KEY"), "weir.yaml:1:4", "without its closing brace");
    refuses(S("a: ${}"), "weir.yaml:1:4", "a variable is written");
    refuses(S("a: ${KEY-x}"), "weir.yaml:1:4", "a variable is written");
    refuses(S("a: ${NONE:-${KEY}}"), "weir.yaml:1:4", "inside a variable's default");
}

TEST(what_configurations_do_not_need_is_refused_by_name)
{
    refuses(S("a: &x 1\nb: *x\n"), "weir.yaml:1:4", "anchors");
    refuses(S("a: [1]\nb: *x\n"), "weir.yaml:2:4", "aliases");
    refuses(S("a: !!str 1\n"), "weir.yaml:1:4", "tags");
    refuses(S("a: 1\n---\nb: 2\n"), "weir.yaml:2:1", "second document");
    refuses(S("a: 1\na: 2\n"), "weir.yaml:2:1", "'a' stands twice");
    refuses(S("x:\n  b: 1\n  c: 2\n  b: 3\n"), "weir.yaml:4:3", "'b' stands twice");
    refuses(S("? [1, 2]\n: x\n"), "weir.yaml:1:3", "a key must be a single word");
    refuses(S("\"\": x\n"), "weir.yaml:1:1", "a key must be a single word");
    refuses(S("a: \"x\\0y\"\n"), "weir.yaml:1:4", "NUL");
}

TEST(text_that_is_not_yaml_is_told_where)
{
    struct parsed p;
    refuses(S("a: 1\nb: \"caf\xff\"\n"), "weir.yaml:2:8", "not text");
    refuses(S("k: \xc3\xa9\xc3\xa9\x01\n"), "weir.yaml:1:6", "not text");
    parse(&p, S("a: [1, 2\nb: 3\n"));
    CHECK(p.err == ERR_BAD_CONFIG && str_starts(str_c(p.error.where), S("weir.yaml:2:")));
    arena_done(&p.arena);
    parse(&p, S("a: 1\n\tb: 2\n"));
    CHECK(p.err == ERR_BAD_CONFIG && str_starts(str_c(p.error.where), S("weir.yaml:2:")));
    arena_done(&p.arena);
}

TEST(depth_and_size_are_bounded)
{
    struct buf b;
    struct parsed p;
    refuses(S("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), "weir.yaml:1:17", "nested too deeply");
    buf_init(&b, 1 << 22);
    for (int i = 0; i < 6000; i++)
        buf_printf(&b, "k%d: 1\n", i);
    refuses(buf_str(&b), "weir.yaml:5001:1", "too many keys");
    buf_clear(&b);
    buf_put(&b, S("a: ["));
    for (int i = 0; i < 100001; i++)
        buf_put(&b, S("1,"));
    buf_put(&b, S("]"));
    parse(&p, buf_str(&b));
    CHECK(p.err == ERR_BAD_CONFIG && strstr(p.error.what, "too large"));
    arena_done(&p.arena);
    buf_done(&b);
}

TEST(a_key_is_never_taken_from_the_environment)
{
    struct parsed p;
    parse(&p, S("${KEY}: 1\n${KEY}: 2\n"));
    CHECK(p.err == ERR_BAD_CONFIG && !strstr(p.error.what, "secret"));
    CHECK(strstr(p.error.what, "${KEY}") != NULL);
    arena_done(&p.arena);
}

TEST(a_message_is_one_line)
{
    struct conf_error e;
    struct conf at = {.line = 3, .column = 4};
    CHECK(conf_fail(&e, "f", &at, "a\nb\x1b[31m", "c\td") == ERR_BAD_CONFIG);
    CHECK(strcmp(e.where, "f:3:4") == 0 && strcmp(e.what, "a?b?[31m") == 0);
    CHECK(strcmp(e.hint, "c?d") == 0);
    conf_fail(&e, "f", NULL, "w", NULL);
    CHECK(strcmp(e.where, "f") == 0 && e.hint[0] == 0);
}

TEST(a_file_cut_anywhere_is_read_or_refused)
{
    static const char whole[] = "gate:\n  listen: \"127.0.0.1:4100\"\n  drain: 30s\ntargets:\n"
                                "  - {name: a, key: \"${KEY}\", tags: [x, \"\\u00e9\"]}\n";
    for (size_t n = 0; n < sizeof whole; n++) {
        struct parsed p;
        parse(&p, str_of(whole, n));
        CHECK((p.err == OK) == (p.root != NULL));
        CHECK(p.err == OK || (p.error.where[0] && p.error.what[0]));
        CHECK(!strstr(p.error.what, "secret") && !strstr(p.error.hint, "secret"));
        arena_done(&p.arena);
    }
}
