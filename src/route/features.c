// features.c: words, pairs of words, their beginnings and ends, and the form of the whole, hashed
// in one pass. Invariants: (1) a view is followed by VIEW_PAD zero bytes, so that a word's end
// needs no look at the length; (2) what is quoted, fenced or a long block between others is
// payload: it says what is worked on, not what work is wanted.
#include "route/features.h"

enum { FIRST_TOKENS = 6, LAST_TOKENS = 6, PIECES_MAX = 32, QUOTE_LEAST = 48 };
enum { HEAD_FREE = 360, TAIL_FREE = 220, BLOCK_LEAST = 140 };

// What a hash stands for; mixed in, so that a word and a beginning never share a bucket on purpose.
enum mark {
    MARK_WORD = 1,
    MARK_PAIR,
    MARK_FIRST, // and the next two: first, second and third, fourth to sixth
    MARK_FIRST_PAIR = MARK_FIRST + 3,
    MARK_LAST,
    MARK_START,
    MARK_END,
    MARK_PAYLOAD,
    MARK_LABEL,
    MARK_FORM,
    MARK_AROUND,
};

const char *group_name(enum group g)
{
    static const char *const names[GROUP_COUNT] = {"words of the instruction",
                                                   "first and last words",
                                                   "stems of words",
                                                   "pasted text",
                                                   "form",
                                                   "surroundings",
                                                   "the message before"};
    must((unsigned)g < GROUP_COUNT);
    return names[g];
}

static inline uint32_t mix(uint32_t value, uint32_t mark)
{
    uint32_t h = (value ^ (mark * 0x9e3779b1u)) * 0x85ebca6bu;
    return h ^ (h >> 15);
}

static inline void add(struct hashes *to, uint32_t value, uint32_t mark)
{
    if (likely(to->n < to->cap))
        to->at[to->n++] = mix(value, mark);
}

// --- characters ------------------------------------------------------------------

enum kind { KIND_OTHER, KIND_LETTER, KIND_DIGIT, KIND_ALONE }; // alone: a word by itself, as Han is

static const uint8_t ascii_kind[128] = {
    ['A' ... 'Z'] = KIND_LETTER, ['a' ... 'z'] = KIND_LETTER, ['0' ... '9'] = KIND_DIGIT};

// One character that is not ASCII. Where it is punctuation, `same_as` is its ASCII likeness, or 0.
struct wide {
    uint32_t cp; // lower case
    uint8_t bytes, kind;
    char same_as;
};

static char likeness_of(uint32_t cp)
{
    switch (cp) {
    case 0x2018:
    case 0x2019:
        return '\'';
    case 0xab:
    case 0xbb:
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x300c:
    case 0x300d:
    case 0x300e:
    case 0x300f:
        return '"';
    case 0x3002:
    case 0x2026:
        return '.';
    case 0x3001:
        return ',';
    case 0x2013:
    case 0x2014:
        return '-';
    case 0xbf:
        return '?';
    default:
        return cp >= 0xff01 && cp <= 0xff5e ? (char)(cp - 0xfee0) : 0;
    }
}

static uint8_t kind_of(uint32_t cp)
{
    if (cp < 0xc0 || cp == 0xd7 || cp == 0xf7)
        return KIND_OTHER;
    if (cp < 0x2000)
        return cp >= 0xe00 && cp < 0xf00 ? KIND_ALONE : KIND_LETTER; // Thai and Lao have no blanks
    if (cp < 0x2e80)
        return cp >= 0x2c00 ? KIND_LETTER : KIND_OTHER;
    if (cp < 0x3040)
        return KIND_OTHER;
    if (cp >= 0xff00 && cp < 0xfff0)
        return cp >= 0xff66 && cp < 0xffdd ? KIND_ALONE : KIND_OTHER;
    return cp < 0xfe00 || cp >= 0x20000 ? KIND_ALONE : KIND_OTHER; // emoji are no words
}

static uint32_t lower_of(uint32_t cp)
{
    if (cp < 0x100)
        return cp >= 0xc0 && cp <= 0xde ? cp + 0x20 : cp;
    if (cp < 0x180)
        return cp | 1;
    if (cp >= 0x391 && cp <= 0x3a9)
        return cp + 0x20;
    if (cp >= 0x400 && cp <= 0x42f)
        return cp + (cp < 0x410 ? 0x50 : 0x20);
    return cp;
}

// Tolerant of broken UTF-8: a byte that begins nothing is one character of no kind.
static struct wide read_wide(const uint8_t *p)
{
    struct wide w = {.cp = p[0], .bytes = 1, .kind = KIND_OTHER};
    uint32_t need = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc2 ? 1 : 0;
    if (need == 0)
        return w;
    uint32_t cp = p[0] & (0x3fu >> need);
    for (uint32_t i = 1; i <= need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return w;
        cp = cp << 6 | (p[i] & 0x3fu);
    }
    return (struct wide){.cp = lower_of(cp),
                         .bytes = (uint8_t)(need + 1),
                         .kind = kind_of(cp),
                         .same_as = likeness_of(cp)};
}

// --- words -----------------------------------------------------------------------

struct word {
    uint32_t hash, start, end; // of the whole, of the first five characters, of the last three
    uint32_t letters;
};

// The word at p, which begins with a letter of any kind; returns what follows it.
static const uint8_t *read_word(const uint8_t *p, struct word *w)
{
    enum { SEED = 0x811c9dc5u, PRIME = 0x01000193u };
    uint32_t h = SEED, start = 0, last = 0, n = 0;
    for (;;) {
        uint32_t c = *p;
        if (likely(c < 0x80)) {
            if (ascii_kind[c] == KIND_LETTER) {
                c |= 0x20;
                p++;
            } else if (c == '\'' && n && ascii_kind[p[1] & 0x7f] == KIND_LETTER && p[1] < 0x80) {
                p++; // don't
                continue;
            } else {
                break;
            }
        } else {
            struct wide x = read_wide(p);
            bool apostrophe = x.same_as == '\'' && n && (p[x.bytes] | 0x20) >= 'a';
            if (x.kind != KIND_LETTER && !apostrophe && !(x.kind == KIND_ALONE && n == 0))
                break;
            p += x.bytes;
            if (apostrophe)
                continue;
            if (x.kind == KIND_ALONE) {
                *w = (struct word){.hash = (h ^ x.cp) * PRIME, .letters = 1};
                return p;
            }
            c = x.cp;
        }
        h = (h ^ c) * PRIME;
        last = last << 8 | (c & 0xff);
        if (++n == 5)
            start = h;
    }
    *w = (struct word){.hash = h, .start = start, .end = last & 0xffffff, .letters = n};
    return p;
}

// --- the pass --------------------------------------------------------------------

struct pass {
    struct features *f;
    bool payload;
    bool line_start;     // nothing but blanks, numbers and marks since the line began
    uint32_t before;     // the instruction's word before, 0 at its beginning
    uint32_t line_words; // in this line
    uint32_t label;      // hash of this line's one or two first words
    uint32_t tokens;     // of the instruction
    uint32_t all_tokens; // payload too
    uint32_t lines, longest_line, label_lines, bullets, options, numbers, alone, letters;
    uint32_t last[LAST_TOKENS]; // ring
    uint32_t labels[4];         // the last labels, to see repeated ones
    uint32_t repeated;          // labels seen before: examples are given
    uint16_t of[128];           // how often each ASCII character that is no letter stands there
};

static void take_token(struct pass *s, const struct word *w)
{
    struct features *f = s->f;
    s->all_tokens++;
    if (s->payload) {
        add(&f->group[GROUP_PAYLOAD], w->hash, MARK_PAYLOAD);
        return;
    }
    struct hashes *words = &f->group[GROUP_WORDS];
    uint32_t pair = s->before * 0x9e3779b1u ^ w->hash;
    add(words, w->hash, MARK_WORD);
    if (s->before)
        add(words, pair, MARK_PAIR);
    if (w->letters > 4) {
        add(&f->group[GROUP_STEMS], w->start, MARK_START);
        add(&f->group[GROUP_STEMS], w->end, MARK_END);
    }
    if (s->tokens < FIRST_TOKENS) {
        uint32_t place = s->tokens == 0 ? 0 : s->tokens < 3 ? 1 : 2;
        add(&f->group[GROUP_EDGES], w->hash, MARK_FIRST + place);
        if (s->tokens == 1 || s->tokens == 2)
            add(&f->group[GROUP_EDGES], pair, MARK_FIRST_PAIR);
    }
    s->last[s->tokens % LAST_TOKENS] = w->hash;
    s->tokens++;
    s->before = w->hash;
}

// "Context:", "Text 2:", "Frage:" at the beginning of a line.
static void take_label(struct pass *s)
{
    uint32_t label = s->label;
    s->label_lines++;
    add(&s->f->group[GROUP_FORM], label, MARK_LABEL);
    for (unsigned i = 0; i < countof(s->labels); i++)
        s->repeated += s->labels[i] == label;
    s->labels[s->label_lines % countof(s->labels)] = label;
}

static void take_mark(struct pass *s, char c, const uint8_t *p)
{
    s->of[(uint8_t)c & 0x7f]++;
    if (c == '\n') {
        s->lines++;
        s->line_words = 0;
        s->line_start = true;
    } else if (c == ':' && s->line_words > 0 && s->line_words <= 2) {
        take_label(s);
        s->line_words = 3;
    } else if (s->line_start && (c == '-' || c == '*' || c == '#') && (p[1] == ' ' || p[1] == c)) {
        s->bullets++;
    } else if ((c == ')' || c == '.') && s->line_words == 1 && p[-1] >= 'A' && p[-1] <= 'E' &&
               ascii_kind[p[-2] & 0x7f] != KIND_LETTER) {
        s->options++;
        s->line_words = 3;
    }
}

static const uint8_t *take_number(struct pass *s, const uint8_t *p)
{
    static const uint32_t seeds[] = {0x1f01, 0x1f02, 0x1f03, 0x1f04, 0x1f05};
    uint32_t n = 0;
    for (; ascii_kind[*p & 0x7f] == KIND_DIGIT && *p < 0x80; p++)
        n++;
    struct word w = {.hash = seeds[n > 5 ? 4 : n - 1]};
    s->of['0'] = (uint16_t)(s->of['0'] + n);
    s->numbers++;
    take_token(s, &w);
    return p;
}

// Where the quotation that opens before p closes, when it is long enough to be payload.
static const uint8_t *quote_end(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *close = memchr(p, '"', (size_t)(end - p));
    return close && close - p >= QUOTE_LEAST ? close : NULL;
}

static const uint8_t *take_word(struct pass *s, const uint8_t *p)
{
    struct word w;
    const uint8_t *after = read_word(p, &w);
    must(after > p);
    s->letters += w.letters;
    s->label = s->line_words == 0 ? w.hash : s->label * 31 + w.hash;
    s->line_words++;
    s->line_start = false;
    take_token(s, &w);
    return after;
}

// Reads one piece. Quotations inside an instruction are payload.
static void read_piece(struct pass *s, const uint8_t *p, const uint8_t *end, bool payload)
{
    const uint8_t *close = NULL;
    s->payload = payload;
    while (p < end) {
        uint8_t c = *p;
        char same = (char)c;
        uint32_t step = 1;
        uint8_t kind = c < 0x80 ? ascii_kind[c] : KIND_OTHER;
        if (c >= 0x80) {
            struct wide w = read_wide(p);
            kind = w.kind;
            same = w.same_as;
            step = w.bytes;
            s->alone += kind == KIND_ALONE;
        }
        if (kind == KIND_LETTER || kind == KIND_ALONE) {
            p = take_word(s, p);
            continue;
        }
        if (kind == KIND_DIGIT) {
            p = take_number(s, p);
            continue;
        }
        if (c == '"' && close) {
            s->payload = payload;
            close = NULL;
        } else if (c == '"' && !payload && (close = quote_end(p + 1, end))) {
            s->payload = true;
        }
        if (same > ' ' || same == '\n')
            take_mark(s, same, p);
        p += step;
    }
}

// --- pieces: which stretches of the text are payload -----------------------------

struct piece {
    uint32_t start, end;
    bool fenced;
};

static bool blank_line(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return *p == '\n';
}

// Cuts at blank lines, at fences, and after a line that ends in a colon.
static unsigned cut_pieces(const struct view *v, struct piece *pieces)
{
    unsigned n = 0;
    uint32_t start = 0, line = 0;
    bool fenced = false;
    while (line < v->n) {
        const char *nl = memchr(v->text + line, '\n', v->n - line);
        uint32_t next = nl ? (uint32_t)(nl - v->text) + 1 : v->n;
        bool fence = memcmp(v->text + line, "```", 3) == 0;
        bool colon = nl && next - line > 8 && nl[-1] == ':';
        if (fence && line > start && n < PIECES_MAX - 1) {
            pieces[n++] = (struct piece){start, line, fenced};
            start = line;
        }
        bool ends = fence ? fenced : !fenced && nl && (colon || blank_line(nl + 1));
        if (ends && n < PIECES_MAX - 1) {
            pieces[n++] = (struct piece){start, next, fenced};
            start = next;
        }
        fenced ^= fence;
        line = next;
    }
    if (start < v->n)
        pieces[n++] = (struct piece){start, v->n, fenced};
    return n;
}

static void read_pieces(struct pass *s, const struct view *v)
{
    struct piece pieces[PIECES_MAX];
    unsigned n = cut_pieces(v, pieces);
    const uint8_t *text = (const uint8_t *)v->text;
    must(n <= PIECES_MAX);
    for (unsigned i = 0; i < n; i++) {
        uint32_t a = pieces[i].start, b = pieces[i].end;
        // how much of the piece's beginning and end may be instruction
        uint32_t head = i == 0 ? HEAD_FREE : 0, tail = i == n - 1 && n > 1 ? TAIL_FREE : 0;
        if (pieces[i].fenced) {
            read_piece(s, text + a, text + b, true);
        } else if (b - a <= BLOCK_LEAST || b - a <= head + tail || n == 1) {
            read_piece(s, text + a, text + b, false);
        } else {
            uint32_t x = a + head, y = b - tail;
            while (x > a && (text[x] & 0xdf) > ' ' && x < y) // not through a word
                x++;
            while (y < b && (text[y] & 0xdf) > ' ')
                y++;
            read_piece(s, text + a, text + x, false);
            read_piece(s, text + x, text + y, true);
            read_piece(s, text + y, text + b, false);
        }
    }
}

// --- form ------------------------------------------------------------------------

static uint32_t log2_of(uint64_t n)
{
    return n ? 64 - (uint32_t)__builtin_clzll(n) : 0;
}

static uint32_t share_of(uint64_t part, uint64_t whole)
{
    uint64_t mille = whole ? part * 1000 / whole : 0;
    static const uint16_t steps[] = {1, 10, 30, 60, 100, 200, 400};
    uint32_t i = 0;
    while (i < countof(steps) && mille >= steps[i])
        i++;
    return i;
}

static uint32_t few(uint32_t n)
{
    return n < 4 ? n : 2 + log2_of(n);
}

static char last_mark(const struct view *v)
{
    uint32_t n = v->n;
    while (n > 0 && (uint8_t)v->text[n - 1] <= ' ')
        n--;
    if (n == 0)
        return ' ';
    if (n >= 3 && memcmp(v->text + n - 3, "\xef\xbc\x9f", 3) == 0)
        return '?';
    uint8_t c = (uint8_t)v->text[n - 1];
    return c >= 0x80 ? 'w' : ascii_kind[c] == KIND_LETTER ? 'a' : ascii_kind[c] ? '0' : (char)c;
}

static void add_form(const struct pass *s, const struct view *v)
{
    struct hashes *form = &s->f->group[GROUP_FORM];
    const uint16_t *of = s->of;
    uint32_t tex = 0;
    for (uint32_t i = 0; i + 1 < v->n && of['\\']; i++)
        tex += v->text[i] == '\\' && ascii_kind[v->text[i + 1] & 0x7f] == KIND_LETTER;
    char end = last_mark(v);
    uint32_t length = log2_of(v->total_bytes);
    const uint32_t counts[] = {
        length,
        few(s->tokens) + 16 * (end == '?'),
        log2_of(s->lines) + 16 * (length > 8),
        share_of(of['0'], v->n),
        few(s->numbers) + 16 * (length > 7),
        few(of['?']),
        (uint32_t)end,
        few(of['"']),
        few(of['|']),
        share_of(of['{'] + of['}'] + of[';'], v->n),
        share_of(of['('] + of[')'] + of['='], v->n),
        share_of(of['<'] + of['>'] + of['/'], v->n),
        share_of(of['$'] + of['^'] + of['+'] + of['*'], v->n),
        share_of(of['_'], v->n),
        share_of(of[','], v->n),
        few(of['`']),
        few(tex),
        few(s->options),
        few(s->label_lines),
        few(s->repeated),
        few(s->bullets),
        few(of['\'']),
        share_of(s->alone, s->all_tokens),
        share_of(s->all_tokens - s->tokens, s->all_tokens),
        few(of['[']),
        few(of['!']),
        few(of[':']),
        few(of['%']),
        s->tokens == 0,
    };
    for (uint32_t i = 0; i < countof(counts); i++)
        add(form, i << 8 | counts[i], MARK_FORM);
}

static void add_around(struct features *f, const struct view *v)
{
    struct hashes *around = &f->group[GROUP_AROUND];
    if (v->turns > 1)
        add(around, log2_of(v->turns), MARK_AROUND);
    if (v->system_bytes)
        add(around, 100 + log2_of(v->system_bytes), MARK_AROUND);
    if (v->tools)
        add(around, 200, MARK_AROUND);
    if (v->media)
        add(around, 201, MARK_AROUND);
    if (v->schema)
        add(around, 202, MARK_AROUND);
}

static void add_context(struct features *f, const struct view *v)
{
    const uint8_t *p = (const uint8_t *)v->context, *end = p + v->context_n;
    uint32_t before = 0;
    while (p < end) {
        uint8_t kind = *p < 0x80 ? ascii_kind[*p] : read_wide(p).kind;
        if (kind == KIND_LETTER || kind == KIND_ALONE) {
            struct word w;
            p = read_word(p, &w);
            add(&f->group[GROUP_CONTEXT], w.hash, MARK_WORD);
            if (before)
                add(&f->group[GROUP_CONTEXT], before * 0x9e3779b1u ^ w.hash, MARK_PAIR);
            before = w.hash;
        } else {
            p++;
        }
    }
}

static void room(struct features *f)
{
    const struct hashes rooms[GROUP_COUNT] = {
        [GROUP_WORDS] = {0, WORDS_MAX, f->words},
        [GROUP_EDGES] = {0, EDGES_MAX, f->edges},
        [GROUP_STEMS] = {0, STEMS_MAX, f->stems},
        [GROUP_PAYLOAD] = {0, PAYLOAD_MAX, f->payload},
        [GROUP_FORM] = {0, FORM_MAX, f->form},
        [GROUP_AROUND] = {0, AROUND_MAX, f->around},
        [GROUP_CONTEXT] = {0, CONTEXT_MAX, f->context},
    };
    memcpy(f->group, rooms, sizeof rooms);
}

void features_read(struct features *f, const struct view *v)
{
    struct pass s = {.f = f, .line_start = true};
    room(f);
    read_pieces(&s, v);
    for (uint32_t i = 0; i < min_size(s.tokens, LAST_TOKENS); i++)
        add(&f->group[GROUP_EDGES], s.last[i], MARK_LAST);
    add_form(&s, v);
    add_around(f, v);
    add_context(f, v);
    must(f->group[GROUP_FORM].n > 0 && f->group[GROUP_FORM].n <= FORM_MAX);
}

unsigned features_of_phrase(str phrase, uint32_t ret_hashes[4])
{
    struct view v;
    struct features f;
    must(phrase.n < QUOTE_LEAST);
    view_of_text(&v, phrase);
    features_read(&f, &v);
    const struct hashes *words = &f.group[GROUP_WORDS];
    must(words->n == 1 || words->n == 3); // a word, or two and their pair
    ret_hashes[0] = words->at[words->n - 1];
    if (words->n == 3) {
        ret_hashes[1] = f.group[GROUP_EDGES].at[2]; // first word, second word, their pair
        return 2;
    }
    struct word w;
    read_word((const uint8_t *)v.text, &w);
    for (uint32_t place = 0; place < 3; place++)
        ret_hashes[1 + place] = mix(w.hash, MARK_FIRST + place);
    return 4;
}

// How loud a group is, whatever its number of features; form and surroundings: each feature.
float group_value(const struct features *f, enum group g)
{
    static const float strength[GROUP_COUNT] = {1.2f, 0.8f, 0.25f, 0.3f, 0.1f, 0.1f, 1.2f};
    if (g == GROUP_FORM || g == GROUP_AROUND)
        return strength[g];
    return strength[g] / __builtin_sqrtf((float)f->group[g].n + 4.0f);
}
