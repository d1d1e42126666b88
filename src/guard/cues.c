// cues.c: finds the words of the table in cues.h: a filter of their first three bytes lets few
// other words through, then the rows with the same first letter are halved; the few that do not
// begin with an ASCII letter are all tried. Invariant: the rows stand in the order of their bytes.
#include "guard/cues.h"

enum form { WHOLE, STEM };

// In lower case, as far as they are letters.
#define BYTE(p, i) ((uint32_t)((uint8_t)(p)[i] | 0x20))
#define HEAD(p)    (BYTE(p, 0) << 16 | BYTE(p, 1) << 8 | BYTE(p, 2)) // in the order of the bytes
#define HEAD_3(p)  (BYTE(p, 0) << 8 | BYTE(p, 1) << 16 | BYTE(p, 2) << 24)
#define HEAD_4(p)  (BYTE(p, 0) | BYTE(p, 1) << 8 | BYTE(p, 2) << 16 | BYTE(p, 3) << 24)
#define FOURTH(p)  ((uint8_t)((p)[3] ? (p)[3] | 0x20 : 0))

#define FOUR(of, i)    of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define SIXTEEN(of, i) FOUR(of, i), FOUR(of, (i) + 4), FOUR(of, (i) + 8), FOUR(of, (i) + 12)

static const struct cue_row rows[] = {
#define ROW(word, kind, form, id, i)                                                               \
    {{word, sizeof(word) - 1}, CUE_##kind, form == STEM, ID_##id, FOURTH(word)},
    CUES(ROW, 0)};
static const uint32_t heads[] = {
#define HEAD_OF(word, kind, form, id, i) HEAD(word),
    CUES(HEAD_OF, 0)};

// How many rows begin with a lower letter than 'a' + i.
#define LOWER(word, kind, form, id, i) +((uint8_t)(word)[0] < 'a' + (i))
#define ROWS_BELOW(i)                  (0 CUES(LOWER, i))
static const uint16_t first_row[] = {
    SIXTEEN(ROWS_BELOW, 0), FOUR(ROWS_BELOW, 16), FOUR(ROWS_BELOW, 20), ROWS_BELOW(24),
    ROWS_BELOW(25),         ROWS_BELOW(26),       countof(rows)};
enum { NOT_ASCII = 26 };

#define BIT_AT(slot, i)                 ((slot) / 64 == (i) ? (uint64_t)1 << (slot) % 64 : 0)
#define ANY(word, kind, form, id, i)    | BIT_AT(CUE_SLOT(HEAD_3(word)), i)
#define BIT_4(word, i)                  BIT_AT(CUE_SLOT(HEAD_4(word)), i)
#define WAKING(word, kind, form, id, i) | (CUE_##kind < CUE_WAKING ? BIT_4(word, i) : 0)
#define ALL_BITS(i)                     (0 CUES(ANY, i))
#define WAKING_BITS(i)                  (0 CUES(WAKING, i))
#define FILTER(of)                                                                                 \
    {                                                                                              \
        SIXTEEN(of, 0), SIXTEEN(of, 16), SIXTEEN(of, 32), SIXTEEN(of, 48)                          \
    }
const uint64_t cue_heads[CUE_FILTER_WORDS] = FILTER(ALL_BITS);
const uint64_t cue_wakers[CUE_FILTER_WORDS] = FILTER(WAKING_BITS);

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
    size_t end = at + r->word.n;
    if (text.n - at < r->word.n || (text.p[end - 1] | 0x20) != (r->word.p[r->word.n - 1] | 0x20) ||
        !str_eq_nocase(str_of(text.p + at, r->word.n), r->word))
        return false;
    if (r->stem)
        return true;
    return end == text.n || !letter(text.p[end]);
}

// How many of n heads, in order, are below this one. Without a branch a step: what words a text has
// cannot be foreseen.
static size_t below(const uint32_t *sorted, size_t n, uint32_t head)
{
    size_t i = 0;
    must(n > 0);
    for (; n > 1; n -= n / 2)
        i += sorted[i + n / 2 - 1] < head ? n / 2 : 0;
    return i + (sorted[i] < head);
}

const struct cue_row *cue_at(str text, size_t at)
{
    must(at < text.n);
    if (text.n - at < CUE_HEAD_BYTES || !cue_may_stand(text, at))
        return NULL;
    uint32_t head = HEAD(text.p + at);
    unsigned letter = text.p[at] & 0x80 ? NOT_ASCII : (unsigned)(text.p[at] | 0x20) - 'a';
    if (letter > NOT_ASCII || first_row[letter] == first_row[letter + 1])
        return NULL;
    const struct cue_row *found = NULL;
    size_t i = first_row[letter], end = first_row[letter + 1];
    if (letter < NOT_ASCII)
        i += below(heads + i, end - i, head);
    uint8_t fourth =
        text.n - at > CUE_HEAD_BYTES ? (uint8_t)(text.p[at + CUE_HEAD_BYTES] | 0x20) : 0;
    for (; i < end && (heads[i] == head || letter == NOT_ASCII); i++)
        if ((rows[i].fourth == 0 || rows[i].fourth == fourth) && row_at(&rows[i], text, at))
            found = &rows[i]; // the longer stands behind
    return found;
}
