// util.c: what the subcommands share.
#include "base/mem.h"
#include "cli/cli.h"
#include <errno.h>
#include <stdarg.h>
#include <yyjson.h>

bool cli_read_file(const char *path, struct buf *out)
{
    must(path && out);
    if (buf_read_file(out, path))
        return true;
    fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
    return false;
}

bool cli_load_config(struct config *c, const char *path, bool discover)
{
    struct conf_error e;
    char say[CONFIG_SAY];
    if (config_load(c, path, discover, &e) == OK)
        return true;
    config_say(&e, say);
    fprintf(stderr, "weir: %s\n", say);
    return false;
}

const char *cli_option(int argc, char **argv, int *i, const char *name)
{
    size_t n = strlen(name);
    must(*i < argc && n > 0);
    if (strncmp(argv[*i], name, n) != 0)
        return NULL;
    if (argv[*i][n] == '=')
        return argv[*i] + n + 1;
    if (argv[*i][n] != 0)
        return NULL;
    if (*i + 1 >= argc) {
        fprintf(stderr, "weir: %s wants a value\n", name);
        exit(2);
    }
    return argv[++*i];
}

int cli_usage(const char *text)
{
    must(text);
    fputs(text, stdout);
    return 0;
}

int cli_mistake(const char *command, const char *fmt, ...)
{
    va_list args;
    fputs("weir: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nweir %s --help says what it takes\n", command);
    return 2;
}

int cli_stray(const char *command, const char *word)
{
    must(word);
    return word[0] == '-' && word[1]
               ? cli_mistake(command, "%s has no option '%s'", command, word)
               : cli_mistake(command, "%s has no use for '%s'", command, word);
}

void cli_stand_ins(struct snapshot *s)
{
    if (s->fleet.target_count)
        return;
    must(s->fleet.zone_count >= 2);
    const unsigned all = (1u << ABILITY_COUNT) - 1;
    s->fleet.targets[0] = (struct target){.name = S("local"),
                                          .dialect = S("openai_chat"),
                                          .zone = 0,
                                          .abilities = all,
                                          .price_in_nanousd = 0,
                                          .price_out_nanousd = 0};
    s->fleet.targets[1] = (struct target){.name = S("cloud"),
                                          .dialect = S("openai_chat"),
                                          .zone = 1,
                                          .abilities = all,
                                          .price_in_nanousd = -1,
                                          .price_out_nanousd = -1};
    s->fleet.target_count = 2;
}

bool cli_make_body(struct buf *body, yyjson_val *row)
{
    yyjson_val *text = yyjson_obj_get(row, "text"), *messages = yyjson_obj_get(row, "messages");
    yyjson_val *model = yyjson_obj_get(row, "model");
    bool features = yyjson_is_str(yyjson_obj_get(row, "features"));
    must(body);
    buf_clear(body);
    buf_put(body, S("{\"model\":"));
    buf_put_json(body, yyjson_is_str(model) ? str_of(yyjson_get_str(model), yyjson_get_len(model))
                                            : S("auto"));
    if (yyjson_is_str(text)) {
        buf_put(body, S(",\"messages\":[{\"role\":\"user\",\"content\":"));
        buf_put_json(body, str_of(yyjson_get_str(text), yyjson_get_len(text)));
        buf_put(body, S("}]}"));
        return true;
    }
    if (!yyjson_is_arr(messages)) {
        buf_put(body,
                features ? S(",\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}") : STR_NONE);
        return features;
    }
    size_t n = 0;
    char *json = yyjson_val_write(messages, 0, &n);
    must(json);
    buf_put(body, S(",\"messages\":"));
    buf_put(body, str_of(json, n));
    buf_put(body, S("}"));
    mem_free(json);
    return true;
}

enum err cli_judge(const struct snapshot *s, struct arena *a, const struct cli_request *r,
                   struct call *c, struct fault *ret_fault)
{
    uint8_t health[TARGET_MAX] = {HEALTH_UP};
    must(HEALTH_UP == 0 && s->fleet.target_count <= TARGET_MAX);
    enum err e = dialect_openai_chat.read_ask(a, r->body, &c->ask, ret_fault);
    if (e != OK)
        return e;
    guard_scan(a, &c->ask, &s->guard, NULL, &c->screening);
    c->label = c->screening.label;
    if (r->label.p)
        c->label = label_join(c->label, label_parse(r->label));
    if (r->packed.n)
        route_classify_packed(&s->model, r->packed, &c->judgement);
    else
        route_classify(&s->model, a, &c->ask, &c->judgement);
    struct choice choice = {.fleet = &s->fleet,
                            .health = health,
                            .policy = &s->policy,
                            .ask = &c->ask,
                            .judgement = &c->judgement,
                            .label = c->label,
                            .client_model = r->model.n ? r->model : c->ask.model,
                            .want_zone = r->zone};
    c->plan.out = arena_array(a, struct plan_row, s->fleet.target_count);
    route_plan(&choice, &c->plan);
    must(c->plan.count > 0 || c->plan.err != OK);
    return OK;
}
