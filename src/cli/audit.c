// audit.c: weir audit, what an auditor asks of the decision log. Reads files only: the log's own
// machine, weir and its configuration are not needed where a folder and a key are given.
#include "base/time.h"
#include "cli/cli.h"

static const char usage[] =
    "usage: weir audit verify [OPTIONS]     is the log whole, and as it was signed?\n"
    "       weir audit prove [OPTIONS]      did anything labelled restricted leave the local "
    "zones?\n"
    "       weir audit export [OPTIONS]     its records as JSON lines, once it was verified\n"
    "       weir audit key [OPTIONS]        the public key that its checkpoints are signed with\n"
    "       weir audit erase --tenant NAME  forgets the key that ties bodies to this tenant\n\n"
    "  -c, --config FILE    where audit.path, audit.copy and audit.key are named (./weir.yaml)\n"
    "  --path DIR           the log's folder, instead\n"
    "  --copy DIR           a second folder with checkpoints\n"
    "  --checkpoint FILE    a checkpoint that was kept elsewhere: the log must agree with it\n"
    "  --key HEX            the public key; without it the configured one, or the log's own word\n"
    "  --from, --to TIME    2026-11-24 or 2026-11-24T08:00:00, UTC; --to itself is left out\n"
    "  --label LABEL        prove: this label and higher (default restricted)\n"
    "  --since SEGMENT      the first segment that is still kept, where older ones were put "
    "away\n\n"
    "Exit status: 0 whole, and nothing left; 1 something did; 2 a mistake in the command; 3 the "
    "log\n"
    "is not whole, or cannot be read.\n";

struct options {
    const char *what, *config, *tenant;
    struct audit_settings settings;
    struct audit_question question;
    enum label label;
};

enum { EXIT_YES = 1, EXIT_MISTAKE = 2, EXIT_BROKEN = 3, TOLD_MAX = 20 };

// 2026-11-24 or 2026-11-24T08:00:00, with or without Z.
static bool read_time(const char *s, int64_t *ret_us)
{
    must(s && ret_us);
    struct tm t = {0};
    int used = 0, day = 0;
    if (sscanf(s, "%4d-%2d-%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &day) != 3)
        return false;
    if (s[day] && sscanf(s + day, "T%2d:%2d:%2d%n", &t.tm_hour, &t.tm_min, &t.tm_sec, &used) != 3)
        return false;
    const char *end = s + day + used;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    struct tm asked = t;
    int64_t at = timegm(&t);
    bool same = asked.tm_mon == t.tm_mon && asked.tm_mday == t.tm_mday &&
                asked.tm_hour == t.tm_hour && asked.tm_min == t.tm_min; // no 31st of June
    if (!same || at < 0 || (end[0] && strcmp(end, "Z") != 0))
        return false;
    *ret_us = at * 1000000;
    return true;
}

static int time_option(const char *v, int64_t *ret_us)
{
    return read_time(v, ret_us) ? -1
                                : cli_mistake("audit",
                                              "'%s' is no time; write 2026-11-24 or "
                                              "2026-11-24T08:00:00",
                                              v);
}

static int label_option(const char *v, enum label *ret)
{
    if (!label_known(str_c(v)))
        return cli_mistake("audit", "--label takes public, internal or restricted");
    *ret = label_parse(str_c(v));
    return -1;
}

static int since_option(const char *v, uint64_t *ret)
{
    int64_t n = 0;
    if (!str_to_i64(str_c(v), &n) || n < 1)
        return cli_mistake("audit", "--since takes a segment's number, from 1");
    *ret = (uint64_t)n;
    return -1;
}

// -1: go on
static int parse(int argc, char **argv, struct options *o)
{
    struct audit_question *q = &o->question;
    int early = -1;
    for (int i = 1; i < argc && early < 0; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            o->config = v;
        else if ((v = cli_option(argc, argv, &i, "--path")))
            q->path = str_c(v);
        else if ((v = cli_option(argc, argv, &i, "--copy")))
            q->copy = str_c(v);
        else if ((v = cli_option(argc, argv, &i, "--checkpoint")))
            q->checkpoint = v;
        else if ((v = cli_option(argc, argv, &i, "--key")))
            q->key = v;
        else if ((v = cli_option(argc, argv, &i, "--tenant")))
            o->tenant = v;
        else if ((v = cli_option(argc, argv, &i, "--from")))
            early = time_option(v, &q->from_us);
        else if ((v = cli_option(argc, argv, &i, "--to")))
            early = time_option(v, &q->to_us);
        else if ((v = cli_option(argc, argv, &i, "--label")))
            early = label_option(v, &o->label);
        else if ((v = cli_option(argc, argv, &i, "--since")))
            early = since_option(v, &q->since);
        else if (argv[i][0] != '-' && !o->what)
            o->what = argv[i];
        else
            return cli_stray("audit", argv[i]);
    }
    if (early < 0 && q->from_us > q->to_us)
        return cli_mistake("audit", "--from is later than --to");
    return early < 0 && !o->what ? cli_mistake("audit", "audit wants verify, prove, export, key "
                                                        "or erase")
                                 : early;
}

// What the command line leaves open stands in the configuration. -1: go on
static int settle(struct options *o, struct config *c)
{
    struct audit_question *q = &o->question;
    if (!q->path.n) {
        if (!cli_load_config(c, o->config, false))
            return EXIT_MISTAKE;
        o->settings = c->snap.audit;
        q->path = o->settings.path;
        if (!q->copy.n)
            q->copy = o->settings.copy;
    }
    must(o->what);
    o->settings.path = q->path;
    if (q->path.n)
        return -1;
    return cli_mistake("audit", "no log is kept: audit.path is not set; or give --path DIR");
}

// --- verify, prove, export -----------------------------------------------------------------------

static void print_report(const struct audit_report *r)
{
    printf("%s: %llu records in %llu segment%s; %llu of them signed, by %llu checkpoint%s\n",
           r->whole ? "whole" : "NOT WHOLE", (unsigned long long)r->records,
           (unsigned long long)r->segments, r->segments == 1 ? "" : "s",
           (unsigned long long)r->is_signed, (unsigned long long)r->checkpoints,
           r->checkpoints == 1 ? "" : "s");
    if (!r->whole)
        printf("  %s\n", r->why);
    if (r->key[0])
        printf("  key %s%s\n", r->key,
               r->key_given ? "" : ", by the log's own word: give --key to be sure of it");
    if (r->whole && r->is_signed < r->records)
        printf("  the newest %llu are chained but not signed yet: their end could have been cut\n",
               (unsigned long long)(r->records - r->is_signed));
    if (r->torn_bytes)
        printf("  %llu bytes at the end are no whole record: a crash, or it is being written\n",
               (unsigned long long)r->torn_bytes);
    if (r->lost)
        printf("  %llu records of local sendings and of ends were lost while the disk refused\n",
               (unsigned long long)r->lost);
}

struct away {
    enum label least;
    uint64_t told;
};

static void tell_away(void *arg, const struct audit_seen *s)
{
    struct away *a = arg;
    must(a && s->call && s->zone);
    char when[32];
    if (s->label < a->least)
        return;
    if (a->told++ < TOLD_MAX)
        printf("left: %s call %s, %s, to %s in zone %s%s\n", time_iso(when, sizeof when, s->at_us),
               s->call, label_name(s->label), s->target, s->zone, s->ended ? " (its end)" : "");
}

static int prove(struct options *o)
{
    struct audit_report r;
    struct away a = {.least = o->label};
    uint64_t away = 0;
    must(o->label <= LABEL_RESTRICTED);
    o->question.away = tell_away;
    o->question.arg = &a;
    audit_check(&o->question, &r);
    if (a.told > TOLD_MAX)
        printf("left: and %llu records more\n", (unsigned long long)(a.told - TOLD_MAX));
    for (unsigned l = LABEL_PUBLIC; l <= LABEL_RESTRICTED; l++) {
        printf("%-10s  %llu sendings to local zones, %llu to others\n", label_name((enum label)l),
               (unsigned long long)r.local[l], (unsigned long long)r.away[l]);
        away += l >= o->label ? r.away[l] : 0;
    }
    print_report(&r);
    if (!r.whole)
        printf("no answer: a log that is not whole proves nothing\n");
    else if (a.told)
        printf("YES: %llu sendings labelled %s%s were let out of the local zones\n",
               (unsigned long long)away, label_name(o->label),
               o->label < LABEL_RESTRICTED ? " or higher" : "");
    else
        printf("no: nothing labelled %s%s left the local zones\n", label_name(o->label),
               o->label < LABEL_RESTRICTED ? " or higher" : "");
    return !r.whole ? EXIT_BROKEN : a.told ? EXIT_YES : 0;
}

static int verify(struct options *o)
{
    struct audit_report r;
    audit_check(&o->question, &r);
    print_report(&r);
    return r.whole ? 0 : EXIT_BROKEN;
}

static void print_line(void *arg, str line)
{
    FILE *to = arg;
    must(to && line.n);
    fwrite(line.p, 1, line.n, to);
    putc('\n', to);
}

// Nothing of a log that does not hold is given out as its records.
static int export(struct options *o)
{
    struct audit_report r;
    audit_check(&o->question, &r);
    if (!r.whole) {
        fprintf(stderr, "weir: the log is not whole: %s\n", r.why);
        return EXIT_BROKEN;
    }
    o->question.line = print_line;
    o->question.arg = stdout;
    audit_check(&o->question, &r);
    if (fflush(stdout) != 0 || !r.whole)
        fprintf(stderr, "weir: it was cut short: %s\n", r.whole ? "a write failed" : r.why);
    return r.whole ? 0 : EXIT_BROKEN;
}

static int key(struct options *o)
{
    char hex[AUDIT_HEX + 1], why[256];
    if (audit_key(&o->settings, hex, why) != OK) {
        fprintf(stderr, "weir: %s\n", why);
        return EXIT_BROKEN;
    }
    printf("%s\n", hex);
    return 0;
}

static int erase(struct options *o)
{
    char why[256];
    if (!o->tenant)
        return cli_mistake("audit", "erase wants --tenant NAME");
    if (audit_erase(&o->settings, str_c(o->tenant), why) != OK) {
        fprintf(stderr, "weir: %s\n", why);
        return EXIT_BROKEN;
    }
    printf("the key of tenant '%s' is gone; a running weir keeps it in memory until it is started "
           "anew\n",
           o->tenant);
    return 0;
}

int cli_audit(int argc, char **argv)
{
    static struct config c; // large: kept off the stack
    static const struct {
        const char *name;
        int (*run)(struct options *o);
        bool reads; // the log, with the key that is known
    } rows[] = {{"verify", verify, true},
                {"prove", prove, true},
                {"export", export, true},
                {"key", key, false},
                {"erase", erase, false}};
    struct options o = {.label = LABEL_RESTRICTED, .question = {.to_us = INT64_MAX}};
    char hex[AUDIT_HEX + 1], why[256];
    int status = parse(argc, argv, &o);
    if (status < 0)
        status = settle(&o, &c);
    for (size_t i = 0; status < 0 && i < countof(rows); i++) {
        if (strcmp(o.what, rows[i].name) != 0)
            continue;
        // a key that lies beside the log says no more than the log itself
        if (rows[i].reads && !o.question.key && o.settings.key.n &&
            audit_key(&o.settings, hex, why) == OK)
            o.question.key = hex;
        status = rows[i].run(&o);
    }
    if (status < 0)
        status = cli_mistake("audit", "audit has no '%s'", o.what);
    config_free(&c);
    return status;
}
