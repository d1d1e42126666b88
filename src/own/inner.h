// inner.h: the three ways to look, each a file. Private to own.
#ifndef OWN_INNER_H
#define OWN_INNER_H
#include "own/own.h"

struct places {
    struct own_place *at;
    size_t count, max;
    bool more; // than fit
};
static inline void place_add(struct places *p, unsigned kind, size_t start, size_t end)
{
    must(start < end);
    if (p->count == p->max)
        p->more = true;
    else
        p->at[p->count++] = (struct own_place){kind, start, end};
}

static inline char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
static inline bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline bool is_sign_of_word(char c) // ASCII letters and digits
{
    return (c >= '0' && c <= '9') || (folded(c) >= 'a' && folded(c) <= 'z');
}

struct words;
struct words *words_new(void);
void words_free(struct words *w);
bool words_add(struct words *w, unsigned kind, str word, char ret_why[OWN_WHY]) must_check;
void words_seal(struct words *w);
void words_find(const struct words *w, str text, struct places *out);

struct patterns;
struct patterns *patterns_new(void);
void patterns_free(struct patterns *p);
bool patterns_add(struct patterns *p, unsigned kind, str pattern, char ret_why[OWN_WHY]) must_check;
// False when one cost too much.
bool patterns_find(const struct patterns *p, str text, struct places *out) must_check;

struct documents;
struct documents *documents_new(void);
void documents_free(struct documents *d);
bool documents_add(struct documents *d, unsigned kind, str text, char ret_why[OWN_WHY]) must_check;
void documents_find(const struct documents *d, str text, struct places *out);
#endif
