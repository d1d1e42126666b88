// openai_chat_watch.c: what an answer tells while it goes by: usage, finish reason, errors, the
// end. A stream's events are nearly all alike: the same bytes but for the text in one string (and,
// from OpenAI, for a string of padding). So the form of the last text event is kept, and an event
// of that form is known by comparing; any other is scanned whole. Nothing here changes what is
// forwarded.
//
// Invariants: (1) an event that is not valid JSON changes nothing in the watch; (2) the arena grows
// by a constant and by usage that got longer, never with the number of events.
#include "api/openai_chat.h"
#include "base/json.h"

enum { FORM_BYTES_MAX = 1024, USAGE_SPARE_BYTES = 64, GAPS_MAX = 2 };

// Constant bytes with gaps where a string's inside stood.
struct form {
    unsigned gaps;              // 0: none was learned
    unsigned counted;           // which gap holds the text
    size_t cut[GAPS_MAX + 1];   // bytes from the form's start to each gap, then all of them
    char bytes[FORM_BYTES_MAX]; // without what stood in the gaps
};
struct memory {
    struct form form;
    char *usage;
    size_t usage_room;
};

// What one event or answer says.
struct said {
    bool choices, any_choice, delta, error, finished;
    str finish, model, usage; // raw; finish and model may be escaped, which no known server does
    str text, padding;        // the only text string; the padding string
    unsigned texts;
    uint64_t text_bytes;
};

static struct memory *memory_of(struct arena *a, struct answer_watch *w)
{
    if (!w->memory)
        w->memory = arena_new(a, struct memory);
    return w->memory;
}

// --- the form ------------------------------------------------------------------------------------

// Bytes before the quote that ends a string; SIZE_MAX when there is none.
static size_t string_bytes(const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        const char *quote = memchr(p + at, '"', n - at);
        if (!quote)
            break;
        size_t end = (size_t)(quote - p), slashes = 0;
        while (slashes < end && p[end - slashes - 1] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return end;
        at = end + 1;
    }
    return SIZE_MAX;
}

static bool of_form(const struct form *f, str data, uint64_t *ret_text_bytes)
{
    const char *at = data.p, *end = data.p + data.n;
    size_t from = 0, text = 0;
    if (f->gaps == 0)
        return false;
    for (unsigned i = 0; i < f->gaps; i++) {
        size_t n = f->cut[i] - from;
        if ((size_t)(end - at) < n || memcmp(at, f->bytes + from, n) != 0)
            return false;
        at += n;
        from = f->cut[i];
        n = string_bytes(at, (size_t)(end - at));
        if (n == SIZE_MAX)
            return false;
        if (i == f->counted)
            text = n;
        at += n;
    }
    size_t rest = f->cut[f->gaps] - from;
    if ((size_t)(end - at) != rest || memcmp(at, f->bytes + from, rest) != 0)
        return false;
    *ret_text_bytes = text;
    return true;
}

static void append(struct form *f, size_t *n, const char *from, const char *to)
{
    size_t bytes = (size_t)(to - from);
    must(to >= from && *n + bytes <= FORM_BYTES_MAX);
    memcpy(f->bytes + *n, from, bytes);
    *n += bytes;
}

static void learn(struct form *f, str data, const struct said *said)
{
    str gaps[GAPS_MAX] = {said->text, said->padding};
    size_t n = 0;
    f->gaps = 0;
    if (said->texts != 1)
        return;
    f->counted = 0;
    if (said->padding.p && said->padding.p < said->text.p) {
        gaps[0] = said->padding;
        gaps[1] = said->text;
        f->counted = 1;
    }
    unsigned count = said->padding.p ? 2 : 1;
    if (data.n - said->text.n - said->padding.n > FORM_BYTES_MAX)
        return;
    const char *at = data.p;
    for (unsigned i = 0; i < count; i++) {
        append(f, &n, at, gaps[i].p);
        f->cut[i] = n;
        at = gaps[i].p + gaps[i].n;
    }
    append(f, &n, at, data.p + data.n);
    f->cut[count] = n;
    f->gaps = count;
}

// --- scanning ------------------------------------------------------------------------------------

static bool next_key(struct json_scan *s, bool *first, str *ret_key)
{
    bool escaped;
    return json_next_key(s, first, ret_key, &escaped);
}

static bool is_null(struct json_value v)
{
    return v.kind == JSON_NULL;
}

static bool is_text_key(str key)
{
    return str_eq(key, S("content")) || str_eq(key, S("reasoning_content")) ||
           str_eq(key, S("reasoning")) || str_eq(key, S("refusal")) || str_eq(key, S("arguments"));
}

static void note_text(struct json_scan *s, struct json_value v, struct said *said)
{
    str raw = json_raw(s, v);
    said->text = raw;
    said->texts++;
    said->text_bytes += raw.n;
}

// A delta or a message: strings under the keys of text, at any depth (tool calls lie deeper).
static bool scan_delta(struct json_scan *s, struct said *said)
{
    struct json_value v;
    bool first = true;
    str key;
    if (!json_take(s, &v))
        return false;
    if (v.kind == JSON_ARRAY) {
        while (json_next_item(s, &first)) {
            if (!scan_delta(s, said))
                return false;
        }
    }
    if (v.kind != JSON_OBJECT)
        return s->err == OK;
    while (next_key(s, &first, &key)) {
        bool text = is_text_key(key);
        if (!text && !str_eq(key, S("tool_calls")) && !str_eq(key, S("function")) &&
            !str_eq(key, S("function_call"))) {
            if (!json_skip(s, &v))
                return false;
        } else if (*s->at != '"') {
            if (!scan_delta(s, said))
                return false;
        } else {
            if (!json_take(s, &v))
                return false;
            if (text)
                note_text(s, v, said);
        }
    }
    return s->err == OK;
}

static bool scan_choice(struct json_scan *s, struct said *said)
{
    struct json_value v;
    bool first = true, ok = true;
    str key;
    if (!json_take(s, &v))
        return false;
    if (v.kind != JSON_OBJECT)
        return v.kind < JSON_ARRAY || (s->err = ERR_WRONG_TYPE, false);
    said->any_choice = true;
    while (ok && next_key(s, &first, &key)) {
        if (str_eq(key, S("delta")) || str_eq(key, S("message"))) {
            said->delta = true;
            ok = scan_delta(s, said);
            continue;
        }
        ok = json_skip(s, &v);
        if (ok && str_eq(key, S("finish_reason")) && v.kind == JSON_STRING) {
            said->finish = json_raw(s, v);
            said->finished |= said->finish.n > 0;
        } else if (ok && str_eq(key, S("error")) && !is_null(v)) {
            said->error = true;
        }
    }
    return ok && s->err == OK;
}

static bool scan_choices(struct json_scan *s, struct said *said)
{
    struct json_value v;
    bool first = true;
    if (!json_take(s, &v))
        return false;
    if (v.kind == JSON_OBJECT)
        return s->err = ERR_WRONG_TYPE, false;
    said->choices = v.kind == JSON_ARRAY;
    while (said->choices && json_next_item(s, &first)) {
        if (!scan_choice(s, said))
            return false;
    }
    return s->err == OK;
}

// Groq's own corner: usage stands there too.
static bool scan_x_groq(struct json_scan *s, str *usage)
{
    struct json_value v;
    bool first = true;
    str key;
    if (*s->at != '{')
        return json_skip(s, &v);
    if (!json_take(s, &v))
        return false;
    while (next_key(s, &first, &key)) {
        if (!json_skip(s, &v))
            return false;
        if (str_eq(key, S("usage")) && v.kind == JSON_OBJECT)
            *usage = str_of(s->body + v.span.start, v.span.end - v.span.start);
    }
    return s->err == OK;
}

static void note_top(struct json_scan *s, str key, struct json_value v, struct said *said)
{
    str raw = v.kind == JSON_STRING ? json_raw(s, v) : STR_NONE;
    if (str_eq(key, S("usage"))) {
        if (v.kind == JSON_OBJECT)
            said->usage = str_of(s->body + v.span.start, v.span.end - v.span.start);
    } else if (str_eq(key, S("model"))) {
        said->model = raw;
    } else if (str_eq(key, S("error"))) {
        said->error |= !is_null(v);
    } else if (str_eq(key, S("object")) || str_eq(key, S("type"))) {
        said->error |= str_eq(raw, S("error")); // Mistral's, and vLLM's of old
    } else if (str_eq(key, S("obfuscation"))) {
        said->padding = raw;
    }
}

// One object; an array (Gemini's errors may be one) is read as its items.
static bool scan_top(struct json_scan *s, struct said *said)
{
    struct json_value v;
    bool first = true;
    str key, corner = STR_NONE;
    if (!json_take(s, &v))
        return false;
    while (v.kind == JSON_ARRAY && json_next_item(s, &first)) {
        if (*s->at != '{' ? !json_skip(s, &v) : !scan_top(s, said))
            return false;
        v.kind = JSON_ARRAY;
    }
    while (v.kind == JSON_OBJECT && next_key(s, &first, &key)) {
        struct json_value member;
        bool ok;
        if (str_eq(key, S("choices")))
            ok = scan_choices(s, said);
        else if (str_eq(key, S("x_groq")))
            ok = scan_x_groq(s, &corner);
        else if ((ok = json_skip(s, &member)))
            note_top(s, key, member, said);
        if (!ok)
            return false;
    }
    if (!said->usage.p)
        said->usage = corner;
    return s->err == OK;
}

// --- usage ---------------------------------------------------------------------------------------

struct counts {
    int64_t in, out, total, cached, written, reasoning, audio_in;
};
struct count_row {
    str name;
    size_t offset;
    bool input_only, output_only; // inside one of the two detail objects
};
#define COUNT(name, member, ...)                                                                   \
    {                                                                                              \
        {name, sizeof(name) - 1}, offsetof(struct counts, member), __VA_ARGS__                     \
    }
// Spellings across providers; where two mean the same the last in the body wins, if it is not null.
static const struct count_row count_rows[] = {
    COUNT("prompt_tokens", in, 0, 0),
    COUNT("completion_tokens", out, 0, 0),
    COUNT("total_tokens", total, 0, 0),
    COUNT("cached_tokens", cached, 0, 0),
    COUNT("reasoning_tokens", reasoning, 0, 0),
    COUNT("prompt_cache_hit_tokens", cached, 0, 0), // DeepSeek
    COUNT("cache_read_input_tokens", cached, 0, 0), // Venice, Doubleword
    COUNT("num_cached_tokens", cached, 0, 0),       // Mistral
    COUNT("cache_write_tokens", written, 0, 0),
    COUNT("cache_creation_input_tokens", written, 0, 0),
    COUNT("input_tokens", in, 0, 0),
    COUNT("output_tokens", out, 0, 0),
    COUNT("audio_tokens", audio_in, 1, 0),
};

// No count of tokens is larger; what says so is not a count.
static const int64_t count_max = 1000000000000;

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool scan_counts(struct json_scan *s, struct counts *c, bool input, bool output)
{
    struct json_value v;
    bool first = true;
    str key;
    if (!json_take(s, &v))
        return false;
    while (v.kind == JSON_OBJECT && next_key(s, &first, &key)) {
        struct json_value member;
        int64_t n;
        bool in = str_eq(key, S("prompt_tokens_details")) || str_eq(key, S("input_tokens_details"));
        bool out =
            str_eq(key, S("completion_tokens_details")) || str_eq(key, S("output_tokens_details"));
        if ((in || out) && *s->at == '{') {
            if (!scan_counts(s, c, in, out))
                return false;
            continue;
        }
        if (!json_skip(s, &member))
            return false;
        if (member.kind != JSON_NUMBER ||
            !str_to_i64(str_of(s->body + member.span.start, member.span.end - member.span.start),
                        &n) ||
            n < 0 || n > count_max)
            continue;
        for (size_t i = 0; i < countof(count_rows); i++) {
            const struct count_row *row = &count_rows[i];
            if (str_eq(row->name, key) && row->input_only <= input && row->output_only <= output)
                *(int64_t *)(void *)((char *)c + row->offset) = n;
        }
    }
    return s->err == OK;
}

// prompt_tokens holds what was cached and written, unless more was cached than it says (Azure's
// Grok). Reasoning is inside completion_tokens, except where the total shows that it is not (xAI),
// or shows thoughts that are told nowhere (Gemini), or audio beside the prompt (Mistral).
static struct usage usage_of(struct counts c)
{
    struct usage u = USAGE_NONE;
    int64_t rest = c.in;
    u.reported = c.in >= 0 || c.out >= 0;
    u.output = c.out;
    if (c.in >= 0 && c.out >= 0 && c.total > c.in + c.out) {
        int64_t surplus = c.total - c.in - c.out;
        if (surplus == c.audio_in)
            rest += surplus;
        else
            u.output += surplus;
    }
    u.input_cached = c.cached;
    if (c.cached > 0 && c.cached <= rest)
        rest -= c.cached;
    u.input_written = c.written > 0 && rest >= 0 ? min_i64(c.written, rest) : c.written;
    if (rest >= 0)
        u.input_uncached = rest - (u.input_written > 0 ? u.input_written : 0);
    // some report more thoughts than answer; the classes stay one inside the other
    u.reasoning = u.output >= 0 ? min_i64(c.reasoning, u.output) : c.reasoning;
    must(u.input_uncached >= -1 && u.reasoning >= -1);
    return u;
}

static void keep_usage(struct arena *a, str raw, struct answer_watch *w)
{
    struct json_scan s;
    struct counts c = {-1, -1, -1, -1, -1, -1, -1};
    json_begin(&s, raw);
    if (!scan_counts(&s, &c, false, false))
        return;
    struct usage u = usage_of(c);
    if (!u.reported)
        return;
    struct memory *m = memory_of(a, w);
    if (raw.n > m->usage_room) {
        m->usage_room = raw.n + USAGE_SPARE_BYTES;
        m->usage = arena_bytes(a, m->usage_room);
    }
    memcpy(m->usage, raw.p, raw.n);
    w->usage = u;
    w->usage_raw = str_of(m->usage, raw.n);
}

// --- the door ------------------------------------------------------------------------------------

static void keep(struct arena *a, const struct said *said, struct answer_watch *w)
{
    if (said->usage.p)
        keep_usage(a, said->usage, w);
    if (said->finish.p && !str_eq(said->finish, w->finish))
        w->finish = arena_copy(a, said->finish);
    if (said->model.n && !w->model.p)
        w->model = arena_copy(a, said->model);
    w->finished |= said->finished;
    w->failed |= said->error;
    w->output_bytes += said->text_bytes;
}

static enum event_kind kind_of(const struct said *said)
{
    if (said->error)
        return EVENT_ERROR;
    if (said->usage.p && said->choices && !said->any_choice)
        return EVENT_USAGE;
    if (said->finished)
        return EVENT_FINISH;
    return said->delta ? EVENT_DELTA : EVENT_OTHER;
}

enum event_kind openai_chat_read_event(struct arena *a, str event, str data, struct answer_watch *w)
{
    struct memory *m = memory_of(a, w);
    struct said said = {0};
    struct json_scan s;
    uint64_t text_bytes;
    bool named_error = str_eq(event, S("error"));
    must(data.n < UINT32_MAX);
    if (event.n == 0 && of_form(&m->form, data, &text_bytes)) {
        w->output_bytes += text_bytes;
        return EVENT_DELTA;
    }
    str trimmed = str_trim(data);
    if (trimmed.n == 0 || trimmed.p[0] == ':' || str_eq(event, S("ping")))
        return EVENT_SKIP;
    if (str_eq(trimmed, S("[DONE]"))) {
        w->ended = true;
        return EVENT_END;
    }
    json_begin(&s, data);
    if (!scan_top(&s, &said) || !json_at_end(&s))
        said = (struct said){0};
    said.error |= named_error;
    keep(a, &said, w);
    enum event_kind kind = kind_of(&said);
    if (kind == EVENT_DELTA && !said.usage.p)
        learn(&m->form, data, &said);
    return kind;
}

enum err openai_chat_read_answer(struct arena *a, str body, struct answer_watch *w)
{
    struct said said = {0};
    struct json_scan s;
    if (body.n >= UINT32_MAX)
        return ERR_BODY_TOO_BIG;
    json_begin(&s, body);
    if (!scan_top(&s, &said) || !json_at_end(&s)) {
        must(s.err != OK);
        return s.err;
    }
    if (!said.choices && !said.error && !said.usage.p)
        return ERR_WRONG_TYPE; // JSON, but no answer of this dialect
    keep(a, &said, w);
    w->ended = true;
    return OK;
}
