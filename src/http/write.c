// write.c: heads on their way out, and which headers never cross.
#include "base/time.h"
#include "http/http.h"

static const struct status_row {
    int status;
    const char *word;
} statuses[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {498, "Capacity Exceeded"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {529, "Overloaded"},
};

const char *http_status_word(int status)
{
    for (size_t i = 0; i < countof(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].word;
    return "Status";
}

void http_write_status(struct buf *out, int status)
{
    must(status >= 100 && status <= 999);
    if (status == 200) {
        buf_put(out, S("HTTP/1.1 200 OK\r\n"));
        return;
    }
    buf_printf(out, "HTTP/1.1 %d %s\r\n", status, http_status_word(status));
}

static bool clean(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
            return false;
    return true;
}

void http_write_header(struct buf *out, str name, str value)
{
    must(name.n && clean(name) && clean(value));
    char *room = buf_room(out, name.n + value.n + 4);
    if (!room)
        return;
    memcpy(room, name.p, name.n);
    memcpy(room + name.n, ": ", 2);
    if (value.n)
        memcpy(room + name.n + 2, value.p, value.n);
    memcpy(room + name.n + 2 + value.n, "\r\n", 2);
    buf_grew(out, name.n + value.n + 4);
}

void http_write_header_i64(struct buf *out, str name, int64_t v)
{
    must(name.n && clean(name));
    buf_put(out, name);
    buf_put(out, S(": "));
    buf_put_i64(out, v);
    buf_put(out, S("\r\n"));
}

void http_write_date(struct buf *out, int64_t wall_us)
{
    static _Thread_local int64_t cached_s = -1;
    static _Thread_local char line[48];
    int64_t now_s = wall_us / 1000000;
    if (now_s != cached_s) {
        struct tm tm;
        time_t t = (time_t)now_s;
        must(gmtime_r(&t, &tm));
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        cached_s = now_s;
    }
    buf_put(out, str_c(line));
}

size_t http_chunk_head(char dst[HTTP_CHUNK_HEAD_MAX], size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned shift = n ? (63 - (unsigned)__builtin_clzll(n)) / 4 * 4 : 0;
    size_t at = 0;
    for (int s = (int)shift; s >= 0; s -= 4)
        dst[at++] = digits[n >> s & 15];
    dst[at++] = '\r';
    dst[at++] = '\n';
    must(at <= HTTP_CHUNK_HEAD_MAX);
    return at;
}

// --- what never crosses
// ------------------------------------------------------------------------------

static bool is_one_of(str name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (str_eq_nocase(name, str_c(names[i])))
            return true;
    return false;
}

static const char *const hop_by_hop[] = {"connection",
                                         "keep-alive",
                                         "proxy-authenticate",
                                         "proxy-authorization",
                                         "proxy-connection",
                                         "te",
                                         "trailer",
                                         "transfer-encoding",
                                         "upgrade",
                                         "http2-settings",
                                         "content-length",
                                         NULL};

// Named by the Connection header, so meant for us alone (RFC 9110 section 7.6.1).
static bool named_by_connection(const struct http_head *h, str name)
{
    for (size_t i = 0; i < h->header_count; i++) {
        if (!str_eq_nocase(h->headers[i].name, S("connection")))
            continue;
        str rest = h->headers[i].value, word;
        while (str_next(&rest, ',', &word))
            if (str_eq_nocase(str_trim(word), name))
                return true;
    }
    return false;
}

static bool hops(const struct http_head *h, str name)
{
    return is_one_of(name, hop_by_hop) || named_by_connection(h, name);
}

bool http_drop_from_request(const struct http_head *h, str name)
{
    // credentials of ours, framing that is made anew, and headers that speak of the client's
    // network
    static const char *const also[] = {"host",
                                       "expect",
                                       "accept",
                                       "accept-encoding",
                                       "content-type",
                                       "content-encoding",
                                       "authorization",
                                       "x-api-key",
                                       "api-key",
                                       "x-goog-api-key",
                                       "cookie",
                                       "forwarded",
                                       "x-forwarded-for",
                                       "x-forwarded-host",
                                       "x-forwarded-proto",
                                       "x-forwarded-port",
                                       "x-real-ip",
                                       "via",
                                       "openai-organization",
                                       "openai-project",
                                       NULL};
    return (name.n >= 7 && str_eq_nocase(str_first(name, 7), S("x-weir-"))) ||
           is_one_of(name, also) || hops(h, name);
}

bool http_drop_from_answer(const struct http_head *h, str name)
{
    static const char *const also[] = {"set-cookie",
                                       "server",
                                       "via",
                                       "alt-svc",
                                       "openai-organization",
                                       "anthropic-organization-id",
                                       "strict-transport-security",
                                       NULL};
    return (name.n >= 7 && str_eq_nocase(str_first(name, 7), S("x-weir-"))) ||
           is_one_of(name, also) || hops(h, name);
}
