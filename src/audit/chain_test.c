// chain_test.c: the tree against RFC 6962's own vectors, HMAC against RFC 4231's, signatures.
#include "audit/chain.h"
#include "tests/unit.h"

static bool is(const struct audit_hash *h, const char *hex)
{
    struct audit_hash wanted;
    return audit_read_hex(str_c(hex), wanted.b, sizeof wanted.b) && audit_same(h, &wanted);
}

TEST(the_tree_has_the_roots_of_rfc_6962)
{
    static const char *const leaves[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct audit_tree t = {0};
    struct audit_hash root, leaf;
    audit_tree_root(&t, &root);
    CHECK(is(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    for (unsigned i = 0; i < countof(leaves); i++) {
        unsigned char bytes[16];
        size_t n = strlen(leaves[i]) / 2;
        REQUIRE(audit_read_hex(str_c(leaves[i]), bytes, n));
        audit_leaf(str_of((const char *)bytes, n), &leaf);
        audit_tree_add(&t, &leaf);
        audit_tree_root(&t, &root);
        CHECK(is(&root, roots[i]));
    }
}

TEST(the_code_for_a_body_is_hmac_sha_256)
{
    // RFC 4231, test case 1: a key of 20 bytes, which zeros fill up
    unsigned char key[AUDIT_KEY_BYTES] = {0};
    struct audit_hash mac;
    memset(key, 0x0b, 20);
    audit_mac(key, S("Hi There"), &mac);
    CHECK(is(&mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    key[0] ^= 1;
    audit_mac(key, S("Hi There"), &mac);
    CHECK(!is(&mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
}

TEST(the_public_key_is_ed25519s)
{
    // RFC 8032, 7.1, test 1
    unsigned char secret[AUDIT_KEY_BYTES], got[AUDIT_KEY_BYTES], wanted[AUDIT_KEY_BYTES];
    REQUIRE(audit_read_hex(S("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
                           secret, sizeof secret));
    REQUIRE(audit_read_hex(S("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
                           wanted, sizeof wanted));
    audit_public_key(secret, got);
    CHECK(memcmp(got, wanted, sizeof got) == 0);
}

static struct audit_checkpoint sample(void)
{
    static const unsigned char secret[AUDIT_KEY_BYTES] = {1, 2, 3};
    struct audit_checkpoint c = {.segment = 3, .first = 2000, .count = 17, .at_us = 1764000000};
    memset(c.head.b, 0xab, sizeof c.head.b);
    memset(c.root.b, 0xcd, sizeof c.root.b);
    audit_checkpoint_sign(&c, secret);
    return c;
}

TEST(a_checkpoint_is_read_as_it_was_written)
{
    struct audit_checkpoint c = sample(), back;
    struct buf out;
    buf_init(&out, 4096);
    audit_checkpoint_write(&out, &c);
    REQUIRE(audit_checkpoint_read(buf_str(&out), &back));
    CHECK(memcmp(&c, &back, sizeof c) == 0 && audit_checkpoint_holds(&back));
    buf_done(&out);
}

TEST(no_byte_of_a_checkpoint_can_be_changed)
{
    struct audit_checkpoint c = sample(), back;
    struct buf out;
    unsigned held = 0;
    buf_init(&out, 4096);
    audit_checkpoint_write(&out, &c);
    for (size_t i = 0; i < out.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            out.p[i] = (char)(out.p[i] ^ 1 << bit);
            held += audit_checkpoint_read(buf_str(&out), &back) && audit_checkpoint_holds(&back);
            out.p[i] = (char)(out.p[i] ^ 1 << bit);
        }
    CHECK(held == 0);
    CHECK(!audit_checkpoint_read(str_first(buf_str(&out), out.n - 1), &back));
    buf_putc(&out, '\n');
    CHECK(!audit_checkpoint_read(buf_str(&out), &back));
    buf_done(&out);
}

TEST(hexadecimal_is_exact)
{
    unsigned char b[2] = {9, 9};
    CHECK(audit_read_hex(S("00ff"), b, 2) && b[0] == 0 && b[1] == 255);
    CHECK(!audit_read_hex(S("00fF"), b, 2) && !audit_read_hex(S("00f"), b, 2));
    CHECK(!audit_read_hex(S("00fg"), b, 2) && b[1] == 255);
}
