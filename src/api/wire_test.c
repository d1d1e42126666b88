// wire_test.c: every recorded Chat Completions exchange that lies beside the project, and every
// recorded error of any dialect.
#include "api/api.h"
#include "api/cover_test.h"
#include "base/mem.h"
#include "tests/unit.h"
#include <glob.h>
#include <yyjson.h>

enum { LINE_MAX_BYTES = 1 << 20 };

struct record {
    const char *id;
    int status;
    str request, answer;
};

struct tally {
    unsigned requests, refused, streams, events, answers, usages, odd, refusals;
};

static str text_of_key(yyjson_val *record, const char *key)
{
    yyjson_val *v = yyjson_obj_get(record, key);
    return yyjson_is_str(v) ? str_of(yyjson_get_str(v), yyjson_get_len(v)) : STR_NONE;
}

// Requests that a server answered with 200 and that we refuse, each for its reason.
static bool may_refuse(const char *id)
{
    // Azure takes the model from the path: the body's is null. weir routes by the body.
    return strcmp(id, "8c736659e9adfd4a") == 0;
}

static void check_request(struct arena *a, const struct record *r, struct tally *t)
{
    struct ask ask;
    struct fault fault = {0};
    t->requests++;
    enum err e = dialect_openai_chat.read_ask(a, r->request, &ask, &fault);
    if (e != OK) {
        t->refused++;
        if (!CHECK(r->status != 200 || may_refuse(r->id)))
            printf("%s: %s %s %s\n", r->id, err_name(e), fault.param, fault.say);
        return;
    }
    const char *lost = cover_first_lost(a, &ask);
    if (!CHECK(lost == NULL))
        printf("%s: byte %d escapes\n", r->id, (int)(lost - r->request.p));
    if (!CHECK(!cover_restricted(&ask)))
        printf("%s: has a part that is not known\n", r->id);
}

// What a tree says of one event or answer.
struct expected {
    yyjson_doc *doc; // holds usage
    yyjson_val *usage;
    char finish[32];
    bool failed;
};

static void expect(struct expected *x, str data)
{
    yyjson_doc *doc = data.n ? yyjson_read(data.p, data.n, 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *choice;
    yyjson_val *usage = yyjson_obj_get(root, "usage");
    yyjson_val *error = yyjson_obj_get(root, "error");
    size_t i, n;
    yyjson_arr_foreach(yyjson_obj_get(root, "choices"), i, n, choice)
    {
        yyjson_val *finish = yyjson_obj_get(choice, "finish_reason");
        if (yyjson_is_str(finish))
            str_copy_to(x->finish, sizeof x->finish, str_c(yyjson_get_str(finish)));
    }
    x->failed |= error && !yyjson_is_null(error);
    x->failed |= str_eq(text_of_key(root, "object"), S("error"));
    if (yyjson_is_obj(usage) && yyjson_obj_get(usage, "prompt_tokens")) {
        yyjson_doc_free(x->doc);
        x->doc = doc;
        x->usage = usage;
    } else {
        yyjson_doc_free(doc);
    }
}

static void check_watch(const struct record *r, const struct answer_watch *w, struct expected *x,
                        struct tally *t)
{
    if (x->usage && CHECK(w->usage.reported)) {
        yyjson_doc *raw = yyjson_read(w->usage_raw.p, w->usage_raw.n, 0);
        int64_t in = yyjson_get_sint(yyjson_obj_get(x->usage, "prompt_tokens"));
        int64_t out = yyjson_get_sint(yyjson_obj_get(x->usage, "completion_tokens"));
        int64_t total = yyjson_get_sint(yyjson_obj_get(x->usage, "total_tokens"));
        const struct usage *u = &w->usage;
        int64_t cached = u->input_cached > 0 ? u->input_cached : 0;
        int64_t read = u->input_uncached + cached + (u->input_written > 0 ? u->input_written : 0);
        t->usages++;
        bool same = CHECK(yyjson_equals(yyjson_doc_get_root(raw), x->usage));
        same &= CHECK(read >= in && u->output >= out && u->reasoning <= u->output);
        same &= CHECK(read + u->output ==
                      (cached > in ? cached : 0) + (total > in + out ? total : in + out));
        if (!same)
            printf("%s: %.*s\n", r->id, STR_ARGS(w->usage_raw));
        yyjson_doc_free(raw);
    }
    CHECK(str_eq(w->finish, str_c(x->finish)));
    if (!CHECK(w->failed == x->failed))
        printf("%s: failed %d\n", r->id, w->failed);
    yyjson_doc_free(x->doc);
}

// The next event of a recorded stream: only what is needed here; the real splitter is http's.
static bool next_event(str *rest, char *name, char *data, size_t cap)
{
    str line;
    size_t n = 0;
    name[0] = data[0] = 0;
    while (str_next(rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n == 0 && (n || name[0]))
            return true;
        if (str_starts(line, S("data:"))) {
            line = str_trim(str_from(line, 5));
            str_copy_to(data + n, cap - n, line);
            n += line.n;
        } else if (str_starts(line, S("event:"))) {
            str_copy_to(name, 64, str_trim(str_from(line, 6)));
        }
    }
    return n > 0;
}

static void check_stream(struct arena *a, const struct record *r, struct tally *t)
{
    static char data[LINE_MAX_BYTES];
    struct answer_watch w = {0};
    struct expected x = {0};
    char name[64];
    str rest = r->answer;
    t->streams++;
    while (next_event(&rest, name, data, sizeof data)) {
        struct answer_watch fresh = {0};
        uint64_t before = w.output_bytes;
        str bytes = str_c(data);
        enum event_kind kind = dialect_openai_chat.read_event(a, str_c(name), bytes, &w);
        // what was learned from earlier events makes it quicker, never different
        CHECK(kind == dialect_openai_chat.read_event(a, str_c(name), bytes, &fresh));
        CHECK(w.output_bytes - before == fresh.output_bytes);
        t->events++;
        expect(&x, bytes);
        x.failed |= strcmp(name, "error") == 0;
    }
    check_watch(r, &w, &x, t);
    if (!w.ended && !w.finished && !w.failed)
        t->odd++;
}

static void check_answer(struct arena *a, const struct record *r, struct tally *t)
{
    struct answer_watch w = {0};
    struct expected x = {0};
    t->answers++;
    enum err e = dialect_openai_chat.read_answer(a, r->answer, &w);
    if (e != OK)
        return; // an error page, or another shape: passed on as it is
    expect(&x, r->answer);
    check_watch(r, &w, &x, t);
}

// The message of an error, where it stands in one of the usual places.
static str message_of(yyjson_val *body)
{
    yyjson_val *e = yyjson_obj_get(body, "error"), *m = yyjson_obj_get(e, "message");
    if (yyjson_is_str(e))
        return text_of_key(body, "error");
    return m ? text_of_key(e, "message")
             : text_of_key(body, yyjson_obj_get(body, "detail") ? "detail" : "message");
}

static void check_refusal(struct arena *a, const struct record *r, struct tally *t)
{
    enum { CUT = 2048 - 3 };
    struct refusal refusal = {0};
    api_read_refusal(a, r->answer, r->status, STR_NONE, &refusal);
    yyjson_doc *doc = yyjson_read(r->answer.p, r->answer.n, 0);
    str want = str_trim(message_of(yyjson_doc_get_root(doc)));
    str got = text_reveal(refusal.message);
    if (!CHECK(want.n == 0 || str_starts(got, str_first(want, CUT - 4))))
        printf("%s: %.*s\n", r->id, STR_ARGS(r->answer));
    CHECK(refusal.status == r->status && refusal.type.n > 0);
    t->refusals += want.n > 0;
    yyjson_doc_free(doc);
}

static bool is_stream(str answer)
{
    return str_starts(answer, S("data:")) || str_starts(answer, S(":")) ||
           str_starts(answer, S("event:"));
}

static void check_line(char *line, struct tally *t)
{
    yyjson_doc *doc = yyjson_read(line, strlen(line), 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct record r = {.id = yyjson_get_str(yyjson_obj_get(root, "id")),
                       .status = (int)yyjson_get_sint(yyjson_obj_get(root, "status")),
                       .request = text_of_key(root, "request_body"),
                       .answer = text_of_key(root, "response_body_or_stream")};
    struct arena a;
    arena_init(&a, 1 << 28);
    if (CHECK(root) && str_eq(text_of_key(root, "dialect"), S("openai-chat"))) {
        if (r.request.n)
            check_request(&a, &r, t);
        if (is_stream(r.answer))
            check_stream(&a, &r, t);
        else if (r.answer.n)
            check_answer(&a, &r, t);
    }
    if (r.status >= 400 && r.answer.n)
        check_refusal(&a, &r, t); // of every dialect
    arena_done(&a);
    yyjson_doc_free(doc);
}

TEST(recorded_requests_are_read_whole_and_recorded_answers_are_understood)
{
    const char *dir = unit_shared("data/wire");
    char pattern[4200];
    glob_t files;
    struct tally t = {0};
    if (!dir) {
        unit_skip("no recordings here");
        return;
    }
    snprintf(pattern, sizeof pattern, "%s/*.jsonl", dir);
    REQUIRE(glob(pattern, 0, NULL, &files) == 0);
    char *line = mem_new(LINE_MAX_BYTES);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *f = fopen(files.gl_pathv[i], "r");
        while (f && fgets(line, LINE_MAX_BYTES, f))
            check_line(line, &t);
        if (f)
            fclose(f);
    }
    mem_free(line);
    globfree(&files);
    printf("%u requests (%u refused), %u streams of %u events (%u without an end), %u answers, "
           "%u usages, %u errors\n",
           t.requests, t.refused, t.streams, t.events, t.odd, t.answers, t.usages, t.refusals);
    CHECK(t.requests > 1000 && t.streams > 100 && t.answers > 500 && t.usages > 700);
    CHECK(t.refused == 3 && t.refusals >= 150);
}
