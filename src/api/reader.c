// reader.c: one pass over a request body by tables of fields.
// Invariants: (1) after a failure fault->err is set, or the scan's, and nothing more is read;
// (2) parts are in body order and do not overlap; (3) names in the path are static, so a fault
// never quotes a request.
#include "api/reader.h"
#include <stdio.h>

enum {
    WORD_BYTES_MAX = 64, // longer ones are looked at like any text
    ID_BYTES_MAX = 128,
    PARTS_FIRST = 16,
    BODY_BYTES_A_PART = 1024, // first guess of how many parts a body has
};

void reader_begin(struct reader *r, struct arena *a, str body)
{
    *r->ask = (struct ask){.body = body, .max_output_tokens = -1, .last_user_turn = UINT32_MAX};
    *r->fault = (struct fault){.at_byte = -1};
    r->a = a;
    r->role = ROLE_NONE;
    r->part_cap = PARTS_FIRST + (uint32_t)(body.n / BODY_BYTES_A_PART);
    r->ask->parts = arena_array(a, struct part, r->part_cap);
    json_begin(&r->s, body);
}

// --- faults --------------------------------------------------------------------------------------

static void write_path(const struct reader *r, const char *name, char *dst, size_t cap)
{
    size_t n = 0;
    dst[0] = 0;
    for (unsigned i = 0; i < r->depth + (name != NULL) && n < cap; i++) {
        struct place p =
            i < r->depth ? r->path[i] : (struct place){.name = name, .index = READER_NO_INDEX};
        n += (size_t)snprintf(dst + n, cap - n, "%s%s", i ? "." : "", p.name);
        if (p.index != READER_NO_INDEX && n < cap)
            n += (size_t)snprintf(dst + n, cap - n, "[%u]", p.index);
    }
}

bool reader_fail(struct reader *r, enum err e, int64_t at_byte, const char *must_be)
{
    must(e != OK);
    struct fault *f = r->fault;
    if (f->err != OK)
        return false;
    fault_set(f, e, "", at_byte);
    write_path(r, NULL, f->param, sizeof f->param);
    if (must_be)
        snprintf(f->say, sizeof f->say, "%s %s", r->depth ? f->param : "the body", must_be);
    return false;
}

bool reader_missing(struct reader *r, const char *name, int64_t at_byte)
{
    struct fault *f = r->fault;
    must(f->err == OK);
    fault_set(f, ERR_MISSING_FIELD, "", at_byte);
    write_path(r, name, f->param, sizeof f->param);
    snprintf(f->say, sizeof f->say, "%s is missing", f->param);
    return false;
}

// --- walking -------------------------------------------------------------------------------------

struct key {
    str name; // decoded
    uint32_t start;
};

// A key is compared decoded, so that no spelling of it hides a field.
static bool next_key(struct reader *r, bool *first, struct key *ret_key)
{
    str raw;
    bool escaped;
    if (!json_next_key(&r->s, first, &raw, &escaped))
        return false;
    must(raw.p > r->s.body);
    ret_key->start = (uint32_t)(raw.p - r->s.body) - 1;
    ret_key->name = unlikely(escaped) ? json_decode(r->a, raw, true) : raw;
    return true;
}

static unsigned find(struct fields fields, str name)
{
    unsigned i = 0;
    for (; i < fields.count; i++)
        if (str_eq(str_of(fields.rows[i].name, fields.rows[i].name_bytes), name))
            break;
    return i;
}

static struct json_value whole(enum json_kind kind, uint32_t start, uint32_t end)
{
    return (struct json_value){.kind = kind, .span = {start, end}};
}

// What holds text and is not known cannot be judged: unknown. A number or a switch is looked at
// together with its key.
static bool read_unknown(struct reader *r, const struct key *key)
{
    struct json_value v;
    if (!json_skip(&r->s, &v))
        return false;
    bool holds = v.kind >= JSON_STRING && v.span.end - v.span.start > 2;
    if (holds)
        reader_add(r, PART_UNKNOWN, v);
    else
        reader_add(r, PART_METADATA, whole(JSON_OBJECT, key->start, v.span.end));
    return true;
}

bool reader_walk(struct reader *r, struct fields fields, unsigned *ret_has)
{
    uint64_t seen[2] = {0, 0};
    unsigned outer = r->has;
    bool first = true;
    struct key key;
    must(fields.count <= 128 && r->depth < READER_PATH_MAX);
    r->has = 0;
    while (next_key(r, &first, &key)) {
        unsigned i = find(fields, key.name);
        if (i == fields.count) {
            if (!read_unknown(r, &key))
                return false;
            continue;
        }
        const struct field *f = &fields.rows[i];
        r->path[r->depth++] = (struct place){f->name, READER_NO_INDEX};
        if (seen[i / 64] >> i % 64 & 1)
            return reader_fail(r, ERR_DUPLICATE_KEY, key.start, "stands twice; send it once");
        seen[i / 64] |= (uint64_t)1 << i % 64;
        if (!f->read(r, f))
            return false;
        r->depth--;
    }
    if (ret_has)
        *ret_has = r->has;
    r->has = outer;
    return r->s.err == OK;
}

static bool next_item(struct reader *r, bool *first)
{
    must(r->depth > 0);
    struct place *p = &r->path[r->depth - 1];
    uint32_t index = *first ? 0 : p->index + 1;
    bool more = json_next_item(&r->s, first);
    p->index = more || r->s.err != OK ? index : READER_NO_INDEX;
    return more;
}

bool reader_items(struct reader *r, const struct field *f, reader_item *read_item)
{
    bool first = true;
    while (next_item(r, &first)) {
        if (!read_item(r, f))
            return false;
    }
    return r->s.err == OK;
}

bool reader_list(struct reader *r, const struct field *f, reader_item *read_item)
{
    struct json_value v;
    if (!reader_take(r, WANT(ARRAY) | WANT(NULL), "must be an array", &v))
        return false;
    return v.kind == JSON_NULL || reader_items(r, f, read_item);
}

bool reader_take(struct reader *r, unsigned wants, const char *must_be,
                 struct json_value *ret_value)
{
    struct json_value v;
    if (!json_take(&r->s, &v))
        return false;
    if (!(wants >> v.kind & 1))
        return reader_fail(r, ERR_WRONG_TYPE, v.span.start, must_be);
    *ret_value = v;
    return true;
}

bool reader_take_whole(struct reader *r, unsigned wants, const char *must_be,
                       struct json_value *ret_value)
{
    struct json_value v;
    if (!json_skip(&r->s, &v))
        return false;
    if (!(wants >> v.kind & 1))
        return reader_fail(r, ERR_WRONG_TYPE, v.span.start, must_be);
    *ret_value = v;
    return true;
}

bool reader_take_switch(struct reader *r, bool *ret_on)
{
    struct json_value v;
    if (!reader_take(r, WANT(TRUE) | WANT(FALSE) | WANT(NULL), "must be true or false", &v))
        return false;
    *ret_on = v.kind == JSON_TRUE;
    return true;
}

bool reader_to_int(const struct reader *r, struct json_value v, int64_t *ret_int)
{
    must(v.kind == JSON_NUMBER);
    return str_to_i64(str_of(r->s.body + v.span.start, v.span.end - v.span.start), ret_int);
}

// --- parts ---------------------------------------------------------------------------------------

static struct part *new_part(struct reader *r)
{
    struct ask *ask = r->ask;
    if (unlikely(ask->part_count == r->part_cap)) {
        struct part *old = ask->parts;
        r->part_cap *= 2;
        ask->parts = arena_array(r->a, struct part, r->part_cap);
        memcpy(ask->parts, old, ask->part_count * sizeof *old);
    }
    struct part *p = &ask->parts[ask->part_count++];
    p->role = r->role;
    p->turn = UINT32_MAX;
    return p;
}

// About four bytes a token; a letter of three bytes or more (CJK and the like) is one and a bit.
// The bytes are the decoded ones: a client that escapes all beyond ASCII asks no more than one that
// does not.
static uint32_t text_tokens(struct span span, struct json_value v)
{
    must(v.saves <= span.end - span.start);
    size_t bytes = span.end - span.start - v.saves, wide = v.wide;
    size_t narrow = bytes > wide * 3 ? bytes - wide * 3 : 0;
    return (uint32_t)((narrow + 3) / 4 + wide + wide / 4);
}

void reader_add(struct reader *r, enum part_kind kind, struct json_value v)
{
    must(v.span.start < v.span.end && v.span.end <= r->ask->body.n);
    struct span span = v.span;
    bool escaped = v.escaped;
    if (v.kind <= JSON_TRUE)
        return;
    if (v.kind == JSON_STRING)
        span = (struct span){span.start + 1, span.end - 1};
    else
        escaped = memchr(r->s.body + span.start, '\\', span.end - span.start) != NULL;
    bool hollow = v.kind >= JSON_ARRAY && span.end - span.start == 2; // [] and {}
    if (span.start == span.end || hollow)
        return;
    struct part *p = new_part(r);
    p->kind = kind;
    p->escaped = escaped;
    p->span = span;
    p->tokens = text_tokens(span, v);
}

void reader_mark(struct reader *r, enum part_kind kind, uint32_t at_byte)
{
    must(at_byte <= r->ask->body.n);
    struct part *p = new_part(r);
    p->kind = kind;
    p->span = (struct span){at_byte, at_byte};
}

// --- ready rows ----------------------------------------------------------------------------------

bool reader_number(struct reader *r, const struct field *f)
{
    (void)f;
    struct json_value v;
    return reader_take(r, WANT(NUMBER) | WANT(NULL), "must be a number", &v);
}

bool reader_integer(struct reader *r, const struct field *f)
{
    (void)f;
    struct json_value v;
    int64_t n;
    if (!reader_take(r, WANT(NUMBER) | WANT(NULL), "must be an integer", &v))
        return false;
    if (v.kind == JSON_NUMBER && !reader_to_int(r, v, &n))
        return reader_fail(r, ERR_WRONG_TYPE, v.span.start, "must be an integer");
    return true;
}

bool reader_bool(struct reader *r, const struct field *f)
{
    (void)f;
    bool on;
    return reader_take_switch(r, &on);
}

// Words of fixed sets are lower-case and short: "high", "json_object", "24h". A run of digits could
// be somebody's number.
static bool is_word(str raw)
{
    unsigned digits = 0;
    if (raw.n > WORD_BYTES_MAX)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        bool digit = c >= '0' && c <= '9';
        digits += digit;
        if (!digit && !(c >= 'a' && c <= 'z') && c != '_' && c != '-')
            return false;
    }
    return digits < 6;
}

// Ids as providers make them: call_9f3k, toolu_01AB, functions.search:0, nine characters, a model's
// name. At least one letter.
static bool is_id(str raw)
{
    bool letter = false;
    if (raw.n > ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        bool alpha = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        letter |= alpha;
        if (!alpha && !(c >= '-' && c <= ':') && c != '_' && c != '|' && c != '=')
            return false;
    }
    return letter || raw.n <= 9;
}

void reader_add_unless_id(struct reader *r, struct json_value v)
{
    if (!is_id(json_raw(&r->s, v)))
        reader_add(r, PART_METADATA, v);
}

bool reader_word(struct reader *r, const struct field *f)
{
    (void)f;
    struct json_value v;
    if (!json_skip(&r->s, &v))
        return false;
    if (v.kind >= JSON_ARRAY || (v.kind == JSON_STRING && !is_word(json_raw(&r->s, v))))
        reader_add(r, PART_METADATA, v);
    return true;
}

bool reader_id(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(STRING) | WANT(NULL), "must be a string", &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    r->has |= f->bit;
    reader_add_unless_id(r, v);
    return true;
}

bool reader_string(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!reader_take(r, WANT(STRING) | WANT(NULL), "must be a string", &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    r->has |= f->bit;
    reader_add(r, f->kind, v);
    return true;
}

bool reader_value(struct reader *r, const struct field *f)
{
    struct json_value v;
    if (!json_skip(&r->s, &v))
        return false;
    if (v.kind == JSON_NULL)
        return true;
    r->has |= f->bit;
    reader_add(r, f->kind, v);
    return true;
}

// --- reasoning -----------------------------------------------------------------------------------

static bool one_of(str name, const char *const *words)
{
    for (; *words; words++)
        if (str_eq(name, str_c(*words)))
            return true;
    return false;
}

// By the key: readable thinking, provider-bound state, a machine's word, or not known.
static enum part_kind thought_kind(str name)
{
    static const char *const readable[] = {"text",      "thinking", "summary",
                                           "reasoning", "content",  NULL};
    static const char *const opaque[] = {
        "signature", "data", "encrypted_content", "thought_signature", "thoughtSignature",
        "google",    NULL};
    static const char *const words[] = {"type", "id", "format", "index", NULL};
    if (one_of(name, readable))
        return PART_REASONING;
    if (one_of(name, opaque))
        return PART_OPAQUE;
    return one_of(name, words) ? PART_METADATA : PART_UNKNOWN;
}

// A bare string is of the given kind; what stands under a key is what the key says. Recursion ends
// with the scan's depth.
static bool walk_thought(struct reader *r, enum part_kind kind)
{
    struct json_value v;
    struct key key;
    bool first = true;
    if (!json_take(&r->s, &v))
        return false;
    if (v.kind == JSON_ARRAY) {
        while (json_next_item(&r->s, &first)) {
            if (!walk_thought(r, kind))
                return false;
        }
    } else if (v.kind == JSON_OBJECT) {
        while (next_key(r, &first, &key)) {
            enum part_kind inner = thought_kind(key.name);
            if (inner == PART_UNKNOWN ? !read_unknown(r, &key) : !walk_thought(r, inner))
                return false;
        }
    } else if (v.kind == JSON_STRING && !(kind == PART_METADATA && is_id(json_raw(&r->s, v)))) {
        reader_add(r, kind, v);
    }
    return r->s.err == OK;
}

bool reader_thought(struct reader *r, const struct field *f)
{
    return walk_thought(r, f->kind);
}

// --- the end -------------------------------------------------------------------------------------

enum { IMAGE_TOKENS = 1000, FILE_BYTES_A_TOKEN = 16, AUDIO_BYTES_A_TOKEN = 2000, TURN_TOKENS = 4 };

static int64_t part_tokens(const struct part *p)
{
    int64_t bytes = p->span.end - p->span.start;
    switch (p->kind) {
    case PART_IMAGE:
        return IMAGE_TOKENS;
    case PART_FILE:
        return bytes / FILE_BYTES_A_TOKEN;
    case PART_AUDIO:
        return bytes / AUDIO_BYTES_A_TOKEN;
    case PART_METADATA:
        return 0;
    case PART_UNKNOWN:
        // Not prompt at the top, where servers pass over what they do not know; in a message
        // likely a medium of a new kind. Too few only means that the target is the one to say so.
        return p->turn == UINT32_MAX ? 0 : bytes / FILE_BYTES_A_TOKEN;
    default:
        return p->tokens;
    }
}

enum err reader_end(struct reader *r, bool ok)
{
    struct ask *ask = r->ask;
    if (!ok && r->fault->err == OK) {
        must(r->s.err != OK);
        reader_fail(r, r->s.err, r->s.at_byte, NULL);
    }
    if (r->fault->err != OK)
        return r->fault->err;
    must(r->s.err == OK && r->depth == 0);
    ask->estimated_input_tokens = TURN_TOKENS * (int64_t)ask->turns;
    for (uint32_t i = 0; i < ask->part_count; i++)
        ask->estimated_input_tokens += part_tokens(&ask->parts[i]);
    return OK;
}
