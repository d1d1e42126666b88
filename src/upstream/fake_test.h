// fake_test.h: a fake target on the same loop as the code under test, and one caller. What it does
// with a request is the test's own function.
#ifndef UPSTREAM_FAKE_TEST_H
#define UPSTREAM_FAKE_TEST_H
#include "base/mem.h"
#include "upstream/pool.h"

enum { FAKE_CONNS = 64 };

struct fake;
struct fake_conn {
    struct fake *fake;
    struct net_sock *sock; // NULL once it ended
    struct buf in;         // bytes of the request so far
    bool answered_early;
};
struct fake {
    struct net_listener *listener;
    int port;
    struct fake_conn conns[FAKE_CONNS];
    unsigned accepted, requests, ended; // ended: closed by weir
    struct buf last;                    // the last whole request
    void (*on_request)(struct fake_conn *c);
    void (*on_bytes)(struct fake_conn *c); // may be NULL: after each read, before it is whole
    void (*on_ended)(struct fake *f);      // may be NULL
};

// Everything a try needs, on one loop.
struct rig {
    struct net_settings net;
    struct upstream_settings settings;
    struct net_loop *loop;
    struct net_ticker *guard;
    bool late; // the guard ended the run: something never came
    struct fleet fleet;
    struct target targets[2]; // 0 is local, 1 in zone cloud; both lead to the fake
    char urls[2][64];
    struct upstream_health *health;
    struct metrics *metrics;
    struct upstream *upstream;
    struct fake fake;
};
// change: sets what the test needs other than the defaults, may be NULL.
void rig_init(struct rig *r, void (*on_request)(struct fake_conn *),
              void (*change)(struct upstream_settings *));
void rig_done(struct rig *r);
void rig_run(struct rig *r); // until something calls net_loop_stop
// Runs the loop until this holds, looked at every millisecond; false when it never did.
bool rig_run_until(struct rig *r, bool (*holds)(void *arg), void *arg);
// Runs the loop for some turns, so that what is on its way arrives.
void rig_turn(struct rig *r);
struct pool *rig_pool(struct rig *r, unsigned target);

// One caller and what it heard.
struct caller {
    struct rig *rig;
    struct call call;
    struct clearance clearance;
    struct try row;
    str body[2];
    struct upstream_try *try;
    int status;
    unsigned heads, bodies, read_ends, ends;
    struct buf got;
    enum err err;
    void (*on_head)(struct caller *c); // may be NULL
    void (*on_body)(struct caller *c);
    bool stop_at_head, stop_at_body, go_on_at_end;
};
void caller_init(struct caller *c, struct rig *r, unsigned target);
void caller_done(struct caller *c);
void caller_start(struct caller *c, const struct http_head *client);
void caller_again(struct caller *c); // start, run to the end

void fake_init(struct fake *f, struct net_loop *l, void (*on_request)(struct fake_conn *));
void fake_done(struct fake *f);
void fake_say(struct fake_conn *c, const char *bytes);
void fake_end(struct fake_conn *c);       // closes from its side
void fake_answer_ok(struct fake_conn *c); // 200, "hello", keep-alive
#endif
