// openai_chat_read.c: reads a Chat Completions request in one pass, without a tree.
// The tables below are all that is known of that body. What a target may judge better than we do
// (ranges, combinations, names of models) is left to it; wrong types are refused here, with the
// path.
#include "api/openai_chat.h"
#include "api/reader.h"

enum { MODEL_BYTES_MAX = 256 };

// --- parts of a message's content ----------------------------------------------------------------

enum {
    HAS_TYPE = 1 << 0,
    HAS_TEXT = 1 << 1,
    HAS_REFUSAL = 1 << 2,
    HAS_IMAGE = 1 << 3,
    HAS_AUDIO = 1 << 4,
    HAS_FILE = 1 << 5,
    HAS_DATA = 1 << 6,
};

// Kinds of parts, with the field that each must have. The input_ and output_ kinds are those of
// Responses, which some clients send here (Cursor).
static const struct part_type {
    str word;
    unsigned needs;
    const char *field;
} part_types[] = {
    {{"text", 4}, HAS_TEXT, "text"},
    {{"image_url", 9}, HAS_IMAGE, "image_url"},
    {{"input_audio", 11}, HAS_AUDIO, "input_audio"},
    {{"file", 4}, HAS_FILE, "file"},
    {{"refusal", 7}, HAS_REFUSAL, "refusal"},
    {{"input_text", 10}, HAS_TEXT, "text"},
    {{"output_text", 11}, HAS_TEXT, "text"},
    {{"input_image", 11}, HAS_IMAGE, "image_url"},
    {{"input_file", 10}, HAS_FILE, "file"},
    {{"document_url", 12}, HAS_FILE, "document_url"},
    {{"thinking", 8}, 0, NULL},
    {{"redacted_thinking", 17}, 0, NULL},
    {{"reasoning", 9}, 0, NULL},
};

static bool read_part_type(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(STRING), "must be a string", &v))
        return false;
    str word = json_decode(r->a, json_raw(&r->s, v), v.escaped);
    r->has |= f->bit;
    for (r->type = 0; r->type < (int)countof(part_types); r->type++) {
        if (str_eq(part_types[r->type].word, word))
            break;
    }
    return true;
}

static unsigned media_ability(enum part_kind kind)
{
    switch (kind) {
    case PART_IMAGE:
        return ABILITY_IMAGES;
    case PART_AUDIO:
        return ABILITY_AUDIO;
    default:
        must(kind == PART_FILE);
        return ABILITY_FILES;
    }
}

// Bytes of a medium stand here themselves, or an address does: an address is looked at as text.
static void add_media(struct reader *r, enum part_kind kind, struct json_value v)
{
    str raw = json_raw(&r->s, v);
    str head = str_first(raw, 16);
    bool address = str_find(head, S("://")) != SIZE_MAX || str_find(head, S(":\\/\\/")) != SIZE_MAX;
    r->ask->needs |= media_ability(kind);
    if (address) {
        reader_mark(r, kind, v.span.start);
        reader_add(r, PART_METADATA, v);
        return;
    }
    if (raw.n == 0)
        reader_mark(r, kind, v.span.start);
    reader_add(r, kind, v);
}

static bool read_media_data(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(STRING) | WANT(NULL), "must be a string", &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    r->has |= f->bit;
    add_media(r, (enum part_kind)r->type, v);
    return true;
}

static const struct field media_fields[] = {
    FIELD("url", HAS_DATA, read_media_data),
    FIELD("detail", 0, reader_word),
    FIELD("data", HAS_DATA, read_media_data),
    FIELD("format", 0, reader_word),
    FIELD("file_data", HAS_DATA, read_media_data),
    FIELD("file_id", 0, reader_id),
    FIELD("file_url", HAS_DATA, read_media_data),
    FIELD_AS("filename", 0, reader_string, PART_METADATA),
};

// A string, or an object that holds one.
static bool read_media(struct reader *r, const struct field *f)
{
    struct json_value v;
    unsigned has;
    int outer = r->type;
    if (!reader_take(r, WANT(STRING) | WANT(OBJECT) | WANT(NULL), "must be an object", &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    r->has |= f->bit;
    if (v.kind == JSON_STRING) {
        add_media(r, f->kind, v);
        return true;
    }
    r->type = (int)f->kind;
    if (!reader_walk(r, FIELDS(media_fields), &has))
        return false;
    r->type = outer;
    r->ask->needs |= media_ability(f->kind);
    if (!(has & HAS_DATA))
        reader_mark(r, f->kind, (uint32_t)(r->s.at - r->s.body));
    return true;
}

static const struct field part_fields[] = {
    FIELD("type", HAS_TYPE, read_part_type),
    FIELD_AS("text", HAS_TEXT, reader_string, PART_TEXT),
    FIELD_AS("image_url", HAS_IMAGE, read_media, PART_IMAGE),
    FIELD_AS("input_audio", HAS_AUDIO, read_media, PART_AUDIO),
    FIELD_AS("file", HAS_FILE, read_media, PART_FILE),
    FIELD_AS("refusal", HAS_REFUSAL, reader_string, PART_TEXT),
    FIELD_AS("cache_control", 0, reader_value, PART_METADATA),
    FIELD_AS("prompt_cache_breakpoint", 0, reader_value, PART_METADATA),
    FIELD("detail", 0, reader_word),
    FIELD_AS("file_data", HAS_FILE, read_media, PART_FILE),
    FIELD_AS("file_url", HAS_FILE, read_media, PART_FILE),
    FIELD("file_id", HAS_FILE | HAS_IMAGE, reader_id),
    FIELD_AS("filename", 0, reader_string, PART_METADATA),
    FIELD_AS("document_url", HAS_FILE, read_media, PART_FILE),
    FIELD_AS("document_name", 0, reader_string, PART_METADATA),
    FIELD_AS("thinking", 0, reader_thought, PART_REASONING),
    FIELD_AS("reasoning", 0, reader_thought, PART_REASONING),
    FIELD_AS("summary", 0, reader_thought, PART_REASONING),
    FIELD_AS("signature", 0, reader_string, PART_OPAQUE),
    FIELD_AS("data", 0, reader_string, PART_OPAQUE),
    FIELD_AS("annotations", 0, reader_value, PART_METADATA),
};

static bool read_part(struct reader *r, const struct field *f)
{
    struct json_value v;
    unsigned has;
    (void)f;
    uint32_t first = r->ask->part_count;
    if (!reader_take(r, WANT(OBJECT), "must be an object with a type", &v))
        return false;
    r->type = 0;
    if (!reader_walk(r, FIELDS(part_fields), &has))
        return false;
    if (!(has & HAS_TYPE))
        return reader_missing(r, "type", v.span.start);
    if (r->type == (int)countof(part_types)) {
        // a kind that is not known may mean anything by its fields
        v.span.end = (uint32_t)(r->s.at - r->s.body);
        r->ask->part_count = first;
        reader_add(r, PART_UNKNOWN, v);
        return true;
    }
    const struct part_type *t = &part_types[r->type];
    if (t->needs && !(has & t->needs))
        return reader_missing(r, t->field, v.span.start);
    return true;
}

// --- tool calls ----------------------------------------------------------------------------------

// A string of JSON as OpenAI has it, or the object itself.
static bool read_arguments(struct reader *r, const struct field *f)
{
    r->ask->needs |= ABILITY_TOOLS;
    return reader_value(r, f);
}

static const struct field function_fields[] = {
    FIELD("name", 0, reader_id),
    FIELD_AS("arguments", 0, read_arguments, PART_TOOL_CALL),
    FIELD_AS("input", 0, read_arguments, PART_TOOL_CALL),
    FIELD_AS("thought_signature", 0, reader_value, PART_OPAQUE),
};

static bool read_function(struct reader *r, const struct field *f)
{
    struct json_value v;
    (void)f;
    if (!reader_take(r, WANT(OBJECT) | WANT(NULL), "must be an object", &v))
        return false;
    return v.kind == JSON_NULL || reader_walk(r, FIELDS(function_fields), NULL);
}

static const struct field call_fields[] = {
    FIELD("id", 0, reader_id),
    FIELD("type", 0, reader_word),
    FIELD("function", 0, read_function),
    FIELD("index", 0, reader_word),
    FIELD("custom", 0, read_function),
    FIELD("name", 0, reader_id),
    FIELD_AS("arguments", 0, read_arguments, PART_TOOL_CALL),
    FIELD_AS("input", 0, read_arguments, PART_TOOL_CALL),
    FIELD("call_id", 0, reader_id),
    FIELD_AS("extra_content", 0, reader_thought, PART_OPAQUE),
    FIELD_AS("thought_signature", 0, reader_value, PART_OPAQUE),
};

static bool read_call(struct reader *r, const struct field *f)
{
    struct json_value v;
    (void)f;
    r->ask->needs |= ABILITY_TOOLS;
    return reader_take(r, WANT(OBJECT), "must be an object", &v) &&
           reader_walk(r, FIELDS(call_fields), NULL);
}

static bool read_calls(struct reader *r, const struct field *f)
{
    return reader_list(r, f, read_call);
}

// --- messages ------------------------------------------------------------------------------------

enum { HAS_ROLE = 1 << 0, HAS_CONTENT = 1 << 1 };

static bool read_role(struct reader *r, const struct field *f)
{
    static const struct {
        str word;
        enum role role;
    } roles[] = {
        {{"user", 4}, ROLE_USER}, {{"assistant", 9}, ROLE_ASSISTANT}, {{"system", 6}, ROLE_SYSTEM},
        {{"tool", 4}, ROLE_TOOL}, {{"developer", 9}, ROLE_SYSTEM},    {{"function", 8}, ROLE_TOOL},
    };
    struct json_value v;
    if (!reader_take(r, WANT(STRING), "must be a string", &v))
        return false;
    str word = json_decode(r->a, json_raw(&r->s, v), v.escaped);
    r->has |= f->bit;
    for (size_t i = 0; i < countof(roles); i++) {
        if (str_eq(roles[i].word, word)) {
            r->role = roles[i].role;
            return true;
        }
    }
    return reader_fail(r, ERR_BAD_REQUEST, v.span.start,
                       "must be developer, system, user, assistant, tool or function");
}

static bool read_content(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(STRING) | WANT(NULL) | WANT(ARRAY),
                     "must be a string, null or an array of parts", &v))
        return false;
    r->has |= f->bit;
    if (v.kind == JSON_ARRAY)
        return reader_items(r, f, read_part);
    reader_add(r, PART_TEXT, v);
    return true;
}

static const struct field message_fields[] = {
    FIELD("role", HAS_ROLE, read_role),
    FIELD("content", HAS_CONTENT, read_content),
    FIELD("tool_calls", 0, read_calls),
    FIELD("tool_call_id", 0, reader_id),
    FIELD_AS("name", 0, reader_string, PART_METADATA),
    FIELD_AS("reasoning_content", 0, reader_thought, PART_REASONING),
    FIELD_AS("reasoning", 0, reader_thought, PART_REASONING),
    FIELD_AS("reasoning_details", 0, reader_thought, PART_UNKNOWN),
    FIELD_AS("refusal", 0, reader_string, PART_TEXT),
    FIELD_AS("annotations", 0, reader_value, PART_METADATA),
    FIELD_AS("audio", 0, reader_value, PART_METADATA),
    FIELD("function_call", 0, read_function),
    FIELD_AS("thinking", 0, reader_thought, PART_REASONING),
    FIELD_AS("thinking_blocks", 0, reader_thought, PART_UNKNOWN),
    FIELD_AS("reasoning_signature", 0, reader_value, PART_OPAQUE),
    FIELD_AS("signature", 0, reader_value, PART_OPAQUE),
    FIELD_AS("extra_content", 0, reader_thought, PART_OPAQUE),
    FIELD_AS("cache_control", 0, reader_value, PART_METADATA),
    FIELD("id", 0, reader_id),
    FIELD("prefix", 0, reader_word),
    FIELD("partial", 0, reader_word),
    FIELD("weight", 0, reader_word),
    FIELD("index", 0, reader_word),
    FIELD("finish_reason", 0, reader_word),
    FIELD_AS("metadata", 0, reader_value, PART_METADATA),
};

static bool read_message(struct reader *r, const struct field *f)
{
    struct ask *ask = r->ask;
    (void)f;
    struct json_value v;
    unsigned has;
    uint32_t first = ask->part_count;
    if (!reader_take(r, WANT(OBJECT), "must be an object", &v) ||
        !reader_walk(r, FIELDS(message_fields), &has))
        return false;
    if (!(has & HAS_ROLE))
        return reader_missing(r, "role", v.span.start);
    if (!(has & HAS_CONTENT) && r->role != ROLE_ASSISTANT)
        return reader_missing(r, "content", v.span.start);
    // the role may stand behind the content
    for (uint32_t i = first; i < ask->part_count; i++) {
        struct part *p = &ask->parts[i];
        p->role = r->role;
        p->turn = ask->turns;
        if (p->kind == PART_TEXT && r->role == ROLE_TOOL)
            p->kind = PART_TOOL_RESULT;
    }
    if (r->role == ROLE_TOOL)
        ask->needs |= ABILITY_TOOLS;
    if (r->role == ROLE_USER)
        ask->last_user_turn = ask->turns;
    ask->turns++;
    r->role = ROLE_NONE;
    return true;
}

// --- the top -------------------------------------------------------------------------------------

enum { HAS_MODEL = 1 << 0, HAS_MESSAGES = 1 << 1, HAS_INPUT = 1 << 2, HAS_MAX_COMPLETION = 1 << 3 };

static bool read_messages(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(ARRAY), "must be an array of messages", &v))
        return false;
    r->has |= f->bit;
    if (!reader_items(r, f, read_message))
        return false;
    return r->ask->turns > 0 || reader_fail(r, ERR_EMPTY_MESSAGES, v.span.start, NULL);
}

static bool read_model(struct reader *r, const struct field *f)
{
    struct json_value v;
    struct ask *ask = r->ask;
    if (!reader_take(r, WANT(STRING), "must be a string", &v))
        return false;
    ask->model_span = v.span;
    ask->model = json_decode(r->a, json_raw(&r->s, v), v.escaped);
    if (ask->model.n == 0 || ask->model.n > MODEL_BYTES_MAX)
        return reader_fail(r, ERR_BAD_REQUEST, v.span.start,
                           ask->model.n ? "must be at most 256 bytes" : "must not be empty");
    r->has |= f->bit;
    reader_add_unless_id(r, v);
    return true;
}

static bool read_stream(struct reader *r, const struct field *f)
{
    (void)f;
    return reader_take_switch(r, &r->ask->stream);
}

static bool read_include_usage(struct reader *r, const struct field *f)
{
    (void)f;
    return reader_take_switch(r, &r->ask->include_usage);
}

static const struct field stream_options_fields[] = {
    FIELD("include_usage", 0, read_include_usage),
    FIELD("include_obfuscation", 0, reader_bool),
    FIELD("continuous_usage_stats", 0, reader_bool),
};

static bool read_stream_options(struct reader *r, const struct field *f)
{
    struct json_value v;
    struct ask *ask = r->ask;
    (void)f;
    if (!reader_take(r, WANT(OBJECT) | WANT(NULL), "must be an object", &v))
        return false;
    if (v.kind == JSON_OBJECT && !reader_walk(r, FIELDS(stream_options_fields), NULL))
        return false;
    ask->has_stream_options = true;
    ask->stream_options_span = (struct span){v.span.start, (uint32_t)(r->s.at - r->s.body)};
    return true;
}

static bool read_max_tokens(struct reader *r, const struct field *f)
{
    struct json_value v;
    int64_t n = -1;
    if (!reader_take(r, WANT(NUMBER) | WANT(NULL), "must be an integer", &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    if (!reader_to_int(r, v, &n))
        return reader_fail(r, ERR_WRONG_TYPE, v.span.start, "must be an integer");
    // the newer field has the say; -1 is some servers' word for no limit
    if (n >= 0 && !(r->has & HAS_MAX_COMPLETION))
        r->ask->max_output_tokens = n;
    r->has |= f->bit;
    return true;
}

static bool read_n(struct reader *r, const struct field *f)
{
    struct json_value v;
    int64_t n = 1;
    (void)f;
    if (!reader_take(r, WANT(NUMBER) | WANT(NULL), "must be an integer, 1 or more", &v))
        return false;
    if (v.kind == JSON_NUMBER && (!reader_to_int(r, v, &n) || n < 1))
        return reader_fail(r, ERR_WRONG_TYPE, v.span.start, "must be an integer, 1 or more");
    if (n > 1)
        r->ask->needs |= ABILITY_CHOICES;
    return true;
}

static bool read_logprobs(struct reader *r, const struct field *f)
{
    bool on;
    (void)f;
    if (!reader_take_switch(r, &on))
        return false;
    r->ask->needs |= on ? ABILITY_LOGPROBS : 0;
    return true;
}

static bool read_tool(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take_whole(r, WANT(OBJECT), "must be an object", &v))
        return false;
    r->ask->needs |= ABILITY_TOOLS;
    reader_add(r, f->kind, v);
    return true;
}

static bool read_tools(struct reader *r, const struct field *f)
{
    return reader_list(r, f, read_tool);
}

static bool read_format_type(struct reader *r, const struct field *f)
{
    (void)f;
    struct json_value v;
    if (!reader_take(r, WANT(STRING), "must be a string", &v))
        return false;
    str word = json_decode(r->a, json_raw(&r->s, v), v.escaped);
    if (str_eq(word, S("json_schema")))
        r->ask->needs |= ABILITY_SCHEMA;
    else if (!str_eq(word, S("json_object")) && !str_eq(word, S("text")))
        reader_add(r, PART_METADATA, v);
    return true;
}

static bool read_schema(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take_whole(r, WANT(OBJECT) | WANT(STRING) | WANT(NULL), "must be an object", &v))
        return false;
    if (v.kind != JSON_NULL)
        r->ask->needs |= ABILITY_SCHEMA;
    reader_add(r, f->kind, v);
    return true;
}

static const struct field format_fields[] = {
    FIELD("type", 0, read_format_type),
    FIELD_AS("json_schema", 0, read_schema, PART_SCHEMA),
    FIELD_AS("schema", 0, read_schema, PART_SCHEMA),
    FIELD_AS("grammar", 0, read_schema, PART_SCHEMA),
};

static bool read_format(struct reader *r, const struct field *f)
{
    struct json_value v;
    (void)f;
    if (!reader_take(r, WANT(OBJECT) | WANT(NULL), "must be an object", &v))
        return false;
    return v.kind == JSON_NULL || reader_walk(r, FIELDS(format_fields), NULL);
}

static bool read_modality(struct reader *r, const struct field *f)
{
    struct json_value v;
    (void)f;
    if (!reader_take(r, WANT(STRING), "must be a string", &v))
        return false;
    str word = json_decode(r->a, json_raw(&r->s, v), v.escaped);
    if (str_eq(word, S("audio")))
        r->ask->needs |= ABILITY_AUDIO_OUT;
    else if (!str_eq(word, S("text")))
        reader_add(r, PART_METADATA, v);
    return true;
}

static bool read_modalities(struct reader *r, const struct field *f)
{
    return reader_list(r, f, read_modality);
}

static bool read_state(struct reader *r, const struct field *f)
{
    uint32_t parts = r->ask->part_count;
    if (!reader_value(r, f))
        return false;
    r->ask->has_state |= r->ask->part_count > parts;
    return true;
}

// Fields of the specification, then those of servers and gateways that speak the same wire.
static const struct field top_fields[] = {
    FIELD("model", HAS_MODEL, read_model),
    FIELD("messages", HAS_MESSAGES, read_messages),
    FIELD("stream", 0, read_stream),
    FIELD("temperature", 0, reader_number),
    FIELD("max_tokens", 0, read_max_tokens),
    FIELD("stream_options", 0, read_stream_options),
    FIELD_AS("tools", 0, read_tools, PART_TOOL_SPEC),
    FIELD("tool_choice", 0, reader_word),
    FIELD("max_completion_tokens", HAS_MAX_COMPLETION, read_max_tokens),
    FIELD("top_p", 0, reader_number),
    FIELD("n", 0, read_n),
    FIELD_AS("stop", 0, reader_value, PART_METADATA),
    FIELD("response_format", 0, read_format),
    FIELD("parallel_tool_calls", 0, reader_bool),
    FIELD("reasoning_effort", 0, reader_word),
    FIELD_AS("user", 0, reader_value, PART_METADATA),
    FIELD("seed", 0, reader_integer),
    FIELD("presence_penalty", 0, reader_number),
    FIELD("frequency_penalty", 0, reader_number),
    FIELD("logprobs", 0, read_logprobs),
    FIELD("top_logprobs", 0, reader_integer),
    FIELD_AS("logit_bias", 0, reader_value, PART_METADATA),
    FIELD("store", 0, reader_bool),
    FIELD_AS("metadata", 0, reader_value, PART_METADATA),
    FIELD("service_tier", 0, reader_word),
    FIELD("prompt_cache_key", 0, reader_word),
    FIELD_AS("prompt_cache_options", 0, reader_value, PART_METADATA),
    FIELD("prompt_cache_retention", 0, reader_word),
    FIELD_AS("safety_identifier", 0, reader_value, PART_METADATA),
    FIELD("verbosity", 0, reader_word),
    FIELD("modalities", 0, read_modalities),
    FIELD_AS("audio", 0, reader_value, PART_METADATA),
    FIELD_AS("prediction", 0, reader_value, PART_METADATA),
    FIELD_AS("web_search_options", 0, reader_value, PART_METADATA),
    FIELD("moderation", 0, reader_word),
    FIELD_AS("functions", 0, read_tools, PART_TOOL_SPEC),
    FIELD("function_call", 0, reader_word),
    FIELD_AS("input", HAS_INPUT, reader_value, PART_UNKNOWN),
    FIELD_AS("previous_response_id", 0, read_state, PART_METADATA),
    FIELD_AS("conversation", 0, read_state, PART_METADATA),
    // sampling and switches elsewhere
    FIELD("top_k", 0, reader_word),
    FIELD("min_p", 0, reader_word),
    FIELD("top_a", 0, reader_word),
    FIELD("typical_p", 0, reader_word),
    FIELD("repetition_penalty", 0, reader_word),
    FIELD("repeat_penalty", 0, reader_word),
    FIELD("length_penalty", 0, reader_word),
    FIELD("min_tokens", 0, reader_word),
    FIELD("random_seed", 0, reader_word),
    FIELD("safe_prompt", 0, reader_word),
    FIELD("ignore_eos", 0, reader_word),
    FIELD("skip_special_tokens", 0, reader_word),
    FIELD("cache_prompt", 0, reader_word),
    FIELD("id_slot", 0, reader_word),
    FIELD("n_predict", 0, reader_word),
    FIELD("keep_alive", 0, reader_word),
    FIELD("priority", 0, reader_word),
    FIELD("enable_thinking", 0, reader_word),
    FIELD("clear_thinking", 0, reader_word),
    FIELD("thinking_budget", 0, reader_word),
    FIELD("think", 0, reader_word),
    FIELD("include_reasoning", 0, reader_word),
    FIELD("reasoning_format", 0, reader_word),
    FIELD("reasoning_split", 0, reader_word),
    FIELD("search_context_size", 0, reader_word),
    FIELD("return_related_questions", 0, reader_word),
    FIELD("return_images", 0, reader_word),
    FIELD("add_generation_prompt", 0, reader_word),
    FIELD("continue_final_message", 0, reader_word),
    FIELD("return_token_ids", 0, reader_word),
    FIELD("prompt_logprobs", 0, reader_word),
    FIELD("timings_per_token", 0, reader_word),
    FIELD("return_progress", 0, reader_word),
    // objects and texts elsewhere, looked at as text
    FIELD_AS("reasoning", 0, reader_value, PART_METADATA),
    FIELD_AS("thinking", 0, reader_value, PART_METADATA),
    FIELD_AS("chat_template_kwargs", 0, reader_value, PART_METADATA),
    FIELD_AS("extra_body", 0, reader_value, PART_METADATA),
    FIELD_AS("options", 0, reader_value, PART_METADATA),
    FIELD_AS("provider", 0, reader_value, PART_METADATA),
    FIELD_AS("providerOptions", 0, reader_value, PART_METADATA),
    FIELD_AS("models", 0, reader_value, PART_METADATA),
    FIELD("route", 0, reader_word),
    FIELD_AS("transforms", 0, reader_value, PART_METADATA),
    FIELD_AS("plugins", 0, reader_value, PART_METADATA),
    FIELD_AS("preset", 0, reader_value, PART_METADATA),
    FIELD_AS("usage", 0, reader_value, PART_METADATA),
    FIELD_AS("venice_parameters", 0, reader_value, PART_METADATA),
    FIELD_AS("cache_control", 0, reader_value, PART_METADATA),
    FIELD_AS("session_id", 0, reader_value, PART_METADATA),
    FIELD_AS("request_id", 0, reader_value, PART_METADATA),
    FIELD_AS("stop_token_ids", 0, reader_value, PART_METADATA),
    FIELD_AS("bad_words", 0, reader_value, PART_METADATA),
    FIELD_AS("grammar", 0, reader_value, PART_SCHEMA),
    FIELD_AS("json_schema", 0, reader_value, PART_SCHEMA),
    FIELD_AS("guided_json", 0, reader_value, PART_SCHEMA),
    FIELD_AS("guided_regex", 0, reader_value, PART_SCHEMA),
    FIELD_AS("guided_choice", 0, reader_value, PART_SCHEMA),
    FIELD_AS("guided_grammar", 0, reader_value, PART_SCHEMA),
    FIELD_AS("structured_outputs", 0, reader_value, PART_SCHEMA),
    FIELD_AS("documents", 0, reader_value, PART_TEXT),
    FIELD_AS("search_domain_filter", 0, reader_value, PART_METADATA),
    FIELD("search_recency_filter", 0, reader_word),
};

static bool read_top(struct reader *r)
{
    struct json_value v;
    unsigned has;
    if (!reader_take(r, WANT(OBJECT), "must be a JSON object", &v))
        return false;
    r->ask->insert_at = v.span.start + 1;
    if (!reader_walk(r, FIELDS(top_fields), &has) || !json_at_end(&r->s))
        return false;
    if (!(has & HAS_MESSAGES)) {
        reader_missing(r, "messages", -1);
        if (has & HAS_INPUT)
            str_copy_to(
                r->fault->say, sizeof r->fault->say,
                S("messages is missing: a body with input is for the Responses API; let the "
                  "client send chat completions, or turn its input into messages"));
        return false;
    }
    return has & HAS_MODEL || reader_missing(r, "model", -1);
}

static bool begins_well(struct reader *r, str body)
{
    if (body.n >= UINT32_MAX)
        return reader_fail(r, ERR_BODY_TOO_BIG, -1, NULL);
    if (str_trim(body).n == 0)
        return reader_fail(r, ERR_BAD_JSON, 0, "is empty; it must be a JSON object");
    if (str_starts(body, S("\xef\xbb\xbf")))
        return reader_fail(r, ERR_BAD_JSON, 0,
                           "must be JSON without the UTF-8 byte order mark it begins with");
    return true;
}

enum err openai_chat_read_ask(struct arena *a, str body, struct ask *ret_ask,
                              struct fault *ret_fault)
{
    struct ask ask;
    struct fault fault;
    struct reader r = {.ask = &ask, .fault = &fault};
    must(a && ret_ask && ret_fault);
    reader_begin(&r, a, body);
    enum err e = reader_end(&r, begins_well(&r, body) && read_top(&r));
    if (e == OK)
        *ret_ask = ask;
    else
        *ret_fault = fault;
    must(e == OK || ret_fault->err == e);
    return e;
}
