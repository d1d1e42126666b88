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

enum err ledger_admit(const struct tenants *t, str key, const struct tenant **ret_tenant)
{
    unsigned char hash[32];
    const struct tenant *found = NULL;
    must(t && ret_tenant);
    if (!t->require_key && !any_key(t)) {
        *ret_tenant = without_key(t);
        return OK;
    }
    if (!key.n) {
        found = without_key(t);
        if (t->require_key && !found)
            return ERR_NO_KEY;
        *ret_tenant = found;
        return OK;
    }
    ledger_hash_key(key, hash);
    // all rows are compared, so that time does not tell which one it was
    for (unsigned i = 0; i < t->count; i++)
        if (t->rows[i].has_key && str_eq_secret(str_of((const char *)t->rows[i].key_hash, 32),
                                                str_of((const char *)hash, 32)))
            found = &t->rows[i];
    if (!found)
        return ERR_WRONG_KEY;
    *ret_tenant = found;
    return OK;
}
