// date.h: dates as people write them. Private to guard.
#ifndef GUARD_DATE_H
#define GUARD_DATE_H
#include "base/str.h"

// Length of the whole date that begins at `at`, with a year from 1900 on, or 0: 2004-03-25,
// 25/03/2004, 25.3.04, 25 March 2004, Mar 25, 2004, 25. März 2004. A word or a number goes on
// neither before nor behind it.
size_t date_length(str text, size_t at);
#endif
