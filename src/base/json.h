// json.h: a scan over JSON bytes that knows where everything stands. It copies nothing, allocates
// nothing and checks everything (RFC 8259, UTF-8, depth), so that a body can be edited in place and
// an error can name the byte. Where a tree is wanted (answers, files) yyjson is used instead.
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/arena.h"
#include "base/err.h"

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum { JSON_DEPTH_MAX = 128 };

struct json_scan {
    const char *body; // start of the whole body
    const char *at, *end;
    enum err err;    // OK until something was wrong; then every call is a no-op that returns false
    int64_t at_byte; // where
    int depth;
    uint32_t saves, wide; // of all strings and keys so far: see json_value
};

struct json_value {
    enum json_kind kind;
    bool escaped;     // a string that holds at least one backslash
    struct span span; // whole value in the body, quotes and brackets included
    // Of its strings and keys, for an array or object only where json_skip gave it: about how many
    // bytes decoding saves (half of a pair counts as a letter), and letters of three bytes or more
    uint32_t saves, wide;
};

// The body must outlive the scan. Bodies are at most UINT32_MAX bytes.
void json_begin(struct json_scan *s, str body);
// The value at the cursor. Scalars and strings are consumed. Of arrays and objects only the
// opening bracket is: walk them with json_next_*, or leave them with json_skip_rest.
bool json_take(struct json_scan *s, struct json_value *ret_value);
// Walks an object that was just taken: gives the next key (raw bytes between its quotes;
// *ret_escaped where it has a backslash) and leaves the cursor at its value. False at the closing
// brace or on error.
// `first` must point to a bool that is true at first.
bool json_next_key(struct json_scan *s, bool *first, str *ret_key, bool *ret_escaped);
bool json_next_item(struct json_scan *s, bool *first); // the same for arrays
// Consumes a whole value of any kind, checking it; its span and kind.
bool json_skip(struct json_scan *s, struct json_value *ret_value);
// After the top value: only white space may follow.
bool json_at_end(struct json_scan *s);

// Bytes of a string value without its quotes, as they stand in the body.
str json_raw(const struct json_scan *s, struct json_value v);
// The decoded string: the body's own bytes where nothing is escaped, else a copy in the arena.
// Lone surrogates become U+FFFD. Text of a user: reveal with care.
str json_decode(struct arena *a, str raw, bool escaped);
#endif
