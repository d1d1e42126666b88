// veil.h: letters written as something else, where a reader still sees or thinks the letter:
// escapes of URLs, of HTML and of JSON in JSON, wide and foreign digits, look-alikes, signs that
// nobody sees. Private to guard. What stands for one letter is a veil; the text is read again with
// its veils taken off, around each that may hide something.
#ifndef GUARD_VEIL_H
#define GUARD_VEIL_H
#include "guard/scan.h"

struct veil {
    uint8_t size;     // bytes of text that it takes, 1 or more
    uint8_t out_size; // bytes that it stands for, never more than size
    bool opens;       // read around it; others are taken off only there
    char out[4];
};
// False when the byte there begins none.
bool veil_at(str t, size_t at, struct veil *ret_veil);
// The kind of the veil that stands in, or else near, a place of the text inside; NULL: none does.
const char *veil_near(str t, const struct inside *in, size_t start, size_t end);

// For each of `blocks` blocks at p, where veils that open may stand, a bit a byte; and some where
// none does.
void veil_marks_avx2(const char *p, size_t blocks, uint64_t *ret_marks);
void veil_marks_sse2(const char *p, size_t blocks, uint64_t *ret_marks);

// A stretch with veils that stand near one another; all zero at a text's beginning.
struct veiled {
    size_t start, end; // equal: none
};
// A veil that opens stands at [start, end): goes on with the stretch, or reads it and begins anew.
void veil_note(struct scan *s, struct veiled *v, size_t start, size_t end);
void veil_flush(struct scan *s, struct veiled *v); // reads the last stretch
// All veils of the text in the parts, of 1 << shift bytes each, that have a bit.
void veil_read(struct scan *s, uint64_t parts, unsigned shift);
#endif
