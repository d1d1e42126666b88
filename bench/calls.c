// calls.c: calls one after another on each of some connections, for some seconds.
//
//   calls PORT CONNECTIONS SECONDS BODIES [HEADER]...      one JSON line
//
// The bodies are sent in turn, whichever connection is free. When the time is over nothing more is
// begun and what is under way is waited for, so that the calls counted are the calls worked for.
// Anything but a whole answer with status 200 is bad.
#include "bench/wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BAD_MAX = 1000, DRAIN_S = 30 };
struct conn {
    int fd; // -1: to be dialled
    bool busy;
    struct message in;
    char *out;
    size_t out_n, out_at;
};
static struct load load;
static long calls, bad, busy_now;

static void flush(struct conn *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0)
            return; // full, or gone: epoll tells which
        c->out_at += (size_t)n;
    }
}

static void begin(struct conn *c)
{
    load_dial(&load, &c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
    c->out_n = requests_next(&load.requests, c->out);
    c->out_at = 0;
    c->busy = true;
    busy_now++;
    message_begin(&c->in);
    flush(c);
}

// The call is over; a bad one takes its connection with it.
static void over(struct conn *c, bool well)
{
    c->busy = false;
    busy_now--;
    calls += well;
    bad += !well;
    if (!well || c->in.closes)
        hang_up(&c->fd);
    if (bad > BAD_MAX)
        die("too many bad answers");
}

// `to_end`: the peer has closed, so nothing but reading on will tell.
static void conn_read(struct conn *c, bool to_end)
{
    static char buf[65536];
    ssize_t n = 0;
    do {
        n = recv(c->fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (c->busy && n > 0)
            message_take(&c->in, buf, (size_t)n);
        else if (c->busy)
            message_end(&c->in);
        if (c->busy && (c->in.state == READ_WHOLE || c->in.state == READ_BAD))
            over(c, c->in.state == READ_WHOLE && c->in.status == 200);
        if (n <= 0)
            hang_up(&c->fd); // between calls a gateway may close
    } while ((n == sizeof buf || to_end) && c->fd >= 0);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[256];
    load_begin(&load, argc, argv);
    const int count = load.count;
    const int64_t start = load.start_ns, stop = load.stop_ns;
    struct conn *conns = grow(NULL, (size_t)count * sizeof *conns);
    for (int i = 0; i < count; i++)
        conns[i] = (struct conn){.fd = -1, .out = grow(NULL, load.requests.longest)};
    for (int64_t now = start; now < stop || busy_now; now = now_ns()) {
        for (int i = 0; i < count && now < stop; i++)
            if (!conns[i].busy)
                begin(&conns[i]);
        if (now > stop + DRAIN_S * 1000000000LL) {
            bad += busy_now;
            break;
        }
        int n = epoll_wait(load.poller, ready, 256, 100);
        for (int i = 0; i < n; i++) {
            struct conn *c = ready[i].data.ptr;
            if (c->fd >= 0 && (ready[i].events & EPOLLOUT))
                flush(c);
            if (c->fd >= 0 && (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                conn_read(c, ready[i].events & EPOLLRDHUP);
        }
    }
    printf("{\"calls\": %ld, \"bad\": %ld, \"seconds\": %.3f}\n", calls, bad,
           (double)(now_ns() - start) / 1e9);
    return 0;
}
