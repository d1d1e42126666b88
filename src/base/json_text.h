// json_text.h: what stands between the quotes of a JSON string: passing over it and decoding it.
// Made for json.c, which checks that letters are valid UTF-8. Each has a twin for processors
// without AVX2, and for the tests.
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H
#include "base/str.h"

// The first place from p on where the text ends: at a quote, at a byte or a backslash that may not
// stand in a string, or at the end. *escaped is set where there was an escape; *foreign where there
// may have been bytes beyond ASCII, never left false where there were.
const char *json_text_pass(const char *p, const char *end, bool *escaped, bool *foreign);
const char *json_text_pass_plain(const char *p, const char *end, bool *escaped, bool *foreign);

// Writes what raw means and returns its length, at most raw.n; raw was passed without a fault, or
// is a whole value that was. dst has room for JSON_TEXT_SLACK bytes more.
enum { JSON_TEXT_SLACK = 32 };
size_t json_text_decode(char *dst, str raw);
size_t json_text_decode_plain(char *dst, str raw);
#endif
