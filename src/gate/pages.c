// pages.c: which path is what, and everything served that is no call: models, health, metrics.
// Path hygiene: with and without /v1, and with the doubled /v1/v1 that clients make.
#include "gate/worker.h"

// The path below its /v1 prefixes; always begins with a slash.
static str below_v1(str path)
{
    while (str_starts(path, S("/v1/")))
        path = str_from(path, 3);
    return path;
}

static const struct dialect *call_dialect(str path)
{
    if (str_eq(path, S("/chat/completions")))
        return &dialect_openai_chat;
    return NULL;
}

static const struct gate_page *find_page(const struct worker *w, str path)
{
    for (const struct gate_page *p = gate_pages(w->gate); p->path; p++)
        if (str_eq(path, str_c(p->path)))
            return p;
    return NULL;
}

struct route_match pages_match(const struct worker *w, const struct http_head *h)
{
    struct route_match m = {.kind = ROUTE_NONE};
    str path = below_v1(h->path);
    bool get = str_eq(h->method, S("GET")) || str_eq(h->method, S("HEAD"));
    if ((m.dialect = call_dialect(path))) {
        m.kind = ROUTE_CALL;
        m.wrong_method = !str_eq(h->method, S("POST"));
        return m;
    }
    if (str_eq(path, S("/models")) || str_eq(path, S("/models/"))) {
        m.kind = ROUTE_MODELS;
    } else if (str_starts(path, S("/models/"))) {
        m.kind = ROUTE_MODEL;
        m.name = str_from(path, 8);
    } else if ((m.page = find_page(w, h->path))) {
        m.kind = ROUTE_PAGE;
    }
    m.wrong_method = m.kind != ROUTE_NONE && !get;
    return m;
}

static void add_model(struct model_entry *rows, size_t *count, size_t max, str id, str owner)
{
    for (size_t i = 0; i < *count; i++)
        if (str_eq(rows[i].id, id))
            return;
    if (id.n && *count < max)
        rows[(*count)++] =
            (struct model_entry){.id = id, .owned_by = owner, .created_s = 1767225600};
}

// Names that clients may send: the routed one, the configured ones, every target and its model.
static size_t list_models(const struct snapshot *s, struct model_entry *rows, size_t max)
{
    size_t count = 0;
    add_model(rows, &count, max, S("auto"), S("weir"));
    add_model(rows, &count, max, S("weir/local"), S("weir"));
    add_model(rows, &count, max, S("weir/cloud"), S("weir"));
    for (unsigned i = 0; i < s->policy.name_count; i++)
        add_model(rows, &count, max, s->policy.names[i].name, S("weir"));
    for (unsigned i = 0; i < s->fleet.target_count; i++) {
        const struct target *t = &s->fleet.targets[i];
        add_model(rows, &count, max, t->name, t->preset.n ? t->preset : S("weir"));
        add_model(rows, &count, max, t->model, t->preset.n ? t->preset : S("weir"));
    }
    return count;
}

static void answer_fault(struct conn *c, enum err e, const char *say, str extra)
{
    struct fault f = {.err = e, .at_byte = -1};
    struct buf *out = &c->worker->scratch;
    str_copy_to(f.say, sizeof f.say, str_c(say));
    buf_clear(out);
    dialect_openai_chat.write_error(out, &f, STR_NONE);
    buf_putc(out, '\n');
    answer_plain(c, err_status(e), S("application/json"), extra, buf_str(out));
}

static void answer_models(struct conn *c, const struct route_match *m)
{
    enum { MODELS_MAX = 2 * TARGET_MAX + MODEL_NAME_MAX + 3 };
    struct model_entry rows[MODELS_MAX];
    size_t count = list_models(c->live->view->snap, rows, MODELS_MAX);
    struct buf *out = &c->worker->scratch;
    buf_clear(out);
    if (m->kind == ROUTE_MODELS) {
        api_write_models(out, rows, count);
        buf_putc(out, '\n');
        answer_plain(c, 200, S("application/json"), STR_NONE, buf_str(out));
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].id, m->name)) {
            api_write_model(out, &rows[i]);
            buf_putc(out, '\n');
            answer_plain(c, 200, S("application/json"), STR_NONE, buf_str(out));
            return;
        }
    answer_fault(c, ERR_NO_MODEL, NULL, STR_NONE);
}

void pages_answer(struct conn *c, const struct route_match *m, const struct http_head *h)
{
    must(m->kind != ROUTE_CALL || m->wrong_method);
    must(c->live && c->live->head == h);
    if (m->kind == ROUTE_NONE) {
        answer_fault(c, ERR_NO_ROUTE, NULL, STR_NONE);
    } else if (m->wrong_method) {
        bool call = m->kind == ROUTE_CALL;
        answer_fault(c, ERR_WRONG_METHOD, call ? "this path takes POST" : "this path takes GET",
                     call ? S("Allow: POST\r\n") : S("Allow: GET, HEAD\r\n"));
    } else if (m->kind == ROUTE_PAGE) {
        struct buf *out = &c->worker->scratch;
        buf_clear(out);
        int status = m->page->write(c->live->view, out);
        answer_plain(c, status, str_c(m->page->content_type), STR_NONE, buf_str(out));
    } else {
        answer_models(c, m);
    }
}
