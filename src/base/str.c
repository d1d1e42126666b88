// str.c: slices, and what is valid UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing past
// U+10FFFF). Pure functions, no allocation. Long texts are checked for UTF-8 64 bytes at a time
// where the processor has AVX2; whatever is left, and the block in which something is wrong, is
// read letter by letter. Both ways agree on every text.
#include "base/str.h"
#include "base/cpu.h"

str str_c(const char *cstr)
{
    return cstr ? (str){cstr, strlen(cstr)} : STR_NONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq(str_first(s, prefix.n), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

size_t str_find(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    if (s.n < needle.n)
        return SIZE_MAX;
    const char *at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t str_find_char(str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.n && blank(s.p[0]))
        s = str_from(s, 1);
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

str str_from(str s, size_t start)
{
    start = min_size(start, s.n);
    return start ? (str){s.p + start, s.n - start} : s;
}

str str_first(str s, size_t n)
{
    return (str){s.p, min_size(n, s.n)};
}

bool str_next(str *rest, char sep, str *ret_part)
{
    if (!rest->p)
        return false;
    size_t at = str_find_char(*rest, sep);
    if (at == SIZE_MAX) {
        *ret_part = *rest;
        *rest = STR_NONE;
        return true;
    }
    *ret_part = str_first(*rest, at);
    *rest = (str){rest->p + at + 1, rest->n - at - 1};
    return true;
}

bool str_to_i64(str s, int64_t *ret_value)
{
    bool neg = s.n && s.p[0] == '-';
    int64_t v = 0;
    if (s.n <= (size_t)neg)
        return false;
    for (size_t i = neg; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return false;
    }
    if (!neg && v == INT64_MIN)
        return false;
    *ret_value = neg ? v : -v;
    return true;
}

char *str_copy_to(char *dst, size_t cap, str s)
{
    must(cap > 0);
    size_t n = min_size(s.n, cap - 1);
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = 0;
    return dst;
}

unsigned str_distance(str a, str b, unsigned limit)
{
    enum { LONGEST = 64 };
    unsigned row[LONGEST + 1];
    if (a.n > LONGEST || b.n > LONGEST)
        return limit + 1;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned above = row[j];
            unsigned best = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[b.n] > limit ? limit + 1 : row[b.n];
}

uint64_t str_hash(str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h;
}

bool str_eq_secret(str a, str b)
{
    unsigned diff = a.n != b.n;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned char)(a.p[i] ^ (b.n ? b.p[i % b.n] : 1));
    return diff == 0;
}

// --- UTF-8 ---------------------------------------------------------------------------------------

// Length (2 or 3) of the valid letter of two or three bytes at p, 0 when it is something else
// or not valid. Reads four bytes, whatever the letter's length.
static size_t short_letter(const char *p)
{
    uint32_t w;
    memcpy(&w, p, 4); // little-endian: the lead is the lowest byte
    if ((w & 0xc0e0) == 0x80c0)
        return (w & 0x1e) ? 2 : 0; // c0 and c1 begin overlong forms
    if ((w & 0xc0c0f0) != 0x8080e0)
        return 0;
    uint32_t odd = w & 0x200f; // e0 below a0 is overlong, ed from a0 on a surrogate
    return odd != 0 && odd != 0x200d ? 3 : 0;
}

// Length of the letter at p (n bytes left), 0 when it is not valid.
static size_t any_letter(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) || (c == 0xf0 && p[1] < 0x90) ||
        (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

// The first i bytes are known to be whole letters.
static size_t valid_from(str s, size_t i)
{
    while (i < s.n) {
        uint64_t eight;
        if (s.n - i >= 8 && (memcpy(&eight, s.p + i, 8), (eight & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        size_t len = s.n - i >= 4 ? short_letter(s.p + i) : 0;
        if (!len)
            len = any_letter((const unsigned char *)s.p + i, s.n - i);
        if (!len)
            return i;
        i += len;
    }
    return i;
}

// What two neighbours may be guilty of. Half a byte of the first, its other half and the upper half
// of the second each name the faults that they allow; a fault is where all three agree. This is the
// method of Keiser and Lemire ("Validating UTF-8 in less than one instruction per byte").
enum {
    CUT = 1 << 0,        // a lead, and no continuation behind it
    STRAY = 1 << 1,      // ASCII, and a continuation behind it
    OVERLONG_3 = 1 << 2, // e0, and less than a0
    SURROGATE = 1 << 3,  // ed, and more than 9f
    OVERLONG_2 = 1 << 4, // c0 and c1
    PAST_END = 1 << 5,   // f4 and more than 8f; f5 and up
    LOWEST_4 = 1 << 6,   // behind f0, and behind f5 and up: 80 to 8f
    PAIR = 1 << 7,       // two continuations: a fault unless a longer letter is open
    ANY_LOW = CUT | STRAY | PAIR,
    HIGH_END = ANY_LOW | PAST_END | LOWEST_4,
    SECOND = STRAY | OVERLONG_2 | PAIR,
};
static const uint8_t first_upper[16] = {STRAY,
                                        STRAY,
                                        STRAY,
                                        STRAY,
                                        STRAY,
                                        STRAY,
                                        STRAY,
                                        STRAY,
                                        PAIR,
                                        PAIR,
                                        PAIR,
                                        PAIR,
                                        CUT | OVERLONG_2,
                                        CUT,
                                        CUT | OVERLONG_3 | SURROGATE,
                                        CUT | PAST_END | LOWEST_4};
static const uint8_t first_lower[16] = {
    ANY_LOW | OVERLONG_2 | OVERLONG_3 | LOWEST_4,
    ANY_LOW | OVERLONG_2,
    ANY_LOW,
    ANY_LOW,
    ANY_LOW | PAST_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END,
    HIGH_END | SURROGATE,
    HIGH_END,
    HIGH_END,
};
static const uint8_t second_upper[16] = {CUT,
                                         CUT,
                                         CUT,
                                         CUT,
                                         CUT,
                                         CUT,
                                         CUT,
                                         CUT,
                                         SECOND | OVERLONG_3 | LOWEST_4,
                                         SECOND | OVERLONG_3 | PAST_END,
                                         SECOND | SURROGATE | PAST_END,
                                         SECOND | SURROGATE | PAST_END,
                                         CUT,
                                         CUT,
                                         CUT,
                                         CUT};

AVX2 static inline __m256i both_lanes(const uint8_t table[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

// Faults of 32 bytes behind the 32 before them; zero where there are none. A letter that is still
// open at the end shows in the next block.
AVX2 static inline __m256i faults(__m256i now, __m256i before)
{
    const __m256i half = _mm256_set1_epi8(0x0f);
    __m256i across = _mm256_permute2x128_si256(before, now, 0x21);
    __m256i back1 = _mm256_alignr_epi8(now, across, 15);
    __m256i back2 = _mm256_alignr_epi8(now, across, 14);
    __m256i back3 = _mm256_alignr_epi8(now, across, 13);
    __m256i a = _mm256_shuffle_epi8(both_lanes(first_upper),
                                    _mm256_and_si256(_mm256_srli_epi16(back1, 4), half));
    __m256i b = _mm256_shuffle_epi8(both_lanes(first_lower), _mm256_and_si256(back1, half));
    __m256i c = _mm256_shuffle_epi8(both_lanes(second_upper),
                                    _mm256_and_si256(_mm256_srli_epi16(now, 4), half));
    // the sign bit where a lead of three or four stands two back, or a lead of four three back:
    // there, and only there, a second continuation must be
    __m256i open = _mm256_or_si256(_mm256_subs_epu8(back2, _mm256_set1_epi8(0xe0 - 0x80)),
                                   _mm256_subs_epu8(back3, _mm256_set1_epi8(0xf0 - 0x80)));
    open = _mm256_and_si256(open, _mm256_set1_epi8((char)PAIR));
    return _mm256_xor_si256(_mm256_and_si256(_mm256_and_si256(a, b), c), open);
}

// Length of a valid head that ends before the last 64 bytes, or before the first fault. It ends
// with a whole letter.
AVX2 static size_t valid_blocks(str s)
{
    __m256i before = _mm256_setzero_si256();
    bool foreign = false; // in the block before
    size_t i = 0;
    for (; s.n - i >= 64; i += 64) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(s.p + i));
        __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)(s.p + i + 32));
        bool ascii = _mm256_movemask_epi8(_mm256_or_si256(v, w)) == 0;
        if (ascii && !foreign)
            continue;
        __m256i wrong = _mm256_or_si256(faults(v, before), faults(w, v));
        if (!_mm256_testz_si256(wrong, wrong))
            break;
        before = w;
        foreign = !ascii;
    }
    // back to the lead of a letter that lies across the end
    for (size_t back = 1; back <= 3 && back <= i; back++)
        if ((unsigned char)s.p[i - back] >= 0xc0)
            return i - back;
    return i;
}

size_t utf8_valid_plain(str s)
{
    return valid_from(s, 0);
}

size_t utf8_valid(str s)
{
    size_t head = s.n >= 64 && cpu_avx2() ? valid_blocks(s) : 0;
    must(head <= s.n);
    return valid_from(s, head);
}

size_t utf8_count(str s, size_t at)
{
    size_t points = 0;
    must(at <= s.n);
    for (size_t i = 0; i < at; i++)
        points += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return points;
}

// An unsigned byte is e0 or more where the greater of both is itself: -1 there, so it is taken
// away.
static inline __m128i count_wide(__m128i lanes, __m128i v)
{
    return _mm_sub_epi8(lanes, _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8((char)0xe0)), v));
}

size_t utf8_wide(str s)
{
    size_t wide = 0, i = 0;
    for (; s.n - i >= 64; i += 64) {
        const __m128i *p = (const void *)(s.p + i), none = _mm_setzero_si128();
        __m128i a = _mm_loadu_si128(p), b = _mm_loadu_si128(p + 1);
        __m128i c = _mm_loadu_si128(p + 2), d = _mm_loadu_si128(p + 3);
        __m128i any = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
        if (!_mm_movemask_epi8(any))
            continue;
        __m128i lanes = count_wide(count_wide(count_wide(count_wide(none, a), b), c), d);
        __m128i sums = _mm_sad_epu8(lanes, none); // two sums of eight lanes
        wide += (size_t)_mm_cvtsi128_si32(sums) + (size_t)_mm_extract_epi16(sums, 4);
    }
    for (; i < s.n; i++)
        wide += (unsigned char)s.p[i] >= 0xe0;
    return wide;
}
