// features.h: what the classifier sees of a request: a view of at most ROUTE_READ_MAX bytes, read
// once into hashes in groups. Training and serving read with the same code, so that the two cannot
// drift apart. Private to route.
#ifndef ROUTE_FEATURES_H
#define ROUTE_FEATURES_H
#include "route/route.h"

// --- view: the bytes that are looked at ------------------------------------------

enum { VIEW_HEAD = 768, VIEW_TAIL = 383, VIEW_BESIDE = 256, VIEW_PAD = 32 };
_Static_assert(VIEW_HEAD + VIEW_TAIL + BESIDE_COUNT * VIEW_BESIDE < ROUTE_READ_MAX,
               "it is bounded");

// The beginning of a text beside the last message.
struct side {
    uint32_t n; // bytes; VIEW_PAD zero bytes follow
    char text[VIEW_BESIDE + VIEW_PAD];
};

struct view {
    uint32_t n;           // bytes of text; VIEW_PAD zero bytes follow
    uint64_t total_bytes; // of the last user message, read or not
    uint64_t system_bytes;
    uint32_t turns;
    bool tools, media, schema;
    char text[VIEW_HEAD + 1 + VIEW_TAIL + VIEW_PAD];
    struct side beside[BESIDE_COUNT];
};
// A text, and BESIDE_COUNT others beside it; NULL: none.
void view_of_text(struct view *v, str text, const str *beside);
// Decodes no more of the last user message than is looked at, whatever its size.
void view_of_ask(struct view *v, const struct ask *ask);

// --- features --------------------------------------------------------------------

// Each group is summed by itself and weighs as a whole (group_value), so that a pasted page of a
// thousand words cannot shout down an instruction of five.
enum group {
    GROUP_WORDS,   // words and pairs of the instruction
    GROUP_EDGES,   // its first and last words once more, with their place; how sentences begin
    GROUP_PAYLOAD, // words of what looks pasted: quoted, fenced, a long block
    GROUP_FORM,    // bucketed counts: length, lines, digits, punctuation, labels ...
    GROUP_AROUND,  // turns, tools, system prompt; nothing where there is none
    GROUP_BEFORE,  // words of the message before; the same hashes as GROUP_WORDS
    GROUP_ANSWER,  // words of the answer between, hashed apart
    GROUP_SYSTEM,  // words of the system prompt, hashed apart
    GROUP_COUNT
};
const char *group_name(enum group g);

// A word there is another feature than in the instruction: its hash is mixed with this.
enum { PAYLOAD_SALT = 0x5bd1e995 };

enum {
    TOKENS_MAX = VIEW_HEAD + 1 + VIEW_TAIL, // a byte each, at worst
    WORDS_MAX = 2 * TOKENS_MAX,             // each, and its pair with the one before
    EDGES_MAX = 64,
    PAYLOAD_MAX = TOKENS_MAX,
    FORM_MAX = 64,
    AROUND_MAX = 8,
    BESIDE_MAX = VIEW_BESIDE,
};
struct hashes {
    uint16_t n, cap;
    uint32_t *at;
};
// Nothing here is zeroed: only the first n of each group mean anything. What passes a group's room
// is dropped.
struct features {
    struct hashes group[GROUP_COUNT];
    uint32_t tokens; // words at the front of GROUP_WORDS; behind them their pairs
    uint32_t alone;  // of all words those that are written without blanks, as Han is
    uint32_t blanks; // blanks and line ends
    uint32_t words[WORDS_MAX], edges[EDGES_MAX], payload[PAYLOAD_MAX], form[FORM_MAX],
        around[AROUND_MAX], beside[BESIDE_COUNT][BESIDE_MAX];
};
// ahead: the model whose rows will be summed, which are asked for as soon as they are known, as its
// table is larger than a core's caches; NULL: none.
void features_read(struct features *f, const struct view *v, const struct route_model *ahead);
void features_empty(struct features *f); // each group with its room
// What one feature of the group weighs in this request.
float group_value(const struct features *f, enum group g);

// --- packed: features without their text (packed.c) --------------------------------

// What a view says beside its features.
struct seen {
    uint32_t read_bytes, total_bytes;
    bool empty; // no text: nothing is known of the request
};
struct seen view_seen(const struct view *v);
// A word that is another one as soon as the same text has other features. Some microseconds.
uint32_t packed_shape(void);
void packed_write(struct buf *out, const struct features *f, struct seen seen);
bool packed_holds(str packed, uint32_t shape);
// packed: one that holds.
void packed_read(str packed, struct features *ret_features, struct seen *ret_seen);

// The hash of a word among the instruction's words; false where it is not exactly one word.
bool features_of_word(str word, uint32_t *ret_hash);
// --- known: which words training has seen ----------------------------------------

// A bit for a hash's lower bits, four times as many as buckets of weights, so that few stand for
// two words; never for more bits than packed features keep.
enum { KNOWN_BITS_MAX = 1 << 20 };
static inline uint32_t known_bits(uint32_t bucket_count)
{
    return bucket_count < KNOWN_BITS_MAX / 4 ? 4 * bucket_count : KNOWN_BITS_MAX;
}
static inline size_t known_words(uint32_t bucket_count) // of the bitmap, 64 bits each
{
    return known_bits(bucket_count) / 64;
}
static inline uint32_t known_bit(uint32_t hash, uint32_t bucket_count)
{
    return hash & (known_bits(bucket_count) - 1);
}
float known_by_chance(const uint64_t *known, uint32_t bucket_count); // share of bits that are set
// How much of the request training knows, from 0 to 1: of its words all, the first or the last few,
// whichever is most, as an instruction may stand at an end of foreign text.
float known_share(const struct features *f, const struct route_model *m);

// By what the features know a phrase of a word or two: among the instruction's words, and then
// (more than one hash) among its first. Returns how many hashes that are.
unsigned features_of_phrase(str phrase, uint32_t ret_hashes[4]);
#endif
