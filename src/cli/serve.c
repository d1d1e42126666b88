// serve.c: weir serve, the gateway.
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const char usage[] =
    "usage: weir serve [-c FILE] [--listen ADDR:PORT] [--log LEVEL]\n\n"
    "Serves OpenAI's chat completions on one base URL and sends each request where it belongs.\n"
    "Without -c it reads ./weir.yaml where there is one; else it looks for engines on loopback\n"
    "(Ollama, vLLM, llama-server, SGLang, LM Studio, TGI) and for API keys in the environment\n"
    "(OPENAI_API_KEY, MISTRAL_API_KEY, GROQ_API_KEY, ...).\n\n"
    "  -c, --config FILE    the configuration; weir.yaml.example names every setting\n"
    "  --listen ADDR:PORT   where to serve (default 127.0.0.1:4100)\n"
    "  --log LEVEL          debug, info, warn or error (default info)\n\n"
    "Clients set the base URL http://ADDR:PORT/v1 and the model \"auto\". SIGTERM lets open calls\n"
    "finish; SIGHUP reads the configuration anew, and running calls end under the old one.\n";

struct options {
    const char *config, *listen;
    bool of_terminal; // ends with the terminal that it was started in
};

static int parse(int argc, char **argv, struct options *ret)
{
    struct options o = {0};
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli_usage(usage);
            return 0;
        }
        if ((v = cli_option(argc, argv, &i, "-c")) ||
            (v = cli_option(argc, argv, &i, "--config"))) {
            o.config = v;
        } else if ((v = cli_option(argc, argv, &i, "--listen"))) {
            o.listen = v;
        } else if ((v = cli_option(argc, argv, &i, "--log"))) {
            enum log_level level;
            if (!log_level_parse(str_c(v), &level)) {
                fprintf(stderr, "weir: --log takes debug, info, warn or error, not '%s'\n", v);
                return 2;
            }
            log_set_level(level);
        } else {
            return cli_stray("serve", argv[i]);
        }
    }
    *ret = o;
    return -1;
}

static void say_targets(const struct config *c, int port)
{
    const struct fleet *f = &c->snap.fleet;
    for (size_t i = 0; i < c->found_count; i++)
        log_info("cli", "found %s", c->found[i].what);
    for (unsigned i = 0; i < f->target_count; i++) {
        const struct target *t = &f->targets[i];
        log_info("cli", "target=%.*s zone=%.*s model=%.*s url=%.*s", STR_ARGS(t->name),
                 STR_ARGS(f->zones[t->zone].name), STR_ARGS(t->model), STR_ARGS(t->base_url));
    }
    log_info("cli", "serving on port %d: base URL http://127.0.0.1:%d/v1, model \"auto\"", port,
             port);
}

static bool has_targets(const struct config *c)
{
    if (c->snap.fleet.target_count)
        return true;
    fputs("weir: nothing to send requests to. Either\n"
          "  - start an engine on this machine (ollama serve, llama-server, vllm serve ...), or\n"
          "  - set a key (export OPENAI_API_KEY=...), or\n"
          "  - name targets in weir.yaml (see weir.yaml.example), or\n"
          "  - run ./quickstart, which gets a small engine and model\n",
          stderr);
    return false;
}

// --- the configuration, at the start and anew on SIGHUP ------------------------------------------

static void free_config(struct snapshot *s)
{
    struct config *c = container_of(s, struct config, snap);
    config_free(c);
    mem_free(c);
}

static struct snapshot *take(struct config *c, const struct options *o)
{
    if (o->listen)
        c->snap.gate.listen = str_c(o->listen);
    c->snap.free = free_config;
    return &c->snap;
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

// SIGHUP has a second, older meaning: the terminal was closed. Where weir was started in one, and
// not under nohup, it ends then as by SIGTERM.
static bool heeds_hangup(void)
{
    struct sigaction was;
    must(sigaction(SIGHUP, NULL, &was) == 0);
    return was.sa_handler != SIG_IGN && has_terminal();
}

static struct snapshot *read_anew(void *arg, char why[GATE_WHY])
{
    const struct options *o = arg;
    if (o->of_terminal && !has_terminal()) {
        snprintf(why, GATE_WHY, "the terminal was closed");
        must(kill(getpid(), SIGTERM) == 0);
        return NULL;
    }
    struct conf_error e;
    struct config *c = mem_new(sizeof *c);
    if (config_load(c, o->config, true, &e) != OK) {
        config_say(&e, why);
        mem_free(c);
        return NULL;
    }
    if (c->snap.fleet.target_count)
        return take(c, o);
    snprintf(why, GATE_WHY, "%s: nothing to send requests to", c->from_file ? c->name : "weir");
    free_config(&c->snap);
    return NULL;
}
_Static_assert((int)CONFIG_SAY <= (int)GATE_WHY, "what is wrong must fit");

int cli_serve(int argc, char **argv)
{
    struct options o = {0};
    char why[256] = "";
    int early = parse(argc, argv, &o);
    if (early >= 0)
        return early;
    // a peer that left, a file at its limit (ulimit -f): errors of a write, not the end of weir
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    struct config *c = mem_new(sizeof *c);
    struct gate *g = NULL;
    struct gate_source source = {read_anew, &o};
    o.of_terminal = heeds_hangup();
    if (!cli_load_config(c, o.config, true) || !has_targets(c)) {
        free_config(&c->snap);
        return 1;
    }
    if (gate_new(take(c, &o), admin_pages, &g, why) != OK) {
        fprintf(stderr, "weir: %s\n", why);
        return 1;
    }
    gate_reloads_from(g, &source);
    say_targets(c, gate_port(g));
    gate_run(g);
    gate_free(g);
    return 0;
}
