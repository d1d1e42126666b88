// thread.h: what a room's own thread needs beside the loops': it takes no signals, and waits on the
// clock that never goes back.
#ifndef BASE_THREAD_H
#define BASE_THREAD_H
#include "base/base.h"
#include <pthread.h>
#include <signal.h>

// Signals are for the loops.
static inline void thread_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
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
