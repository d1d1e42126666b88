// reader.h: what every dialect's read_ask needs: a walk over an object by a table of its fields,
// the path to the place that is being read, parts, faults. Private to api.
//
// The rule that the tables keep: no byte of a body escapes the sensitivity scan unless its row says
// that it cannot hold anything (numbers of sampling, words of a fixed set, ids that machines make).
// What no row knows becomes PART_UNKNOWN where it can hold text, and PART_METADATA where it cannot.
#ifndef API_READER_H
#define API_READER_H
#include "api/api.h"
#include "base/json.h"

enum { READER_PATH_MAX = 8 };
#define READER_NO_INDEX UINT32_MAX

struct reader {
    struct json_scan s;
    struct arena *a;
    struct ask *ask;     // being filled
    struct fault *fault; // err stays OK until something was wrong
    uint32_t part_cap;
    enum role role; // of the message being read; ROLE_NONE outside
    unsigned has;   // bits of the fields met in the object being read, nulls left out
    int type;       // what a row of the object being read leaves for the end of that object
    unsigned depth;
    struct place {
        const char *name; // static
        uint32_t index;
    } path[READER_PATH_MAX];
};

// One field of an object. `read` consumes the value; kind and bit are for it.
struct field {
    const char *name;
    uint32_t name_bytes;
    unsigned bit;
    bool (*read)(struct reader *r, const struct field *f);
    enum part_kind kind;
};
#define FIELD(name, bit, read) FIELD_AS(name, bit, read, PART_UNKNOWN)
#define FIELD_AS(name, bit, read, kind)                                                            \
    {                                                                                              \
        name, sizeof(name) - 1, bit, read, kind                                                    \
    }
struct fields {
    const struct field *rows; // often used ones first
    unsigned count;           // at most 128
};
#define FIELDS(rows) ((struct fields){rows, countof(rows)})

void reader_begin(struct reader *r, struct arena *a, str body);
// Keeps the first fault and says false. `must_be` goes into the sentence after the path
// ("must be a string"); NULL leaves the table's sentence.
bool reader_fail(struct reader *r, enum err e, int64_t at_byte, const char *must_be);
// The field `name` of the object being read is not there.
bool reader_missing(struct reader *r, const char *name, int64_t at_byte);

// Walks an object that was just taken. A key that stands twice is a fault; one that no row knows is
// kept as the rule above says. ret_has gets the bits that the rows left.
bool reader_walk(struct reader *r, struct fields fields, unsigned *ret_has);

// Reads each item of an array that was just taken, moving the index of the path's end along; f goes
// to each.
typedef bool reader_item(struct reader *r, const struct field *f);
bool reader_items(struct reader *r, const struct field *f, reader_item *read_item);
// The same for an array that is still to be taken, or null.
bool reader_list(struct reader *r, const struct field *f, reader_item *read_item);

// Takes a value of one of the wanted kinds, else WRONG_TYPE with the sentence.
#define WANT(kind) (1u << JSON_##kind)
bool reader_take(struct reader *r, unsigned wants, const char *must_be,
                 struct json_value *ret_value);
// The same for a whole value of any depth, left behind.
bool reader_take_whole(struct reader *r, unsigned wants, const char *must_be,
                       struct json_value *ret_value);
// true or false; null is false.
bool reader_take_switch(struct reader *r, bool *ret_on);
bool reader_to_int(const struct reader *r, struct json_value v, int64_t *ret_int);

// Adds a part: a string's inside, or a whole value. Nothing is added for what holds nothing.
void reader_add(struct reader *r, enum part_kind kind, struct json_value v);
// Adds a string as metadata unless it is an identifier as machines make them.
void reader_add_unless_id(struct reader *r, struct json_value v);
// A part of no bytes at a place: for what is present without text of its own.
void reader_mark(struct reader *r, enum part_kind kind, uint32_t at_byte);

// Ready rows. Null is fine in each.
bool reader_number(struct reader *r, const struct field *f);  // sampling: holds nothing
bool reader_integer(struct reader *r, const struct field *f); // the same
bool reader_bool(struct reader *r, const struct field *f);
bool reader_word(struct reader *r, const struct field *f);    // a word of a fixed set, or a switch
bool reader_id(struct reader *r, const struct field *f);      // an identifier that a machine made
bool reader_string(struct reader *r, const struct field *f);  // a part of the row's kind
bool reader_value(struct reader *r, const struct field *f);   // any value, a part of the row's kind
bool reader_thought(struct reader *r, const struct field *f); // a model's reasoning, of any form

// Counts what was read; returns the fault's err, or OK.
enum err reader_end(struct reader *r, bool ok);
#endif
