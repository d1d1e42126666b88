// cascade.c: holding a local answer, having it checked (api_check_draft), letting it go or asking
// the next target. A stream of free text goes out once its beginning is no refusal; what has a form
// (JSON, tools) is held until it is whole. What is held is bounded in bytes, where it passes
// unchecked, and in time, where another target is asked.
// Invariants: (1) while it holds, no byte went to the client; (2) it decides once; (3) a plan with
// a cascade has a target behind the local one that may see the request: route has seen to it, and
// the clearance looks again.
#include "gate/cascade.h"

enum result {
    KEPT,
    UNCHECKED,
    AS_CHECKED, // and the faults of enum draft_fault behind it, from DRAFT_EMPTY on
    FAILED = AS_CHECKED + DRAFT_UNSURE,
    SLOW,
    RESULTS
};

struct cascade {
    struct live_call *call;
    enum { HOLDS, SETTLED, ESCALATED, RETURNED } state;
    enum result result;
    struct net_deadline late;
    struct wanted wanted;
    struct draft draft;
    // the whole local answer that failed its check
    bool kept;
    struct buf head, body;
    struct answer_watch watch;
    enum answer_mode mode;
    int served_by, status;
};

static const struct cascade_policy *policy_of(const struct live_call *l)
{
    return &l->view->snap->policy.cascade;
}

static struct try *local_try(struct live_call *l)
{
    must(l->plan_at == 0 && l->call.try_count == 1);
    return &l->call.tries[0];
}

bool cascade_holds(const struct live_call *l)
{
    return l->cascade && l->cascade->state == HOLDS;
}

bool cascade_waits(const struct live_call *l)
{
    return l->cascade && l->cascade->state == ESCALATED && l->cascade->kept;
}

bool cascade_turns(const struct live_call *l)
{
    return cascade_holds(l) || cascade_waits(l);
}

static void say(struct live_call *l, const char *end)
{
    static const char *const words[RESULTS] = {
        "answer passed its check",
        "answer was not checked whole",
        "answer was empty",
        "model declined",
        "answer was cut",
        "answer was no JSON",
        "answer was off its schema",
        "answer called a wrong tool",
        "answer was unsure",
        "target failed",
        "answer was slow",
    };
    struct call *c = &l->call;
    snprintf(c->plan.reason, sizeof c->plan.reason, "cascade: %s, the local %s%s",
             task_name(c->judgement.task), words[l->cascade->result], end);
}

static void decide(struct live_call *l, enum result result, bool goes_out)
{
    struct cascade *k = l->cascade;
    must(k->state == HOLDS && !l->head_sent && result < RESULTS);
    net_deadline_disarm(&k->late);
    k->result = result;
    k->state = goes_out ? SETTLED : ESCALATED;
    metric_add(l->worker->metrics, METRIC_cascades, (unsigned)result, 1);
    say(l, "");
}

static void let_go(struct live_call *l, enum result result)
{
    decide(l, result, true);
    answer_head_end(l);
}

// What the thrown answer cost stands in its try: the entry's own usage is of what the client got.
static void give_up(struct live_call *l, enum result result)
{
    struct try *t = local_try(l);
    const struct usage *u = &l->watch.usage;
    if (u->reported) {
        const int64_t in[] = {u->input_uncached, u->input_cached, u->input_written};
        for (size_t i = 0; i < countof(in); i++)
            t->input += in[i] > 0 ? in[i] : 0;
        t->output = u->output;
    } else if (l->watch.output_bytes) {
        t->input = l->call.ask.estimated_input_tokens;
        t->output = (int64_t)(l->watch.output_bytes + 3) / 4;
    }
    decide(l, result, false);
    l->watch = (struct answer_watch){.usage = USAGE_NONE};
}

static void move(struct buf *to, struct buf *from)
{
    *to = *from;
    buf_init(from, to->limit_bytes);
}

// The whole answer is put aside.
static void keep(struct live_call *l)
{
    struct cascade *k = l->cascade;
    must(!k->kept && l->try_err == OK);
    k->kept = true;
    k->watch = l->watch;
    k->mode = l->mode;
    k->served_by = l->call.served_by;
    k->status = l->call.status;
    move(&k->head, &l->out_head);
    move(&k->body, &l->out_body);
}

static enum draft_fault check(struct live_call *l)
{
    struct cascade *k = l->cascade;
    if (l->mode == ANSWER_WHOLE)
        l->dialect->read_draft(buf_str(&l->out_body), &k->draft);
    const struct usage *u = &l->watch.usage;
    const struct draft_check c = {.wanted = &k->wanted,
                                  .draft = &k->draft,
                                  .finish = l->watch.finish,
                                  .output_tokens = u->reported ? u->output : -1,
                                  .max_output_tokens = l->call.ask.max_output_tokens,
                                  .confidence = policy_of(l)->confidence};
    return api_check_draft(&l->arena, &c);
}

// What is wrong with an answer that came to its end.
static enum result result_of(struct live_call *l)
{
    if (l->mode == ANSWER_ERROR) // of the only target that may be asked
        return FAILED;
    if (l->mode == ANSWER_STREAM)
        answer_take_rest(l);
    if (l->out_body.n > (size_t)policy_of(l)->hold_bytes)
        return UNCHECKED;
    if (l->mode == ANSWER_STREAM && (l->watch.failed || !(l->watch.ended || l->watch.finished)))
        return FAILED;
    enum draft_fault f = check(l);
    must(f < DRAFT_OPEN);
    return f == DRAFT_FITS ? KEPT : AS_CHECKED + f - DRAFT_EMPTY;
}

enum err cascade_judge(struct live_call *l, enum err e)
{
    if (!cascade_holds(l))
        return e;
    if (e != OK) { // it failed by itself
        give_up(l, FAILED);
        return err_retry(e) == RETRY_NEVER ? ERR_UPSTREAM_TIMEOUT : e;
    }
    enum result r = result_of(l);
    if (r == KEPT || r == UNCHECKED || !send_may_go_on(l, ERR_UNFIT)) {
        let_go(l, r);
        return OK;
    }
    struct answer_watch watch = l->watch;
    give_up(l, r);
    l->watch = watch;
    keep(l);
    l->watch = (struct answer_watch){.usage = USAGE_NONE};
    local_try(l)->err = ERR_UNFIT;
    return ERR_UNFIT;
}

// Stops the local target in the midst of its answer.
static void stop(struct live_call *l, enum result r, enum err why)
{
    give_up(l, r);
    send_stop(l, why);
    steps_run(l);
}

static bool checked_at_end(const struct live_call *l)
{
    return l->mode != ANSWER_STREAM || policy_of(l)->hold_whole ||
           api_form_needs_end(&l->cascade->wanted);
}

bool cascade_read_end(struct live_call *l)
{
    enum draft_fault f = DRAFT_OPEN;
    if (!cascade_holds(l))
        return false;
    if (l->mode == ANSWER_STREAM && l->out_body.n > (size_t)policy_of(l)->hold_bytes) {
        let_go(l, UNCHECKED);
        return false;
    }
    if (!checked_at_end(l))
        f = api_check_beginning(&l->cascade->draft);
    if (f == DRAFT_OPEN)
        return true;
    if (f == DRAFT_DECLINED && send_may_go_on(l, ERR_UNFIT)) {
        stop(l, AS_CHECKED + DRAFT_DECLINED - DRAFT_EMPTY, ERR_UNFIT);
        return true;
    }
    let_go(l, f == DRAFT_FITS ? KEPT : AS_CHECKED + f - DRAFT_EMPTY);
    return false;
}

// The client has waited for so long: what can be sent is sent, else another target is asked.
static void on_late(struct net_deadline *d)
{
    struct cascade *k = container_of(d, struct cascade, late);
    struct live_call *l = k->call;
    steps_at(l);
    must(cascade_holds(l) && l->sending);
    if (l->decided && k->draft.text.n > 0 && !checked_at_end(l)) {
        let_go(l, UNCHECKED);
        answer_read_end(l);
    } else if (send_may_go_on(l, ERR_UPSTREAM_TIMEOUT)) {
        stop(l, SLOW, ERR_UPSTREAM_TIMEOUT);
    }
    steps_rest();
}

void cascade_event(struct live_call *l, str data)
{
    if (cascade_holds(l))
        l->dialect->read_draft(data, &l->cascade->draft);
}

void cascade_begin(struct live_call *l)
{
    struct cascade *k = arena_new(&l->arena, struct cascade);
    must(!l->cascade && l->call.plan.cascade && l->plan_at == 0 &&
         l->call.label < LABEL_RESTRICTED);
    k->call = l;
    k->state = HOLDS;
    l->dialect->read_wanted(&l->arena, l->body, &k->wanted);
    api_draft_init(&k->draft, (size_t)policy_of(l)->hold_bytes);
    net_deadline_init(&k->late, on_late);
    net_deadline_arm(&l->view->held, &k->late);
    l->cascade = k;
}

bool cascade_return(struct live_call *l)
{
    struct cascade *k = l->cascade;
    if (!cascade_waits(l) || l->head_sent || l->client_gone)
        return false;
    must(!l->sending);
    k->state = RETURNED;
    k->kept = false;
    buf_done(&l->out_head);
    buf_done(&l->out_body);
    move(&l->out_head, &k->head);
    move(&l->out_body, &k->body);
    l->watch = k->watch;
    l->mode = k->mode;
    l->call.served_by = k->served_by;
    l->call.status = k->status;
    l->refusal = NULL;
    l->fault = (struct fault){0};
    l->try_ended = true;
    l->try_err = l->record_err = OK;
    l->call.tries[0].input = l->call.tries[0].output = 0; // it is the call's own now
    answer_forget_stream(l);
    say(l, ", but no other target answered");
    metric_add(l->worker->metrics, METRIC_cascades_returned, 0, 1);
    answer_head_end(l);
    return true;
}

void cascade_end(struct live_call *l)
{
    struct cascade *k = l->cascade;
    net_deadline_disarm(&k->late);
    api_draft_done(&k->draft);
    buf_done(&k->head);
    buf_done(&k->body);
    l->cascade = NULL; // its memory is the arena's
}
