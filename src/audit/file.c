// file.c: segments and checkpoints on the disk. Numbered invariants:
// (1) `now` is what is on the disk and synchronised; `next` is that and the batch.
// (2) What a refused batch left in the file is cut off before anything else is written.
// (3) A segment that is not found as it was left (moved, cut, written by somebody else) is written
//     no more: a new one begins with the chain as it was, so that the damage shows and stays.
#include "audit/file.h"
#include "base/mem.h"
#include "base/time.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct audit_file {
    char *path, *copy; // copy: NULL for none
    int folder, fd;    // fd: the segment's, -1 where it must be begun
    ino_t inode;
    uint64_t bytes, segment_bytes;
    unsigned char secret[AUDIT_KEY_BYTES], public[AUDIT_KEY_BYTES];
    struct audit_walk now, next;
    uint64_t signed_next; // as `next` of now when it was signed
    bool broken;          // the last batch was refused
    struct buf batch;
};

const unsigned char *audit_file_public_key(const struct audit_file *f)
{
    return f->public;
}

static bool told(char why[AUDIT_WHY], const char *what, const char *path)
{
    snprintf(why, AUDIT_WHY, "audit %.120s: %s: %.60s", path, what, strerror(errno));
    return false;
}

// --- checkpoints ---------------------------------------------------------------------------------

// All of it or nothing, whatever happens meanwhile.
static bool replace_file(const char *folder, uint64_t number, str text, char why[AUDIT_WHY])
{
    char path[AUDIT_PATH_MAX], fresh[AUDIT_PATH_MAX];
    audit_file_name(path, str_c(folder), number, "checkpoint");
    audit_file_name(fresh, str_c(folder), number, "checkpoint.new");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return told(why, "a checkpoint cannot be written", fresh);
    bool good = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    close(fd);
    if (!good || rename(fresh, path) != 0)
        return told(why, "a checkpoint cannot be written", path);
    return true;
}

bool audit_file_is_unsigned(const struct audit_file *f)
{
    return f->now.tree.count && f->signed_next != f->now.next;
}

bool audit_file_checkpoint(struct audit_file *f, char ret_why[AUDIT_WHY])
{
    struct buf text;
    const struct audit_walk *w = &f->now;
    struct audit_checkpoint c = {.segment = w->segment,
                                 .first = w->first,
                                 .count = w->tree.count,
                                 .at_us = time_wall_us(),
                                 .head = w->head};
    if (w->tree.count == 0)
        return true;
    audit_tree_root(&w->tree, &c.root);
    audit_checkpoint_sign(&c, f->secret);
    buf_init(&text, 4096);
    audit_checkpoint_write(&text, &c);
    must(!text.over && w->first + w->tree.count == w->next);
    bool good = replace_file(f->path, w->segment, buf_str(&text), ret_why);
    if (f->copy)
        good &= replace_file(f->copy, w->segment, buf_str(&text), ret_why);
    if (good)
        f->signed_next = w->next;
    buf_done(&text);
    return good;
}

// --- segments ------------------------------------------------------------------------------------

static void put_line(struct audit_file *f, str rest)
{
    size_t at = f->batch.n;
    audit_put_line(&f->batch, f->next.next, &f->next.head, rest);
    must(!f->batch.over && f->batch.n - at <= AUDIT_LINE_MAX);
    audit_walk_add(&f->next, str_of(f->batch.p + at, f->batch.n - at - 1));
}

static void put_begin(struct audit_file *f)
{
    struct audit_segment s = {.number = f->next.segment, .at_us = time_wall_us()};
    struct buf rest;
    memcpy(s.key, f->public, sizeof s.key);
    buf_init(&rest, 4096);
    audit_put_begin(&rest, &s);
    put_line(f, buf_str(&rest));
    buf_done(&rest);
}

void audit_file_put(struct audit_file *f, str rest)
{
    if (f->next.tree.count == 0)
        put_begin(f);
    put_line(f, rest);
}

static bool adopt(struct audit_file *f, int fd, uint64_t bytes, char why[AUDIT_WHY])
{
    struct stat at;
    if (fstat(fd, &at) != 0)
        return told(why, "cannot be looked at", f->path);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    f->inode = at.st_ino;
    f->bytes = bytes;
    return true;
}

// The chain goes on in a file of its own. The batch is empty.
static bool begin_segment(struct audit_file *f, char why[AUDIT_WHY])
{
    char path[AUDIT_PATH_MAX];
    struct stat at;
    must(f->batch.n == 0);
    audit_file_name(path, str_c(f->path), f->now.segment + 1, "log");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return told(why, "a segment cannot be begun", path);
    bool good = fstat(fd, &at) == 0 && at.st_size == 0; // or somebody else's records are in it
    if (!good)
        errno = EEXIST;
    if (!good || fsync(f->folder) != 0 || !adopt(f, fd, 0, why)) {
        close(fd);
        return told(why, "a segment cannot be begun", path);
    }
    audit_walk_segment(&f->now, f->now.segment + 1);
    f->next = f->now;
    return true;
}

// Whether the segment lies where it was and is as long as it was left; a refused batch may have
// left more.
static bool is_as_left(const struct audit_file *f)
{
    char path[AUDIT_PATH_MAX];
    struct stat at;
    audit_file_name(path, str_c(f->path), f->now.segment, "log");
    if (f->fd < 0 || stat(path, &at) != 0 || at.st_ino != f->inode)
        return false;
    return f->broken ? (uint64_t)at.st_size >= f->bytes : (uint64_t)at.st_size == f->bytes;
}

// Before a batch is written: the file is ready for it. Its lines were made for the chain as it is;
// where a segment must begin first, they are made anew behind that.
static bool mend(struct audit_file *f, char why[AUDIT_WHY])
{
    if (!is_as_left(f)) {
        struct buf lines = f->batch;
        buf_init(&f->batch, lines.limit_bytes);
        f->next = f->now;
        bool begun = begin_segment(f, why);
        str rest = buf_str(&lines), line;
        enum { HEAD = sizeof ",\"prev\":\"" - 1 + 64 + 2 };
        while (begun && rest.n && str_next(&rest, '\n', &line)) {
            size_t comma = str_find_char(line, ',');
            must(comma != SIZE_MAX && line.n > comma + HEAD);
            str body = str_from(line, comma + HEAD);
            if (!str_starts(body, S("\"kind\":\"begin\"")))
                audit_file_put(f, str_first(body, body.n - 1));
        }
        buf_done(&lines);
        return begun;
    }
    if (f->broken && (ftruncate(f->fd, (off_t)f->bytes) != 0 || fdatasync(f->fd) != 0))
        return told(why, "what was refused cannot be cut off", f->path);
    return true;
}

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

// A segment that is full ends with its checkpoint. Where either cannot be written the next one
// will: a later checkpoint covers all that is chained before it, and a segment may grow longer.
static void turn_over(struct audit_file *f)
{
    char why[AUDIT_WHY];
    if (f->bytes < f->segment_bytes)
        return;
    (void)!audit_file_checkpoint(f, why);
    (void)!begin_segment(f, why);
}

bool audit_file_commit(struct audit_file *f, char ret_why[AUDIT_WHY])
{
    bool good = mend(f, ret_why);
    if (good && (!write_all(f->fd, buf_str(&f->batch)) || fdatasync(f->fd) != 0))
        good = told(ret_why, "a record cannot be written", f->path);
    if (good) {
        f->bytes += f->batch.n;
        f->now = f->next;
    } else {
        f->next = f->now;
    }
    f->broken = !good;
    buf_clear(&f->batch);
    if (good)
        turn_over(f);
    return good;
}

// --- life ----------------------------------------------------------------------------------------

struct resume {
    struct audit_checkpoint last;
    bool has;
};

static bool compare(struct audit_scan *s, const struct audit_row *row, str line)
{
    const struct resume *r = s->arg;
    struct audit_hash root;
    (void)row;
    (void)line;
    if (!r->has || s->walk->tree.count != r->last.count)
        return true;
    audit_tree_root(&s->walk->tree, &root);
    return audit_same(&root, &r->last.root);
}

// The last segment, read from its beginning, so that what is added follows what is there.
static enum err read_last(struct audit_file *f, uint64_t number, char why[AUDIT_WHY],
                          uint64_t *ret_bytes)
{
    char path[AUDIT_PATH_MAX];
    struct resume r = {0};
    struct audit_scan s = {.walk = &f->now, .each = compare, .arg = &r};
    audit_file_name(path, str_c(f->path), number, "checkpoint");
    enum err e = audit_checkpoint_load(path, &r.last);
    r.has = e == OK;
    if (e == ERR_BAD_FILE) {
        snprintf(why, AUDIT_WHY, "audit %.200s: this checkpoint is not as it was signed", path);
        return e;
    }
    audit_walk_segment(&f->now, number);
    audit_file_name(path, str_c(f->path), number, "log");
    e = audit_scan_file(path, &s);
    if (e == OK && r.has && f->now.tree.count < r.last.count) {
        snprintf(s.why, sizeof s.why, "%.200s: records are missing at its end", path);
        e = ERR_BAD_FILE;
    }
    if (e != OK)
        snprintf(why, AUDIT_WHY,
                 "audit: %.150s; weir audit verify says more; move the folder away to begin anew",
                 s.why);
    *ret_bytes = s.whole_bytes;
    return e;
}

// Opens the last segment behind its last whole record.
static enum err resume_segment(struct audit_file *f, uint64_t number, char why[AUDIT_WHY])
{
    char path[AUDIT_PATH_MAX];
    uint64_t bytes = 0;
    f->now.anywhere = true;
    enum err e = read_last(f, number, why, &bytes);
    if (e == OK && f->now.tree.count == 0 && number > 1) { // begun, and not a record in it yet
        e = read_last(f, number - 1, why, &bytes);
        audit_walk_segment(&f->now, number);
        bytes = 0;
    }
    if (e != OK)
        return e;
    f->now.anywhere = false; // the very first, and empty
    audit_file_name(path, str_c(f->path), number, "log");
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 || fdatasync(fd) != 0 ||
        !adopt(f, fd, bytes, why)) {
        told(why, "cannot be written", path);
        if (fd >= 0)
            close(fd);
        return ERR_BAD_FILE;
    }
    f->next = f->now;
    return OK;
}

static enum err open_folder(struct audit_file *f, const char *path, char why[AUDIT_WHY])
{
    char inside[AUDIT_PATH_MAX];
    snprintf(inside, sizeof inside, "%s/tenants", path);
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
        (mkdir(inside, 0700) != 0 && errno != EEXIST) ||
        (f->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        told(why, "the folder cannot be made", path);
        return ERR_BAD_FILE;
    }
    if (flock(f->folder, LOCK_EX | LOCK_NB) != 0) {
        snprintf(why, AUDIT_WHY, "audit %.200s: another weir writes there", path);
        return ERR_BAD_FILE;
    }
    return OK;
}

static void free_file(struct audit_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->folder >= 0)
        close(f->folder); // and with it the lock
    buf_done(&f->batch);
    mem_free(f->path);
    mem_free(f->copy);
    mem_free(f);
}

enum err audit_file_open(const struct audit_settings *s, struct audit_file **ret_file,
                         char ret_why[AUDIT_WHY])
{
    char key[AUDIT_PATH_MAX];
    uint64_t first, last;
    struct audit_file *f = mem_new(sizeof *f);
    must(s->path.n && s->segment > 0 && s->queue > 0);
    f->fd = f->folder = -1;
    f->path = mem_copy_str(s->path);
    f->copy = s->copy.n ? mem_copy_str(s->copy) : NULL;
    f->segment_bytes = (uint64_t)s->segment;
    buf_init(&f->batch, 2 * (size_t)s->queue + 4 * AUDIT_LINE_MAX);
    enum err e = open_folder(f, f->path, ret_why);
    audit_key_path(s, key);
    if (e == OK)
        e = audit_key_load(key, true, f->secret, ret_why);
    if (e == OK) {
        audit_public_key(f->secret, f->public);
        if (audit_file_range(s->path, "log", &first, &last))
            e = resume_segment(f, last, ret_why);
        else if (!begin_segment(f, ret_why))
            e = ERR_BAD_FILE;
    }
    if (e != OK) {
        free_file(f);
        return e;
    }
    *ret_file = f;
    return OK;
}

void audit_file_close(struct audit_file *f)
{
    char why[AUDIT_WHY];
    must(f && f->batch.n == 0);
    if (audit_file_is_unsigned(f))
        (void)!audit_file_checkpoint(f, why); // what is not signed is still chained
    free_file(f);
}
