// streams.c: streams through a gateway, some at once, for some seconds.
//
//   streams PORT STREAMS SECONDS BODIES [HEADER]...      one JSON line, times in microseconds
//
// A stream that ended is begun anew on its connection; the first ones begin spread over a stream's
// length, so that beginnings and ends are spread as well. When the time is over nothing more is
// begun and what runs is waited for. Of each event it is known which one it is and when the
// provider sent it ("@<number>:<ns>@", see provider.c): `first` is from sending the request to the
// first event, `age` from the provider's stamp to here, lost is whatever of a stream's events did
// not come in its place. A stream is broken unless it came whole, with [DONE] and status 200.
#include "bench/wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { DRAIN_S = 20, LINE_MAX_BYTES = 16384 };
struct stream {
    int fd; // -1: to be dialled
    bool live, done;
    int events;
    int64_t begun_ns, read_ns;
    struct message in;
    char line[LINE_MAX_BYTES];
    size_t line_n;
};
static struct load load;
static struct times firsts, ages;
static int live_now;
static long streams, broken, events, lost;

static void line_read(struct stream *s)
{
    s->line[s->line_n] = 0;
    if (strncmp(s->line, "data:", 5) != 0)
        return;
    const char *stamp = strchr(s->line, '@');
    int number = -1;
    long long sent_ns = 0;
    s->done |= strstr(s->line, "[DONE]") != NULL;
    if (!stamp || sscanf(stamp, "@%d:%lld@", &number, &sent_ns) != 2 || number != s->events)
        return;
    if (number == 0)
        times_add(&firsts, s->read_ns - s->begun_ns);
    times_add(&ages, s->read_ns - sent_ns);
    s->events++;
}

static void take_lines(void *arg, const char *p, size_t n)
{
    struct stream *s = arg;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n') {
            line_read(s);
            s->line_n = 0;
        } else if (s->line_n < sizeof s->line - 1) {
            s->line[s->line_n++] = p[i];
        }
    }
}

static void over(struct stream *s)
{
    bool whole = s->in.state == READ_WHOLE && s->in.status == 200 && s->done;
    s->live = false;
    live_now--;
    streams++;
    events += s->events;
    lost += STREAM_EVENTS - s->events;
    broken += !whole || s->events < STREAM_EVENTS;
    if (s->in.state != READ_WHOLE || s->in.closes)
        hang_up(&s->fd);
}

static void begin(struct stream *s, char *out)
{
    load_dial(&load, &s->fd, EPOLLIN, s);
    size_t size = requests_next(&load.requests, out);
    s->live = true;
    s->done = false;
    s->events = 0;
    s->line_n = 0;
    live_now++;
    message_begin(&s->in);
    s->begun_ns = now_ns();
    if (send(s->fd, out, size, MSG_NOSIGNAL) != (ssize_t)size) {
        message_end(&s->in);
        over(s);
    }
}

static void stream_read(struct stream *s)
{
    static char buf[262144];
    ssize_t n = recv(s->fd, buf, sizeof buf, 0);
    s->read_ns = now_ns();
    if (n < 0 && errno == EAGAIN)
        return;
    if (s->live && n > 0)
        message_take(&s->in, buf, (size_t)n);
    else if (s->live)
        message_end(&s->in);
    if (s->live && (s->in.state == READ_WHOLE || s->in.state == READ_BAD))
        over(s);
    if (n <= 0)
        hang_up(&s->fd); // between streams a gateway may close
}

static void print_all(double seconds)
{
    printf("{\"streams\": %ld, \"broken\": %ld, \"events\": %ld, \"lost\": %ld, "
           "\"seconds\": %.3f, \"first_p50\": %.1f, \"first_p99\": %.1f, \"age_p50\": %.1f, "
           "\"age_p99\": %.1f}\n",
           streams, broken, events, lost, seconds, times_us(&firsts, 0.5), times_us(&firsts, 0.99),
           times_us(&ages, 0.5), times_us(&ages, 0.99));
}

int main(int argc, char **argv)
{
    struct epoll_event ready[256];
    load_begin(&load, argc, argv);
    const int count = load.count;
    struct stream *all = grow(NULL, (size_t)count * sizeof *all);
    char *out = grow(NULL, load.requests.longest);
    const int64_t start = load.start_ns, stop = load.stop_ns,
                  apart = STREAM_EVENTS * STREAM_GAP_MS * 1000000LL / count;
    int begun = 0; // how many may have begun once
    for (int i = 0; i < count; i++)
        all[i] = (struct stream){.fd = -1, .in = {.body = take_lines, .arg = &all[i]}};
    for (int64_t now = start; now < stop || live_now; now = now_ns()) {
        while (begun < count && now >= start + begun * apart)
            begun++;
        for (int i = 0; i < begun && now < stop; i++)
            if (!all[i].live)
                begin(&all[i], out);
        if (now > stop + DRAIN_S * 1000000000LL)
            break;
        int n = epoll_wait(load.poller, ready, 256, begun < count ? 1 : 100);
        for (int i = 0; i < n; i++)
            stream_read(ready[i].data.ptr);
    }
    for (int i = 0; i < count; i++)
        if (all[i].live)
            over(&all[i]); // hung
    print_all((double)(now_ns() - start) / 1e9);
    return 0;
}
