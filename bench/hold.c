// hold.c: connections that are open and do nothing.
//
//   hold PORT CONNECTIONS BODIES [HEADER]...
//
// Makes one call on each, so that each is an ordinary client between two calls, then prints a JSON
// line and waits. When its standard input ends it prints a second line: how many the gateway kept.
// They are reset, not closed: nothing of them stays behind in the kernel for the next gateway.
#include "bench/wire.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { OTHER_FILES = 64, LONGEST_S = 30 };
static struct requests requests;
static char *out;

static void raise_limit(long connections)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (files.rlim_max < (rlim_t)(connections + OTHER_FILES) || setrlimit(RLIMIT_NOFILE, &files))
        die("the limit of open files is too low");
}

static bool call(int fd)
{
    static char buf[65536];
    struct message in = {0};
    size_t size = requests_next(&requests, out);
    message_begin(&in);
    if (send(fd, out, size, MSG_NOSIGNAL) != (ssize_t)size)
        return false;
    while (in.state != READ_WHOLE && in.state != READ_BAD) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n > 0)
            message_take(&in, buf, (size_t)n);
        else
            message_end(&in);
    }
    return in.state == READ_WHOLE && in.status == 200;
}

static int open_one(int port)
{
    const struct linger reset = {1, 0};
    const struct timeval longest = {LONGEST_S, 0};
    int fd = dial(port);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    if (call(fd))
        return fd;
    close(fd);
    return -1;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    const int port = atoi(argv[1]);
    const long count = atol(argv[2]);
    long open_now = 0, kept = 0;
    char byte;
    requests_read(&requests, argv[3], port, argv + 4);
    out = grow(NULL, requests.longest);
    raise_limit(count);
    int *fds = grow(NULL, (size_t)count * sizeof *fds);
    for (long i = 0; i < count; i++) {
        fds[i] = open_one(port);
        open_now += fds[i] >= 0;
    }
    printf("{\"asked\": %ld, \"open\": %ld}\n", count, open_now);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    for (long i = 0; i < count; i++)
        kept +=
            fds[i] >= 0 && recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    printf("{\"kept\": %ld}\n", kept);
    return 0;
}
