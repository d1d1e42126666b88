// own: what the operator calls sensitive: words, patterns, documents that must not be quoted.
// Pure: bytes in, places out. Built once with a configuration, then read by any thread.
//   words      names and phrases, letter by letter in any case (ASCII), as whole words; a blank in
//              one stands for any white space
//   patterns   regular expressions as PCRE2 reads them, in UTF-8, each bounded in what it may cost
//   documents  texts of which a stretch of about twenty words is known again, whatever stands
//              between its letters and digits
#ifndef OWN_OWN_H
#define OWN_OWN_H
#include "base/base.h"
#include "base/buf.h"

enum { OWN_KINDS_MAX = 32, OWN_WHY = 160, OWN_WORD_LEAST = 3 };

struct own;
struct own *own_new(void);
void own_free(struct own *o);

// A kind of finding, as the operator names it; its number. At most OWN_KINDS_MAX.
unsigned own_kind(struct own *o, str type);
unsigned own_kind_count(const struct own *o);
const char *own_type(const struct own *o, unsigned kind); // lives as long as o

// Each false says why: nothing was added.
bool own_add_word(struct own *o, unsigned kind, str word, char ret_why[OWN_WHY]) must_check;
bool own_add_pattern(struct own *o, unsigned kind, str pattern, char ret_why[OWN_WHY]) must_check;
bool own_add_document(struct own *o, unsigned kind, str text, char ret_why[OWN_WHY]) must_check;
// After the last was added and before the first own_find.
void own_seal(struct own *o);
// Of all that was added, in order: two configurations that ask for the same have the same.
uint64_t own_digest(const struct own *o);

struct own_place {
    unsigned kind;
    size_t start, end; // bytes of the text
};
// Places in the order of kinds of look (words, patterns, documents), at most `max`. False when
// there are more, or a pattern cost more than it may: such a text cannot be judged. text: valid
// UTF-8.
bool own_find(const struct own *o, str text, struct own_place *ret_places, size_t max,
              size_t *ret_count);
#endif
