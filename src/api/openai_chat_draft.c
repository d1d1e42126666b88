// openai_chat_draft.c: what a model said, and the form that was wanted, put together for checks.
// Only answers that are held come here. Invariant: a draft only grows, and what is not an answer of
// this dialect adds nothing to it but what stood before the fault.
#include "api/openai_chat.h"
#include "base/json.h"

static bool next_key(struct json_scan *s, bool *first, str *ret_key)
{
    bool escaped;
    return json_next_key(s, first, ret_key, &escaped);
}

// --- what was said -------------------------------------------------------------------------------

// Takes the value at the cursor, and its string where it is one.
static bool take_string(struct json_scan *s, str *ret_raw)
{
    struct json_value v;
    *ret_raw = STR_NONE;
    if (!json_skip(s, &v))
        return false;
    if (v.kind == JSON_STRING)
        *ret_raw = json_raw(s, v);
    return true;
}

static bool skip(struct json_scan *s)
{
    struct json_value v;
    return json_skip(s, &v);
}

static bool opens(struct json_scan *s, char bracket)
{
    struct json_value v;
    if (*s->at == bracket)
        return json_take(s, &v);
    skip(s);
    return false;
}

static struct draft_tool *tool_at(struct draft *r, int64_t index)
{
    if (index < 0 || index >= DRAFT_TOOLS_MAX) {
        r->unread = true;
        return NULL;
    }
    if ((unsigned)index >= r->tool_count)
        r->tool_count = (unsigned)index + 1;
    return &r->tools[index];
}

static void read_function(struct json_scan *s, struct draft_tool *t)
{
    bool first = true;
    str key, raw;
    if (!opens(s, '{'))
        return;
    while (next_key(s, &first, &key) && take_string(s, &raw)) {
        if (t && str_eq(key, S("name")))
            buf_put(&t->name, raw);
        else if (t && str_eq(key, S("arguments")))
            buf_put(&t->arguments, raw);
    }
}

// Whole answers number their calls by place, streams by "index".
static int64_t index_of(struct json_scan look, int64_t place)
{
    bool first = true;
    str key;
    struct json_value v;
    if (!opens(&look, '{'))
        return place;
    while (next_key(&look, &first, &key) && json_skip(&look, &v))
        if (str_eq(key, S("index")) && v.kind == JSON_NUMBER)
            str_to_i64(str_of(look.body + v.span.start, v.span.end - v.span.start), &place);
    return place;
}

static void read_tool_calls(struct json_scan *s, struct draft *r)
{
    bool first = true;
    if (!opens(s, '['))
        return;
    for (int64_t place = 0; json_next_item(s, &first); place++) {
        struct draft_tool *t = tool_at(r, index_of(*s, place));
        bool first_key = true;
        str key;
        if (!opens(s, '{'))
            continue;
        while (next_key(s, &first_key, &key)) {
            if (str_eq(key, S("function")))
                read_function(s, t);
            else
                skip(s);
        }
    }
}

// A string, or a list of parts with text.
static void read_content(struct json_scan *s, struct draft *r)
{
    bool first = true;
    str key, raw;
    if (*s->at != '[') {
        if (take_string(s, &raw))
            buf_put(&r->text, raw);
        return;
    }
    opens(s, '[');
    while (json_next_item(s, &first)) {
        bool first_key = true;
        if (!opens(s, '{'))
            continue;
        while (next_key(s, &first_key, &key) && take_string(s, &raw))
            if (str_eq(key, S("text")))
                buf_put(&r->text, raw);
    }
}

static void read_message(struct json_scan *s, struct draft *r)
{
    bool first = true;
    str key, raw;
    if (!opens(s, '{'))
        return;
    while (next_key(s, &first, &key)) {
        if (str_eq(key, S("content"))) {
            read_content(s, r);
        } else if (str_eq(key, S("tool_calls"))) {
            read_tool_calls(s, r);
        } else if (str_eq(key, S("function_call"))) {
            read_function(s, *s->at == '{' ? tool_at(r, 0) : NULL);
        } else if (str_eq(key, S("refusal"))) {
            if (take_string(s, &raw))
                r->declined |= raw.n > 0;
        } else {
            skip(s);
        }
    }
}

static double number_of(const struct json_scan *s, struct json_value v)
{
    char text[40];
    str raw = str_of(s->body + v.span.start, v.span.end - v.span.start);
    return strtod(str_copy_to(text, sizeof text, raw), NULL);
}

// {"content": [{"token": "a", "logprob": -0.1, ...}, ...]}; a chance of 0 is told as -9999
static void read_logprobs(struct json_scan *s, struct draft *r)
{
    bool first = true, first_item = true;
    str key;
    if (!opens(s, '{'))
        return;
    while (next_key(s, &first, &key)) {
        if (!str_eq(key, S("content"))) {
            skip(s);
            continue;
        }
        if (!opens(s, '['))
            continue;
        while (json_next_item(s, &first_item)) {
            bool first_key = true;
            struct json_value v;
            if (!opens(s, '{'))
                continue;
            while (next_key(s, &first_key, &key) && json_skip(s, &v)) {
                if (!str_eq(key, S("logprob")) || v.kind != JSON_NUMBER)
                    continue;
                double p = number_of(s, v);
                r->logprob_sum += p < -20 ? -20 : p > 0 ? 0 : p;
                r->logprob_count++;
            }
        }
    }
}

// Other choices than the first are passed over: where several are wanted, none is checked.
static void read_choices(struct json_scan *s, struct draft *r)
{
    bool first = true, first_item = true;
    str key;
    if (!opens(s, '['))
        return;
    while (json_next_item(s, &first_item)) {
        bool wanted = index_of(*s, 0) == 0;
        if (!wanted || !opens(s, '{')) {
            if (!wanted)
                skip(s);
            continue;
        }
        first = true;
        while (next_key(s, &first, &key)) {
            if (str_eq(key, S("delta")) || str_eq(key, S("message")))
                read_message(s, r);
            else if (str_eq(key, S("logprobs")))
                read_logprobs(s, r);
            else
                skip(s);
        }
    }
}

void openai_chat_read_draft(str data, struct draft *r)
{
    struct json_scan s;
    bool first = true;
    str key;
    must(data.n < UINT32_MAX);
    json_begin(&s, data);
    while (s.at < s.end && (uint8_t)*s.at <= ' ')
        s.at++;
    if (s.at == s.end || !opens(&s, '{'))
        return;
    while (next_key(&s, &first, &key)) {
        if (str_eq(key, S("choices")))
            read_choices(&s, r);
        else
            skip(&s);
    }
}

// --- what was wanted -----------------------------------------------------------------------------

static str raw_of(const struct json_scan *s, struct json_value v)
{
    return str_of(s->body + v.span.start, v.span.end - v.span.start);
}

// {"type": "json_schema", "json_schema": {"schema": {...}}}, and llama.cpp's {"type", "schema"}
static void read_format(struct json_scan *s, struct wanted *w)
{
    bool first = true, first_inner = true;
    str key;
    struct json_value v;
    if (!opens(s, '{'))
        return;
    while (next_key(s, &first, &key)) {
        if (str_eq(key, S("json_schema")) && *s->at == '{') {
            opens(s, '{');
            while (next_key(s, &first_inner, &key) && json_skip(s, &v))
                if (str_eq(key, S("schema")) && v.kind == JSON_OBJECT)
                    w->schema = raw_of(s, v);
        } else if (!json_skip(s, &v)) {
            return;
        } else if (str_eq(key, S("schema")) && v.kind == JSON_OBJECT) {
            w->schema = raw_of(s, v);
        } else if (str_eq(key, S("type")) && v.kind == JSON_STRING) {
            str word = json_raw(s, v);
            w->json |= str_eq(word, S("json_object")) || str_eq(word, S("json_schema"));
        }
    }
}

// {"name", "parameters"}, in "function" where it stands under tools
static void read_spec(struct arena *a, struct json_scan *s, struct wanted_tool *t)
{
    bool first = true;
    str key;
    struct json_value v;
    if (!opens(s, '{'))
        return;
    while (next_key(s, &first, &key)) {
        if (str_eq(key, S("function")) && *s->at == '{')
            read_spec(a, s, t);
        else if (!json_skip(s, &v))
            return;
        else if (str_eq(key, S("name")) && v.kind == JSON_STRING)
            t->name = json_decode(a, json_raw(s, v), v.escaped);
        else if (str_eq(key, S("parameters")) && v.kind == JSON_OBJECT)
            t->schema = raw_of(s, v);
    }
}

static unsigned count_items(struct json_scan look)
{
    bool first = true;
    unsigned n = 0;
    if (!opens(&look, '['))
        return 0;
    while (json_next_item(&look, &first) && skip(&look))
        n++;
    return n;
}

static void read_specs(struct arena *a, struct json_scan *s, struct wanted *w)
{
    bool first = true;
    unsigned n = count_items(*s);
    if (!opens(s, '[') || n == 0)
        return;
    w->tools = arena_array(a, struct wanted_tool, n);
    w->tool_count = 0;
    while (json_next_item(s, &first)) {
        must(w->tool_count < n);
        read_spec(a, s, &w->tools[w->tool_count++]);
    }
}

// "required", or an object that names one: a call must come.
static void read_tool_choice(struct json_scan *s, struct wanted *w)
{
    struct json_value v;
    if (json_skip(s, &v))
        w->tool = v.kind == JSON_OBJECT ||
                  (v.kind == JSON_STRING && str_eq(json_raw(s, v), S("required")));
}

void openai_chat_read_wanted(struct arena *a, str body, struct wanted *ret_wanted)
{
    struct json_scan s;
    struct json_value v;
    struct wanted w = {0};
    bool first = true;
    str key;
    json_begin(&s, body);
    if (!json_take(&s, &v) || v.kind != JSON_OBJECT) {
        *ret_wanted = w;
        return;
    }
    while (next_key(&s, &first, &key)) {
        if (str_eq(key, S("response_format"))) {
            read_format(&s, &w);
        } else if (str_eq(key, S("tools")) || str_eq(key, S("functions"))) {
            read_specs(a, &s, &w);
        } else if (str_eq(key, S("tool_choice")) || str_eq(key, S("function_call"))) {
            read_tool_choice(&s, &w);
        } else if (!json_skip(&s, &v)) {
            break;
        } else if ((str_eq(key, S("json_schema")) || str_eq(key, S("guided_json"))) &&
                   v.kind == JSON_OBJECT) { // llama.cpp's and vLLM's own
            w.schema = raw_of(&s, v);
        } else if (str_eq(key, S("messages")) && v.kind == JSON_ARRAY) {
            w.messages = raw_of(&s, v);
        }
    }
    w.json |= w.schema.n > 0;
    *ret_wanted = w;
}
