// known.c: how much of a request's words training has seen. Who knows few of them does not know
// what is asked, whatever the weights say: classify.c then says so.
#include "route/features.h"

enum { BLOB_WORDS = 16, BLOB_BLANKS = 2 };
enum { EDGE = 5 }; // words at an end that may be an instruction by themselves

float known_by_chance(const uint64_t *known, uint32_t bucket_count)
{
    const size_t words = known_words(bucket_count);
    size_t set = 0;
    must(words > 0);
    for (size_t i = 0; i < words; i++)
        set += (size_t)__builtin_popcountll(known[i]);
    return (float)set / (float)(words * 64);
}

// Of n words: the share that is known, one more counted as known, so that a single word which
// nobody knows, such as a name, is half known.
static float share_of(const struct route_model *m, const uint32_t *word, uint32_t n, uint32_t salt)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = known_bit(word[i] ^ salt, m->bucket_count);
        hits += (uint32_t)(m->known[bit / 64] >> bit % 64) & 1;
    }
    // what other words' bits make look known
    float chance = m->known_by_chance * (float)(n - hits) / (1.0f - m->known_by_chance);
    float sure = (float)hits - chance;
    return ((sure > 0 ? sure : 0) + 1) / (float)(n + 1);
}

float known_share(const struct features *f, const struct route_model *m)
{
    const uint32_t *word = f->words;
    uint32_t n = f->tokens, salt = 0;
    must(n <= TOKENS_MAX && m->known_by_chance < 1);
    if (n == 0) { // all of it is pasted
        word = f->payload;
        n = f->group[GROUP_PAYLOAD].n;
        salt = PAYLOAD_SALT;
    }
    if (n > f->alone + BLOB_WORDS && f->blanks <= BLOB_BLANKS)
        return 0; // no language: encoded, packed, or noise, of which the short pieces are known
    float most = share_of(m, word, n, salt);
    if (n <= EDGE)
        return most;
    float first = share_of(m, word, EDGE, salt), last = share_of(m, word + n - EDGE, EDGE, salt);
    most = first > most ? first : most;
    return last > most ? last : most;
}
