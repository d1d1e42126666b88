// refusal.c: what a target said when it refused, whatever the form. Providers and engines answer an
// error as OpenAI's object, as a string under error, detail or message, as an array, as a page of
// HTML, as nothing at all; and their content types lie (JSON as octet-stream, as text/plain), so
// only the bytes are looked at.
// Invariants: (1) the message is never empty, is valid UTF-8 and has at most MESSAGE_BYTES_MAX
// bytes; (2) nothing that is given out holds the target's key, or a piece of it that says anything.
#include "api/api.h"
#include <ctype.h>
#include <yyjson.h>

enum {
    BODY_BYTES_MAX = 256 * 1024, // more of an error is not read
    MESSAGE_BYTES_MAX = 2048,
    WORD_BYTES_MAX = 64,
    PARAM_BYTES_MAX = 128,
    DEPTH_MAX = 6,
    OBJECTS_MAX = 8,
    ITEMS_MAX = 4,
    SECRET_BYTES_MIN = 8,
    SECRET_BLOCK_BYTES = 12,
};

struct reading {
    struct arena *a;
    struct buf said;
    yyjson_val *objects[OBJECTS_MAX]; // on the way to the message, the outermost first
    unsigned object_count;
    str code, param; // where the message's own place tells them
};

static str string_of(yyjson_val *v)
{
    return yyjson_is_str(v) ? str_of(yyjson_get_str(v), yyjson_get_len(v)) : STR_NONE;
}

static str copy_first(struct arena *a, str s, size_t max)
{
    str head = str_first(s, max);
    return arena_copy(a, str_first(head, utf8_valid(head)));
}

// --- secrets -------------------------------------------------------------------------------------

// The pieces of a key that are looked for: blocks of it, one behind the other. A run of twice the
// block holds a whole one, wherever it was cut out of the key. False past the last one. What is
// shorter than SECRET_BYTES_MIN is a placeholder for engines that want no key.
static bool next_piece(str secret, size_t *at, str *ret_piece)
{
    if (secret.n < SECRET_BYTES_MIN)
        return false;
    size_t block = min_size(secret.n, SECRET_BLOCK_BYTES);
    if (*at + block > secret.n)
        return false;
    *ret_piece = str_of(secret.p + *at, block);
    *at += block;
    return true;
}

static bool has_secret(str s, str secret)
{
    size_t at = 0;
    str piece;
    while (next_piece(secret, &at, &piece))
        if (str_find(s, piece) != SIZE_MAX)
            return true;
    return false;
}

// Stars over the key, as far as it reaches to both sides of a piece.
static void mask(char *p, size_t n, str secret)
{
    size_t next = 0, found;
    str piece;
    while (next_piece(secret, &next, &piece)) {
        size_t from = 0, begin = (size_t)(piece.p - secret.p);
        while ((found = str_find(str_of(p + from, n - from), piece)) != SIZE_MAX) {
            size_t first = from + found, last = first + piece.n, before = begin,
                   after = begin + piece.n;
            while (first > 0 && before > 0 && p[first - 1] == secret.p[before - 1])
                first--, before--;
            while (last < n && after < secret.n && p[last] == secret.p[after])
                last++, after++;
            must(first < last && last <= n);
            memset(p + first, '*', last - first);
            from = last;
        }
    }
}

// --- looking for the message ---------------------------------------------------------------------

static bool say(struct reading *r, yyjson_val *v, unsigned depth);

static bool put_said(struct reading *r, str s)
{
    s = str_trim(s);
    if (s.n == 0)
        return false;
    if (r->said.n)
        buf_put(&r->said, S("; "));
    buf_put(&r->said, str_first(s, MESSAGE_BYTES_MAX + 1));
    return true;
}

// FastAPI's list of what is wrong with a request: {"loc": ["body", "messages", 0], "msg", "type"}.
static bool say_located(struct reading *r, yyjson_val *item)
{
    yyjson_val *loc = yyjson_obj_get(item, "loc"), *step;
    str msg = string_of(yyjson_obj_get(item, "msg"));
    size_t i, count;
    struct buf path;
    if (!yyjson_is_arr(loc) || msg.n == 0)
        return false;
    buf_init(&path, 4096);
    yyjson_arr_foreach(loc, i, count, step)
    {
        if (yyjson_is_int(step))
            buf_printf(&path, "[%lld]", (long long)yyjson_get_sint(step));
        else if (!yyjson_equals_str(step, "body"))
            buf_printf(&path, "%s%.*s", path.n ? "." : "", STR_ARGS(string_of(step)));
    }
    if (r->param.n == 0 && path.n) {
        r->param = copy_first(r->a, buf_str(&path), PARAM_BYTES_MAX);
        r->code = string_of(yyjson_obj_get(item, "type"));
    }
    if (path.n) {
        buf_put(&path, S(": "));
        buf_put(&path, str_first(msg, MESSAGE_BYTES_MAX));
        msg = buf_str(&path);
    }
    bool ok = put_said(r, msg);
    buf_done(&path);
    return ok;
}

static bool say_items(struct reading *r, yyjson_val *list, unsigned depth)
{
    bool any = false;
    size_t i, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, i, count, item)
    {
        if (i == ITEMS_MAX)
            break;
        any |= say(r, item, depth);
    }
    return any;
}

// What lies deeper says more than what stands beside it; of strings, a sentence more than a name.
static bool say_object(struct reading *r, yyjson_val *v, unsigned depth)
{
    static const char *const deeper[] = {"error", "errors", "detail", "message", "choices"};
    static const char *const strings[] = {
        "error_description", "message", "Message", "detail", "msg",
        "error_message",     "error",   "title",   "reason"};
    if (say_located(r, v))
        return true;
    unsigned had = r->object_count;
    if (had < OBJECTS_MAX)
        r->objects[r->object_count++] = v;
    for (size_t i = 0; i < countof(deeper); i++) {
        yyjson_val *inner = yyjson_obj_get(v, deeper[i]);
        if (yyjson_is_ctn(inner) && say(r, inner, depth))
            return true;
    }
    for (size_t i = 0; i < countof(strings); i++)
        if (put_said(r, string_of(yyjson_obj_get(v, strings[i]))))
            return true;
    r->object_count = had;
    return false;
}

static bool say(struct reading *r, yyjson_val *v, unsigned depth)
{
    if (yyjson_is_str(v))
        return put_said(r, string_of(v));
    if (depth == DEPTH_MAX)
        return false;
    if (yyjson_is_arr(v))
        return say_items(r, v, depth + 1);
    return yyjson_is_obj(v) && say_object(r, v, depth + 1);
}

// --- words: type, code, param, status ------------------------------------------------------------

// A name as machines use it; sentences and addresses are none.
static bool is_word(str s)
{
    if (s.n == 0 || s.n > WORD_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr("_-.", s.p[i]))
            return false;
    return true;
}

// 400..599, as a number or as a string of digits; else 0.
static int status_of(yyjson_val *v)
{
    int64_t n = yyjson_is_int(v) ? yyjson_get_sint(v) : 0;
    if (yyjson_is_str(v) && !str_to_i64(string_of(v), &n))
        return 0;
    return n >= 400 && n <= 599 ? (int)n : 0;
}

// The first word under one of the keys, from the message's own object outwards.
static str find_word(const struct reading *r, const char *const *keys, size_t count)
{
    for (unsigned i = r->object_count; i-- > 0;)
        for (size_t k = 0; k < count; k++) {
            yyjson_val *v = yyjson_obj_get(r->objects[i], keys[k]);
            str word = string_of(v);
            if (yyjson_is_int(v))
                word = arena_printf(r->a, "%lld", (long long)yyjson_get_sint(v));
            // the status once more, and the mark of an error, tell nothing
            if (is_word(word) && !status_of(v) && !str_eq(word, S("error")) &&
                !str_eq(word, S("0")))
                return arena_copy(r->a, word);
        }
    return STR_NONE;
}

static int find_status(const struct reading *r)
{
    static const char *const keys[] = {"code",       "status",          "status_code",
                                       "statusCode", "raw_status_code", "http_status"};
    for (unsigned i = r->object_count; i-- > 0;)
        for (size_t k = 0; k < countof(keys); k++) {
            int status = status_of(yyjson_obj_get(r->objects[i], keys[k]));
            if (status)
                return status;
        }
    return 0;
}

static const char *type_of_status(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 402:
        return "insufficient_quota";
    case 403:
        return "permission_error";
    case 429:
        return "rate_limit_error";
    default:
        return status >= 400 && status < 500 ? "invalid_request_error" : "api_error";
    }
}

// Agents shorten their history only on this code, so it is given whoever says it in whatever words.
static bool says_too_long(const struct refusal *f)
{
    static const char *const names[] = {"exceed_context_size_error", "TOO_MANY_TOKENS",
                                        "too_many_prompt_tokens"};
    static const char *const words[] = {
        "maximum context length", "context length of",       "available context size",
        "model's context length", "context window",          "prompt is too long",
        "prompt too long",        "Input is too long",       "Input Tokens Exceeded",
        "input token count",      "max_model_len",           "max_new_tokens` must be <=",
        "too many tokens",        "all messages is too long"};
    for (size_t i = 0; i < countof(names); i++)
        if (str_eq(f->type, str_c(names[i])) || str_eq(f->code, str_c(names[i])))
            return true;
    for (size_t i = 0; i < countof(words); i++)
        if (str_find(text_reveal(f->message), str_c(words[i])) != SIZE_MAX)
            return true;
    return false;
}

static void find_words(struct reading *r, struct refusal *f)
{
    static const char *const types[] = {"type", "error_type", "__type"};
    static const char *const codes[] = {"code", "error_code", "errorCode", "status", "error"};
    f->type = find_word(r, types, countof(types));
    f->code = is_word(r->code) ? arena_copy(r->a, r->code) : find_word(r, codes, countof(codes));
    if (str_eq(f->code, buf_str(&r->said))) // a message of one word is not its own name
        f->code = STR_NONE;
    f->param = r->param;
    for (unsigned i = r->object_count; i-- > 0 && f->param.n == 0;)
        f->param =
            copy_first(r->a, string_of(yyjson_obj_get(r->objects[i], "param")), PARAM_BYTES_MAX);
    if (f->status == 0)
        f->status = find_status(r);
}

// --- forms ---------------------------------------------------------------------------------------

static bool is_string_or_null(yyjson_val *v)
{
    return !v || yyjson_is_str(v) || yyjson_is_null(v);
}

// {"error": {"message", "type" or "code"}} with strings: what OpenAI's clients read. A key may be
// missing (Azure, Groq); an outer "type" is Anthropic's form.
static bool is_openai(yyjson_val *root)
{
    yyjson_val *e = yyjson_obj_get(root, "error");
    yyjson_val *type = yyjson_obj_get(e, "type"), *code = yyjson_obj_get(e, "code");
    return yyjson_is_obj(e) && str_trim(string_of(yyjson_obj_get(e, "message"))).n > 0 &&
           (type || code) && is_string_or_null(type) && is_string_or_null(code) &&
           is_string_or_null(yyjson_obj_get(e, "param")) && !yyjson_obj_get(root, "type");
}

// A server's page: its title says all there is for people.
static str title_of(str page)
{
    size_t from = str_find(page, S("<title>"));
    if (from == SIZE_MAX)
        return S("the target answered with a page of HTML");
    str title = str_from(page, from + 7);
    return str_trim(str_first(title, min_size(title.n, str_find_char(title, '<'))));
}

// The first data line, where an error is framed as an event though it is no stream.
static str without_framing(str body)
{
    body = str_trim(body);
    if (!str_starts(body, S("data:")) && !str_starts(body, S("event:")))
        return body;
    str line;
    while (str_next(&body, '\n', &line))
        if (str_starts(line, S("data:")))
            return str_trim(str_from(line, 5));
    return STR_NONE;
}

static void keep_message(struct reading *r, str secret, struct refusal *f)
{
    str said = buf_str(&r->said);
    bool cut = said.n > MESSAGE_BYTES_MAX;
    str head = str_first(said, cut ? MESSAGE_BYTES_MAX - 3 : said.n);
    size_t n = utf8_valid(head);
    if (n + 3 < head.n)
        n = 0; // not text at all
    if (n == 0) {
        f->message = text_of(
            f->status ? arena_printf(r->a, "the target answered %d and no reason", f->status)
                      : S("the target reported an error and no reason"));
        return;
    }
    char *p = arena_bytes(r->a, n + 3);
    memcpy(p, head.p, n);
    mask(p, n, secret);
    if (cut)
        memcpy(p + n, "...", 3);
    f->message = text_of(str_of(p, n + (cut ? 3 : 0)));
    must(f->message.n > 0 && f->message.n <= MESSAGE_BYTES_MAX);
}

void api_read_refusal(struct arena *a, str body, int status, str secret,
                      struct refusal *ret_refusal)
{
    struct refusal f = {.status = status};
    struct reading r = {.a = a};
    must(status == 0 || (status >= 100 && status <= 999));
    buf_init(&r.said, 4 * ITEMS_MAX * MESSAGE_BYTES_MAX);
    str read = without_framing(str_first(body, BODY_BYTES_MAX));
    yyjson_doc *doc = read.n ? yyjson_read(read.p, read.n, 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_is_ctn(root) ? !say(&r, root, 0) : true)
        put_said(&r, read.n && read.p[0] == '<' ? title_of(read) : read);
    find_words(&r, &f);
    keep_message(&r, secret, &f);
    f.is_openai =
        is_openai(root) && body.n <= BODY_BYTES_MAX && read.n == str_trim(body).n &&
        !has_secret(body, secret) &&
        !has_secret(string_of(yyjson_obj_get(yyjson_obj_get(root, "error"), "message")), secret);
    yyjson_doc_free(doc);
    buf_done(&r.said);
    str *words[] = {&f.type, &f.code, &f.param};
    for (size_t i = 0; i < countof(words); i++)
        if (has_secret(*words[i], secret))
            *words[i] = STR_NONE;
    if (f.status < 500 && says_too_long(&f))
        f.code = S("context_length_exceeded");
    else if (f.status == 404 && f.code.n == 0 &&
             str_find(text_reveal(f.message), S("odel")) != SIZE_MAX)
        f.code = S("model_not_found");
    if (f.type.n == 0)
        f.type = str_c(type_of_status(f.status));
    *ret_refusal = f;
}
