// secret.h: how values look that open something, shared by secret.c, tokens.c
// and spoken.c. Private to guard.
#ifndef GUARD_SECRET_H
#define GUARD_SECRET_H
#include "guard/detector.h"

enum value_kind {
    VALUE_PASSWORD, // six bytes or more, letters with digits or signs
    VALUE_TOKEN,    // sixteen or more, letters and digits
    VALUE_KEY,      // the same behind a word that names much else: hex or mixed letters
    VALUE_PIN,      // four to eight digits
    VALUE_WORD,     // as a password, or a word of six letters or more
};
// The value that begins at `at`, with or without a quotation mark, when it looks like the kind.
bool value_at(struct look *l, size_t at, enum value_kind kind, struct hit *ret_hit);
// Bytes that nobody would think of: hex digits, or letters and digits well mixed.
bool random_looking(str value);
bool is_guid(str value); // eight, four, four, four and twelve hex digits
// A placeholder, a variable, a call: no value itself.
bool stands_for_another(str value);
bool holds_one_of(str s, const str *words, size_t n); // in any case
static inline bool url_end(char c)
{
    return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`';
}
// For each last letter of a telling name, a bit for each letter before it.
extern const uint32_t secret_endings[32];
static inline bool between_name_and_sign(char c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\\' || c == ':';
}
// The end of what may be a telling name before the sign at `at`, 0 when there is none. Most signs
// have none; cheap, for the pass to ask before it wakes anyone.
static inline size_t secret_name_end(str t, size_t at)
{
    enum { BETWEEN_MAX = 12 };
    size_t end = at;
    while (end > 0 && at - end < BETWEEN_MAX && between_name_and_sign(t.p[end - 1]))
        end--;
    bool named = end >= 2 && (is_letter(t.p[end - 1]) || t.p[end - 1] & 0x80) &&
                 secret_endings[t.p[end - 1] & 31] >> (t.p[end - 2] & 31) & 1;
    return named ? end : 0;
}
// Bytes that differ; invented values such as xxxxxxxx have few.
unsigned different(str s);
static inline bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
// A macro over i to i + 31, for tables by a letter.
#define EIGHT(of, i)                                                                               \
    of(i), of((i) + 1), of((i) + 2), of((i) + 3), of((i) + 4), of((i) + 5), of((i) + 6), of((i) + 7)
#define THIRTY_TWO(of, i) EIGHT(of, i), EIGHT(of, (i) + 8), EIGHT(of, (i) + 16), EIGHT(of, (i) + 24)
// A token that tells itself, in or around the run of key bytes at `run`.
bool token_at(str text, size_t run, struct hit *ret_hit);
// Whether what has this name may be seen by everybody: a public key, a cache key.
bool public_name(str name);
// At a run of key bytes: one that looks random, behind a word that says what it is.
bool told(struct look *l, struct hit *ret_hit);
// At a cue: armoured private keys, "the password is …", "Bearer …", curl -u and the like.
bool spoken(struct look *l, struct hit *ret_hit);
#endif
