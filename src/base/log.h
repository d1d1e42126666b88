// log.h: one line an event on stderr, "time level room message key=value ...". Only gate, admin,
// cli (and a room's own thread, told so in its door) log above debug level. Takes str, never text:
// a prompt in a log does not compile. Values are escaped so that one event stays one line.
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
void log_set_level(enum log_level least);
bool log_level_parse(str word, enum log_level *ret_level);
bool log_wants(enum log_level level);
// message is printf-like; keep it short and without user bytes.
void log_at(enum log_level level, const char *room, const char *fmt, ...) format_like(3, 4);
#define log_debug(room, ...) (log_wants(LOG_DEBUG) ? log_at(LOG_DEBUG, room, __VA_ARGS__) : (void)0)
#define log_info(room, ...) log_at(LOG_INFO, room, __VA_ARGS__)
#define log_warn(room, ...) log_at(LOG_WARN, room, __VA_ARGS__)
#define log_error(room, ...) log_at(LOG_ERROR, room, __VA_ARGS__)
#endif
