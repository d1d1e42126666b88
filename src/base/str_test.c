// Slices, numbers and distances.
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit.h"

TEST(slices_compare_by_their_bytes)
{
    CHECK(str_eq(STR_NONE, S("")) && str_eq(S("a\0b"), S("a\0b")) && !str_eq(S("a\0b"), S("a\0c")));
    CHECK(str_eq_nocase(S("Content-TYPE"), S("content-type")) && !str_eq_nocase(S("a"), S("ab")));
    CHECK(!str_eq_nocase(S("@"), S("`")) && !str_eq_nocase(S("["), S("{"))); // letters only
    CHECK(str_starts(S("abc"), S("ab")) && str_starts(S("abc"), S("")) &&
          !str_starts(S("a"), S("ab")));
    CHECK(str_ends(S("abc"), S("bc")) && str_ends(S(""), S("")) && !str_ends(S("c"), S("bc")));
    CHECK(str_c(NULL).n == 0 && str_c("xy").n == 2);
}

TEST(slices_that_differ_in_one_byte_are_not_equal_at_any_length)
{
    for (size_t n = 0; n < 40; n++) {
        char *a = mem_resize(NULL, n + !n), *b = mem_resize(NULL, n + !n); // exact, for ASan
        memset(a, 'x', n);
        memset(b, 'x', n);
        CHECK(str_eq(str_of(a, n), str_of(b, n)));
        for (size_t i = 0; i < n; i++) {
            b[i] = 'y';
            CHECK(!str_eq(str_of(a, n), str_of(b, n)));
            b[i] = 'x';
        }
        mem_free(a);
        mem_free(b);
    }
}

TEST(finding_and_cutting_stay_inside)
{
    CHECK(str_find(S("hello"), S("lo")) == 3 && str_find(S("hello"), S("")) == 0);
    CHECK(str_find(S("hello"), S("lox")) == SIZE_MAX && str_find(STR_NONE, S("a")) == SIZE_MAX);
    CHECK(str_find_char(S("a\0b"), 'b') == 2 && str_find_char(STR_NONE, 'a') == SIZE_MAX);
    CHECK(str_eq(str_trim(S(" \t\r\nx y\n ")), S("x y")) && str_trim(S(" \n")).n == 0);
    CHECK(str_eq(str_from(S("abc"), 2), S("c")) && str_from(S("abc"), 9).n == 0);
    CHECK(str_eq(str_first(S("abc"), 2), S("ab")) && str_first(S("abc"), 9).n == 3);
    CHECK(str_from(STR_NONE, 3).n == 0 && str_first(STR_NONE, 3).n == 0);
}

TEST(parts_between_separators_are_all_given_the_empty_ones_too)
{
    static const char *const want[] = {"a", "", "b", ""};
    str rest = S("a,,b,"), part, none = STR_NONE;
    for (size_t i = 0; i < countof(want); i++)
        REQUIRE(str_next(&rest, ',', &part) && str_eq(part, str_c(want[i])));
    CHECK(!str_next(&rest, ',', &part));
    CHECK(!str_next(&none, ',', &part));
}

TEST(whole_numbers_are_whole_and_in_range)
{
    int64_t v = 77;
    CHECK(str_to_i64(S("9223372036854775807"), &v) && v == INT64_MAX);
    CHECK(str_to_i64(S("-9223372036854775808"), &v) && v == INT64_MIN);
    CHECK(str_to_i64(S("-0"), &v) && v == 0);
    CHECK(str_to_i64(S("007"), &v) && v == 7);
    v = 77;
    static const char *const wrong[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "0x1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "1e3",
                                        "--1",
                                        "99999999999999999999"};
    for (size_t i = 0; i < countof(wrong); i++)
        CHECK(!str_to_i64(str_c(wrong[i]), &v));
    CHECK(v == 77); // untouched
}

TEST(copies_into_arrays_are_cut_to_fit)
{
    char small[4];
    CHECK(strcmp(str_copy_to(small, sizeof small, S("abcdef")), "abc") == 0);
    CHECK(strcmp(str_copy_to(small, sizeof small, STR_NONE), "") == 0);
    CHECK(strcmp(str_copy_to(small, 1, S("x")), "") == 0);
}

TEST(distance_counts_edits_up_to_its_limit)
{
    CHECK(str_distance(S("timeout"), S("TimeOut"), 3) == 0);
    CHECK(str_distance(S("timeout"), S("timout"), 3) == 1);
    CHECK(str_distance(S("kitten"), S("sitting"), 5) == 3);
    CHECK(str_distance(S("abc"), S("xyz"), 1) == 2); // limit + 1
    CHECK(str_distance(S(""), S("ab"), 5) == 2);
    char long_word[100];
    memset(long_word, 'a', sizeof long_word);
    CHECK(str_distance(str_of(long_word, 100), S("a"), 200) == 201);
}

TEST(secrets_are_equal_only_when_every_byte_is)
{
    CHECK(str_eq_secret(S("key-1"), S("key-1")) && !str_eq_secret(S("key-1"), S("key-2")));
    CHECK(!str_eq_secret(S("key"), S("keykey")) && !str_eq_secret(S("keykey"), S("key")));
    CHECK(!str_eq_secret(S("k"), STR_NONE) && !str_eq_secret(STR_NONE, S("k")));
}

TEST(hashes_are_fnv_1a)
{
    CHECK(str_hash(STR_NONE) == 0xcbf29ce484222325u && str_hash(S("a")) == 0xaf63dc4c8601ec8cu);
}

TEST(lists_may_lose_nodes_while_walked)
{
    struct node {
        struct list link;
        int n;
    } nodes[5];
    struct list l;
    int sum = 0;
    list_init(&l);
    for (int i = 0; i < 5; i++) {
        nodes[i].n = i;
        list_push_back(&l, &nodes[i].link);
    }
    list_each(it, &l, struct node, link)
    {
        if (it->n % 2)
            list_remove(&it->link);
    }
    list_push_front(&l, &nodes[3].link);
    list_each(it, &l, struct node, link)
    {
        sum = sum * 10 + it->n;
    }
    CHECK(sum == 3024 && list_first(&l, struct node, link) == &nodes[3]);
    list_remove(&nodes[1].link); // already out: no harm
    list_each(it, &l, struct node, link)
    {
        list_remove(&it->link);
    }
    CHECK(list_empty(&l) && list_first(&l, struct node, link) == NULL);
}

TEST(the_heap_gives_zeroes_and_copies_end_in_nul)
{
    int *numbers = mem_new_array(int, 100);
    for (int i = 0; i < 100; i++)
        CHECK(numbers[i] == 0);
    numbers = mem_resize(numbers, 8);
    mem_free(numbers);
    char *copy = mem_copy_str(S("ab"));
    CHECK(strcmp(copy, "ab") == 0);
    mem_free(copy);
    mem_free(NULL);
}
