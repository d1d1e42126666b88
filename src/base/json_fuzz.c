// json_fuzz.c: any bytes through the scan. Accepts and refuses exactly what yyjson does (but for
// depth), tells a byte inside the body, and decodes strings to what yyjson makes of them. Whatever
// is fast does what its plain twin does.
#include "base/json.h"
#include "base/json_text.h"
#include <yyjson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Whether the text nests deeper than the scan allows; yyjson has no such limit.
static bool too_deep(str body)
{
    int depth = 0, most = 0;
    bool inside = false;
    for (size_t i = 0; i < body.n; i++) {
        char c = body.p[i];
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == '[' || c == '{'))
            most = ++depth > most ? depth : most;
        else if (!inside && (c == ']' || c == '}'))
            depth--;
    }
    return most > JSON_DEPTH_MAX;
}

// yyjson keeps numbers as text here: a number out of a double's range is no fault of grammar.
static yyjson_doc *peer_read(str body)
{
    yyjson_read_flag flags = YYJSON_READ_NUMBER_AS_RAW;
    return yyjson_read_opts((char *)(uintptr_t)body.p, body.n, flags, NULL, NULL);
}

// A lone surrogate is grammar for us and an error for yyjson.
static bool has_lone_surrogate(str body)
{
    for (size_t i = 0; i + 2 < body.n; i++) {
        if (body.p[i] != '\\')
            continue;
        if (body.p[i + 1] == 'u' && (body.p[i + 2] | 32) == 'd')
            return true;
        i++;
    }
    return false;
}

static void check_strings(struct arena *a, str body, yyjson_val *peer)
{
    struct json_scan s;
    struct json_value v;
    bool first = true;
    json_begin(&s, body);
    must(json_take(&s, &v));
    if (v.kind == JSON_STRING) {
        str got = json_decode(a, json_raw(&s, v), v.escaped);
        must(yyjson_is_str(peer));
        must(str_eq(got, str_of(yyjson_get_str(peer), yyjson_get_len(peer))));
    }
    if (v.kind != JSON_ARRAY)
        return;
    size_t i = 0;
    while (json_next_item(&s, &first)) {
        must(json_skip(&s, &v));
        yyjson_val *item = yyjson_arr_get(peer, i++);
        if (v.kind == JSON_STRING) {
            str got = json_decode(a, json_raw(&s, v), v.escaped);
            must(str_eq(got, str_of(yyjson_get_str(item), yyjson_get_len(item))));
        }
    }
    must(s.err == OK && i == yyjson_arr_size(peer));
}

static void check_twins(struct arena *a, str text)
{
    struct json_text fast = {0}, plain = {0};
    const char *end = text.p + text.n, *stop = json_text_pass_plain(text.p, end, &plain);
    must(json_text_pass(text.p, end, &fast) == stop);
    must(fast.escaped == plain.escaped && fast.foreign >= plain.foreign);
    must(fast.saves == plain.saves && fast.wide == plain.wide);
    must(utf8_valid(text) == utf8_valid_plain(text));
    str passed = str_of(text.p, (size_t)(stop - text.p));
    char *one = arena_bytes(a, text.n + JSON_TEXT_SLACK);
    char *two = arena_bytes(a, text.n + JSON_TEXT_SLACK);
    size_t n = json_text_decode(one, passed);
    must(n == json_text_decode_plain(two, passed) && memcmp(one, two, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str body = str_of((const char *)data, size);
    struct arena a;
    struct json_scan s;
    struct json_value v;
    arena_init(&a, 1 << 26);
    if (size)
        check_twins(&a, body);
    json_begin(&s, body);
    bool good = json_skip(&s, &v) && json_at_end(&s);
    must(good == (s.err == OK));
    must(good || (s.at_byte >= 0 && s.at_byte <= (int64_t)size));
    must(s.err != ERR_TOO_DEEP || too_deep(body));
    if (s.err != ERR_TOO_DEEP && !has_lone_surrogate(body)) {
        yyjson_doc *peer = peer_read(body);
        must(good == (peer != NULL));
        if (good)
            check_strings(&a, body, yyjson_doc_get_root(peer));
        yyjson_doc_free(peer);
    }
    arena_done(&a);
    return 0;
}
