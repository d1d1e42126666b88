// rises.c: a file of 1 MiB: a head, then records of 48 bytes that belong to the head's generation.
// Clearing it is a head with the next generation: older records are then nothing.
#include "ledger/rises.h"
#include "base/hash.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 1024 * 1024 };

struct head {
    char mark[8]; // "weirrise"
    uint64_t generation, overflow;
    uint64_t sum;
};
struct record {
    struct slot slot;
    uint64_t generation, sum;
};
enum { RECORDS = (FILE_BYTES - 4096) / (int)sizeof(struct record) };

struct rises {
    int fd;
    pthread_mutex_t lock;
    struct head head;
    uint64_t at;    // records of this generation
    uint64_t count; // ever put
};

// No secret: it tells a record that was written whole from one that was not.
static uint64_t sum_of(const void *p, size_t n)
{
    uint64_t words[8];
    must(n % 8 == 0 && n <= sizeof words);
    memcpy(words, p, n);
    return hash_words((struct hash_key){{0x77656972, 0x72697365}}, words, n / 8);
}

static bool put_head(struct rises *r)
{
    r->head.sum = sum_of(&r->head, offsetof(struct head, sum));
    return pwrite(r->fd, &r->head, sizeof r->head, 0) == (ssize_t)sizeof r->head;
}

static bool read_record(const struct rises *r, uint64_t at, struct record *ret)
{
    off_t place = 4096 + (off_t)(at * sizeof *ret);
    return pread(r->fd, ret, sizeof *ret, place) == (ssize_t)sizeof *ret &&
           ret->generation == r->head.generation &&
           ret->sum == sum_of(ret, offsetof(struct record, sum)) && ret->slot.id[0] &&
           ret->slot.label <= LABEL_RESTRICTED;
}

// Takes the file's room and finds where its records end.
static const char *begin(struct rises *r)
{
    struct record rec;
    if (flock(r->fd, LOCK_EX | LOCK_NB) != 0)
        return "another weir has it";
    if (posix_fallocate(r->fd, 0, FILE_BYTES) != 0)
        return "no room on the disk";
    bool ours = pread(r->fd, &r->head, sizeof r->head, 0) == (ssize_t)sizeof r->head &&
                memcmp(r->head.mark, "weirrise", sizeof r->head.mark) == 0 &&
                r->head.sum == sum_of(&r->head, offsetof(struct head, sum));
    if (!ours) {
        r->head = (struct head){.mark = {'w', 'e', 'i', 'r', 'r', 'i', 's', 'e'}, .generation = 1};
        return put_head(r) ? NULL : strerror(errno);
    }
    while (r->at < RECORDS && read_record(r, r->at, &rec))
        r->at++;
    return NULL;
}

struct rises *rises_open(const char *path, char ret_why[160])
{
    char name[4096];
    struct rises *r = mem_new(sizeof *r);
    int n = snprintf(name, sizeof name, "%s-rises", path);
    must(n > 0);
    must(pthread_mutex_init(&r->lock, NULL) == 0);
    r->fd = (size_t)n < sizeof name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    const char *why = r->fd < 0 ? strerror(errno) : begin(r);
    if (!why)
        return r;
    snprintf(ret_why, 160, "%.100s: %.50s", name, why);
    rises_close(r);
    return NULL;
}

void rises_close(struct rises *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

bool rises_put(struct rises *r, const struct slot *s)
{
    struct record rec = {.slot = *s};
    bool good = false;
    must(s->id[0]);
    pthread_mutex_lock(&r->lock);
    rec.generation = r->head.generation;
    rec.sum = sum_of(&rec, offsetof(struct record, sum));
    if (r->at < RECORDS) {
        off_t place = 4096 + (off_t)(r->at * sizeof rec);
        good = pwrite(r->fd, &rec, sizeof rec, place) == (ssize_t)sizeof rec;
        r->at += good;
    }
    if (!good && !r->head.overflow) {
        r->head.overflow = 1;
        (void)put_head(r);
    }
    r->count++;
    pthread_mutex_unlock(&r->lock);
    return good;
}

bool rises_each(struct rises *r, void (*each)(void *arg, const struct slot *s), void *arg)
{
    struct record rec;
    for (uint64_t i = 0; i < r->at && read_record(r, i, &rec); i++)
        each(arg, &rec.slot);
    return !r->head.overflow;
}

uint64_t rises_mark(struct rises *r)
{
    pthread_mutex_lock(&r->lock);
    uint64_t mark = r->count;
    pthread_mutex_unlock(&r->lock);
    return mark;
}

void rises_done(struct rises *r, uint64_t mark)
{
    pthread_mutex_lock(&r->lock);
    bool something = r->at > 0 || r->head.overflow;
    if (mark == r->count && something) {
        struct head before = r->head;
        r->head.generation++;
        r->head.overflow = 0;
        if (put_head(r))
            r->at = 0;
        else
            r->head = before; // the old records are taken once more, which is no harm
    }
    pthread_mutex_unlock(&r->lock);
}
