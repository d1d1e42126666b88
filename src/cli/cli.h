// cli: main() and the subcommands. One file a subcommand, one row in commands.def. Only here may a
// process end with a message: every one says what is wrong and what to do.
#ifndef CLI_CLI_H
#define CLI_CLI_H
#include "admin/admin.h"
#include "config/config.h"

// Subcommands: argv[0] is the subcommand's own name. Return the exit status.
#define WEIR_VERSION "0.1.0"

#define COMMAND(name, what) int cli_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

// Loads a configuration; what is wrong with it is said on stderr.
bool cli_load_config(struct config *c, const char *path, bool discover) must_check;

// --- shared little things: util.c
// --------------------------------------------------------------------

// Whole file into buf ("-" is standard input). False with errno said on stderr.
bool cli_read_file(const char *path, struct buf *out);
// Value of --name VALUE or --name=VALUE at argv[*i] (moves *i); NULL when argv[*i] is another
// option.
const char *cli_option(int argc, char **argv, int *i, const char *name);
int cli_usage(const char *text); // prints what was asked for; exit status 0
// Says what is wrong with the command line; exit status 2.
int cli_mistake(const char *command, const char *fmt, ...) format_like(2, 3);
int cli_stray(const char *command, const char *word); // an option or word that it does not take

// The fleet for a bare machine: one place here, one in the cloud, so that `zone` says where a
// request belongs. Nothing where the configuration has targets.
void cli_stand_ins(struct snapshot *s);
// A chat body of a JSONL row: {"text": t} becomes one user message, {"messages": m} is taken as it
// is; where only the "features" were kept the message is empty. False where the row has none.
struct yyjson_val;
bool cli_make_body(struct buf *body, struct yyjson_val *row) must_check;
// What is asked offline. label, zone: as if x-weir-* said so (p NULL: absent); model: instead of
// the body's own word where not empty.
struct cli_request {
    str body, label, zone, model;
    str packed; // features of the request in place of the body's own, or nothing
};
// Reads, screens and chooses as gate's steps 3 to 5 do, with every target up. Fills ask, screening,
// label, judgement and plan of the call.
enum err cli_judge(const struct snapshot *s, struct arena *a, const struct cli_request *r,
                   struct call *c, struct fault *ret_fault) must_check;
#endif
