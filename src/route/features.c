// features.c: words, pairs of words, their beginnings and ends, and the form of the whole, hashed
// in one pass. Invariants: (1) a view is followed by VIEW_PAD zero bytes, so that a word's end
// needs no look at the length; (2) what is quoted, fenced or a long block between others is
// payload: it says what is worked on, not what work is wanted.
#include "route/features.h"
#include "route/words.h"

_Static_assert((int)VIEW_PAD >= (int)WORD_PAD, "a word is read in one go");

enum { FIRST_TOKENS = 6, LAST_TOKENS = 6, STARTS_MAX = 32, PIECES_MAX = 32, QUOTE_LEAST = 48 };
enum { PAYLOAD_READ = 256 }; // of payload a beginning is read
enum { HEAD_FREE = 360, TAIL_FREE = 220, BLOCK_LEAST = 140 };

// What a hash stands for; mixed in, so that a first word and a last one never share a bucket on
// purpose. A word's own hash stands for itself.
enum mark {
    MARK_PAIR = 1,
    MARK_FIRST, // and the next two: first, second and third, fourth to sixth
    MARK_FIRST_PAIR = MARK_FIRST + 3,
    MARK_LAST,
    MARK_LABEL,
    MARK_FORM,
    MARK_AROUND,
    MARK_NUMBER,
    MARK_START,
};

const char *group_name(enum group g)
{
    static const char *const names[GROUP_COUNT] = {"words of the instruction",
                                                   "first and last words",
                                                   "pasted text",
                                                   "form",
                                                   "surroundings",
                                                   "the message before",
                                                   "the answer before",
                                                   "the system prompt"};
    must((unsigned)g < GROUP_COUNT);
    return names[g];
}

static inline uint32_t mix(uint32_t value, uint32_t mark)
{
    uint32_t h = (value ^ (mark * 0x9e3779b1u)) * 0x85ebca6bu;
    return h ^ (h >> 15);
}

static inline uint32_t pair_of(uint32_t first, uint32_t second)
{
    return mix(first * 0x9e3779b1u ^ second, MARK_PAIR);
}

static inline void add(struct hashes *to, uint32_t hash)
{
    if (likely(to->n < to->cap))
        to->at[to->n++] = hash;
}

// --- the pass --------------------------------------------------------------------

struct pass {
    struct features *f;
    uint32_t *words, *payload; // where the next token goes
    const int8_t *rows;        // of the model that is asked for ahead
    uint32_t row_mask;
    uint32_t line_words; // in this line
    uint32_t blanks;     // behind words; other blanks are in `of`
    uint32_t starts;     // words that begin a sentence of the instruction
    bool ended;          // a sentence ended
    uint32_t start[STARTS_MAX];
    uint32_t label; // hash of this line's one or two first words
    uint32_t lines, label_lines, bullets, options, numbers, alone, formulas;
    uint32_t labels[4]; // the last labels, to see repeated ones
    uint32_t repeated;  // labels seen before: examples are given
    uint16_t of[128];   // how often each ASCII character that is no letter stands there
};

// "Context:", "Text 2:", "Frage:" at the beginning of a line.
static void take_label(struct pass *s)
{
    uint32_t label = s->label;
    s->label_lines++;
    add(&s->f->group[GROUP_FORM], mix(label, MARK_LABEL));
    for (unsigned i = 0; i < countof(s->labels); i++)
        s->repeated += s->labels[i] == label;
    s->labels[s->label_lines % countof(s->labels)] = label;
}

static void take_sign(struct pass *s, uint8_t c, const uint8_t *p)
{
    s->ended |= c == '\n' || c == '.' || c == ':';
    if (c == '\n') {
        s->lines++;
        s->line_words = 0;
    } else if (c == '\\') {
        s->formulas += word_kind[p[1]] == KIND_LETTER;
    } else if (c == ':' && s->line_words > 0 && s->line_words <= 2) {
        take_label(s);
        s->line_words = 3;
    } else if (s->line_words == 0 && (c == '-' || c == '*' || c == '#') &&
               (p[1] == ' ' || p[1] == c)) {
        s->bullets++;
    } else if ((c == ')' || c == '.') && s->line_words == 1 && p[-1] >= 'A' && p[-1] <= 'E' &&
               word_kind[p[-2]] != KIND_LETTER) {
        s->options++;
        s->line_words = 3;
    }
}

// One character that is no word: a mark that is counted, or a blank.
static void take_mark(struct pass *s, uint8_t c, const uint8_t *p)
{
    must(c < countof(s->of));
    s->of[c]++;
    if (word_kind[c] == KIND_SIGN)
        take_sign(s, c, p);
    else
        s->ended |= c == '?' || c == '!' || c == ';';
}

static const uint8_t *take_number(struct pass *s, const uint8_t *p, uint32_t *ret_hash)
{
    uint32_t n = 0;
    while (word_kind[p[n]] == KIND_DIGIT)
        n++;
    must(n > 0);
    s->of['0'] = (uint16_t)(s->of['0'] + n);
    s->numbers++;
    *ret_hash = mix(n > 5 ? 5 : n, MARK_NUMBER);
    return p + n;
}

static inline void count_word(struct pass *s, uint32_t hash)
{
    if (s->line_words++ < 2)
        s->label = s->line_words == 1 ? hash : s->label * 31 + hash;
}

// A word with its hash, or a mark, which leaves *ret_hash as it is.
static const uint8_t *take_wide(struct pass *s, const uint8_t *p, uint32_t *ret_hash)
{
    struct wide w = wide_read(p);
    if (w.kind == KIND_LETTER)
        return word_read_any(p, ret_hash);
    if (w.kind == KIND_ALONE) {
        s->alone++;
        *ret_hash = word_hash_alone(w.cp);
    } else if (w.same_as > ' ') {
        take_mark(s, (uint8_t)w.same_as, p);
    }
    return p + w.bytes;
}

// Where the quotation that opens before p closes, when it is long enough to be payload.
static const uint8_t *quote_end(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *close = memchr(p, '"', (size_t)(end - p));
    return close && close - p >= QUOTE_LEAST ? close : NULL;
}

static void read_payload(struct pass *s, const uint8_t *p, const uint8_t *end);

static inline uint32_t ask_ahead(const struct pass *s, uint32_t hash)
{
    __builtin_prefetch(s->rows + (size_t)(hash & s->row_mask) * TASK_COUNT);
    return hash;
}

// Reads one piece of one kind. Each token takes a byte at least, so that there is room for it.
static void read_piece(struct pass *s, const uint8_t *p, const uint8_t *end, bool payload)
{
    const uint32_t salt = payload ? PAYLOAD_SALT : 0;
    uint32_t *to = payload ? s->payload : s->words, blanks = 0;
    while (p < end) {
        const uint8_t kind = word_kind[*p], *close;
        uint32_t hash = 0;
        if (likely(kind == KIND_LETTER)) {
            p = word_read(p, &hash);
            count_word(s, hash);
            if (s->ended && !payload && s->starts < STARTS_MAX)
                s->start[s->starts++] = hash;
            s->ended = false;
            *to++ = ask_ahead(s, hash ^ salt);
            blanks += *p == ' ';
            p += *p == ' ';
        } else if (kind == KIND_OTHER) {
            p++;
        } else if (kind == KIND_WIDE) {
            p = take_wide(s, p, &hash);
            if (hash) {
                count_word(s, hash);
                *to++ = ask_ahead(s, hash ^ salt);
            }
        } else if (kind == KIND_DIGIT) {
            p = take_number(s, p, &hash);
            *to++ = ask_ahead(s, hash ^ salt);
        } else if (*p == '"' && !payload && (close = quote_end(p + 1, end))) {
            s->of['"'] = (uint16_t)(s->of['"'] + 2);
            read_payload(s, p + 1, close); // inside an instruction, what is quoted
            p = close + 1;
        } else {
            take_mark(s, *p, p);
            p++;
        }
    }
    s->blanks += blanks;
    if (payload)
        s->payload = to;
    else
        s->words = to;
}

static void read_payload(struct pass *s, const uint8_t *p, const uint8_t *end)
{
    read_piece(s, p, end - p < PAYLOAD_READ ? end : p + PAYLOAD_READ, true);
}

static void read_instruction(struct pass *s, const uint8_t *p, const uint8_t *end)
{
    read_piece(s, p, end, false);
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
            read_payload(s, text + a, text + b);
        } else if (b - a <= BLOCK_LEAST || b - a <= head + tail || n == 1) {
            read_instruction(s, text + a, text + b);
        } else {
            uint32_t x = a + head, y = b - tail;
            while (x > a && (text[x] & 0xdf) > ' ' && x < y) // not through a word
                x++;
            while (y < b && (text[y] & 0xdf) > ' ')
                y++;
            read_instruction(s, text + a, text + x);
            read_payload(s, text + x, text + y);
            read_instruction(s, text + y, text + b);
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
    uint8_t c = (uint8_t)v->text[n - 1], kind = word_kind[c];
    return kind == KIND_WIDE ? 'w' : kind == KIND_LETTER ? 'a' : kind == KIND_DIGIT ? '0' : (char)c;
}

static void add_form(const struct pass *s, const struct view *v)
{
    struct hashes *form = &s->f->group[GROUP_FORM];
    const uint16_t *of = s->of;
    const char end = last_mark(v);
    const uint32_t length = log2_of(v->total_bytes), tokens = (uint32_t)(s->words - s->f->words),
                   payload = s->f->group[GROUP_PAYLOAD].n;
    const uint32_t counts[] = {
        length,
        few(tokens) + 16 * (end == '?'),
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
        few(s->formulas),
        few(s->options),
        few(s->label_lines),
        few(s->repeated),
        few(s->bullets),
        few(of['\'']),
        share_of(s->alone, tokens + payload),
        share_of(payload, tokens + payload),
        few(of['[']),
        few(of['!']),
        few(of[':']),
        few(of['%']),
        tokens == 0,
    };
    for (uint32_t i = 0; i < countof(counts); i++)
        add(form, mix(i << 8 | counts[i], MARK_FORM));
}

static void add_around(struct features *f, const struct view *v)
{
    struct hashes *around = &f->group[GROUP_AROUND];
    if (v->turns > 1)
        add(around, mix(log2_of(v->turns), MARK_AROUND));
    if (v->system_bytes)
        add(around, mix(100 + log2_of(v->system_bytes), MARK_AROUND));
    if (v->tools)
        add(around, mix(200, MARK_AROUND));
    if (v->media)
        add(around, mix(201, MARK_AROUND));
    if (v->schema)
        add(around, mix(202, MARK_AROUND));
}

// A word of the message before is what it is in the instruction; elsewhere another feature.
static const uint32_t beside_salt[BESIDE_COUNT] = {
    [BESIDE_ANSWER] = 0x6d2b79f5, [BESIDE_SYSTEM] = 0x1b873593};

static void add_beside(struct hashes *to, const struct side *side, uint32_t salt)
{
    const uint8_t *p = (const uint8_t *)side->text, *end = p + side->n;
    uint32_t before = 0;
    while (p < end) {
        struct wide w = {.bytes = 1, .kind = word_kind[*p]};
        if (w.kind == KIND_WIDE)
            w = wide_read(p);
        if (w.kind == KIND_LETTER || w.kind == KIND_ALONE) {
            uint32_t hash = word_hash_alone(w.cp);
            p = w.kind == KIND_ALONE ? p + w.bytes : word_read(p, &hash);
            hash ^= salt;
            add(to, hash);
            if (before)
                add(to, pair_of(before, hash));
            before = hash;
        } else {
            p += w.bytes;
        }
    }
}

// Pairs of the instruction's words, and the first and last ones once more.
static void add_pairs(const struct pass *s, struct features *f)
{
    struct hashes *words = &f->group[GROUP_WORDS], *edges = &f->group[GROUP_EDGES];
    const uint32_t n = words->n, *w = words->at;
    must(n <= TOKENS_MAX);
    f->tokens = n;
    for (uint32_t i = 0; i < n && i < FIRST_TOKENS; i++) {
        add(edges, mix(w[i], MARK_FIRST + (i == 0 ? 0 : i < 3 ? 1 : 2)));
        if (i == 1 || i == 2)
            add(edges, mix(pair_of(w[i - 1], w[i]), MARK_FIRST_PAIR));
    }
    for (uint32_t i = n > LAST_TOKENS ? n - LAST_TOKENS : 0; i < n; i++)
        add(edges, mix(w[i], MARK_LAST));
    for (uint32_t i = 0; i < s->starts; i++)
        add(edges, mix(s->start[i], MARK_START));
    uint32_t *pair = words->at + n;
    for (uint32_t i = 1; i < n; i++)
        *pair++ = ask_ahead(s, pair_of(w[i - 1], w[i]));
    words->n = (uint16_t)(pair - words->at);
}

void features_empty(struct features *f)
{
    const struct hashes rooms[GROUP_COUNT] = {
        [GROUP_WORDS] = {0, TOKENS_MAX, f->words},
        [GROUP_EDGES] = {0, EDGES_MAX, f->edges},
        [GROUP_PAYLOAD] = {0, PAYLOAD_MAX, f->payload},
        [GROUP_FORM] = {0, FORM_MAX, f->form},
        [GROUP_AROUND] = {0, AROUND_MAX, f->around},
        [GROUP_BEFORE] = {0, BESIDE_MAX, f->beside[BESIDE_BEFORE]},
        [GROUP_ANSWER] = {0, BESIDE_MAX, f->beside[BESIDE_ANSWER]},
        [GROUP_SYSTEM] = {0, BESIDE_MAX, f->beside[BESIDE_SYSTEM]},
    };
    memcpy(f->group, rooms, sizeof rooms);
}

void features_read(struct features *f, const struct view *v, const struct route_model *ahead)
{
    static const int8_t no_row[TASK_COUNT];
    struct pass s = {.f = f, .words = f->words, .payload = f->payload, .rows = no_row};
    if (ahead) {
        s.rows = ahead->weights;
        s.row_mask = ahead->bucket_count - 1;
    }
    features_empty(f);
    read_pieces(&s, v);
    f->group[GROUP_WORDS].n = (uint16_t)(s.words - f->words);
    f->group[GROUP_PAYLOAD].n = (uint16_t)(s.payload - f->payload);
    f->alone = s.alone;
    f->blanks = s.blanks + s.of[' '] + s.of['\t'] + s.lines;
    add_pairs(&s, f);
    add_form(&s, v);
    add_around(f, v);
    for (int b = 0; b < BESIDE_COUNT; b++)
        add_beside(&f->group[GROUP_BEFORE + b], &v->beside[b], beside_salt[b]);
    must(f->group[GROUP_FORM].n > 0 && f->group[GROUP_FORM].n <= FORM_MAX);
}

bool features_of_word(str word, uint32_t *ret_hash)
{
    struct view v;
    struct features f;
    view_of_text(&v, word, NULL);
    features_read(&f, &v, NULL);
    if (f.group[GROUP_WORDS].n != 1)
        return false;
    *ret_hash = f.words[0];
    return true;
}

unsigned features_of_phrase(str phrase, uint32_t ret_hashes[4])
{
    struct view v;
    struct features f;
    must(phrase.n < QUOTE_LEAST);
    view_of_text(&v, phrase, NULL);
    features_read(&f, &v, NULL);
    const struct hashes *words = &f.group[GROUP_WORDS];
    must(words->n == 1 || words->n == 3); // a word, or two and their pair
    ret_hashes[0] = words->at[words->n - 1];
    if (words->n == 3) {
        ret_hashes[1] = f.group[GROUP_EDGES].at[2]; // first word, second word, their pair
        return 2;
    }
    for (uint32_t place = 0; place < 3; place++)
        ret_hashes[1 + place] = mix(words->at[0], MARK_FIRST + place);
    return 4;
}

// How loud a group is, whatever its number of features; form and surroundings: each feature.
float group_value(const struct features *f, enum group g)
{
    static const float strength[GROUP_COUNT] = {1.2f, 0.8f, 0.3f, 0.1f, 0.1f, 1.2f, 0.8f, 1.2f};
    if (g == GROUP_FORM || g == GROUP_AROUND)
        return strength[g];
    return strength[g] / __builtin_sqrtf((float)f->group[g].n + 4.0f);
}
