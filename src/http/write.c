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

// Sorted out by length first: most headers meet no name of their own length.
static bool is_one_of(str name, const str *names)
{
    for (size_t i = 0; names[i].n; i++)
        if (names[i].n == name.n && str_eq_nocase(name, names[i]))
            return true;
    return false;
}

static const str hop_by_hop[] = {S("connection"),
                                 S("keep-alive"),
                                 S("proxy-authenticate"),
                                 S("proxy-authorization"),
                                 S("proxy-connection"),
                                 S("te"),
                                 S("trailer"),
                                 S("transfer-encoding"),
                                 S("upgrade"),
                                 S("http2-settings"),
                                 S("content-length"),
                                 {NULL, 0}};

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

static bool ours(str name)
{
    return name.n >= 7 && (name.p[0] | 0x20) == 'x' &&
           str_eq_nocase(str_first(name, 7), S("x-weir-"));
}

bool http_drop_from_request(const struct http_head *h, str name)
{
    // credentials of ours, framing that is made anew, and headers that speak of the client's
    // network
    static const str also[] = {S("host"),
                               S("expect"),
                               S("accept"),
                               S("accept-encoding"),
                               S("content-type"),
                               S("content-encoding"),
                               S("authorization"),
                               S("x-api-key"),
                               S("api-key"),
                               S("x-goog-api-key"),
                               S("cookie"),
                               S("forwarded"),
                               S("x-forwarded-for"),
                               S("x-forwarded-host"),
                               S("x-forwarded-proto"),
                               S("x-forwarded-port"),
                               S("x-real-ip"),
                               S("via"),
                               S("openai-organization"),
                               S("openai-project"),
                               {NULL, 0}};
    return ours(name) || is_one_of(name, also) || is_one_of(name, hop_by_hop) ||
           named_by_connection(h, name);
}

bool http_drop_from_answer(const struct http_head *h, str name)
{
    static const str also[] = {S("set-cookie"),
                               S("server"),
                               S("via"),
                               S("alt-svc"),
                               S("openai-organization"),
                               S("anthropic-organization-id"),
                               S("strict-transport-security"),
                               {NULL, 0}};
    return ours(name) || is_one_of(name, also) || is_one_of(name, hop_by_hop) ||
           named_by_connection(h, name);
}
