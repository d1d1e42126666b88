// Runs the tests of one room and prints "N passed, N failed, N skipped".
#include "tests/unit.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct unit_test __start_unit_tests[], __stop_unit_tests[];

static int failed_here, skipped_here;
static atomic_int checked_here; // some tests check on threads of their own, too

int unit_check(int cond, const char *expr, const char *file, int line)
{
    checked_here++;
    if (!cond) {
        failed_here = 1;
        printf("%s:%d: not true: %s\n", file, line, expr);
    }
    return cond;
}

void unit_skip(const char *why)
{
    skipped_here = 1;
    printf("skipped: %s\n", why);
}

const char *unit_shared(const char *path)
{
    static char full[4096];
    const char *root = getenv("WEIR_SHARED");
    snprintf(full, sizeof full, "%s/%s", root ? root : "../shared", path);
    return access(full, R_OK) == 0 ? full : NULL;
}

int main(int argc, char **argv)
{
    const char *filter = argc > 1 ? argv[1] : "";
    int passed = 0, failed = 0, skipped = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (const struct unit_test *t = __start_unit_tests; t < __stop_unit_tests; t++) {
        if (!strstr(t->name, filter))
            continue;
        failed_here = skipped_here = checked_here = 0;
        t->run();
        if (!checked_here && !skipped_here)
            unit_check(0, "it checks nothing", t->file, 0);
        if (failed_here)
            printf("FAILED %s (%s)\n", t->name, t->file);
        failed += failed_here;
        skipped += !failed_here && skipped_here;
        passed += !failed_here && !skipped_here;
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
