// must.c: the end of a process that broke its own rules.
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>

static _Thread_local const char *doing = "";

void must_doing(const char *phrase)
{
    doing = phrase ? phrase : "";
}

_Noreturn void must_fail(const char *expr, const char *file, int line)
{
    fprintf(stderr, "weir: broken rule at %s:%d: %s %s\n", file, line, expr, doing);
    fflush(stderr);
    abort();
}
