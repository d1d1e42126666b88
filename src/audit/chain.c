// chain.c: hashes, tree and checkpoints of the decision log. Pure but for OpenSSL's sums.
#include "audit/chain.h"
#include <openssl/evp.h>
#include <pthread.h>

static EVP_MD *sha256; // fetched once: fetching costs more than hashing

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void audit_sha256(const str *parts, unsigned count, struct audit_hash *ret_hash)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsigned size = 0;
    must(pthread_once(&once, fetch) == 0 && sha256);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    must(c && EVP_DigestInit_ex2(c, sha256, NULL) == 1);
    for (unsigned i = 0; i < count; i++)
        must(parts[i].n == 0 || EVP_DigestUpdate(c, parts[i].p, parts[i].n) == 1);
    must(EVP_DigestFinal_ex(c, ret_hash->b, &size) == 1 && size == sizeof ret_hash->b);
    EVP_MD_CTX_free(c);
}

static str of_hash(const struct audit_hash *h)
{
    return str_of((const char *)h->b, sizeof h->b);
}

void audit_leaf(str line, struct audit_hash *ret_leaf)
{
    const str parts[] = {str_of("\0", 1), line};
    audit_sha256(parts, countof(parts), ret_leaf);
}

static void node(const struct audit_hash *left, const struct audit_hash *right,
                 struct audit_hash *ret)
{
    const str parts[] = {S("\1"), of_hash(left), of_hash(right)};
    struct audit_hash made;
    audit_sha256(parts, countof(parts), &made);
    *ret = made;
}

bool audit_same(const struct audit_hash *a, const struct audit_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

// --- the tree ------------------------------------------------------------------------------------

// Counting up by one carries as in a binary number: where a bit was set, two trees become one.
void audit_tree_add(struct audit_tree *t, const struct audit_hash *leaf)
{
    struct audit_hash h = *leaf;
    unsigned level = 0;
    for (uint64_t n = t->count; n & 1; n >>= 1)
        node(&t->level[level++], &h, &h);
    must(level < AUDIT_TREE_LEVELS);
    t->level[level] = h;
    t->count++;
}

void audit_tree_root(const struct audit_tree *t, struct audit_hash *ret_root)
{
    struct audit_hash h = {0};
    bool any = false;
    if (t->count == 0)
        audit_sha256(NULL, 0, &h);
    for (unsigned level = 0; t->count >> level; level++) {
        if (!(t->count >> level & 1))
            continue;
        if (any)
            node(&t->level[level], &h, &h);
        else
            h = t->level[level];
        any = true;
    }
    *ret_root = h;
}

// --- the code for a body -------------------------------------------------------------------------

void audit_mac(const unsigned char key[AUDIT_KEY_BYTES], str body, struct audit_hash *ret_mac)
{
    enum { BLOCK = 64, INNER = 0x36, OUTER = 0x5c };
    char inner[BLOCK], outer[BLOCK];
    struct audit_hash h;
    for (unsigned i = 0; i < BLOCK; i++) {
        unsigned char k = i < AUDIT_KEY_BYTES ? key[i] : 0;
        inner[i] = (char)(k ^ INNER);
        outer[i] = (char)(k ^ OUTER);
    }
    const str first[] = {str_of(inner, BLOCK), body};
    audit_sha256(first, countof(first), &h);
    const str second[] = {str_of(outer, BLOCK), of_hash(&h)};
    audit_sha256(second, countof(second), ret_mac);
}

// --- hexadecimal ---------------------------------------------------------------------------------

void audit_put_hex(struct buf *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = p;
    char *to = buf_room(out, 2 * n);
    if (!to)
        return; // the buffer says it is over
    for (size_t i = 0; i < n; i++) {
        to[2 * i] = digits[b[i] >> 4];
        to[2 * i + 1] = digits[b[i] & 15];
    }
    buf_grew(out, 2 * n);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool audit_read_hex(str hex, unsigned char *ret_bytes, size_t n)
{
    if (hex.n != 2 * n)
        return false;
    for (size_t i = 0; i < hex.n; i++)
        if (digit(hex.p[i]) < 0)
            return false;
    for (size_t i = 0; i < n; i++)
        ret_bytes[i] = (unsigned char)(digit(hex.p[2 * i]) << 4 | digit(hex.p[2 * i + 1]));
    return true;
}

// --- checkpoints ---------------------------------------------------------------------------------

// What is signed begins with a line that no other use of the key has.
static const char domain[] = "weir audit checkpoint 1\n";

enum { CHECKPOINT_MAX = 1024 };

static void put_signed(struct buf *out, const struct audit_checkpoint *c)
{
    buf_printf(out, "{\"segment\":%llu,\"first\":%llu,\"count\":%llu,\"at_us\":%lld,\"head\":\"",
               (unsigned long long)c->segment, (unsigned long long)c->first,
               (unsigned long long)c->count, (long long)c->at_us);
    audit_put_hex(out, c->head.b, sizeof c->head.b);
    buf_put(out, S("\",\"root\":\""));
    audit_put_hex(out, c->root.b, sizeof c->root.b);
    buf_put(out, S("\",\"key\":\""));
    audit_put_hex(out, c->key, sizeof c->key);
    buf_put(out, S("\""));
}

static void message(struct buf *out, const struct audit_checkpoint *c)
{
    buf_init(out, CHECKPOINT_MAX);
    buf_put(out, str_c(domain));
    put_signed(out, c);
    must(!out->over);
}

static EVP_PKEY *secret_key(const unsigned char secret[AUDIT_KEY_BYTES])
{
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, AUDIT_KEY_BYTES);
    must(k);
    return k;
}

void audit_public_key(const unsigned char secret[AUDIT_KEY_BYTES],
                      unsigned char ret_key[AUDIT_KEY_BYTES])
{
    size_t n = AUDIT_KEY_BYTES;
    EVP_PKEY *k = secret_key(secret);
    must(EVP_PKEY_get_raw_public_key(k, ret_key, &n) == 1 && n == AUDIT_KEY_BYTES);
    EVP_PKEY_free(k);
}

void audit_checkpoint_sign(struct audit_checkpoint *c, const unsigned char secret[AUDIT_KEY_BYTES])
{
    struct buf m;
    size_t n = AUDIT_SIGNATURE_BYTES;
    audit_public_key(secret, c->key);
    message(&m, c);
    EVP_PKEY *k = secret_key(secret);
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    must(x && EVP_DigestSignInit(x, NULL, NULL, NULL, k) == 1);
    must(EVP_DigestSign(x, c->signature, &n, (const unsigned char *)m.p, m.n) == 1);
    must(n == AUDIT_SIGNATURE_BYTES);
    EVP_MD_CTX_free(x);
    EVP_PKEY_free(k);
    buf_done(&m);
}

bool audit_checkpoint_holds(const struct audit_checkpoint *c)
{
    struct buf m;
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, c->key, AUDIT_KEY_BYTES);
    if (!k)
        return false;
    message(&m, c);
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    must(x);
    bool holds = EVP_DigestVerifyInit(x, NULL, NULL, NULL, k) == 1 &&
                 EVP_DigestVerify(x, c->signature, AUDIT_SIGNATURE_BYTES,
                                  (const unsigned char *)m.p, m.n) == 1;
    EVP_MD_CTX_free(x);
    EVP_PKEY_free(k);
    buf_done(&m);
    return holds;
}

void audit_checkpoint_write(struct buf *out, const struct audit_checkpoint *c)
{
    put_signed(out, c);
    buf_put(out, S(",\"signature\":\""));
    audit_put_hex(out, c->signature, sizeof c->signature);
    buf_put(out, S("\"}\n"));
}

// Takes `name` and the digits behind it off *rest.
static bool take_number(str *rest, str name, uint64_t *ret)
{
    int64_t v = 0;
    size_t n = 0;
    if (!str_starts(*rest, name))
        return false;
    str s = str_from(*rest, name.n);
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (!str_to_i64(str_first(s, n), &v))
        return false;
    *ret = (uint64_t)v;
    *rest = str_from(s, n);
    return true;
}

static bool take_hex(str *rest, str name, unsigned char *ret, size_t n)
{
    if (!str_starts(*rest, name) ||
        !audit_read_hex(str_first(str_from(*rest, name.n), 2 * n), ret, n))
        return false;
    *rest = str_from(*rest, name.n + 2 * n);
    return true;
}

bool audit_checkpoint_read(str text, struct audit_checkpoint *ret_checkpoint)
{
    struct audit_checkpoint c = {0};
    uint64_t at_us = 0;
    struct buf again;
    str s = text;
    if (text.n > CHECKPOINT_MAX)
        return false;
    bool good = take_number(&s, S("{\"segment\":"), &c.segment) &&
                take_number(&s, S(",\"first\":"), &c.first) &&
                take_number(&s, S(",\"count\":"), &c.count) &&
                take_number(&s, S(",\"at_us\":"), &at_us) &&
                take_hex(&s, S(",\"head\":\""), c.head.b, sizeof c.head.b) &&
                take_hex(&s, S("\",\"root\":\""), c.root.b, sizeof c.root.b) &&
                take_hex(&s, S("\",\"key\":\""), c.key, sizeof c.key) &&
                take_hex(&s, S("\",\"signature\":\""), c.signature, sizeof c.signature);
    if (!good)
        return false;
    c.at_us = (int64_t)at_us;
    buf_init(&again, CHECKPOINT_MAX);
    audit_checkpoint_write(&again, &c);
    good = str_eq(buf_str(&again), text);
    buf_done(&again);
    if (good)
        *ret_checkpoint = c;
    return good;
}
