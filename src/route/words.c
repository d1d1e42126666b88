// words.c: characters beyond ASCII, and the words that are not read in one go. Invariant: a word's
// hashes are those of its lower-case bytes without apostrophes, whichever way it was read.
#include "route/words.h"

// Longer ones are cut: what goes on is a word of its own.
enum { SPELT_MAX = 48 };

const uint8_t word_kind[256] = {
    ['\n'] = KIND_SIGN,        ['!'] = KIND_MARK,           ['"' ... '#'] = KIND_SIGN,
    ['$' ... '&'] = KIND_MARK, ['\''] = KIND_APOSTROPHE,    ['('] = KIND_MARK,
    [')' ... '*'] = KIND_SIGN, ['+' ... ','] = KIND_MARK,   ['-' ... '.'] = KIND_SIGN,
    ['/'] = KIND_MARK,         ['0' ... '9'] = KIND_DIGIT,  [':'] = KIND_SIGN,
    [';' ... '@'] = KIND_MARK, ['A' ... 'Z'] = KIND_LETTER, ['['] = KIND_MARK,
    ['\\'] = KIND_SIGN,        [']' ... '`'] = KIND_MARK,   ['a' ... 'z'] = KIND_LETTER,
    ['{' ... '~'] = KIND_MARK, [0x80 ... 0xff] = KIND_WIDE};

// --- characters ------------------------------------------------------------------

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

struct wide wide_read(const uint8_t *p)
{
    // most of what is written without blanks: three bytes from U+3400 to U+CFFF
    if (likely(p[0] >= 0xe3 && p[0] <= 0xec && (p[1] & p[2] & 0xc0) == 0x80)) {
        uint32_t cp = (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        if (cp >= 0x3040)
            return (struct wide){.cp = cp, .bytes = 3, .kind = KIND_ALONE};
    }
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

// A word in lower case, without apostrophes.
struct spelt {
    char bytes[SPELT_MAX + WORD_PAD]; // zeros follow
    uint32_t n;
};

static void spell(struct spelt *s, uint32_t cp)
{
    // beyond ASCII two bytes, where they do: no text, only something to tell apart by
    uint32_t n = cp < 0x80 ? 1 : cp < 0x10000 ? 2 : 3, bytes = n == 1 ? cp : cp | 0x80;
    must(s->n + sizeof bytes <= sizeof s->bytes);
    memcpy(s->bytes + s->n, &bytes, sizeof bytes);
    s->n += n;
}

const uint8_t *word_read_any(const uint8_t *p, uint32_t *ret_hash)
{
    struct spelt s;
    memset(&s, 0, sizeof s);
    while (s.n < SPELT_MAX) {
        uint8_t kind = word_kind[*p];
        if (kind == KIND_LETTER) {
            spell(&s, *p++ | 0x20u);
        } else if (kind == KIND_APOSTROPHE && s.n && word_kind[p[1]] == KIND_LETTER) {
            p++; // don't
        } else if (kind == KIND_WIDE) {
            struct wide x = wide_read(p);
            bool apostrophe = x.same_as == '\'' && s.n && (p[x.bytes] | 0x20) >= 'a';
            if (x.kind != KIND_LETTER && !apostrophe)
                break;
            p += x.bytes;
            if (!apostrophe)
                spell(&s, x.cp);
        } else {
            break;
        }
    }
    must(s.n > 0);
    uint32_t hash = 0;
    for (uint32_t i = 0; i < s.n; i += 16)
        hash = word_hash(word_load(s.bytes + i) ^ hash, word_load(s.bytes + i + 8));
    *ret_hash = hash;
    return p;
}
