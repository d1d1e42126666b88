// audit_read.c: the decision log read from its files, and what an auditor asks of it. The whole of
// the log is always read, from its first record on: only so a part of it can be believed.
#include "ledger/audit_read.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// --- files ---------------------------------------------------------------------------------------

void audit_file_name(char ret_path[AUDIT_PATH_MAX], str folder, uint64_t number, const char *end)
{
    snprintf(ret_path, AUDIT_PATH_MAX, "%.*s/%06llu.%s", STR_ARGS(folder),
             (unsigned long long)number, end);
}

bool audit_file_range(str folder, const char *end, uint64_t *ret_first, uint64_t *ret_last)
{
    char path[AUDIT_PATH_MAX];
    bool any = false;
    uint64_t first = 0, last = 0;
    DIR *d = opendir(str_copy_to(path, sizeof path, folder));
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        str name = str_c(e->d_name), digits;
        int64_t n = 0;
        if (!str_next(&name, '.', &digits) || digits.n < 6 || !str_eq(name, str_c(end)) ||
            !str_to_i64(digits, &n) || n < 1)
            continue;
        first = any && first < (uint64_t)n ? first : (uint64_t)n;
        last = any && last > (uint64_t)n ? last : (uint64_t)n;
        any = true;
    }
    if (d)
        closedir(d);
    if (any) {
        *ret_first = first;
        *ret_last = last;
    }
    return any;
}

enum err audit_checkpoint_load(const char *path, struct audit_checkpoint *ret)
{
    char text[1024];
    struct audit_checkpoint c;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NO_ROUTE : ERR_BAD_FILE;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    if (n < 0 || !audit_checkpoint_read(str_of(text, (size_t)n), &c) || !audit_checkpoint_holds(&c))
        return ERR_BAD_FILE;
    *ret = c;
    return OK;
}

// --- one segment ---------------------------------------------------------------------------------

static enum err broken(struct audit_scan *s, const char *path, const char *what)
{
    const char *name = strrchr(path, '/');
    if (!s->why[0])
        snprintf(s->why, sizeof s->why, "%.60s, record %llu (byte %llu): %.180s",
                 name ? name + 1 : path, (unsigned long long)s->walk->next,
                 (unsigned long long)s->whole_bytes, what);
    return ERR_BAD_FILE;
}

// The lines that are whole in what was read; drops them.
static enum err take_lines(const char *path, struct audit_scan *s, struct buf *held)
{
    size_t at = 0, n;
    while ((n = str_find_char(str_from(buf_str(held), at), '\n')) != SIZE_MAX) {
        struct audit_row row;
        const char *why = "";
        str line = str_of(held->p + at, n);
        if (!audit_walk_line(s->walk, line, &row, &why))
            return broken(s, path, why);
        if (s->each && !s->each(s, &row, line))
            return broken(s, path, "is not as the checkpoint says");
        at += n + 1;
        s->whole_bytes += n + 1;
    }
    must(at <= held->n);
    buf_drop_head(held, at);
    return held->n > AUDIT_LINE_MAX ? broken(s, path, "is not a record") : OK;
}

enum err audit_scan_file(const char *path, struct audit_scan *s)
{
    enum { STEP = 256 * 1024 };
    struct buf held;
    enum err e = OK;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    s->why[0] = 0;
    s->whole_bytes = s->torn_bytes = 0;
    if (fd < 0) {
        snprintf(s->why, sizeof s->why, "%.200s: %.100s", path, strerror(errno));
        return ERR_BAD_FILE;
    }
    buf_init(&held, STEP + 2 * AUDIT_LINE_MAX);
    while (e == OK && n > 0) {
        char *room = buf_room(&held, STEP);
        must(room);
        n = read(fd, room, STEP);
        if (n > 0) {
            buf_grew(&held, (size_t)n);
            e = take_lines(path, s, &held);
        }
    }
    if (n < 0)
        e = broken(s, path, strerror(errno));
    s->torn_bytes = held.n;
    close(fd);
    buf_done(&held);
    return e;
}
