// turns.c: how long single calls take, to the provider itself and through a gateway.
//
//   turns DIRECT_PORT GATEWAY_PORT CALLS BODIES [HEADER]...      one JSON line, microseconds
//
// One connection to each, one call at a time, in turns of TURN calls, so that whatever else the
// machine does falls on both alike. Both get the same bodies. The first WARM calls are not counted.
#include "bench/wire.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { TURN = 20, WARM = 200, GIVE_UP_S = 60 };
struct side {
    int port, fd;
    struct requests requests;
    char *out;
    struct message in;
    struct times times;
    long bad;
};

static bool call(struct side *s)
{
    static char buf[262144];
    if (s->fd < 0) {
        struct timeval longest = {10, 0};
        s->fd = dial(s->port);
        if (s->fd < 0)
            die("connect");
        setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    }
    size_t size = requests_next(&s->requests, s->out);
    message_begin(&s->in);
    if (send(s->fd, s->out, size, MSG_NOSIGNAL) != (ssize_t)size)
        message_end(&s->in);
    while (s->in.state != READ_WHOLE && s->in.state != READ_BAD) {
        ssize_t n = recv(s->fd, buf, sizeof buf, 0);
        if (n > 0)
            message_take(&s->in, buf, (size_t)n);
        else
            message_end(&s->in);
    }
    bool well = s->in.state == READ_WHOLE && s->in.status == 200;
    if (!well || s->in.closes) {
        close(s->fd);
        s->fd = -1;
    }
    return well;
}

static void timed_call(struct side *s)
{
    const int64_t begin = now_ns();
    if (call(s))
        times_add(&s->times, now_ns() - begin);
    else
        s->bad++;
}

static void print_side(const char *name, struct side *s, const char *end)
{
    printf("\"%s\": {\"p50\": %.1f, \"p99\": %.1f, \"calls\": %zu, \"bad\": %ld}%s", name,
           times_us(&s->times, 0.5), times_us(&s->times, 0.99), s->times.count, s->bad, end);
}

int main(int argc, char **argv)
{
    static struct side sides[2];
    if (argc < 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        sides[i].port = atoi(argv[1 + i]);
        sides[i].fd = -1;
        requests_read(&sides[i].requests, argv[4], sides[i].port, argv + 5);
        sides[i].out = grow(NULL, sides[i].requests.longest);
        for (int k = 0; k < WARM; k++)
            call(&sides[i]);
    }
    const int64_t stop = now_ns() + GIVE_UP_S * 1000000000LL;
    for (long done = 0; done < atol(argv[3]) && now_ns() < stop; done += TURN)
        for (int i = 0; i < 2; i++)
            for (int k = 0; k < TURN; k++)
                timed_call(&sides[i]);
    printf("{");
    print_side("direct", &sides[0], ", ");
    print_side("through", &sides[1], "}\n");
    return 0;
}
