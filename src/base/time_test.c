// Times as text, and clocks that do not go back.
#include "base/time.h"
#include "tests/unit.h"

TEST(times_are_written_as_iso)
{
    char when[25];
    CHECK(strcmp(time_iso(when, sizeof when, 0), "1970-01-01T00:00:00.000Z") == 0);
    CHECK(strcmp(time_iso(when, sizeof when, 1795508821123999), "2026-11-24T08:27:01.123Z") == 0);
    CHECK(strcmp(time_iso(when, sizeof when, 951782399999000), "2000-02-28T23:59:59.999Z") == 0);
}

TEST(the_steady_clock_never_goes_back)
{
    int64_t before = time_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = time_mono_us();
        REQUIRE(now >= before);
        before = now;
    }
    CHECK(time_wall_us() > 1700000000000000);
}
