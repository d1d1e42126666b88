// inner.h: what the files of the configuration's reader share. Private to config.
#ifndef CONFIG_INNER_H
#define CONFIG_INNER_H
#include "config/config.h"

struct load {
    struct arena *arena;
    struct snapshot *snap;
    const char *name; // the file's, for messages
    struct conf_error *error;
    struct own **own; // the operator's, once there is something
};

enum err fail(struct load *l, const struct conf *at, const char *what, const char *hint);
enum err fill(struct load *l, void *out, const struct conf_table *table, const struct conf *map);
// None of the names (NULL-ended) is `word`: says so, and which is near.
struct known {
    const char *kind;
    const char *const *names;
};
enum err fail_unknown(struct load *l, const struct conf *at, str word, struct known known);
struct known known_zones(struct load *l);
int find_zone(const struct fleet *f, str name);   // -1: none
int find_target(const struct fleet *f, str name); // -1: none
enum err read_label(struct load *l, const struct conf *at, str word, enum label *ret);

enum err config_read_target(struct load *l, const struct conf *at);
enum err config_read_engine(struct load *l, const struct conf *at);
enum err config_read_own(struct load *l, const struct conf *at);
#endif
