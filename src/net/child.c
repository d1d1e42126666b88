// child.c: child processes. They are ended with us: where util-linux's setpriv is at hand it sets
// the parent-death signal before the command starts; elsewhere a kill -9 of weir leaves the child
// behind. Each has a session of its own, so that Ctrl-C in a terminal reaches weir alone, which
// then ends them in its order.
#include "net/inner.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { ARGS_MAX = 256 };

struct net_child {
    uv_process_t uv;
    void (*on_exit)(void *arg, int code, int signal);
    void *arg;
    bool running, forgotten;
};

extern char **environ;

static void free_child(uv_handle_t *h)
{
    mem_free(h->data);
}

static void on_uv_exit(uv_process_t *p, int64_t code, int signal)
{
    struct net_child *c = p->data;
    c->running = false;
    if (c->forgotten)
        uv_close((uv_handle_t *)&c->uv, free_child);
    else
        c->on_exit(c->arg, (int)code, signal);
}

// Whether the command is there to be started: told at once rather than by an exit status 127.
static bool can_start(const char *command)
{
    char path[4096];
    str rest = str_c(getenv("PATH")), folder;
    if (strchr(command, '/'))
        return access(command, X_OK) == 0;
    while (str_next(&rest, ':', &folder)) {
        snprintf(path, sizeof path, "%.*s/%s", STR_ARGS(folder), command);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

// False where there are too many words.
static bool fill_args(char **args, char *const *argv)
{
    static char setpriv[] = "/usr/bin/setpriv", flag[] = "--pdeathsig", kill[] = "KILL",
                end[] = "--";
    unsigned n = 0;
    if (access(setpriv, X_OK) == 0) {
        args[n++] = setpriv;
        args[n++] = flag;
        args[n++] = kill;
        args[n++] = end;
    }
    for (unsigned i = 0; argv[i]; i++) {
        if (n == ARGS_MAX)
            return false;
        args[n++] = argv[i];
    }
    args[n] = NULL;
    return true;
}

// Ours with the given ones behind: of two settings of a name the last is taken by no one, so ours
// go.
static char **merge_env(char *const *add)
{
    size_t ours = 0, more = 0, n = 0;
    while (environ[ours])
        ours++;
    while (add && add[more])
        more++;
    char **all = mem_new_array(char *, ours + more + 1);
    for (size_t i = 0; i < ours; i++) {
        size_t name = strcspn(environ[i], "=");
        bool replaced = false;
        for (size_t j = 0; j < more; j++)
            replaced |= strncmp(environ[i], add[j], name + 1) == 0;
        if (!replaced)
            all[n++] = environ[i];
    }
    for (size_t j = 0; j < more; j++)
        all[n++] = add[j];
    return all;
}

struct net_child *net_spawn(struct net_loop *l, const struct net_command *what,
                            void (*on_exit)(void *arg, int code, int signal), void *arg,
                            char ret_why[160])
{
    char *args[ARGS_MAX + 1];
    must(what->argv && what->argv[0] && on_exit);
    if (!can_start(what->argv[0])) {
        snprintf(ret_why, 160, "%.100s: no such command", what->argv[0]);
        return NULL;
    }
    if (!fill_args(args, what->argv)) {
        snprintf(ret_why, 160, "the command has more than %d words", ARGS_MAX);
        return NULL;
    }
    int log = open(what->log_path && what->log_path[0] ? what->log_path : "/dev/null",
                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (log < 0) {
        snprintf(ret_why, 160, "the log file cannot be opened");
        return NULL;
    }
    struct net_child *c = mem_new(sizeof *c);
    c->on_exit = on_exit;
    c->arg = arg;
    c->uv.data = c;
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
                                     {.flags = UV_INHERIT_FD, .data.fd = log},
                                     {.flags = UV_INHERIT_FD, .data.fd = log}};
    char **all = merge_env(what->env);
    uv_process_options_t o = {.file = args[0],
                              .args = args,
                              .env = all,
                              .exit_cb = on_uv_exit,
                              .stdio = stdio,
                              .stdio_count = 3,
                              .flags = UV_PROCESS_DETACHED};
    int status = uv_spawn(&l->uv, &c->uv, &o);
    mem_free(all);
    close(log);
    if (status != 0) {
        snprintf(ret_why, 160, "%s: %s", args[0], uv_strerror(status));
        uv_close((uv_handle_t *)&c->uv, free_child);
        return NULL;
    }
    c->running = true;
    return c;
}

void net_child_kill(struct net_child *c, int signal)
{
    if (!c->running)
        return;
    int pid = uv_process_get_pid(&c->uv);
    must(pid > 1);
    // asked to end, it ends its own children; killed, it cannot any more
    (void)kill(signal == SIGKILL ? -pid : pid, signal); // gone already: on_exit tells
}

void net_child_free(struct net_child *c)
{
    if (!c)
        return;
    c->forgotten = true;
    if (!c->running)
        uv_close((uv_handle_t *)&c->uv, free_child);
}

int net_child_pid(const struct net_child *c)
{
    return c->running ? uv_process_get_pid(&c->uv) : -1;
}
