// transcript_test.c: runs tests/dialects/<dialect>/*.md. A transcript is prose with fenced blocks;
// the block's first word says what it is:
//   request            a body; then one or more of
//     ask              what is read from it
//     fault            the error that it gives, and the body the client gets
//     sent MODEL [usage]   the body that a target gets
//   events             a stream's events, one a line: "data: ..." or "event: NAME data: ..."
//     watch            each event's kind, and what is known after the last
//   answer             a whole answer; then watch
//   error NAME [stream]    the body that a client gets for an error of the table
// To add a provider's quirk: paste it, run, and read what is printed against what you know.
#include "api/api.h"
#include "base/buf.h"
#include "tests/unit.h"
#include <glob.h>

enum { TEXT_BYTES_MAX = 1 << 16, SHOWN_BYTES_MAX = 60 };

struct run {
    const struct dialect *dialect;
    struct arena arena;
    const char *file;
    unsigned line;    // where the block that is compared begins
    str given, words; // the last request, events or answer; its kind and what follows
    unsigned compared;
};

static void compare(struct run *t, str want, const struct buf *got)
{
    t->compared++;
    if (!CHECK(str_eq(str_trim(want), str_trim(buf_str(got)))))
        printf("%s:%u: got\n%.*s\n", t->file, t->line, STR_ARGS(buf_str(got)));
}

// --- requests ------------------------------------------------------------------------------------

static const char *const kind_words[] = {
    "text",      "image",  "audio",     "file",   "tool_call", "tool_result",
    "tool_spec", "schema", "reasoning", "opaque", "metadata",  "unknown",
};
static const char *const role_words[] = {"system", "user", "assistant", "tool", "-"};

static void show_part(struct run *t, struct buf *out, const struct ask *ask, const struct part *p)
{
    str text = text_reveal(ask_text(&t->arena, ask, p));
    buf_printf(out, "%s %s", kind_words[p->kind], role_words[p->role]);
    if (p->turn != UINT32_MAX)
        buf_printf(out, " %u", p->turn);
    buf_printf(out, ": ");
    for (size_t i = 0; i < text.n && i < SHOWN_BYTES_MAX; i++)
        buf_putc(out, text.p[i] == '\n' ? '~' : text.p[i]);
    buf_printf(out, "%s\n", text.n > SHOWN_BYTES_MAX ? "..." : "");
}

static void show_ask(struct run *t, struct buf *out, const struct ask *ask)
{
    buf_printf(out, "model %.*s", STR_ARGS(ask->model));
    if (ask->stream)
        buf_printf(out, ", stream%s", ask->include_usage ? " with usage" : "");
    if (ask->max_output_tokens >= 0)
        buf_printf(out, ", at most %lld tokens", (long long)ask->max_output_tokens);
    buf_printf(out, ", %u turns", ask->turns);
    if (ask->last_user_turn != UINT32_MAX)
        buf_printf(out, ", user's last %u", ask->last_user_turn);
    if (ask->has_state)
        buf_printf(out, ", state");
    if (ask->needs)
        buf_printf(out, "\nneeds");
    for (unsigned i = 0; i < ABILITY_COUNT; i++)
        if (ask->needs >> i & 1)
            buf_printf(out, " %s", ability_name(i));
    buf_putc(out, '\n');
    for (uint32_t i = 0; i < ask->part_count; i++)
        show_part(t, out, ask, &ask->parts[i]);
}

static void run_ask(struct run *t, str want)
{
    struct ask ask;
    struct fault fault = {0};
    struct buf out;
    buf_init(&out, TEXT_BYTES_MAX);
    if (t->dialect->read_ask(&t->arena, t->given, &ask, &fault) == OK)
        show_ask(t, &out, &ask);
    else
        buf_printf(&out, "%s %s %s", err_name(fault.err), fault.param, fault.say);
    compare(t, want, &out);
    buf_done(&out);
}

static void run_fault(struct run *t, str want)
{
    struct ask ask;
    struct fault fault = {0};
    struct buf out;
    buf_init(&out, TEXT_BYTES_MAX);
    if (t->dialect->read_ask(&t->arena, t->given, &ask, &fault) == OK) {
        buf_printf(&out, "OK");
    } else {
        buf_printf(&out, "%d %s\n", err_status(fault.err), err_name(fault.err));
        t->dialect->write_error(&out, &fault, STR_NONE);
    }
    compare(t, want, &out);
    buf_done(&out);
}

static void run_sent(struct run *t, str words, str want)
{
    struct ask ask;
    struct fault fault;
    struct edits edits;
    struct sending to = {0};
    str slices[2 * EDIT_MAX + 1];
    struct buf out;
    buf_init(&out, TEXT_BYTES_MAX);
    (void)str_next(&words, ' ', &to.model);
    if (str_eq(to.model, S("-")))
        to.model = STR_NONE;
    to.ask_usage = str_eq(words, S("usage"));
    if (CHECK(t->dialect->read_ask(&t->arena, t->given, &ask, &fault) == OK) &&
        CHECK(t->dialect->edit_ask(&t->arena, &ask, &to, &edits) == OK)) {
        unsigned n = api_edited_slices(t->given, &edits, slices);
        for (unsigned i = 0; i < n; i++)
            buf_put(&out, slices[i]);
    }
    compare(t, want, &out);
    buf_done(&out);
}

// --- answers -------------------------------------------------------------------------------------

static const char *const event_words[] = {
    "other", "delta", "usage", "finish", "end", "error", "skip",
};

static void show_watch(struct buf *out, const struct answer_watch *w)
{
    const struct usage *u = &w->usage;
    buf_printf(out, "\n");
    if (u->reported)
        buf_printf(out, "in %lld, cached %lld, written %lld, out %lld, reasoning %lld\n",
                   (long long)u->input_uncached, (long long)u->input_cached,
                   (long long)u->input_written, (long long)u->output, (long long)u->reasoning);
    if (w->model.n)
        buf_printf(out, "model %.*s\n", STR_ARGS(w->model));
    buf_printf(out, "%llu bytes", (unsigned long long)w->output_bytes);
    if (w->finished)
        buf_printf(out, ", finished: %.*s", STR_ARGS(w->finish));
    buf_printf(out, "%s%s\n", w->ended ? ", ended" : "", w->failed ? ", failed" : "");
}

// Each event is read twice: after those before it, and by itself. It must be of the same kind.
static void run_events(struct run *t, struct buf *out, struct answer_watch *w)
{
    str rest = t->given, line;
    while (str_next(&rest, '\n', &line)) {
        struct answer_watch alone = {0};
        str name = STR_NONE, data;
        if (str_starts(line, S("event: "))) {
            size_t at = str_find(line, S(" data:"));
            size_t end = at == SIZE_MAX ? line.n : at;
            name = str_of(line.p + 7, end - 7);
            line = str_from(line, end + 1);
        }
        data = str_starts(line, S("data:")) ? str_from(line, 5) : STR_NONE;
        data = str_starts(data, S(" ")) ? str_from(data, 1) : data;
        enum event_kind kind = t->dialect->read_event(&t->arena, name, data, w);
        CHECK(kind == t->dialect->read_event(&t->arena, name, data, &alone));
        buf_printf(out, "%s%s", out->n ? " " : "", event_words[kind]);
    }
}

static void run_watch(struct run *t, str want)
{
    struct answer_watch w = {0};
    struct buf out;
    buf_init(&out, TEXT_BYTES_MAX);
    if (str_eq(t->words, S("events"))) {
        run_events(t, &out, &w);
    } else {
        enum err e = t->dialect->read_answer(&t->arena, t->given, &w);
        buf_printf(&out, "%s", err_name(e));
    }
    show_watch(&out, &w);
    compare(t, want, &out);
    buf_done(&out);
}

static void run_error(struct run *t, str words, str want)
{
    struct fault fault = {.at_byte = -1};
    struct buf out;
    str name = STR_NONE;
    (void)str_next(&words, ' ', &name);
    for (int e = OK + 1; e < ERR_COUNT; e++)
        if (str_eq(name, str_c(err_name((enum err)e))))
            fault.err = (enum err)e;
    if (!CHECK(fault.err != OK))
        return;
    buf_init(&out, TEXT_BYTES_MAX);
    if (str_eq(words, S("stream")))
        t->dialect->write_stream_error(&out, &fault, S("01CALL"));
    else
        t->dialect->write_error(&out, &fault, S("01CALL"));
    compare(t, want, &out);
    buf_done(&out);
}

// --- files ---------------------------------------------------------------------------------------

static void run_block(struct run *t, str words, str text)
{
    str kind = STR_NONE, rest = words;
    (void)str_next(&rest, ' ', &kind);
    if (str_eq(kind, S("request")) || str_eq(kind, S("events")) || str_eq(kind, S("answer"))) {
        t->given = text;
        t->words = kind;
    } else if (str_eq(kind, S("ask"))) {
        run_ask(t, text);
    } else if (str_eq(kind, S("fault"))) {
        run_fault(t, text);
    } else if (str_eq(kind, S("sent"))) {
        run_sent(t, rest, text);
    } else if (str_eq(kind, S("watch"))) {
        run_watch(t, text);
    } else if (str_eq(kind, S("error"))) {
        run_error(t, rest, text);
    } else if (!CHECK(!"a block of a known kind")) {
        printf("%s:%u: %.*s\n", t->file, t->line, STR_ARGS(words));
    }
}

static void run_text(struct run *t, str text)
{
    const char *begin = NULL;
    str rest = text, line, words = STR_NONE;
    unsigned number = 0;
    while (str_next(&rest, '\n', &line)) {
        number++;
        if (!str_starts(line, S("```")))
            continue;
        if (!begin) {
            begin = rest.p;
            words = str_trim(str_from(line, 3));
            t->line = number;
            continue;
        }
        // the line feed before the fence is not the block's
        size_t n = (size_t)(line.p - begin);
        run_block(t, words, str_of(begin, n ? n - 1 : 0));
        begin = NULL;
    }
    CHECK(begin == NULL);
}

static void run_file(struct run *t, const char *path)
{
    static char text[TEXT_BYTES_MAX];
    FILE *f = fopen(path, "r");
    if (!CHECK(f != NULL))
        return;
    size_t n = fread(text, 1, sizeof text, f);
    CHECK(n < sizeof text);
    fclose(f);
    t->file = path;
    run_text(t, str_of(text, n));
}

static void run_dialect(const char *name)
{
    struct run t = {.dialect = api_dialect(str_c(name))};
    char pattern[256];
    glob_t files;
    REQUIRE(t.dialect != NULL);
    snprintf(pattern, sizeof pattern, "tests/dialects/%s/*.md", name);
    REQUIRE(glob(pattern, 0, NULL, &files) == 0);
    arena_init(&t.arena, 1 << 24);
    for (size_t i = 0; i < files.gl_pathc; i++)
        run_file(&t, files.gl_pathv[i]);
    CHECK(t.compared >= 1);
    printf("%s: %u blocks of %zu transcripts\n", name, t.compared, files.gl_pathc);
    arena_done(&t.arena);
    globfree(&files);
}

TEST(transcripts_of_every_dialect_read_and_write_as_they_say)
{
#define DIALECT(name, flags, sentence) run_dialect(#name);
#include "api/dialects.def"
#undef DIALECT
}
