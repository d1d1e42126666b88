// buf.c: growing bytes with a ceiling.
// Invariants: (1) n <= limit_bytes; (2) what buf_room gives has one byte more behind it, so that
// vsnprintf's NUL never makes a text that just fits too long.
#include "base/buf.h"
#include "base/mem.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST = 256 };

void buf_init(struct buf *b, size_t limit_bytes)
{
    must(limit_bytes > 0 && limit_bytes < SIZE_MAX);
    *b = (struct buf){.limit_bytes = limit_bytes};
}

void buf_done(struct buf *b)
{
    if (!b)
        return;
    mem_free(b->p);
    *b = (struct buf){.limit_bytes = b->limit_bytes};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->over = false;
}

char *buf_room(struct buf *b, size_t n)
{
    if (unlikely(b->over || n > b->limit_bytes - b->n)) {
        b->over = true;
        return NULL;
    }
    if (b->cap - b->n <= n) {
        size_t cap = max_size(max_size(FIRST, b->cap * 2), b->n + n + 1);
        cap = min_size(cap, b->limit_bytes + 1);
        b->p = mem_resize(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_grew(struct buf *b, size_t n)
{
    must(n <= b->limit_bytes - b->n && n <= b->cap - b->n);
    b->n += n;
}

void buf_put(struct buf *b, str s)
{
    if (s.n == 0)
        return;
    char *room = buf_room(b, s.n);
    if (!room)
        return;
    memcpy(room, s.p, s.n);
    b->n += s.n;
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, (str){&c, 1});
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    must(n >= 0);
    char *room = buf_room(b, (size_t)n);
    if (room) {
        vsnprintf(room, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_put_i64(struct buf *b, int64_t v)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        digits[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        digits[--at] = '-';
    buf_put(b, (str){digits + at, sizeof digits - at});
}

void buf_drop_head(struct buf *b, size_t n)
{
    must(n <= b->n);
    if (n && n < b->n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

static void put_escaped(struct buf *b, unsigned char c)
{
    switch (c) {
    case '"':
        buf_put(b, S("\\\""));
        break;
    case '\\':
        buf_put(b, S("\\\\"));
        break;
    case '\n':
        buf_put(b, S("\\n"));
        break;
    case '\r':
        buf_put(b, S("\\r"));
        break;
    case '\t':
        buf_put(b, S("\\t"));
        break;
    default:
        buf_printf(b, "\\u%04x", c);
    }
}

void buf_put_json(struct buf *b, str s)
{
    buf_putc(b, '"');
    while (s.n) {
        size_t plain = 0;
        while (plain < s.n && (unsigned char)s.p[plain] >= 0x20 && s.p[plain] != '"' &&
               s.p[plain] != '\\' && (unsigned char)s.p[plain] < 0x80)
            plain++;
        buf_put(b, str_first(s, plain));
        s = str_from(s, plain);
        if (!s.n)
            break;
        if ((unsigned char)s.p[0] < 0x80) {
            put_escaped(b, (unsigned char)s.p[0]);
            s = str_from(s, 1);
            continue;
        }
        size_t ok = utf8_valid(str_first(s, 4));
        size_t point = 1;
        while (point < ok && ((unsigned char)s.p[point] & 0xc0) == 0x80)
            point++;
        buf_put(b, ok ? str_first(s, point) : S("\xef\xbf\xbd"));
        s = str_from(s, ok ? point : 1);
    }
    buf_putc(b, '"');
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_put_base64(struct buf *b, str s)
{
    char *to = buf_room(b, (s.n + 2) / 3 * 4);
    if (!to || s.n == 0)
        return;
    for (size_t at = 0; at < s.n; at += 3, to += 4) {
        unsigned char three[3] = {0};
        size_t n = min_size(3, s.n - at);
        memcpy(three, s.p + at, n);
        uint32_t bits = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
        for (unsigned i = 0; i < 4; i++)
            to[i] = i <= n ? base64_digits[bits >> (18 - 6 * i) & 63] : '=';
    }
    buf_grew(b, (s.n + 2) / 3 * 4);
}

bool buf_put_from_base64(struct buf *b, str text)
{
    const size_t padding = str_ends(text, S("==")) ? 2 : str_ends(text, S("="));
    char *to = text.n % 4 == 0 ? buf_room(b, text.n / 4 * 3 + 1) : NULL;
    uint32_t bits = 0;
    if (!to)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = memchr(base64_digits, text.p[i], sizeof base64_digits - 1);
        if (!digit && i < text.n - padding)
            return false;
        bits = bits << 6 | (digit ? (uint32_t)(digit - base64_digits) : 0);
        if (i % 4 == 3) {
            *to++ = (char)(bits >> 16 & 0xff);
            *to++ = (char)(bits >> 8 & 0xff);
            *to++ = (char)(bits & 0xff);
        }
    }
    buf_grew(b, text.n / 4 * 3 - padding);
    return true;
}

bool buf_read_file(struct buf *b, const char *path)
{
    enum { STEP = 64 * 1024 };
    must(b && path);
    bool standard = strcmp(path, "-") == 0, fine = false;
    FILE *f = standard ? stdin : fopen(path, "rb");
    for (size_t n = 1; f && n > 0;) {
        char *room = buf_room(b, STEP);
        if (!room) {
            errno = EFBIG;
            break;
        }
        n = fread(room, 1, STEP, f);
        buf_grew(b, n);
        fine = n == 0 && !ferror(f);
    }
    if (f && !standard) {
        int why = errno;
        fclose(f);
        errno = why;
    }
    return fine;
}
