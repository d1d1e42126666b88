// json_text.c: the inside of JSON strings, which is the bulk of every body. Bytes that need no look
// are passed and copied in blocks; a block gives a bit for each byte that does, and an escape costs
// a few instructions.
// Invariants: (1) nothing is read at or past the end; (2) no escape grows, so what is written never
// overtakes what was read; (3) the fast ways take whole blocks and steps, and leave the rest and
// every fault to the plain ones, so that both give the same.
#include "base/json_text.h"
#include "base/cpu.h"

enum { BLOCK = 64, STEP = 32 };

// What the letter behind a backslash stands for; 0 where it makes no escape of two bytes.
static const char meaning[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                  ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
static const bool hex_digit[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
    ['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1};

// --- passing -------------------------------------------------------------------------------------

// First byte from p on that ends a run of plain text: a quote, a backslash, a control, and what is
// not ASCII.
static const char *plain_run(const char *p, const char *end)
{
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        // as signed bytes, below a space means control characters and all that is not ASCII
        __m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')),
                                   _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                                _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
        unsigned stops = (unsigned)_mm_movemask_epi8(odd);
        if (stops)
            return p + __builtin_ctz(stops);
    }
    while (p < end && (signed char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return p;
}

// Length of the escape that the backslash at p begins, 0 when it is none.
static size_t escape_length(const char *p, const char *end)
{
    const unsigned char *c = (const unsigned char *)p;
    if (end - p < 2)
        return 0;
    if (meaning[c[1]])
        return 2;
    if (c[1] != 'u' || end - p < 6)
        return 0;
    bool four = hex_digit[c[2]] && hex_digit[c[3]] && hex_digit[c[4]] && hex_digit[c[5]];
    return four ? 6 : 0;
}

const char *json_text_pass_plain(const char *p, const char *end, struct json_text *t)
{
    must(p <= end);
    for (;;) {
        p = plain_run(p, end);
        if (p == end)
            return p;
        if ((unsigned char)*p >= 0x80) {
            t->foreign = true;
            p++;
            continue;
        }
        size_t n = *p == '\\' ? escape_length(p, end) : 0;
        if (n == 0)
            return p;
        bool wide = n == 6 && (p[2] != '0' || p[3] > '7');
        t->escaped = true;
        t->saves += n == 2 ? 1 : wide ? 3 : 4;
        t->wide += wide;
        p += n;
    }
}

AVX2 static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline uint64_t bits(__m256i low, __m256i high)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32 |
           (uint32_t)_mm256_movemask_epi8(low);
}

AVX2 static inline uint64_t bits_of(__m256i low, __m256i high, char c)
{
    const __m256i all = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

// Both halves of a byte name the classes that they allow; its classes are those on which they
// agree. 0x0f: letters behind a backslash, a bit for each upper half; 0x30: hex digits.
AVX2 static inline __m256i classes(__m256i v)
{
    const __m256i half = _mm256_set1_epi8(0x0f);
    const __m256i by_lower = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0x10, 0x30, 0x3d, 0x30, 0x38, 0x38, 0x34, 0x10, 0x10, 0x10, 0, 0, 0x02, 0, 0x04, 0x01));
    const __m256i by_upper = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 0x01, 0x10, 0x20, 0x02, 0x24, 0x08, 0, 0, 0, 0, 0, 0, 0, 0));
    __m256i lower = _mm256_shuffle_epi8(by_lower, _mm256_and_si256(v, half));
    __m256i upper = _mm256_shuffle_epi8(by_upper, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
    return _mm256_and_si256(lower, upper);
}

AVX2 static inline uint64_t bits_in(__m256i low, __m256i high, char class)
{
    const __m256i mask = _mm256_set1_epi8(class), none = _mm256_setzero_si256();
    return bits(_mm256_cmpgt_epi8(_mm256_and_si256(low, mask), none),
                _mm256_cmpgt_epi8(_mm256_and_si256(high, mask), none));
}

// The letters whose escapes have their u at these bits; one byte of each was counted before.
AVX2 static inline void count_letters(struct json_text *t, __m256i low, __m256i high, uint64_t u)
{
    const __m256i eight = _mm256_set1_epi8('8');
    uint64_t small = bits(_mm256_cmpgt_epi8(eight, low), _mm256_cmpgt_epi8(eight, high));
    uint64_t narrow = u & bits_of(low, high, '0') >> 1 & small >> 2; // below U+0800
    t->saves += (uint32_t)(2 * __builtin_popcountll(u) + __builtin_popcountll(narrow));
    t->wide += (uint32_t)__builtin_popcountll(u ^ narrow);
}

// Whole blocks only, and only while all is well: the plain way has the rest, and the first fault.
AVX2 static const char *pass_avx2(const char *p, const char *end, struct json_text *t)
{
    enum { ROOM = BLOCK - 5 }; // an escape that begins below it ends within the block
    const uint64_t odd = 0xaaaaaaaaaaaaaaaau;
    __m256i all = _mm256_setzero_si256();
    bool stopped = false;
    while (!stopped && end - p >= BLOCK) {
        __m256i low = load(p), high = load(p + 32);
        const __m256i last = _mm256_set1_epi8(0x1f);
        uint64_t quotes = bits_of(low, high, '"'), backslashes = bits_of(low, high, '\\');
        uint64_t stops = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(low, last), low),
                              _mm256_cmpeq_epi8(_mm256_min_epu8(high, last), high));
        all = _mm256_or_si256(all, _mm256_or_si256(low, high));
        if (!backslashes) {
            stops |= quotes;
            stopped = stops != 0;
            p += stopped ? __builtin_ctzll(stops) : BLOCK;
            continue;
        }
        // In a run of backslashes the first, third, fifth begin an escape. The subtraction borrows
        // along each run and leaves every second bit of it changed.
        uint64_t begins = ((((backslashes << 1) | odd) - backslashes) ^ odd) & backslashes;
        stops |= quotes & ~(begins << 1);
        if (stops)
            begins &= (stops & -stops) - 1;
        uint64_t late = begins >> ROOM << ROOM;
        uint64_t behind = (begins ^ late) << 1;
        __m256i low_classes = classes(low), high_classes = classes(high);
        uint64_t u = behind & bits_of(low, high, 'u');
        uint64_t digits = u << 1 | u << 2;
        digits |= digits << 2;
        uint64_t wrong = (behind & ~bits_in(low_classes, high_classes, 0x0f)) |
                         (digits & ~bits_in(low_classes, high_classes, 0x30));
        if (wrong)
            break;
        t->escaped |= behind != 0;
        t->saves += (uint32_t)__builtin_popcountll(behind);
        if (u)
            count_letters(t, low, high, u);
        stopped = stops && !late;
        stops = late ? late : stops;
        p += stops ? __builtin_ctzll(stops) : BLOCK;
    }
    t->foreign |= _mm256_movemask_epi8(all) != 0;
    return stopped ? p : json_text_pass_plain(p, end, t);
}

const char *json_text_pass(const char *p, const char *end, struct json_text *t)
{
    return (cpu_avx2() ? pass_avx2 : json_text_pass_plain)(p, end, t);
}

// --- decoding ------------------------------------------------------------------------------------

// Four hex digits at once, each in a byte: the digit's own bits, and nine more for a letter.
static inline unsigned hex4(const char *p)
{
    uint32_t w;
    memcpy(&w, p, 4); // little-endian: the first digit is the lowest byte
    w = (w & 0x0f0f0f0f) + 9 * (w >> 6 & 0x01010101);
    w = w << 4 | w >> 8; // the first two digits in byte 0, the last two in byte 2
    return (w << 8 | (w >> 16 & 0xff)) & 0xffff;
}

// Writes four bytes, whatever the letter's length.
static inline char *put_letter(char *dst, unsigned c)
{
    uint32_t w = c;
    size_t n = 1;
    if (c >= 0x10000) {
        w = 0x808080f0 | c >> 18 | (c >> 12 & 63) << 8 | (c >> 6 & 63) << 16 | (c & 63) << 24;
        n = 4;
    } else if (c >= 0x800) {
        w = 0x8080e0 | c >> 12 | (c >> 6 & 63) << 8 | (c & 63) << 16;
        n = 3;
    } else if (c >= 0x80) {
        w = 0x80c0 | c >> 6 | (c & 63) << 8;
        n = 2;
    }
    memcpy(dst, &w, sizeof w);
    return dst + n;
}

// The letter of a \u escape at p; *next is moved behind it, and behind the other half of its pair.
static inline unsigned unicode(const char *p, const char *end, const char **next)
{
    must(end - p >= 6);
    unsigned c = hex4(p + 2);
    *next = p + 6;
    if (likely((c & 0xf800) != 0xd800))
        return c;
    if (c < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        unsigned low = hex4(p + 8);
        if ((low & 0xfc00) == 0xdc00) {
            *next = p + 12;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd; // half a pair
}

// Writes what the escape at p stands for; returns behind it.
static inline const char *decode_escape(const char *p, const char *end, char **dst)
{
    must(end - p >= 2);
    if (p[1] == 'u') {
        *dst = put_letter(*dst, unicode(p, end, &p));
        return p;
    }
    char c = meaning[(unsigned char)p[1]];
    must(c);
    *(*dst)++ = c;
    return p + 2;
}

static size_t decode_plain(char *dst, const char *p, const char *end)
{
    const char *start = dst;
    while (p < end) {
        if (end - p >= 16) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
            __m128i stop = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
            unsigned stops = (unsigned)_mm_movemask_epi8(stop);
            unsigned n = stops ? (unsigned)__builtin_ctz(stops) : 16;
            _mm_storeu_si128((__m128i *)(void *)dst, v); // what is past n is written again
            p += n;
            dst += n;
            if (!stops)
                continue;
        } else if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }
        p = decode_escape(p, end, &dst);
    }
    return (size_t)(dst - start);
}

// Texts beyond ASCII come in runs of \u escapes: four of them, 24 bytes, at once, two in each half
// of a register. Reads 28 bytes and writes 14, of which twelve count. False, and nothing counts,
// where there are not four or one is not a letter of three bytes by itself.
AVX2 static inline bool decode_four(char *dst, const char *p)
{
    enum { MARKS = 0x00c300c3, PLACES = 0x00ff00ff };
    const __m128i *first = (const void *)p, *second = (const void *)(p + 12);
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(first)),
                                        _mm_loadu_si128(second), 1);
    const __m256i mark = _mm256_broadcastsi128_si256(
        _mm_setr_epi8('\\', 'u', 0, 0, 0, 0, '\\', 'u', 0, 0, 0, 0, 0, 0, 0, 0));
    if ((_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, mark)) & MARKS) != MARKS)
        return false;
    // digits, pairs of digits, and both pairs as one number in 32 bits
    __m256i above =
        _mm256_and_si256(_mm256_cmpgt_epi8(v, _mm256_set1_epi8('9')), _mm256_set1_epi8(9));
    v = _mm256_add_epi8(_mm256_and_si256(v, _mm256_set1_epi8(0x0f)), above);
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi16(0x0110));
    v = _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                   4, 2, -1, -1, 10, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)));
    __m256i top = _mm256_and_si256(v, _mm256_set1_epi32(0xf800));
    __m256i other = _mm256_or_si256(_mm256_cmpeq_epi32(top, _mm256_setzero_si256()),
                                    _mm256_cmpeq_epi32(top, _mm256_set1_epi32(0xd800)));
    if (_mm256_movemask_epi8(other) & PLACES)
        return false;
    __m256i lead = _mm256_or_si256(_mm256_srli_epi32(v, 12), _mm256_set1_epi32(0x8080e0));
    __m256i middle = _mm256_and_si256(_mm256_slli_epi32(v, 2), _mm256_set1_epi32(0x3f00));
    __m256i end = _mm256_and_si256(_mm256_slli_epi32(v, 16), _mm256_set1_epi32(0x3f0000));
    v = _mm256_or_si256(lead, _mm256_or_si256(middle, end));
    v = _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(_mm_setr_epi8(
                                   0, 1, 2, 4, 5, 6, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)));
    _mm_storel_epi64((__m128i *)(void *)dst, _mm256_castsi256_si128(v));
    _mm_storel_epi64((__m128i *)(void *)(dst + 6), _mm256_extracti128_si256(v, 1));
    return true;
}

AVX2 static size_t decode_avx2(char *dst, const char *p, const char *end)
{
    const char *start = dst;
    while (end - p >= STEP) {
        __m256i v = load(p);
        _mm256_storeu_si256((__m256i *)(void *)dst, v); // what is past a stop is written again
        __m256i stop = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'));
        uint32_t stops = (uint32_t)_mm256_movemask_epi8(stop);
        unsigned n = stops ? (unsigned)__builtin_ctz(stops) : STEP;
        p += n;
        dst += n;
        if (!stops)
            continue;
        do {
            if (p[1] == 'u' && end - p >= STEP && decode_four(dst, p)) {
                p += 24;
                dst += 12;
            } else {
                p = decode_escape(p, end, &dst);
            }
        } while (end - p >= STEP && *p == '\\');
    }
    return (size_t)(dst - start) + decode_plain(dst, p, end);
}

size_t json_text_decode_plain(char *dst, str raw)
{
    size_t n = decode_plain(dst, raw.p, raw.p + raw.n);
    must(n <= raw.n);
    return n;
}

size_t json_text_decode(char *dst, str raw)
{
    if (raw.n < STEP || !cpu_avx2())
        return json_text_decode_plain(dst, raw);
    size_t n = decode_avx2(dst, raw.p, raw.p + raw.n);
    must(n <= raw.n);
    return n;
}
