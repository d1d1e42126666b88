// cues.c: finds the words of the table in cues.h by halving the rows with the same first letter.
// Invariant: the rows stand in the order of their bytes.
#include "guard/cues.h"

enum form { STEM, WHOLE };

// In lower case, as far as they are letters.
#define BYTE(p, i) ((uint32_t)((uint8_t)(p)[i] | 0x20))
#define HEAD(p)    (BYTE(p, 0) << 16 | BYTE(p, 1) << 8 | BYTE(p, 2))
enum { HEAD_BYTES = 3 };

#define FOUR(of, i)    of(i), of((i) + 1), of((i) + 2), of((i) + 3)
#define SIXTEEN(of, i) FOUR(of, i), FOUR(of, (i) + 4), FOUR(of, (i) + 8), FOUR(of, (i) + 12)

static const struct row {
    str word;
    enum cue cue;
    enum form form;
    uint32_t head; // the first three bytes, the first of them highest
} rows[] = {
#define ROW(word, kind, form, i) {{word, sizeof(word) - 1}, CUE_##kind, form, HEAD(word)},
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
    if (letter >= countof(first_row) - 1 || text.n - at < HEAD_BYTES)
        return false;
    uint32_t head = HEAD(text.p + at);
    size_t i = first_row[letter], end = first_row[letter + 1], past = end;
    while (i < past) { // the first row that is not below
        size_t middle = (i + past) / 2;
        if (rows[middle].head < head)
            i = middle + 1;
        else
            past = middle;
    }
    for (; i < end && rows[i].head == head; i++)
        if (row_at(&rows[i], text, at)) {
            *ret_cue = rows[i].cue;
            *ret_end = at + rows[i].word.n;
            return true;
        }
    return false;
}
