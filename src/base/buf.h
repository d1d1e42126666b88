// buf.h: bytes that grow, up to the ceiling given at birth. Past it `over` is set, nothing more is
// taken and nothing is lost of what was there: writers append freely and check once.
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, limit_bytes;
    bool over; // sticky
};

void buf_init(struct buf *b, size_t limit_bytes);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); // empties, keeps the memory
static inline str buf_str(const struct buf *b)
{
    return (str){b->p, b->n};
}
void buf_put(struct buf *b, str s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) format_like(2, 3);
void buf_put_i64(struct buf *b, int64_t v);
// Room for n more bytes to write into; NULL when that passes the ceiling. Then buf_grew with how
// many were written.
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);
void buf_drop_head(struct buf *b, size_t n); // forgets the first n bytes
// s as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void buf_put_json(struct buf *b, str s);
// s in base64 (RFC 4648, with its padding), and back; false, and nothing is put, where text is
// none.
void buf_put_base64(struct buf *b, str s);
bool buf_put_from_base64(struct buf *b, str text) must_check;
// Appends a whole file; "-" is standard input. False, with errno, where it cannot be read or does
// not fit; what was read before stays.
bool buf_read_file(struct buf *b, const char *path);
#endif
