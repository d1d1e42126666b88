// conversation.c: which conversation a call belongs to: the one that its client names, else the one
// that begins as it does, with the same system prompt and the same first message of the user, for
// the same tenant. A long part of the beginning counts by its length and its two ends: two that
// differ only between them are taken for one, which can but raise a label.
#include "gate/worker.h"

enum { NAME_MAX_BYTES = 128, BEGINNING_MAX = 3072, END_BYTES = 512 };

// Letters, digits and what ids are made of.
static bool is_name(str s)
{
    static const char also[] = "-_.:~@/+=";
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool alnum =
            (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
        if (!alnum && !(ch && strchr(also, ch)))
            return false;
    }
    return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

bool conversation_read_name(struct live_call *l)
{
    const struct http_head *h = l->head;
    unsigned count = 0;
    for (size_t i = 0; i < h->header_count; i++) {
        if (!str_eq_nocase(h->headers[i].name, S("x-weir-conversation")))
            continue;
        l->call.want_conversation = str_trim(h->headers[i].value);
        count++;
    }
    if (count == 0 || (count == 1 && is_name(l->call.want_conversation)))
        return true;
    l->call.want_conversation = STR_NONE;
    fault_set(&l->fault, ERR_BAD_REQUEST, "x-weir-conversation", -1);
    str_copy_to(l->fault.say, sizeof l->fault.say,
                count > 1
                    ? S("a request belongs to one conversation: send this header once")
                    : S("a conversation's name is 1 to 128 of A-Z a-z 0-9 - _ . : ~ @ / + ="));
    return false;
}

// --- by its beginning ----------------------------------------------------------------------------

struct beginning {
    char bytes[BEGINNING_MAX];
    size_t n;
};

static void put(struct beginning *b, const void *p, size_t n)
{
    n = min_size(n, sizeof b->bytes - b->n);
    memcpy(b->bytes + b->n, p, n);
    b->n += n;
}

static void put_part(struct beginning *b, const struct ask *ask, const struct part *p)
{
    const char *at = ask->body.p + p->span.start;
    uint32_t n = p->span.end - p->span.start;
    const uint32_t head[2] = {n, (uint32_t)p->role << 8 | (uint32_t)p->kind};
    must(p->span.start <= p->span.end && p->span.end <= ask->body.n);
    put(b, head, sizeof head);
    if (n <= 2 * END_BYTES) {
        put(b, at, n);
        return;
    }
    put(b, at, END_BYTES);
    put(b, at + n - END_BYTES, END_BYTES);
}

// The parts that a conversation begins with; false where there is no user's message among them.
// ret_goes_on: more came behind it.
static bool read_beginning(const struct ask *ask, struct beginning *b, bool *ret_goes_on)
{
    uint32_t first = UINT32_MAX; // turn of the user's first message
    *ret_goes_on = false;
    for (uint32_t i = 0; i < ask->part_count; i++) {
        const struct part *p = &ask->parts[i];
        if (p->turn == UINT32_MAX)
            continue;
        if (first != UINT32_MAX && p->turn > first) {
            *ret_goes_on |= p->role != ROLE_SYSTEM;
            if (*ret_goes_on)
                break;
            continue;
        }
        *ret_goes_on |= p->role == ROLE_ASSISTANT || p->role == ROLE_TOOL; // before any user
        if (p->role == ROLE_USER)
            first = p->turn;
        if (p->role == ROLE_USER || p->role == ROLE_SYSTEM)
            put_part(b, ask, p);
    }
    return first != UINT32_MAX;
}

void conversation_join(struct live_call *l)
{
    struct call *c = &l->call;
    const struct snapshot *s = l->view->snap;
    struct ledger *ledger = gate_ledger(l->worker->gate);
    struct conversation *of = &c->conversation;
    struct beginning b;
    b.n = 0;
    if (!s->conversations.on || !ledger_remembers(ledger))
        return;
    bool begins = read_beginning(&c->ask, &b, &of->goes_on);
    of->named = c->want_conversation.n > 0;
    if (!of->named && !(begins && s->conversations.by_beginning)) {
        of->goes_on = false;
        return;
    }
    ledger_conversation_name(ledger, c->tenant, of->named,
                             of->named ? c->want_conversation : str_of(b.bytes, b.n), of->id);
    ledger_conversation_turn(ledger, &s->fleet, c->label, c->start_us, of);
    of->raised = of->label > c->label;
    c->label = label_join(c->label, of->label);
    metric_add(l->worker->metrics, METRIC_conversation_turns,
               of->lost                   ? 2
               : of->known && of->goes_on ? 1
                                          : 0,
               1);
}

void conversation_placed(struct live_call *l)
{
    struct call *c = &l->call;
    if (c->conversation.id[0] && c->served_by >= 0 && c->status < 400)
        ledger_conversation_placed(gate_ledger(l->worker->gate), &l->view->snap->fleet,
                                   (unsigned)c->served_by, &c->conversation);
}
