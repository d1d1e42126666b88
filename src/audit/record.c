// record.c: a line of the decision log, written and read. Pure.
#include "audit/record.h"
#include "base/mem.h"
#include <yyjson.h>

static const char *const kinds[AUDIT_KINDS] = {"begin", "start",  "gap",  "send",
                                               "end",   "policy", "lower"};

// --- writing -------------------------------------------------------------------------------------

static void put_kind(struct buf *out, enum audit_kind kind, int64_t at_us)
{
    must((unsigned)kind < AUDIT_KINDS);
    buf_put(out, S("\"kind\":\""));
    buf_put(out, str_c(kinds[kind]));
    buf_put(out, S("\",\"at_us\":"));
    buf_put_i64(out, at_us);
}

static void put_word(struct buf *out, str name, str value)
{
    buf_put(out, S(",\""));
    buf_put(out, name);
    buf_put(out, S("\":"));
    buf_put_json(out, value);
}

static void put_number(struct buf *out, str name, int64_t value)
{
    buf_put(out, S(",\""));
    buf_put(out, name);
    buf_put(out, S("\":"));
    buf_put_i64(out, value);
}

void audit_put_begin(struct buf *out, const struct audit_segment *s)
{
    put_kind(out, AUDIT_BEGIN, s->at_us);
    put_number(out, S("segment"), (int64_t)s->number);
    put_number(out, S("version"), AUDIT_VERSION);
    buf_put(out, S(",\"key\":\""));
    audit_put_hex(out, s->key, sizeof s->key);
    buf_putc(out, '"');
}

void audit_put_policy(struct buf *out, bool start, str policy, int64_t at_us)
{
    enum { LIMIT = AUDIT_LINE_MAX - 1024 };
    struct audit_hash h;
    audit_sha256(&policy, 1, &h);
    put_kind(out, start ? AUDIT_START : AUDIT_POLICY, at_us);
    buf_put(out, S(",\"policy\":\""));
    audit_put_hex(out, h.b, sizeof h.b);
    buf_put(out, S("\",\"says\":"));
    buf_put(out, policy.n && policy.n <= LIMIT ? policy : S("null"));
}

void audit_put_gap(struct buf *out, uint64_t lost, int64_t at_us)
{
    put_kind(out, AUDIT_GAP, at_us);
    put_number(out, S("lost"), (int64_t)lost);
}

str audit_place(str base_url)
{
    size_t scheme = str_find(base_url, S("://"));
    str s = scheme == SIZE_MAX ? base_url : str_from(base_url, scheme + 3);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || s.p[i] == '?' || s.p[i] == '#')
            s.n = i;
    size_t at = str_find_char(s, '@');
    return at == SIZE_MAX ? s : str_from(s, at + 1);
}

// Where the label came from: each source that said something.
static void put_label(struct buf *out, const struct call *c)
{
    put_word(out, S("label"), str_c(label_name(c->label)));
    buf_put(out, S(",\"from\":{\"content\":\""));
    buf_put(out, str_c(label_name(c->screening.label)));
    buf_put(out, S("\",\"tenant\":\""));
    buf_put(out, str_c(label_name(c->tenant_label)));
    if (c->want_label.n) {
        buf_put(out, S("\",\"header\":\""));
        buf_put(out, str_c(label_name(label_parse(c->want_label))));
    }
    if (c->conversation.known || c->conversation.lost) {
        buf_put(out, S("\",\"conversation\":\""));
        buf_put(out, c->conversation.lost ? S("lost") : str_c(label_name(c->conversation.label)));
    }
    buf_put(out, S("\"}"));
}

static void put_findings(struct buf *out, const struct screening *s)
{
    buf_put(out, S(",\"findings\":{"));
    bool any = false;
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const char *type = s->findings[i].type;
        uint32_t count = 0, before = 0;
        for (uint32_t k = 0; k < s->finding_count; k++) {
            bool same = strcmp(s->findings[k].type, type) == 0;
            count += same;
            before += same && k < i;
        }
        if (before)
            continue;
        buf_put(out, any ? S(",\"") : S("\""));
        buf_put(out, str_c(type));
        buf_put(out, S("\":"));
        buf_put_i64(out, count);
        any = true;
    }
    buf_putc(out, '}');
    if (s->truncated)
        buf_put(out, S(",\"cut\":true"));
}

static void put_rows(struct buf *out, const struct plan_row *rows, unsigned count,
                     const struct fleet *f)
{
    for (unsigned i = 0; i < count; i++) {
        must(rows[i].target < f->target_count);
        buf_put(out, i ? S(",{\"target\":") : S("{\"target\":"));
        buf_put_json(out, f->targets[rows[i].target].name);
        if (rows[i].filter)
            put_word(out, S("filter"), str_c(rows[i].filter));
        put_word(out, S("why"), str_c(rows[i].why));
        buf_putc(out, '}');
    }
}

// What was decided, and from what.
static void put_decision(struct buf *out, const struct call *c, const struct fleet *f, str policy)
{
    put_label(out, c);
    put_findings(out, &c->screening);
    put_word(out, S("policy"), policy);
    put_word(out, S("task"), str_c(task_name(c->judgement.task)));
    buf_put(out, S(",\"plan\":["));
    put_rows(out, c->plan.rows, c->plan.count, f);
    buf_put(out, S("],\"out\":["));
    if (c->plan.out)
        put_rows(out, c->plan.out, c->plan.out_count, f);
    buf_put(out, S("]"));
}

static void put_call(struct buf *out, const struct call *c)
{
    put_word(out, S("call"), str_of(c->id.c, ID_CHARS));
    if (c->kind != CALL_CLIENT)
        put_word(out, S("own"), str_c(call_kind_name(c->kind)));
    put_word(out, S("tenant"), c->tenant);
}

static void put_target(struct buf *out, const struct fleet *f, unsigned target)
{
    const struct target *t = &f->targets[target];
    must(target < f->target_count && t->zone < f->zone_count);
    const struct zone *z = &f->zones[t->zone];
    buf_put(out, S("\"target\":"));
    buf_put_json(out, t->name);
    put_word(out, S("zone"), z->name);
    buf_put(out, z->local ? S(",\"local\":true") : S(",\"local\":false"));
}

void audit_put_send(struct buf *out, const struct audit_sending *s, int64_t at_us)
{
    const struct call *c = s->call;
    put_kind(out, AUDIT_SEND, at_us);
    put_call(out, c);
    put_number(out, S("try"), s->number);
    buf_put(out, S(",\"body\":{\"bytes\":"));
    buf_put_i64(out, (int64_t)c->ask.body.n);
    buf_put(out, S(",\"hmac\":\""));
    audit_put_hex(out, s->mac->b, sizeof s->mac->b);
    buf_put(out, S("\"}"));
    put_decision(out, c, s->fleet, s->policy);
    buf_putc(out, ',');
    put_target(out, s->fleet, s->target);
    put_word(out, S("place"), audit_place(s->fleet->targets[s->target].base_url));
}

void audit_put_end(struct buf *out, const struct call *c, const struct fleet *f, str policy)
{
    put_kind(out, AUDIT_END, c->last_byte_us);
    put_call(out, c);
    if (c->try_count)
        put_word(out, S("label"), str_c(label_name(c->label)));
    else
        put_decision(out, c, f, policy);
    put_word(out, S("step"), str_c(step_name(c->ended_at)));
    put_word(out, S("err"), str_c(err_name(c->err)));
    put_number(out, S("status"), c->status);
    buf_put(out, S(",\"tries\":["));
    for (unsigned i = 0; i < c->try_count; i++) {
        const struct try *t = &c->tries[i];
        buf_put(out, i ? S(",{") : S("{"));
        put_target(out, f, t->target);
        put_word(out, S("dialled"), str_c(t->dialled));
        put_number(out, S("status"), t->status);
        put_word(out, S("err"), str_c(err_name(t->err)));
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

void audit_put_lower(struct buf *out, const struct audit_lowering *w)
{
    put_kind(out, AUDIT_LOWER, w->at_us);
    put_word(out, S("conversation"), w->conversation);
    put_word(out, S("label"), str_c(label_name(w->label)));
    put_word(out, S("who"), w->who);
}

void audit_put_line(struct buf *out, uint64_t n, const struct audit_hash *prev, str rest)
{
    buf_put(out, S("{\"n\":"));
    buf_put_i64(out, (int64_t)n);
    buf_put(out, S(",\"prev\":\""));
    audit_put_hex(out, prev->b, sizeof prev->b);
    buf_put(out, S("\","));
    buf_put(out, rest);
    buf_put(out, S("}\n"));
}

// --- reading -------------------------------------------------------------------------------------

static str word_of(yyjson_val *o, const char *name)
{
    yyjson_val *v = yyjson_obj_get(o, name);
    const char *word = yyjson_get_str(v); // NULL where it is none
    return word ? str_of(word, yyjson_get_len(v)) : STR_NONE;
}

static bool number_of(yyjson_val *o, const char *name, uint64_t *ret)
{
    yyjson_val *v = yyjson_obj_get(o, name);
    if (!yyjson_is_uint(v))
        return false;
    *ret = yyjson_get_uint(v);
    return true;
}

// Counts a sending; one that does not plainly say that it is local is away.
static void count_sending(yyjson_val *o, struct audit_row *r)
{
    bool away = !yyjson_is_true(yyjson_obj_get(o, "local"));
    if (!away && r->away)
        return;
    r->away += away;
    str_copy_to(r->target, sizeof r->target, word_of(o, "target"));
    str_copy_to(r->zone, sizeof r->zone, word_of(o, "zone"));
}

// What only some kinds have.
static bool read_rest(yyjson_val *o, struct audit_row *r)
{
    yyjson_val *tries = yyjson_obj_get(o, "tries"), *t;
    size_t i, max;
    switch (r->kind) {
    case AUDIT_BEGIN:
        return number_of(o, "segment", &r->segment);
    case AUDIT_GAP:
        return number_of(o, "lost", &r->lost);
    case AUDIT_SEND:
        count_sending(o, r);
        break;
    case AUDIT_END:
        if (!yyjson_is_arr(tries))
            return false;
        yyjson_arr_foreach(tries, i, max, t) count_sending(t, r);
        break;
    default:
        return true;
    }
    r->label = label_parse(word_of(o, "label"));
    str_copy_to(r->call, sizeof r->call, word_of(o, "call"));
    return r->call[0] != 0;
}

static bool read_row(yyjson_val *o, struct audit_row *r)
{
    str kind = word_of(o, "kind");
    uint64_t at_us = 0;
    unsigned k = 0;
    while (k < AUDIT_KINDS && !str_eq(kind, str_c(kinds[k])))
        k++;
    if (k == AUDIT_KINDS || !number_of(o, "n", &r->n) || !number_of(o, "at_us", &at_us) ||
        at_us > INT64_MAX || !audit_read_hex(word_of(o, "prev"), r->prev.b, sizeof r->prev.b))
        return false;
    r->kind = (enum audit_kind)k;
    r->at_us = (int64_t)at_us;
    return read_rest(o, r);
}

static bool read_line(str line, struct audit_row *ret_row)
{
    if (line.n == 0 || line.n > AUDIT_LINE_MAX)
        return false;
    yyjson_doc *doc = yyjson_read(line.p, line.n, 0);
    struct audit_row r = {.label = LABEL_RESTRICTED};
    bool good = doc && read_row(yyjson_doc_get_root(doc), &r);
    yyjson_doc_free(doc);
    if (good)
        *ret_row = r;
    return good;
}

void audit_walk_segment(struct audit_walk *w, uint64_t number)
{
    w->segment = number;
    w->first = w->next;
    w->tree = (struct audit_tree){0};
}

void audit_walk_add(struct audit_walk *w, str line)
{
    must(line.n && line.n <= AUDIT_LINE_MAX);
    audit_leaf(line, &w->head);
    audit_tree_add(&w->tree, &w->head);
    w->next++;
}

bool audit_walk_line(struct audit_walk *w, str line, struct audit_row *ret_row,
                     const char **ret_why)
{
    struct audit_row r;
    const char *why = NULL;
    if (!read_line(line, &r)) {
        *ret_why = "is not a record";
        return false;
    }
    if (w->anywhere) {
        w->anywhere = false;
        w->first = w->next = r.n;
        w->head = r.prev;
    }
    bool first = w->tree.count == 0;
    if (r.n != w->next)
        why = "has the wrong number: a record is missing, or not where it was written";
    else if (!audit_same(&r.prev, &w->head))
        why = "does not follow the one before, which was changed";
    else if (first != (r.kind == AUDIT_BEGIN) || (first && r.segment != w->segment))
        why = "does not belong here: a segment begins with its number";
    if (why) {
        *ret_why = why;
        return false;
    }
    audit_walk_add(w, line);
    *ret_row = r;
    return true;
}
