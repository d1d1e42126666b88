// cues.c: finds the words of the table in cues.h. The filter is a bit for each hash of the first
// letters, worked out by the compiler; where it says maybe, the rows with the same first letter are
// tried. Invariant: the rows stand in the order of their bytes.
#include "guard/cues.h"

enum form { STEM, WHOLE };

#define BYTE(word, i)    ((uint32_t)(uint8_t)(word)[i] << 8 * (i))
#define FIRST_3(word)    (BYTE(word, 0) | BYTE(word, 1) | BYTE(word, 2))
#define FIRST_4(word)    (FIRST_3(word) | BYTE(word, 3))
#define IN_WORD(slot, i) ((slot) / 64 == (i) ? (uint64_t)1 << (slot) % 64 : 0)
#define FILTER_BIT(word, kind, form, i)                                                            \
    | (CUE_##kind < CUE_WAKING ? IN_WORD(CUE_SLOT(FIRST_4(word)), i) : 0)
#define FILTER(i)      (0u CUES(FILTER_BIT, i))
#define FOUR(of, i)    of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define SIXTEEN(of, i) FOUR(of, i), FOUR(of, (i) + 4), FOUR(of, (i) + 8), FOUR(of, (i) + 12)
const uint64_t cue_filter[CUE_FILTER_WORDS] = {SIXTEEN(FILTER, 0), SIXTEEN(FILTER, 16),
                                               SIXTEEN(FILTER, 32), SIXTEEN(FILTER, 48)};

#define MASK(word) (sizeof(word) == 4 ? 0xffffffu : 0xffffffffu)
static const struct row {
    str word;
    enum cue cue;
    enum form form;
    uint32_t first, mask; // the first three or four letters, in lower case
} rows[] = {
#define ROW(word, kind, form, i)                                                                   \
    {{word, sizeof(word) - 1}, CUE_##kind, form, FIRST_4(word) | 0x20202020u, MASK(word)},
    CUES(ROW, 0)};

// How many rows begin with a lower letter than 'a' + i.
#define LOWER(word, kind, form, i) +((word)[0] < 'a' + (i))
#define ROWS_BELOW(i)              (0 CUES(LOWER, i))
static const uint8_t first_row[] = {SIXTEEN(ROWS_BELOW, 0), FOUR(ROWS_BELOW, 16),
                                    FOUR(ROWS_BELOW, 20),   ROWS_BELOW(24),
                                    ROWS_BELOW(25),         countof(rows)};

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
static bool row_at(const struct row *r, str text, size_t at)
{
    if (text.n - at < r->word.n || !str_eq_nocase(str_of(text.p + at, r->word.n), r->word))
        return false;
    if (r->form == STEM)
        return true;
    size_t end = at + r->word.n;
    return end == text.n || !letter(text.p[end]);
}

bool cue_at(str text, size_t at, enum cue *ret_cue, size_t *ret_end)
{
    must(at < text.n);
    unsigned letter = (unsigned char)(text.p[at] | 0x20) - 'a';
    uint32_t w = 0;
    if (letter >= countof(first_row) - 1 || text.n - at < 3)
        return false;
    if (text.n - at >= sizeof w) // of constant length: a call here would cost more than all else
        memcpy(&w, text.p + at, sizeof w);
    else
        w = FIRST_3(text.p + at);
    w |= 0x20202020u;
    for (size_t i = first_row[letter]; i < first_row[letter + 1]; i++)
        if (((w ^ rows[i].first) & rows[i].mask) == 0 && row_at(&rows[i], text, at)) {
            *ret_cue = rows[i].cue;
            *ret_end = at + rows[i].word.n;
            return true;
        }
    return false;
}
