// main.c: chooses among everything weir can do: commands.def.
#include "cli/cli.h"

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} subcommands[] = {
#define COMMAND(name, what) {#name, cli_##name, what},
#include "cli/commands.def"
#undef COMMAND
};

static int help(bool wanted)
{
    FILE *to = wanted ? stdout : stderr;
    fputs("weir: sends each request to a language model where it belongs\n\n"
          "usage: weir COMMAND [OPTIONS]      weir COMMAND --help says more\n\n",
          to);
    for (size_t i = 0; i < countof(subcommands); i++)
        fprintf(to, "  %-12s %s\n", subcommands[i].name, subcommands[i].what);
    fputs("  version      print the version\n", to);
    return wanted ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(false);
    str word = str_c(argv[1]);
    if (str_eq(word, S("--help")) || str_eq(word, S("-h")) || str_eq(word, S("help")))
        return help(true);
    if (str_eq(word, S("version")) || str_eq(word, S("--version"))) {
        puts("weir " WEIR_VERSION);
        return 0;
    }
    const char *near = NULL;
    unsigned nearest = 3;
    for (size_t i = 0; i < countof(subcommands); i++) {
        if (str_eq(word, str_c(subcommands[i].name)))
            return subcommands[i].run(argc - 1, argv + 1);
        unsigned far = str_distance(word, str_c(subcommands[i].name), nearest);
        if (far < nearest) {
            nearest = far;
            near = subcommands[i].name;
        }
    }
    fprintf(stderr, "weir: no command '%s'%s%s%s\n", argv[1], near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    fputs("weir --help lists the commands\n", stderr);
    return 2;
}
