// tenant_test.c: who is let in, and as whom.
#include "ledger/ledger.h"
#include "tests/unit.h"

static struct tenant keyed(str name, str key)
{
    struct tenant t = {.name = name, .has_key = true};
    ledger_hash_key(key, t.key_hash);
    return t;
}

static struct tenant open_to_all(str name)
{
    return (struct tenant){.name = name};
}

TEST(a_key_is_kept_as_its_sha_256)
{
    static const unsigned char abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                          0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                          0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                          0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const unsigned char none[4] = {0xe3, 0xb0, 0xc4, 0x42};
    unsigned char got[32];
    ledger_hash_key(S("abc"), got);
    CHECK(memcmp(got, abc, 32) == 0);
    ledger_hash_key(STR_NONE, got);
    CHECK(memcmp(got, none, 4) == 0);
}

TEST(without_tenants_everyone_is_let_in_as_nobody)
{
    const struct tenant *who = (const struct tenant *)-1;
    struct tenants t = {0};
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == NULL);
    who = (const struct tenant *)-1;
    CHECK(ledger_admit(&t, S("sk-whatever"), &who) == OK && who == NULL);
}

TEST(without_tenants_a_required_key_is_missing_or_wrong)
{
    const struct tenant *who = NULL;
    struct tenants t = {.require_key = true};
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
    CHECK(ledger_admit(&t, S("sk-whatever"), &who) == ERR_WRONG_KEY);
    CHECK(who == NULL);
}

TEST(where_no_tenant_has_a_key_every_key_is_ignored)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {open_to_all(S("first")), open_to_all(S("second"))};
    struct tenants t = {rows, 2, false};
    CHECK(ledger_admit(&t, S("sk-whatever"), &who) == OK && who == &rows[0]);
    who = NULL;
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == &rows[0]);
}

TEST(a_key_names_its_tenant)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {keyed(S("a"), S("key-a")), open_to_all(S("b")),
                            keyed(S("c"), S("key-c"))};
    struct tenants t = {rows, 3, true};
    CHECK(ledger_admit(&t, S("key-a"), &who) == OK && who == &rows[0]);
    CHECK(ledger_admit(&t, S("key-c"), &who) == OK && who == &rows[2]);
    t.require_key = false;
    CHECK(ledger_admit(&t, S("key-c"), &who) == OK && who == &rows[2]);
}

TEST(an_empty_key_is_the_first_tenant_without_one)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {keyed(S("a"), S("key-a")), open_to_all(S("b")), open_to_all(S("c"))};
    struct tenants t = {rows, 3, true};
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == &rows[1]);
    t.require_key = false;
    who = NULL;
    CHECK(ledger_admit(&t, STR_NONE, &who) == OK && who == &rows[1]);
}

TEST(an_empty_key_is_refused_where_all_tenants_have_keys)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {keyed(S("a"), S("key-a"))};
    struct tenants t = {rows, 1, true};
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
    t.require_key = false;
    CHECK(ledger_admit(&t, STR_NONE, &who) == ERR_NO_KEY);
    CHECK(who == NULL);
}

TEST(an_unknown_key_is_refused_where_any_tenant_has_one)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {open_to_all(S("b")), keyed(S("a"), S("key-a"))};
    struct tenants t = {rows, 2, false};
    CHECK(ledger_admit(&t, S("key-b"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, S("key-"), &who) == ERR_WRONG_KEY);
    CHECK(ledger_admit(&t, S("key-aa"), &who) == ERR_WRONG_KEY);
    t.require_key = true;
    CHECK(ledger_admit(&t, S("key-b"), &who) == ERR_WRONG_KEY);
    CHECK(who == NULL);
}

TEST(a_row_without_a_key_is_met_by_no_key)
{
    const struct tenant *who = NULL;
    struct tenant rows[] = {open_to_all(S("b")), keyed(S("a"), S("key-a"))};
    struct tenants t = {rows, 2, true};
    ledger_hash_key(S("sly"), rows[0].key_hash); // has_key is false: the hash says nothing
    CHECK(ledger_admit(&t, S("sly"), &who) == ERR_WRONG_KEY);
}
