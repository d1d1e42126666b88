// policy.c: the policy in words. What is added to a snapshot and can change where a call goes is
// added here.
#include "gate/policy.h"

enum { LIMIT = 4 * 1024 * 1024 };

static void put_word(struct buf *out, const char *name, str value)
{
    buf_printf(out, "\"%s\":", name);
    buf_put_json(out, value);
}

static void put_zones(struct buf *out, const struct fleet *f)
{
    buf_put(out, S("\"zones\":["));
    for (unsigned i = 0; i < f->zone_count; i++) {
        buf_put(out, i ? S(",{") : S("{"));
        put_word(out, "name", f->zones[i].name);
        buf_printf(out, ",\"max_label\":\"%s\",\"local\":%s,\"addresses\":\"%s\"}",
                   label_name(f->zones[i].max_label), f->zones[i].local ? "true" : "false",
                   f->zones[i].anywhere ? "any" : "private");
    }
    buf_put(out, S("],\"targets\":["));
    for (unsigned i = 0; i < f->target_count; i++) {
        const struct target *t = &f->targets[i];
        must(t->zone < f->zone_count);
        buf_put(out, i ? S(",{") : S("{"));
        put_word(out, "name", t->name);
        buf_putc(out, ',');
        put_word(out, "zone", f->zones[t->zone].name);
        buf_putc(out, ',');
        put_word(out, "model", t->model);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_tenants(struct buf *out, const struct tenants *ts)
{
    buf_printf(out, ",\"require_key\":%s,\"tenants\":[", ts->require_key ? "true" : "false");
    for (unsigned i = 0; i < ts->count; i++) {
        const struct tenant *t = &ts->rows[i];
        buf_put(out, i ? S(",{") : S("{"));
        put_word(out, "name", t->name);
        buf_printf(out, ",\"label\":\"%s\",", label_name(t->label));
        put_word(out, "zone", t->zone);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_guard(struct buf *out, const struct guard_policy *g)
{
    buf_printf(out, ",\"guard\":{\"scan\":%s,\"media\":\"%s\",\"least_score\":%.6g,\"types\":{",
               g->scan ? "true" : "false", label_name(g->media), g->least_score);
    must(guard_type_count() <= countof(g->of_type));
    for (size_t i = 0; i < guard_type_count(); i++) {
        size_t k = 0; // several detectors may find one type, which has one label
        while (strcmp(guard_type(k), guard_type(i)) != 0)
            k++;
        if (k == i)
            buf_printf(out, "%s\"%s\":\"%s\"", i ? "," : "", guard_type(i),
                       label_name(g->of_type[i]));
    }
    buf_put(out, S("},\"own\":{"));
    for (unsigned i = 0; g->own && i < own_kind_count(g->own); i++)
        buf_printf(out, "%s\"%s\":\"%s\"", i ? "," : "", own_type(g->own, i),
                   label_name(g->of_own[i]));
    buf_printf(out, "},\"own_digest\":\"%016llx\"}",
               g->own ? (unsigned long long)own_digest(g->own) : 0);
}

static void put_tasks(struct buf *out, const bool *tasks, unsigned count)
{
    bool any = false;
    buf_putc(out, '[');
    for (unsigned t = 0; t < count; t++)
        if (tasks[t]) {
            buf_printf(out, "%s\"%s\"", any ? "," : "", task_name((enum task)t));
            any = true;
        }
    buf_putc(out, ']');
}

static void put_cascade(struct buf *out, const struct cascade_policy *c)
{
    buf_printf(out,
               ",\"cascade\":{\"from\":%.6g,\"confidence\":%.6g,\"hold_whole\":%s,"
               "\"hold_bytes\":%lld,\"wait_ms\":%lld,\"tasks\":",
               c->from, c->confidence, c->hold_whole ? "true" : "false", (long long)c->hold_bytes,
               (long long)c->wait_ms);
    put_tasks(out, c->tasks, TASK_COUNT);
    buf_putc(out, '}');
}

static void put_route(struct buf *out, const struct snapshot *s)
{
    static const char *const means[] = {"auto", "zone", "target"};
    const struct policy *p = &s->policy;
    buf_printf(out,
               ",\"route\":{\"quality\":%.6g,\"hard_quality\":%.6g,\"unsure_below\":%.6g,"
               "\"stay\":%.6g,\"switch_cost\":%.6g,"
               "\"unknown_model_is_auto\":%s,\"stand_in\":%s,\"classifier\":\"%s\",\"local\":",
               p->quality, p->hard_quality, p->unsure_below, p->stay, p->switch_cost,
               p->unknown_model_is_auto ? "true" : "false", p->stand_in ? "true" : "false",
               s->model.digest);
    put_tasks(out, p->task_local, TASK_COUNT + 1);
    put_cascade(out, &p->cascade);
    buf_put(out, S(",\"models\":{"));
    for (unsigned i = 0; i < p->name_count; i++) {
        const struct model_name *m = &p->names[i];
        must((unsigned)m->means < countof(means));
        buf_put(out, i ? S(",") : STR_NONE);
        buf_put_json(out, m->name);
        buf_printf(out, ":[\"%s\",%u]", means[m->means], m->index);
    }
    buf_put(out, S("}}"));
}

// Copies are calls, too: who gets them, and how many.
static void put_learn(struct buf *out, const struct learn_settings *l)
{
    if (l->share <= 0)
        return;
    buf_printf(out, ",\"learn\":{\"share\":%.6g,\"content\":%s,", l->share,
               l->content ? "true" : "false");
    put_word(out, "target", l->target);
    buf_putc(out, ',');
    put_word(out, "judge", l->judge);
    buf_putc(out, '}');
}

static void put_conversations(struct buf *out, const struct conversation_settings *s)
{
    buf_printf(out, ",\"conversations\":{\"on\":%s,\"by_beginning\":%s,\"keep\":%lld}",
               s->on ? "true" : "false", s->by_beginning ? "true" : "false", (long long)s->keep);
}

void policy_write(struct buf *ret_json, const struct snapshot *s)
{
    buf_init(ret_json, LIMIT);
    buf_putc(ret_json, '{');
    put_zones(ret_json, &s->fleet);
    put_tenants(ret_json, &s->tenants);
    put_guard(ret_json, &s->guard);
    put_route(ret_json, s);
    put_learn(ret_json, &s->learn);
    put_conversations(ret_json, &s->conversations);
    buf_putc(ret_json, '}');
}
