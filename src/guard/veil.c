// veil.c: what letters are written as, and the reading of a text without it. A stretch around veils
// that stand near one another is copied, each veil as the letter that it stands for, and scanned
// again; each byte of the copy knows where it stood.
// Invariants: (1) veil_at decides alone; the vectors only leave out places where it says no, so
// that their twins and a loop over all bytes find the same; (2) a veil never becomes longer; (3)
// stretches do not overlap but for what is near them, so the work is linear.
#include "guard/veil.h"

// Bytes around a veil in which a value may stand, or a word that tells it; and where what stands
// there is long, as many more.
enum { NEAR = 96, FAR = 256 };

// --- letters -------------------------------------------------------------------------------------

static bool stand_for(struct veil *v, size_t size, str out, bool opens)
{
    must(size > 0 && size <= UINT8_MAX && out.n <= size && out.n <= sizeof v->out);
    v->size = (uint8_t)size;
    v->out_size = (uint8_t)out.n;
    v->opens = opens;
    if (out.n)
        memcpy(v->out, out.p, out.n);
    return true;
}

static bool stand_for_byte(struct veil *v, size_t size, unsigned byte, bool opens)
{
    char c = (char)byte;
    return stand_for(v, size, str_of(&c, 1), opens);
}

// A letter by its number. Those that mean nothing in a text stand for nothing.
static bool stand_for_letter(struct veil *v, size_t size, uint32_t letter)
{
    char b[4];
    size_t n = 0;
    if (letter < 0x80) {
        bool text = (letter >= ' ' && letter < 0x7f) || (letter >= '\t' && letter <= '\r');
        return text && stand_for_byte(v, size, letter, true);
    }
    if (letter > 0x10ffff || (letter >= 0xd800 && letter < 0xe000))
        return false;
    int more = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
    b[n++] = (char)((0xf00 >> more & 0xff) | letter >> 6 * more);
    while (more-- > 0)
        b[n++] = (char)(0x80 | (letter >> 6 * more & 0x3f));
    return stand_for(v, size, str_of(b, n), true);
}

// n digits as a number; false where others stand there.
static bool hex_number(str t, size_t at, size_t n, uint32_t *ret_number)
{
    uint32_t x = 0;
    for (size_t i = 0; i < n; i++) {
        char c = at_byte(t, at + i);
        unsigned digit = is_digit(c) ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
        if (digit > 15 || (!is_digit(c) && digit < 10))
            return false;
        x = x << 4 | digit;
    }
    *ret_number = x;
    return true;
}

// %41, and the bytes of a letter that is not ASCII.
static bool percent(str t, size_t at, struct veil *v)
{
    char b[4];
    uint32_t byte;
    size_t n = 0, size = 1;
    for (; n < size; n++) {
        if (at_byte(t, at + 3 * n) != '%' || !hex_number(t, at + 3 * n + 1, 2, &byte))
            return false;
        if (n == 0 && byte < 0x80)
            return stand_for_letter(v, 3, byte);
        if (n == 0)
            size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
        b[n] = (char)byte;
    }
    return utf8_valid(str_of(b, n)) == n && stand_for(v, 3 * n, str_of(b, n), true);
}

static bool named_letter(str t, size_t at, struct veil *v)
{
    enum { LONGEST_NAME = 8 };
    static const struct {
        str name;
        char is;
    } names[] = {
        {S("&amp;"), '&'},   {S("&lt;"), '<'},      {S("&gt;"), '>'},     {S("&quot;"), '"'},
        {S("&apos;"), '\''}, {S("&nbsp;"), ' '},    {S("&commat;"), '@'}, {S("&period;"), '.'},
        {S("&comma;"), ','}, {S("&colon;"), ':'},   {S("&sol;"), '/'},    {S("&hyphen;"), '-'},
        {S("&dash;"), '-'},  {S("&ndash;"), '-'},   {S("&lowbar;"), '_'}, {S("&equals;"), '='},
        {S("&plus;"), '+'},  {S("&num;"), '#'},     {S("&dollar;"), '$'}, {S("&percnt;"), '%'},
        {S("&lpar;"), '('},  {S("&rpar;"), ')'},    {S("&shy;"), 0},      {S("&zwnj;"), 0},
        {S("&zwj;"), 0},     {S("&NewLine;"), '\n'}};
    for (size_t i = 0; i < countof(names); i++)
        if (at_byte(t, at + 1) == names[i].name.p[1] && stands_at(t, at, names[i].name))
            return stand_for(v, names[i].name.n, str_of(&names[i].is, names[i].is != 0), true);
    return false;
}

// &#65; &#x41; &amp;
static bool entity(str t, size_t at, struct veil *v)
{
    enum { LONGEST = 8 };
    if (at_byte(t, at + 1) != '#')
        return is_letter(at_byte(t, at + 1)) && named_letter(t, at, v);
    bool sixteen = (at_byte(t, at + 2) | 0x20) == 'x';
    size_t first = at + 2 + sixteen, end = first;
    uint32_t letter = 0;
    for (; end - first < LONGEST && is_alnum(at_byte(t, end)); end++) {
        uint32_t digit;
        if (!hex_number(t, end, 1, &digit) || (digit > 9 && !sixteen))
            return false;
        letter = letter * (sixteen ? 16 : 10) + digit;
    }
    return end > first && at_byte(t, end) == ';' && stand_for_letter(v, end + 1 - at, letter);
}

// What JSON in JSON has: \u0041 and the letters that need none; and \x41.
static bool escape(str t, size_t at, struct veil *v)
{
    uint32_t letter, low;
    switch (at_byte(t, at + 1)) {
    case 'u':
        if (!hex_number(t, at + 2, 4, &letter))
            return false;
        if (letter >= 0xd800 && letter < 0xdc00 && at_byte(t, at + 6) == '\\' &&
            at_byte(t, at + 7) == 'u' && hex_number(t, at + 8, 4, &low) && low >= 0xdc00 &&
            low < 0xe000)
            return stand_for_letter(v, 12, 0x10000 + ((letter - 0xd800) << 10) + (low - 0xdc00));
        return stand_for_letter(v, 6, letter);
    case 'x':
        return hex_number(t, at + 2, 2, &letter) && stand_for_letter(v, 4, letter);
    case '/':
        return stand_for_byte(v, 2, '/', true);
    case '\\':
    case '"':
        return stand_for_byte(v, 2, (uint8_t)t.p[at + 1], false);
    case 'n':
    case 'r':
    case 't':
        return stand_for_byte(v, 2, '\n', false);
    default:
        return false;
    }
}

// Letters that look like others: of Greek from U+0391 and of Cyrillic from U+0400, and what of.
enum { GREEK = 0x391, CYRILLIC = 0x400 };
static const char greek[] = {
    [0x00] = 'A', [0x01] = 'B', [0x04] = 'E', [0x05] = 'Z', [0x06] = 'H', [0x08] = 'I',
    [0x09] = 'K', [0x0b] = 'M', [0x0c] = 'N', [0x0e] = 'O', [0x10] = 'P', [0x13] = 'T',
    [0x14] = 'Y', [0x16] = 'X', [0x20] = 'a', [0x28] = 'i', [0x29] = 'k', [0x2c] = 'v',
    [0x2e] = 'o', [0x30] = 'p', [0x34] = 'u', [0x36] = 'x'};
static const char cyrillic[] = {
    [0x05] = 'S', [0x06] = 'I', [0x08] = 'J', [0x10] = 'A', [0x12] = 'B', [0x15] = 'E',
    [0x1a] = 'K', [0x1c] = 'M', [0x1d] = 'H', [0x1e] = 'O', [0x20] = 'P', [0x21] = 'C',
    [0x22] = 'T', [0x23] = 'Y', [0x25] = 'X', [0x30] = 'a', [0x35] = 'e', [0x3a] = 'k',
    [0x3e] = 'o', [0x40] = 'p', [0x41] = 'c', [0x43] = 'y', [0x45] = 'x', [0x55] = 's',
    [0x56] = 'i', [0x58] = 'j'};

// The ASCII letter that one of two bytes looks like; 0: none.
static char look_alike(str t, size_t at)
{
    unsigned lead = (uint8_t)at_byte(t, at), next = (uint8_t)at_byte(t, at + 1);
    unsigned letter = (lead & 0x1f) << 6 | (next & 0x3f);
    if (lead == 0xd0 || lead == 0xd1)
        return letter - CYRILLIC < countof(cyrillic) ? cyrillic[letter - CYRILLIC] : 0;
    if (lead != 0xce && lead != 0xcf)
        return 0;
    return letter - GREEK < countof(greek) ? greek[letter - GREEK] : 0;
}

// A look-alike in a word with ASCII in it: only others stand between it and that.
static bool disguised(str t, size_t at, struct veil *v)
{
    enum { LONGEST = 24 };
    char is = look_alike(t, at);
    size_t start = at, end = at + 2;
    if (is == 0)
        return false;
    bool opens = is_alnum(before(t, start)) || is_alnum(at_byte(t, end));
    while (at - start < LONGEST && start >= 2 && look_alike(t, start - 2))
        start -= 2;
    while (end - at < LONGEST && look_alike(t, end))
        end += 2;
    if (!is_alnum(before(t, start)) && !is_alnum(at_byte(t, end)))
        return false;
    return stand_for_byte(v, 2, (uint8_t)is, opens);
}

// The digit that a sign outside ASCII is; 10 or more: none. Scripts of India have theirs at the
// same place of each 128 letters.
static unsigned digit_of(uint32_t letter)
{
    static const uint16_t zeros[] = {0x660, 0x6f0, 0xe50, 0xed0, 0xf20};
    if (letter >= 0x900 && letter < 0xe00)
        return (letter & 0x7f) - 0x66;
    if (letter >= 0x1d7ce && letter < 0x1d800)
        return (letter - 0x1d7ce) % 10;
    unsigned least = UINT32_MAX;
    for (size_t i = 0; i < countof(zeros); i++)
        least = letter - zeros[i] < least ? letter - zeros[i] : least;
    return least;
}

// Joiners, marks of direction, soft hyphens, variants and tags.
static bool unseen(uint32_t letter)
{
    return letter == 0xad || (letter >= 0x200b && letter <= 0x200f) ||
           (letter >= 0x202a && letter <= 0x202e) || (letter >= 0x2060 && letter <= 0x206f) ||
           (letter >= 0xfe00 && letter <= 0xfe0f) || letter == 0xfeff ||
           (letter >= 0xe0000 && letter < 0xe1000);
}

// Blanks of other widths and dashes; 0: none.
static char gap_of(uint32_t letter)
{
    if ((letter >= 0x2000 && letter <= 0x200a) || letter == 0x205f || letter == 0x3000)
        return ' ';
    return letter >= 0x2010 && letter <= 0x2015 ? '-' : 0;
}

static bool graphic(char c)
{
    return c > ' ' && c < 0x7f;
}

// Signs that are not ASCII and mean what is.
static bool foreign(str t, size_t at, struct veil *v)
{
    uint8_t lead = (uint8_t)t.p[at];
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t letter = lead & (0xffu >> (size + 1));
    if (lead < 0xc2 || size > t.n - at)
        return false;
    if (lead == 0xce || lead == 0xcf || lead == 0xd0 || lead == 0xd1)
        return disguised(t, at, v);
    for (size_t i = 1; i < size; i++)
        letter = letter << 6 | ((uint8_t)t.p[at + i] & 0x3f);
    if (letter >= 0x2070 && letter != 0x3000 && letter < 0xfe00)
        return false;
    char last = before(t, at), next = at_byte(t, at + size), gap = gap_of(letter);
    if (unseen(letter))
        return stand_for(v, size, STR_NONE, graphic(last) || graphic(next));
    if (gap)
        return stand_for_byte(v, size, (uint8_t)gap, is_digit(last) && is_digit(next));
    if (letter >= 0xff01 && letter <= 0xff5e) {
        unsigned c = letter - 0xff01 + '!';
        return stand_for_byte(v, size, c, is_alnum((char)c) || c == '@');
    }
    if (letter >= 0x1d400 && letter < 0x1d6a4) { // bold, italic and the like
        unsigned i = (letter - 0x1d400) % 52;
        return stand_for_byte(v, size, i < 26 ? 'A' + i : 'a' + i - 26, true);
    }
    unsigned digit = digit_of(letter);
    return digit < 10 && stand_for_byte(v, size, '0' + digit, true);
}

bool veil_at(str t, size_t at, struct veil *ret_veil)
{
    must(at < t.n);
    switch (t.p[at]) {
    case '%':
        return percent(t, at, ret_veil);
    case '&':
        return entity(t, at, ret_veil);
    case '\\':
        return escape(t, at, ret_veil);
    default:
        return t.p[at] & 0x80 && foreign(t, at, ret_veil);
    }
}

// --- vectors -------------------------------------------------------------------------------------

// Classes of first bytes, a bit each, as what two tables say of the halves of a byte: those that
// stand for letters wherever they are, and by the highest bit those of Greek and Cyrillic, which
// open only beside ASCII. Some others have a bit, too: veil_at says no.
enum { CLASS_SIGN = 1, CLASS_SLASH = 2, CLASS_C = 4, CLASS_D = 8, CLASS_E = 16, CLASS_F = 32 };
enum { CLASS_SCRIPT = 128 };
static const uint8_t class_low[16] = {
    [0] = CLASS_E | CLASS_F | CLASS_SCRIPT,
    [1] = CLASS_SCRIPT,
    [2] = CLASS_C | CLASS_E,
    [3] = CLASS_E | CLASS_F,
    [5] = CLASS_SIGN,
    [6] = CLASS_SIGN,
    [9] = CLASS_D,
    [11] = CLASS_D,
    [12] = CLASS_SLASH,
    [14] = CLASS_SCRIPT,
    [15] = CLASS_E | CLASS_SCRIPT,
};
static const uint8_t class_high[16] = {
    [2] = CLASS_SIGN,
    [5] = CLASS_SLASH,
    [12] = CLASS_C | CLASS_SCRIPT,
    [13] = CLASS_D | CLASS_SCRIPT,
    [14] = CLASS_E,
    [15] = CLASS_F,
};

// script: bytes of that class; ascii: those from 0 upwards. Beyond the block anything may stand.
static uint64_t beside_ascii(uint64_t script, uint64_t ascii)
{
    return script & (ascii << 1 | ascii >> 2 | 1 | (uint64_t)3 << 62);
}

// The top bits of 32 bytes and of 32 more.
AVX2 static inline uint64_t bits_64(__m256i first, __m256i second)
{
    return (uint32_t)_mm256_movemask_epi8(first) | (uint64_t)(uint32_t)_mm256_movemask_epi8(second)
                                                       << 32;
}

AVX2 void veil_marks_avx2(const char *p, size_t blocks, uint64_t *ret_marks)
{
    const __m256i half = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
    const __m256i digit = _mm256_set1_epi8('0' - 1);
    __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)class_low));
    __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)class_high));
    for (size_t k = 0; k < blocks; k++, p += BLOCK) {
        __m256i v[2], x[2];
        for (int i = 0; i < 2; i++) {
            v[i] = cpu_load_32(p + 32 * i);
            x[i] = _mm256_and_si256(
                _mm256_shuffle_epi8(low, _mm256_and_si256(v[i], half)),
                _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v[i], 4), half)));
        }
        __m256i any = _mm256_or_si256(x[0], x[1]);
        ret_marks[k] = 0;
        if (_mm256_testz_si256(any, any))
            continue;
        ret_marks[k] = bits_64(_mm256_cmpgt_epi8(x[0], zero), _mm256_cmpgt_epi8(x[1], zero));
        uint64_t script = bits_64(x[0], x[1]);
        if (script)
            ret_marks[k] |= beside_ascii(
                script, bits_64(_mm256_cmpgt_epi8(v[0], digit), _mm256_cmpgt_epi8(v[1], digit)));
    }
}

void veil_marks_sse2(const char *p, size_t blocks, uint64_t *ret_marks)
{
    for (size_t k = 0; k < blocks; k++) {
        uint64_t some = 0, script = 0, ascii = 0;
        for (size_t i = 0; i < BLOCK; i++) {
            uint8_t b = (uint8_t)p[k * BLOCK + i], class = class_low[b & 15] & class_high[b >> 4];
            some |= (uint64_t)(class > 0 && class < CLASS_SCRIPT) << i;
            script |= (uint64_t)(class >= CLASS_SCRIPT) << i;
            ascii |= (uint64_t)(b >= '0' && b < 0x80) << i;
        }
        ret_marks[k] = some | beside_ascii(script, ascii);
    }
}

// --- reading -------------------------------------------------------------------------------------

static bool may_begin(char c)
{
    return c & 0x80 || c == '%' || c == '&' || c == '\\';
}

// Copies from *at on, up to end, until the piece is full.
static size_t unveil(str t, size_t *at, size_t end, char *piece, uint32_t *from)
{
    size_t n = 0, p = *at;
    struct veil v;
    must(p < end && end <= t.n);
    while (p < end && n + sizeof v.out <= SCAN_PIECE) {
        if (!may_begin(t.p[p]) || !veil_at(t, p, &v)) {
            from[n] = (uint32_t)p;
            piece[n++] = t.p[p++];
            continue;
        }
        for (size_t i = 0; i < v.out_size; i++) {
            from[n] = (uint32_t)p;
            piece[n++] = v.out[i];
        }
        p += v.size;
    }
    from[n] = (uint32_t)p;
    *at = p;
    return n;
}

static const char *kind(str t, size_t at)
{
    struct veil v;
    switch (t.p[at]) {
    case '%':
        return "percent";
    case '&':
        return "entity";
    case '\\':
        return "escape";
    default:
        return veil_at(t, at, &v) && v.out_size == 0 ? "unseen" : "look-alike";
    }
}

const char *veil_near(str t, const struct inside *in, size_t start, size_t end)
{
    enum { BEFORE = 64, BEHIND = 16 };
    const uint32_t *from = in->from;
    size_t least = start > BEFORE ? start - BEFORE : 0, most = min_size(end + BEHIND, in->text.n);
    struct veil v;
    must(start < end && end <= in->text.n);
    if (from[most] - from[least] == most - least)
        return NULL;
    size_t i = from[end] - from[start] == end - start ? least : start;
    while (from[i + 1] - from[i] == 1)
        i++;
    return kind(t, veil_at(t, from[i], &v) ? from[i] : from[i] + 1);
}

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static size_t letter_start(str t, size_t at)
{
    while (at > 0 && at < t.n && (t.p[at] & 0xc0) == 0x80)
        at--;
    return at;
}

void veil_flush(struct scan *s, struct veiled *v)
{
    char piece[SCAN_PIECE];
    uint32_t from[SCAN_PIECE + 1];
    str t = s->look.text;
    size_t at = v->start > NEAR ? v->start - NEAR : 0, end = min_size(v->end + NEAR, t.n);
    struct inside in = {.from = from, .cut_start = at > 0};
    if (v->start == v->end)
        return;
    for (int i = 0; i < FAR && at > 0 && !blank(t.p[at - 1]); i++)
        at--;
    for (int i = 0; i < FAR && end < t.n && !blank(t.p[end]); i++)
        end++;
    at = letter_start(t, at);
    end = letter_start(t, end);
    while (at < end && scan_looks_inside(s)) {
        size_t n = unveil(t, &at, end, piece, from);
        in.text = str_of(piece, n);
        in.cut_end = at < t.n;
        scan_inside(s, &in);
        in.cut_start = true;
        if (at < end)
            at = letter_start(t, from[n - SCAN_OVERLAP]);
    }
    v->start = v->end = 0;
}

void veil_note(struct scan *s, struct veiled *v, size_t start, size_t end)
{
    must(start < end && start >= v->start && end <= s->look.text.n);
    if (v->end > 0 && start > v->end + 2 * NEAR)
        veil_flush(s, v);
    if (v->end == 0)
        v->start = start;
    if (end > v->end)
        v->end = end;
}

// Most of what the vectors leave is told by the next bytes to be none.
static bool may_open(str t, size_t at)
{
    uint8_t next = (uint8_t)at_byte(t, at + 1), third = (uint8_t)at_byte(t, at + 2);
    switch ((uint8_t)t.p[at]) {
    case '%':
        return is_alnum((char)next);
    case '&':
        return next == '#' || is_letter((char)next);
    case '\\':
        return next == 'u' || next == 'x' || next == '/';
    case 0xc2:
        return next == 0xad;
    case 0xe0: // where the digits of each script stand
        return next & 1 ? third >= 0xa6 || (third >= 0x90 && third <= 0x99) : next == 0xbc;
    case 0xe2:
        if (next == 0x80 && third >= 0x90 && third <= 0x95)
            return is_digit(before(t, at));
        return (next == 0x80 && (third <= 0x8f || third >= 0xaa)) || next == 0x81;
    case 0xef:
        return next >= 0xb8;
    case 0xf0:
        return next == 0x9d;
    default:
        return true;
    }
}

static void read_blocks(struct scan *s, struct veiled *stretch, size_t at, size_t end)
{
    enum { BLOCKS = 16 };
    str t = s->look.text;
    uint64_t marks[BLOCKS];
    must(end <= t.n);
    for (size_t n; at < end && scan_looks_inside(s); at += n * BLOCK) {
        char tail[BLOCK] = {0};
        const char *p = t.p + at;
        n = min_size((end - at) / BLOCK, BLOCKS);
        if (n == 0) {
            p = memcpy(tail, p, end - at);
            n = 1;
        }
        if (cpu_avx2())
            veil_marks_avx2(p, n, marks);
        else
            veil_marks_sse2(p, n, marks);
        for (size_t k = 0; k < n; k++)
            for (uint64_t rest = marks[k]; rest; rest &= rest - 1) {
                size_t here = at + k * BLOCK + (size_t)__builtin_ctzll(rest);
                struct veil v;
                if (may_open(t, here) && veil_at(t, here, &v) && v.opens)
                    veil_note(s, stretch, here, here + v.size);
            }
    }
}

void veil_read(struct scan *s, uint64_t parts, unsigned shift)
{
    struct veiled stretch = {0};
    must(shift >= 6);
    for (; parts; parts &= parts - 1) {
        size_t at = (size_t)__builtin_ctzll(parts) << shift;
        read_blocks(s, &stretch, at, min_size(at + ((size_t)1 << shift), s->look.text.n));
    }
    if (scan_looks_inside(s))
        veil_flush(s, &stretch);
}
