// tenant.c: who is calling. Keys are known by their SHA-256 only; comparing takes the same time
// wherever they differ and whichever tenant it is. The last admitted key of a thread keeps its
// hash, since most callers come again. Where no tenant has a key, OpenSSL is never touched.
#include "ledger/ledger.h"
#include <openssl/evp.h>
#include <pthread.h>

enum { REMEMBERED_BYTES = 256 };

static EVP_MD *sha256; // fetched once: fetching costs more than hashing

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void ledger_hash_key(str key, unsigned char ret_hash[32])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsigned size = 0;
    must(pthread_once(&once, fetch) == 0 && sha256);
    must(EVP_Digest(key.n ? key.p : "", key.n, ret_hash, &size, sha256, NULL) == 1);
    must(size == 32);
}

static bool same_hash(const unsigned char *a, const unsigned char *b)
{
    uint64_t x[4], y[4];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
}

static const struct tenant *find(const struct tenants *t, const unsigned char *hash)
{
    const struct tenant *found = NULL;
    for (unsigned i = 0; i < t->count; i++)
        if (t->rows[i].has_key && same_hash(t->rows[i].key_hash, hash))
            found = &t->rows[i]; // and on: the time must not tell which
    return found;
}

static const struct tenant *by_key(const struct tenants *t, str key)
{
    static _Thread_local struct {
        char key[REMEMBERED_BYTES];
        size_t n; // 0: none yet
        unsigned char hash[32];
    } last;
    unsigned char hash[32];
    if (last.n == key.n && str_eq_secret(str_of(last.key, last.n), key))
        return find(t, last.hash); // tenants may have changed meanwhile, a hash has not
    ledger_hash_key(key, hash);
    const struct tenant *found = find(t, hash);
    if (found && key.n <= sizeof last.key) {
        memcpy(last.key, key.p, key.n);
        memcpy(last.hash, hash, sizeof hash);
        last.n = key.n;
    }
    return found;
}

static const struct tenant *without_key(const struct tenants *t, bool *ret_any_key)
{
    const struct tenant *first = NULL;
    bool any = false;
    for (unsigned i = 0; i < t->count; i++) {
        any |= t->rows[i].has_key;
        if (!first && !t->rows[i].has_key)
            first = &t->rows[i];
    }
    *ret_any_key = any;
    return first;
}

// A key that nobody has is refused even where none is required: its owner may be a tenant whose
// requests carry a label, and without it they would go where they must not. Where no tenant has a
// key, any is like none, since clients' libraries insist on sending some.
enum err ledger_admit(const struct tenants *t, str key, const struct tenant **ret_tenant)
{
    bool any_key = false;
    must(t->count == 0 || t->rows);
    const struct tenant *found = without_key(t, &any_key);
    if (key.n == 0 && t->require_key)
        return ERR_NO_KEY;
    if (key.n && (any_key || t->require_key)) {
        found = any_key ? by_key(t, key) : NULL;
        if (!found)
            return ERR_WRONG_KEY;
    }
    *ret_tenant = found;
    return OK;
}
