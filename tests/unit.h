// Unit tests: TEST(a_sentence_with_underscores) { CHECK(cond); }  Rows land in a linker section,
// so there is no list to keep. One binary a room; its first argument filters by name.
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H
#include <stddef.h>

struct unit_test {
    const char *name, *file;
    void (*run)(void);
};

// Marks the running test as failed and says where; returns cond so that a test may stop early.
int unit_check(int cond, const char *expr, const char *file, int line);
// Marks the running test as skipped (data that is not here), with the reason.
void unit_skip(const char *why);
// Path of PATH under the big shared data, or NULL where it is not here (then skip).
const char *unit_shared(const char *path);

#define CHECK(cond) unit_check(!!(cond), #cond, __FILE__, __LINE__)
#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!CHECK(cond))                                                                          \
            return;                                                                                \
    } while (0)
#define TEST(fn)                                                                                   \
    static void fn(void);                                                                          \
    static const struct unit_test row_##fn                                                         \
        __attribute__((used, retain, section("unit_tests"), aligned(8))) = {#fn, __FILE__, fn};    \
    static void fn(void)
#endif
