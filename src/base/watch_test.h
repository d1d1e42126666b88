// watch_test.h: for tests: does code end the process as it should, what does it say on stderr, and
// is a byte poisoned under ASan.
#ifndef BASE_WATCH_TEST_H
#define BASE_WATCH_TEST_H
#include "base/str.h"
#include <sys/wait.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
static inline bool watch_poisons(void)
{
    return true;
}
static inline bool watch_is_poisoned(const void *p)
{
    return __asan_address_is_poisoned(p);
}
#else
static inline bool watch_poisons(void)
{
    return false;
}
static inline bool watch_is_poisoned(const void *p)
{
    (void)p;
    return false;
}
#endif

// Runs fn in this process with stderr going into `said` (NUL-terminated; less than a pipe holds).
static inline void watch_stderr(void (*fn)(void), char *said, size_t cap)
{
    int ends[2], kept = dup(STDERR_FILENO);
    must(kept >= 0 && pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    fn();
    must(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n + 1 < cap; n += got > 0 ? (size_t)got : 0)
        got = read(ends[0], said + n, cap - 1 - n);
    said[n] = 0;
    close(ends[0]);
}

// True when fn aborts a child process and `phrase` stands in what it said.
static inline bool watch_dies(void (*fn)(void), const char *phrase)
{
    char said[512];
    int ends[2], status = 0;
    fflush(NULL);
    must(pipe(ends) == 0);
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        fn();
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got = 1; got > 0 && n + 1 < sizeof said; n += got > 0 ? (size_t)got : 0)
        got = read(ends[0], said + n, sizeof said - 1 - n);
    said[n] = 0;
    close(ends[0]);
    must(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && strstr(said, phrase);
}
#endif
