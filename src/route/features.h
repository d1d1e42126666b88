// features.h: a request as numbers. The same code serves classification and training. Private to
// route.
#ifndef ROUTE_FEATURES_H
#define ROUTE_FEATURES_H
#include "route/route.h"

enum { FEATURES_MAX = 2048 };

// What surrounds the text, counted.
struct surroundings {
    size_t text_bytes; // of the whole last message, read or not
    size_t system_bytes;
    uint32_t turns;
    bool tools, media, schema;
};
struct features {
    uint32_t ids[FEATURES_MAX]; // hashes; the model takes their low bits
    uint32_t count;
    bool fence, question, latex, options, numbers,
        examples; // for people: struct judgement's signals
};
void features_of(str text, const struct surroundings *around, struct features *ret);
#endif
