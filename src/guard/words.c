// words.c: where words begin, in any script. Letters are told by the first byte of their UTF-8.
#include "guard/detector.h"

enum script {
    SIGNS,  // and digits: no letters
    LATIN,  // with and without ASCII
    DENSE,  // written without blanks between words, as Chinese
    OTHERS, // the rest
};

// Of the letter at `at`, whatever stands behind it.
static enum script script_at(str t, size_t at)
{
    unsigned char c = (unsigned char)t.p[at], next = (unsigned char)at_byte(t, at + 1);
    if (c < 0x80)
        return is_letter((char)c) ? LATIN : SIGNS;
    if (c == 0xc2 || c == 0xe2) // U+0080 to U+00BF and U+2000 to U+2FFF: quotation marks, dashes
        return SIGNS;
    if (c < 0xca || (c == 0xe1 && next >= 0xb8 && next <= 0xbb))
        return LATIN;
    return c >= 0xe3 && c < 0xf0 ? DENSE : OTHERS;
}

static bool inner(char c)
{
    return (c & 0xc0) == 0x80;
}

bool word_begins(str t, size_t at)
{
    enum { LONGEST = 4 };
    size_t last = at;
    must(at < t.n);
    enum script now = inner(t.p[at]) ? SIGNS : script_at(t, at);
    if (now == SIGNS || at == 0 || !of_word(t.p[at - 1]))
        return now != SIGNS;
    do
        last--;
    while (last > 0 && at - last < LONGEST && inner(t.p[last]));
    if (now != script_at(t, last) || now == DENSE)
        return true;
    return now == LATIN && is_upper(t.p[at]) && !is_upper(t.p[last]);
}
