// child_test.c: children run, say what they say into their log, end and are ended.
#include "net/rig_test.h"
#include <signal.h>
#include <unistd.h>

struct parent {
    struct rig rig;
    struct net_child *child;
    int exits, code, signal;
    char why[160], log[64];
};

static void on_exit_of(void *arg, int code, int signal)
{
    struct parent *p = arg;
    p->exits++;
    p->code = code;
    p->signal = signal;
    CHECK(net_child_pid(p->child) == -1);
    net_child_free(p->child);
    p->child = NULL;
    net_loop_stop(p->rig.loop);
}

static void begin(struct parent *p, const char *script, char *const *env)
{
    char *argv[] = {(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c",
                    (char *)(uintptr_t)script, NULL};
    memset(p, 0, sizeof *p);
    rig_init(&p->rig);
    str_copy_to(p->log, sizeof p->log, S("/tmp/weir-net-test.XXXXXX"));
    close(mkstemp(p->log));
    const struct net_command c = {.argv = argv, .env = env, .log_path = p->log};
    p->child = net_spawn(p->rig.loop, &c, on_exit_of, p, p->why);
}

static void end(struct parent *p)
{
    unlink(p->log);
    rig_done(&p->rig);
}

TEST(a_childs_output_code_and_environment_are_as_asked)
{
    struct parent p;
    char line[128] = "";
    char *env[] = {(char *)(uintptr_t) "WEIR_TEST=new", NULL};
    setenv("WEIR_TEST", "old", 1);
    setenv("WEIR_TEST_KEPT", "kept", 1);
    begin(&p, "echo $WEIR_TEST $WEIR_TEST_KEPT; echo err >&2; exit 7", env);
    REQUIRE(p.child && net_child_pid(p.child) > 0);
    rig_run(&p.rig);
    CHECK(p.exits == 1 && p.code == 7 && p.signal == 0);
    FILE *f = fopen(p.log, "r");
    REQUIRE(f);
    CHECK(fread(line, 1, sizeof line - 1, f) > 0 && strcmp(line, "new kept\nerr\n") == 0);
    fclose(f);
    end(&p);
}

TEST(a_child_is_ended_by_a_signal)
{
    struct parent p;
    begin(&p, "exec tail -f /dev/null", NULL);
    REQUIRE(p.child);
    net_child_kill(p.child, SIGKILL);
    rig_run(&p.rig);
    CHECK(p.exits == 1 && p.signal == SIGKILL);
    end(&p);
}

TEST(a_child_is_out_of_a_terminals_reach)
{
    struct parent p;
    begin(&p, "exec tail -f /dev/null", NULL);
    REQUIRE(p.child);
    CHECK(getsid(net_child_pid(p.child)) == net_child_pid(p.child));
    CHECK(getpgid(net_child_pid(p.child)) != getpgid(0));
    net_child_kill(p.child, SIGTERM);
    rig_run(&p.rig);
    CHECK(p.exits == 1 && p.signal == SIGTERM);
    end(&p);
}

TEST(a_command_that_is_not_there_is_told_at_once)
{
    struct rig r;
    char why[160] = "", *argv[] = {(char *)(uintptr_t) "/nonexistent/engine", NULL};
    const struct net_command c = {.argv = argv};
    rig_init(&r);
    CHECK(!net_spawn(r.loop, &c, on_exit_of, NULL, why) && strstr(why, "/nonexistent/engine"));
    rig_done(&r);
}

TEST(a_command_of_too_many_words_is_refused)
{
    struct rig r;
    char why[160] = "", *argv[400], word[] = "true";
    const struct net_command c = {.argv = argv};
    for (size_t i = 0; i < countof(argv); i++)
        argv[i] = word;
    argv[countof(argv) - 1] = NULL;
    rig_init(&r);
    CHECK(!net_spawn(r.loop, &c, on_exit_of, NULL, why) && strstr(why, "words"));
    rig_done(&r);
}

TEST(a_forgotten_child_ends_without_a_word)
{
    struct parent p;
    begin(&p, "exec tail -f /dev/null", NULL);
    REQUIRE(p.child);
    int pid = net_child_pid(p.child);
    net_child_kill(p.child, SIGKILL);
    net_child_free(p.child);
    net_loop_stop(p.rig.loop);
    rig_run(&p.rig);
    CHECK(p.exits == 0 && pid > 0);
    end(&p);
}
