// chain.h: what makes the decision log hard to alter, without any file: hashes, the tree over
// a segment, its signed checkpoint, and the code that stands for a body.
// Tree and leaves are those of RFC 6962: leaf SHA-256(00 line), node SHA-256(01 left right). A
// line's leaf is also what the next line's "prev" holds.
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H
#include "base/buf.h"

enum { AUDIT_KEY_BYTES = 32, AUDIT_SIGNATURE_BYTES = 64, AUDIT_TREE_LEVELS = 48 };

struct audit_hash {
    unsigned char b[32];
};
// The roots of the whole trees that the leaves so far fill, the largest at the highest level.
struct audit_tree {
    uint64_t count;
    struct audit_hash level[AUDIT_TREE_LEVELS];
};

// All parts behind each other.
void audit_sha256(const str *parts, unsigned count, struct audit_hash *ret_hash);
void audit_leaf(str line, struct audit_hash *ret_leaf);
void audit_tree_add(struct audit_tree *t, const struct audit_hash *leaf);
void audit_tree_root(const struct audit_tree *t, struct audit_hash *ret_root);
bool audit_same(const struct audit_hash *a, const struct audit_hash *b);

// HMAC-SHA-256 (RFC 2104) under a tenant's key.
void audit_mac(const unsigned char key[AUDIT_KEY_BYTES], str body, struct audit_hash *ret_mac);

void audit_put_hex(struct buf *out, const void *p, size_t n);
bool audit_read_hex(str hex, unsigned char *ret_bytes, size_t n); // exactly 2 n small digits

// What is signed: that this segment's first `count` records, from number `first` on, have this root
// and end with this record.
struct audit_checkpoint {
    uint64_t segment, first, count;
    int64_t at_us;
    struct audit_hash head, root;
    unsigned char key[AUDIT_KEY_BYTES]; // public
    unsigned char signature[AUDIT_SIGNATURE_BYTES];
};
void audit_public_key(const unsigned char secret[AUDIT_KEY_BYTES],
                      unsigned char ret_key[AUDIT_KEY_BYTES]);
// Fills key and signature.
void audit_checkpoint_sign(struct audit_checkpoint *c, const unsigned char secret[AUDIT_KEY_BYTES]);
bool audit_checkpoint_holds(const struct audit_checkpoint *c); // signed with its own key
void audit_checkpoint_write(struct buf *out, const struct audit_checkpoint *c); // one line of JSON
// Takes only what audit_checkpoint_write makes, byte by byte.
bool audit_checkpoint_read(str text, struct audit_checkpoint *ret_checkpoint);
#endif
