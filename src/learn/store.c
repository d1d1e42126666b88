// store.c: the file of rows and the thread that writes it. The file is opened for each batch, so
// that it may be moved or deleted at any time. Invariants: (1) a batch is in the file whole, or
// nothing of it is; (2) the file and the one before it are together no larger than `keep`, and one
// batch; (3) only this thread touches the disk and logs, once when that fails and once when it
// works again.
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "learn/learn.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUEUE_BYTES = 16 * 1024 * 1024, BATCH_US = 100 * 1000, RETRY_US = 1000 * 1000 };
enum { WRITTEN, LOST }; // slots of the metric learn_rows

struct learn_store {
    char *path, *before; // before: PATH.1
    int64_t keep_bytes;
    struct metrics *metrics;
    pthread_t thread;
    atomic_bool failing;
    // --- under the lock
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct buf queue;
    unsigned queued; // rows in it
    bool stopping;
    // --- the thread's own
    struct buf batch; // being written, or refused by the disk so far
    unsigned rows;
};

static bool write_all(int fd, str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = str_from(bytes, (size_t)n);
    }
    return true;
}

// Open for appending, for its owner only; -1 with errno. A pipe or a device is no file of rows.
static int open_file(const struct learn_store *s, int64_t *ret_bytes)
{
    struct stat at;
    int fd =
        open(s->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &at) != 0 || !S_ISREG(at.st_mode) || fchmod(fd, 0600) != 0) {
        int e = S_ISREG(at.st_mode) ? errno : EINVAL;
        close(fd);
        errno = e;
        return -1;
    }
    *ret_bytes = at.st_size;
    return fd;
}

static bool write_batch(struct learn_store *s)
{
    int64_t bytes = 0;
    must(s->batch.n > 0 && s->rows > 0);
    int fd = open_file(s, &bytes);
    if (fd >= 0 && bytes > 0 && bytes + (int64_t)s->batch.n > s->keep_bytes / 2) {
        close(fd);
        fd = rename(s->path, s->before) == 0 ? open_file(s, &bytes) : -1;
    }
    if (fd < 0)
        return false;
    bool good = write_all(fd, buf_str(&s->batch));
    int e = errno;
    if (!good)
        (void)!ftruncate(fd, bytes); // or the next row would go on in the midst of this one
    good &= close(fd) == 0;
    errno = e;
    return good;
}

static void tell(struct learn_store *s, bool good)
{
    int e = errno;
    char text[100];
    if (good == !atomic_load(&s->failing))
        return;
    metric_set(s->metrics, METRIC_learn_failing, 0, !good);
    atomic_store(&s->failing, !good);
    if (good)
        log_info("learn", "rows are written again to %.200s", s->path);
    else
        log_error("learn", "cannot write to %.200s: %s; serving goes on, nothing is learned",
                  s->path, strerror_r(e, text, sizeof text));
}

static void flush(struct learn_store *s)
{
    bool good = write_batch(s);
    tell(s, good);
    if (!good)
        return;
    metric_add(s->metrics, METRIC_learn_rows, WRITTEN, s->rows);
    buf_clear(&s->batch);
    s->rows = 0;
}

// With the lock held.
static void sleep_us(struct learn_store *s, int64_t us)
{
    const int64_t end_us = time_mono_us() + us;
    struct timespec t = {end_us / 1000000, end_us % 1000000 * 1000};
    while (!s->stopping && time_mono_us() < end_us)
        pthread_cond_timedwait(&s->wake, &s->lock, &t);
}

static void *thread_main(void *arg)
{
    struct learn_store *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->stopping && s->queued == 0 && s->rows == 0)
            pthread_cond_wait(&s->wake, &s->lock);
        sleep_us(s, s->rows ? RETRY_US : BATCH_US);
        bool last = s->stopping;
        if (s->rows == 0 && s->queued) {
            struct buf empty = s->batch;
            s->batch = s->queue;
            s->rows = s->queued;
            s->queue = empty;
            s->queued = 0;
        }
        pthread_mutex_unlock(&s->lock);
        if (s->rows)
            flush(s);
        pthread_mutex_lock(&s->lock);
        if (last && (s->queued == 0 || s->rows)) // what the disk refuses to the end is lost
            break;
    }
    unsigned lost = s->rows + s->queued;
    pthread_mutex_unlock(&s->lock);
    metric_add(s->metrics, METRIC_learn_rows, LOST, lost);
    return NULL;
}

static void free_store(struct learn_store *s)
{
    buf_done(&s->queue);
    buf_done(&s->batch);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->path);
    mem_free(s->before);
    mem_free(s);
}

enum err learn_open(const struct learn_settings *s, struct learn_store **ret_store,
                    char ret_why[256])
{
    int64_t bytes = 0;
    char before[4096];
    if (s->share <= 0) {
        *ret_store = NULL;
        return OK;
    }
    struct learn_store *made = mem_new(sizeof *made);
    thread_lock_init(&made->lock, &made->wake);
    buf_init(&made->queue, QUEUE_BYTES);
    buf_init(&made->batch, QUEUE_BYTES);
    made->path = mem_copy_str(s->path);
    snprintf(before, sizeof before, "%.4000s.1", made->path);
    made->before = mem_copy_str(str_c(before));
    made->keep_bytes = s->keep;
    int fd = open_file(made, &bytes);
    if (fd < 0) {
        snprintf(ret_why, 256, "learn.path %.140s cannot be written: %.70s", made->path,
                 strerror(errno));
        free_store(made);
        return ERR_BAD_CONFIG;
    }
    close(fd);
    made->metrics = metrics_new();
    thread_start(&made->thread, thread_main, made);
    *ret_store = made;
    return OK;
}

void learn_close(struct learn_store *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    must(!s->stopping);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    pthread_cond_signal(&s->wake);
    pthread_join(s->thread, NULL);
    metric_set(s->metrics, METRIC_learn_failing, 0, 0);
    free_store(s);
}

void learn_put(struct learn_store *s, struct metrics *m, str line)
{
    if (!s)
        return;
    must(line.n > 1 && line.p[line.n - 1] == '\n');
    pthread_mutex_lock(&s->lock);
    bool room = s->queue.n + line.n <= QUEUE_BYTES;
    if (room)
        buf_put(&s->queue, line);
    s->queued += room;
    pthread_mutex_unlock(&s->lock);
    pthread_cond_signal(&s->wake);
    if (!room)
        metric_add(m, METRIC_learn_rows, LOST, 1);
}

bool learn_failing(const struct learn_store *s)
{
    return s && atomic_load(&s->failing);
}
