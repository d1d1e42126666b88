// answer.c: step answer, and everything that a client is written. A whole answer is held until it
// is whole, so that a cut one never looks well. A stream is relayed event by event as its own
// bytes; its head waits for the first event, which goes out in the same write. Invariants: (1)
// nothing is written after the client left; (2) head_sent is set by the first write and after it no
// other target may serve; (3) a stream that did not reach its end mark is never closed like one
// that did; (4) an error leaves in the client's dialect, whatever the target said it in.
#include "gate/cascade.h"

enum { HELD_MAX = 256 * 1024 };

static size_t queue_limit(const struct live_call *l, size_t bytes)
{
    // past client_queue the target is paused: what one read still held is all that may follow
    enum { AFTER_PAUSE = 1024 * 1024 };
    return (size_t)l->view->snap->gate.client_queue + AFTER_PAUSE + bytes;
}

// Writes to the client; what the client cannot take is back-pressure on the target.
static void put(struct live_call *l, const str *slices, unsigned count)
{
    size_t bytes = 0;
    must(!l->client_gone);
    for (unsigned i = 0; i < count; i++)
        bytes += slices[i].n;
    if (l->call.first_byte_us == 0) {
        l->call.first_byte_us = time_wall_us();
        conversation_placed(l); // before its client can send the next turn
        metric_observe_us(l->worker->metrics, METRIC_first_byte,
                          net_now_us(l->worker->loop) - l->call.start_mono_us);
    }
    l->head_sent = true;
    l->call.bytes_out += bytes;
    if (!net_write(l->conn->sock, slices, count, queue_limit(l, bytes)))
        l->conn->keep = false; // the socket reports its end by itself
    if (l->sending && net_queued(l->conn->sock) > (size_t)l->view->snap->gate.client_queue)
        upstream_pause(l->sending);
}

static void weir_headers(struct live_call *l, struct buf *out)
{
    const struct call *c = &l->call;
    const struct fleet *f = &l->view->snap->fleet;
    http_write_header(out, S("x-weir-call"), str_of(c->id.c, ID_CHARS));
    if (c->try_count && c->served_by >= 0) {
        const struct target *t = &f->targets[c->served_by];
        http_write_header(out, S("x-weir-target"), t->name);
        http_write_header(out, S("x-weir-zone"), f->zones[t->zone].name);
    }
    if (l->step > STEP_SCREEN) {
        http_write_header(out, S("x-weir-task"), str_c(task_name(c->judgement.task)));
        http_write_header(out, S("x-weir-label"), str_c(label_name(c->label)));
        if (c->plan.reason[0])
            http_write_header(out, S("x-weir-reason"), str_c(c->plan.reason));
    }
    if (c->try_count)
        http_write_header_i64(out, S("x-weir-tries"), c->try_count);
    if (c->conversation.named || c->conversation.goes_on) {
        char id[33];
        ledger_conversation_hex(c->conversation.id, id);
        http_write_header(out, S("x-weir-conversation-id"), str_of(id, 32));
    }
}

static void connection_header(struct live_call *l, struct buf *out)
{
    if (l->conn->worker->draining)
        l->conn->keep = false;
    if (!l->conn->keep)
        http_write_header(out, S("Connection"), S("close"));
    else if (l->head->minor == 0)
        http_write_header(out, S("Connection"), S("keep-alive"));
}

void answer_forget_stream(struct live_call *l)
{
    if (!l->sse.began) // by a target that came to nothing
        return;
    sse_done(&l->sse);
    sse_init(&l->sse, (size_t)l->view->snap->http.event_limit);
}

void answer_head_end(struct live_call *l)
{
    struct buf *out = &l->out_head;
    weir_headers(l, out);
    if (l->mode != ANSWER_STREAM)
        return; // its length is known when it is whole
    l->chunked = l->head->minor > 0;
    if (l->chunked)
        http_write_header(out, S("Transfer-Encoding"), S("chunked"));
    else
        l->conn->keep = false;
    connection_header(l, out);
    buf_put(out, S("\r\n"));
}

// The target answered and this answer goes to the client (unless the first event of a stream says
// no).
void answer_begin(struct live_call *l, const struct http_head *h)
{
    struct call *c = &l->call;
    struct buf *out = &l->out_head;
    str type = http_get(h, S("content-type"));
    bool sse = str_starts(type, S("text/event-stream"));
    c->served_by = c->plan.rows[l->plan_at].target;
    c->status = h->status;
    l->watch = (struct answer_watch){.usage = USAGE_NONE};
    answer_forget_stream(l);
    l->mode = h->status >= 400 ? ANSWER_ERROR : sse ? ANSWER_STREAM : ANSWER_WHOLE;
    buf_clear(out);
    http_write_status(out, h->status);
    for (size_t i = 0; i < h->header_count; i++) {
        str name = h->headers[i].name;
        bool typed = l->mode == ANSWER_ERROR && str_eq_nocase(name, S("content-type"));
        if (!typed && !http_drop_from_answer(h, name))
            http_write_header(out, name, h->headers[i].value);
    }
    if (unlikely(l->view->snap->learn.share > 0))
        shadow_listen(l);
    if (!cascade_holds(l)) // the head tells how its check went
        answer_head_end(l);
}

// Sends what stands in out (whole events) as one chunk, the head before it where it is due. The end
// is written only where the stream came to its own.
static void put_events(struct live_call *l, str events, bool ends_well)
{
    char chunk[HTTP_CHUNK_HEAD_MAX];
    str out[5];
    unsigned n = 0;
    if (!l->head_sent)
        out[n++] = buf_str(&l->out_head);
    if (events.n && l->chunked)
        out[n++] = str_of(chunk, http_chunk_head(chunk, events.n));
    if (events.n)
        out[n++] = events;
    if (l->chunked && (events.n || ends_well))
        out[n++] = !ends_well ? S("\r\n") : events.n ? S("\r\n0\r\n\r\n") : S("0\r\n\r\n");
    if (n)
        put(l, out, n);
}

// One event: what it tells, and whether the client gets it. Gemini sheds load with a bare object
// among the events.
static enum event_kind look_at(struct live_call *l, struct sse_event *ev)
{
    if (!ev->has_data) {
        str raw = str_trim(ev->raw);
        if (!str_starts(raw, S("{")) && !str_starts(raw, S("[")))
            return EVENT_SKIP;
        ev->data = raw;
        ev->has_data = true;
    }
    l->call.events++;
    if (l->cascade)
        cascade_event(l, ev->data);
    return l->dialect->read_event(&l->arena, ev->name, ev->data, &l->watch);
}

// status: the answer's, 0 for an event.
static void read_refusal(struct live_call *l, str body, int status, struct refusal *ret_refusal)
{
    must(l->call.served_by >= 0);
    const struct target *t = &l->view->snap->fleet.targets[l->call.served_by];
    api_read_refusal(&l->arena, body, status, t->api_key, ret_refusal);
}

// The target said 200 and then that it failed. What is next: another target, or l->refusal is set.
static enum err read_late_refusal(struct live_call *l, str body)
{
    struct refusal r;
    read_refusal(l, body, 0, &r);
    if (r.status == 0)
        r.status = err_status(ERR_UPSTREAM_STATUS);
    enum err e = send_turns_away(l, r.status);
    if (!send_may_go_on(l, e)) {
        l->refusal = arena_new(&l->arena, struct refusal);
        *l->refusal = r;
    }
    return e == OK ? ERR_UPSTREAM_STATUS : e;
}

// The first event that says something decides. An error there may still go to another target; where
// none is left it is told as an answer with a status, not as a stream: clients try such ones again.
static bool refused(struct live_call *l, const struct sse_event *ev)
{
    if (l->head_sent)
        return false;
    send_stop(l, read_late_refusal(l, ev->data));
    steps_run(l);
    return true;
}

enum err answer_read_whole(struct live_call *l)
{
    str body = buf_str(&l->out_body);
    must(l->mode == ANSWER_WHOLE && !l->head_sent);
    if (l->dialect->read_answer(&l->arena, body, &l->watch) != OK)
        l->watch.usage = USAGE_NONE; // not what the dialect says: passed on as it is
    else if (l->watch.failed && !l->watch.finished && l->watch.output_bytes == 0)
        return read_late_refusal(l, body);
    return OK;
}

// An event as its own bytes; an error in another form than the client's is put into that.
static void put_event(struct live_call *l, const struct sse_event *ev, enum event_kind kind,
                      struct buf *out)
{
    if (kind == EVENT_ERROR) {
        struct refusal r;
        bool bare = ev->data.p == str_trim(ev->raw).p;
        read_refusal(l, ev->data, 0, &r);
        if (!r.is_openai || bare) {
            l->dialect->write_stream_refusal(out, &r, str_of(l->call.id.c, ID_CHARS));
            return;
        }
    }
    buf_put(out, ev->raw);
}

// The events that are whole now, as the client gets them. False when the target refused: the call
// has gone on without this stream.
static bool take_events(struct live_call *l, str bytes, struct buf *out, bool *decided)
{
    struct sse_event ev;
    while (sse_next(&l->sse, &bytes, &ev)) {
        enum event_kind kind = look_at(l, &ev);
        if (!*decided && kind == EVENT_ERROR && refused(l, &ev))
            return false;
        *decided |= kind != EVENT_SKIP;
        if (kind == EVENT_USAGE && l->asked_usage)
            continue; // weir asked for it, the client did not
        if (kind == EVENT_SKIP && (ev.has_data || ev.name.n))
            continue; // a keep-alive in the form of an event: clients would parse it and fail
        if (kind == EVENT_END && l->watch.failed)
            continue; // see put_bad_end
        put_event(l, &ev, kind, out);
    }
    return true;
}

// Events gather in out_body until the read that brought them is told whole: a target that sends
// many at once costs the client's side one write.
static void relay(struct live_call *l, str bytes)
{
    if (!take_events(l, bytes, &l->out_body, &l->decided))
        return;
    if (l->sse.err == OK)
        return;
    send_stop(l, ERR_UPSTREAM_BROKEN); // one event is larger than event_limit
    steps_run(l);
}

void answer_read_end(struct live_call *l)
{
    bool begins = !l->committed;
    if (l->mode != ANSWER_STREAM || (!l->decided && l->out_body.n < HELD_MAX))
        return; // comments before the first event are held
    if (l->cascade && cascade_read_end(l))
        return;
    l->committed = true;
    if (l->out_body.n)
        put_events(l, buf_str(&l->out_body), false);
    buf_clear(&l->out_body);
    if (begins)
        steps_run(l);
}

void answer_bytes(struct live_call *l, str bytes)
{
    must(l->mode != ANSWER_NONE);
    if (unlikely(l->heard.limit_bytes))
        buf_put(&l->heard, bytes);
    if (l->mode == ANSWER_STREAM)
        relay(l, bytes);
    else
        buf_put(&l->out_body, bytes);
}

// What a stream left unfinished: its last event without the closing blank line, or a bare tail.
static void relay_rest(struct live_call *l, struct buf *out)
{
    bool decided = true;
    if (str_trim(sse_rest(&l->sse)).n == 0)
        return;
    take_events(l, S("\n\n"), out, &decided);
}

void answer_take_rest(struct live_call *l)
{
    must(l->mode == ANSWER_STREAM && l->try_ended);
    if (!l->watch.ended)
        relay_rest(l, &l->out_body);
}

bool answer_stream_says_something(struct live_call *l)
{
    return l->watch.ended || l->watch.finished || l->watch.failed ||
           str_trim(sse_rest(&l->sse)).n > 0;
}

// A stream with an error in it ends without [DONE] and without the framing's last chunk. OpenAI's
// clients raise at the error event and never read on; one that knows no such event must not take
// what came for the whole. The connection ends a moment later, since some clients (Node's fetch)
// throw away what they have not yet read when it breaks, and the error event with it. The target's
// own [DONE] behind its error is left out for the same reason.
static void put_bad_end(struct live_call *l, str events)
{
    l->conn->keep = false;
    l->conn->cut = l->chunked;
    put_events(l, events, false);
}

static void finish_stream(struct live_call *l)
{
    struct buf *out = &l->worker->scratch;
    enum err e = l->try_err;
    buf_clear(out);
    if (e == OK && !l->watch.ended)
        relay_rest(l, out);
    if (!l->watch.failed && (l->watch.ended || (e == OK && l->watch.finished))) {
        put_events(l, buf_str(out), true);
        return;
    }
    l->call.err = ERR_UPSTREAM_STATUS;
    if (!l->watch.failed) { // cut: said in the client's dialect
        l->call.err = e == ERR_UPSTREAM_IDLE ? e : ERR_UPSTREAM_CUT;
        struct fault f = {.err = l->call.err, .at_byte = -1};
        l->dialect->write_stream_error(out, &f, str_of(l->call.id.c, ID_CHARS));
    }
    l->call.tries[l->call.try_count - 1].err = l->call.err;
    put_bad_end(l, buf_str(out));
}

// The target's own bytes where they have the client's form already.
static void finish_error(struct live_call *l)
{
    struct buf *body = &l->out_body;
    struct refusal r;
    read_refusal(l, buf_str(body), l->call.status, &r);
    l->call.err = send_status_error(l->call.status);
    http_write_header(&l->out_head, S("Content-Type"), S("application/json"));
    if (r.is_openai)
        return;
    buf_clear(body);
    l->dialect->write_refusal(body, &r, str_of(l->call.id.c, ID_CHARS));
    buf_putc(body, '\n');
}

static void finish_whole(struct live_call *l)
{
    struct buf *head = &l->out_head, *body = &l->out_body;
    if (l->mode == ANSWER_ERROR)
        finish_error(l);
    http_write_header_i64(head, S("Content-Length"), (int64_t)body->n);
    connection_header(l, head);
    buf_put(head, S("\r\n"));
    str out[] = {buf_str(head), buf_str(body)};
    put(l, out, body->n ? 2 : 1);
}

enum verdict answer_step(struct live_call *l)
{
    if (!l->try_ended)
        return WAIT; // for the rest of a stream
    must(l->mode != ANSWER_NONE);
    if (l->mode == ANSWER_STREAM) {
        if (l->out_body.n)
            put_events(l, buf_str(&l->out_body), false);
        l->committed = true;
        finish_stream(l);
    } else if (l->out_body.over) {
        fault_set(&l->fault, ERR_UPSTREAM_BROKEN, "", -1);
        str_copy_to(l->fault.say, sizeof l->fault.say,
                    S("the target's answer is larger than one call may use"));
        return FAIL;
    } else {
        finish_whole(l);
    }
    return NEXT;
}

// Advice to the client's own retries: never, where trying again cannot help.
static void retry_headers(enum err e, struct buf *out)
{
    if (err_status(e) == 429 || err_status(e) == 503)
        http_write_header(out, S("Retry-After"), S("1"));
    else if (err_retry(e) == RETRY_NEVER && e != ERR_SLOW_CLIENT)
        http_write_header(out, S("x-should-retry"), S("false"));
}

void answer_error(struct live_call *l)
{
    const struct dialect *d = l->dialect ? l->dialect : &dialect_openai_chat;
    struct buf *out = &l->worker->scratch;
    str id = str_of(l->call.id.c, ID_CHARS);
    must(!l->client_gone && l->fault.err != OK);
    buf_clear(out);
    if (l->head_sent) { // inside a stream
        if (l->out_body.n)
            put_events(l, buf_str(&l->out_body), false); // what the last read still brought
        d->write_stream_error(out, &l->fault, id);
        put_bad_end(l, buf_str(out));
        return;
    }
    if (l->refusal) {
        l->call.status = l->refusal->status;
        d->write_refusal(out, l->refusal, id);
    } else {
        l->call.status = err_status(l->fault.err);
        l->call.served_by = -1; // weir's own word, not the target's whose answer failed
        d->write_error(out, &l->fault, id);
    }
    buf_putc(out, '\n'); // curl's users get their prompt on a line of its own
    struct buf *head = &l->out_head;
    buf_clear(head);
    http_write_status(head, l->call.status);
    http_write_date(head, time_wall_us());
    http_write_header(head, S("Content-Type"), S("application/json"));
    http_write_header_i64(head, S("Content-Length"), (int64_t)out->n);
    weir_headers(l, head);
    retry_headers(l->fault.err, head);
    if (l->head)
        connection_header(l, head);
    else
        http_write_header(head, S("Connection"), S("close"));
    buf_put(head, S("\r\n"));
    str slices[] = {buf_str(head), buf_str(out)};
    put(l, slices, 2);
}

void answer_plain(struct conn *c, int status, str content_type, str extra, str body)
{
    struct live_call *l = c->live;
    struct buf *head = &l->out_head;
    bool wants_body = !str_eq(l->head->method, S("HEAD"));
    buf_clear(head);
    http_write_status(head, status);
    http_write_date(head, time_wall_us());
    http_write_header(head, S("Content-Type"), content_type);
    http_write_header_i64(head, S("Content-Length"), (int64_t)body.n);
    buf_put(head, extra);
    connection_header(l, head);
    buf_put(head, S("\r\n"));
    str slices[] = {buf_str(head), body};
    if (!net_write(c->sock, slices, wants_body ? 2 : 1, queue_limit(l, head->n + body.n)))
        c->keep = false;
}
