// listen.c: ports that are listened on. Each loop has a socket of its own on the same port
// (SO_REUSEPORT), made by hand, as libuv 1.44 cannot ask for that.
#include "net/inner.h"
#include <errno.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

struct net_listener {
    uv_tcp_t uv;
    struct net_loop *loop;
    void (*on_accept)(void *arg, struct net_sock *s);
    void *arg;
};

static void on_connection(uv_stream_t *server, int status)
{
    struct net_listener *n = server->data;
    if (status != 0)
        return; // out of descriptors: libuv turns the connection away
    struct net_sock *s = sock_new(n->loop);
    struct tcp *t = sock_new_tcp(s);
    if (uv_accept(server, (uv_stream_t *)&t->uv) != 0) {
        net_close(s, false);
        return;
    }
    uv_tcp_nodelay(&t->uv, 1);
    s->connected = true;
    net_resume(s);
    n->on_accept(n->arg, s);
}

static int open_port(const struct sockaddr_storage *a, bool shared)
{
    int on = 1;
    socklen_t n =
        a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, (const struct sockaddr *)a, n) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static const char *port_trouble(void)
{
    return errno == EADDRINUSE ? "the port is taken; choose another with --listen"
                               : strerror(errno);
}

bool net_address_is_good(str addr, char ret_why[160])
{
    struct sockaddr_storage a = {0};
    return addr_parse(addr, &a, ret_why);
}

bool net_port_is_free(str addr, char ret_why[160])
{
    struct sockaddr_storage a = {0};
    if (!addr_parse(addr, &a, ret_why))
        return false;
    int fd = open_port(&a, false);
    if (fd < 0)
        snprintf(ret_why, 160, "%s", port_trouble());
    else
        close(fd);
    return fd >= 0;
}

struct net_listener *net_listen(struct net_loop *l, str addr,
                                void (*on_accept)(void *arg, struct net_sock *s), void *arg,
                                char ret_why[160])
{
    struct sockaddr_storage a = {0};
    if (!addr_parse(addr, &a, ret_why))
        return NULL;
    int fd = open_port(&a, true);
    if (fd < 0) {
        snprintf(ret_why, 160, "%s", port_trouble());
        return NULL;
    }
    struct net_listener *n = mem_new(sizeof *n);
    must(on_accept);
    n->loop = l;
    n->on_accept = on_accept;
    n->arg = arg;
    must(uv_tcp_init(&l->uv, &n->uv) == 0);
    n->uv.data = n;
    int status = uv_tcp_open(&n->uv, fd);
    if (status != 0)
        close(fd);
    else
        status = uv_listen((uv_stream_t *)&n->uv, BACKLOG, on_connection);
    if (status != 0) {
        snprintf(ret_why, 160, "%s", uv_strerror(status));
        net_listener_close(n);
        return NULL;
    }
    return n;
}

static void on_listener_closed(uv_handle_t *h)
{
    mem_free(h->data);
}

void net_listener_close(struct net_listener *n)
{
    if (n)
        uv_close((uv_handle_t *)&n->uv, on_listener_closed);
}

int net_listener_port(const struct net_listener *n)
{
    struct sockaddr_storage a = {0};
    int size = sizeof a;
    must(uv_tcp_getsockname(&n->uv, (struct sockaddr *)&a, &size) == 0);
    return ntohs(a.ss_family == AF_INET
                     ? ((const struct sockaddr_in *)(const void *)&a)->sin_port
                     : ((const struct sockaddr_in6 *)(const void *)&a)->sin6_port);
}
