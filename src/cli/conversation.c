// conversation.c: weir conversation, the operator's side of what weir remembers of conversations.
// Whoever may write the ledger's file may lower a label; who did is kept there.
#include "base/time.h"
#include "cli/cli.h"
#include <pwd.h>
#include <unistd.h>

static const char usage[] =
    "usage: weir conversation list [OPTIONS]                 the newest first\n"
    "       weir conversation lower ID --to LABEL [OPTIONS]  an answer's x-weir-conversation-id\n"
    "       weir conversation lower --name NAME [--tenant TENANT] --to LABEL [OPTIONS]\n"
    "                                                        as its x-weir-conversation names "
    "it\n\n"
    "A running weir takes it up with the batch of its next call; the act is kept in the file, and\n"
    "in the decision log where there is one.\n\n"
    "  -c, --config FILE   the configuration that names the ledger (default ./weir.yaml)\n"
    "  --path FILE         the ledger's file itself\n";

struct options {
    const char *what, *id, *name, *tenant, *to, *config, *path;
};

// -1: go on
static int parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            o->config = v;
        else if ((v = cli_option(argc, argv, &i, "--path")))
            o->path = v;
        else if ((v = cli_option(argc, argv, &i, "--to")))
            o->to = v;
        else if ((v = cli_option(argc, argv, &i, "--name")))
            o->name = v;
        else if ((v = cli_option(argc, argv, &i, "--tenant")))
            o->tenant = v;
        else if (argv[i][0] != '-' && !o->what)
            o->what = argv[i];
        else if (argv[i][0] != '-' && !o->id)
            o->id = argv[i];
        else
            return cli_stray("conversation", argv[i]);
    }
    return o->what ? -1 : cli_mistake("conversation", "conversation wants list or lower");
}

static int failed(const char *why)
{
    fprintf(stderr, "weir: %s\n", why);
    return 1;
}

static void print_row(void *arg, const struct conversation_row *r)
{
    unsigned *count = arg;
    char when[32];
    must(r->target && r->zone);
    if ((*count)++ == 0)
        printf("%-32s  %-10s  %-9s  %6s  %-24s  %s\n", "id", "label", "known by", "turns",
               "last turn", "served by");
    printf("%-32s  %-10s  %-9s  %6lld  %-24s  %s%s%s\n", r->id, label_name(r->label),
           r->named ? "name" : "beginning", (long long)r->turns,
           time_iso(when, sizeof when, r->seen_us), r->target, r->zone[0] ? " in " : "", r->zone);
}

static int list(const char *path)
{
    unsigned count = 0;
    char why[256];
    if (ledger_conversations_each(path, print_row, &count, why) != OK)
        return failed(why);
    if (count == 0)
        printf("no conversation stands in %s\n", path);
    return 0;
}

static int digit_of(char ch)
{
    const char *digits = "0123456789abcdef", *at = ch ? strchr(digits, ch) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool read_id(const char *hex, uint64_t ret_id[2])
{
    unsigned char bytes[16];
    if (strlen(hex) != 2 * sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    memcpy(ret_id, bytes, sizeof bytes);
    return ret_id[0] != 0;
}

static int lower(const struct options *o, const char *path)
{
    struct lowering w = {.at_us = time_wall_us()};
    const struct passwd *user = getpwuid(getuid());
    char why[256], id[33];
    if (!o->to || !label_known(str_c(o->to)))
        return cli_mistake("conversation", "--to takes public, internal or restricted");
    if (!o->id == !o->name)
        return cli_mistake("conversation", "lower wants an id, or --name NAME");
    if (o->id && !read_id(o->id, w.id))
        return cli_mistake("conversation",
                           "'%s' is no id: 32 digits, as the answer's "
                           "x-weir-conversation-id has them",
                           o->id);
    if (o->name &&
        ledger_conversation_find(path, str_c(o->tenant), str_c(o->name), w.id, why) != OK)
        return failed(why);
    w.label = label_parse(str_c(o->to));
    w.who = user ? user->pw_name : "nobody known";
    if (ledger_lower(path, &w, why) != OK)
        return failed(why);
    ledger_conversation_hex(w.id, id);
    printf(
        "%s: %s, as soon as weir takes it up: with the batch of its next call, or at its start\n",
        id, label_name(w.label));
    return 0;
}

int cli_conversation(int argc, char **argv)
{
    static struct config c; // large: kept off the stack
    struct options o = {0};
    char path[4096];
    int status = parse(argc, argv, &o);
    if (status >= 0)
        return status;
    if (!o.path && !cli_load_config(&c, o.config, false))
        return 1;
    str_copy_to(path, sizeof path, o.path ? str_c(o.path) : c.snap.ledger.path);
    config_free(&c);
    if (!path[0])
        return cli_mistake("conversation", "no ledger is kept: ledger.path is empty; or give "
                                           "--path FILE");
    if (strcmp(o.what, "list") == 0)
        return list(path);
    if (strcmp(o.what, "lower") == 0)
        return lower(&o, path);
    return cli_mistake("conversation", "conversation has no '%s'", o.what);
}
