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

// No byte that ends a header's line; without a branch a byte, as nearly all are fine.
static bool clean(str s)
{
    unsigned bad = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bad |= (unsigned)(c == '\r') | (unsigned)(c == '\n') | (unsigned)(c == 0);
    }
    return bad == 0;
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

// --- what never crosses --------------------------------------------------------------------------

// A word of a list: lower case, compared by length and first letter before all of it, as most
// headers stand in no list.
static bool is_one_of(str name, const str *sorted, size_t count)
{
    char first = (char)(name.p[0] | 0x20);
    for (size_t i = 0; i < count && sorted[i].n <= name.n; i++)
        if (sorted[i].n == name.n && sorted[i].p[0] == first && str_eq_nocase(name, sorted[i]))
            return true;
    return false;
}

// Sorted by length. Hop by hop, which is for the next server only (RFC 9110 section 7.6.1);
// framing, which is made anew; and what the remarks say.
static const str no_request[] = {
    S("te"),
    S("via"),
    S("host"),
    S("accept"), // the dialect says what it reads
    S("cookie"),
    S("expect"),
    S("api-key"), // credentials are for weir; the target has its own
    S("trailer"),
    S("upgrade"),
    S("forwarded"), // the client's network is no target's business
    S("x-api-key"),
    S("x-real-ip"),
    S("connection"),
    S("keep-alive"),
    S("content-type"),
    S("authorization"),
    S("content-length"),
    S("http2-settings"),
    S("openai-project"),
    S("x-goog-api-key"),
    S("accept-encoding"), // bodies are read here
    S("content-encoding"),
    S("transfer-encoding"),
    S("openai-organization"),
};
static const str no_answer[] = {
    S("te"),
    S("via"),
    S("server"),
    S("alt-svc"),
    S("trailer"),
    S("upgrade"),
    S("connection"),
    S("keep-alive"),
    S("set-cookie"),
    S("content-length"),
    S("http2-settings"),
    S("transfer-encoding"),
    S("openai-organization"),
    S("anthropic-organization-id"),
    S("strict-transport-security"),
};

// Named by the Connection header, so meant for us alone.
static bool named_by_connection(const struct http_head *h, str name)
{
    const str connection = S("connection");
    for (size_t i = 0; i < h->header_count; i++) {
        str rest = h->headers[i].value, word;
        if (h->headers[i].name.n != connection.n || !str_eq_nocase(h->headers[i].name, connection))
            continue;
        while (str_next(&rest, ',', &word))
            if (str_eq_nocase(str_trim(word), name))
                return true;
    }
    return false;
}

static bool begins(str name, str prefix)
{
    return name.n > prefix.n && (name.p[0] | 0x20) == prefix.p[0] &&
           str_eq_nocase(str_first(name, prefix.n), prefix);
}

bool http_drop_from_request(const struct http_head *h, str name)
{
    must(name.n > 0);
    return is_one_of(name, no_request, countof(no_request)) || begins(name, S("x-weir-")) ||
           begins(name, S("x-forwarded-")) || begins(name, S("proxy-")) ||
           named_by_connection(h, name);
}

bool http_drop_from_answer(const struct http_head *h, str name)
{
    // what the operator's account at a provider may still spend is not the client's to know
    must(name.n > 0);
    return is_one_of(name, no_answer, countof(no_answer)) || begins(name, S("x-weir-")) ||
           begins(name, S("x-ratelimit-")) || begins(name, S("anthropic-ratelimit-")) ||
           begins(name, S("proxy-")) || named_by_connection(h, name);
}
