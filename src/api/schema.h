// schema.h: whether a value fits a JSON schema, as far as that is cheap. Private to api.
#ifndef API_SCHEMA_H
#define API_SCHEMA_H
#include "base/str.h"

enum schema_result { SCHEMA_FITS, SCHEMA_NO_JSON, SCHEMA_MISFIT };
// schema may be empty: the value need only be JSON. What this knows nothing of, cannot parse or has
// no time for, fits.
enum schema_result schema_check(str schema, str value);
#endif
