// config: weir.yaml, or what is found without one, made into a snapshot that the gate serves by.
// Every mistake is told with file, line and column, what is wrong and what would be right.
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H
#include "base/arena.h"
#include "base/conf.h"
#include "gate/gate.h"

struct config {
    struct arena arena; // everything below lives here, but for own
    struct snapshot snap;
    struct own *own; // what the operator calls sensitive; NULL: nothing
    bool from_file;
    char name[256];                          // the file's name, for messages
    struct upstream_found found[TARGET_MAX]; // without a file: what discovery found
    size_t found_count;
};
// path NULL: ./weir.yaml where there is one, else discovery (discover) or plain defaults (not
// discover). On failure ret_error says where, what and what would be right, and nothing is held.
enum err config_load(struct config *c, const char *path, bool discover,
                     struct conf_error *ret_error) must_check;
void config_free(struct config *c);
// A file of weights, into the arena.
enum err config_weights(struct arena *a, const char *path, struct route_model *ret_model,
                        char ret_why[160]) must_check;
// What is wrong, in one line.
enum { CONFIG_SAY = 800 };
void config_say(const struct conf_error *e, char ret_say[CONFIG_SAY]);
// Rules that can never match and the like; prints each, returns how many.
unsigned config_lint(const struct config *c);
#endif
