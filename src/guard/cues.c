// cues.c: finds the words of the table in cues.h: a filter of their first three bytes lets few
// other words through, then the rows with the same first letter are halved; the few that do not
// begin with an ASCII letter are all tried. Invariant: the rows stand in the order of their bytes.
#include "guard/cues.h"

enum form { WHOLE, STEM };

// In lower case, as far as they are letters.
#define BYTE(p, i) ((uint32_t)((uint8_t)(p)[i] | 0x20))
#define HEAD(p)    (BYTE(p, 0) << 16 | BYTE(p, 1) << 8 | BYTE(p, 2))
#define HEAD_4(p)  (BYTE(p, 0) | BYTE(p, 1) << 8 | BYTE(p, 2) << 16 | BYTE(p, 3) << 24)
#define FOURTH(p)  ((uint8_t)((p)[3] ? (p)[3] | 0x20 : 0))
enum { HEAD_BYTES = 3 };

#define FOUR(of, i)    of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define SIXTEEN(of, i) FOUR(of, i), FOUR(of, (i) + 4), FOUR(of, (i) + 8), FOUR(of, (i) + 12)

static const struct cue_row rows[] = {
#define ROW(word, kind, form, id, i)                                                               \
    {{word, sizeof(word) - 1}, CUE_##kind, form == STEM, ID_##id, HEAD(word), FOURTH(word)},
    CUES(ROW, 0)};

// How many rows begin with a lower letter than 'a' + i.
#define LOWER(word, kind, form, id, i) +((uint8_t)(word)[0] < 'a' + (i))
#define ROWS_BELOW(i)                  (0 CUES(LOWER, i))
static const uint8_t first_row[] = {
    SIXTEEN(ROWS_BELOW, 0), FOUR(ROWS_BELOW, 16), FOUR(ROWS_BELOW, 20), ROWS_BELOW(24),
    ROWS_BELOW(25),         ROWS_BELOW(26),       countof(rows)};
enum { NOT_ASCII = 26 };

// A bit for each hash of a row's head; of the first four bytes of those that wake.
#define SLOT(head)                      ((head)*0x9e3779b1u >> 20)
#define BIT_AT(slot, i)                 ((slot) / 64 == (i) ? (uint64_t)1 << (slot) % 64 : 0)
#define BIT(word, i)                    BIT_AT(SLOT(HEAD(word)), i)
#define ANY(word, kind, form, id, i)    | BIT(word, i)
#define BIT_4(word, i)                  BIT_AT(CUE_SLOT(HEAD_4(word)), i)
#define WAKING(word, kind, form, id, i) | (CUE_##kind < CUE_WAKING ? BIT_4(word, i) : 0)
#define ALL_BITS(i)                     (0 CUES(ANY, i))
#define WAKING_BITS(i)                  (0 CUES(WAKING, i))
#define FILTER(of)                                                                                 \
    {                                                                                              \
        SIXTEEN(of, 0), SIXTEEN(of, 16), SIXTEEN(of, 32), SIXTEEN(of, 48)                          \
    }
static const uint64_t all_heads[64] = FILTER(ALL_BITS);
const uint64_t cue_filter[CUE_FILTER_WORDS] = FILTER(WAKING_BITS);

static bool passes(const uint64_t filter[64], uint32_t head)
{
    uint32_t slot = SLOT(head);
    return filter[slot / 64] >> slot % 64 & 1;
}

size_t cue_count(void)
{
    return countof(rows);
}

str cue_word(size_t i)
{
    must(i < countof(rows));
    return rows[i].word;
}

static bool letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80);
}

// The row's word in any case; a whole word is followed by no letter.
static bool row_at(const struct cue_row *r, str text, size_t at)
{
    if (text.n - at < r->word.n || !str_eq_nocase(str_of(text.p + at, r->word.n), r->word))
        return false;
    if (r->stem)
        return true;
    size_t end = at + r->word.n;
    return end == text.n || !letter(text.p[end]);
}

const struct cue_row *cue_at(str text, size_t at)
{
    must(at < text.n);
    if (text.n - at < HEAD_BYTES)
        return NULL;
    uint32_t head = HEAD(text.p + at);
    if (!passes(all_heads, head))
        return NULL;
    unsigned letter = (unsigned char)(text.p[at] | 0x20) - 'a';
    const struct cue_row *found = NULL;
    if (text.p[at] & 0x80)
        letter = NOT_ASCII;
    if (letter > NOT_ASCII)
        return NULL;
    size_t i = first_row[letter], end = first_row[letter + 1];
    for (size_t past = end; letter < NOT_ASCII && i < past;) { // the first row that is not below
        size_t middle = (i + past) / 2;
        if (rows[middle].head < head)
            i = middle + 1;
        else
            past = middle;
    }
    while (letter == NOT_ASCII && i < end && rows[i].head != head)
        i++;
    uint8_t fourth = text.n - at > HEAD_BYTES ? (uint8_t)(text.p[at + HEAD_BYTES] | 0x20) : 0;
    for (; i < end && rows[i].head == head; i++)
        if ((rows[i].fourth == 0 || rows[i].fourth == fourth) && row_at(&rows[i], text, at))
            found = &rows[i]; // the longer stands behind
    return found;
}
