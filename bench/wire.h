// wire.h: what the bench's small programs share: clock, times by rank, sockets, the requests that
// they send and what comes back. They stop the bench when the machine fails them
// (die) and count what a gateway does wrong.
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void die(const char *what); // says it with errno's word, exits 1
int64_t now_ns(void);                 // CLOCK_MONOTONIC, the same in every process of the machine
void *grow(void *block, size_t size); // realloc that does not fail

// --- times, asked for by rank --------------------------------------------------------------------

struct times {
    int64_t *ns;
    size_t count, room;
};
void times_add(struct times *t, int64_t ns);
double times_us(struct times *t, double share); // share 0.5 is the median; -1 where there are none

// --- sockets -------------------------------------------------------------------------------------

int dial(int port);         // a connection to 127.0.0.1 without Nagle's delay; -1 when refused
void make_waitless(int fd); // O_NONBLOCK

// --- requests ------------------------------------------------------------------------------------

// A file of bodies, one a line, made into whole requests that are sent in turn. Wherever a body has
// MARK, the request gets a word that no request before it had, so that nothing that a gateway
// remembers of earlier calls helps with this place.
#define MARK "zzzzzzzz"
struct request {
    char *bytes;
    size_t size;
    size_t *marks, mark_count;
};
struct requests {
    struct request *list;
    size_t count, longest, at;
    uint64_t stamp;
};
// `headers`: "Name: value" lines, the last one NULL.
void requests_read(struct requests *r, const char *path, int port, char **headers);
size_t requests_next(struct requests *r, char *ret_bytes); // at most `longest`

// --- a load --------------------------------------------------------------------------------------

// Connections to one gateway for some seconds, begun from a program's words:
//   PROGRAM PORT CONNECTIONS SECONDS BODIES [HEADER]...
struct load {
    int port, count, poller;
    int64_t start_ns, stop_ns;
    struct requests requests;
};
void load_begin(struct load *l, int argc, char **argv); // exits 2 where words are missing
// Dials anew where *fd is -1; events come with `owner`.
void load_dial(struct load *l, int *fd, uint32_t events, void *owner);
void hang_up(int *fd); // closes it where it is open; -1 from then on

// --- messages ------------------------------------------------------------------------------------

// HTTP/1.1 messages, one after another, in pieces of any size: framed by length, by chunks, or
// (answers only) by the end of the connection.
enum message_state {
    READ_HEAD,
    READ_LENGTH,
    READ_CHUNK_SIZE,
    READ_CHUNK,
    READ_CHUNK_END,
    READ_TRAILER,
    READ_TO_CLOSE,
    READ_WHOLE,
    READ_BAD,
};
struct message {
    enum message_state state;
    bool request; // what is read is a request: without a length there is no body
    bool closes;  // the peer said that it will close the connection
    int status;   // of an answer
    size_t left;  // bytes of the length or chunk that are to come
    size_t head_n, line_n;
    char head[16384]; // whole and NUL-terminated once state is past READ_HEAD
    char line[64];    // of a chunk's size
    void (*body)(void *arg, const char *bytes, size_t size); // may be NULL
    void *arg;
};
void message_begin(struct message *m); // for the next message; keeps request, body and arg
// Takes bytes until the message is whole or bad; returns how many were its own.
size_t message_take(struct message *m, const char *bytes, size_t size);
void message_end(struct message *m); // the connection ended: whole or bad

// What the provider's streams are made of.
enum { STREAM_EVENTS = 64, STREAM_GAP_MS = 20 };
#endif
