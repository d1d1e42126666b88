// words.c: a dictionary of names and phrases. Words that begin with the same three bytes, folded,
// stand in one row of a table; a text asks it at each place where a word may begin.
// Invariants: (1) words are kept folded, with one blank for each white space; (2) a row is its
// slice of `order`, from first[row] to first[row + 1]; (3) a text costs at most the longest row at
// each of its places: linear in the text.
#include "base/mem.h"
#include "own/inner.h"

enum { ROWS = 1 << 14, WORD_BYTES_MAX = 200, BLANKS_MAX = 8 };

struct word {
    uint32_t at; // in `bytes`
    uint16_t n;
    uint8_t kind;
};

struct words {
    struct buf bytes, list; // list: struct word
    struct word *order;     // by row
    size_t count;
    uint32_t first[ROWS + 1];
};

struct words *words_new(void)
{
    enum { BYTES_MAX = 256 << 20 };
    struct words *w = mem_new(sizeof *w);
    buf_init(&w->bytes, BYTES_MAX);
    buf_init(&w->list, BYTES_MAX);
    return w;
}

void words_free(struct words *w)
{
    if (!w)
        return;
    buf_done(&w->bytes);
    buf_done(&w->list);
    mem_free(w->order);
    mem_free(w);
}

static unsigned row_of(const char *p) // three folded bytes
{
    uint32_t v = (uint32_t)(uint8_t)p[0] << 16 | (uint32_t)(uint8_t)p[1] << 8 | (uint8_t)p[2];
    return v * 2654435761u >> 18;
}
_Static_assert(ROWS == 1 << (32 - 18), "a row for each hash");

bool words_add(struct words *w, unsigned kind, str word, char ret_why[OWN_WHY])
{
    char kept[WORD_BYTES_MAX];
    size_t n = 0;
    word = str_trim(word);
    for (size_t i = 0; i < word.n; i++) {
        char c = is_blank(word.p[i]) ? ' ' : folded(word.p[i]);
        if (c == ' ' && kept[n - 1] == ' ')
            continue;
        if (n == sizeof kept) {
            snprintf(ret_why, OWN_WHY, "a word has at most %d bytes", WORD_BYTES_MAX);
            return false;
        }
        kept[n++] = c;
    }
    if (n < OWN_WORD_LEAST || memchr(kept, ' ', OWN_WORD_LEAST)) {
        snprintf(ret_why, OWN_WHY,
                 "a word begins with three letters or more: shorter ones would "
                 "be found everywhere");
        return false;
    }
    struct word row = {(uint32_t)w->bytes.n, (uint16_t)n, (uint8_t)kind};
    buf_put(&w->bytes, str_of(kept, n));
    buf_put(&w->list, str_of((const char *)&row, sizeof row));
    if (w->bytes.over || w->list.over) {
        snprintf(ret_why, OWN_WHY, "there are too many words");
        return false;
    }
    w->count++;
    return true;
}

void words_seal(struct words *w)
{
    must(!w->order && w->list.n == w->count * sizeof(struct word));
    w->order = mem_new_array(struct word, w->count + 1);
    const char *rows = w->list.p;
    for (size_t i = 0; i < w->count; i++) {
        struct word row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        w->first[row_of(w->bytes.p + row.at) + 1]++;
    }
    for (size_t r = 0; r < ROWS; r++)
        w->first[r + 1] += w->first[r];
    uint32_t *next = mem_new_array(uint32_t, ROWS);
    memcpy(next, w->first, ROWS * sizeof *next);
    for (size_t i = 0; i < w->count; i++) {
        struct word row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        w->order[next[row_of(w->bytes.p + row.at)]++] = row;
    }
    mem_free(next);
    buf_done(&w->list);
}

// Where the word that begins at `at` ends; 0: it does not stand there.
static size_t ends_at(str t, size_t at, str word)
{
    size_t p = at;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == ' ') {
            size_t from = p;
            while (p < t.n && p - from < BLANKS_MAX && is_blank(t.p[p]))
                p++;
            if (p == from)
                return 0;
        } else if (p == t.n || folded(t.p[p++]) != word.p[i]) {
            return 0;
        }
    }
    bool runs_on = is_sign_of_word(word.p[word.n - 1]) && p < t.n && is_sign_of_word(t.p[p]);
    return runs_on ? 0 : p;
}

// The longest word there.
static bool word_at(const struct words *w, str t, size_t at, unsigned row,
                    struct own_place *ret_place)
{
    size_t end = 0;
    for (uint32_t i = w->first[row]; i < w->first[row + 1]; i++) {
        const struct word *word = &w->order[i];
        size_t e = ends_at(t, at, str_of(w->bytes.p + word->at, word->n));
        if (e > end) {
            end = e;
            *ret_place = (struct own_place){word->kind, at, e};
        }
    }
    return end > 0;
}

void words_find(const struct words *w, str text, struct places *out)
{
    must(w->order);
    for (size_t i = 0; i + OWN_WORD_LEAST <= text.n && !out->more; i++) {
        if (i > 0 && is_sign_of_word(text.p[i]) && is_sign_of_word(text.p[i - 1]))
            continue;
        char head[OWN_WORD_LEAST] = {folded(text.p[i]), folded(text.p[i + 1]),
                                     folded(text.p[i + 2])};
        unsigned row = row_of(head);
        struct own_place place;
        if (w->first[row] == w->first[row + 1] || !word_at(w, text, i, row, &place))
            continue;
        place_add(out, place.kind, place.start, place.end);
        i = place.end - 1;
    }
}
