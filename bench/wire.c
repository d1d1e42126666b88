// wire.c: see wire.h. Invariants: a message in READ_WHOLE or READ_BAD takes nothing more; left is 0
// unless the state counts bytes; the head is NUL-terminated wherever it is searched.
#include "bench/wire.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void *grow(void *block, size_t size)
{
    block = realloc(block, size);
    if (!block)
        die("memory");
    return block;
}

// --- times ---------------------------------------------------------------------------------------

void times_add(struct times *t, int64_t ns)
{
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 4096;
        t->ns = grow(t->ns, t->room * sizeof *t->ns);
    }
    t->ns[t->count++] = ns;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

double times_us(struct times *t, double share)
{
    if (!t->count)
        return -1;
    qsort(t->ns, t->count, sizeof *t->ns, by_value);
    return (double)t->ns[(size_t)(share * (double)(t->count - 1) + 0.5)] / 1e3;
}

// --- sockets -------------------------------------------------------------------------------------

int dial(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void make_waitless(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        die("fcntl");
}

// --- requests ------------------------------------------------------------------------------------

static void request_make(struct request *q, const char *head, const char *body, size_t size)
{
    size_t head_n = strlen(head);
    q->size = head_n + size;
    q->bytes = grow(NULL, q->size);
    memcpy(q->bytes, head, head_n);
    memcpy(q->bytes + head_n, body, size);
    for (char *p = q->bytes;
         (p = memmem(p, (size_t)(q->bytes + q->size - p), MARK, strlen(MARK))) != NULL;
         p += strlen(MARK)) {
        q->marks = grow(q->marks, (q->mark_count + 1) * sizeof *q->marks);
        q->marks[q->mark_count++] = (size_t)(p - q->bytes);
    }
}

void requests_read(struct requests *r, const char *path, int port, char **headers)
{
    char extra[4096] = "", head[5120], *line = NULL;
    size_t extra_n = 0, line_room = 0;
    ssize_t n;
    FILE *f = fopen(path, "r");
    if (!f)
        die(path);
    for (; *headers; headers++)
        extra_n += (size_t)snprintf(extra + extra_n, sizeof extra - extra_n, "%s\r\n", *headers);
    if (extra_n >= sizeof extra)
        die("headers are too long");
    *r = (struct requests){0};
    while ((n = getline(&line, &line_room, f)) > 0) {
        size_t size = (size_t)n - (line[n - 1] == '\n');
        snprintf(head, sizeof head,
                 "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
                 port, size, extra);
        r->list = grow(r->list, (r->count + 1) * sizeof *r->list);
        r->list[r->count] = (struct request){0};
        request_make(&r->list[r->count], head, line, size);
        if (r->list[r->count].size > r->longest)
            r->longest = r->list[r->count].size;
        r->count++;
    }
    if (!r->count)
        die("no bodies");
    free(line);
    fclose(f);
}

// The stamp as a word of letters: digits would look like numbers to a gateway that reads.
static void put_stamp(char *to, uint64_t stamp)
{
    for (size_t i = strlen(MARK); i-- > 0; stamp /= 26)
        to[i] = (char)('a' + stamp % 26);
}

size_t requests_next(struct requests *r, char *ret_bytes)
{
    const struct request *q = &r->list[r->at];
    r->at = (r->at + 1) % r->count;
    memcpy(ret_bytes, q->bytes, q->size);
    for (size_t i = 0; i < q->mark_count; i++)
        put_stamp(ret_bytes + q->marks[i], r->stamp++);
    return q->size;
}

// --- a load --------------------------------------------------------------------------------------

void load_begin(struct load *l, int argc, char **argv)
{
    if (argc < 5)
        exit(2);
    signal(SIGPIPE, SIG_IGN);
    *l = (struct load){.port = atoi(argv[1]), .count = atoi(argv[2])};
    requests_read(&l->requests, argv[4], l->port, argv + 5);
    l->poller = epoll_create1(EPOLL_CLOEXEC);
    l->start_ns = now_ns();
    l->stop_ns = l->start_ns + (int64_t)(atof(argv[3]) * 1e9);
}

void load_dial(struct load *l, int *fd, uint32_t events, void *owner)
{
    struct epoll_event e = {events, {.ptr = owner}};
    if (*fd >= 0)
        return;
    *fd = dial(l->port);
    if (*fd < 0)
        die("connect");
    make_waitless(*fd);
    if (epoll_ctl(l->poller, EPOLL_CTL_ADD, *fd, &e) != 0)
        die("epoll_ctl");
}

void hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

// --- messages ------------------------------------------------------------------------------------

void message_begin(struct message *m)
{
    m->state = READ_HEAD;
    m->closes = false;
    m->status = 0;
    m->left = m->head_n = m->line_n = 0;
}

// The head is whole: how is the body framed?
static void head_read(struct message *m)
{
    const char *length = strcasestr(m->head, "\ncontent-length:");
    m->status = m->request ? 0 : atoi(m->head + 9); // behind "HTTP/1.1 "
    m->closes = strcasestr(m->head, "\nconnection: close") != NULL;
    if (strcasestr(m->head, "\ntransfer-encoding: chunked")) {
        m->state = READ_CHUNK_SIZE;
    } else if (length || m->request) {
        m->left = length ? strtoul(length + 16, NULL, 10) : 0;
        m->state = m->left ? READ_LENGTH : READ_WHOLE;
    } else {
        m->state = READ_TO_CLOSE;
        m->closes = true;
    }
}

// Takes the head's bytes up to and with its blank line.
static size_t take_head(struct message *m, const char *bytes, size_t size)
{
    size_t room = sizeof m->head - 1 - m->head_n, n = size < room ? size : room;
    size_t from = m->head_n < 3 ? 0 : m->head_n - 3; // the blank line may have begun before
    memcpy(m->head + m->head_n, bytes, n);
    m->head[m->head_n + n] = 0;
    const char *end = memmem(m->head + from, m->head_n + n - from, "\r\n\r\n", 4);
    if (!end) {
        m->head_n += n;
        if (n == room)
            m->state = READ_BAD;
        return n;
    }
    size_t whole = (size_t)(end - m->head) + 4, took = whole - m->head_n;
    m->head_n = whole;
    m->head[whole] = 0;
    head_read(m);
    return took;
}

// Takes one line; true when it is whole (without its CR LF, cut to fit).
static bool take_line(struct message *m, const char *bytes, size_t size, size_t *ret_took)
{
    const char *end = memchr(bytes, '\n', size);
    size_t n = end ? (size_t)(end - bytes) : size, room = sizeof m->line - 1 - m->line_n;
    memcpy(m->line + m->line_n, bytes, n < room ? n : room);
    m->line_n += n < room ? n : room;
    *ret_took = n + (end != NULL);
    if (!end)
        return false;
    while (m->line_n && m->line[m->line_n - 1] == '\r')
        m->line_n--;
    m->line[m->line_n] = 0;
    return true;
}

static void line_read(struct message *m)
{
    char *end = NULL;
    bool empty = m->line_n == 0;
    m->line_n = 0;
    if (m->state == READ_CHUNK_END) {
        m->state = empty ? READ_CHUNK_SIZE : READ_BAD;
    } else if (m->state == READ_TRAILER) {
        m->state = empty ? READ_WHOLE : READ_TRAILER;
    } else {
        m->left = strtoul(m->line, &end, 16);
        m->state = end == m->line ? READ_BAD : m->left ? READ_CHUNK : READ_TRAILER;
    }
}

static size_t take_body(struct message *m, const char *bytes, size_t size)
{
    size_t n = m->state == READ_TO_CLOSE || size < m->left ? size : m->left;
    if (m->body)
        m->body(m->arg, bytes, n);
    if (m->state == READ_TO_CLOSE)
        return n;
    m->left -= n;
    if (!m->left)
        m->state = m->state == READ_CHUNK ? READ_CHUNK_END : READ_WHOLE;
    return n;
}

size_t message_take(struct message *m, const char *bytes, size_t size)
{
    size_t at = 0, took;
    while (at < size && m->state != READ_WHOLE && m->state != READ_BAD) {
        if (m->state == READ_HEAD) {
            at += take_head(m, bytes + at, size - at);
        } else if (m->state == READ_LENGTH || m->state == READ_CHUNK || m->state == READ_TO_CLOSE) {
            at += take_body(m, bytes + at, size - at);
        } else {
            if (take_line(m, bytes + at, size - at, &took))
                line_read(m);
            at += took;
        }
    }
    return at;
}

void message_end(struct message *m)
{
    if (m->state != READ_WHOLE)
        m->state = m->state == READ_TO_CLOSE ? READ_WHOLE : READ_BAD;
}
