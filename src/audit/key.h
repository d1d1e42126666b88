// key.h: secret keys of 32 bytes, a file each: the one that signs checkpoints, and one for
// each tenant, under which its bodies are coded. A file is made when it is first wanted, for its
// owner only.
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H
#include "audit/audit.h"
#include "audit/chain.h"

enum { AUDIT_PATH_MAX = 4096, AUDIT_WHY = 256 };

// make: where there is none, one is drawn. ret_why says what to do where it fails.
enum err audit_key_load(const char *path, bool make, unsigned char ret_key[AUDIT_KEY_BYTES],
                        char ret_why[AUDIT_WHY]) must_check;
// Where the key that signs lies.
void audit_key_path(const struct audit_settings *s, char ret_path[AUDIT_PATH_MAX]);
// Where a tenant's key lies; its name may be empty.
void audit_tenant_key_path(str folder, str tenant, char ret_path[AUDIT_PATH_MAX]);

// Keys are added while others are read: a table is not changed, a newer one leads to it.
struct audit_tenants;
// *keys: the newest table so far, or NULL; afterwards one that has these tenants, too.
enum err audit_tenants_load(str folder, const struct tenants *t, struct audit_tenants **keys,
                            char ret_why[AUDIT_WHY]) must_check;
void audit_tenants_free(struct audit_tenants *k);
// The key of a tenant that was there at loading, or of nobody.
const unsigned char *audit_tenants_key(const struct audit_tenants *k, str tenant);
#endif
