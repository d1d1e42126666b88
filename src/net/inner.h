// inner.h: what net's files share. libuv and OpenSSL types stay in this folder.
#ifndef NET_INNER_H
#define NET_INNER_H
#include "base/mem.h"
#include "net/net.h"
#include <netinet/in.h>
#include <pthread.h>
#include <uv.h>

enum { READ_BYTES = 128 * 1024, ADDR_MAX = 8, TICK_MS = 50 };

struct post {
    struct post *next;
    void (*fn)(void *arg);
    void *arg;
};

struct net_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t tick; // looks at the heads of all deadline queues
    int64_t tick_ms;
    pthread_mutex_t lock; // guards posts and stopping
    struct post *posts, **posts_tail;
    bool stopping;
    const struct net_settings *settings;
    struct list deadline_queues; // struct net_deadlines.all
    struct list lingering;       // struct net_sock.at: closed by their owners, still flushing
    struct list own_queues;      // struct own_queue: net's own, one a length
    struct list dns;             // struct dns_entry
    struct tls_context *tls;     // made at the first https place
    char *read_buf;
};

// A queue for this length, made when it is first asked for; lives as long as the loop.
struct net_deadlines *loop_deadlines(struct net_loop *l, int64_t after_ms);
void loop_deadlines_free(struct net_loop *l);

// --- addresses: dns.c
// --------------------------------------------------------------------------------

struct addresses {
    struct sockaddr_storage a[ADDR_MAX];
    unsigned count;
};
struct dns_wait {
    struct list at;
    void (*fn)(struct dns_wait *w, const struct addresses *found); // found: NULL when it failed
};
// Answers at once (returns true) from the cache or a literal; else fn is called from the loop.
bool dns_ask(struct net_loop *l, const char *host, int port, struct addresses *ret,
             struct dns_wait *w);
void dns_forget(struct dns_wait *w);
void dns_free(struct net_loop *l);
bool addr_parse(str text, struct sockaddr_storage *ret,
                char why[160]); // "127.0.0.1:80", "[::1]:80", ":80"

// --- places
// ------------------------------------------------------------------------------------------

struct net_place {
    struct net_loop *loop;
    char *host;   // without brackets
    char *header; // Host header
    int port;
    bool tls;
    void *session; // SSL_SESSION of the last connection, for resumption
};

// --- sockets
// -----------------------------------------------------------------------------------------

struct tcp {
    uv_tcp_t uv;
    uv_connect_t connecting;
    uv_shutdown_t ending;
    struct net_sock *sock;
};

struct net_sock {
    struct list at; // net_loop.lingering
    struct net_loop *loop;
    struct tcp *tcp; // NULL while a name resolves
    const struct net_events *events;
    void *arg;
    struct net_place *place; // outgoing only
    struct tls *tls;
    struct net_phases phases;
    struct addresses addresses;
    unsigned next_address, refs;
    struct dns_wait dns;
    struct net_deadline deadline;
    size_t queued;
    enum err later; // told from the loop
    bool connected, closed, ended, lingering, reading;
};

void sock_close_lingering(struct net_loop *l); // at the loop's end
void sock_end(struct net_sock *s, enum err e); // tells the owner, once
bool sock_write_raw(struct net_sock *s, const str *slices, unsigned count, size_t limit);
void sock_connected(struct net_sock *s); // TCP, or TLS on it, is up

// --- TLS: tls.c
// ----------------------------------------------------------------------------------------

void tls_context_free(struct tls_context *c);
enum err tls_prepare(struct net_loop *l, char why[160]); // at the first https place
void tls_start(struct net_sock *s);                      // after TCP is up
void tls_bytes(struct net_sock *s, str bytes);
void tls_eof(struct net_sock *s);
bool tls_write(struct net_sock *s, const str *slices, unsigned count, size_t limit);
void tls_free(struct tls *t);
void tls_place_free(struct net_place *p);
#endif
