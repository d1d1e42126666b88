// pack.c: packing. The worker copies what the entry needs to the block's end, as it stands; words
// are made of it by the writer thread. No text of the request is among what is packed: types and
// counts of findings, names of targets, reasons that route wrote.
// Invariant: a record is whole or not there; its length is a multiple of 8.
#include "ledger/pack.h"

enum { NAME_MOST = 256, USAGE_RAW_MOST = 4096, FINDING_TYPES = 32 };

// Where the next byte goes. Past the end nothing is written and `over` is set.
struct pen {
    char *at, *end;
    bool over;
};

static void put(struct pen *o, str s)
{
    if (s.n > (size_t)(o->end - o->at)) {
        o->over = true;
        return;
    }
    if (s.n)
        memcpy(o->at, s.p, s.n);
    o->at += s.n;
}

static void put_byte(struct pen *o, unsigned char c)
{
    put(o, str_of((const char *)&c, 1));
}

// With a zero byte behind it.
static void put_ended(struct pen *o, str s)
{
    put(o, str_first(s, NAME_MOST));
    put_byte(o, 0);
}

static void put_count(struct pen *o, uint32_t n)
{
    char digits[10];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    put(o, str_of(digits + at, sizeof digits - at));
}

// "EMAIL:2,IBAN:1", in the order in which the types were met. Types are static strings, so that one
// type is one pointer.
static void put_findings(struct pen *o, const struct screening *s)
{
    const char *types[FINDING_TYPES];
    uint32_t counts[FINDING_TYPES], count = 0;
    for (uint32_t i = 0; i < s->finding_count; i++) {
        uint32_t t = 0;
        while (t < count && types[t] != s->findings[i].type)
            t++;
        if (t == FINDING_TYPES)
            continue;
        if (t == count) {
            types[count] = s->findings[i].type;
            counts[count++] = 0;
        }
        counts[t]++;
    }
    for (uint32_t t = 0; t < count; t++) {
        put(o, t ? S(",") : STR_NONE);
        put(o, str_c(types[t]));
        put(o, S(":"));
        put_count(o, counts[t]);
    }
}

// Two counts, then name and why of each row, name, filter and why of each that is out, the reason.
static void put_plan(struct pen *o, const struct plan *p, const struct fleet *f)
{
    must(p->count <= PLAN_MAX && p->out_count <= TARGET_MAX);
    put_byte(o, (unsigned char)p->count);
    put_byte(o, (unsigned char)p->out_count);
    for (unsigned i = 0; i < p->count; i++) {
        must(p->rows[i].target < f->target_count);
        put_ended(o, f->targets[p->rows[i].target].name);
        put_ended(o, str_c(p->rows[i].why));
    }
    for (unsigned i = 0; i < p->out_count; i++) {
        must(p->out[i].target < f->target_count);
        put_ended(o, f->targets[p->out[i].target].name);
        put_ended(o, str_c(p->out[i].filter));
        put_ended(o, str_c(p->out[i].why));
    }
    put_ended(o, str_c(p->reason));
}

static void put_try_names(struct pen *o, const struct call *c, const struct fleet *f)
{
    for (unsigned i = 0; i < c->try_count; i++) {
        must(c->tries[i].target < f->target_count);
        const struct target *t = &f->targets[c->tries[i].target];
        put_ended(o, t->name);
        put_ended(o, f->zones[t->zone].name);
    }
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
    memcpy(p->tries, c->tries, c->try_count * sizeof c->tries[0]);
}

// Cut to fit, but not within a letter.
static str shortened(str s, size_t most)
{
    return s.n <= most ? s : str_first(s, utf8_valid(str_first(s, most)));
}

// Writes the strings in enum packed_string's order, and how long each became.
static void put_strings(struct pen *o, uint32_t *ret_lengths, const struct call *c,
                        const struct fleet *f)
{
    const struct target *t = c->served_by >= 0 ? &f->targets[c->served_by] : NULL;
    const str plain[] = {
        [PACK_DIALECT] = c->dialect,
        [PACK_TENANT] = str_first(c->tenant, NAME_MOST),
        [PACK_MODEL] = shortened(c->client_model, 128),
        [PACK_TARGET] = t ? str_first(t->name, NAME_MOST) : STR_NONE,
        [PACK_ZONE] = t ? str_first(f->zones[t->zone].name, NAME_MOST) : STR_NONE,
        [PACK_FINISH] = shortened(c->finish, 64),
        [PACK_ANSWER_MODEL] = shortened(c->answer_model, 128),
        // half an object is no JSON: one that is too long is left out
        [PACK_USAGE_RAW] = c->usage_raw.n <= USAGE_RAW_MOST ? c->usage_raw : STR_NONE,
    };
    for (unsigned i = 0; i < countof(plain); i++) {
        put(o, plain[i]);
        ret_lengths[i] = (uint32_t)plain[i].n;
    }
    char *start = o->at;
    put_findings(o, &c->screening);
    ret_lengths[PACK_FINDINGS] = (uint32_t)(o->at - start);
    start = o->at;
    if (c->plan.count || c->plan.out_count)
        put_plan(o, &c->plan, f);
    ret_lengths[PACK_PLAN] = (uint32_t)(o->at - start);
    start = o->at;
    put_try_names(o, c, f);
    ret_lengths[PACK_TRY_NAMES] = (uint32_t)(o->at - start);
}

bool pack_call(struct buf *block, const struct call *c, const struct fleet *f)
{
    size_t left = (block->limit_bytes - block->n) & ~(size_t)7;
    must(block->n % 8 == 0 && c->try_count <= TRY_MAX);
    must(c->served_by < (int)f->target_count);
    if (left < sizeof(struct packed))
        return false;
    char *room = buf_room(block, left);
    must(room);
    struct packed *p = (struct packed *)(void *)room;
    struct pen o = {room + sizeof *p, room + left, false};
    memset(p, 0, sizeof *p);
    fill_head(p, c);
    put_strings(&o, p->length, c, f);
    if (o.over)
        return false;
    size_t n = (size_t)(o.at - room), padding = (0 - n) & 7; // left is whole eights: it fits
    memset(o.at, 0, padding);
    p->bytes = (uint32_t)(n + padding);
    buf_grew(block, p->bytes);
    return true;
}

const struct packed *packed_at(str block, size_t at)
{
    must(at % 8 == 0 && at <= block.n && block.n - at >= sizeof(struct packed));
    const struct packed *p = (const struct packed *)(const void *)(block.p + at);
    must(p->bytes >= sizeof *p && p->bytes <= block.n - at);
    return p;
}

str packed_string(const struct packed *p, enum packed_string which)
{
    size_t at = sizeof *p;
    must(which < PACK_STRINGS);
    for (unsigned i = 0; i < (unsigned)which; i++)
        at += p->length[i];
    must(at + p->length[which] <= p->bytes);
    return str_of((const char *)p + at, p->length[which]);
}

// The next text with the key before it.
static void put_pair(struct buf *out, str key, str *rest)
{
    str value;
    must(str_next(rest, 0, &value));
    buf_put(out, key);
    buf_put_json(out, value);
}

void packed_plan_json(struct buf *out, str packed)
{
    must(packed.n >= 2);
    unsigned count = (unsigned char)packed.p[0], out_count = (unsigned char)packed.p[1];
    str rest = str_from(packed, 2);
    buf_put(out, S("{\"plan\":["));
    for (unsigned i = 0; i < count; i++) {
        put_pair(out, i ? S(",{\"target\":") : S("{\"target\":"), &rest);
        put_pair(out, S(",\"why\":"), &rest);
        buf_putc(out, '}');
    }
    buf_put(out, S("],\"out\":["));
    for (unsigned i = 0; i < out_count; i++) {
        put_pair(out, i ? S(",{\"target\":") : S("{\"target\":"), &rest);
        put_pair(out, S(",\"filter\":"), &rest);
        put_pair(out, S(",\"why\":"), &rest);
        buf_putc(out, '}');
    }
    put_pair(out, S("],\"reason\":"), &rest);
    buf_putc(out, '}');
}
