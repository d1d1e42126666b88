// shadow.c: learning from the deployment (docs/learning.md). A share of the public calls that were
// answered locally is sent once more, as a copy, to a target that is not local; the two answers are
// compared, by a judge model where nothing simpler tells, and what came of it is a row in a file.
// Invariants: (1) only a call whose label is public is drawn, and only to a target that its own
// plan held; (2) it begins when the client has its answer, and nothing of it waits for it; (3) at
// most learn.at_once lessons are open on a worker, each with one call at a time and bounded bytes;
// (4) where weir ends, what is under way is dropped.
#include "base/mem.h"
#include "gate/aside.h"

enum { BODY, SIZE, NO_TARGET, BUSY, ANSWER, DISK }; // slots of the metric learn_skipped

// A pair of answers to one request.
struct lesson {
    struct list at; // worker->lessons
    struct worker *worker;
    struct view *view;
    struct arena arena;
    struct net_turn turn; // it begins when the loop's turn ends
    const struct dialect *dialect;
    struct aside_origin from;
    int64_t start_us;
    enum task task;
    float p_local_ok;
    unsigned weak_target, strong_target;
    str body, heard; // the request; the local answer as it came
    bool streamed;
    struct ask ask;
    struct reply weak, strong;
    struct buf question;
    enum { COPY, STRAIGHT, SWAPPED } doing;
    enum learn_verdict straight;
    struct aside own;
};

static void skipped(struct worker *w, unsigned why)
{
    metric_add(w->metrics, METRIC_learn_skipped, why, 1);
}

static void lesson_free(struct lesson *s)
{
    struct worker *w = s->worker;
    must(w->lesson_count > 0);
    net_turn_forget(&s->turn);
    aside_done(&s->own);
    list_remove(&s->at);
    metric_set(w->metrics, METRIC_side_calls_open, 0, --w->lesson_count);
    view_leave(s->view);
    buf_done(&s->question);
    arena_done(&s->arena);
    mem_free(s);
}

// --- the row -------------------------------------------------------------------------------------

static bool is_public(struct lesson *s, const struct reply *r)
{
    struct screening found;
    struct buf all;
    buf_init(&all, 4 * (size_t)s->view->snap->learn.answer_limit + 4096);
    buf_put(&all, text_reveal(r->text));
    for (unsigned i = 0; i < r->tool_count; i++) {
        buf_putc(&all, '\n');
        buf_put(&all, text_reveal(r->tools[i].arguments));
    }
    guard_scan_text(&s->arena, text_of(buf_str(&all)), &s->view->snap->guard, &found);
    bool fine = found.label == LABEL_PUBLIC && !all.over && !s->arena.over;
    buf_done(&all);
    return fine;
}

static void finish(struct lesson *s, enum learn_how how)
{
    const struct snapshot *snap = s->view->snap;
    const struct target *targets = snap->fleet.targets;
    struct worker *w = s->worker;
    struct buf features, line;
    buf_init(&features, 64 * 1024);
    buf_init(&line, 64 * 1024 + 8 * (size_t)(snap->learn.body_limit + snap->learn.answer_limit));
    route_features_pack(&features, &s->ask);
    struct learn_row row = {.at_us = s->start_us,
                            .call = str_of(s->from.id.c, ID_CHARS),
                            .weights = str_c(snap->model.digest),
                            .weak = targets[s->weak_target].name,
                            .strong = targets[s->strong_target].name,
                            .task = s->task,
                            .p_local_ok = s->p_local_ok,
                            .label = s->from.label,
                            .how = how,
                            .features = buf_str(&features),
                            .weak_reply = &s->weak,
                            .strong_reply = &s->strong};
    // what the models added may be sensitive where the request was not
    row.content = snap->learn.content && is_public(s, &s->weak) && is_public(s, &s->strong);
    if (row.content) {
        struct wanted wanted;
        s->dialect->read_wanted(&s->arena, s->body, &wanted);
        row.messages = wanted.messages;
    }
    learn_put_row(&line, &row);
    if (!line.over && !features.over)
        learn_put(gate_learn(w->gate), w->metrics, buf_str(&line));
    metric_add(w->metrics, METRIC_learn_compared, how, 1);
    buf_done(&line);
    buf_done(&features);
    lesson_free(s);
}

// --- the judge -----------------------------------------------------------------------------------

static int target_named(const struct fleet *f, str name)
{
    for (unsigned i = 0; name.n && i < f->target_count; i++)
        if (str_eq(f->targets[i].name, name))
            return (int)i;
    return -1;
}

static struct text reply_text(struct lesson *s, const struct reply *r)
{
    str t = text_reveal(r->text);
    for (unsigned i = 0; i < r->tool_count; i++) {
        str a = text_reveal(r->tools[i].arguments);
        t = arena_printf(&s->arena, "%.*s\ncalls %.*s(%.*s)", STR_ARGS(t),
                         STR_ARGS(r->tools[i].name), STR_ARGS(a));
    }
    return text_of(t);
}

// The conversation as a judge reads it.
static struct text request_text(struct lesson *s)
{
    static const char *const who[] = {"SYSTEM", "USER", "ASSISTANT", "TOOL", "ALSO"};
    struct buf out;
    buf_init(&out, 2 * (size_t)s->view->snap->learn.body_limit + 4096);
    uint32_t turn = UINT32_MAX - 1;
    for (uint32_t i = 0; i < s->ask.part_count; i++) {
        const struct part *p = &s->ask.parts[i];
        str t = text_reveal(ask_text(&s->arena, &s->ask, p));
        if (t.n == 0 || p->kind == PART_METADATA)
            continue;
        must((unsigned)p->role < countof(who));
        if (p->turn != turn)
            buf_printf(&out, "%s:\n", who[p->role]);
        turn = p->turn;
        buf_put(&out, t);
        buf_put(&out, S("\n"));
    }
    str all = out.over ? STR_NONE : arena_copy(&s->arena, buf_str(&out));
    buf_done(&out);
    return text_of(all);
}

// Asks in one order; false where that cannot be.
static bool ask_judge(struct lesson *s, int judge, bool swapped)
{
    const struct learn_settings *set = &s->view->snap->learn;
    struct learn_pair pair = {.request = request_text(s),
                              .weak = reply_text(s, &s->weak),
                              .strong = reply_text(s, &s->strong),
                              .mark = str_of(s->own.call.id.c, ID_CHARS)};
    buf_clear(&s->question);
    learn_put_question(&s->question, &pair, swapped);
    if (s->question.over || s->arena.over || text_reveal(pair.request).n == 0)
        return false;
    s->doing = swapped ? SWAPPED : STRAIGHT;
    struct aside_order o = {.kind = CALL_JUDGE,
                            .body = buf_str(&s->question),
                            .dialect = &dialect_openai_chat,
                            .target = (unsigned)judge,
                            .answer_limit = (size_t)set->answer_limit};
    return aside_send(&s->own, &o, &s->from) == OK;
}

static void compare(struct lesson *s)
{
    const struct snapshot *snap = s->view->snap;
    int judge = target_named(&snap->fleet, snap->learn.judge);
    enum learn_how how = learn_compare(&s->weak, &s->strong, s->task, judge >= 0);
    bool worth = !s->strong.cut && (text_reveal(s->strong.text).n || s->strong.tool_count);
    if (how != HOW_unknown || judge < 0 || !worth || !ask_judge(s, judge, false))
        finish(s, how);
}

static void take_verdict(struct lesson *s, const struct reply *reply)
{
    const struct snapshot *snap = s->view->snap;
    int judge = target_named(&snap->fleet, snap->learn.judge);
    enum learn_verdict v = reply->cut ? VERDICT_NONE : learn_read_verdict(reply->text);
    if (s->doing == SWAPPED) {
        finish(s, learn_judged(s->straight, v));
        return;
    }
    s->straight = v;
    if (v == VERDICT_NONE || !ask_judge(s, judge, true))
        finish(s, HOW_unknown);
}

// A call of weir's own has ended.
static void on_done(struct aside *a, const struct reply *reply)
{
    struct lesson *s = container_of(a, struct lesson, own);
    if (s->doing != COPY && !reply) {
        finish(s, HOW_unknown);
    } else if (s->doing != COPY) {
        take_verdict(s, reply);
    } else if (!reply) {
        lesson_free(s);
    } else { // the aside's arena is emptied by its next call
        s->strong = *reply;
        s->strong.text = text_of(arena_copy(&s->arena, text_reveal(reply->text)));
        s->strong.tools = arena_array(&s->arena, struct tool_use, reply->tool_count + 1);
        for (unsigned i = 0; i < reply->tool_count; i++) {
            const struct tool_use *t = &reply->tools[i];
            s->strong.tools[i].name = arena_copy(&s->arena, t->name);
            s->strong.tools[i].arguments =
                text_of(arena_copy(&s->arena, text_reveal(t->arguments)));
        }
        compare(s);
    }
}

// --- beginning -----------------------------------------------------------------------------------

// The local answer is read, and the copy sent.
static bool begin(struct lesson *s)
{
    const struct learn_settings *set = &s->view->snap->learn;
    const struct aside_answer heard = {s->dialect, s->heard, s->streamed,
                                       (size_t)set->answer_limit};
    struct answer_watch watch;
    struct fault f = {0};
    aside_read(&heard, &s->arena, &watch, &s->weak);
    if (s->weak.cut || s->arena.over) {
        skipped(s->worker, ANSWER);
        return false;
    }
    if (s->dialect->read_ask(&s->arena, s->body, &s->ask, &f) != OK)
        return false; // it was read before: the arena is too small
    struct aside_order o = {.kind = CALL_SHADOW,
                            .body = s->body,
                            .dialect = s->dialect,
                            .target = s->strong_target,
                            .answer_limit = (size_t)set->answer_limit};
    return aside_send(&s->own, &o, &s->from) == OK;
}

static void on_turn_end(struct net_turn *turn)
{
    struct lesson *s = container_of(turn, struct lesson, turn);
    if (!begin(s))
        lesson_free(s);
}

static void open_lesson(struct live_call *l, unsigned strong, str heard)
{
    const struct learn_settings *set = &l->view->snap->learn;
    const struct call *c = &l->call;
    struct worker *w = l->worker;
    struct lesson *s = mem_new(sizeof *s);
    must(c->label == LABEL_PUBLIC);
    s->worker = w;
    s->view = view_share(l->view);
    arena_init(&s->arena, 1024 * 1024 + 16 * (size_t)(set->body_limit + set->answer_limit));
    buf_init(&s->question, 64 * 1024 + 8 * (size_t)(set->body_limit + set->answer_limit));
    net_turn_init(&s->turn, on_turn_end);
    s->dialect = l->dialect;
    s->from = (struct aside_origin){.id = c->id,
                                    .tenant = c->tenant,
                                    .want_zone = arena_copy(&s->arena, c->want_zone),
                                    .tenant_label = c->tenant_label,
                                    .label = c->label};
    s->start_us = c->start_us;
    s->task = c->judgement.task;
    s->p_local_ok = c->judgement.p_local_ok;
    s->weak_target = (unsigned)c->served_by;
    s->strong_target = strong;
    s->body = arena_copy(&s->arena, l->body);
    s->heard = arena_copy(&s->arena, heard);
    s->streamed = l->mode == ANSWER_STREAM;
    aside_init(&s->own, w, s->view, on_done);
    list_push_back(&w->lessons, &s->at);
    metric_set(w->metrics, METRIC_side_calls_open, 0, ++w->lesson_count);
    net_turn_end(w->loop, &s->turn);
}

// By its id alone, so that the same calls are drawn wherever that is asked.
static bool is_drawn(const struct call *c, double share)
{
    uint64_t seed = str_hash(str_of(c->id.c, ID_CHARS));
    return (double)(rng_next(&seed) >> 11) < share * 9007199254740992.0; // 2^53
}

static bool may_be_learned_from(const struct live_call *l)
{
    const struct call *c = &l->call;
    const struct fleet *f = &l->view->snap->fleet;
    return c->kind == CALL_CLIENT && c->label == LABEL_PUBLIC && c->status == 200 &&
           c->served_by >= 0 && f->zones[f->targets[c->served_by].zone].local &&
           is_drawn(c, l->view->snap->learn.share);
}

// Of the call's own plan, which knows what its client, tenant and label allow; -1: none.
static int strong_of(const struct live_call *l)
{
    const struct fleet *f = &l->view->snap->fleet;
    str wanted = l->view->snap->learn.target;
    for (unsigned i = 0; i < l->call.plan.count; i++) {
        const struct target *t = &f->targets[l->call.plan.rows[i].target];
        if (!f->zones[t->zone].local && (!wanted.n || str_eq(wanted, t->name)))
            return l->call.plan.rows[i].target;
    }
    return -1;
}

void shadow_listen(struct live_call *l)
{
    if (l->heard.limit_bytes)
        buf_done(&l->heard);
    l->heard.limit_bytes = 0;
    if (l->mode == ANSWER_STREAM && may_be_learned_from(l))
        buf_init(&l->heard, 4 * (size_t)l->view->snap->learn.answer_limit);
}

void shadow_consider(struct live_call *l)
{
    enum {
        NOT_TEXT =
            ABILITY_IMAGES | ABILITY_AUDIO | ABILITY_FILES | ABILITY_AUDIO_OUT | ABILITY_CHOICES
    };
    const struct learn_settings *set = &l->view->snap->learn;
    const struct call *c = &l->call;
    const struct buf *heard = l->mode == ANSWER_STREAM ? &l->heard : &l->out_body;
    struct worker *w = l->worker;
    if (c->err != OK || l->client_gone || w->draining || !may_be_learned_from(l))
        return;
    int strong = strong_of(l);
    if ((c->ask.needs & NOT_TEXT) || c->ask.has_state)
        skipped(w, BODY);
    else if (l->body.n > (size_t)set->body_limit)
        skipped(w, SIZE);
    else if (strong < 0)
        skipped(w, NO_TARGET);
    else if (learn_failing(gate_learn(w->gate)) || !gate_learn(w->gate))
        skipped(w, DISK);
    else if (w->lesson_count >= (unsigned)set->at_once)
        skipped(w, BUSY);
    else if (heard->n == 0 || heard->over || heard->n > 4 * (size_t)set->answer_limit)
        skipped(w, ANSWER);
    else
        open_lesson(l, (unsigned)strong, buf_str(heard));
}

void shadow_drop_all(struct worker *w)
{
    list_each(s, &w->lessons, struct lesson, at) lesson_free(s);
    must(w->lesson_count == 0);
}
