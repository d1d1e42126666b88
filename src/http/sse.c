// sse.c: server-sent events out of a byte stream (WHATWG HTML, "Server-sent events"). Bytes that
// hold whole events are passed as slices of what was fed; only an unfinished event is kept.
// A line ends with LF, CRLF or CR, so a CR at the end of the bytes waits for its LF, with one
// exception: the blank line after a line that ended in CR alone is over with its own CR, or the
// last event of such a stream would never come. An LF after that CR opens the next event's raw and
// is no line.
// Invariants: (1) kept holds the start of one event, without its end, unless it is lent; (2) no
// byte is looked at twice for its line's end, however the stream is cut; (3) the events do not
// depend on the cuts.
#include "http/http.h"

enum { KEEP_BYTES = 64 * 1024 }; // memory that a splitter holds on to between events

void sse_init(struct sse *s, size_t event_limit)
{
    must(event_limit > 0);
    *s = (struct sse){.limit = event_limit};
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
    return s->lent ? STR_NONE : buf_str(&s->kept);
}

// First CR or LF from p on, or end.
static const char *find_line_end(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    const char *stop = lf ? lf : end;
    const char *cr = memchr(p, '\r', (size_t)(stop - p));
    return cr ? cr : stop;
}

// Finds the bytes at an event's start that belong to no line: a BOM before the first event, the LF
// of a CRLF whose CR ended the event before. False where more bytes must tell.
static bool find_prefix(struct sse *s, str bytes)
{
    const str bom = S("\xef\xbb\xbf");
    if (s->placed)
        return true;
    if (!s->second && bytes.n < bom.n && str_starts(bom, bytes))
        return false;
    if (!s->second)
        s->prefix = str_starts(bytes, bom) ? bom.n : 0;
    else
        s->prefix = s->lone && bytes.p[0] == '\n' ? 1 : 0;
    s->lone = s->lone && s->prefix == 0;
    s->line = s->at = s->prefix;
    s->placed = true;
    return true;
}

// Length of the event that bytes begin with, or 0 where its end is not among them; goes on at
// s->line and s->at. no_lf: what follows the bytes is known to be no LF.
static size_t event_length(struct sse *s, str bytes, bool no_lf)
{
    while (s->at < bytes.n) {
        const char *eol = find_line_end(bytes.p + s->at, bytes.p + bytes.n);
        size_t at = (size_t)(eol - bytes.p), n = 1;
        bool empty = at == s->line, cr = at < bytes.n && *eol == '\r';
        s->at = at;
        if (at == bytes.n)
            return 0;
        if (empty && cr && s->lone)
            return at + 1;
        if (cr && at + 1 == bytes.n && !no_lf)
            return 0; // its LF may follow
        if (cr && at + 1 < bytes.n && eol[1] == '\n')
            n = 2;
        s->lone = cr && n == 1;
        if (empty)
            return at + n;
        s->line = s->at = at + n;
    }
    return 0;
}

// Value of a field line behind its colon, without the one space that may follow.
static str field_value(str line, size_t name_n)
{
    str v = str_from(line, name_n + 1);
    return v.n && v.p[0] == ' ' ? str_from(v, 1) : v;
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
    must(!s->joined.over); // data is shorter than its lines
    ev->data = buf_str(&s->joined);
}

// One line, its end left off, `count` data lines before it; true when it is one more.
static bool parse_line(struct sse *s, str line, unsigned count, struct sse_event *ev)
{
    if (line.n >= 4 && memcmp(line.p, "data", 4) == 0 && (line.n == 4 || line.p[4] == ':')) {
        add_data(s, line.n == 4 ? STR_NONE : field_value(line, 4), count, ev);
        return true;
    }
    if (line.n >= 5 && memcmp(line.p, "event", 5) == 0 && (line.n == 5 || line.p[5] == ':'))
        ev->name = line.n == 5 ? STR_NONE : field_value(line, 5);
    return false;
}

static void parse(struct sse *s, str raw, struct sse_event *ret)
{
    struct sse_event ev = {.raw = raw};
    unsigned count = 0;
    const char *p = raw.p + s->prefix, *end = raw.p + raw.n;
    while (p < end) {
        const char *eol = find_line_end(p, end);
        must(eol < end); // an event's last line has its end
        count += parse_line(s, str_of(p, (size_t)(eol - p)), count, &ev);
        p = eol + (*eol == '\r' && eol + 1 < end && eol[1] == '\n' ? 2 : 1);
    }
    ev.has_data = count > 0;
    *ret = ev;
}

static void give(struct sse *s, str raw, struct sse_event *ret_event)
{
    must(s->placed && raw.n > s->prefix && raw.n <= s->limit);
    parse(s, raw, ret_event);
    s->second = true;
    s->placed = false;
    s->lone = raw.p[raw.n - 1] == '\r';
}

static bool keep(struct sse *s, str bytes)
{
    buf_put(&s->kept, bytes);
    if (s->kept.over)
        s->err = ERR_UPSTREAM_BROKEN;
    return s->err == OK;
}

// How many of the bytes to add to kept: up to its next line end, or what tells of a CR at its end.
static size_t next_piece(const struct sse *s, str bytes)
{
    if (!s->placed)
        return 1;
    if (s->at + 1 == s->kept.n && s->kept.p[s->at] == '\r')
        return bytes.p[0] == '\n' ? 1 : 0;
    const char *end = bytes.p + bytes.n, *eol = find_line_end(bytes.p, end);
    return (size_t)(eol - bytes.p) + (eol < end);
}

// The kept start of an event, completed from the new bytes as far as they go.
static bool next_kept(struct sse *s, str *bytes, struct sse_event *ret_event)
{
    while (bytes->n) {
        size_t n = next_piece(s, *bytes);
        if (!keep(s, str_first(*bytes, n)))
            return false;
        *bytes = str_from(*bytes, n);
        if (!find_prefix(s, buf_str(&s->kept)))
            continue;
        size_t length = event_length(s, buf_str(&s->kept), n == 0);
        if (length == 0)
            continue;
        must(length == s->kept.n);
        give(s, buf_str(&s->kept), ret_event);
        s->lent = true;
        return true;
    }
    return false;
}

// Lets go of an unusually large buffer.
static void trim(struct buf *b, size_t limit)
{
    if (likely(b->cap <= KEEP_BYTES))
        return;
    buf_done(b);
    buf_init(b, limit);
}

// Nearly every event is one line and a blank one, both ended by LF, and lies in the bytes whole.
static bool next_plain(struct sse *s, str *bytes, struct sse_event *ret_event)
{
    const char *p = bytes->p, *lf = memchr(p, '\n', bytes->n);
    size_t n = lf ? (size_t)(lf - p) : 0;
    if (n == 0 || !s->second || s->lone || n + 2 > bytes->n || lf[1] != '\n' || n + 2 > s->limit ||
        memchr(p, '\r', n))
        return false;
    *ret_event = (struct sse_event){.raw = str_of(p, n + 2)};
    ret_event->has_data = parse_line(s, str_of(p, n), 0, ret_event);
    *bytes = str_from(*bytes, n + 2);
    return true;
}

bool sse_next(struct sse *s, str *bytes, struct sse_event *ret_event)
{
    trim(&s->joined, s->limit);
    if (s->lent) {
        buf_clear(&s->kept);
        trim(&s->kept, s->limit);
        s->lent = false;
    }
    if (s->err != OK || bytes->n == 0)
        return false;
    s->began = true;
    if (s->kept.n)
        return next_kept(s, bytes, ret_event);
    if (next_plain(s, bytes, ret_event))
        return true;
    size_t n = find_prefix(s, *bytes) ? event_length(s, *bytes, false) : 0;
    if (n == 0) {
        (void)keep(s, *bytes);
        *bytes = STR_NONE;
        return false;
    }
    if (n > s->limit) {
        s->err = ERR_UPSTREAM_BROKEN;
        return false;
    }
    give(s, str_first(*bytes, n), ret_event);
    *bytes = str_from(*bytes, n);
    return true;
}
