// tls.c: TLS towards targets, OpenSSL over memory buffers on a socket of sock.c. The certificate
// and the host's name are always verified. OpenSSL is not touched before the first https place
// exists. Invariants: (1) what OpenSSL wants to send is flushed after every step; (2) an end
// without close_notify is a broken answer, never a clean one (RFC 8446 section 6.1).
#include "net/inner.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum { PLAIN_BYTES = 32 * 1024 };

struct tls_context {
    SSL_CTX *ctx;
    int place_index; // ex_data: the place of an SSL
    char plain[PLAIN_BYTES];
};

struct tls {
    SSL *ssl;
    BIO *in, *out;
    bool up;
};

// A ticket or session came: the place keeps the newest.
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct net_place *p = SSL_get_app_data(ssl);
    if (!p)
        return 0;
    SSL_SESSION_free(p->session);
    p->session = session;
    return 1; // the reference is ours
}

static enum err set_roots(SSL_CTX *ctx, str ca_file, char why[160])
{
    char path[4096];
    if (SSL_CTX_set_default_verify_dir(ctx) != 1)
        return ERR_BAD_CONFIG;
    // distributions without the hashed folder have the bundle alone
    if (access("/etc/ssl/certs", R_OK) != 0)
        (void)SSL_CTX_set_default_verify_paths(ctx);
    if (!ca_file.n)
        return OK;
    if (SSL_CTX_load_verify_file(ctx, str_copy_to(path, sizeof path, ca_file)) == 1)
        return OK;
    snprintf(why, 160, "net.ca_file cannot be read as PEM certificates");
    return ERR_BAD_CONFIG;
}

enum err tls_prepare(struct net_loop *l, char why[160])
{
    static const unsigned char http11[] = "\x08http/1.1";
    if (l->tls)
        return OK;
    bool only13 = str_eq(l->settings->tls_least, S("1.3"));
    if (!only13 && !str_eq(l->settings->tls_least, S("1.2"))) {
        snprintf(why, 160, "net.tls_least is 1.2 or 1.3");
        return ERR_BAD_CONFIG;
    }
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    must(ctx);
    SSL_CTX_set_min_proto_version(ctx, only13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    SSL_CTX_set_alpn_protos(ctx, http11, sizeof http11 - 1);
    enum err e = set_roots(ctx, l->settings->ca_file, why);
    if (e != OK) {
        SSL_CTX_free(ctx);
        return e;
    }
    l->tls = mem_new(sizeof *l->tls);
    l->tls->ctx = ctx;
    return OK;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    mem_free(c);
}

void tls_place_free(struct net_place *p)
{
    if (p->session)
        SSL_SESSION_free(p->session);
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl); // with its BIOs
    mem_free(t);
}

static bool flush(struct net_sock *s, size_t limit)
{
    char *bytes = NULL;
    long n = BIO_get_mem_data(s->tls->out, &bytes);
    if (n <= 0)
        return true;
    str out = {bytes, (size_t)n};
    bool fine = sock_write_raw(s, &out, 1, limit);
    (void)BIO_reset(s->tls->out);
    return fine;
}

static void handshake(struct net_sock *s)
{
    enum { HANDSHAKE_QUEUE = 256 * 1024 };
    struct tls *t = s->tls;
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    int why = r == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, r);
    (void)flush(s, HANDSHAKE_QUEUE);
    if (r == 1) {
        t->up = true;
        sock_connected(s);
    } else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        sock_end(s, ERR_UPSTREAM_TLS);
    }
}

void tls_start(struct net_sock *s)
{
    struct net_place *p = s->place;
    struct tls *t = mem_new(sizeof *t);
    unsigned char ip[16];
    must(s->loop->tls && !s->tls);
    t->ssl = SSL_new(s->loop->tls->ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    must(t->ssl && t->in && t->out);
    BIO_set_mem_eof_return(t->in, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_app_data(t->ssl, p);
    bool literal = inet_pton(AF_INET, p->host, ip) == 1 || inet_pton(AF_INET6, p->host, ip) == 1;
    if (literal) {
        must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), p->host) == 1);
    } else {
        must(SSL_set_tlsext_host_name(t->ssl, p->host) == 1);
        must(SSL_set1_host(t->ssl, p->host) == 1);
    }
    if (p->session)
        SSL_set_session(t->ssl, p->session);
    SSL_set_connect_state(t->ssl);
    s->tls = t;
    handshake(s);
}

void tls_bytes(struct net_sock *s, str bytes)
{
    struct tls *t = s->tls;
    struct tls_context *c = s->loop->tls;
    must(BIO_write(t->in, bytes.p, (int)bytes.n) == (int)bytes.n);
    if (!t->up) {
        handshake(s);
        if (!t->up || s->closed || s->ended)
            return;
    }
    for (;;) {
        ERR_clear_error();
        int n = SSL_read(t->ssl, c->plain, PLAIN_BYTES);
        if (n <= 0) {
            int why = SSL_get_error(t->ssl, n);
            (void)flush(s, PLAIN_BYTES * 8); // key updates, tickets
            if (why == SSL_ERROR_ZERO_RETURN)
                sock_end(s, OK);
            else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                sock_end(s, ERR_UPSTREAM_TLS);
            ERR_clear_error();
            return;
        }
        if (s->events->on_data)
            s->events->on_data(s->arg, s, str_of(c->plain, (size_t)n));
        if (s->closed || s->ended)
            return;
    }
}

void tls_eof(struct net_sock *s)
{
    sock_end(s, s->tls->up ? ERR_UPSTREAM_BROKEN : ERR_UPSTREAM_TLS);
}

bool tls_write(struct net_sock *s, const str *slices, unsigned count, size_t limit)
{
    struct tls *t = s->tls;
    must(t->up);
    for (unsigned i = 0; i < count; i++) {
        str rest = slices[i];
        while (rest.n) {
            int n = SSL_write(t->ssl, rest.p, (int)min_size(rest.n, 1 << 20));
            if (n <= 0) { // memory never refuses: the connection is broken
                ERR_clear_error();
                return true;
            }
            rest = str_from(rest, (size_t)n);
        }
    }
    // what encryption adds is not the caller's: 22 bytes a record of 16 KiB and some
    return flush(s, limit + limit / 256 + 4096);
}
