// own.c: the door: kinds, and the three ways to look one after the other.
#include "base/mem.h"
#include "own/inner.h"

enum { TYPE_BYTES = 40 };

struct own {
    char types[OWN_KINDS_MAX][TYPE_BYTES];
    unsigned kinds;
    struct words *words; // each NULL until there is one
    struct patterns *patterns;
    struct documents *documents;
    uint64_t digest;
    bool sealed;
};

struct own *own_new(void)
{
    return mem_new(sizeof(struct own));
}

void own_free(struct own *o)
{
    if (!o)
        return;
    words_free(o->words);
    patterns_free(o->patterns);
    documents_free(o->documents);
    mem_free(o);
}

// What is added changes the digest, and so does its place among the others.
static void mix(struct own *o, char what, unsigned kind, str s)
{
    const uint64_t odd = 0x9e3779b97f4a7c15;
    o->digest = (o->digest ^ str_hash(s) ^ (uint64_t)what << 56 ^ kind) * odd;
    o->digest ^= o->digest >> 29;
}

unsigned own_kind(struct own *o, str type)
{
    must(!o->sealed && o->kinds < OWN_KINDS_MAX && type.n > 0 && type.n < TYPE_BYTES);
    str_copy_to(o->types[o->kinds], TYPE_BYTES, type);
    mix(o, 'k', o->kinds, type);
    return o->kinds++;
}

unsigned own_kind_count(const struct own *o)
{
    return o->kinds;
}

const char *own_type(const struct own *o, unsigned kind)
{
    must(kind < o->kinds);
    return o->types[kind];
}

bool own_add_word(struct own *o, unsigned kind, str word, char ret_why[OWN_WHY])
{
    must(!o->sealed && kind < o->kinds);
    if (!o->words)
        o->words = words_new();
    mix(o, 'w', kind, word);
    return words_add(o->words, kind, word, ret_why);
}

bool own_add_pattern(struct own *o, unsigned kind, str pattern, char ret_why[OWN_WHY])
{
    must(!o->sealed && kind < o->kinds);
    if (!o->patterns)
        o->patterns = patterns_new();
    mix(o, 'p', kind, pattern);
    return patterns_add(o->patterns, kind, pattern, ret_why);
}

bool own_add_document(struct own *o, unsigned kind, str text, char ret_why[OWN_WHY])
{
    must(!o->sealed && kind < o->kinds);
    if (!o->documents)
        o->documents = documents_new();
    mix(o, 'd', kind, text);
    return documents_add(o->documents, kind, text, ret_why);
}

void own_seal(struct own *o)
{
    must(!o->sealed);
    if (o->words)
        words_seal(o->words);
    o->sealed = true;
}

uint64_t own_digest(const struct own *o)
{
    return o->digest;
}

bool own_find(const struct own *o, str text, struct own_place *ret_places, size_t max,
              size_t *ret_count)
{
    struct places out = {ret_places, 0, max, false};
    must(o->sealed && max > 0);
    bool fine = true;
    if (o->words)
        words_find(o->words, text, &out);
    if (o->patterns)
        fine = patterns_find(o->patterns, text, &out);
    if (o->documents)
        documents_find(o->documents, text, &out);
    *ret_count = out.count;
    return fine && !out.more;
}
