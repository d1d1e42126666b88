// redact.c: weir redact, a text with its sensitive places masked. Each is replaced by [TYPE_n]; the
// same value of a type has the same n, so that the text still makes sense, and --map writes which
// value each stands for, to put them back. A finding that says what the text is about (health, a
// mark of confidential documents) is no place that a mask would help: the text is refused.
// Invariant: nothing is written unless all of the text was read.
#include "base/mem.h"
#include "cli/cli.h"
#include "guard/guard.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: weir redact [-c FILE] [--map FILE] [FILE]      default: standard input\n\n"
    "Reads one text, or one request body, and writes it with each sensitive place replaced by\n"
    "[TYPE_n]; the same value has the same n.\n\n"
    "  -c, --config FILE   the configuration: its guard.least_score counts\n"
    "  --map FILE          write what each stands for, to put it back: one line each, the\n"
    "                      placeholder, a tab, the value as a JSON string. Keep it as secret as\n"
    "                      the text\n\n"
    "Exit status 3, and no text, when it cannot be masked: it speaks of somebody's health, is\n"
    "marked confidential, has bytes that are no UTF-8 or more than 64 places.\n";

struct mask {
    const char *type;
    str value;
    unsigned n;
};
struct work {
    struct arena arena;
    struct buf in, out, map;
    struct mask masks[GUARD_FINDINGS_MAX];
    size_t count;
};

// The place's number among those of its type; a new value is written to the map.
static unsigned number_of(struct work *w, const char *type, str value)
{
    unsigned n = 1;
    must(w->count < countof(w->masks));
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->masks[i].type, type) != 0)
            continue;
        if (str_eq(w->masks[i].value, value))
            return w->masks[i].n;
        n++;
    }
    w->masks[w->count++] = (struct mask){type, value, n};
    buf_printf(&w->map, "[%s_%u]\t", type, n);
    buf_put_json(&w->map, value);
    buf_putc(&w->map, '\n');
    return n;
}

// False with a reason on stderr.
static bool mask(struct work *w, const struct guard_policy *policy)
{
    struct screening s;
    str text = buf_str(&w->in);
    size_t done = 0;
    guard_scan_text(&w->arena, text_of(text), policy, &s);
    if (s.truncated || w->arena.over || utf8_valid(text) != text.n) {
        fputs("weir: this text cannot be masked: too many places, or bytes that are no UTF-8\n",
              stderr);
        return false;
    }
    for (uint32_t i = 0; i < s.finding_count; i++) {
        const struct finding *f = &s.findings[i];
        must(f->start >= done && f->end <= text.n);
        if ((double)f->score < policy->least_score)
            continue;
        if (strcmp(f->type, "HEALTH") == 0 || strcmp(f->type, "CONFIDENTIAL") == 0) {
            fprintf(stderr, "weir: a mask does not help: the text as a whole is %s\n", f->type);
            return false;
        }
        str value = str_of(text.p + f->start, f->end - f->start);
        buf_put(&w->out, str_of(text.p + done, f->start - done));
        buf_printf(&w->out, "[%s_%u]", f->type, number_of(w, f->type, value));
        done = f->end;
    }
    buf_put(&w->out, str_from(text, done));
    return true;
}

static bool write_map(const char *path, str map)
{
    FILE *f = fopen(path, "wx");
    if (!f) {
        fprintf(stderr, "weir: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool ok = fchmod(fileno(f), 0600) == 0 && fwrite(map.p, 1, map.n, f) == map.n;
    return fclose(f) == 0 && ok;
}

static int redact(struct work *w, const struct config *k, const char *path, const char *map)
{
    size_t limit = (size_t)k->snap.http.body_limit;
    int status = 1;
    arena_init(&w->arena, (size_t)k->snap.gate.call_memory);
    buf_init(&w->in, limit);
    buf_init(&w->out, limit * 2);
    buf_init(&w->map, limit * 8);
    if (cli_read_file(path, &w->in)) {
        status = 3;
        if (mask(w, &k->snap.guard))
            status = map && !write_map(map, buf_str(&w->map)) ? 1 : 0;
    }
    if (status == 0) {
        fwrite(w->out.p, 1, w->out.n, stdout);
        status = fflush(stdout) != 0;
    }
    buf_done(&w->in);
    buf_done(&w->out);
    buf_done(&w->map);
    arena_done(&w->arena);
    return status;
}

int cli_redact(int argc, char **argv)
{
    static struct config k;
    static struct work w;
    const char *config = NULL, *path = NULL, *map = NULL;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            config = v;
        else if ((v = cli_option(argc, argv, &i, "--map")))
            map = v;
        else if ((argv[i][0] != '-' || argv[i][1] == 0) && !path)
            path = argv[i];
        else
            return cli_stray("redact", argv[i]);
    }
    if (!cli_load_config(&k, config, false))
        return 1;
    int status = redact(&w, &k, path ? path : "-", map);
    config_free(&k);
    return status;
}
