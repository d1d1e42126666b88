// key.c: key files. A key that others may read is refused: what it signs would prove nothing.
#include "audit/key.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 2 * AUDIT_KEY_BYTES + 1 };

static enum err fail(char why[AUDIT_WHY], const char *path, const char *what)
{
    snprintf(why, AUDIT_WHY, "audit key %.120s: %.100s", path, what);
    return ERR_BAD_FILE;
}

static enum err make_key(const char *path, char why[AUDIT_WHY])
{
    unsigned char key[AUDIT_KEY_BYTES];
    struct buf text;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(why, path, strerror(errno));
    rng_bytes(key, sizeof key);
    buf_init(&text, 4 * FILE_BYTES);
    audit_put_hex(&text, key, sizeof key);
    buf_putc(&text, '\n');
    must(text.n == FILE_BYTES && !text.over);
    bool good = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    const char *what = strerror(errno);
    close(fd);
    buf_done(&text);
    if (good)
        return OK;
    unlink(path); // half a key would be refused for ever
    return fail(why, path, what);
}

enum err audit_key_load(const char *path, bool make, unsigned char ret_key[AUDIT_KEY_BYTES],
                        char ret_why[AUDIT_WHY])
{
    char text[FILE_BYTES + 1];
    struct stat at;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        enum err e = make_key(path, ret_why);
        return e == OK ? audit_key_load(path, false, ret_key, ret_why) : e;
    }
    if (fd < 0)
        return fail(ret_why, path, strerror(errno));
    ssize_t n = fstat(fd, &at) == 0 ? read(fd, text, sizeof text) : -1;
    close(fd);
    if (n >= 0 && (at.st_mode & 077))
        return fail(ret_why, path, "others may read it; chmod 600, or better make a new one");
    if (n != FILE_BYTES || text[n - 1] != '\n' ||
        !audit_read_hex(str_of(text, FILE_BYTES - 1), ret_key, AUDIT_KEY_BYTES))
        return fail(ret_why, path, "this is no key: 64 hexadecimal digits and a line's end");
    return OK;
}

void audit_key_path(const struct audit_settings *s, char ret_path[AUDIT_PATH_MAX])
{
    if (s->key.n)
        str_copy_to(ret_path, AUDIT_PATH_MAX, s->key);
    else
        snprintf(ret_path, AUDIT_PATH_MAX, "%.*s/audit.key", STR_ARGS(s->path));
}

// --- tenants' keys -------------------------------------------------------------------------------

// A tenant may have any name, a file may not.
void audit_tenant_key_path(str folder, str tenant, char ret_path[AUDIT_PATH_MAX])
{
    enum { NAME_BYTES = 16 };
    struct audit_hash h;
    struct buf name;
    audit_sha256(&tenant, 1, &h);
    buf_init(&name, 64);
    audit_put_hex(&name, h.b, NAME_BYTES);
    must(!name.over);
    snprintf(ret_path, AUDIT_PATH_MAX, "%.*s/tenants/%.*s.key", STR_ARGS(folder),
             STR_ARGS(buf_str(&name)));
    buf_done(&name);
}

struct tenant_key {
    str name; // lies in room: configurations come and go
    char *room;
    unsigned char key[AUDIT_KEY_BYTES];
};
struct audit_tenants {
    struct audit_tenants *older;
    struct tenant_key *rows; // by name
    unsigned count;
};

static int by_name(const void *a, const void *b)
{
    const struct tenant_key *x = a, *y = b;
    int order = memcmp(x->name.n ? x->name.p : "", y->name.n ? y->name.p : "",
                       min_size(x->name.n, y->name.n));
    return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static const struct tenant_key *find(const struct audit_tenants *k, str tenant)
{
    struct tenant_key wanted = {.name = tenant};
    const struct tenant_key *row = NULL;
    for (; k && !row; k = k->older)
        row = bsearch(&wanted, k->rows, k->count, sizeof k->rows[0], by_name);
    return row;
}

static void free_table(struct audit_tenants *k)
{
    for (unsigned i = 0; i < k->count; i++)
        mem_free(k->rows[i].room);
    mem_free(k->rows);
    mem_free(k);
}

enum err audit_tenants_load(str folder, const struct tenants *t, struct audit_tenants **keys,
                            char ret_why[AUDIT_WHY])
{
    char path[AUDIT_PATH_MAX];
    struct audit_tenants *k = mem_new(sizeof *k);
    enum err e = OK;
    k->older = *keys;
    k->rows = mem_new_array(struct tenant_key, t->count + 1); // one may be nobody
    for (unsigned i = 0; i <= t->count && e == OK; i++) {
        str name = i ? t->rows[i - 1].name : STR_NONE;
        struct tenant_key *row = &k->rows[k->count];
        if (find(k->older, name))
            continue;
        audit_tenant_key_path(folder, name, path);
        e = audit_key_load(path, true, row->key, ret_why);
        if (e == OK) {
            row->room = mem_copy_str(name);
            row->name = str_of(row->room, name.n);
            k->count++;
        }
    }
    if (e != OK || k->count == 0) {
        free_table(k);
        return e;
    }
    qsort(k->rows, k->count, sizeof k->rows[0], by_name);
    *keys = k;
    return OK;
}

void audit_tenants_free(struct audit_tenants *k)
{
    while (k) {
        struct audit_tenants *older = k->older;
        free_table(k);
        k = older;
    }
}

const unsigned char *audit_tenants_key(const struct audit_tenants *k, str tenant)
{
    const struct tenant_key *row = find(k, tenant);
    must(row); // a call's tenant is one of a configuration's
    return row->key;
}

enum err audit_key(const struct audit_settings *s, char ret_hex[AUDIT_HEX + 1], char ret_why[256])
{
    unsigned char secret[AUDIT_KEY_BYTES], public[AUDIT_KEY_BYTES];
    char path[AUDIT_PATH_MAX];
    struct buf hex;
    audit_key_path(s, path);
    enum err e = audit_key_load(path, false, secret, ret_why);
    if (e != OK)
        return e;
    audit_public_key(secret, public);
    buf_init(&hex, 4 * AUDIT_KEY_BYTES);
    audit_put_hex(&hex, public, sizeof public);
    str_copy_to(ret_hex, AUDIT_HEX + 1, buf_str(&hex));
    buf_done(&hex);
    return OK;
}

// What was there is written over first; a file system may keep more copies than that.
enum err audit_erase(const struct audit_settings *s, str tenant, char ret_why[256])
{
    static const char nothing[FILE_BYTES];
    char path[AUDIT_PATH_MAX];
    audit_tenant_key_path(s->path, tenant, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(ret_why, path, strerror(errno));
    bool good = write(fd, nothing, sizeof nothing) == (ssize_t)sizeof nothing && fsync(fd) == 0;
    close(fd);
    return good && unlink(path) == 0 ? OK : fail(ret_why, path, strerror(errno));
}
