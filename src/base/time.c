// time.c: clocks.
#include "base/time.h"

static int64_t read_us(clockid_t which)
{
    struct timespec t;
    must(clock_gettime(which, &t) == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t time_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t time_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

char *time_iso(char *dst, size_t cap, int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    must(cap >= 25 && wall_us >= 0 && gmtime_r(&seconds, &tm));
    size_t n = strftime(dst, cap, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(dst + n, cap - n, ".%03dZ", (int)(wall_us / 1000 % 1000));
    return dst;
}
