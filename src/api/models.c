// models.c: GET /v1/models. One object a model carries the fields of OpenAI's and of Anthropic's
// lists; both families' clients pass over what they do not know.
#include "api/api.h"

// "2026-11-24T08:27:01Z" without the C library's calendar: years begin in March, so that the day
// that leap years add is the last of its year.
static void put_iso(struct buf *out, int64_t at_s)
{
    int64_t days = at_s / 86400, rest = at_s % 86400;
    if (at_s < 0 || at_s > 253402300799) // 9999-12-31
        days = rest = 0;
    days += 719468; // from 0000-03-01 to 1970-01-01
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    int year = (int)(era * 400 + year_of_era + (month <= 2));
    must(month >= 1 && month <= 12 && day >= 0 && day < 366);
    buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", year, month,
               (int)(day - (153 * shifted + 2) / 5 + 1), (int)(rest / 3600), (int)(rest / 60 % 60),
               (int)(rest % 60));
}

void api_write_model(struct buf *out, const struct model_entry *row)
{
    must(row->id.n > 0);
    buf_put(out, S("{\"id\":"));
    buf_put_json(out, row->id);
    buf_put(out, S(",\"object\":\"model\",\"created\":"));
    buf_put_i64(out, row->created_s);
    buf_put(out, S(",\"owned_by\":"));
    buf_put_json(out, row->owned_by.n ? row->owned_by : S("weir"));
    buf_put(out, S(",\"type\":\"model\",\"display_name\":"));
    buf_put_json(out, row->id);
    buf_put(out, S(",\"created_at\":"));
    put_iso(out, row->created_s);
    buf_putc(out, '}');
}

static void put_id(struct buf *out, const struct model_entry *row)
{
    if (row)
        buf_put_json(out, row->id);
    else
        buf_put(out, S("null"));
}

void api_write_models(struct buf *out, const struct model_entry *rows, size_t count)
{
    buf_put(out, S("{\"object\":\"list\",\"data\":["));
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_putc(out, ',');
        api_write_model(out, &rows[i]);
    }
    buf_put(out, S("],\"has_more\":false,\"first_id\":"));
    put_id(out, count ? &rows[0] : NULL);
    buf_put(out, S(",\"last_id\":"));
    put_id(out, count ? &rows[count - 1] : NULL);
    buf_putc(out, '}');
}
