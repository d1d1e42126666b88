// marks.h: the first look at a text, 64 bytes at a time: where something could be. Private to
// guard. Two twins do the same work, with AVX2 and with what every x86-64 has; which of the two is
// asked of the machine at each text.
#ifndef GUARD_MARKS_H
#define GUARD_MARKS_H
#include "base/cpu.h"
#include "base/str.h"

enum {
    BLOCK = 64,
    BLOCK_MORE = 3, // bytes behind the last block that are read, too
    KEY_RUN = 16,
};

// One bit a byte of a block, the lowest for the first.
struct marks {
    uint64_t digit, letter;
    uint64_t number; // the first digit of a run
    uint64_t cue;    // a cue word that wakes may stand there, and a word may begin
    uint64_t run;    // the KEY_RUN-th in a row of letters, digits, _ and -
    uint64_t sign;   // @ : = $
};

// What the next block must know of the one before; all zero at a text's beginning.
struct marks_state {
    uint64_t digit, letter, run[5];
};

// What some byte of the blocks is: not ASCII; % & or a backslash before what may
// make an escape of it.
enum { MARKS_FOREIGN = 1, MARKS_VEIL = 2 };
// Reads `blocks` blocks and BLOCK_MORE bytes.
unsigned marks_read_avx2(const char *p, size_t blocks, struct marks_state *state,
                         struct marks *ret_marks);
unsigned marks_read_sse2(const char *p, size_t blocks, struct marks_state *state,
                         struct marks *ret_marks);
static inline unsigned marks_read(const char *p, size_t blocks, struct marks_state *state,
                                  struct marks *ret_marks)
{
    return cpu_avx2() ? marks_read_avx2(p, blocks, state, ret_marks)
                      : marks_read_sse2(p, blocks, state, ret_marks);
}
#endif
