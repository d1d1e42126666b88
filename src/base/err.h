// err.h: the world's failures, one table (errors.def). A function logs or returns an error, never
// both.
// struct fault carries what a client needs to mend its request; it never quotes the request.
#ifndef BASE_ERR_H
#define BASE_ERR_H
#include "base/str.h"

enum err {
    OK = 0,
#define ERR(name, status, retry, type, code, sentence) ERR_##name,
#include "base/errors.def"
#undef ERR
    ERR_COUNT
};

enum retry { RETRY_NEVER, RETRY_SAME, RETRY_NEXT };

int err_status(enum err e);           // HTTP status; 200 for OK
enum retry err_retry(enum err e);
const char *err_name(enum err e);     // "UPSTREAM_TIMEOUT"; "OK"
const char *err_type(enum err e);     // OpenAI's error.type
const char *err_code(enum err e);     // OpenAI's error.code
const char *err_sentence(enum err e);

// Where a request is wrong. `param` is a path such as messages[2].content (names of fields we know,
// never a value); `at_byte` a position in the body, or -1. `say` is an own sentence, or empty: then
// the table's.
struct fault {
    enum err err;
    int64_t at_byte;
    char param[96];
    char say[160];
};
enum err fault_set(struct fault *f, enum err e, const char *param, int64_t at_byte);
#endif
