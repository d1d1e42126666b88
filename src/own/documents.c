// documents.c: stretches of known texts, found again wherever they are quoted. A text is read as
// its letters and digits alone, folded. Of each stretch of GRAM of them there is a rolling hash; of
// WINDOW hashes in a row the least one is kept (winnowing: Schleimer, Wilkerson and Aiken, SIGMOD
// 2003), so any quotation of GRAM + WINDOW - 1 letters holds one that is kept. A place is told
// where two different ones are near each other, as one alone may be a common phrase.
#include "base/mem.h"
#include "own/inner.h"

enum { GRAM = 40, WINDOW = 24, NEAR = 240, KEPT_MAX = 1 << 22, FILTER_BITS = 1 << 20 };
static const uint64_t BASE = 0x100000001b3;

struct documents {
    uint64_t *table; // open addressing, 0 is empty; the kind in the lowest five bits
    size_t size, count;
    uint64_t filter[FILTER_BITS / 64];
};
_Static_assert(OWN_KINDS_MAX <= 32, "five bits for a kind");

struct documents *documents_new(void)
{
    enum { FIRST = 1 << 10 };
    struct documents *d = mem_new(sizeof *d);
    d->size = FIRST;
    d->table = mem_new_array(uint64_t, d->size);
    return d;
}

void documents_free(struct documents *d)
{
    if (!d)
        return;
    mem_free(d->table);
    mem_free(d);
}

static bool counts(char c)
{
    return is_sign_of_word(c) || c & 0x80;
}

// The last GRAM letters and digits of a text that is read byte by byte.
struct roll {
    uint64_t hash, drop; // drop: BASE to the GRAM-th
    uint8_t last[GRAM];
    size_t n;
};

static void roll_init(struct roll *r)
{
    *r = (struct roll){.drop = 1};
    for (int i = 0; i < GRAM; i++)
        r->drop *= BASE;
}

// True when there are GRAM of them, with their hash, well mixed.
static bool roll_on(struct roll *r, char c, uint64_t *ret_hash)
{
    uint8_t b = (uint8_t)folded(c), *slot = &r->last[r->n % GRAM];
    r->hash = r->hash * BASE + b + 1;
    if (r->n >= GRAM)
        r->hash -= r->drop * (*slot + 1u);
    *slot = b;
    if (++r->n < GRAM)
        return false;
    uint64_t h = r->hash * 0x9e3779b97f4a7c15;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
    *ret_hash = (h ^ h >> 29) & ~(uint64_t)31;
    return true;
}

static size_t slot_of(const struct documents *d, uint64_t hash)
{
    size_t i = (size_t)(hash >> 20) & (d->size - 1);
    while (d->table[i] && (d->table[i] & ~(uint64_t)31) != hash)
        i = (i + 1) & (d->size - 1);
    return i;
}

static void grow(struct documents *d)
{
    uint64_t *old = d->table;
    size_t n = d->size;
    d->size *= 2;
    d->table = mem_new_array(uint64_t, d->size);
    for (size_t i = 0; i < n; i++)
        if (old[i])
            d->table[slot_of(d, old[i] & ~(uint64_t)31)] = old[i];
    mem_free(old);
}

static void keep(struct documents *d, uint64_t hash, unsigned kind)
{
    if (hash == 0)
        return;
    if (d->count * 2 >= d->size)
        grow(d);
    size_t i = slot_of(d, hash);
    d->count += d->table[i] == 0;
    d->table[i] = hash | kind;
    d->filter[hash >> 44 >> 6 & (countof(d->filter) - 1)] |= (uint64_t)1 << (hash >> 44 & 63);
}

bool documents_add(struct documents *d, unsigned kind, str text, char ret_why[OWN_WHY])
{
    uint64_t window[WINDOW], hash, last = 0;
    size_t grams = 0;
    struct roll r;
    roll_init(&r);
    for (size_t i = 0; i < text.n; i++) {
        if (!counts(text.p[i]) || !roll_on(&r, text.p[i], &hash))
            continue;
        window[grams++ % WINDOW] = hash;
        if (grams < WINDOW)
            continue;
        uint64_t least = UINT64_MAX;
        for (int k = 0; k < WINDOW; k++)
            least = window[k] < least ? window[k] : least;
        if (least != last)
            keep(d, least, kind);
        last = least;
        if (d->count > KEPT_MAX) {
            snprintf(ret_why, OWN_WHY, "the documents are too large: about %d MiB fit",
                     KEPT_MAX / (1 << 20) * (WINDOW + 1) / 2);
            return false;
        }
    }
    if (grams >= 2 * WINDOW)
        return true;
    snprintf(ret_why, OWN_WHY,
             "a document has at least %d letters and digits; give what is "
             "shorter as a word or a pattern",
             GRAM + 2 * WINDOW);
    return false;
}

void documents_find(const struct documents *d, str text, struct places *out)
{
    uint64_t hash, seen = 0;
    size_t seen_at = 0, seen_end = 0, begins[GRAM] = {0};
    struct roll r;
    roll_init(&r);
    for (size_t i = 0; i < text.n && !out->more; i++) {
        if (!counts(text.p[i]))
            continue;
        begins[r.n % GRAM] = i;
        if (!roll_on(&r, text.p[i], &hash) ||
            !(d->filter[hash >> 44 >> 6 & (countof(d->filter) - 1)] >> (hash >> 44 & 63) & 1))
            continue;
        uint64_t known = d->table[slot_of(d, hash)];
        if (!known)
            continue;
        size_t start = begins[r.n % GRAM], end = i + 1; // r.n moved on: the oldest stands there
        if (seen && known != seen && start < seen_end + NEAR && (known & 31) == (seen & 31)) {
            struct own_place *before = out->count ? &out->at[out->count - 1] : NULL;
            if (before && before->kind == (known & 31) && before->start <= seen_at &&
                before->end >= seen_at)
                before->end = end;
            else
                place_add(out, (unsigned)(known & 31), seen_at, end);
        }
        seen = known;
        seen_at = start;
        seen_end = end;
    }
}
