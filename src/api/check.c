// check.c: whether an answer may stand, by what can be seen of it cheaply: that there is one, that
// the model did not decline or run out of room, that it has the form that was asked for, and that
// its tokens were no guesses. Whether it is right is not seen.
// Invariant: an answer of which less is known than a check needs passes that check.
#include "api/api.h"
#include "api/schema.h"
#include "base/json.h"
#include <math.h>

// A beginning is known after so many bytes; a phrase that declines begins within the first ones.
enum { BEGINNING = 160, DECLINES_WITHIN = 80 };

static const struct {
    str phrase;
} declines[] = {
#define DECLINE(language, phrase) {{phrase, sizeof(phrase) - 1}},
#include "api/declines.def"
#undef DECLINE
};

void api_draft_init(struct draft *r, size_t limit_bytes)
{
    *r = (struct draft){0};
    buf_init(&r->text, limit_bytes);
    for (unsigned i = 0; i < DRAFT_TOOLS_MAX; i++) {
        buf_init(&r->tools[i].name, 256);
        buf_init(&r->tools[i].arguments, limit_bytes);
    }
}

void api_draft_done(struct draft *r)
{
    buf_done(&r->text);
    for (unsigned i = 0; i < DRAFT_TOOLS_MAX; i++) {
        buf_done(&r->tools[i].name);
        buf_done(&r->tools[i].arguments);
    }
}

// The decoded text, without the thoughts that some models put before it.
static str answer_of(struct arena *a, str raw)
{
    str text = str_trim(json_decode(a, raw, memchr(raw.p ? raw.p : "", '\\', raw.n) != NULL));
    if (!str_starts(text, S("<think>")))
        return text;
    size_t end = str_find(text, S("</think>"));
    return end == SIZE_MAX ? STR_NONE : str_trim(str_from(text, end + 8));
}

static str decoded(struct arena *a, const struct buf *raw)
{
    str s = buf_str(raw);
    return arena_copy(a, json_decode(a, s, s.n && memchr(s.p, '\\', s.n)));
}

void api_draft_reply(struct arena *a, const struct draft *r, const struct answer_watch *w,
                     bool whole, struct reply *ret_reply)
{
    struct reply out = {.text = text_of(arena_copy(a, answer_of(a, buf_str(&r->text)))),
                        .tools = arena_array(a, struct tool_use, DRAFT_TOOLS_MAX),
                        .tool_count = r->tool_count};
    must(r->tool_count <= DRAFT_TOOLS_MAX);
    out.cut = r->unread || r->text.over || w->failed || !(whole ? w->ended : w->finished) ||
              str_eq(w->finish, S("length")) || str_eq(w->finish, S("content_filter"));
    for (unsigned i = 0; i < r->tool_count; i++) {
        out.tools[i].name = decoded(a, &r->tools[i].name);
        out.tools[i].arguments = text_of(decoded(a, &r->tools[i].arguments));
        out.cut |= r->tools[i].name.over || r->tools[i].arguments.over;
    }
    out.cut |= a->over;
    *ret_reply = out;
}

// Lower case, straight apostrophes, one blank at a time; what dresses up a beginning is left out.
static size_t plain(str s, char dst[BEGINNING])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < BEGINNING; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == 0xe2 && s.n - i > 2 && s.p[i + 1] == '\x80' && s.p[i + 2] == '\x99') {
            c = '\'';
            i += 2;
        }
        bool blank = c <= ' ';
        if ((blank && (n == 0 || dst[n - 1] == ' ')) || c == '*' || c == '_' || c == '#')
            continue;
        dst[n++] = (char)(blank ? ' ' : c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return n;
}

// Behind a quotation mark it is somebody else who declines.
static bool declines_in(str text)
{
    char dst[BEGINNING];
    str s = str_of(dst, plain(text, dst));
    for (size_t i = 0; i < countof(declines); i++) {
        size_t at = str_find(s, declines[i].phrase);
        str before = str_first(s, at == SIZE_MAX ? 0 : at);
        if (at <= DECLINES_WITHIN && str_find_char(before, '"') == SIZE_MAX &&
            str_find(before, S("\xe2\x80\x9c")) == SIZE_MAX &&
            str_find(before, S("\xe2\x80\x9e")) == SIZE_MAX &&
            str_find(before, S("\xc2\xab")) == SIZE_MAX)
            return true;
    }
    return false;
}

// The beginning of raw, cut where no escape and no letter is cut through.
static str raw_beginning(str raw, size_t n)
{
    str head = str_first(raw, n);
    for (size_t back = 1; head.n < raw.n && back <= 12 && back <= head.n; back++)
        if (head.p[head.n - back] == '\\')
            return str_first(head, head.n - back); // as much as a pair of escapes
    return str_first(head, utf8_valid(head));
}

bool api_form_needs_end(const struct wanted *w)
{
    return w->json || w->tool || w->tool_count > 0;
}

enum draft_fault api_check_beginning(const struct draft *r)
{
    enum { RAW_BYTES = 8 * BEGINNING };
    struct arena a;
    enum draft_fault f = DRAFT_OPEN;
    if (r->declined)
        return DRAFT_DECLINED;
    if (r->text.n < BEGINNING)
        return DRAFT_OPEN;
    arena_init(&a, 64 * 1024);
    str text = answer_of(&a, raw_beginning(buf_str(&r->text), RAW_BYTES));
    if (declines_in(text))
        f = DRAFT_DECLINED;
    else if (text.n >= BEGINNING)
        f = DRAFT_FITS;
    arena_done(&a);
    return f;
}

static enum draft_fault check_tool(struct arena *a, const struct wanted *w,
                                   const struct draft_tool *t)
{
    str name = json_decode(a, buf_str(&t->name), true),
        arguments = str_trim(json_decode(a, buf_str(&t->arguments), true));
    if (t->name.over || t->arguments.over)
        return DRAFT_FITS;
    for (unsigned i = 0; i < w->tool_count; i++) {
        if (!str_eq(w->tools[i].name, name))
            continue;
        if (arguments.n == 0) // a tool that wants none may get none
            arguments = S("{}");
        if (arguments.p[0] != '{' || schema_check(w->tools[i].schema, arguments) != SCHEMA_FITS)
            return DRAFT_WRONG_TOOL;
        return DRAFT_FITS;
    }
    return DRAFT_WRONG_TOOL;
}

static enum draft_fault check_form(struct arena *a, const struct draft_check *c, str text)
{
    const struct wanted *w = c->wanted;
    const struct draft *r = c->draft;
    if (r->unread || r->text.over)
        return DRAFT_FITS;
    for (unsigned i = 0; i < r->tool_count; i++)
        if (check_tool(a, w, &r->tools[i]) != DRAFT_FITS)
            return DRAFT_WRONG_TOOL;
    if (r->tool_count > 0)
        return DRAFT_FITS;
    if (w->tool && w->tool_count > 0)
        return DRAFT_WRONG_TOOL;
    if (!w->json)
        return DRAFT_FITS;
    switch (schema_check(w->schema, text)) {
    case SCHEMA_NO_JSON:
        return DRAFT_NO_JSON;
    case SCHEMA_MISFIT:
        return DRAFT_OFF_SCHEMA;
    case SCHEMA_FITS:
        break;
    }
    return DRAFT_FITS;
}

enum draft_fault api_check_draft(struct arena *a, const struct draft_check *c)
{
    enum { TOKENS_LEAST = 4 };
    const struct draft *r = c->draft;
    must(r->tool_count <= DRAFT_TOOLS_MAX && c->confidence >= 0 && c->confidence <= 1);
    str text = answer_of(a, buf_str(&r->text));
    if (r->declined || str_eq(c->finish, S("content_filter")))
        return DRAFT_DECLINED;
    if (str_eq(c->finish, S("length")) &&
        (c->max_output_tokens < 0 ||
         (c->output_tokens >= 0 && c->output_tokens < c->max_output_tokens)))
        return DRAFT_CUT;
    if (text.n == 0 && r->tool_count == 0)
        return DRAFT_EMPTY;
    if (r->tool_count == 0 && declines_in(text))
        return DRAFT_DECLINED;
    enum draft_fault f = check_form(a, c, text);
    if (f != DRAFT_FITS)
        return f;
    if (r->logprob_count >= TOKENS_LEAST && exp(r->logprob_sum / r->logprob_count) < c->confidence)
        return DRAFT_UNSURE;
    return DRAFT_FITS;
}
