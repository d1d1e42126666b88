// judge.c: how long weir's own judgement takes, without a gateway around it.
//
//   judge PROMPTS DOCUMENTS      one JSON line
//
// Both are files of request bodies, one a line. Each is read by the dialect and then given to the
// classifier (PROMPTS) or to the scan for sensitive places (DOCUMENTS), which see just what they
// see in a call. Times are CPU time of the thread, so that a busy machine does not count. PASSES
// times over all bodies; together they are larger than the caches near a core.
#include "api/api.h"
#include "base/mem.h"
#include "bench/wire.h"
#include "guard/guard.h"
#include "route/route.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PASSES = 3, ARENA_BYTES = 64 << 20 };
struct bodies {
    str *list;
    size_t count;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void bodies_read(struct bodies *b, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *f = fopen(path, "r");
    if (!f)
        die(path);
    for (; (n = getline(&line, &room, f)) > 0; line = NULL, room = 0) {
        b->list = grow(b->list, (b->count + 1) * sizeof *b->list);
        b->list[b->count++] = str_of(line, (size_t)n - (line[n - 1] == '\n'));
    }
    if (!b->count)
        die("no bodies");
    fclose(f);
}

static void read_ask(struct arena *a, str body, struct ask *ret_ask)
{
    struct fault fault = {0};
    arena_reset(a);
    if (dialect_openai_chat.read_ask(a, body, ret_ask, &fault) != OK)
        die("a body that cannot be read");
}

static void classify(struct arena *a, const struct bodies *prompts, struct times *ret_times)
{
    struct route_model model;
    struct judgement j;
    struct ask ask;
    const char *why;
    if (route_model_open(route_model_builtin(), &model, &why) != OK)
        die(why);
    for (size_t i = 0; i < prompts->count * PASSES; i++) {
        read_ask(a, prompts->list[i % prompts->count], &ask);
        int64_t begin = cpu_ns();
        route_classify(&model, a, &ask, &j);
        times_add(ret_times, cpu_ns() - begin);
    }
}

// Bytes of bodies in a microsecond, which is millions a second.
static double scan(struct arena *a, const struct bodies *documents)
{
    struct guard_policy policy;
    struct screening screening;
    struct ask ask;
    int64_t ns = 0;
    size_t bytes = 0;
    guard_policy_default(&policy);
    for (size_t i = 0; i < documents->count * PASSES; i++) {
        read_ask(a, documents->list[i % documents->count], &ask);
        int64_t begin = cpu_ns();
        guard_scan(a, &ask, &policy, NULL, &screening); // no memory of what was scanned
        ns += cpu_ns() - begin;
        bytes += ask.body.n;
    }
    return (double)bytes * 1e3 / (double)ns;
}

int main(int argc, char **argv)
{
    struct bodies prompts = {0}, documents = {0};
    struct times times = {0};
    struct arena a;
    if (argc != 3)
        return 2;
    bodies_read(&prompts, argv[1]);
    bodies_read(&documents, argv[2]);
    arena_init(&a, ARENA_BYTES);
    classify(&a, &prompts, &times);
    double speed = scan(&a, &documents);
    printf("{\"classify_p50\": %.2f, \"classify_p99\": %.2f, \"scan_mb_s\": %.0f}\n",
           times_us(&times, 0.5), times_us(&times, 0.99), speed);
    arena_done(&a);
    return 0;
}
