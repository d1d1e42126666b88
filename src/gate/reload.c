// reload.c: another configuration while weir runs. It is read and checked whole on a thread of its
// own, then worker 0 puts it in force; whatever is wrong leaves the old one as it is. One reload at
// a time: a signal that comes meanwhile is one more afterwards.
#include "gate/reload.h"
#include "base/mem.h"
#include "base/thread.h"
#include "gate/policy.h"
#include "gate/worker.h"

struct reload {
    struct net_loop *loop; // worker 0's
    struct gate *gate;
    struct metrics *metrics;
    const struct gate_source *source;
    const struct snapshot *first; // what cannot change is as in this
    struct epoch *now;            // while the thread runs
    pthread_t thread;
    bool running, again;
    // --- the thread's, until it has posted
    enum reload_result result;
    struct epoch *found;
    char why[GATE_WHY];
};

// --- what cannot change --------------------------------------------------------------------------

bool reload_fixed(const struct snapshot *was, const struct snapshot *is, char ret_name[64])
{
    static const char *const gate_may[] = {
        "connections", "call_memory", "client_queue", "tries", "drain", "log_calls", NULL};
    static const char *const ledger_may[] = {"require_key", NULL};
    static const char *const learn_may[] = {"share",        "target",  "judge",
                                            "content",      "at_once", "body_limit",
                                            "answer_limit", "timeout", NULL};
    const struct {
        const char *section;
        const struct conf_table *table;
        const void *was, *is;
        const char *const *may;
    } rooms[] = {
        {"gate.", &gate_setting_table, &was->gate, &is->gate, gate_may},
        {"net.", &net_setting_table, &was->net, &is->net, NULL},
        {"ledger.", &ledger_setting_table, &was->ledger, &is->ledger, ledger_may},
        {"audit.", &audit_setting_table, &was->audit, &is->audit, NULL},
        {"learn.", &learn_setting_table, &was->learn, &is->learn, learn_may},
    };
    for (size_t i = 0; i < countof(rooms); i++) {
        const char *key = conf_differs(rooms[i].table, rooms[i].was, rooms[i].is, rooms[i].may);
        if (!key)
            continue;
        snprintf(ret_name, 64, "%s%s", rooms[i].section, key);
        return true;
    }
    bool same = was->engine_count == is->engine_count;
    for (size_t i = 0; same && i < was->engine_count; i++)
        same = upstream_engine_same(&was->engines[i], &is->engines[i]);
    if (!same)
        str_copy_to(ret_name, 64, S("engines"));
    return !same;
}

// --- the thread ----------------------------------------------------------------------------------

static enum reload_result look(struct reload *r)
{
    struct snapshot *s = r->source->read(r->source->arg, r->why);
    if (!s)
        return RELOAD_MISTAKE;
    char fixed[64];
    if (reload_fixed(r->first, s, fixed))
        snprintf(r->why, sizeof r->why, "%s cannot change while weir runs: restart", fixed);
    else if (gate_take_tenants(r->gate, &s->tenants, r->why) == OK &&
             gate_take_learn(r->gate, &s->learn, r->why) == OK)
        r->found = epoch_new(s, r->now);
    if (r->found)
        return RELOAD_TAKEN;
    if (s->free)
        s->free(s);
    return RELOAD_REFUSED;
}

static void finished(void *arg);

static void *read_anew(void *arg)
{
    struct reload *r = arg;
    r->result = look(r);
    net_loop_post(r->loop, finished, r);
    return NULL;
}

// --- worker 0 ------------------------------------------------------------------------------------

static void begin(struct reload *r)
{
    r->running = true;
    r->again = false;
    r->why[0] = 0;
    r->now = gate_epoch(r->gate);
    thread_start(&r->thread, read_anew, r);
}

static void say(const struct reload *r, const struct fleet *f, const char *classifier)
{
    metric_add(r->metrics, METRIC_config_reloads, r->result, 1);
    if (r->result != RELOAD_TAKEN)
        log_error("gate", "configuration refused, the old one stays: %s", r->why);
    else
        log_info("gate", "configuration taken: policy=%016llx classifier=%s targets=%u",
                 (unsigned long long)f->policy, classifier, f->target_count);
}

static void finished(void *arg)
{
    struct reload *r = arg;
    must(r->running && (r->result == RELOAD_TAKEN) == (r->found != NULL));
    pthread_join(r->thread, NULL);
    r->running = false;
    struct epoch *now = gate_epoch(r->gate);
    if (r->found && !gate_change(r->gate, r->found)) {
        snprintf(r->why, sizeof r->why,
                 "the decision log's queue is full: nothing may change "
                 "that it cannot say");
        epoch_unref(r->found);
        r->result = RELOAD_REFUSED;
    } else if (r->found) {
        now = r->found;
    }
    r->found = NULL;
    say(r, &now->snap->fleet, now->snap->model.digest);
    if (r->again)
        begin(r);
}

void reload_ask(struct reload *r)
{
    if (r->running)
        r->again = true;
    else
        begin(r);
}

struct reload *reload_new(struct gate *g, struct worker *first, const struct gate_source *source)
{
    struct reload *r = mem_new(sizeof *r);
    must(source->read);
    r->gate = g;
    r->loop = first->loop;
    r->metrics = first->metrics;
    r->source = source;
    r->first = gate_epoch(g)->snap;
    return r;
}

void reload_free(struct reload *r)
{
    if (!r)
        return;
    if (r->running) {
        pthread_join(r->thread, NULL); // its post is dropped with the loop
        epoch_unref(r->found);
    }
    mem_free(r);
}
