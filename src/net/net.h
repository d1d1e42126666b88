// net: event loop, deadlines, sockets, TLS, DNS. One net_loop a worker thread; everything that
// belongs to a loop is used on its thread only. libuv lies beneath and is not seen by rooms above.
// Callbacks are called from the loop, never from inside the function that caused them, with one
// exception that is named: none. A socket may be closed inside its own callback: it stays valid
// until the loop's turn ends.
#ifndef NET_NET_H
#define NET_NET_H
#include "base/conf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/str.h"

struct net_settings {
#define SETTING(type, field, ...) setting_##type field;
#include "net/settings.def"
#undef SETTING
};
extern const struct conf_table net_setting_table;

// --- loop ----------------------------------------------------------------------------------------

struct net_loop;
struct net_loop *net_loop_new(const struct net_settings *s); // settings must outlive the loop
// What is still open is closed: sockets, listeners, tickers, signals; pointers to them end here. A
// lookup that is under way is waited for.
void net_loop_free(struct net_loop *l);
void net_loop_run(struct net_loop *l);  // until net_loop_stop
void net_loop_stop(struct net_loop *l); // any thread
// Any thread: runs fn(arg) on the loop's thread soon.
void net_loop_post(struct net_loop *l, void (*fn)(void *arg), void *arg);
int64_t net_now_us(const struct net_loop *l); // monotonic, read now: 25 ns, no system call
unsigned net_cpu_count(void);                 // cores this process may use

// --- deadlines -----------------------------------------------------------------------------------

// Deadlines of one length, in a list by time: arming and disarming cost a few writes, and one timer
// a loop, which runs only while a deadline is armed, looks at the heads. Deadlines that are due
// close together are told together, each at most an eighth of its length or 33 ms late. fn is
// called at most once an arming.
struct net_deadline {
    struct list at;
    int64_t due_ms;
    void (*fn)(struct net_deadline *d);
};
struct net_deadlines {
    struct list queue, all;
    int64_t after_ms, grain_ms;
    struct net_loop *loop;
};
void net_deadlines_init(struct net_deadlines *q, struct net_loop *l, int64_t after_ms);
void net_deadlines_done(struct net_deadlines *q);
void net_deadline_init(struct net_deadline *d, void (*fn)(struct net_deadline *));
void net_deadline_arm(struct net_deadlines *q, struct net_deadline *d); // (re)starts it
void net_deadline_disarm(struct net_deadline *d);                       // fine when not armed
static inline bool net_deadline_armed(const struct net_deadline *d)
{
    return d->at.next != &d->at;
}
// fn is called once at the end of the loop's turn, when all that came is read: what is written then
// goes out together, and whoever is at the other end wakes once. Nothing happens where it waits.
struct net_turn {
    struct list at;
    void (*fn)(struct net_turn *t);
};
void net_turn_init(struct net_turn *t, void (*fn)(struct net_turn *));
void net_turn_end(struct net_loop *l, struct net_turn *t);
void net_turn_forget(struct net_turn *t); // fine when it does not wait

// Repeats fn(arg) every `every_ms` while the loop runs.
struct net_ticker;
struct net_ticker *net_ticker_new(struct net_loop *l, int64_t every_ms, void (*fn)(void *arg),
                                  void *arg);
void net_ticker_free(struct net_ticker *t);

// --- sockets -------------------------------------------------------------------------------------

struct net_sock;
struct net_events {
    void (*on_connect)(void *arg, struct net_sock *s); // also after the TLS handshake
    // bytes are lent until it returns (one read buffer a loop: nothing is held by idle sockets)
    void (*on_data)(void *arg, struct net_sock *s, str bytes);
    void (*on_drain)(void *arg, struct net_sock *s); // all that was queued has been written
    // The peer ended (err OK) or the socket failed; over TLS an end without close_notify is
    // ERR_UPSTREAM_BROKEN. No more events. The owner must call net_close.
    void (*on_end)(void *arg, struct net_sock *s, enum err e);
};

// Listeners share the port between loops (SO_REUSEPORT). addr "127.0.0.1:4100", "[::1]:4100",
// ":4100".
struct net_listener;
struct net_listener *net_listen(struct net_loop *l, str addr,
                                void (*on_accept)(void *arg, struct net_sock *s), void *arg,
                                char ret_why[160]); // NULL: ret_why says what to do
void net_listener_close(struct net_listener *n);    // stops accepting at once
// False when somebody listens there already. SO_REUSEPORT would share a port in silence: ask once,
// first.
bool net_address_is_good(str addr, char ret_why[160]); // to listen on
bool net_port_is_free(str addr, char ret_why[160]);
int net_listener_port(const struct net_listener *n);

// A place to connect to, prepared once a target: host, port, TLS or not.
struct net_place;
// url: http://host[:port][/path] or https://...; the rest of the URL goes to ret_path.
enum err net_place_new(struct net_loop *l, str url, struct net_place **ret_place, str *ret_path,
                       char ret_why[160]) must_check;
// Only addresses of the company's own networks are dialled (private, link-local, this machine); a
// name that leads to others ends as ERR_UPSTREAM_PUBLIC before a byte is sent. False, and nothing
// changes, where the host is itself a public address.
bool net_place_keep_private(struct net_place *p) must_check;
bool net_url_is_public(str url); // its host is a public address in figures
void net_place_free(struct net_place *p);
str net_place_host(
    const struct net_place *p); // "api.openai.com" or "127.0.0.1:8080": the Host header

// Resolves (settings dns_timeout), connects (each address in turn with its share of connect_ms) and
// (https) shakes hands. The events come on `e`: on_connect, or on_end with ERR_UPSTREAM_DNS,
// _REFUSED, _PUBLIC, _TLS or _TIMEOUT. The place must outlive the socket.
struct net_phases {
    int64_t connect_ms, tls_ms;
};
struct net_sock *net_connect(struct net_place *p, const struct net_phases *t,
                             const struct net_events *e, void *arg);
void net_sock_events(struct net_sock *s, const struct net_events *e,
                     void *arg); // changes the owner
// Writes all slices in order, at once as far as the kernel takes them; the rest is queued (copied).
// False when the queue would pass `queue_limit_bytes`: nothing of the rest was taken, close the
// socket.
bool net_write(struct net_sock *s, const str *slices, unsigned count,
               size_t queue_limit_bytes) must_check;
size_t net_queued(const struct net_sock *s); // bytes that the kernel has not taken yet
// Stops reading (back-pressure). Over TLS what was read already may still come, up to 128 KiB.
void net_pause(struct net_sock *s);
void net_resume(struct net_sock *s);
// Closes: what is queued is dropped. `reset` sends RST where the transport can. The events end.
void net_close(struct net_sock *s, bool reset);
// Flushes what is queued, then shuts down and closes, at most linger_ms later.
void net_close_after_flush(struct net_sock *s, int64_t linger_ms);
// Flushes what is queued and leaves the end to the peer: closes with it, at most linger_ms later.
void net_close_after_peer(struct net_sock *s, int64_t linger_ms);
void net_peer_name(const struct net_sock *s, char *dst,
                   size_t cap); // "203.0.113.9:51234": where it was really dialled

// --- child processes -----------------------------------------------------------------------------

struct net_child;
// Ended with us (PDEATHSIG, where util-linux's setpriv is at hand). NULL and ret_why where it
// cannot start.
struct net_command {
    char *const *argv;    // NULL-ended
    char *const *env;     // NULL: ours; else NULL-ended NAME=value, added to ours
    const char *log_path; // its output is appended there; NULL: discarded
};
struct net_child *net_spawn(struct net_loop *l, const struct net_command *what,
                            void (*on_exit)(void *arg, int code, int signal), void *arg,
                            char ret_why[160]);
void net_child_kill(struct net_child *c, int signal); // SIGKILL goes to its children, too
void net_child_free(struct net_child *c);             // after on_exit, or to forget it
int net_child_pid(const struct net_child *c);
// Any thread may be signalled; runs fn on the loop. signo SIGINT, SIGTERM, SIGHUP.
void net_on_signal(struct net_loop *l, int signo, void (*fn)(void *arg, int signo), void *arg);
#endif
