// read.c: the decision log read from its files, and what an auditor asks of it. The whole of
// the log is always read, from its first record on: only so a part of it can be believed.
#include "audit/read.h"
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
    s->torn_bytes = e == OK ? held.n : 0;
    close(fd);
    buf_done(&held);
    return e;
}

// --- the whole log -------------------------------------------------------------------------------

enum { CHECKPOINTS = 3 }; // of a segment at most: beside it, copied, given by hand

struct check {
    const struct audit_question *q;
    struct audit_report *r;
    struct audit_walk walk;
    struct audit_checkpoint held[CHECKPOINTS]; // of this segment
    unsigned count, met;
    bool has_given;
    struct audit_checkpoint given;
    unsigned char key[AUDIT_KEY_BYTES]; // whose checkpoints are believed, where has_key
    bool has_key;
};

static bool wrong(struct audit_report *r, const char *what, const char *where)
{
    if (!r->why[0])
        snprintf(r->why, sizeof r->why, "%.200s: %.180s", where, what);
    return false;
}

static bool hold(struct check *k, const struct audit_checkpoint *c, const char *path)
{
    struct buf hex;
    if (k->has_key && memcmp(k->key, c->key, sizeof k->key) != 0)
        return wrong(k->r, "this checkpoint was signed with another key", path);
    memcpy(k->key, c->key, sizeof k->key); // the first one's, where none was given
    k->has_key = true;
    buf_init(&hex, 4 * AUDIT_KEY_BYTES);
    audit_put_hex(&hex, c->key, sizeof c->key);
    str_copy_to(k->r->key, sizeof k->r->key, buf_str(&hex));
    buf_done(&hex);
    must(k->count < CHECKPOINTS);
    k->held[k->count++] = *c;
    k->r->checkpoints++;
    return true;
}

// The checkpoint that lies in this folder, if one does.
static bool hold_of(struct check *k, str folder, uint64_t number)
{
    char path[AUDIT_PATH_MAX];
    struct audit_checkpoint c;
    audit_file_name(path, folder, number, "checkpoint");
    enum err e = audit_checkpoint_load(path, &c);
    if (e == ERR_NO_ROUTE)
        return true;
    if (e != OK)
        return wrong(k->r, "this checkpoint is not as it was signed", path);
    if (c.segment != number)
        return wrong(k->r, "this checkpoint is another segment's", path);
    return hold(k, &c, path);
}

static bool gather(struct check *k, uint64_t number)
{
    k->count = k->met = 0;
    if (k->has_given && k->given.segment == number && !hold(k, &k->given, k->q->checkpoint))
        return false;
    return hold_of(k, k->q->path, number) && (!k->q->copy.n || hold_of(k, k->q->copy, number));
}

static void tell(const struct audit_question *q, struct audit_report *r,
                 const struct audit_row *row)
{
    uint64_t *to = row->away ? r->away : r->local;
    struct audit_seen seen = {row->call,  row->target, row->zone,
                              row->label, row->at_us,  row->kind == AUDIT_END};
    if (row->kind == AUDIT_SEND)
        to[row->label]++;
    if (row->away && q->away)
        q->away(q->arg, &seen);
}

static bool see_line(struct audit_scan *s, const struct audit_row *row, str line)
{
    struct check *k = s->arg;
    const struct audit_question *q = k->q;
    struct audit_hash root;
    for (unsigned i = 0; i < k->count; i++) {
        const struct audit_checkpoint *c = &k->held[i];
        if (c->count != k->walk.tree.count)
            continue;
        audit_tree_root(&k->walk.tree, &root);
        if (c->first != k->walk.first || !audit_same(&root, &c->root) ||
            !audit_same(&k->walk.head, &c->head))
            return false;
        k->met++;
        k->r->is_signed = k->r->records + 1; // and with it all that is chained before
    }
    k->r->records++;
    k->r->lost += row->kind == AUDIT_GAP ? row->lost : 0;
    if (row->at_us < q->from_us || row->at_us >= q->to_us)
        return true;
    if (row->kind == AUDIT_SEND || row->kind == AUDIT_END)
        tell(q, k->r, row);
    if (q->line)
        q->line(q->arg, line);
    return true;
}

static bool check_segment(struct check *k, uint64_t number, bool last)
{
    char path[AUDIT_PATH_MAX];
    struct audit_scan s = {.walk = &k->walk, .each = see_line, .arg = k};
    audit_file_name(path, k->q->path, number, "log");
    if (!gather(k, number))
        return false;
    audit_walk_segment(&k->walk, number);
    enum err e = audit_scan_file(path, &s);
    k->r->torn_bytes = s.torn_bytes;
    k->r->segments++;
    if (e != OK) {
        snprintf(k->r->why, sizeof k->r->why, "%s", s.why);
        return false;
    }
    if (k->met < k->count)
        return wrong(k->r, "records are missing at its end, which a checkpoint signed", path);
    if (s.torn_bytes && !last)
        return wrong(k->r, "its last record is cut", path);
    return true;
}

// The last segment that any checkpoint knows of.
static uint64_t last_signed(const struct check *k)
{
    uint64_t first, end, last = k->has_given ? k->given.segment : 0;
    const str folders[] = {k->q->path, k->q->copy};
    for (unsigned i = 0; i < countof(folders); i++)
        if (folders[i].n && audit_file_range(folders[i], "checkpoint", &first, &end) && end > last)
            last = end;
    return last;
}

static bool begin(struct check *k, uint64_t *ret_first, uint64_t *ret_last)
{
    const struct audit_question *q = k->q;
    char path[AUDIT_PATH_MAX];
    uint64_t wanted = q->since ? q->since : 1;
    k->r->key_given = k->has_key = q->key != NULL;
    if (q->key && !audit_read_hex(str_c(q->key), k->key, sizeof k->key))
        return wrong(k->r, "a public key is 64 hexadecimal digits", "key");
    k->has_given = q->checkpoint && audit_checkpoint_load(q->checkpoint, &k->given) == OK;
    if (q->checkpoint && !k->has_given)
        return wrong(k->r, "this is no checkpoint, or not as it was signed", q->checkpoint);
    str_copy_to(path, sizeof path, q->path);
    uint64_t known = last_signed(k); // looked for first: a log that is being written grows
    if (!audit_file_range(q->path, "log", ret_first, ret_last))
        return wrong(k->r, "there is no log", path);
    if (*ret_first > wanted || *ret_last < wanted)
        return wrong(k->r, "the first segment is missing", path);
    if (*ret_last < known)
        return wrong(k->r, "the log ends before a segment that was signed", path);
    *ret_first = wanted;
    k->walk.anywhere = wanted > 1;
    return true;
}

void audit_check(const struct audit_question *q, struct audit_report *ret_report)
{
    struct check k = {.q = q, .r = ret_report};
    uint64_t first = 0, last = 0;
    *ret_report = (struct audit_report){0};
    must(q->path.n && q->from_us <= q->to_us);
    bool good = begin(&k, &first, &last);
    for (uint64_t n = first; good && n <= last; n++)
        good = check_segment(&k, n, n == last);
    ret_report->whole = good;
}
