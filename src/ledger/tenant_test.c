// tenant_test.c: who is let in.
#include "ledger/ledger.h"
#include "tests/unit.h"

static struct tenant rows[3];

static struct tenants two_with_keys(bool require)
{
    rows[0] = (struct tenant){.name = S("acme"), .has_key = true};
    rows[1] = (struct tenant){.name = S("open")};
    rows[2] = (struct tenant){.name = S("zeta"), .has_key = true, .label = LABEL_RESTRICTED};
    ledger_hash_key(S("key-of-acme"), rows[0].key_hash);
    ledger_hash_key(S("key-of-zeta"), rows[2].key_hash);
    return (struct tenants){rows, 3, require};
}

TEST(a_hash_is_sha_256)
{
    static const unsigned char of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    static const unsigned char of_none[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14};
    unsigned char hash[32];
    ledger_hash_key(S("abc"), hash);
    CHECK(memcmp(hash, of_abc, sizeof of_abc) == 0);
    ledger_hash_key(STR_NONE, hash);
    CHECK(memcmp(hash, of_none, sizeof of_none) == 0);
}

TEST(a_key_names_its_tenant_again_and_again)
{
    struct tenants t = two_with_keys(true);
    const struct tenant *who = NULL;
    for (int i = 0; i < 3; i++) {
        CHECK(ledger_admit(&t, S("key-of-zeta"), &who) == OK && who == &rows[2]);
        CHECK(ledger_admit(&t, S("key-of-zeta"), &who) == OK && who == &rows[2]);
        CHECK(ledger_admit(&t, S("key-of-acme"), &who) == OK && who == &rows[0]);
    }
}

TEST(a_missing_and_a_wrong_key_are_told_apart)
{
    struct tenants t = two_with_keys(true);
    const struct tenant *who = NULL;
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
    CHECK(ledger_admit(&t, S("key-of-acmf"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, S("key-of-acm"), &who) == ERR_WRONG_KEY);
    CHECK(who == NULL);
}

TEST(a_key_that_was_taken_away_is_forgotten_at_once)
{
    struct tenants t = two_with_keys(true);
    const struct tenant *who = NULL;
    REQUIRE(ledger_admit(&t, S("key-of-acme"), &who) == OK);
    ledger_hash_key(S("a new key"), rows[0].key_hash);
    CHECK(ledger_admit(&t, S("key-of-acme"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, S("a new key"), &who) == OK && who == &rows[0]);
}

TEST(a_key_that_needs_more_room_than_is_remembered_works)
{
    char key[1000];
    struct tenants t = two_with_keys(true);
    const struct tenant *who = NULL;
    memset(key, 'k', sizeof key);
    ledger_hash_key(str_of(key, sizeof key), rows[0].key_hash);
    CHECK(ledger_admit(&t, str_of(key, sizeof key), &who) == OK && who == &rows[0]);
    CHECK(ledger_admit(&t, str_of(key, sizeof key - 1), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, str_of(key, sizeof key), &who) == OK && who == &rows[0]);
}

TEST(where_no_key_is_required_callers_without_one_are_the_tenant_without_one)
{
    struct tenants t = two_with_keys(false);
    const struct tenant *who = NULL;
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == &rows[1]);
    CHECK(ledger_admit(&t, S("key-of-acme"), &who) == OK && who == &rows[0]);
}

TEST(a_mistyped_key_never_loses_its_tenants_label)
{
    struct tenants t = two_with_keys(false);
    const struct tenant *who = NULL;
    CHECK(ledger_admit(&t, S("key-of-zetb"), &who) == ERR_WRONG_KEY && who == NULL);
}

TEST(a_required_key_is_required_beside_a_tenant_without_one)
{
    struct tenants t = two_with_keys(true);
    const struct tenant *who = NULL;
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY && who == NULL);
}

TEST(where_no_tenant_has_a_key_whatever_a_library_sends_is_fine)
{
    struct tenants t = two_with_keys(false);
    const struct tenant *who = NULL;
    t.rows = &rows[1];
    t.count = 1;
    CHECK(ledger_admit(&t, S("sk-none"), &who) == OK && who == &rows[1]);
}

TEST(no_tenants_is_nobody)
{
    struct tenants t = {0};
    const struct tenant *who = &rows[0];
    CHECK(ledger_admit(&t, S("sk-anything"), &who) == OK && who == NULL);
    t.require_key = true;
    CHECK(ledger_admit(&t, S("sk-anything"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
}
