// Lists of models.
#include "api/api.h"
#include "tests/unit.h"
#include <yyjson.h>

TEST(a_list_of_models_carries_both_families_fields)
{
    struct model_entry rows[] = {{S("auto"), STR_NONE, 1709164800}, {S("a\"b"), S("me"), 0}};
    struct buf out;
    buf_init(&out, 1 << 16);
    api_write_models(&out, rows, countof(rows));
    yyjson_doc *doc = yyjson_read(out.p, out.n, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *data = yyjson_obj_get(root, "data");
    yyjson_val *first = yyjson_arr_get(data, 0), *second = yyjson_arr_get(data, 1);
    CHECK(yyjson_arr_size(data) == 2);
    CHECK(yyjson_equals_str(yyjson_obj_get(root, "object"), "list"));
    CHECK(yyjson_equals_str(yyjson_obj_get(root, "first_id"), "auto"));
    CHECK(yyjson_equals_str(yyjson_obj_get(root, "last_id"), "a\"b"));
    CHECK(yyjson_is_false(yyjson_obj_get(root, "has_more")));
    CHECK(yyjson_equals_str(yyjson_obj_get(first, "object"), "model"));
    CHECK(yyjson_equals_str(yyjson_obj_get(first, "type"), "model"));
    CHECK(yyjson_equals_str(yyjson_obj_get(first, "owned_by"), "weir"));
    CHECK(yyjson_equals_str(yyjson_obj_get(first, "created_at"), "2024-02-29T00:00:00Z"));
    CHECK(yyjson_get_sint(yyjson_obj_get(first, "created")) == 1709164800);
    CHECK(yyjson_equals_str(yyjson_obj_get(second, "created_at"), "1970-01-01T00:00:00Z"));
    yyjson_doc_free(doc);
    buf_clear(&out);
    api_write_models(&out, NULL, 0);
    CHECK(str_ends(buf_str(&out),
                   S("\"data\":[],\"has_more\":false,\"first_id\":null,\"last_id\":null}")));
    buf_done(&out);
}

static bool date_is(int64_t at_s, str want)
{
    struct model_entry row = {S("m"), STR_NONE, at_s};
    struct buf out;
    buf_init(&out, 4096);
    api_write_model(&out, &row);
    bool ok = str_find(buf_str(&out), want) != SIZE_MAX;
    buf_done(&out);
    return ok;
}

TEST(dates_hold_over_leap_years_and_at_the_ends)
{
    CHECK(date_is(951868799, S("\"2000-02-29T23:59:59Z\"")));
    CHECK(date_is(951868800, S("\"2000-03-01T00:00:00Z\"")));
    CHECK(date_is(4107542400, S("\"2100-03-01T00:00:00Z\"")));
    CHECK(date_is(1798761599, S("\"2026-12-31T23:59:59Z\"")));
    CHECK(date_is(253402300799, S("\"9999-12-31T23:59:59Z\"")));
    CHECK(date_is(-5, S("\"1970-01-01T00:00:00Z\"")) && date_is(INT64_MAX, S("\"1970-")));
}
