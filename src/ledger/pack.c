// pack.c: packing. No text of the request is among what is packed: types and counts of findings,
// names of targets, reasons that route wrote.
#include "ledger/pack.h"

// "EMAIL:2,IBAN:1": findings come in the order of their places; types are few.
static str findings_text(const struct screening *s, char *dst, size_t cap)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->finding_count; i++) {
        unsigned count = 0;
        bool first = true;
        for (uint32_t j = 0; j < s->finding_count; j++) {
            bool same = s->findings[j].type == s->findings[i].type;
            count += same;
            first &= !(same && j < i);
        }
        if (first && n + 40 < cap)
            n += (size_t)snprintf(dst + n, cap - n, "%s%s:%u", n ? "," : "", s->findings[i].type,
                                  count);
    }
    return str_of(dst, n);
}

static void put_row(struct buf *out, const struct plan_row *r, const struct fleet *f, bool first)
{
    buf_put(out, first ? S("{\"target\":") : S(",{\"target\":"));
    buf_put_json(out, f->targets[r->target].name);
    if (r->filter) {
        buf_put(out, S(",\"filter\":"));
        buf_put_json(out, str_c(r->filter));
    }
    buf_put(out, S(",\"why\":"));
    buf_put_json(out, str_c(r->why));
    buf_putc(out, '}');
}

static void put_plan(struct buf *out, const struct plan *p, const struct fleet *f)
{
    buf_put(out, S("{\"plan\":["));
    for (unsigned i = 0; i < p->count; i++)
        put_row(out, &p->rows[i], f, i == 0);
    buf_put(out, S("],\"out\":["));
    for (unsigned i = 0; i < p->out_count; i++)
        put_row(out, &p->out[i], f, i == 0);
    buf_put(out, S("],\"reason\":"));
    buf_put_json(out, str_c(p->reason));
    buf_putc(out, '}');
}

static void put_string(struct buf *block, size_t head, enum packed_string which, str s)
{
    enum { LONGEST = 4096 }; // the provider's usage object is the longest in practice
    s = str_first(s, LONGEST);
    buf_put(block, s);
    if (!block->over)
        ((struct packed *)(void *)(block->p + head))->length[which] = (uint32_t)s.n;
}

static void fill_head(struct packed *p, const struct call *c)
{
    p->id = c->id;
    p->start_us = c->start_us;
    p->first_byte_us = c->first_byte_us;
    p->last_byte_us = c->last_byte_us;
    p->task = (uint8_t)c->judgement.task;
    p->task_p = c->judgement.task < TASK_COUNT ? c->judgement.task_p[c->judgement.task] : 0;
    p->p_local_ok = c->judgement.p_local_ok;
    p->label = (uint8_t)c->label;
    p->step = (uint8_t)(c->err == OK ? STEP_RECORD : c->ended_at);
    p->err = (uint16_t)c->err;
    p->status = c->status;
    p->usage = c->usage;
    p->usage_source = c->usage.reported    ? USAGE_REPORTED
                      : c->usage.estimated ? USAGE_ESTIMATED
                                           : USAGE_ABSENT;
    p->bytes_in = c->bytes_in;
    p->bytes_out = c->bytes_out;
    p->events = c->events;
    p->try_count = (uint8_t)c->try_count;
    for (unsigned i = 0; i < c->try_count; i++)
        p->tries[i] = c->tries[i];
}

// "target\0zone\0" for each try.
static void put_try_names(struct buf *block, size_t head, const struct call *c,
                          const struct fleet *f)
{
    size_t start = block->n;
    for (unsigned i = 0; i < c->try_count; i++) {
        const struct target *t = &f->targets[c->tries[i].target];
        buf_put(block, t->name);
        buf_putc(block, 0);
        buf_put(block, f->zones[t->zone].name);
        buf_putc(block, 0);
    }
    if (!block->over)
        ((struct packed *)(void *)(block->p + head))->length[PACK_TRY_NAMES] =
            (uint32_t)(block->n - start);
}

bool pack_call(struct buf *block, const struct call *c, const struct fleet *f)
{
    char findings[512];
    size_t head = block->n;
    must(head % 8 == 0 && c->try_count <= TRY_MAX);
    char *room = buf_room(block, sizeof(struct packed));
    if (!room) {
        block->over = false;
        return false;
    }
    memset(room, 0, sizeof(struct packed));
    fill_head((struct packed *)(void *)room, c);
    buf_grew(block, sizeof(struct packed));
    const struct target *t = c->served_by >= 0 ? &f->targets[c->served_by] : NULL;
    put_string(block, head, PACK_DIALECT, c->dialect);
    put_string(block, head, PACK_TENANT, c->tenant);
    put_string(block, head, PACK_MODEL, str_first(c->client_model, 128));
    put_string(block, head, PACK_TARGET, t ? t->name : STR_NONE);
    put_string(block, head, PACK_ZONE, t ? f->zones[t->zone].name : STR_NONE);
    put_string(block, head, PACK_FINISH, str_first(c->finish, 64));
    put_string(block, head, PACK_ANSWER_MODEL, str_first(c->answer_model, 128));
    put_string(block, head, PACK_USAGE_RAW, c->usage_raw);
    put_string(block, head, PACK_FINDINGS, findings_text(&c->screening, findings, sizeof findings));
    size_t start = block->n;
    if (c->plan.count || c->plan.out_count)
        put_plan(block, &c->plan, f);
    size_t plan_bytes = block->n - start;
    put_try_names(block, head, c, f);
    buf_put(block, str_of("\0\0\0\0\0\0\0", (0 - block->n) & 7));
    if (block->over) {
        block->n = head;
        block->over = false;
        return false;
    }
    struct packed *p = (struct packed *)(void *)(block->p + head);
    p->length[PACK_PLAN] = (uint32_t)plan_bytes;
    p->bytes = (uint32_t)(block->n - head);
    return true;
}

const struct packed *packed_at(str block, size_t at)
{
    must(at % 8 == 0 && block.n - at >= sizeof(struct packed));
    const struct packed *p = (const struct packed *)(const void *)(block.p + at);
    must(p->bytes >= sizeof *p && p->bytes <= block.n - at);
    return p;
}

str packed_string(const struct packed *p, enum packed_string which)
{
    size_t at = sizeof *p;
    for (unsigned i = 0; i < (unsigned)which; i++)
        at += p->length[i];
    must(at + p->length[which] <= p->bytes);
    return str_of((const char *)p + at, p->length[which]);
}
