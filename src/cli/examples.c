// examples.c: weir examples, a set to tune the hosted model with: of rows whose answers were kept,
// the conversation and the better answer, in the JSONL form that tuning tools read. Each is
// screened again, by the configuration as it is now. Invariant: what is not public goes nowhere but
// into a file that was named for it, and only where that was asked for in so many words.
#include "base/mem.h"
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yyjson.h>

static const char usage[] =
    "usage: weir examples [OPTIONS] FILE...\n\n"
    "Reads rows that serve wrote with learn.content (or your own: \"messages\", \"weak_answer\",\n"
    "\"strong_answer\", \"weak_score\", \"strong_score\") and writes one line for each whose "
    "scores\n"
    "differ: {\"messages\": [..., the better answer]}. Rows are screened again; what is not\n"
    "public is left out.\n\n"
    "  --out FILE       write there, for its owner only (default: standard output)\n"
    "  --equal          rows with equal scores, too, with the strong answer\n"
    "  --restricted     rows that are not public, too; wants --out, and a regular file there\n"
    "  -c FILE          the configuration, with its guard (default ./weir.yaml)\n";

enum { EXAMPLES_FILES = 32 };
struct examples {
    const char *config, *out, *paths[EXAMPLES_FILES];
    unsigned path_count;
    bool equal, restricted;
    struct config *k;
    struct arena arena;
    struct buf line, body;
    FILE *to;
    size_t written, without, alike, tools, not_public, bad;
};

static yyjson_val *better_of(const struct examples *e, yyjson_val *row)
{
    yyjson_val *weak = yyjson_obj_get(row, "weak_score"),
               *strong = yyjson_obj_get(row, "strong_score");
    if (!yyjson_is_num(weak) || !yyjson_is_num(strong))
        return NULL;
    double w = yyjson_get_num(weak), s = yyjson_get_num(strong);
    if (w == s && !e->equal)
        return NULL;
    return yyjson_obj_get(row, w > s ? "weak_answer" : "strong_answer");
}

static void put_value(struct buf *out, yyjson_val *v)
{
    size_t n = 0;
    char *json = yyjson_val_write(v, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &n);
    must(json);
    buf_put(out, str_of(json, n));
    mem_free(json);
}

static void put_example(struct buf *out, yyjson_val *messages, yyjson_val *answer)
{
    size_t i, n;
    yyjson_val *m;
    must(yyjson_is_arr(messages) && answer);
    buf_clear(out);
    buf_put(out, S("{\"messages\":["));
    yyjson_arr_foreach(messages, i, n, m)
    {
        put_value(out, m);
        buf_putc(out, ',');
    }
    put_value(out, answer);
    buf_put(out, S("]}\n"));
}

// The label of all that would be written; what cannot be read is restricted.
static enum label label_of(struct examples *e, yyjson_val *row)
{
    static struct call c;
    struct fault f = {0};
    yyjson_val *said = yyjson_obj_get(row, "label");
    yyjson_doc *doc = yyjson_read(e->line.p, e->line.n - 1, YYJSON_READ_ALLOW_INVALID_UNICODE);
    struct cli_request r = {.label = S("public")};
    if (said)
        r.label = yyjson_is_str(said) ? str_of(yyjson_get_str(said), yyjson_get_len(said))
                                      : S("restricted");
    arena_reset(&e->arena);
    bool fine = doc && cli_make_body(&e->body, yyjson_doc_get_root(doc)) && !e->body.over;
    r.body = buf_str(&e->body);
    fine = fine && cli_judge(&e->k->snap, &e->arena, &r, &c, &f) == OK && !e->arena.over;
    yyjson_doc_free(doc);
    return fine ? c.label : LABEL_RESTRICTED;
}

static void take_row(struct examples *e, yyjson_val *row)
{
    yyjson_val *messages = yyjson_obj_get(row, "messages"), *answer = better_of(e, row);
    if (!yyjson_is_obj(row)) {
        e->bad++;
    } else if (!yyjson_is_arr(messages) || !yyjson_obj_get(row, "strong_answer")) {
        e->without++;
    } else if (!answer) {
        e->alike++;
    } else if (yyjson_obj_get(answer, "tool_calls")) {
        e->tools++; // the tools that it chose among were not kept
    } else {
        put_example(&e->line, messages, answer);
        if (label_of(e, row) > LABEL_PUBLIC && !e->restricted) {
            e->not_public++;
            return;
        }
        fwrite(e->line.p, 1, e->line.n, e->to);
        e->written++;
    }
}

static bool read_rows(struct examples *e, const char *path)
{
    struct buf file;
    buf_init(&file, (size_t)4 << 30);
    bool fine = cli_read_file(path, &file);
    str rest = buf_str(&file), line;
    while (fine && str_next(&rest, '\n', &line)) {
        if (str_trim(line).n == 0)
            continue;
        yyjson_doc *doc = yyjson_read(line.p, line.n, YYJSON_READ_ALLOW_INVALID_UNICODE);
        take_row(e, yyjson_doc_get_root(doc));
        yyjson_doc_free(doc);
    }
    buf_done(&file);
    return fine;
}

// For its owner only, and a file: a pipe or a device leads elsewhere.
static bool open_out(struct examples *e)
{
    struct stat at;
    e->to = stdout;
    if (!e->out)
        return true;
    int fd = open(e->out, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    bool fine = fd >= 0 && fstat(fd, &at) == 0;
    if (fine && !S_ISREG(at.st_mode)) {
        errno = EINVAL;
        fine = false;
    }
    fine = fine && fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0;
    e->to = fine ? fdopen(fd, "wb") : NULL;
    if (!e->to)
        fprintf(stderr, "weir: %s: %s\n", e->out, strerror(errno));
    if (!e->to && fd >= 0)
        close(fd);
    return e->to != NULL;
}

static int run(struct examples *e)
{
    static struct config k;
    must(e->path_count > 0 && (e->out || !e->restricted));
    if (!cli_load_config(&k, e->config, false))
        return 1;
    cli_stand_ins(&k.snap);
    e->k = &k;
    arena_init(&e->arena, (size_t)k.snap.gate.call_memory);
    buf_init(&e->line, (size_t)k.snap.http.body_limit * 2);
    buf_init(&e->body, (size_t)k.snap.http.body_limit * 2);
    bool fine = open_out(e);
    for (unsigned i = 0; i < e->path_count && fine; i++)
        fine = read_rows(e, e->paths[i]);
    if (e->to)
        fine = (e->out ? fclose(e->to) : fflush(e->to)) == 0 && fine;
    if (fine)
        fprintf(
            stderr,
            "%zu examples; left out: %zu without answers, %zu with no better one, %zu that call "
            "tools, %zu not public, %zu unreadable\n",
            e->written, e->without, e->alike, e->tools, e->not_public, e->bad);
    buf_done(&e->line);
    buf_done(&e->body);
    arena_done(&e->arena);
    config_free(&k);
    return !fine;
}

int cli_examples(int argc, char **argv)
{
    struct examples e = {0};
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return cli_usage(usage);
        if ((v = cli_option(argc, argv, &i, "-c")) || (v = cli_option(argc, argv, &i, "--config")))
            e.config = v;
        else if ((v = cli_option(argc, argv, &i, "--out")))
            e.out = v;
        else if (strcmp(argv[i], "--equal") == 0)
            e.equal = true;
        else if (strcmp(argv[i], "--restricted") == 0)
            e.restricted = true;
        else if ((argv[i][0] != '-' || !argv[i][1]) && e.path_count < EXAMPLES_FILES)
            e.paths[e.path_count++] = argv[i];
        else
            return cli_stray("examples", argv[i]);
    }
    if (e.path_count == 0)
        return cli_mistake("examples", "examples wants a FILE of rows");
    if (e.restricted && !e.out)
        return cli_mistake("examples", "--restricted wants --out FILE");
    return run(&e);
}
