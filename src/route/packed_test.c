// packed_test.c: features kept without their text say what the text said.
#include "base/mem.h"
#include "route/features.h"
#include "tests/unit.h"

static const struct route_row rows[] = {
    {.text = {"zorb the flim", 13}, .task = TASK_EXTRACT, .weight = 1, .local_ok = 1},
    {.text = {"and please zorb a plane: \"one, two, three, four, five, six, seven\"", 66},
     .task = TASK_EXTRACT,
     .weight = 1,
     .local_ok = 0},
    {.text = {"quax seven plums", 16}, .task = TASK_PLANNING, .weight = 0.5f, .local_ok = -1},
    {.text = {"more", 4},
     .beside = {{"quax the flim", 13}, {"zorbed", 6}, {"you plan", 8}},
     .task = TASK_PLANNING,
     .weight = 1,
     .local_ok = 0},
    {.text = {"caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 37", 15},
     .task = TASK_MATH,
     .weight = 2,
     .local_ok = 0.5f},
};

static void pack_row(struct buf *out, const struct route_row *row)
{
    str beside[BESIDE_COUNT];
    struct view v;
    struct features f;
    for (int b = 0; b < BESIDE_COUNT; b++)
        beside[b] = text_reveal(row->beside[b]);
    view_of_text(&v, text_reveal(row->text), beside);
    features_read(&f, &v, NULL);
    packed_write(out, &f, view_seen(&v));
}

static void train(const struct route_row *all, size_t count, struct buf *file)
{
    struct route_train_settings s;
    route_train_defaults(&s);
    s.bucket_bits = 12;
    buf_init(file, 4 << 20);
    must(route_train(all, count, &s, file) == OK);
}

TEST(weights_learned_from_features_are_those_learned_from_the_text)
{
    struct route_row text[countof(rows)], packed[countof(rows)];
    struct buf bytes[countof(rows)], one, other;
    for (size_t i = 0; i < countof(rows); i++) {
        text[i] = packed[i] = rows[i];
        text[i].as_it_is = true;
        buf_init(&bytes[i], 64 * 1024);
        pack_row(&bytes[i], &rows[i]);
        packed[i].packed = buf_str(&bytes[i]);
        packed[i].text = text_of(STR_NONE);
        memset(packed[i].beside, 0, sizeof packed[i].beside);
    }
    train(text, countof(text), &one);
    train(packed, countof(packed), &other);
    CHECK(str_eq(buf_str(&one), buf_str(&other)));
    buf_done(&other);
    packed[0].packed = packed[2].packed; // and the comparison can fail
    train(packed, countof(packed), &other);
    CHECK(!str_eq(buf_str(&one), buf_str(&other)));
    buf_done(&one);
    buf_done(&other);
    for (size_t i = 0; i < countof(rows); i++)
        buf_done(&bytes[i]);
}

TEST(a_row_without_weight_teaches_no_task)
{
    struct route_row own[countof(rows) + 1];
    struct buf one, other;
    memcpy(own, rows, sizeof rows);
    own[countof(rows)] = rows[0];
    own[countof(rows)].weight = 0;
    own[countof(rows)].task = TASK_CODE;
    own[countof(rows)].local_ok = -1;
    for (size_t i = 0; i < countof(own); i++)
        own[i].as_it_is = true;
    train(own, countof(own), &one);
    own[countof(rows)].local_ok = 1;
    train(own, countof(own), &other);
    REQUIRE(one.n == other.n);
    size_t differ = 0;
    for (size_t i = 64; i < one.n; i++) // behind the checksum
        differ += one.p[i] != other.p[i];
    CHECK(differ > 0 && differ <= 4); // local_ok of its task, and nothing else
    buf_done(&one);
    buf_done(&other);
}

TEST(a_request_is_judged_alike_by_its_features)
{
    static const char body[] =
        "{\"model\":\"auto\",\"messages\":[{\"role\":\"system\",\"content\":\"be kind\"},"
        "{\"role\":\"user\",\"content\":\"Summarise this page for me\"}]}";
    struct part parts[2] = {{.kind = PART_TEXT, .role = ROLE_SYSTEM, .turn = 0},
                            {.kind = PART_TEXT, .role = ROLE_USER, .turn = 1}};
    struct ask ask = {
        .body = str_of(body, sizeof body - 1), .turns = 2, .parts = parts, .part_count = 2};
    const char *first = strstr(body, "be kind"), *second = strstr(body, "Summarise"), *why;
    parts[0].span = (struct span){(uint32_t)(first - body), (uint32_t)(first - body) + 7};
    parts[1].span = (struct span){(uint32_t)(second - body), (uint32_t)(second - body) + 26};
    struct route_model m;
    struct judgement text = {0}, packed = {0};
    struct arena a;
    struct buf out;
    str bytes = STR_NONE;
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 20);
    REQUIRE(route_model_open(route_model_builtin(), &m, &why) == OK);
    route_classify(&m, &a, &ask, &text);
    route_features_pack(&out, &ask);
    REQUIRE(route_features_open(&a, buf_str(&out), &bytes));
    route_classify_packed(&m, bytes, &packed);
    CHECK(packed.task == TASK_SUMMARISE && packed.task == text.task);
    CHECK(memcmp(packed.task_p, text.task_p, sizeof text.task_p) == 0);
    CHECK(memcmp(&packed.p_local_ok, &text.p_local_ok, sizeof text.p_local_ok) == 0);
    CHECK(packed.known > 0.9f && memcmp(&packed.known, &text.known, sizeof text.known) == 0);
    CHECK(packed.read_bytes == text.read_bytes && packed.total_bytes == text.total_bytes);
    buf_done(&out);
    arena_done(&a);
}

TEST(what_was_packed_by_other_features_or_is_cut_is_refused)
{
    struct buf packed;
    uint32_t shape = packed_shape();
    buf_init(&packed, 64 * 1024);
    pack_row(&packed, &rows[0]);
    CHECK(packed_holds(buf_str(&packed), shape));
    CHECK(!packed_holds(buf_str(&packed), shape + 1));
    for (size_t n = 0; n < packed.n; n++)
        CHECK(!packed_holds(str_first(buf_str(&packed), n), shape));
    packed.p[15] = packed.p[16] = (char)0xff; // more words than there is room for
    CHECK(!packed_holds(buf_str(&packed), shape));
    buf_done(&packed);
}
