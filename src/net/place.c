// place.c: where a target stands: scheme, host and port out of its URL, prepared once.
#include "net/inner.h"

static bool good_host(str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    strchr(".-_:%", c);
        if (!fine || c == 0)
            return false;
    }
    return host.n > 0 && host.n < 254;
}

// "host", "host:port", "[v6]:port"; the port is 0 where none is given.
static bool split_authority(str authority, str *host, int64_t *port)
{
    *port = 0;
    if (str_starts(authority, S("["))) {
        size_t close = str_find_char(authority, ']');
        if (close == SIZE_MAX)
            return false;
        *host = (str){authority.p + 1, close - 1};
        str rest = str_from(authority, close + 1);
        return rest.n == 0 || (rest.p[0] == ':' && str_to_i64(str_from(rest, 1), port));
    }
    size_t colon = str_find_char(authority, ':');
    *host = str_first(authority, colon);
    return colon == SIZE_MAX || str_to_i64(str_from(authority, colon + 1), port);
}

enum err net_place_new(struct net_loop *l, str url, struct net_place **ret_place, str *ret_path,
                       char ret_why[160])
{
    bool tls = str_starts(url, S("https://"));
    if (!tls && !str_starts(url, S("http://"))) {
        snprintf(ret_why, 160, "a URL begins with http:// or https://");
        return ERR_BAD_CONFIG;
    }
    str rest = str_from(url, tls ? 8 : 7), host;
    size_t slash = str_find_char(rest, '/');
    str authority = str_first(rest, slash);
    int64_t port = 0;
    if (!split_authority(authority, &host, &port) || !good_host(host) || port < 0 || port > 65535) {
        snprintf(ret_why, 160, "the URL's host or port is wrong");
        return ERR_BAD_CONFIG;
    }
    if (tls && tls_prepare(l, ret_why) != OK)
        return ERR_BAD_CONFIG;
    struct net_place *p = mem_new(sizeof *p);
    p->loop = l;
    p->tls = tls;
    p->port = port ? (int)port : tls ? 443 : 80;
    p->host = mem_copy_str(host);
    p->header = mem_copy_str(authority);
    *ret_path = slash == SIZE_MAX ? STR_NONE : str_from(rest, slash);
    *ret_place = p;
    return OK;
}

bool net_place_keep_private(struct net_place *p)
{
    struct sockaddr_storage a = {0};
    if (addr_literal(p->host, p->port, &a) && !addr_is_private(&a))
        return false;
    p->private_only = true;
    return true;
}

bool net_url_is_public(str url)
{
    struct sockaddr_storage a = {0};
    str rest = str_from(url, str_starts(url, S("https://")) ? 8 : 7), host;
    char word[64];
    int64_t port;
    if (!split_authority(str_first(rest, str_find_char(rest, '/')), &host, &port))
        return false;
    return addr_literal(str_copy_to(word, sizeof word, host), 0, &a) && !addr_is_private(&a);
}

void net_place_free(struct net_place *p)
{
    if (!p)
        return;
    tls_place_free(p);
    mem_free(p->host);
    mem_free(p->header);
    mem_free(p);
}

str net_place_host(const struct net_place *p)
{
    return str_c(p->header);
}
