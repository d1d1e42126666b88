// json_text.h: what stands between the quotes of a JSON string: passing over it and decoding it.
// Made for json.c, which checks that letters are valid UTF-8. Each has a twin for processors
// without AVX2, and for the tests.
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H
#include "base/str.h"

// What was met on the way; counts are added to.
struct json_text {
    bool escaped;
    bool foreign; // bytes beyond ASCII: never false where there are, perhaps true where there are
                  // not
    // How many bytes decoding saves, and how many escapes stand for letters of three bytes. Half of
    // a pair counts as such a letter, and one of ASCII as one of two bytes.
    uint32_t saves, wide;
};

// The first place from p on where the text ends: at a quote, at a byte or a backslash that may not
// stand in a string, or at the end.
const char *json_text_pass(const char *p, const char *end, struct json_text *t);
const char *json_text_pass_plain(const char *p, const char *end, struct json_text *t);

// Writes what raw means and returns its length, at most raw.n; raw was passed without a fault, or
// is a whole value that was. dst has room for JSON_TEXT_SLACK bytes more.
enum { JSON_TEXT_SLACK = 32 };
size_t json_text_decode(char *dst, str raw);
size_t json_text_decode_plain(char *dst, str raw);
#endif
