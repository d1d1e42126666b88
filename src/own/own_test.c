// The operator's words, patterns and documents: what is found, where, and what is refused.
#include "base/mem.h"
#include "own/own.h"
#include "tests/unit.h"

enum { PLACES = 8 };
static char why[OWN_WHY];

static bool finds(const struct own *o, const char *text, const char *place)
{
    struct own_place places[PLACES];
    size_t n = 0;
    bool fine = own_find(o, str_c(text), places, PLACES, &n);
    if (!place)
        return fine && n == 0;
    str found = n ? str_of(text + places[0].start, places[0].end - places[0].start) : STR_NONE;
    if (!fine || n != 1 || !str_eq(found, str_c(place))) {
        printf("%zu places, the first '%.*s'\n", n, STR_ARGS(found));
        return false;
    }
    return true;
}

static struct own *with_words(const char *const *words)
{
    struct own *o = own_new();
    unsigned kind = own_kind(o, S("PROJECT"));
    for (; *words; words++)
        CHECK(own_add_word(o, kind, str_c(*words), why));
    own_seal(o);
    return o;
}

TEST(words_are_found_whole_and_in_any_case)
{
    static const char *const words[] = {"Nordlicht",      "Projekt Amsel", "Nord",
                                        "Straßburg-Akte", "北極星計画",    NULL};
    struct own *o = with_words(words);
    CHECK(finds(o, "what is NORDLICHT about?", "NORDLICHT"));
    CHECK(finds(o, "nordlicht", "nordlicht"));
    CHECK(finds(o, "Nordlichter, minordlicht, nordlicht2", NULL));
    CHECK(finds(o, "projekt \n amsel!", "projekt \n amsel"));
    CHECK(finds(o, "projektamsel, Projekt-Amsel", NULL));
    CHECK(finds(o, "the nord, that is", "nord"));
    CHECK(finds(o, "die Straßburg-akte liegt", "Straßburg-akte"));
    CHECK(finds(o, "請看北極星計画的", "北極星計画"));
    CHECK(finds(o, "no", NULL) && finds(o, "", NULL) && finds(o, "nor", NULL));
    own_free(o);
}

TEST(short_and_long_words_are_refused)
{
    struct own *o = own_new();
    unsigned kind = own_kind(o, S("X"));
    char longest[300];
    memset(longest, 'a', sizeof longest);
    CHECK(!own_add_word(o, kind, S("ab"), why) && !own_add_word(o, kind, S("  "), why));
    CHECK(!own_add_word(o, kind, S(""), why) && !own_add_word(o, kind, S("a bc"), why));
    CHECK(!own_add_word(o, kind, str_of(longest, sizeof longest), why));
    CHECK(strstr(why, "200 bytes"));
    own_free(o);
}

TEST(a_pattern_is_found_each_time)
{
    struct own *o = own_new();
    struct own_place places[PLACES];
    size_t n = 0;
    unsigned kind = own_kind(o, S("CUSTOMER_NO"));
    REQUIRE(own_add_pattern(o, kind, S("KD-[0-9]{8}"), why));
    REQUIRE(own_add_pattern(o, kind, S("(?i)akte \\p{Lu}{2}"), why));
    own_seal(o);
    CHECK(finds(o, "who is KD-12345678?", "KD-12345678"));
    CHECK(finds(o, "kd-12345678 KD-1234", NULL));
    CHECK(finds(o, "die AKTE ÄÖ", "AKTE ÄÖ"));
    CHECK(own_find(o, S("KD-00000001KD-00000002 KD-00000003"), places, PLACES, &n) && n == 3);
    CHECK(!own_find(o, S("KD-00000001KD-00000002 KD-00000003"), places, 2, &n) && n == 2);
    own_free(o);
}

TEST(a_pattern_that_cannot_be_read_or_matches_nothing_is_refused)
{
    struct own *o = own_new();
    unsigned kind = own_kind(o, S("X"));
    CHECK(!own_add_pattern(o, kind, S("KD-[0-9"), why));
    CHECK(strstr(why, "at byte 7") && strstr(why, "missing"));
    CHECK(!own_add_pattern(o, kind, S("a*"), why) && strstr(why, "match anywhere"));
    CHECK(!own_add_pattern(o, kind, S("\\C+"), why));
    own_free(o);
}

TEST(a_pattern_that_costs_too_much_is_told)
{
    struct own *o = own_new();
    struct own_place places[PLACES];
    char text[64];
    size_t n = 0;
    memset(text, 'a', sizeof text);
    REQUIRE(own_add_pattern(o, own_kind(o, S("X")), S("(a+)+(b|c)"), why));
    own_seal(o);
    CHECK(!own_find(o, str_of(text, sizeof text), places, PLACES, &n));
    CHECK(own_find(o, S("short aab"), places, PLACES, &n) && n == 1);
    own_free(o);
}

static const char paper[] =
    "The board intends to close the plant in the north by the end of the third quarter, to move "
    "its forty-two presses to the southern site, and to tell the works council not before the "
    "figures of the half year are published; until then no supplier may learn of the plan.";

TEST(a_quotation_of_a_document_is_found_in_any_dress)
{
    struct own *o = own_new();
    REQUIRE(own_add_document(o, own_kind(o, S("BOARD")), str_c(paper), why));
    own_seal(o);
    CHECK(finds(o,
                "Please summarise what I was given about ships and harbours in the last week "
                "of the month, and about the plant in the north.",
                NULL));
    struct own_place places[PLACES];
    size_t n = 0;
    const char *quoted = "Somebody wrote:\n> TO MOVE its forty-two presses to the southern\n> site,"
                         " and to tell the works council not before the\n> figures of the half "
                         "year are published. What follows?";
    REQUIRE(own_find(o, str_c(quoted), places, PLACES, &n) && n == 1);
    CHECK(places[0].start > 15 && places[0].end < strlen(quoted) - 10);
    CHECK(finds(o, "its forty-two presses to the southern site", NULL)); // too little
    own_free(o);
}

TEST(a_document_that_is_too_short_is_refused)
{
    struct own *o = own_new();
    CHECK(!own_add_document(o, own_kind(o, S("X")), S("only a line of text"), why));
    CHECK(strstr(why, "letters and digits"));
    own_free(o);
}

TEST(a_digest_tells_what_is_looked_for)
{
    static const char *const one[] = {"Nordlicht", "Amsel", NULL};
    static const char *const other[] = {"Nordlicht", "Drossel", NULL};
    struct own *a = with_words(one), *b = with_words(one), *c = with_words(other);
    CHECK(own_digest(a) == own_digest(b) && own_digest(a) != own_digest(c));
    CHECK(own_kind_count(a) == 1 && strcmp(own_type(a, 0), "PROJECT") == 0);
    own_free(a);
    own_free(b);
    own_free(c);
}
