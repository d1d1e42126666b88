// must.c: the end of a process that broke its own rules.
#include "base/base.h"
#include <stdio.h>
#include <stdlib.h>

static _Thread_local struct {
    const char *call_id, *step;
} doing;

void must_doing(const char *call_id, const char *step)
{
    doing.call_id = call_id;
    doing.step = step;
}

_Noreturn void must_fail(const char *expr, const char *file, int line)
{
    fprintf(stderr, "weir: broken rule at %s:%d: %s", file, line, expr);
    if (doing.call_id)
        fprintf(stderr, " (call=%s step=%s)", doing.call_id, doing.step ? doing.step : "?");
    fputc('\n', stderr);
    fflush(stderr);
    abort();
}
