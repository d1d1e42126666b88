// pack.c: a call becomes a record. Runs on the road of a call: lengths are known, bytes are copied
// once, nothing is allocated. What comes from outside is cut to its cap and to valid UTF-8, so that
// every reader of the file can show it. Nothing of the ask but the model's name is taken.
#include "ledger/pack.h"
#include "ledger/plans.h"

enum {
    NAME_BYTES = NAME_CAP, // targets, zones, tenants
    FILTER_BYTES = 32,
    WORD_BYTES = 128,      // models, finish reasons, wishes in headers
    RAW_BYTES = 16 * 1024, // a longer usage object is left out: cut JSON helps nobody
    FINDING_TYPES = 24,    // kinds told apart
    FINDINGS_BYTES = 640,  // their text
    PLAN_ROW_BYTES = 3 + NAME_BYTES + FILTER_BYTES + sizeof(((struct plan_row *)0)->why),
};
_Static_assert(sizeof(struct packed) + TRY_MAX * (sizeof(struct packed_try) + 2 * NAME_BYTES) +
                       16 * WORD_BYTES + RAW_BYTES + FINDINGS_BYTES + 160 +
                       (PLAN_MAX + TARGET_MAX) * PLAN_ROW_BYTES + 64 <
                   PACK_MAX,
               "no record passes its ceiling");
_Static_assert(PACK_MAX <= UINT16_MAX, "places in a record are 16 bits");

struct packer {
    char *base;
    size_t at;
};

uint64_t pack_hash(str s)
{
    uint64_t h = s.n * 0x9e3779b97f4a7c15u, word;
    for (; s.n >= sizeof word; s = (str){s.p + sizeof word, s.n - sizeof word}) {
        memcpy(&word, s.p, sizeof word);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    word = 0;
    if (s.n)
        memcpy(&word, s.p, s.n);
    h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
    h ^= h >> 29;
    return h ? h : 1;
}

size_t pack_bound(const struct call *c, const struct fleet *f)
{
    size_t rows = c->plan.count + c->plan.out_count;
    must(c->try_count <= TRY_MAX && c->plan.count <= PLAN_MAX && c->plan.out_count <= TARGET_MAX);
    must(f->target_count <= TARGET_MAX);
    size_t n = sizeof(struct packed) + c->try_count * (sizeof(struct packed_try) + 2 * NAME_BYTES);
    n += min_size(c->client_model.n, WORD_BYTES) + min_size(c->dialect.n, NAME_BYTES);
    n += min_size(c->tenant.n, NAME_BYTES) + 2 * NAME_BYTES; // target, zone
    n += min_size(c->usage_raw.n, RAW_BYTES) + min_size(c->finish.n, WORD_BYTES);
    n += min_size(c->answer_model.n, WORD_BYTES) + min_size(c->want_label.n, WORD_BYTES);
    n += min_size(c->want_zone.n, WORD_BYTES) + min_size(c->want_quality.n, WORD_BYTES);
    n += min_size(c->want_deadline.n, WORD_BYTES) + sizeof c->plan.reason;
    n += c->screening.finding_count || c->screening.truncated ? FINDINGS_BYTES : 0;
    return n + PLAN_HEAD_BYTES + rows * PLAN_ROW_BYTES + 16;
}

// Our own words: configuration, fixed vocabularies.
static struct packed_text put(struct packer *k, str s, size_t cap)
{
    size_t n = min_size(s.n, cap);
    struct packed_text t = {(uint16_t)k->at, (uint16_t)n};
    if (n)
        memcpy(k->base + k->at, s.p, n);
    k->at += n;
    return t;
}

// Words of others: client, target.
static struct packed_text put_foreign(struct packer *k, str s)
{
    if (s.n == 0)
        return (struct packed_text){0, 0};
    s = str_first(s, WORD_BYTES);
    return put(k, str_first(s, utf8_valid(s)), WORD_BYTES);
}

static struct packed_text put_usage_raw(struct packer *k, str s)
{
    if (s.n == 0 || s.n > RAW_BYTES || utf8_valid(s) != s.n)
        return (struct packed_text){0, 0};
    return put(k, s, RAW_BYTES);
}

// A length in one byte, then so many bytes.
static void put_short(struct packer *k, str s, size_t cap)
{
    size_t n = min_size(s.n, cap);
    must(n <= UINT8_MAX);
    k->base[k->at++] = (char)n;
    if (n)
        memcpy(k->base + k->at, s.p, n);
    k->at += n;
}

static void put_row(struct packer *k, const struct plan_row *r, const struct fleet *f)
{
    must(r->target < f->target_count);
    put_short(k, f->targets[r->target].name, NAME_BYTES);
    if (r->filter)
        put_short(k, str_c(r->filter), FILTER_BYTES);
    put_short(k, str_of(r->why, strnlen(r->why, sizeof r->why)), sizeof r->why);
}

// Head: count, ruled out, err, stand-in, a byte each; then the rows.
static struct packed_text put_plan(struct packer *k, const struct plan *p, const struct fleet *f)
{
    size_t start = k->at;
    if (p->count == 0 && p->out_count == 0 && p->err == OK)
        return (struct packed_text){0, 0};
    k->base[k->at++] = (char)p->count;
    k->base[k->at++] = (char)p->out_count;
    k->base[k->at++] = (char)p->err;
    k->base[k->at++] = (char)p->stand_in;
    for (unsigned i = 0; i < p->count; i++) {
        must(!p->rows[i].filter);
        put_row(k, &p->rows[i], f);
    }
    for (unsigned i = 0; i < p->out_count; i++) {
        must(p->out[i].filter);
        put_row(k, &p->out[i], f);
    }
    return (struct packed_text){(uint16_t)start, (uint16_t)(k->at - start)};
}

// "EMAIL:2,IBAN:1"; "more" at the end where not all were counted.
static struct packed_text put_findings(struct packer *k, const struct screening *s)
{
    struct {
        const char *type;
        unsigned count;
    } seen[FINDING_TYPES];
    unsigned types = 0;
    bool more = s->truncated;
    if (s->finding_count == 0 && !more)
        return (struct packed_text){0, 0};
    for (uint32_t i = 0; i < s->finding_count; i++) {
        unsigned t = 0;
        while (t < types && seen[t].type != s->findings[i].type &&
               strcmp(seen[t].type, s->findings[i].type) != 0)
            t++;
        if (t == FINDING_TYPES) {
            more = true;
            continue;
        }
        if (t == types) {
            seen[t].type = s->findings[i].type;
            seen[types++].count = 0;
        }
        seen[t].count++;
    }
    char text[FINDINGS_BYTES + 1];
    size_t n = 0;
    for (unsigned t = 0; t < types && n < sizeof text; t++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%u", t ? "," : "", seen[t].type,
                              seen[t].count);
    if (more && n < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, "%smore", n ? "," : "");
    return put(k, str_of(text, min_size(n, sizeof text - 1)), FINDINGS_BYTES);
}

static int64_t after_us(int64_t at_us, int64_t start_us)
{
    if (at_us == 0)
        return -1;
    return at_us > start_us ? at_us - start_us : 0; // clocks may be set back
}

// Most calls: one try, which the client's answer came from.
static bool is_lone(const struct call *c)
{
    const struct try *t = &c->tries[0];
    return c->try_count == 1 && t->err == OK && t->status > 0 && t->status == c->status &&
           c->served_by == t->target;
}

static void put_tries(struct packer *k, struct packed *p, const struct call *c,
                      const struct fleet *f)
{
    k->at = (k->at + 7) & ~(size_t)7;
    p->try_count = (uint16_t)c->try_count;
    p->tries_at = (uint16_t)k->at;
    p->lone = is_lone(c);
    k->at += c->try_count * sizeof(struct packed_try);
    for (unsigned i = 0; i < c->try_count; i++) {
        const struct try *t = &c->tries[i];
        must(t->target < f->target_count);
        const struct target *to = &f->targets[t->target];
        struct packed_try *row = &packed_tries(p)[i];
        row->target = p->lone ? p->target : put(k, to->name, NAME_BYTES);
        row->zone = p->lone ? p->zone : put(k, f->zones[to->zone].name, NAME_BYTES);
        row->err = t->err == OK ? NULL : err_name(t->err);
        row->status = t->status ? t->status : -1;
        row->reused = t->reused;
        row->input = t->input > 0 ? t->input : -1;
        row->output = t->output > 0 ? t->output : -1;
        row->start_after_us = after_us(t->start_us, c->start_us);
        row->connected_after_us = after_us(t->connected_us, c->start_us);
        row->first_byte_after_us = after_us(t->first_byte_us, c->start_us);
        row->last_byte_after_us = after_us(t->last_byte_us, c->start_us);
    }
}

// Four digits are more than the classifier knows, and read better than a float's nine.
static double rounded(float p)
{
    return (double)(int)(p * 10000.0F + 0.5F) / 10000.0;
}

static void put_numbers(struct packed *p, const struct call *c)
{
    const struct judgement *j = &c->judgement;
    const struct usage *u = &c->usage;
    bool judged = j->task < TASK_COUNT;
    memcpy(p->id, c->id.c, ID_CHARS);
    p->start_us = c->start_us;
    p->task = task_name(j->task);
    p->task_p = judged ? rounded(j->task_p[j->task]) : -1;
    p->p_local_ok = judged ? rounded(j->p_local_ok) : -1;
    p->label = label_name(c->label);
    p->kind = c->kind == CALL_CLIENT ? NULL : call_kind_name(c->kind);
    p->step = step_name(c->err == OK ? STEP_RECORD : c->ended_at);
    p->err = c->err == OK ? NULL : err_name(c->err);
    p->status = c->status;
    p->bytes_in = (int64_t)c->bytes_in;
    p->bytes_out = (int64_t)c->bytes_out;
    p->events = (int64_t)c->events;
    p->input_uncached = u->input_uncached;
    p->input_cached = u->input_cached;
    p->input_written = u->input_written;
    p->output = u->output;
    p->reasoning = u->reasoning;
    p->usage_source = u->reported ? "reported" : u->estimated ? "estimated" : "absent";
    p->first_byte_after_us = after_us(c->first_byte_us, c->start_us);
    p->last_byte_after_us = after_us(c->last_byte_us, c->start_us);
    p->context = p->plan_id = 0;
    p->plan_span = (struct span){0, 0};
}

static void put_alike(struct packer *k, struct packed *p, const struct call *c,
                      const struct fleet *f)
{
    p->target = p->zone = (struct packed_text){0, 0};
    if (c->served_by >= 0) {
        must((unsigned)c->served_by < f->target_count);
        const struct target *t = &f->targets[c->served_by];
        p->target = put(k, t->name, NAME_BYTES);
        p->zone = put(k, f->zones[t->zone].name, NAME_BYTES);
    }
    str reason = {c->plan.reason, strnlen(c->plan.reason, sizeof c->plan.reason)};
    p->dialect = put(k, c->dialect, NAME_BYTES);
    p->tenant = put(k, c->tenant, NAME_BYTES);
    p->reason = put(k, reason, sizeof c->plan.reason);
    p->client_model = put_foreign(k, c->client_model);
    p->finish = put_foreign(k, c->finish);
    p->answer_model = put_foreign(k, c->answer_model);
    p->want_label = put_foreign(k, c->want_label);
    p->want_zone = put_foreign(k, c->want_zone);
    p->want_quality = put_foreign(k, c->want_quality);
    p->want_deadline = put_foreign(k, c->want_deadline);
    p->plan = put_plan(k, &c->plan, f);
    p->zero = 0;
    p->alike_end = (uint16_t)k->at;
}

size_t pack_call(void *dst, const struct call *c, const struct fleet *f)
{
    struct packed *p = dst;
    struct packer k = {dst, sizeof *p};
    must((uintptr_t)dst % 8 == 0 && c->try_count <= TRY_MAX);
    put_numbers(p, c);
    put_alike(&k, p, c, f);
    p->findings = put_findings(&k, &c->screening);
    p->usage_raw = put_usage_raw(&k, c->usage_raw);
    put_tries(&k, p, c, f);
    p->size_bytes = (uint32_t)((k.at + 7) & ~(size_t)7);
    must(p->size_bytes <= PACK_MAX);
    return p->size_bytes;
}
