// thread.h: what every thread but the first needs: it takes no signals of other processes, and
// waits on the clock that never goes back.
#ifndef BASE_THREAD_H
#define BASE_THREAD_H
#include "base/base.h"
#include <pthread.h>
#include <signal.h>

// Signals are for the first thread, whose loop watches them. What a thread's own fault raises stays
// its own.
static inline void thread_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
    static const int own[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t others, before;
    sigfillset(&others);
    for (size_t i = 0; i < countof(own); i++)
        sigdelset(&others, own[i]);
    must(pthread_sigmask(SIG_SETMASK, &others, &before) == 0);
    must(pthread_create(ret_thread, NULL, run, arg) == 0);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

// A lock and what is waited for under it; timed waits are by time_mono_us.
static inline void thread_lock_init(pthread_mutex_t *lock, pthread_cond_t *wake)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(wake, &attr) == 0 && pthread_mutex_init(lock, NULL) == 0);
    pthread_condattr_destroy(&attr);
}
#endif
