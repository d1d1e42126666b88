// json_text.c: the inside of JSON strings, which is the bulk of every body. Bytes that need no look
// are passed and copied in blocks; a block gives a bit for each byte that does, and an escape costs
// a few instructions.
// Invariants: (1) nothing is read at or past the end; (2) no escape grows, so what is written never
// overtakes what was read; (3) both twins are one piece of code with another block.
#include "base/json_text.h"
#include "base/cpu.h"

enum { BLOCK = 64, STEP = 32 };

#define SKELETON static inline __attribute__((always_inline))

// What the letter behind a backslash stands for; 0 where it makes no escape of two bytes.
static const char meaning[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                  ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
static const bool hex_digit[256] = {
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
    ['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1};

// --- passing -------------------------------------------------------------------------------------

// Bits of the bytes that end a run of plain text: quotes, backslashes, controls. Bytes beyond ASCII
// leave a bit in *high.
typedef uint64_t look_at(const char *p, uint32_t *high);

static inline uint64_t look_sse2(const char *p, uint32_t *high)
{
    uint64_t stops = 0;
    __m128i any = _mm_setzero_si128();
    for (int i = 0; i < BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
        stops |= (uint64_t)(uint32_t)_mm_movemask_epi8(stop) << i;
        any = _mm_or_si128(any, v);
    }
    *high |= (uint32_t)_mm_movemask_epi8(any);
    return stops;
}

AVX2 static inline uint64_t look_avx2(const char *p, uint32_t *high)
{
    uint64_t stops = 0;
    __m256i any = _mm256_setzero_si256();
    for (int i = 0; i < BLOCK; i += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i stop = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                       _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
        stop =
            _mm256_or_si256(stop, _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v));
        stops |= (uint64_t)(uint32_t)_mm256_movemask_epi8(stop) << i;
        any = _mm256_or_si256(any, v);
    }
    *high |= (uint32_t)_mm256_movemask_epi8(any);
    return stops;
}

// Length of the escape that the backslash at p begins, 0 when it is none.
SKELETON size_t escape_length(const char *p, const char *end)
{
    const unsigned char *c = (const unsigned char *)p;
    if (end - p < 2)
        return 0;
    if (meaning[c[1]])
        return 2;
    if (c[1] != 'u' || end - p < 6)
        return 0;
    return hex_digit[c[2]] & hex_digit[c[3]] & hex_digit[c[4]] & hex_digit[c[5]] ? 6 : 0;
}

SKELETON const char *pass(const char *p, const char *end, bool *escaped, bool *foreign,
                          look_at *look)
{
    uint32_t high = 0;
    while (p < end) {
        char tail[BLOCK];
        const char *block = p, *next = p + BLOCK;
        if (unlikely(end - p < BLOCK)) { // as if quotes followed
            memset(tail, '"', sizeof tail);
            block = memcpy(tail, p, (size_t)(end - p));
        }
        uint64_t stops = look(block, &high);
        *foreign |= high != 0;
        while (stops) {
            size_t i = (size_t)__builtin_ctzll(stops);
            if (block[i] != '\\')
                return p + i;
            size_t n = escape_length(p + i, end);
            if (!n)
                return p + i;
            *escaped = true;
            i += n;
            if (i >= BLOCK) {
                next = p + i;
                break;
            }
            stops &= UINT64_MAX << i;
        }
        p = next;
    }
    return end;
}

const char *json_text_pass_plain(const char *p, const char *end, bool *escaped, bool *foreign)
{
    return pass(p, end, escaped, foreign, look_sse2);
}

AVX2 static const char *pass_avx2(const char *p, const char *end, bool *escaped, bool *foreign)
{
    return pass(p, end, escaped, foreign, look_avx2);
}

const char *json_text_pass(const char *p, const char *end, bool *escaped, bool *foreign)
{
    must(p <= end);
    if (cpu_avx2())
        return pass_avx2(p, end, escaped, foreign);
    return json_text_pass_plain(p, end, escaped, foreign);
}

// --- decoding ------------------------------------------------------------------------------------

// Copies STEP bytes; bits of the backslashes among them.
typedef uint32_t copy_step(char *dst, const char *p);

static inline uint32_t copy_sse2(char *dst, const char *p)
{
    const __m128i backslash = _mm_set1_epi8('\\');
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i w = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    _mm_storeu_si128((__m128i *)(void *)dst, v);
    _mm_storeu_si128((__m128i *)(void *)(dst + 16), w);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash)) |
           (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(w, backslash)) << 16;
}

AVX2 static inline uint32_t copy_avx2(char *dst, const char *p)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
    _mm256_storeu_si256((__m256i *)(void *)dst, v);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
}

// Four hex digits at once, each in a byte: the digit's own bits, and nine more for a letter.
SKELETON unsigned hex4(const char *p)
{
    uint32_t w;
    memcpy(&w, p, 4); // little-endian: the first digit is the lowest byte
    w = (w & 0x0f0f0f0f) + 9 * (w >> 6 & 0x01010101);
    w = w << 4 | w >> 8; // the first two digits in byte 0, the last two in byte 2
    return (w << 8 | (w >> 16 & 0xff)) & 0xffff;
}

// Writes four bytes, whatever the letter's length.
SKELETON char *put_letter(char *dst, unsigned c)
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
SKELETON unsigned unicode(const char *p, const char *end, const char **next)
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

SKELETON size_t decode(char *dst, str raw, copy_step *copy)
{
    char tail[STEP + STEP]; // the last bytes, where a step may read past them
    bool in_tail = false;
    const char *start = dst, *p = raw.p, *end = raw.p + raw.n;
    while (p < end) {
        if (unlikely(end - p < STEP) && !in_tail) {
            size_t n = (size_t)(end - p);
            memset(tail, '\\', sizeof tail); // as if a backslash followed
            p = memcpy(tail, p, n);
            end = tail + n;
            in_tail = true;
        }
        uint32_t stops = copy(dst, p); // what is copied past a stop is written again
        if (!stops) {
            p += STEP;
            dst += STEP;
            continue;
        }
        p += __builtin_ctz(stops);
        dst += __builtin_ctz(stops);
        while (p < end && *p == '\\') { // they like to stand together
            must(end - p >= 2);
            if (p[1] == 'u') {
                dst = put_letter(dst, unicode(p, end, &p));
            } else {
                char c = meaning[(unsigned char)p[1]];
                must(c);
                *dst++ = c;
                p += 2;
            }
        }
    }
    must(dst <= start + raw.n);
    return (size_t)(dst - start);
}

size_t json_text_decode_plain(char *dst, str raw)
{
    return decode(dst, raw, copy_sse2);
}

AVX2 static size_t decode_avx2(char *dst, str raw)
{
    return decode(dst, raw, copy_avx2);
}

size_t json_text_decode(char *dst, str raw)
{
    return cpu_avx2() ? decode_avx2(dst, raw) : json_text_decode_plain(dst, raw);
}
