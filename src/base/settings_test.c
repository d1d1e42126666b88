// Settings tables. The first lines are how a room makes one from its settings.def: the struct's
// fields, then the rows.
#include "base/conf.h"
#include "base/watch_test.h"
#include "tests/unit.h"

// A room writes #include "room/settings.def" instead of this list.
#define LAMP_SETTINGS                                                                              \
    SETTING(bool, lit, "true", 0, 0, "whether it shines")                                          \
    SETTING(count, bulbs, "3", 1, 100, "how many bulbs")                                           \
    SETTING(ms, timeout, "10s", 100, 600000, "how long it may take")                               \
    SETTING(bytes, room_limit, "64KiB", 1024, 1048576, "how much it may hold")                     \
    SETTING(ratio, dim, "0.5", 0, 1, "how bright: 0 | 1")                                          \
    SETTING(word, colour, "", 0, 0, "its colour")

struct lamp_settings {
#define SETTING(type, field, ...) setting_##type field;
    LAMP_SETTINGS
#undef SETTING
};

static const struct setting_row lamp_rows[] = {
#define SETTING(type, field, ...) SETTING_ROW(struct lamp_settings, type, field, __VA_ARGS__),
    LAMP_SETTINGS
#undef SETTING
};

static const char *env_of(const char *name)
{
    return strcmp(name, "N") == 0 ? "7" : strcmp(name, "KEY") == 0 ? "sk-very-secret" : NULL;
}

static enum err fill(struct lamp_settings *out, str yaml, struct conf_error *e)
{
    static const char *const also[] = {"switches", NULL};
    const struct conf_table table = {lamp_rows, countof(lamp_rows), also};
    const struct conf_source source = {.yaml = yaml, .name = "f", .env = env_of};
    static struct arena a; // words are lent from it until the next call
    struct conf *root;
    arena_done(&a);
    arena_init(&a, 1 << 20);
    *e = (struct conf_error){0};
    must(conf_parse(&a, &source, &root, e) == OK);
    enum err err = conf_fill(out, &table, root, "f", e);
    arena_reset(&a);
    return err;
}

static bool refuses(str yaml, const char *what, const char *hint)
{
    struct lamp_settings s;
    struct conf_error e;
    bool ok = CHECK(fill(&s, yaml, &e) == ERR_BAD_CONFIG);
    ok &= CHECK(strcmp(e.what, what) == 0) & CHECK(strstr(e.hint, hint) != NULL);
    ok &= CHECK(str_starts(str_c(e.where), S("f:1:")));
    if (!ok)
        printf("  %.*s -> %s: %s; %s\n", STR_ARGS(yaml), e.where, e.what, e.hint);
    return ok;
}

TEST(what_is_not_said_is_the_default)
{
    struct lamp_settings s;
    struct conf_error e;
    const struct conf_table table = {lamp_rows, countof(lamp_rows), NULL};
    REQUIRE(conf_fill(&s, &table, NULL, "f", &e) == OK);
    CHECK(s.lit && s.bulbs == 3 && s.timeout == 10000 && s.room_limit == 65536);
    CHECK(s.dim > 0.49 && s.dim < 0.51 && s.colour.n == 0);
    memset(&s, 0, sizeof s);
    conf_defaults(&s, &table);
    CHECK(s.lit && s.bulbs == 3 && s.timeout == 10000);
}

TEST(what_is_said_is_taken)
{
    struct lamp_settings s;
    struct conf_error e;
    REQUIRE(fill(&s, S("{lit: false, bulbs: 9, timeout: 2m, room_limit: \"8KiB\", dim: 0.25}"),
                 &e) == OK);
    CHECK(!s.lit && s.bulbs == 9 && s.timeout == 120000 && s.room_limit == 8192);
    CHECK(s.dim > 0.24 && s.dim < 0.26);
    CHECK(fill(&s, S("{switches: [1, 2]}"), &e) == OK); // what the caller reads itself
    CHECK(fill(&s, S("{bulbs: \"${N}\"}"), &e) == OK && s.bulbs == 7);
    CHECK(fill(&s, S("{bulbs: 100, timeout: 100}"), &e) == OK && s.timeout == 100); // the edges
}

TEST(an_unknown_key_names_the_nearest)
{
    refuses(S("bulb: 3"), "unknown key 'bulb'", "did you mean 'bulbs'?");
    refuses(S("bulb: ${N}"), "unknown key 'bulb'", "did you mean 'bulbs'?"); // a key is no secret
    refuses(S("swiches: 3"), "unknown key 'swiches'", "did you mean 'switches'?");
    refuses(S("temperature: 3"), "unknown key 'temperature'", "known here: lit, bulbs, timeout");
}

TEST(a_wrong_value_says_what_is_wanted)
{
    refuses(S("bulbs: three"), "'bulbs' is not a whole number", "the default is '3'");
    refuses(S("bulbs: 1.5"), "'bulbs' is not a whole number", "the default is '3'");
    refuses(S("bulbs: 101"), "'bulbs' is out of range", "from 1 to 100");
    refuses(S("bulbs: 0"), "'bulbs' is out of range", "from 1 to 100");
    refuses(S("bulbs: \"3\""), "'bulbs' is quoted, so it is text", "a whole number without quotes");
    refuses(S("bulbs: ~"), "'bulbs' is not a whole number", "the default is '3'");
    refuses(S("lit: yes"), "'lit' is not true or false", "the default is 'true'");
    refuses(S("lit: 'true'"), "'lit' is quoted, so it is text", "true or false without quotes");
    refuses(S("timeout: 99ms"), "'timeout' is out of range", "from 100 to 600000 ms");
    refuses(S("timeout: soon"), "'timeout' is not a time such as 500ms, 10s, 2m or 1h", "'10s'");
    refuses(S("room_limit: 2MiB"), "'room_limit' is out of range", "to 1048576 bytes");
    refuses(S("dim: 0x1"), "'dim' is not a number such as 0.7", "'0.5'");
    refuses(S("dim: nan"), "'dim' is not a number such as 0.7", "'0.5'");
    refuses(S("dim: inf"), "'dim' is not a number such as 0.7", "'0.5'");
    refuses(S("dim: 1.01"), "'dim' is out of range", "from 0 to 1");
    refuses(S("bulbs: [1]"), "'bulbs' takes a single value", "a whole number");
    refuses(S("just words"), "this takes a map", "key: value");
    refuses(S("[bulbs]"), "this takes a map", "key: value");
}

TEST(a_value_from_the_environment_is_never_shown)
{
    struct lamp_settings s;
    struct conf_error e;
    static const char *const all[] = {"bulbs: ${KEY}", "lit: ${KEY}",        "timeout: \"${KEY}\"",
                                      "dim: ${KEY}",   "room_limit: ${KEY}", "${KEY}: 1"};
    for (size_t i = 0; i < countof(all); i++) {
        CHECK(fill(&s, str_c(all[i]), &e) == ERR_BAD_CONFIG);
        CHECK(!strstr(e.what, "sk-") && !strstr(e.hint, "sk-") && !strstr(e.where, "sk-"));
    }
}

TEST(times_and_sizes_have_units)
{
    int64_t v = -1;
    CHECK(conf_ms(S("0"), &v) && v == 0);
    CHECK(conf_ms(S("1500ms"), &v) && v == 1500);
    CHECK(conf_ms(S("10s"), &v) && v == 10000);
    CHECK(conf_ms(S("2m"), &v) && v == 120000);
    CHECK(conf_ms(S("1 h"), &v) && v == 3600000);
    CHECK(conf_bytes(S("64KiB"), &v) && v == 65536);
    CHECK(conf_bytes(S("8MiB"), &v) && v == 8388608);
    CHECK(conf_bytes(S("1GiB"), &v) && v == 1073741824);
    CHECK(conf_bytes(S("5kb"), &v) && v == 5000);
    CHECK(conf_bytes(S("77B"), &v) && v == 77);
    v = 42;
    static const char *const wrong[] = {"",
                                        "s",
                                        "-1s",
                                        "1.5s",
                                        "10x",
                                        "1s2s",
                                        " 5s",
                                        "+5s",
                                        "1d",
                                        "9223372036854775807h",
                                        "99999999999999999999"};
    for (size_t i = 0; i < countof(wrong); i++)
        CHECK(!conf_ms(str_c(wrong[i]), &v) && !conf_bytes(str_c(wrong[i]), &v));
    CHECK(v == 42); // untouched
}

TEST(the_nearest_name_is_near_or_none)
{
    static const char *const names[] = {"listen", "workers", "ms", "tries", NULL};
    CHECK(strcmp(conf_nearest(S("listne"), names), "listen") == 0);
    CHECK(strcmp(conf_nearest(S("WORKERS"), names), "workers") == 0);
    CHECK(strcmp(conf_nearest(S("trys"), names), "tries") == 0);
    CHECK(conf_nearest(S("xy"), names) == NULL); // two letters are near to everything
    CHECK(conf_nearest(S("something else"), names) == NULL);
    CHECK(conf_nearest(STR_NONE, names) == NULL && conf_nearest(S("a"), NULL) == NULL);
}

static void use_a_wrong_default(void)
{
    static const struct setting_row rows[] = {
        SETTING_ROW(struct lamp_settings, count, bulbs, "200", 1, 100, "out of its own range")};
    const struct conf_table table = {rows, 1, NULL};
    struct lamp_settings s;
    conf_defaults(&s, &table);
}

TEST(a_default_outside_its_own_range_ends_the_process)
{
    CHECK(watch_dies(use_a_wrong_default, "settings.c"));
}

TEST(the_first_setting_that_differs_is_named)
{
    const struct conf_table table = {lamp_rows, countof(lamp_rows), NULL};
    struct lamp_settings a, b;
    static const char *const may[] = {"bulbs", NULL};
    conf_defaults(&a, &table);
    conf_defaults(&b, &table);
    CHECK(!conf_differs(&table, &a, &b, NULL));
    b.bulbs++;
    CHECK(!conf_differs(&table, &a, &b, may));
    b.colour = S("red");
    CHECK(strcmp(conf_differs(&table, &a, &b, may), "colour") == 0);
    b.colour = STR_NONE;
    b.dim += 0.25;
    CHECK(strcmp(conf_differs(&table, &a, &b, may), "dim") == 0);
    b.dim = a.dim;
    b.lit = !b.lit;
    CHECK(strcmp(conf_differs(&table, &a, &b, may), "lit") == 0);
}
