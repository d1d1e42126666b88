// conf.h: YAML configuration through tables. Rooms declare their settings in settings.def; a row
// makes the struct field, the parser row and the manual's line. Errors carry file, line, column,
// what is wrong and what would be right; an unknown key is an error that names the nearest known
// one.
#ifndef BASE_CONF_H
#define BASE_CONF_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum conf_kind { CONF_MAP, CONF_LIST, CONF_SCALAR };

// A parsed YAML node; the tree lives in the arena given to conf_parse.
struct conf {
    enum conf_kind kind;
    str key;          // this node's key in its map, or empty
    str scalar;       // ${NAME} was replaced from the environment given to conf_parse
    bool quoted;      // a quoted scalar is never a count, ratio, bool or null
    int line, column; // from 1
    int key_line, key_column;
    struct conf *child, *next;
    bool from_env; // scalar came (in part) from the environment: a secret, never printed
};

// The message for a human: "weir.yaml:12:5: ..."; `hint` says what would be right.
struct conf_error {
    char where[256], what[256], hint[256];
};

// What is parsed: the bytes, the name that errors show, and the environment (a variable's value or
// NULL). No file is read here.
struct conf_source {
    str yaml;
    const char *name;
    const char *(*env)(const char *);
};
enum err conf_parse(struct arena *a, const struct conf_source *source, struct conf **ret_root,
                    struct conf_error *ret_error) must_check;
struct conf *conf_get(const struct conf *map, str key); // NULL where absent
enum err conf_fail(struct conf_error *e, const char *name, const struct conf *at, const char *what,
                   const char *hint);

// --- settings tables -----------------------------------------------------------------------------
// SETTING(type, field, default, min, max, "sentence")
// types: bool, count (int64), ms (int64, "10s" "1500ms" "2m" "1h" or a bare number of ms),
//        bytes (int64, "64KiB" "8MiB" or a bare number), ratio (double), word (str)
enum setting_type {
    SETTING_bool,
    SETTING_count,
    SETTING_ms,
    SETTING_bytes,
    SETTING_ratio,
    SETTING_word,
    // stdbool's bool is a macro: it arrives expanded when a room's SETTING hands it to SETTING_ROW
    SETTING__Bool = SETTING_bool
};
typedef bool setting_bool;
typedef int64_t setting_count, setting_ms, setting_bytes;
typedef double setting_ratio;
typedef str setting_word;

struct setting_row {
    enum setting_type type;
    const char *name, *fallback; // the default as one would write it
    double min, max;             // numbers only; 0,0 for none
    const char *sentence;
    size_t offset;
};
#define SETTING_ROW(owner, type, field, fallback, min, max, sentence)                              \
    {                                                                                              \
        SETTING_##type, #field, fallback, min, max, sentence, offsetof(owner, field)               \
    }

// The rows, and names that the caller reads itself (`also`, NULL-ended, may be NULL). A room
// expands its settings.def twice (settings_test.c is a whole example):
//   struct http_settings { #define SETTING(type, field, ...) setting_##type field; ... };
//   static const struct setting_row rows[] = { SETTING_ROW(struct http_settings, ...), ... };
//   const struct conf_table http_setting_table = {rows, countof(rows), NULL};
struct conf_table {
    const struct setting_row *rows;
    size_t count;
    const char *const *also;
};
void conf_defaults(void *out, const struct conf_table *table);
// The first setting in which two filled structs differ, or NULL; `may` (NULL-ended, may be NULL)
// names those that are passed over.
const char *conf_differs(const struct conf_table *table, const void *a, const void *b,
                         const char *const *may);
// Fills `out` with the defaults, then with what map (may be NULL) says; keys neither in rows nor in
// `also` are errors. `name` is the file's, for the error.
enum err conf_fill(void *out, const struct conf_table *table, const struct conf *map,
                   const char *name, struct conf_error *ret_error) must_check;
// The nearest of the given names, or NULL when none is near.
const char *conf_nearest(str word, const char *const *names);
// A word that none of the names is: "unknown KIND 'word'", and the nearest name or all of them.
struct conf_unknown {
    const char *kind;
    str word;
    const char *const *names; // NULL-ended
};
enum err conf_fail_unknown(struct conf_error *e, const char *name, const struct conf *at,
                           const struct conf_unknown *what);
// The same place, but of the key: for messages that are about the key.
struct conf conf_key_place(const struct conf *c);
bool conf_ms(str s, int64_t *ret_ms);
bool conf_bytes(str s, int64_t *ret_bytes);
#endif
