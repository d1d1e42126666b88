// inner.h: what net's files share. libuv and OpenSSL types stay in this folder.
#ifndef NET_INNER_H
#define NET_INNER_H
#include "base/buf.h"
#include "base/mem.h"
#include "net/net.h"
#include <netinet/in.h>
#include <pthread.h>
#include <uv.h>

// A request of 60 KB is one read. One such buffer a loop; pages that no read reached cost nothing.
enum { READ_BYTES = 128 * 1024, ADDR_MAX = 4 };

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct net_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t tick; // looks at the heads of all deadline queues, at tick_ms of uv_now
    uv_check_t turn_end;
    uv_prepare_t turn_begin; // for what was asked outside of a turn
    struct list turns;       // struct net_turn
    int64_t tick_ms;         // INT64_MAX: it is not running, as nothing is armed
    pthread_mutex_t lock;    // guards posts and stopping
    struct post *posts, **posts_tail;
    bool stopping;
    const struct net_settings *settings;
    struct list deadline_queues;    // struct net_deadlines.all
    struct net_deadlines *tick_now; // what on_tick looks at: NULL once it is gone
    struct list *tick_next;         // and its successor
    struct list own_queues;         // struct own_queue: net's own, one a length
    struct list socks;              // struct net_sock.at: not closed, or lingering
    struct list late;               // struct net_sock.late_at: to be told their end
    struct list dns;                // struct dns_entry
    struct tls_context *tls;        // made at the first https place
    char *read_buf;
};

// A queue for this length, made when it is first asked for; lives as long as the loop.
struct net_deadlines *loop_deadlines(struct net_loop *l, int64_t after_ms);
// Has sock_tell_late called on the loop's next turn.
void loop_wake(struct net_loop *l);
void sock_tell_late(struct net_loop *l);
void sock_close_all(struct net_loop *l); // at the loop's end: what lingers or was left open

// --- addresses: dns.c ----------------------------------------------------------------------------

struct addresses {
    struct sockaddr_storage a[ADDR_MAX];
    unsigned count;
};
struct dns_wait {
    struct list at;
    void (*fn)(struct dns_wait *w, const struct addresses *found); // found: NULL when it failed
};
// Answers at once (returns true) from the cache or a literal; else fn is called from the loop,
// however late: whoever waits has a deadline of its own.
bool dns_ask(struct net_loop *l, const char *host, int port, struct addresses *ret,
             struct dns_wait *w);
void dns_forget(struct dns_wait *w);
// No address of the name could be reached: it is asked again next time.
void dns_distrust(struct net_loop *l, const char *host, int port);
void dns_free(struct net_loop *l);
// "127.0.0.1:80", "[::1]:80", ":80"
bool addr_parse(str text, struct sockaddr_storage *ret, char why[160]);
bool addr_literal(const char *host, int port, struct sockaddr_storage *ret); // false: a name
bool addr_is_private(const struct sockaddr_storage *a);

// --- places --------------------------------------------------------------------------------------

struct net_place {
    struct net_loop *loop;
    char *host;   // without brackets
    char *header; // Host header
    int port;
    bool tls;
    bool private_only; // no public address is dialled
    void *session;     // SSL_SESSION of the last connection, for resumption
};

// --- sockets -------------------------------------------------------------------------------------

// The handle; while several addresses are tried a socket goes through several.
struct tcp {
    uv_tcp_t uv;
    uv_connect_t connect;
    uv_shutdown_t ending;
    uv_write_t write;
    struct net_sock *sock;
};

// What only a socket that is being connected needs.
enum phase { PHASE_NAME, PHASE_TCP, PHASE_TLS };
struct dial {
    struct net_sock *sock;
    struct net_phases limits;
    enum phase phase;
    struct addresses addresses;
    unsigned next_address;
    int64_t share_ms; // of connect_ms, for one address
    struct dns_wait dns;
    enum err why; // what became of the address tried last
};

struct net_sock {
    struct net_loop *loop;
    struct list at, late_at;
    struct tcp *tcp; // NULL while a name resolves, and after the end
    const struct net_events *events;
    void *arg;
    struct net_place *place; // outgoing only
    struct dial *dial;       // outgoing only, until it is connected
    struct tls *tls;
    struct net_deadline deadline; // of the phase, or of lingering
    struct buf sending, next;     // what the kernel has not taken: in libuv's hands; behind it
    unsigned refs;
    enum err later; // told from the loop
    bool connected, closed, ended, lingering, reading, writing;
    bool patient; // lingering without a word that this side has ended
};

void sock_end(struct net_sock *s, enum err e);       // tells the owner, once, from the loop
void sock_end_later(struct net_sock *s, enum err e); // from anywhere
bool sock_write_raw(struct net_sock *s, const str *slices, unsigned count, size_t limit);
struct net_sock *sock_new(struct net_loop *l);
struct tcp *sock_new_tcp(struct net_sock *s);
void sock_drop_tcp(struct net_sock *s, bool reset);
void sock_up(struct net_sock *s); // TCP, and TLS on it where it is wanted, is up

void dial_free(struct dial *d);

// --- TLS: tls.c ----------------------------------------------------------------------------------

void tls_context_free(struct tls_context *c);
enum err tls_prepare(struct net_loop *l, char why[160]); // at the first https place
void tls_start(struct net_sock *s);                      // after TCP is up
void tls_bytes(struct net_sock *s, str bytes);
void tls_eof(struct net_sock *s);
bool tls_write(struct net_sock *s, const str *slices, unsigned count, size_t limit);
void tls_bye(struct net_sock *s); // close_notify, where it still makes sense
void tls_free(struct tls *t);
void tls_place_free(struct net_place *p);
#endif
