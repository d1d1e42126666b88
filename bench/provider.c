// provider.c: a fake provider on one port of loopback, in one thread.
//
//   provider PORT
//
// A POST whose body has "stream":true gets a stream of STREAM_EVENTS events, STREAM_GAP_MS apart,
// then [DONE]; any other POST a static answer, a GET a list of models. Each event's text is
// "@<number>:<ns>@": which event of the stream it is, and when it was handed to the kernel. The
// waiting streams are a list in the order of their next event, since each waits equally long.
// Invariants: a connection is in that list exactly while `streaming`; what the peer did not take
// stands in `out`.
#include "bench/wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_HEAD                                                                                 \
    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,"      \
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
static const char whole_answer[] =
    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1760000000,"
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
    "\"The ferry leaves at seven from the north quay and takes forty minutes. Tickets are sold on "
    "board; a bicycle costs two more. If the wind is above eight the crossing is put off, which "
    "the harbour office says on its door the evening before.\",\"refusal\":null},\"logprobs\":null,"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":52,"
    "\"total_tokens\":172},\"system_fingerprint\":\"fp_bench\"}";
static const char models[] = "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"object\":\"model\","
                             "\"created\":1760000000,\"owned_by\":\"bench\"}]}";
static const char stream_head[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
static const char stream_tail[] = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

struct bytes {
    char *p;
    size_t n, room;
};
struct conn {
    int fd;
    struct message in;
    struct bytes body, out;
    bool streaming;
    int events; // sent of this stream
    int64_t due_ns;
    TAILQ_ENTRY(conn) at;
};
static TAILQ_HEAD(, conn) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static int poller;

static void put(struct bytes *b, const char *p, size_t n)
{
    if (b->n + n > b->room) {
        b->room = (b->n + n) * 2;
        b->p = grow(b->p, b->room);
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void keep_body(void *arg, const char *p, size_t n)
{
    struct conn *c = arg;
    put(&c->body, p, n);
}

static void drop(struct conn *c)
{
    if (c->streaming)
        TAILQ_REMOVE(&waiting, c, at);
    close(c->fd);
    free(c->body.p);
    free(c->out.p);
    free(c);
}

// False when the connection is gone.
static bool flush(struct conn *c)
{
    size_t sent = 0;
    while (sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + sent, c->out.n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    c->out.n -= sent;
    if (sent && c->out.n)
        memmove(c->out.p, c->out.p + sent, c->out.n);
    return true;
}

static void answer(struct conn *c, const char *json, size_t n)
{
    char head[128];
    int head_n = snprintf(head, sizeof head,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          n);
    put(&c->out, head, (size_t)head_n);
    put(&c->out, json, n);
}

static void put_event(struct conn *c)
{
    char event[512], chunk[16];
    bool last = c->events + 1 == STREAM_EVENTS;
    int n = snprintf(event, sizeof event,
                     "data: " CHUNK_HEAD "%s\"content\":\"@%d:%lld@\"},\"logprobs\":null,"
                     "\"finish_reason\":%s}]}\n\n",
                     c->events ? "" : "\"role\":\"assistant\",", c->events, (long long)now_ns(),
                     last ? "\"stop\"" : "null");
    int chunk_n = snprintf(chunk, sizeof chunk, "%x\r\n", (unsigned)n);
    put(&c->out, chunk, (size_t)chunk_n);
    put(&c->out, event, (size_t)n);
    put(&c->out, "\r\n", 2);
    if (last)
        put(&c->out, stream_tail, sizeof stream_tail - 1);
    c->events++;
}

static void wait_for_next(struct conn *c)
{
    c->streaming = c->events < STREAM_EVENTS;
    if (c->streaming)
        TAILQ_INSERT_TAIL(&waiting, c, at);
}

static void stream_begin(struct conn *c)
{
    put(&c->out, stream_head, sizeof stream_head - 1);
    c->events = 0;
    c->due_ns = now_ns() + STREAM_GAP_MS * 1000000LL;
    put_event(c);
    wait_for_next(c);
}

// Sends what is due. What came late is not made up for: the next event waits a gap from its time.
static void streams_go_on(void)
{
    struct conn *c;
    const int64_t now = now_ns();
    while ((c = TAILQ_FIRST(&waiting)) && c->due_ns <= now) {
        TAILQ_REMOVE(&waiting, c, at);
        c->due_ns = (c->due_ns < now - 1000000 ? now : c->due_ns) + STREAM_GAP_MS * 1000000LL;
        put_event(c);
        wait_for_next(c);
        if (!flush(c))
            drop(c);
    }
}

static void request_read(struct conn *c)
{
    bool wants_stream = c->body.n && (memmem(c->body.p, c->body.n, "\"stream\":true", 13) ||
                                      memmem(c->body.p, c->body.n, "\"stream\": true", 14));
    if (strncmp(c->in.head, "POST ", 5) != 0)
        answer(c, models, sizeof models - 1);
    else if (wants_stream)
        stream_begin(c);
    else
        answer(c, whole_answer, sizeof whole_answer - 1);
    c->body.n = 0;
    message_begin(&c->in);
}

// False when the connection is gone.
static bool conn_read(struct conn *c)
{
    static char buf[131072];
    ssize_t n = 0;
    do {
        n = recv(c->fd, buf, sizeof buf, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return false;
        for (size_t at = 0; n > 0 && at < (size_t)n;) {
            at += message_take(&c->in, buf + at, (size_t)n - at);
            if (c->in.state == READ_BAD)
                return false;
            if (c->in.state == READ_WHOLE)
                request_read(c);
        }
    } while (n == sizeof buf);
    return flush(c);
}

static void accept_all(int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = grow(NULL, sizeof *c);
        *c = (struct conn){.fd = fd, .in = {.request = true, .body = keep_body, .arg = c}};
        struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = c}};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) != 0)
            die("epoll_ctl");
    }
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {EPOLLIN, {.ptr = NULL}};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
        die("listen");
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) != 0)
        die("epoll_ctl");
    return fd;
}

// Whole milliseconds until the next event is due, rounded up: streams that are due in the same
// millisecond go out together, as they do from a server that works in batches.
static int wait_ms(void)
{
    const struct conn *c = TAILQ_FIRST(&waiting);
    if (!c)
        return -1;
    int64_t ns = c->due_ns - now_ns();
    return ns <= 0 ? 0 : (int)((ns + 999999) / 1000000);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[256];
    if (argc != 2)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(EPOLL_CLOEXEC);
    const int listener = listen_on(atoi(argv[1]));
    for (;;) {
        int n = epoll_wait(poller, ready, 256, wait_ms());
        for (int i = 0; i < n; i++) {
            struct conn *c = ready[i].data.ptr;
            const uint32_t what = ready[i].events;
            if (!c)
                accept_all(listener);
            else if ((what & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) ||
                     ((what & EPOLLOUT) && !flush(c)) || ((what & EPOLLIN) && !conn_read(c)))
                drop(c);
        }
        streams_go_on();
    }
}
