#include "base/mem.h"
#include "route/features.h"
#include "tests/unit.h"

// An ask over a body that is nothing but the given contents, each a message of its own.
struct made {
    char body[70000];
    struct part parts[8];
    struct ask ask;
};

static void add_part(struct made *m, enum role role, uint32_t turn, const char *raw)
{
    size_t n = strlen(raw);
    must(m->ask.body.n + n <= sizeof m->body && m->ask.part_count < countof(m->parts));
    uint32_t at = (uint32_t)m->ask.body.n;
    memcpy(m->body + at, raw, n);
    m->parts[m->ask.part_count++] = (struct part){.kind = PART_TEXT,
                                                  .role = role,
                                                  .escaped = memchr(raw, '\\', n) != NULL,
                                                  .turn = turn,
                                                  .span = {at, at + (uint32_t)n}};
    m->ask.body = str_of(m->body, at + n);
    m->ask.parts = m->parts;
    m->ask.turns = turn + 1;
    if (role == ROLE_USER)
        m->ask.last_user_turn = turn;
}

static bool view_is(const struct view *v, const char *text)
{
    return str_eq(str_of(v->text, v->n), str_c(text));
}

static bool side_is(const struct view *v, enum beside b, const char *text)
{
    return str_eq(str_of(v->beside[b].text, v->beside[b].n), str_c(text));
}

TEST(the_last_users_text_is_read_and_its_escapes_undone)
{
    struct made m = {0};
    struct view v;
    add_part(&m, ROLE_SYSTEM, 0, "be brief");
    add_part(&m, ROLE_USER, 1, "a \\\"b\\\"\\n\\u00e9 \\ud83d\\ude00 \\/ c");
    add_part(&m, ROLE_ASSISTANT, 2, "no");
    view_of_ask(&v, &m.ask);
    CHECK(view_is(&v, "a \"b\"\n\xc3\xa9 \xf0\x9f\x98\x80 / c"));
    CHECK(v.turns == 3 && v.system_bytes == 8);
    CHECK(side_is(&v, BESIDE_SYSTEM, "be brief"));
    CHECK(side_is(&v, BESIDE_BEFORE, "") && side_is(&v, BESIDE_ANSWER, ""));
}

TEST(the_last_message_brings_what_was_said_before)
{
    struct made m = {0};
    struct view v;
    add_part(&m, ROLE_USER, 0, "write a story");
    add_part(&m, ROLE_ASSISTANT, 1, "once");
    add_part(&m, ROLE_USER, 2, "continue");
    view_of_ask(&v, &m.ask);
    CHECK(view_is(&v, "continue"));
    CHECK(side_is(&v, BESIDE_BEFORE, "write a story") && side_is(&v, BESIDE_ANSWER, "once"));
    CHECK(side_is(&v, BESIDE_SYSTEM, ""));
}

TEST(beside_the_last_message_stands_the_last_answer_and_never_one_to_come)
{
    struct made m = {0};
    struct view v;
    add_part(&m, ROLE_ASSISTANT, 0, "hello, how can I help");
    add_part(&m, ROLE_USER, 1, "write a story");
    add_part(&m, ROLE_ASSISTANT, 2, "let me look");
    add_part(&m, ROLE_TOOL, 3, "a result");
    add_part(&m, ROLE_ASSISTANT, 4, "once");
    add_part(&m, ROLE_USER, 5, "continue");
    add_part(&m, ROLE_ASSISTANT, 6, "upon a time");
    view_of_ask(&v, &m.ask);
    CHECK(side_is(&v, BESIDE_BEFORE, "write a story") && side_is(&v, BESIDE_ANSWER, "once"));
    m.ask.part_count = 2; // nobody asked before
    view_of_ask(&v, &m.ask);
    CHECK(view_is(&v, "write a story") && side_is(&v, BESIDE_BEFORE, ""));
    CHECK(side_is(&v, BESIDE_ANSWER, "hello, how can I help"));
}

TEST(a_row_to_learn_from_is_seen_as_its_conversation_would_be)
{
    struct made m = {0};
    struct view v, w;
    const str beside[BESIDE_COUNT] = {S("write a story"), S("once"), S("be brief")};
    add_part(&m, ROLE_SYSTEM, 0, "be brief");
    add_part(&m, ROLE_USER, 1, "write a story");
    add_part(&m, ROLE_ASSISTANT, 2, "once");
    add_part(&m, ROLE_USER, 3, "continue");
    view_of_ask(&v, &m.ask);
    view_of_text(&w, S("continue"), beside);
    CHECK(view_is(&w, "continue") && w.turns == v.turns && w.system_bytes == v.system_bytes);
    for (int b = 0; b < BESIDE_COUNT; b++) {
        REQUIRE(w.beside[b].n == v.beside[b].n);
        CHECK(memcmp(v.beside[b].text, w.beside[b].text, w.beside[b].n + VIEW_PAD) == 0);
    }
}

TEST(parts_of_one_message_are_joined)
{
    struct made m = {0};
    struct view v;
    add_part(&m, ROLE_USER, 0, "one");
    add_part(&m, ROLE_USER, 0, "two");
    view_of_ask(&v, &m.ask);
    CHECK(view_is(&v, "one\n\ntwo"));
}

TEST(of_a_long_text_head_and_tail_are_read)
{
    struct view v;
    char *text = mem_new(50000);
    memset(text, 'm', 50000);
    memcpy(text, "HEAD", 4);
    memcpy(text + 49996, "TAIL", 4);
    view_of_text(&v, str_of(text, 50000), NULL);
    CHECK(v.n == VIEW_HEAD + 1 + VIEW_TAIL && v.total_bytes == 50000);
    CHECK(memcmp(v.text, "HEAD", 4) == 0 && memcmp(v.text + v.n - 4, "TAIL", 4) == 0);
    CHECK(v.text[VIEW_HEAD] == '\n');
    mem_free(text);
}

TEST(a_long_text_full_of_escapes_is_cut_without_harm)
{
    static const char *const units[] = {"\\n", "\\\\", "\\u4f60", "\\ud83d\\ude00", "x\\\"y"};
    for (size_t u = 0; u < countof(units); u++) {
        struct made *m = mem_new(sizeof *m);
        struct view v;
        char *raw = mem_new(60016);
        size_t n = 0, step = strlen(units[u]);
        while (n + step < 60000) {
            memcpy(raw + n, units[u], step);
            n += step;
        }
        add_part(m, ROLE_USER, 0, raw);
        view_of_ask(&v, &m->ask);
        CHECK(v.n >= VIEW_HEAD && v.n <= VIEW_HEAD + 1 + VIEW_TAIL);
        CHECK(utf8_valid(str_of(v.text, VIEW_HEAD - 4)) >= VIEW_HEAD - 8);
        CHECK(v.text[v.n] == 0 && v.text[v.n + VIEW_PAD - 1] == 0);
        mem_free(raw);
        mem_free(m);
    }
}

// What a body says and what training reads are seen alike: the end is the end.
TEST(the_tail_of_an_escaped_text_is_its_very_end)
{
    struct made *m = mem_new(sizeof *m);
    struct view v;
    char raw[6000];
    memset(raw, 'x', sizeof raw - 1);
    memcpy(raw + 10, "\\n", 2);
    memcpy(raw + sizeof raw - 12, "the \\\"end\\\"", 11);
    raw[sizeof raw - 1] = 0;
    add_part(m, ROLE_USER, 0, raw);
    view_of_ask(&v, &m->ask);
    CHECK(v.n == VIEW_HEAD + 1 + VIEW_TAIL);
    CHECK(str_ends(str_of(v.text, v.n), S("xthe \"end\"")));
    mem_free(m);
}

// Every place of a cut, through escapes of every kind: what is decoded has no half of anything.
TEST(a_cut_goes_through_no_escape_and_no_pair)
{
    static const char *const units[] = {"\\\\ud83d", "\\ud83d\\ude00", "\\\\\\\\", "\\\\\\n",
                                        "\\ud83dx"};
    for (size_t u = 0; u < countof(units); u++)
        for (size_t shift = 0; shift < 12; shift++) {
            struct made *m = mem_new(sizeof *m);
            struct view v;
            char raw[9000];
            size_t n = shift, step = strlen(units[u]);
            memset(raw, 'a', shift);
            for (; n + step < sizeof raw; n += step)
                memcpy(raw + n, units[u], step);
            raw[n] = 0;
            add_part(m, ROLE_USER, 0, raw);
            view_of_ask(&v, &m->ask);
            CHECK(v.n > VIEW_TAIL && utf8_valid(str_of(v.text, v.n)) == v.n);
            bool halves = str_find(str_of(v.text, v.n), S("\xef\xbf\xbd")) != SIZE_MAX;
            CHECK(halves == (u == 4)); // only what has no other half
            mem_free(m);
        }
}

TEST(a_request_without_text_gives_an_empty_view)
{
    struct made m = {0};
    struct view v;
    view_of_ask(&v, &m.ask);
    CHECK(v.n == 0 && side_is(&v, BESIDE_BEFORE, "") && v.total_bytes == 0);
    add_part(&m, ROLE_SYSTEM, 0, "be brief");
    view_of_ask(&v, &m.ask);
    CHECK(v.n == 0 && v.system_bytes == 8);
}
