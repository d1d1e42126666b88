// The table of errors, and faults.
#include "base/err.h"
#include "tests/unit.h"

TEST(every_error_says_what_to_do)
{
    for (int e = OK + 1; e < ERR_COUNT; e++) {
        int status = err_status((enum err)e);
        CHECK(status >= 400 && status < 600);
        CHECK(err_name((enum err)e)[0] && err_type((enum err)e)[0] && err_code((enum err)e)[0]);
        CHECK(strlen(err_sentence((enum err)e)) > 10);
        CHECK(err_retry((enum err)e) == RETRY_NEVER || status == 429 || status >= 500);
    }
    CHECK(err_status(OK) == 200 && err_status(ERR_BAD_JSON) == 400);
    CHECK(err_retry(ERR_UPSTREAM_STALE) == RETRY_SAME);
    CHECK(strcmp(err_name(ERR_UPSTREAM_TIMEOUT), "UPSTREAM_TIMEOUT") == 0);
}

TEST(a_fault_keeps_the_place_and_cuts_a_long_path)
{
    struct fault f;
    char path[200];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    CHECK(fault_set(&f, ERR_BAD_JSON, path, 12) == ERR_BAD_JSON);
    CHECK(f.err == ERR_BAD_JSON && f.at_byte == 12 && strlen(f.param) == sizeof f.param - 1);
    CHECK(f.say[0] == 0);
    fault_set(&f, ERR_NO_MODEL, NULL, -1);
    CHECK(f.param[0] == 0 && f.at_byte == -1);
}
