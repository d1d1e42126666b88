// pool.h: connections to targets and the tries that use them; shared by pool.c and try.c only.
// A connection is in exactly one list of its pool, and that list is its state. A try and its
// connection point at each other while the connection is connecting, sending, waiting or reading.
#ifndef UPSTREAM_POOL_H
#define UPSTREAM_POOL_H
#include "base/list.h"
#include "upstream/health.h"

enum conn_state {
    CONN_CONNECTING, // name, connect, TLS: net holds those deadlines
    CONN_IDLE,       // kept: idle_keep; newest first in its list
    CONN_SENDING,    // the kernel has not taken all of the request yet: first_byte_timeout
    CONN_WAITING,    // for the answer's first byte: first_byte_timeout
    CONN_READING,    // the answer: idle_timeout, none while the client holds it back
    CONN_CLOSING,    // on its way out, within one function
    CONN_STATES
};

struct pool;
struct conn {
    struct list at; // pool->conns[state]
    struct pool *pool;
    struct net_sock *sock;
    struct upstream_try *user;    // NULL while idle
    struct net_deadline deadline; // of the state
    enum conn_state state;
    char peer[DIALLED_CAP]; // where it was really dialled
};

// All connections of one worker to one target, and what every request to it begins with.
struct pool {
    struct upstream *owner;
    struct list conns[CONN_STATES];
    struct net_place *place; // NULL: this target's URL or key cannot be used
    str line;                // "POST /base/path", what follows is the request's own path
    str fixed;               // " HTTP/1.1", Host, Content-Type, Authorization
    unsigned target;
    unsigned idle_count;
    bool local;
};

struct upstream {
    struct net_loop *loop;
    const struct fleet *fleet;
    struct upstream_health *health;
    const struct upstream_settings *settings;
    struct metrics *metrics;
    struct net_phases phases;
    struct net_deadlines first_byte, silence, total, keep;
    struct list spare; // tries to be used again
    unsigned spare_count;
    struct list refused; // tries that ended before anything was dialled and are still to be told
    struct net_ticker *refuser; // runs while there are any
    struct pool pools[TARGET_MAX];
    struct arena arena; // lines and fixed heads
};

struct upstream_try {
    struct list at; // spare or refused; in neither while it has a connection
    struct upstream *owner;
    struct pool *pool;
    struct conn *conn;
    struct clearance clearance;
    const struct upstream_events *events;
    void *arg;
    const str *body; // lent
    unsigned body_count;
    size_t body_bytes;
    struct try *row;
    struct buf head; // the request's
    struct http_answer_reader *reader;
    struct net_deadline total;
    enum err refused;
    bool counted;  // in flight
    bool began;    // a byte of the answer came
    bool whole;    // the answer is
    bool reusable; // and so is the connection
    bool paused;
    bool told;      // some of the body, out of the read that is being fed
    bool feeding;   // its reader is on the stack: the try must outlive it
    bool cancelled; // while feeding
};

void pool_init(struct pool *p, struct upstream *u, unsigned target);
void pool_done(struct pool *p);
// The most recently used idle connection, or NULL. Its user is set, its state still idle.
struct conn *pool_take(struct pool *p, struct upstream_try *t);
// Dials for this try. Always gives a connection; failure comes by its events.
struct conn *pool_open(struct pool *p, struct upstream_try *t);
void pool_conn_to(struct conn *c, enum conn_state to); // the one setter
void pool_keep(struct conn *c);                        // back to idle
void pool_close(struct conn *c);                       // closes and frees

// What happens on a connection that has a user
void try_connected(struct upstream_try *t);
void try_data(struct upstream_try *t, str bytes);
void try_drained(struct upstream_try *t);
void try_conn_ended(struct upstream_try *t, enum err e);
void try_timed_out(struct upstream_try *t);
#endif
