// check.c: weir check, the configuration's lint.
#include "cli/cli.h"

static const char usage[] = "usage: weir check [-c FILE]      default: ./weir.yaml\n\n"
                            "Reads the configuration and prints what is wrong with file, line and "
                            "column, and every rule that\n"
                            "can never match. Exit status 0 when weir serve would start with it.\n"
                            "Without a file there is nothing to check: weir serve then looks "
                            "for engines and keys.\n";

static const char *s(unsigned n)
{
    return n == 1 ? "" : "s";
}

int cli_check(int argc, char **argv)
{
    static struct config c;
    const struct fleet *f = &c.snap.fleet;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            path = v;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            return cli_stray("check", argv[i]);
    }
    if (!cli_load_config(&c, path, false))
        return 1;
    unsigned bad = config_lint(&c);
    if (!c.from_file)
        puts("there is no weir.yaml here: weir serve would look for engines and keys by itself");
    else if (bad == 0)
        printf("%s: fine: %u target%s in %u zone%s, %u tenant%s\n", c.name, f->target_count,
               s(f->target_count), f->zone_count, s(f->zone_count), c.snap.tenants.count,
               s(c.snap.tenants.count));
    config_free(&c);
    return bad ? 1 : 0;
}
