// view.c: picks the bytes that are looked at: the head of the last user message and its tail. An
// instruction stands at an end; what is in the middle was mostly pasted. Never more than
// ROUTE_READ_MAX bytes are decoded, so that a message of a megabyte costs what one of 1 KB does.
#include "base/json_text.h"
#include "route/features.h"

// Up to `end` something is put; VIEW_PAD bytes behind it may be written, and mean nothing.
struct sink {
    char *at, *end;
};
_Static_assert((int)VIEW_PAD >= (int)JSON_TEXT_SLACK, "a view is decoded in place");

enum { ESCAPE = 6, PAIR = 2 * ESCAPE }; // bytes of the longest escape, and of two that are a pair

// Length of the escape at `at`; of both where it is the first of a pair.
static size_t escape_bytes(str raw, size_t at)
{
    str e = str_from(raw, at);
    if (e.n < ESCAPE || e.p[1] != 'u')
        return 2;
    bool upper = (e.p[2] | 0x20) == 'd' && memchr("89abAB", e.p[3], 6);
    return upper && e.n >= PAIR && e.p[ESCAPE] == '\\' && e.p[ESCAPE + 1] == 'u' ? PAIR : ESCAPE;
}

// The last place up to n where raw can be cut: not inside an escape or a pair of them.
static size_t cut_place(str raw, size_t n)
{
    must(n <= raw.n);
    size_t at = n > PAIR ? n - PAIR : 0, run = at;
    while (run > 0 && raw.p[run - 1] == '\\')
        run--;
    at += (at - run) % 2; // the second byte of an escape: behind it
    while (at < n) {
        size_t bytes = raw.p[at] == '\\' ? escape_bytes(raw, at) : 1;
        if (at + bytes > n)
            return at;
        at += bytes;
    }
    return n;
}

// Decodes from the start of raw until it ends or the sink is full.
static void put_raw(struct sink *s, str raw, bool escaped)
{
    size_t n = min_size(raw.n, (size_t)(s->end - s->at));
    if (!escaped) {
        memcpy(s->at, raw.p, n);
        s->at += n;
        return;
    }
    // what is decoded is never longer, so that a run as long as the room fits
    while (n > 0) {
        size_t cut = n < raw.n ? cut_place(raw, n) : n;
        s->at += json_text_decode(s->at, str_of(raw.p, cut));
        raw = str_from(raw, cut);
        n = cut ? min_size(raw.n, (size_t)(s->end - s->at)) : 0;
    }
}

static bool continues(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

// Puts the last characters of raw that there is room for.
static void put_tail(struct sink *s, str raw, bool escaped)
{
    enum { REACH = 2 * VIEW_TAIL }; // where all is escaped, as beyond ASCII, half of it is left
    char decoded[REACH + PAIR + JSON_TEXT_SLACK];
    size_t room = (size_t)(s->end - s->at);
    must(room <= VIEW_TAIL);
    if (escaped) {
        size_t at = raw.n > REACH ? cut_place(raw, raw.n - REACH) : 0;
        raw = str_of(decoded, json_text_decode(decoded, str_from(raw, at)));
    }
    size_t skip = raw.n > room ? raw.n - room : 0;
    while (skip < raw.n && continues(raw.p[skip]))
        skip++;
    put_raw(s, str_from(raw, skip), false);
}

static void close_view(struct view *v, const struct sink *s)
{
    v->n = (uint32_t)(s->at - v->text);
    must(v->n <= VIEW_HEAD + 1 + VIEW_TAIL);
    memset(v->text + v->n, 0, VIEW_PAD);
}

// The beginning of what stands beside; whole characters, as the rest is no text.
static void close_side(struct side *side, const struct sink *s)
{
    side->n = (uint32_t)(s->at - side->text);
    memset(s->at, 0, VIEW_PAD);
}

void view_of_text(struct view *v, str text, const str *beside)
{
    struct sink s = {v->text, v->text + VIEW_HEAD + 1 + VIEW_TAIL};
    v->total_bytes = text.n;
    v->system_bytes = beside ? beside[BESIDE_SYSTEM].n : 0;
    v->turns = 1 + (v->system_bytes > 0);
    if (beside && beside[BESIDE_BEFORE].n)
        v->turns += 2; // an answer stood between
    v->tools = v->media = v->schema = false;
    for (int b = 0; b < BESIDE_COUNT; b++) {
        struct side *side = &v->beside[b];
        struct sink put = {side->text, side->text + VIEW_BESIDE};
        if (beside && beside[b].n)
            put_raw(&put, beside[b], false);
        close_side(side, &put);
    }
    if (text.n <= VIEW_HEAD + VIEW_TAIL) {
        put_raw(&s, text, false);
    } else {
        s.end = v->text + VIEW_HEAD;
        put_raw(&s, text, false);
        *s.at++ = '\n';
        s.end = s.at + VIEW_TAIL;
        put_tail(&s, text, false);
    }
    close_view(v, &s);
}

static str raw_of(const struct ask *ask, const struct part *p)
{
    must(p->span.start <= p->span.end && p->span.end <= ask->body.n);
    return str_of(ask->body.p + p->span.start, p->span.end - p->span.start);
}

static bool is_users_text(const struct part *p)
{
    return p->kind == PART_TEXT && (p->role == ROLE_USER || p->role == ROLE_NONE);
}

// Parts [first, end) hold a message's text, among others.
struct range {
    uint32_t first, end;
};

// The parts of the last message of a user before part `before`.
static struct range message_before(const struct ask *ask, uint32_t before)
{
    uint32_t end = before;
    while (end > 0 && !is_users_text(&ask->parts[end - 1]))
        end--;
    uint32_t first = end;
    while (first > 0 && ask->parts[first - 1].turn == ask->parts[end - 1].turn)
        first--;
    return (struct range){first, end};
}

static void put_parts(struct sink *s, const struct ask *ask, struct range r)
{
    for (uint32_t i = r.first; i < r.end && s->at < s->end; i++) {
        const struct part *p = &ask->parts[i];
        if (p->kind != PART_TEXT)
            continue;
        if (i > r.first && s->end - s->at > 2) {
            memcpy(s->at, "\n\n", 2);
            s->at += 2;
        }
        put_raw(s, raw_of(ask, p), p->escaped);
    }
}

static void count_around(struct view *v, const struct ask *ask, struct range r)
{
    v->total_bytes = v->system_bytes = 0;
    v->turns = ask->turns;
    v->tools = ask->needs & ABILITY_TOOLS;
    v->media = ask->needs & (ABILITY_IMAGES | ABILITY_AUDIO | ABILITY_FILES);
    v->schema = ask->needs & ABILITY_SCHEMA;
    for (uint32_t i = r.first; i < r.end; i++)
        if (ask->parts[i].kind == PART_TEXT)
            v->total_bytes += raw_of(ask, &ask->parts[i]).n;
    for (uint32_t i = 0; i < ask->part_count && ask->parts[i].role == ROLE_SYSTEM; i++)
        if (ask->parts[i].kind == PART_TEXT)
            v->system_bytes += raw_of(ask, &ask->parts[i]).n;
}

// The parts of the assistant's last message before part `end`, behind the user's message before.
static struct range answer_before(const struct ask *ask, uint32_t end, struct range before)
{
    while (end > before.end && ask->parts[end - 1].role != ROLE_ASSISTANT)
        end--;
    uint32_t first = end;
    while (first > before.end && ask->parts[first - 1].turn == ask->parts[end - 1].turn)
        first--;
    return (struct range){first, end};
}

static void read_beside(struct view *v, const struct ask *ask, uint32_t first)
{
    struct range of[BESIDE_COUNT] = {0};
    if (first > 0)
        of[BESIDE_BEFORE] = message_before(ask, first);
    of[BESIDE_ANSWER] = answer_before(ask, first, of[BESIDE_BEFORE]);
    while (of[BESIDE_SYSTEM].end < ask->part_count &&
           ask->parts[of[BESIDE_SYSTEM].end].role == ROLE_SYSTEM)
        of[BESIDE_SYSTEM].end++;
    for (int b = 0; b < BESIDE_COUNT; b++) {
        struct sink put = {v->beside[b].text, v->beside[b].text + VIEW_BESIDE};
        put_parts(&put, ask, of[b]);
        close_side(&v->beside[b], &put);
    }
}

void view_of_ask(struct view *v, const struct ask *ask)
{
    struct range r = message_before(ask, ask->part_count);
    struct sink s = {v->text, v->text + VIEW_HEAD + 1 + VIEW_TAIL};
    count_around(v, ask, r);
    if (v->total_bytes <= VIEW_HEAD + VIEW_TAIL - 2 * (size_t)(r.end - r.first)) {
        put_parts(&s, ask, r);
    } else {
        s.end = v->text + VIEW_HEAD;
        put_parts(&s, ask, r);
        *s.at++ = '\n';
        s.end = s.at + VIEW_TAIL;
        const struct part *last = &ask->parts[r.end - 1];
        put_tail(&s, raw_of(ask, last), last->escaped);
    }
    close_view(v, &s);
    read_beside(v, ask, r.first);
}

struct seen view_seen(const struct view *v)
{
    uint32_t n = v->n;
    for (int b = 0; b < BESIDE_COUNT; b++)
        n += v->beside[b].n;
    must(n <= ROUTE_READ_MAX);
    return (struct seen){.read_bytes = n,
                         .total_bytes = (uint32_t)min_size(v->total_bytes, UINT32_MAX),
                         .empty = v->n == 0};
}
