// entry_test.c: what stands in the ledger of a call, read back through its views.
#include "base/mem.h"
#include "ledger/book_test.h"
#include "ledger/pack.h"
#include "tests/unit.h"

// Writes the calls through a ledger that is opened and closed for them.
static void keep(const struct book *b, const struct call *calls, size_t count)
{
    char why[256];
    struct ledger *l = NULL;
    struct ledger_settings s = book_settings(b);
    REQUIRE(ledger_open(&s, &l, why) == OK);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    for (size_t i = 0; i < count; i++)
        ledger_write(w, &calls[i], &book_fleet);
    ledger_writer_free(w);
    ledger_close(l);
}

TEST(an_entry_and_its_tries_are_read_back_as_words)
{
    static struct call c;
    char want[512];
    struct book b = book_new();
    book_call(&c);
    keep(&b, &c, 1);
    snprintf(want, sizeof want,
             "01HF7YAT00970FXKN37ADNJ4H9 1700000000000000 1700000000000500 "
             "1700000000000900 openai_chat acme gpt-4o-mini %s 0.75 0.25 internal EMAIL:2,IBAN:1",
             task_name((enum task)1));
    CHECK(book_says(
        b.path,
        "SELECT id||' '||start_us||' '||first_byte_us||' '||last_byte_us||' '||dialect||' '||"
        "tenant||' '||client_model||' '||task||' '||task_p||' '||p_local_ok||' '||label||"
        "' '||findings FROM entries",
        want));
    CHECK(book_says(b.path,
                    "SELECT step||' '||err||' '||status||' '||target||' '||zone||' '||"
                    "finish||' '||answer_model||' '||bytes_in||' '||bytes_out||' '||events "
                    "FROM entries",
                    "record OK 200 far cloud stop gpt-4o-mini-2024-07-18 100 200 3"));
    CHECK(book_says(b.path,
                    "SELECT n||' '||target||' '||zone||' '||err||' '||status||' '||reused||"
                    "' '||start_us||' '||coalesce(connected_us,'-')||"
                    "coalesce(first_byte_us,'-')||coalesce(last_byte_us,'-') FROM tries WHERE n=1",
                    "1 near local UPSTREAM_TIMEOUT 0 0 11 ---"));
    CHECK(
        book_says(b.path,
                  "SELECT id||' '||n||' '||target||' '||zone||' '||err||' '||status||' '||"
                  "reused||' '||start_us||' '||connected_us||' '||first_byte_us||' '||last_byte_us"
                  " FROM tries WHERE n=2",
                  "01HF7YAT00970FXKN37ADNJ4H9 2 far cloud OK 200 1 21 22 23 24"));
    CHECK(book_says(b.path, "SELECT count(*) FROM tries", "2"));
    book_free(&b);
}

TEST(the_plan_is_kept_as_json_and_once)
{
    static struct call c[3];
    struct book b = book_new();
    for (size_t i = 0; i < countof(c); i++)
        book_call(&c[i]);
    snprintf(c[2].plan.rows[0].why, sizeof c[2].plan.rows[0].why, "it is near");
    keep(&b, c, countof(c));
    CHECK(book_says(b.path, "SELECT plan FROM entries WHERE n=2",
                    "{\"plan\":[{\"target\":\"near\",\"why\":\"it is free\"},{\"target\":\"far\","
                    "\"why\":\"it says \\\"well\\\"\"}],\"out\":[{\"target\":\"spare\",\"filter\":"
                    "\"health\",\"why\":\"it is down\"}],\"reason\":\"routine work: local\"}"));
    CHECK(book_says(b.path, "SELECT json_extract(plan,'$.plan[0].why') FROM entries WHERE n=3",
                    "it is near"));
    CHECK(book_says(b.path, "SELECT count(*) FROM plan", "2"));
    keep(&b, c, countof(c)); // another start knows the words and plans of the one before
    CHECK(book_says(b.path, "SELECT count(*) FROM plan", "2"));
    CHECK(book_says(b.path, "SELECT count(DISTINCT plan) FROM entry", "2"));
    CHECK(book_says(b.path, "SELECT count(*) FROM entries WHERE tenant='acme'", "6"));
    book_free(&b);
}

TEST(usage_absent_zero_and_estimated_are_told_apart)
{
    static struct call c[3];
    static const char columns[] =
        "SELECT usage_source||' '||coalesce(input_uncached,'-')||' '||coalesce(input_cached,'-')||"
        "' '||coalesce(input_written,'-')||' '||coalesce(output,'-')||' '||coalesce(reasoning,'-')"
        "||' '||coalesce(usage_raw,'-') FROM entries WHERE n=%d";
    static const char *const want[] = {"reported 8 4 - 6 0 {\"total_tokens\":18}",
                                       "estimated 5 - - 0 - -", "absent - - - - - -"};
    struct book b = book_new();
    for (size_t i = 0; i < countof(c); i++)
        book_call(&c[i]);
    c[1].usage = (struct usage){5, -1, -1, 0, -1, false, true};
    c[2].usage = USAGE_NONE;
    c[1].usage_raw = c[2].usage_raw = STR_NONE;
    keep(&b, c, countof(c));
    for (size_t i = 0; i < countof(c); i++) {
        char sql[512];
        snprintf(sql, sizeof sql, columns, (int)i + 1);
        CHECK(book_says(b.path, sql, want[i]));
    }
    book_free(&b);
}

TEST(a_refused_call_has_an_entry_without_plan_target_or_tries)
{
    static struct call c;
    struct book b = book_new();
    memset(&c, 0, sizeof c);
    c.err = ERR_BAD_JSON;
    c.ended_at = STEP_READ;
    c.status = 400;
    c.served_by = -1;
    c.usage = USAGE_NONE;
    c.judgement.task = TASK_UNKNOWN;
    c.label = LABEL_RESTRICTED;
    keep(&b, &c, 1);
    CHECK(book_says(b.path,
                    "SELECT step||' '||err||' '||status||' '||task||' '||label FROM entries",
                    "read BAD_JSON 400 unknown restricted"));
    CHECK(book_says(b.path,
                    "SELECT count(*) FROM entries WHERE plan IS NULL AND target IS NULL AND "
                    "zone IS NULL AND tenant IS NULL AND findings IS NULL AND finish IS NULL AND "
                    "first_byte_us IS NULL AND usage_raw IS NULL",
                    "1"));
    CHECK(book_says(b.path, "SELECT count(*) FROM try", "0"));
    book_free(&b);
}

TEST(long_words_are_cut_between_letters_and_a_long_usage_is_left_out)
{
    static struct call c;
    static char model[300], raw[5000];
    struct book b = book_new();
    book_call(&c);
    memset(raw, '1', sizeof raw);
    model[0] = 'm';
    for (size_t i = 1; i + 1 < sizeof model; i += 2)
        memcpy(model + i, "\xc3\xa9", 2);
    c.client_model = str_of(model, 299);
    c.usage_raw = str_of(raw, sizeof raw);
    keep(&b, &c, 1);
    CHECK(book_says(b.path,
                    "SELECT length(client_model)||' '||length(CAST(client_model AS BLOB)) "
                    "FROM entries",
                    "64 127"));
    CHECK(book_says(b.path, "SELECT usage_raw FROM entries", "NULL"));
    book_free(&b);
}

// Every byte of the ledger's files, write-ahead log included.
static bool files_hold(const struct book *b, str needle)
{
    static const char *const ends[] = {"", "-wal"};
    bool found = false;
    for (size_t i = 0; i < countof(ends); i++) {
        char name[128];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", b->path, ends[i]);
        FILE *f = fopen(name, "r");
        if (!f || fstat(fileno(f), &st) != 0)
            continue;
        char *all = mem_new((size_t)st.st_size + 1);
        size_t n = fread(all, 1, (size_t)st.st_size, f);
        found |= str_find(str_of(all, n), needle) != SIZE_MAX;
        mem_free(all);
        fclose(f);
    }
    return found;
}

TEST(no_text_of_a_request_is_ever_in_the_files)
{
    static struct call c;
    static struct part parts[1];
    struct book b = book_new();
    char why[256];
    struct ledger *l = NULL;
    struct ledger_settings s = book_settings(&b);
    book_call(&c);
    c.ask.body = S("{\"messages\":[{\"content\":\"CANARY-IN-THE-BODY a@b.example\"}]}");
    c.ask.model = S("CANARY-IN-THE-BODY");
    c.want_label = c.want_zone = c.want_quality = c.want_deadline = S("CANARY-IN-THE-BODY");
    parts[0] = (struct part){.kind = PART_TEXT, .span = {25, 43}};
    c.ask.parts = parts;
    c.ask.part_count = 1;
    REQUIRE(ledger_open(&s, &l, why) == OK);
    struct ledger_writer *w = ledger_writer_new(l, metrics_new());
    int64_t before = metrics_total(METRIC_ledger_entries, 0);
    ledger_write(w, &c, &book_fleet);
    ledger_writer_tick(w);
    CHECK(book_reached(METRIC_ledger_entries, 0, before + 1));
    CHECK(files_hold(&b, S("openai_chat"))); // it would be seen, were it there
    CHECK(!files_hold(&b, S("CANARY")) && !files_hold(&b, S("a@b.example")));
    ledger_writer_free(w);
    ledger_close(l);
    CHECK(files_hold(&b, S("openai_chat")));
    CHECK(!files_hold(&b, S("CANARY")) && !files_hold(&b, S("a@b.example")));
    book_free(&b);
}

TEST(a_full_block_takes_no_half_record)
{
    static struct call c;
    struct buf block;
    size_t records = 0, at = 0;
    book_call(&c);
    for (size_t limit = 4096; limit < 4096 + 64; limit++, records = at = 0) {
        buf_init(&block, limit);
        while (pack_call(&block, &c, &book_fleet))
            records++;
        CHECK(records > 1 && block.n % 8 == 0);
        for (; at < block.n; records--)
            at += packed_at(buf_str(&block), at)->bytes;
        CHECK(at == block.n && records == 0);
        buf_done(&block);
    }
}
