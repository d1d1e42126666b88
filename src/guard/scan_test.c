// scan_test.c: the pass: places, borders of blocks, findings that overlap, words, numbers.
#include "base/rng.h"
#include "guard/plain_test.h"
#include "tests/unit.h"

struct try_of {
    struct arena arena;
    struct guard_policy policy;
    struct screening s, plain;
};

static void begin(struct try_of *t)
{
    arena_init(&t->arena, 1 << 22);
    guard_policy_default(&t->policy);
}

static bool scan(struct try_of *t, str text)
{
    arena_reset(&t->arena);
    guard_scan_text(&t->arena, text_of(text), &t->policy, &t->s);
    plain_scan_text(&t->arena, text, &t->policy, &t->plain);
    return plain_sound(&t->s, text) &&
           (t->s.truncated ? t->plain.truncated : plain_same(&t->s, &t->plain));
}

static const struct sample {
    const char *type, *text;
} samples[] = {
    {"CREDIT_CARD", "4539 1488 0343 6467"},  {"EMAIL", "mara.lindqvist@harbour-mail.se"},
    {"IBAN", "DE89 3704 0044 0532 0130 00"}, {"NATIONAL_ID", "536-90-4399"},
    {"PHONE", "+46 8 123 456 78"},           {"SECRET", "ghp_x7Kq2mVt9LsWc4Yp8RnBd3Hj6FgZa1Ue5QoT"},
};

// Each sample at each place of three blocks, with blanks on both sides, and as the text's end.
TEST(a_hit_is_found_at_every_place_of_a_block_and_at_the_very_end)
{
    struct try_of t;
    begin(&t);
    for (size_t k = 0; k < countof(samples); k++)
        for (size_t at = 0; at <= 140; at++)
            for (size_t tail = 0; tail <= 70; tail += tail < 3 ? 1 : 67) {
                char text[512];
                size_t n = strlen(samples[k].text);
                memset(text, ' ', sizeof text);
                memcpy(text + at, samples[k].text, n);
                REQUIRE(scan(&t, str_of(text, at + n + tail)));
                REQUIRE(t.s.finding_count == 1);
                const struct finding *f = &t.s.findings[0];
                REQUIRE(strcmp(f->type, samples[k].type) == 0);
                REQUIRE(f->start == at && f->end == at + n && f->part == 0);
            }
    arena_done(&t.arena);
}

// Pieces that anchors are made of, put together at random.
TEST(vectors_and_the_plain_loop_find_the_same_in_random_texts)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "_",
                                         "-",
                                         "@",
                                         ":",
                                         "=",
                                         " ",
                                         "\n",
                                         "\"",
                                         "0",
                                         "7",
                                         ".",
                                         "/",
                                         "(",
                                         ")",
                                         "+",
                                         "\xc3\xa9",
                                         "\xff",
                                         "password",
                                         "Pass",
                                         "PIN is 1234 ",
                                         "begin",
                                         "curl -u a:b9",
                                         "sk-",
                                         "4539148803436467",
                                         "@x.de",
                                         "secret=",
                                         "bearer ",
                                         "card",
                                         "phone ",
                                         "08001234567",
                                         "abcdefghijklmnop",
                                         "QWERTYUIOPASDFGH",
                                         "eyJ",
                                         "://",
                                         "x",
                                         "\\n",
                                         "DE89",
                                         "536-90-4399"};
    struct try_of t;
    uint64_t seed = 7;
    begin(&t);
    for (int round = 0; round < 20000; round++) {
        char text[400];
        size_t n = 0, want = rng_next(&seed) % 300;
        while (n < want) {
            const char *p = pieces[rng_next(&seed) % countof(pieces)];
            size_t length = strlen(p);
            memcpy(text + n, p, length);
            n += length;
        }
        if (!CHECK(scan(&t, str_of(text, n)))) {
            printf("round %d: %.*s\n", round, (int)n, text);
            break;
        }
    }
    arena_done(&t.arena);
}

// Digits and what parts them, so that numbers begin and end at every place of a block.
TEST(vectors_and_the_plain_loop_find_the_same_numbers)
{
    static const char bytes[] = "0123456789 -./()+,:DE\n";
    struct try_of t;
    uint64_t seed = 9;
    begin(&t);
    for (int round = 0; round < 20000; round++) {
        char text[200];
        size_t n = rng_next(&seed) % sizeof text,
               kinds = 10 + rng_next(&seed) % (sizeof bytes - 10);
        for (size_t i = 0; i < n; i++)
            text[i] = bytes[rng_next(&seed) % 3 ? rng_next(&seed) % 10 : rng_next(&seed) % kinds];
        if (!CHECK(scan(&t, str_of(text, n)))) {
            printf("round %d: %.*s\n", round, (int)n, text);
            break;
        }
    }
    arena_done(&t.arena);
}

TEST(of_two_findings_that_overlap_the_higher_label_stays_and_the_label_never_falls)
{
    struct try_of t;
    str text = S("git clone https://mara:Kx9vTq2LmW8@harbour-mail.se/tide.git");
    begin(&t);
    REQUIRE(scan(&t, text));
    REQUIRE(t.s.finding_count == 1 && t.s.label == LABEL_RESTRICTED);
    CHECK(strcmp(t.s.findings[0].type, "SECRET") == 0);
    CHECK(guard_policy_set(&t.policy, S("SECRET"), LABEL_PUBLIC));
    REQUIRE(scan(&t, text));
    REQUIRE(t.s.finding_count == 1 && t.s.label == LABEL_INTERNAL);
    CHECK(strcmp(t.s.findings[0].type, "EMAIL") == 0);
    CHECK(guard_policy_set(&t.policy, S("EMAIL"), LABEL_PUBLIC));
    REQUIRE(scan(&t, text));
    REQUIRE(t.s.finding_count == 1 && t.s.label == LABEL_PUBLIC);
    CHECK(strcmp(t.s.findings[0].type, "SECRET") == 0); // the surer one
    arena_done(&t.arena);
}

TEST(the_sixty_fifth_finding_makes_the_text_restricted)
{
    static const char one[] = "ann@tide.se ";
    struct try_of t;
    char text[(GUARD_FINDINGS_MAX + 2) * (sizeof one - 1)];
    begin(&t);
    for (size_t i = 0; i < GUARD_FINDINGS_MAX + 2; i++)
        memcpy(text + i * (sizeof one - 1), one, sizeof one - 1);
    REQUIRE(scan(&t, str_of(text, GUARD_FINDINGS_MAX * (sizeof one - 1))));
    CHECK(t.s.finding_count == GUARD_FINDINGS_MAX && !t.s.truncated);
    CHECK(t.s.label == LABEL_INTERNAL);
    REQUIRE(scan(&t, str_of(text, sizeof text)));
    CHECK(t.s.finding_count == GUARD_FINDINGS_MAX && t.s.truncated);
    CHECK(t.s.label == LABEL_RESTRICTED);
    arena_done(&t.arena);
}

TEST(a_text_that_is_not_utf8_is_restricted_wherever_the_fault_stands)
{
    struct try_of t;
    begin(&t);
    for (size_t at = 0; at < 140; at++) {
        char text[140];
        memset(text, 'a', sizeof text);
        text[at] = (char)0x80;
        REQUIRE(scan(&t, str_of(text, sizeof text)));
        REQUIRE(t.s.label == LABEL_RESTRICTED && t.s.finding_count == 0);
    }
    REQUIRE(scan(&t, S("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac")) && t.s.label == LABEL_PUBLIC);
    REQUIRE(scan(&t, S("caf\xc3")) && t.s.label == LABEL_RESTRICTED);
    REQUIRE(scan(&t, STR_NONE) && t.s.label == LABEL_PUBLIC);
    arena_done(&t.arena);
}

TEST(cue_words_are_sorted_lower_case_and_found_in_any_case)
{
    for (size_t i = 0; i < cue_count(); i++) {
        str word = cue_word(i);
        char text[64] = {0};
        REQUIRE(word.n >= 3 && word.n < sizeof text - 1);
        if (i > 0)
            CHECK(strcmp(cue_word(i - 1).p, word.p) < 0);
        for (size_t k = 0; k < word.n; k++)
            text[k] = (char)(is_letter(word.p[k]) ? word.p[k] & ~0x20 : word.p[k]);
        const struct cue_row *row = cue_at(str_of(text, word.n), 0);
        REQUIRE(row && row->word.p == word.p && row->cue < CUE_KINDS);
        for (size_t k = 0; k < 4 && k < word.n && row->cue < CUE_WAKING; k++)
            CHECK(!(word.p[k] & 0x80));
        CHECK(!cue_at(str_of(text, 2), 0));
    }
}

TEST(a_whole_word_is_no_cue_inside_a_longer_one_a_stem_is_and_the_longest_counts)
{
    const struct cue_row *tel = cue_at(S("tel 12"), 0), *telefon = cue_at(S("Telefonnummer"), 0);
    CHECK(tel && tel->cue == CUE_PHONE && tel->word.n == 3);
    CHECK(!cue_at(S("tells"), 0) && !cue_at(S("tel\xc3\xa9"), 0));
    CHECK(telefon && telefon->cue == CUE_PHONE && telefon->word.n == 7);
    CHECK(cue_at(S("social insurance number"), 0)->id == ID_CA_SIN);
    CHECK(cue_at(S("social security number"), 0)->id == ID_NONE);
}

// `marked` is a text with a | before each letter that begins a word, and no other |.
static bool words_begin_at(str marked)
{
    char text[128];
    uint64_t marks[2] = {0};
    size_t n = 0;
    for (size_t i = 0; i < marked.n; i++) {
        if (marked.p[i] == '|')
            marks[n / 64] |= (uint64_t)1 << n % 64;
        else
            text[n++] = marked.p[i];
    }
    for (size_t i = 0; i < n; i++)
        if (word_begins(str_of(text, n), i) != (marks[i / 64] >> i % 64 & 1))
            return false;
    return n > 0;
}

TEST(a_word_begins_behind_what_is_no_letter_and_at_a_capital_behind_a_small_letter)
{
    CHECK(words_begin_at(S("|one |two-|three_|four5|six:|7|up")) == false); // a digit is no letter
    CHECK(words_begin_at(S("|one |two-|three_|four5|six:7|up")));
    CHECK(words_begin_at(S("|account|Key |HTTPServer |a|B 1")));
    CHECK(words_begin_at(S("\342\200\234|password\342\200\235\302\240|is\342\200\246|so")));
}

TEST(a_word_begins_where_the_script_changes_and_not_behind_a_letter_with_an_accent)
{
    CHECK(words_begin_at(S("|d\303\251passe |\303\251t\303\251|Pass |\341\272\241b")));
    CHECK(words_begin_at(S("|\347\224\250|\346\210\267|password|\346\230\257")));
    CHECK(words_begin_at(
        S("|\320\225\320\223\320\235|x \302\253|\320\225\320\223\302\273|\320\235")));
    CHECK(words_begin_at(S("\200\201\377a")) == false); // not UTF-8: ends all the same
}

TEST(cues_are_found_in_typographic_quotation_marks_and_between_other_letters)
{
    struct try_of t;
    begin(&t);
    REQUIRE(scan(&t, S("your \342\200\234password\342\200\235 is")) && t.s.finding_count == 0);
    REQUIRE(scan(&t, S("the \342\200\234password is Kx9vTq2LmW8\342\200\235")));
    CHECK(t.s.finding_count == 1 && strcmp(t.s.findings[0].type, "SECRET") == 0);
    REQUIRE(scan(&t, S("\347\224\250\346\210\267password is Kx9vTq2LmW8")));
    CHECK(t.s.finding_count == 1);
    REQUIRE(scan(&t, S("il d\303\251passe is Kx9vTq2LmW8")) && t.s.finding_count == 0);
    arena_done(&t.arena);
}

// What was searched for a date behind one such word is not searched again behind the next.
TEST(a_date_is_found_behind_the_last_of_several_words_that_say_born)
{
    struct try_of t;
    begin(&t);
    REQUIRE(scan(&t, S("born, as I was born, and was born on 12/03/1980")));
    CHECK(t.s.finding_count == 1 && t.s.findings[0].start == 37);
    REQUIRE(scan(&t, S("born 1980-03-12 born 1980-03-12, born\n1980-03-12")));
    CHECK(t.s.finding_count == 2 && t.s.findings[1].start == 21);
    arena_done(&t.arena);
}

TEST(numbers_are_read_in_groups_with_what_parts_them)
{
    struct number n = {0};
    number_read(S("+1 (415) 555-0134, 7"), 1, &n);
    REQUIRE(n.groups == 4 && n.digits == 11 && memcmp(n.digit, "14155550134", 11) == 0);
    CHECK(n.gap[0] == ')' && n.gap[1] == ')' && n.gap[2] == '-' && n.gap[3] == 0);
    CHECK(number_end(&n, 3) == 17 && number_sum(&n, 2) == 4);
    n.groups = 0;
    number_read(S("06\xc2\xa0"
                  "12 34th"),
                0, &n);
    CHECK(n.groups == 2 && n.gap[0] == ' ' && n.gap[1] == ' ' && n.digits == 4);
    n.groups = 0;
    number_read(S("1234567890123456789012345"), 0, &n); // one digit too many
    CHECK(n.groups == 0 && n.digits == 0);
    number_read(S("7x"), 0, &n);
    CHECK(n.groups == 0);
    number_read(S("1 2 3 4 5 6 7 8 9"), 0, &n);
    CHECK(n.groups == NUMBER_GROUPS && n.digits == NUMBER_GROUPS);
}

TEST(a_number_that_goes_on_from_the_one_before_is_read_as_if_alone)
{
    static const char bytes[] = "0123456789 -./()x";
    uint64_t seed = 13;
    for (int round = 0; round < 20000; round++) {
        char p[80];
        struct number on = {0};
        for (size_t i = 0; i < sizeof p; i++)
            p[i] = bytes[rng_next(&seed) % 4 ? rng_next(&seed) % 10
                                             : rng_next(&seed) % (sizeof bytes - 1)];
        for (size_t at = 0; at < sizeof p; at++) {
            struct number alone = {0};
            if (!is_digit(p[at]) || (at > 0 && is_digit(p[at - 1])) || rng_next(&seed) % 8 == 0)
                continue;
            number_read(str_of(p, sizeof p), at, &on);
            number_read(str_of(p, sizeof p), at, &alone);
            REQUIRE(on.groups == alone.groups && on.digits == alone.digits);
            REQUIRE(memcmp(on.digit, alone.digit, on.digits) == 0 && on.more == alone.more);
            for (unsigned i = 0; i < on.groups; i++)
                REQUIRE(on.size[i] == alone.size[i] && on.gap[i] == alone.gap[i] &&
                        on.start[i] == alone.start[i]);
        }
    }
}

TEST(a_text_made_to_cost_is_restricted_and_one_that_holds_a_few_such_places_is_not)
{
    static char text[1 << 20];
    struct try_of t;
    begin(&t);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "key="[i % 4];
    REQUIRE(scan(&t, str_of(text, sizeof text)));
    CHECK(t.s.truncated && t.s.label == LABEL_RESTRICTED && t.s.finding_count == 0);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "the key=a, "[i % 11];
    REQUIRE(scan(&t, str_of(text, sizeof text)));
    CHECK(!t.s.truncated && t.s.label == LABEL_PUBLIC);
    REQUIRE(scan(&t, str_of("key=key=key=key=", 16)) && !t.s.truncated);
    arena_done(&t.arena);
}

// Texts whose every byte is an anchor, or looks far around itself: work must stay linear. Counted
// in anchors' own limits, not in time: each ends at all and agrees with the plain loop.
TEST(hostile_texts_end_and_agree_with_the_plain_loop)
{
    static const char *const pieces[] = {"@",
                                         "a@a.",
                                         "1 ",
                                         "=",
                                         "secret=",
                                         "curl ",
                                         "curl \x01",
                                         "\r\v",
                                         "-curl",
                                         "password ",
                                         "passwordAa",
                                         "begin",
                                         "://a:b",
                                         "eyJaaaaaaaaaaaaaa.",
                                         "-----BEGIN PRIVATE KEY",
                                         "+1",
                                         "0000000 ",
                                         "DE1",
                                         "born 1.1.",
                                         "internal use ",
                                         "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8 ",
                                         "\xc2\xa0",
                                         "_"};
    enum { LONG = 1 << 16 };
    static char text[LONG + 64];
    struct try_of t;
    begin(&t);
    for (size_t k = 0; k < countof(pieces); k++) {
        size_t n = 0, piece = strlen(pieces[k]);
        for (; n < LONG; n += piece)
            memcpy(text + n, pieces[k], piece);
        CHECK(scan(&t, str_of(text, n)));
    }
    arena_done(&t.arena);
}

static void one_finding(const char *text, struct screening *ret)
{
    struct guard_policy p;
    struct arena a;
    arena_init(&a, 1 << 20);
    guard_policy_default(&p);
    guard_scan_text(&a, text_of(str_c(text)), &p, ret);
    static struct finding kept;
    if (ret->finding_count)
        kept = ret->findings[0];
    ret->findings = &kept;
    arena_done(&a);
}

// The table "Text that hides" of docs/findings.md, as far as something is found. The place is that
// of what is hidden, as it stands.
static const struct hidden {
    const char *text, *type, *via, *place;
} hidden[] = {
    // look-alikes
    {"c\xd0\xb0rd 4539578763621486", "CREDIT_CARD", "look-alike", "4539578763621486"},
    {"my p\xd0\xb0ssw\xd0\xberd is hunter2Xk9", "SECRET", "look-alike", "hunter2Xk9"},
    {"my p\xce\xb1ssword is hunter2Xk9", "SECRET", "look-alike", "hunter2Xk9"},
    {"m\xd0\xb0x@tide.se", "EMAIL", "look-alike", "m\xd0\xb0x@tide.se"},
    {"card \xef\xbc\x94\xef\xbc\x95\xef\xbc\x93\xef\xbc\x99"
     "578763621486",
     "CREDIT_CARD", "look-alike",
     "\xef\xbc\x94\xef\xbc\x95\xef\xbc\x93\xef\xbc\x99"
     "578763621486"},
    {"ssn \xd9\xa1\xd9\xa2\xd9\xa3-45-6789", "NATIONAL_ID", "look-alike",
     "\xd9\xa1\xd9\xa2\xd9\xa3-45-6789"},
    {"ssn \xe0\xa5\xa7\xe0\xa5\xa8\xe0\xa5\xa9-45-6789", "NATIONAL_ID", "look-alike",
     "\xe0\xa5\xa7\xe0\xa5\xa8\xe0\xa5\xa9-45-6789"},
    {"ssn \xf0\x9d\x9f\x8f\xf0\x9d\x9f\x90\xf0\x9d\x9f\x91-45-6789", "NATIONAL_ID", "look-alike",
     "\xf0\x9d\x9f\x8f\xf0\x9d\x9f\x90\xf0\x9d\x9f\x91-45-6789"},
    {"my \xf0\x9d\x90\xa9\xf0\x9d\x90\x9assword is hunter2Xk9", "SECRET", "look-alike",
     "hunter2Xk9"},
    {"ssn 123\xe2\x80\x93"
     "45\xe2\x80\x93"
     "6789",
     "NATIONAL_ID", "look-alike",
     "123\xe2\x80\x93"
     "45\xe2\x80\x93"
     "6789"},
    {"IBAN DE89\xc2\xa0"
     "3704\xc2\xa0"
     "0044\xc2\xa0"
     "0532\xc2\xa0"
     "0130\xc2\xa0"
     "00",
     "IBAN", NULL,
     "DE89\xc2\xa0"
     "3704\xc2\xa0"
     "0044\xc2\xa0"
     "0532\xc2\xa0"
     "0130\xc2\xa0"
     "00"},
    // signs that nobody sees
    {"mail anna\xe2\x80\x8b.muster@corp-mail.org", "EMAIL", "unseen",
     "anna\xe2\x80\x8b.muster@corp-mail.org"},
    {"card 4539\xe2\x80\x8d"
     "5787\xef\xbb\xbf"
     "6362\xc2\xad"
     "1486",
     "CREDIT_CARD", "unseen",
     "4539\xe2\x80\x8d"
     "5787\xef\xbb\xbf"
     "6362\xc2\xad"
     "1486"},
    {"my pass\xe2\x81\xa0word is hunter2Xk9", "SECRET", "unseen", "hunter2Xk9"},
    {"ssn 123\xf3\xa0\x80\xb1-45-6789", "NATIONAL_ID", "unseen", "123\xf3\xa0\x80\xb1-45-6789"},
    // HTML
    {"mail anna&#x40;tide.se", "EMAIL", "entity", "anna&#x40;tide.se"},
    {"mail anna&commat;tide.se", "EMAIL", "entity", "anna&commat;tide.se"},
    {"card 4539&nbsp;5787&nbsp;6362&nbsp;1486", "CREDIT_CARD", "entity",
     "4539&nbsp;5787&nbsp;6362&nbsp;1486"},
    {"card 4539&#53;78763621486", "CREDIT_CARD", "entity", "4539&#53;78763621486"},
    // URLs
    {"x?mail=anna%40tide.se&y=1", "EMAIL", "percent", "anna%40tide.se"},
    {"q=%34%35%33%39%35%37%38%37%36%33%36%32%31%34%38%36", "CREDIT_CARD", "percent",
     "%34%35%33%39%35%37%38%37%36%33%36%32%31%34%38%36"},
    {"q=pa%2573sword%253Dhunter2Xk9", "SECRET", "percent", "hunter2Xk9"}, // twice
    // JSON in JSON
    {"{\"a\":\"{\\\"password\\\":\\\"hunter2Xk9\\\"}\"}", "SECRET", NULL, "hunter2Xk9"},
    {"{\"a\":\"mail anna\\u0040tide.se\"}", "EMAIL", "escape", "anna\\u0040tide.se"},
    {"\"https:\\/\\/bob:hunter2Xk9@db.tide.se\"", "SECRET", "escape", "hunter2Xk9"},
    {"'mail anna\\x40tide.se'", "EMAIL", "escape", "anna\\x40tide.se"},
    {"\\\"mail anna\\\\u0040tide.se\\\"", "EMAIL", "escape", "anna\\\\u0040tide.se"}, // twice
    // base64 and hex digits: card 4539578763621486
    {"see Y2FyZCA0NTM5NTc4NzYzNjIxNDg2 for it", "CREDIT_CARD", "base64",
     "Y2FyZCA0NTM5NTc4NzYzNjIxNDg2"},
    {"/a/b-c/Y2FyZCA0NTM5NTc4NzYzNjIxNDg2", "CREDIT_CARD", "base64", NULL},
    {"63617264203435333935373837363336323134"
     "3836",
     "CREDIT_CARD", "hex",
     "63617264203435333935373837363336323134"
     "3836"},
    {"x=%59%32%46%79%5A%43%41%30NTM5NTc4NzYzNjIxNDg2", "CREDIT_CARD", "percent", NULL},
    {"WTJGeVpDQTBOVE01TlRjNE56WXpOakl4TkRnMg==", "CREDIT_CARD", "base64",
     "WTJGeVpDQTBOVE01TlRjNE56WXpOakl4TkRnMg=="}, // twice
    {"YwBhAHIAZAAgADQANQAzADkANQA3ADgANwA2ADMANgAyADEANAA4ADYA", "CREDIT_CARD", "base64",
     "YwBhAHIAZAAgADQANQAzADkANQA3ADgANwA2ADMANgAyADEANAA4ADYA"}, // UTF-16
};

TEST(what_is_hidden_is_found_as_far_as_the_page_says)
{
    for (size_t i = 0; i < countof(hidden); i++) {
        struct screening s;
        one_finding(hidden[i].text, &s);
        bool found = s.finding_count == 1 && strcmp(s.findings[0].type, hidden[i].type) == 0;
        REQUIRE(found);
        const struct finding *f = &s.findings[0];
        CHECK(hidden[i].via ? f->via && strcmp(f->via, hidden[i].via) == 0 : f->via == NULL);
        if (!hidden[i].place)
            continue;
        const char *place = strstr(hidden[i].text, hidden[i].place);
        bool there = (size_t)(place - hidden[i].text) == f->start &&
                     f->end - f->start == strlen(hidden[i].place);
        CHECK(there);
    }
}

TEST(what_is_hidden_beyond_what_the_page_says_is_not_found)
{
    static const char *const rows[] = {
        // base64 three times
        "V1RKR2VWcERRVEJPVkUwMVRsUmpORTU2V1hwT2FrbDRUa1JuTWc9PQ==",
        "card 45395787\n63621486",                                      // a line break
        "\xd1\x81\xd0\xb0rd",                                           // nothing hidden
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4", // an image
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct screening s;
        one_finding(rows[i], &s);
        CHECK(s.finding_count == 0 && s.label == LABEL_PUBLIC);
    }
}
