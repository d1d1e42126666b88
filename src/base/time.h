// time.h: clocks. Not for api, guard and route: they take `now` as an argument (check-tidy).
#ifndef BASE_TIME_H
#define BASE_TIME_H
#include "base/str.h"

int64_t time_mono_us(void); // since some point in the past; never goes back
int64_t time_wall_us(void); // since 1970, UTC
// "2026-11-24T08:27:01.123Z" into dst (at least 25 bytes); returns dst.
char *time_iso(char *dst, size_t cap, int64_t wall_us);
#endif
