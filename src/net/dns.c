// dns.c: names to addresses, with a cache per loop. Lookups run in libuv's thread pool, which is
// not started as long as every target is a literal address or localhost. One lookup a name is in
// flight at a time. Where a resolver fails for the moment, the addresses known before are used.
#include "net/inner.h"
#include <arpa/inet.h>
#include <netdb.h>

struct dns_entry {
    struct list at;
    struct list waiting; // struct dns_wait
    uv_getaddrinfo_t req;
    struct net_loop *loop;
    struct addresses found;
    int64_t expires_us;
    bool busy, abandoned;
    int port;
    char host[256];
};

bool addr_literal(const char *host, int port, struct sockaddr_storage *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_storage a = {0};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        memcpy(&a, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        memcpy(&a, &v6, sizeof v6);
    else
        return false;
    *ret = a;
    return true;
}

// Names that are this machine's whatever a resolver says (RFC 6761 section 6.3).
static bool local_name(const char *host)
{
    str name = str_c(host), end = S(".localhost");
    return str_eq_nocase(name, S("localhost")) ||
           (name.n > end.n && str_eq_nocase(str_from(name, name.n - end.n), end));
}

static bool known(const char *host, int port, struct addresses *ret)
{
    if (addr_literal(host, port, &ret->a[0])) {
        ret->count = 1;
        return true;
    }
    if (!local_name(host))
        return false;
    must(addr_literal("127.0.0.1", port, &ret->a[0]) && addr_literal("::1", port, &ret->a[1]));
    ret->count = 2;
    return true;
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct dns_entry *e = req->data;
    e->busy = false;
    if (e->abandoned) {
        uv_freeaddrinfo(res);
        mem_free(e);
        return;
    }
    if (status == 0 || status == UV_EAI_NONAME || status == UV_EAI_NODATA)
        e->found.count = 0;
    for (struct addrinfo *a = status == 0 ? res : NULL; a && e->found.count < ADDR_MAX;
         a = a->ai_next) {
        must(a->ai_addrlen <= sizeof e->found.a[0]);
        memcpy(&e->found.a[e->found.count++], a->ai_addr, a->ai_addrlen);
    }
    uv_freeaddrinfo(res);
    e->expires_us = status == 0 ? net_now_us(e->loop) + e->loop->settings->dns_ttl * 1000 : 0;
    while (!list_empty(&e->waiting)) {
        struct dns_wait *w = container_of(e->waiting.next, struct dns_wait, at);
        list_remove(&w->at);
        w->fn(w, e->found.count ? &e->found : NULL);
    }
}

static struct dns_entry *find_entry(struct net_loop *l, const char *host, int port)
{
    list_each(e, &l->dns, struct dns_entry, at)
    {
        if (e->port == port && strcmp(e->host, host) == 0)
            return e;
    }
    return NULL;
}

static struct dns_entry *new_entry(struct net_loop *l, const char *host, int port)
{
    struct dns_entry *e = mem_new(sizeof *e);
    must(strlen(host) < sizeof e->host);
    list_init(&e->waiting);
    e->loop = l;
    e->port = port;
    str_copy_to(e->host, sizeof e->host, str_c(host));
    e->req.data = e;
    list_push_back(&l->dns, &e->at);
    return e;
}

bool dns_ask(struct net_loop *l, const char *host, int port, struct addresses *ret,
             struct dns_wait *w)
{
    if (known(host, port, ret))
        return true;
    struct dns_entry *e = find_entry(l, host, port);
    if (!e)
        e = new_entry(l, host, port);
    if (e->found.count && net_now_us(l) < e->expires_us) {
        *ret = e->found;
        return true;
    }
    list_push_back(&e->waiting, &w->at);
    if (!e->busy) {
        char service[8];
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        snprintf(service, sizeof service, "%d", port);
        e->busy = uv_getaddrinfo(&l->uv, &e->req, on_found, host, service, &hints) == 0;
    }
    return false;
}

void dns_forget(struct dns_wait *w)
{
    list_remove(&w->at);
}

void dns_distrust(struct net_loop *l, const char *host, int port)
{
    struct dns_entry *e = find_entry(l, host, port);
    if (e)
        e->expires_us = 0;
}

void dns_free(struct net_loop *l)
{
    list_each(e, &l->dns, struct dns_entry, at)
    {
        must(list_empty(&e->waiting)); // sockets were closed before
        list_remove(&e->at);
        e->abandoned = true;
        if (e->busy)
            uv_cancel((uv_req_t *)&e->req);
        else
            mem_free(e);
    }
}

bool addr_parse(str text, struct sockaddr_storage *ret, char why[160])
{
    char host[128];
    int64_t port = 0;
    size_t colon = SIZE_MAX;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == ':')
            colon = i;
    if (colon == SIZE_MAX || !str_to_i64(str_from(text, colon + 1), &port) || port < 0 ||
        port > 65535) {
        snprintf(why, 160, "an address is written 127.0.0.1:4100, [::1]:4100 or :4100");
        return false;
    }
    str name = str_first(text, colon);
    if (str_starts(name, S("[")) && str_ends(name, S("]")))
        name = (str){name.p + 1, name.n - 2};
    else if (str_find_char(name, ':') != SIZE_MAX)
        name = S("?"); // which colon is the port's?
    if (name.n == 0 || str_eq(name, S("*")))
        name = S("0.0.0.0");
    if (str_eq(name, S("localhost")))
        name = S("127.0.0.1");
    if (!addr_literal(str_copy_to(host, sizeof host, name), (int)port, ret)) {
        snprintf(why, 160, "listen on an address, not on a name");
        return false;
    }
    return true;
}
