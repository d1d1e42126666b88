// packed.c: the features of a request as a run of bytes, so that what was learned from can be kept
// without the text. Little-endian: the shape (4 bytes), bytes of the message (4) and of what was
// read of it (2), whether there was any text (1), its words that need no blanks (2) and its
// blanks (2); then each group: how many (2), and 3 bytes a
// feature. Invariants: (1) of a hash only as many bits are kept as the largest model has buckets,
// so that weights learned from it are the same for every size of model; (2) what packed_holds took
// fits the rooms of struct features.
#include "route/features.h"
#include "route/model.h"

enum { HEAD_BYTES = 4 + 4 + 2 + 1 + 2 + 2, COUNT_BYTES = 2, FEATURE_BYTES = 3 };
_Static_assert((int)BUCKET_BITS_MAX <= 8 * (int)FEATURE_BYTES, "a bucket's number fits");
enum { PACKED_MAX = HEAD_BYTES + GROUP_COUNT * COUNT_BYTES + 3 * 8 * TOKENS_MAX };

static void put_number(struct buf *out, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_putc(out, (char)(v >> (8 * i) & 0xff));
}

static uint32_t number_at(const char *p, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint32_t)(uint8_t)p[i] << (8 * i);
    return v;
}

// Every kind of feature is in it: words of two scripts, a label, a fence, a quotation, numbers.
uint32_t packed_shape(void)
{
    static const char sample[] =
        "Summarise this: \"the quick brown fox jumps over the lazy dog and on\"\n\nText 2:\n- "
        "caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 3.14 x=[1,2]; A) yes\n```\nint "
        "main(void);\n```\n\\f?";
    struct view v;
    struct features f;
    uint32_t h = GROUP_COUNT + 256 * HEAD_BYTES;
    const str beside[BESIDE_COUNT] = {S("and before"), S("an answer"), S("a system prompt")};
    view_of_text(&v, str_of(sample, sizeof sample - 1), beside);
    v.tools = v.media = v.schema = true;
    features_read(&f, &v, NULL);
    for (int g = 0; g < GROUP_COUNT; g++)
        for (uint32_t i = 0; i <= f.group[g].n; i++)
            h = (h ^ (i < f.group[g].n ? f.group[g].at[i] : i)) * 0x01000193u;
    return h;
}

void packed_write(struct buf *out, const struct features *f, struct seen seen)
{
    put_number(out, packed_shape(), 4);
    put_number(out, seen.total_bytes, 4);
    put_number(out, seen.read_bytes, 2);
    put_number(out, seen.empty, 1);
    put_number(out, f->alone, 2);
    put_number(out, f->blanks, 2);
    for (int g = 0; g < GROUP_COUNT; g++) {
        const struct hashes *h = &f->group[g];
        must(h->n <= UINT16_MAX);
        put_number(out, h->n, COUNT_BYTES);
        for (uint32_t i = 0; i < h->n; i++)
            put_number(out, h->at[i] & ((1u << BUCKET_BITS_MAX) - 1), FEATURE_BYTES);
    }
}

// Room of the groups as features_read leaves it: pairs stand behind the words.
static uint32_t room_of(const struct features *f, int g)
{
    return g == GROUP_WORDS ? (uint32_t)WORDS_MAX : f->group[g].cap;
}

bool packed_holds(str packed, uint32_t shape)
{
    struct features f;
    if (packed.n < HEAD_BYTES || number_at(packed.p, 4) != shape)
        return false;
    features_empty(&f);
    packed = str_from(packed, HEAD_BYTES);
    for (int g = 0; g < GROUP_COUNT; g++) {
        uint32_t n = packed.n < COUNT_BYTES ? UINT32_MAX : number_at(packed.p, COUNT_BYTES);
        if (n > room_of(&f, g) || packed.n < COUNT_BYTES + FEATURE_BYTES * (size_t)n)
            return false;
        packed = str_from(packed, COUNT_BYTES + FEATURE_BYTES * (size_t)n);
    }
    return packed.n == 0;
}

void packed_read(str packed, struct features *ret_features, struct seen *ret_seen)
{
    const char *p = packed.p + HEAD_BYTES, *end = packed.p + packed.n;
    must(packed.n >= HEAD_BYTES);
    *ret_seen = (struct seen){.total_bytes = number_at(packed.p + 4, 4),
                              .read_bytes = number_at(packed.p + 8, 2),
                              .empty = packed.p[10] != 0};
    features_empty(ret_features);
    ret_features->alone = number_at(packed.p + 11, 2);
    ret_features->blanks = number_at(packed.p + 13, 2);
    for (int g = 0; g < GROUP_COUNT; g++) {
        struct hashes *h = &ret_features->group[g];
        must(end - p >= COUNT_BYTES);
        h->n = (uint16_t)number_at(p, COUNT_BYTES);
        p += COUNT_BYTES;
        must(h->n <= room_of(ret_features, g) && end - p >= FEATURE_BYTES * (ptrdiff_t)h->n);
        for (uint32_t i = 0; i < h->n; i++, p += FEATURE_BYTES)
            h->at[i] = number_at(p, FEATURE_BYTES);
    }
    must(p == end);
    ret_features->tokens = (ret_features->group[GROUP_WORDS].n + 1u) / 2; // and their pairs
}

void route_features_pack(struct buf *out, const struct ask *ask)
{
    struct view v;
    struct features f;
    struct buf packed;
    view_of_ask(&v, ask);
    features_read(&f, &v, NULL);
    buf_init(&packed, PACKED_MAX);
    packed_write(&packed, &f, view_seen(&v));
    must(!packed.over);
    buf_put_base64(out, buf_str(&packed));
    buf_done(&packed);
}

bool route_features_open(struct arena *a, str base64, str *ret_packed)
{
    struct buf packed;
    buf_init(&packed, PACKED_MAX);
    bool fine =
        buf_put_from_base64(&packed, base64) && packed_holds(buf_str(&packed), packed_shape());
    if (fine)
        *ret_packed = arena_copy(a, buf_str(&packed));
    buf_done(&packed);
    return fine;
}
