// log.c: lines on stderr. One write a line, so that lines of several threads do not mix.
#include "base/log.h"
#include "base/time.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

static const char *const words[] = {"debug", "info", "warn", "error"};
static _Atomic int least = LOG_INFO;

void log_set_level(enum log_level level)
{
    must((unsigned)level < countof(words));
    atomic_store_explicit(&least, (int)level, memory_order_relaxed);
}

bool log_level_parse(str word, enum log_level *ret_level)
{
    for (unsigned i = 0; i < countof(words); i++)
        if (str_eq_nocase(word, str_c(words[i]))) {
            *ret_level = (enum log_level)i;
            return true;
        }
    return false;
}

bool log_wants(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least, memory_order_relaxed);
}

void log_at(enum log_level level, const char *room, const char *fmt, ...)
{
    char line[1024], when[32];
    va_list args;
    must((unsigned)level < countof(words));
    if (!log_wants(level))
        return;
    int head = snprintf(line, sizeof line, "%s %s %s ", time_iso(when, sizeof when, time_wall_us()),
                        words[level], room);
    va_start(args, fmt);
    int n = vsnprintf(line + head, sizeof line - (size_t)head, fmt, args);
    va_end(args);
    size_t end = min_size((size_t)head + (size_t)(n < 0 ? 0 : n), sizeof line - 2);
    for (size_t i = (size_t)head; i < end; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?'; // one event stays one line
    line[end++] = '\n';
    (void)!write(STDERR_FILENO, line, end);
}
