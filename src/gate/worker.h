// worker.h: what the gate's files share: worker, client connection, live call.
// One worker a thread; everything here belongs to its worker's thread.
#ifndef GATE_WORKER_H
#define GATE_WORKER_H
#include "base/log.h"
#include "base/time.h"
#include "gate/view.h"
#include <pthread.h>

struct worker {
    struct gate *gate;
    struct view *view;            // of the configuration in force
    _Atomic(struct epoch *) next; // what is to be in force; exchanged by the worker itself
    struct list views;            // all that still have calls, the newest first
    unsigned index;
    pthread_t thread;
    struct net_loop *loop;
    struct net_listener *listener;
    struct ledger_writer *ledger;
    struct audit_writer *audit; // NULL: no decision log is kept
    struct metrics *metrics;
    struct id_maker ids;
    struct list conns[8];               // by enum conn_state: membership is the state
    struct list with_deadline;          // live calls whose client set x-weir-deadline-ms
    struct net_ticker *deadline_ticker; // looks at them; runs while there are any
    struct net_deadlines hand_over;
    struct net_deadline hand_over_due; // armed while entries wait in the worker's own block
    struct list spare_calls;
    unsigned spare_count, conn_count, open_calls;
    struct list lessons; // calls that are being learned from: shadow.c
    unsigned lesson_count;
    struct buf scratch; // bytes on their way out within one callback
    bool draining, stopped;
};

const struct gate_page *gate_pages(const struct gate *g);
struct learn_store *gate_learn(const struct gate *g);
struct ledger *gate_ledger(struct gate *g);

// --- client connections: conn.c
// --------------------------------------------------------------------

enum conn_state {
    CONN_IDLE,    // between calls
    CONN_HEAD,    // a request's first byte came
    CONN_BODY,    // its head is whole
    CONN_CALLING, // the call walks its steps; the client waits
    CONN_CLOSING, // the answer is being flushed, then it ends
    CONN_STATES
};

struct conn {
    struct list at;
    struct worker *worker;
    struct net_sock *sock;
    struct http_reader *reader;
    struct net_deadline deadline;
    struct live_call *live; // from the first byte of a request to its record
    struct buf pending;     // bytes that came while a call was open (pipelining)
    enum conn_state state;
    int64_t calls;
    size_t body_bytes; // of the piece of a body that its deadline is for
    bool keep, paused;
    bool cut; // ends inside an answer: the client may read what there is before it sees that
};

void conn_accept(void *worker, struct net_sock *s);
// The answer went out whole: next request, or close. Called by step record.
void conn_answered(struct conn *c);
// All idle connections end, busy ones after their call.
void conn_drain(struct worker *w);
void conn_close_all(struct worker *w);
void conn_view_changed(struct worker *w); // idle ones wait by its times from here on

// --- live calls: live.c
// ----------------------------------------------------------------------------

enum answer_mode { ANSWER_NONE, ANSWER_WHOLE, ANSWER_ERROR, ANSWER_STREAM };

// A call in motion: the plain record and what moves it.
struct live_call {
    struct list at; // spare_calls or with_deadline
    struct worker *worker;
    struct view *view; // under which it is read, planned, sent and recorded
    bool other_bounds; // its memory is bounded by another view's settings
    struct conn *conn;
    struct arena arena;
    struct call call;
    const struct http_head *head;
    str body;
    const struct dialect *dialect;
    enum step step;
    enum verdict { NEXT, WAIT, DONE, FAIL } verdict;
    struct fault fault; // what the client is told on FAIL
    // send
    struct clearance clearance;
    struct upstream_try *sending; // NULL when none is open
    struct audit_ticket ticket;   // waits while a sending is being recorded
    bool recorded;                // it is: the target of plan_at may be written to
    enum err record_err;          // or it could not be
    struct edits edits;
    str slices[2 * EDIT_MAX + 1];
    struct net_turn turn; // the first try begins when the loop's turn ends
    bool turn_over;
    unsigned plan_at;        // row of the plan being tried
    bool asked_usage;        // weir asked for usage in the stream, the client did not
    struct cascade *cascade; // of a plan that is one, from its local try on; else NULL
    // answer
    enum answer_mode mode;
    struct buf out_head; // answer's head, held until its first byte goes out
    struct buf out_body; // a whole answer, or what is held of a stream before its first event
    struct sse sse;
    struct answer_watch watch;
    struct buf heard; // a stream as it came, where it may be learned from; else without a limit
    struct refusal *refusal; // a stream's first event was an error and goes to the client
    bool is_call;            // counted among the open ones
    bool head_sent, try_ended, client_gone, chunked;
    bool decided;   // an event came that says something
    bool committed; // it went out: no other target may serve
    enum err try_err;
    int64_t due_us; // x-weir-deadline-ms; 0: none
};

struct live_call *live_new(struct worker *w, struct conn *c);
void live_is_no_call(struct live_call *l); // a page: not among the open calls
void live_free(struct live_call *l);       // back to the spares
void live_drop(struct live_call *l);       // a spare, for good
void live_drop_spares(struct worker *w);
void live_now(struct live_call *l); // its request is whole: what is in force now decides
void live_set_deadline(struct live_call *l, int64_t due_us); // on net_now_us's clock

// --- pages and routes: pages.c
// -----------------------------------------------------------------------

struct route_match {
    enum { ROUTE_NONE, ROUTE_CALL, ROUTE_PAGE, ROUTE_MODELS, ROUTE_MODEL } kind;
    const struct dialect *dialect;
    const struct gate_page *page;
    str name; // ROUTE_MODEL
    bool wrong_method;
};
struct route_match pages_match(const struct worker *w, const struct http_head *h);
// Answers anything that is no call. The connection goes on.
void pages_answer(struct conn *c, const struct route_match *m, const struct http_head *h);

// --- the eight steps: steps.c
// ------------------------------------------------------------------------

void steps_run(struct live_call *l);
// The request is whole, or broken at the level of HTTP (l->fault is set): begins the walk.
void steps_begin(struct live_call *l);
void steps_client_gone(struct live_call *l);
void steps_deadline(struct live_call *l);

// A rule that breaks from here on names the call and its step, until steps_rest.
static inline void steps_at(const struct live_call *l)
{
    must_doing(l->call.id.c, step_name(l->step));
}
static inline void steps_rest(void)
{
    must_doing(NULL, NULL);
}

// --- conversations: conversation.c
// -------------------------------------------------------------------

// x-weir-conversation, where the request has one. False (l->fault is set): it has more than one,
// or one that is no name.
bool conversation_read_name(struct live_call *l) must_check;
// Which conversation the call belongs to, and what earlier turns left: raises the call's label.
void conversation_join(struct live_call *l);
void conversation_placed(struct live_call *l); // its answer begins: who serves it

// --- sending and answering: send.c, answer.c
// -----------------------------------------------------------

enum verdict send_step(struct live_call *l);
void send_init(struct live_call *l);               // a live call that was just made
void send_stop(struct live_call *l, enum err why); // ends the open try, if any: it failed for `why`
bool send_may_go_on(const struct live_call *l, enum err e); // another target may be tried
enum err send_status_error(int status); // ERR of a target's status, OK below 400
enum err send_turns_away(const struct live_call *l, int status); // OK: it goes to the client

void answer_begin(struct live_call *l, const struct http_head *h);
void answer_head_end(struct live_call *l);  // the head says what became of the call so far
void answer_take_rest(struct live_call *l); // a stream's end that lacks its blank line
void answer_forget_stream(struct live_call *l);
void answer_bytes(struct live_call *l, str bytes);
void answer_read_end(struct live_call *l); // all that one read of the target brought was given
enum verdict answer_step(struct live_call *l);
enum err answer_read_whole(struct live_call *l); // not OK: 200, but an error and nothing else
bool answer_stream_says_something(struct live_call *l); // looks at the unfinished rest, too
void answer_error(struct live_call *l);                 // writes l->fault to the client
// A small whole answer; extra: ready header lines. close: the connection ends after it.
void answer_plain(struct conn *c, int status, str content_type, str extra, str body);

// Judges the call's ask and plans where it goes; model: what its client names it.
void steps_plan(struct view *v, struct arena *a, struct call *c, str model);

// --- record: steps.c
// -----------------------------------------------------------------------------------

void record_call(struct live_call *l);
// The end in the decision log, and the entry in the ledger.
void record_write(struct worker *w, const struct view *v, const struct call *c);

// --- learning from the deployment: shadow.c
// -------------------------------------------------------------

// A stream that may be learned from begins: what it says is kept, too.
void shadow_listen(struct live_call *l);
// The client has its answer: where the call is drawn to learn from, that begins at the turn's end.
void shadow_consider(struct live_call *l);
void shadow_drop_all(struct worker *w);
#endif
