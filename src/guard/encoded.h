// encoded.h: text in base64 (either alphabet, in lines or not) and in hex digits. Private to guard.
#ifndef GUARD_ENCODED_H
#define GUARD_ENCODED_H
#include "guard/scan.h"

// A run of key bytes begins there: decodes it where text comes out, and reads that. Bytes that were
// decoded are not looked at again.
void encoded_read(struct scan *s, size_t run);
#endif
