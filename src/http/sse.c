// sse.c: server-sent events out of a byte stream (WHATWG HTML, "Server-sent events"). Bytes that
// hold whole events are passed as slices of what was fed; only an unfinished event is kept.
// Invariants: (1) kept holds the start of one event, without its closing blank line; (2) a line
// ends with LF, CRLF or CR; a CR at the end of the bytes waits for its LF.
#include "http/http.h"

void sse_init(struct sse *s, size_t event_limit)
{
    *s = (struct sse){.err = OK};
    buf_init(&s->kept, event_limit);
    buf_init(&s->joined, event_limit);
}

void sse_done(struct sse *s)
{
    buf_done(&s->kept);
    buf_done(&s->joined);
}

str sse_rest(const struct sse *s)
{
    return buf_str(&s->kept);
}

// Length of the line end at p, 0 where none, SIZE_MAX where more bytes must tell (a last CR).
static size_t line_end(const char *p, const char *end)
{
    if (*p == '\n')
        return 1;
    if (*p != '\r')
        return 0;
    if (p + 1 == end)
        return SIZE_MAX;
    return p[1] == '\n' ? 2 : 1;
}

// First CR or LF from p on.
static const char *find_line_end(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    const char *stop = lf ? lf : end;
    const char *cr = memchr(p, '\r', (size_t)(stop - p));
    return cr ? cr : stop;
}

// Length of the first whole event in bytes with its blank line, or 0. `from` is a place at a line's
// start that is known to be no event's end.
static size_t event_length(str bytes, size_t *from)
{
    const char *p = bytes.p + *from, *end = bytes.p + bytes.n;
    while (p < end) {
        const char *eol = find_line_end(p, end);
        if (eol == end)
            break;
        size_t n = line_end(eol, end);
        if (n == SIZE_MAX)
            break;
        if (eol == p) // an empty line
            return (size_t)(p - bytes.p) + n;
        p = eol + n;
    }
    *from = (size_t)(p - bytes.p);
    return 0;
}

// Value of a field line behind its colon, without the one space that may follow.
static str field_value(str line, size_t name_n)
{
    str v = str_from(line, name_n + 1);
    return str_starts(v, S(" ")) ? str_from(v, 1) : v;
}

static void add_data(struct sse *s, str value, unsigned count, struct sse_event *ev)
{
    if (count == 0) {
        ev->data = value;
        return;
    }
    if (count == 1) {
        buf_clear(&s->joined);
        buf_put(&s->joined, ev->data);
    }
    buf_putc(&s->joined, '\n');
    buf_put(&s->joined, value);
    ev->data = buf_str(&s->joined);
}

static void parse(struct sse *s, str raw, struct sse_event *ret)
{
    struct sse_event ev = {.raw = raw};
    unsigned count = 0;
    const char *p = raw.p, *end = raw.p + raw.n;
    while (p < end) {
        const char *eol = find_line_end(p, end);
        str line = str_of(p, (size_t)(eol - p));
        if (str_starts(line, S("data:"))) {
            add_data(s, field_value(line, 4), count++, &ev);
        } else if (str_eq(line, S("data"))) {
            add_data(s, STR_NONE, count++, &ev);
        } else if (str_starts(line, S("event:"))) {
            ev.name = field_value(line, 5);
        }
        size_t n = eol < end ? line_end(eol, end) : 0;
        p = n == SIZE_MAX ? end : eol + max_size(n, 1);
    }
    ev.has_data = count > 0;
    *ret = ev;
}

static void skip_bom(struct sse *s, str *bytes)
{
    if (s->began || bytes->n == 0 || s->kept.n)
        return;
    s->began = true;
    if (str_starts(*bytes, S("\xef\xbb\xbf")))
        *bytes = str_from(*bytes, 3);
}

// kept was lent to the caller as the last event: forgotten now.
static void forget_lent(struct sse *s)
{
    if (s->scanned != SIZE_MAX)
        return;
    buf_clear(&s->kept);
    s->scanned = 0;
}

static bool keep(struct sse *s, str bytes)
{
    buf_put(&s->kept, bytes);
    if (s->kept.over)
        s->err = ERR_UPSTREAM_BROKEN;
    return s->err == OK;
}

// The kept start of an event, completed from the new bytes as far as they go.
static bool next_kept(struct sse *s, str *bytes, struct sse_event *ret_event)
{
    size_t before = s->kept.n;
    if (!keep(s, *bytes))
        return false;
    size_t n = event_length(buf_str(&s->kept), &s->scanned);
    if (n == 0) {
        *bytes = STR_NONE;
        return false;
    }
    must(n >= before);
    *bytes = str_from(*bytes, n - before);
    s->kept.n = n;
    parse(s, buf_str(&s->kept), ret_event);
    s->scanned = SIZE_MAX;
    return true;
}

bool sse_next(struct sse *s, str *bytes, struct sse_event *ret_event)
{
    size_t from = 0;
    forget_lent(s);
    if (s->err != OK)
        return false;
    skip_bom(s, bytes);
    if (s->kept.n)
        return bytes->n ? next_kept(s, bytes, ret_event) : false;
    if (bytes->n == 0)
        return false;
    size_t n = event_length(*bytes, &from);
    if (n == 0) {
        (void)keep(s, *bytes);
        s->scanned = from;
        *bytes = STR_NONE;
        return false;
    }
    parse(s, str_first(*bytes, n), ret_event);
    *bytes = str_from(*bytes, n);
    return true;
}
