// tenant.c: who is calling. Keys are known by their SHA-256 alone. Where no tenant has a key
// nothing is hashed: clients of a gateway without keys send whatever their library wants them to.
#include "ledger/ledger.h"
#include <openssl/evp.h>

void ledger_hash_key(str key, unsigned char ret_hash[32])
{
    unsigned n = 0;
    must(EVP_Digest(key.n ? key.p : "", key.n, ret_hash, &n, EVP_sha256(), NULL) == 1 && n == 32);
}

static const struct tenant *without_key(const struct tenants *t)
{
    for (unsigned i = 0; i < t->count; i++)
        if (!t->rows[i].has_key)
            return &t->rows[i];
    return NULL;
}

static bool any_key(const struct tenants *t)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->rows[i].has_key)
            return true;
    return false;
}

// The row with this key, or NULL. All rows are compared, so that time does not tell which it was.
static const struct tenant *with_key(const struct tenants *t, str key)
{
    unsigned char hash[32];
    const struct tenant *found = NULL;
    ledger_hash_key(key, hash);
    for (unsigned i = 0; i < t->count; i++)
        if (t->rows[i].has_key && str_eq_secret(str_of((const char *)t->rows[i].key_hash, 32),
                                                str_of((const char *)hash, 32)))
            found = &t->rows[i];
    return found;
}

enum err ledger_admit(const struct tenants *t, str key, const struct tenant **ret_tenant)
{
    must(t && ret_tenant && (t->rows || t->count == 0));
    bool keys = any_key(t);
    if (!t->require_key && !keys) { // whatever key was sent says nothing
        *ret_tenant = without_key(t);
        return OK;
    }
    const struct tenant *found = !key.n ? without_key(t) : keys ? with_key(t, key) : NULL;
    if (!found)
        return key.n ? ERR_WRONG_KEY : ERR_NO_KEY;
    *ret_tenant = found;
    return OK;
}
