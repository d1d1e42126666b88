// secret.h: how values look that open something, shared by secret.c and spoken.c. Private to guard.
#ifndef GUARD_SECRET_H
#define GUARD_SECRET_H
#include "guard/detector.h"

enum value_kind {
    VALUE_PASSWORD, // six bytes or more, letters with digits or signs
    VALUE_TOKEN,    // sixteen or more, letters and digits
    VALUE_KEY,      // the same behind a word that names much else: hex or mixed letters
    VALUE_PIN,      // four to eight digits
};
// The value that begins at `at`, with or without a quotation mark, when it looks like the kind.
bool value_at(str text, size_t at, enum value_kind kind, struct hit *ret_hit);
// A placeholder, a variable, a call: no value itself.
bool stands_for_another(str value);
bool holds_one_of(str s, const str *words, size_t n); // in any case
static inline bool url_end(char c)
{
    return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`';
}
// At a cue: armoured private keys, "the password is …", "Bearer …", curl -u and the like.
bool spoken(const struct look *l, struct hit *ret_hit);
#endif
