// openai_chat.c: OpenAI Chat Completions, POST /v1/chat/completions. The row, and what is written:
// edits of a request in place, and errors. Reading is in openai_chat_read.c, watching answers in
// openai_chat_watch.c.
#include "api/openai_chat.h"
#include "base/json.h"

#define INCLUDE_USAGE "\"include_usage\":true"

// --- edits ---------------------------------------------------------------------------------------

static void add_edit(struct edits *e, struct span span, str with)
{
    must(e->count < EDIT_MAX && span.start <= span.end);
    unsigned at = e->count++;
    for (; at > 0 && e->rows[at - 1].span.start > span.start; at--)
        e->rows[at] = e->rows[at - 1];
    e->rows[at] = (struct edit){span, with};
}

static str quote(struct arena *a, str s)
{
    static const char hex[] = "0123456789abcdef";
    char *dst = arena_bytes(a, s.n * 6 + 2);
    size_t n = 0;
    dst[n++] = '"';
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            dst[n++] = '\\';
        if (c >= 0x20) {
            dst[n++] = (char)c;
            continue;
        }
        memcpy(dst + n, "\\u00", 4);
        n += 4;
        dst[n++] = hex[c >> 4];
        dst[n++] = hex[c & 15];
    }
    dst[n++] = '"';
    must(n <= s.n * 6 + 2);
    return str_of(dst, n);
}

// Inside stream_options, which the reader has already checked.
static struct edit ask_usage_inside(struct arena *a, const struct ask *ask)
{
    struct span all = ask->stream_options_span;
    struct json_scan s;
    struct json_value v;
    bool first = true, escaped, empty = true;
    str key;
    json_begin(&s, str_of(ask->body.p + all.start, all.end - all.start));
    bool ok = json_take(&s, &v);
    must(ok && v.kind == JSON_OBJECT);
    while (json_next_key(&s, &first, &key, &escaped)) {
        empty = false;
        ok = json_skip(&s, &v);
        must(ok);
        if (str_eq(json_decode(a, key, escaped), S("include_usage")))
            return (struct edit){{all.start + v.span.start, all.start + v.span.end}, S("true")};
    }
    return (struct edit){{all.start + 1, all.start + 1},
                         empty ? S(INCLUDE_USAGE) : S(INCLUDE_USAGE ",")};
}

static enum err edit_ask(struct arena *a, const struct ask *ask, const struct sending *to,
                         struct edits *ret_edits)
{
    struct edits e = {.count = 0};
    struct span options = ask->stream_options_span;
    must(ask->model_span.end <= ask->body.n && options.end <= ask->body.n);
    must(ask->insert_at > 0 && ask->insert_at <= ask->model_span.start);
    if (to->model.n && !str_eq(to->model, ask->model))
        add_edit(&e, ask->model_span, quote(a, to->model));
    if (ask->stream && to->ask_usage && !ask->include_usage) {
        struct edit usage = {{ask->insert_at, ask->insert_at},
                             S("\"stream_options\":{" INCLUDE_USAGE "},")};
        if (ask->has_stream_options && ask->body.p[options.start] == '{')
            usage = ask_usage_inside(a, ask);
        else if (ask->has_stream_options)
            usage = (struct edit){options, S("{" INCLUDE_USAGE "}")};
        add_edit(&e, usage.span, usage.with);
    }
    *ret_edits = e;
    return OK;
}

// --- errors --------------------------------------------------------------------------------------

// The sentence, then what it does not say yet: the field and the byte.
static str sentence(const struct fault *f, char dst[512])
{
    str say = str_c(f->say[0] ? f->say : err_sentence(f->err)), param = str_c(f->param);
    bool name = param.n && str_find(say, param) == SIZE_MAX;
    char byte[32] = "";
    if (f->at_byte >= 0)
        snprintf(byte, sizeof byte, "at byte %lld", (long long)f->at_byte);
    const char *comma = name && byte[0] ? ", " : "";
    const char *open = name || byte[0] ? " (" : "", *close = name || byte[0] ? ")" : "";
    int n = snprintf(dst, 512, "%.*s%s%s%s%s%s", STR_ARGS(say), open, name ? f->param : "", comma,
                     byte, close);
    must(n > 0 && n < 512);
    return str_of(dst, (size_t)n);
}

static void put_or_null(struct buf *out, const char *key, str value)
{
    buf_printf(out, ",\"%s\":", key);
    if (value.n)
        buf_put_json(out, value);
    else
        buf_put(out, S("null"));
}

// All four keys always: the SDKs' types promise them.
static void write_refusal(struct buf *out, const struct refusal *r, str call_id)
{
    must(r->message.n && r->type.n);
    buf_put(out, S("{\"error\":{\"message\":"));
    buf_put_json(out, text_reveal(r->message));
    put_or_null(out, "type", r->type);
    put_or_null(out, "param", r->param);
    put_or_null(out, "code", r->code);
    if (call_id.n)
        put_or_null(out, "weir_call", call_id);
    buf_put(out, S("}}"));
}

static void write_error(struct buf *out, const struct fault *f, str call_id)
{
    char say[512];
    must(f->err != OK && f->err < ERR_COUNT);
    struct refusal r = {.message = text_of(sentence(f, say)),
                        .type = str_c(err_type(f->err)),
                        .code = str_c(err_code(f->err)),
                        .param = str_c(f->param)};
    write_refusal(out, &r, call_id);
}

static void write_stream_refusal(struct buf *out, const struct refusal *r, str call_id)
{
    buf_put(out, S("data: "));
    write_refusal(out, r, call_id);
    buf_put(out, S("\n\n"));
}

static void write_stream_error(struct buf *out, const struct fault *f, str call_id)
{
    buf_put(out, S("data: "));
    write_error(out, f, call_id);
    buf_put(out, S("\n\n"));
}

const struct dialect dialect_openai_chat = {
    .name = "openai_chat",
    .read_ask = openai_chat_read_ask,
    .edit_ask = edit_ask,
    .read_event = openai_chat_read_event,
    .read_answer = openai_chat_read_answer,
    .read_draft = openai_chat_read_draft,
    .read_wanted = openai_chat_read_wanted,
    .write_error = write_error,
    .write_stream_error = write_stream_error,
    .write_refusal = write_refusal,
    .write_stream_refusal = write_stream_refusal,
    .call_path = "/chat/completions",
};
