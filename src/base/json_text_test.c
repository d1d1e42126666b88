// The inside of JSON strings: both twins do what a plain reading byte by byte does, on random texts
// of every length and at every place of a block.
#include "base/json_text.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit.h"

struct passed {
    size_t n;
    struct json_text t;
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static unsigned plain_hex(const char *p)
{
    char four[5] = {p[0], p[1], p[2], p[3]};
    return (unsigned)strtoul(four, NULL, 16);
}

static struct passed plain_pass(str s)
{
    struct passed r = {0};
    while (r.n < s.n) {
        char c = s.p[r.n];
        size_t left = s.n - r.n;
        const char *e = s.p + r.n + 1;
        if (c == '"' || (unsigned char)c < 0x20)
            break;
        r.t.foreign |= (unsigned char)c >= 0x80;
        if (c != '\\') {
            r.n++;
        } else if (left >= 2 && *e && strchr("\"\\/bfnrt", *e)) {
            r.n += 2;
            r.t.escaped = true;
            r.t.saves++;
        } else if (left >= 6 && *e == 'u' && is_hex(e[1]) && is_hex(e[2]) && is_hex(e[3]) &&
                   is_hex(e[4])) {
            r.n += 6;
            r.t.escaped = true;
            r.t.wide += plain_hex(e + 1) >= 0x800;
            r.t.saves += plain_hex(e + 1) >= 0x800 ? 3 : 4;
        } else {
            break;
        }
    }
    return r;
}

static size_t plain_utf8(char *dst, unsigned c)
{
    static const struct {
        unsigned below, lead, letters;
    } forms[] = {{0x80, 0, 1}, {0x800, 0xc0, 2}, {0x10000, 0xe0, 3}, {0x110000, 0xf0, 4}};
    size_t f = 0;
    while (c >= forms[f].below)
        f++;
    for (size_t i = forms[f].letters - 1; i > 0; i--, c >>= 6)
        dst[i] = (char)(0x80 | (c & 63));
    dst[0] = (char)(forms[f].lead | c);
    return forms[f].letters;
}

static size_t plain_decode(char *dst, str raw)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.n;) {
        const char *e = raw.p + i + 1;
        if (raw.p[i] != '\\') {
            dst[n++] = raw.p[i++];
        } else if (*e != 'u') {
            dst[n++] = "\"\\/\b\f\n\r\t"[strchr("\"\\/bfnrt", *e) - "\"\\/bfnrt"];
            i += 2;
        } else {
            unsigned c = plain_hex(e + 1), low = 0;
            i += 6;
            if (c >= 0xd800 && c < 0xdc00 && i + 6 <= raw.n && !memcmp(raw.p + i, "\\u", 2))
                low = plain_hex(raw.p + i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 6;
            } else if (c >= 0xd800 && c < 0xe000) {
                c = 0xfffd;
            }
            n += plain_utf8(dst + n, c);
        }
    }
    return n;
}

// s lies where the heap block ends, so that ASan sees a byte read too far.
static bool passes_alike(str s)
{
    struct json_text want, fast = {0}, plain = {0};
    struct passed p = plain_pass(s);
    want = p.t;
    bool same = json_text_pass(s.p, s.p + s.n, &fast) == s.p + p.n &&
                json_text_pass_plain(s.p, s.p + s.n, &plain) == s.p + p.n;
    same &= fast.escaped == want.escaped && plain.escaped == want.escaped;
    same &= fast.saves == want.saves && plain.saves == want.saves;
    same &= fast.wide == want.wide && plain.wide == want.wide;
    same &= plain.foreign == want.foreign;
    return same && (fast.foreign || !want.foreign); // blocks tell it of what is behind, too
}

static bool decodes_alike(str raw)
{
    char *want = mem_resize(NULL, raw.n + 4);
    char *a = mem_resize(NULL, raw.n + JSON_TEXT_SLACK),
         *b = mem_resize(NULL, raw.n + JSON_TEXT_SLACK);
    size_t n = plain_decode(want, raw);
    bool same = json_text_decode(a, raw) == n && memcmp(a, want, n) == 0;
    same &= json_text_decode_plain(b, raw) == n && memcmp(b, want, n) == 0;
    mem_free(want);
    mem_free(a);
    mem_free(b);
    return same;
}

static bool alike(str s)
{
    char *exact = mem_resize(NULL, s.n + !s.n);
    memcpy(exact, s.p, s.n);
    str copy = str_of(exact, s.n);
    bool same = passes_alike(copy) && decodes_alike(str_first(copy, plain_pass(copy).n));
    mem_free(exact);
    return same;
}

TEST(random_texts_are_passed_and_decoded_as_byte_by_byte)
{
    static const char *const pieces[] = {"\\n",
                                         "\\\"",
                                         "\\\\",
                                         "\\/",
                                         "\\u6c34",
                                         "\\u0431",
                                         "\\u0041",
                                         "\\ud83c\\udF0A",
                                         "\\ud83c",
                                         "\\uDF0A",
                                         "\\u0000",
                                         "a",
                                         " ",
                                         "\xd0\xb6",
                                         "\xe6\xb0\xb4",
                                         "seven b",
                                         "a run of plain words, longer than a block of any kind"
                                         " that is looked at in one go, is passed "};
    uint64_t seed = 5;
    for (int round = 0; round < 20000; round++) {
        char text[600];
        size_t n = 0, most = rng_next(&seed) % 400;
        while (n < most) {
            const char *piece = pieces[rng_next(&seed) % countof(pieces)];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        n -= n ? rng_next(&seed) % 7 % n : 0; // cut inside an escape, now and then
        if (n && rng_next(&seed) % 2)
            text[rng_next(&seed) % n] = "\"\\\x1f\x00\x7f\xffuG"[rng_next(&seed) % 8];
        REQUIRE(alike(str_of(text, n)));
    }
}

TEST(every_byte_behind_a_backslash_is_judged_alike_at_every_place)
{
    char text[140];
    for (size_t where = 0; where < 130; where++)
        for (int c = 0; c < 256; c++) {
            memset(text, 'x', sizeof text);
            text[where] = '\\';
            text[where + 1] = (char)c;
            REQUIRE(alike(str_of(text, sizeof text)));
            REQUIRE(alike(str_of(text, where + 1)));
        }
}

TEST(every_byte_is_judged_alike_as_a_digit_of_an_escape)
{
    for (size_t digit = 2; digit < 6; digit++)
        for (int c = 0; c < 256; c++) {
            char text[80] =
                "\\u12aF, and behind it enough for a block of sixty-four bytes, as it looks";
            text[digit] = (char)c;
            REQUIRE(alike(str_of(text, strlen(text + 6) + 6)));
            REQUIRE(alike(str_of(text, 6)));
        }
}

TEST(every_letter_is_decoded_from_its_escape_alone_and_in_a_run)
{
    for (unsigned c = 0; c < 0x10000; c++) {
        char text[60];
        snprintf(text, sizeof text, "\\u6c34\\u%04x\\u0431\\uAbCd\\u6c34\\u%04x\\uffff\\u0800 x", c,
                 c ^ 0x5a5a);
        REQUIRE(decodes_alike(str_of(text, strlen(text))));
        snprintf(text, sizeof text, c % 2 ? "\\u%04x" : "\\u%04X", c);
        REQUIRE(decodes_alike(str_of(text, 6)));
    }
    for (unsigned c = 0x10000; c < 0x110000; c += 0x101) {
        char text[16];
        snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                 0xdc00 + (c & 0x3ff));
        REQUIRE(decodes_alike(str_of(text, 12)));
    }
}
