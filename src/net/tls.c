// tls.c: TLS towards targets, OpenSSL as a filter on a socket of sock.c. The certificate and the
// host's name are always verified. OpenSSL is not touched before the first https place exists.
// What OpenSSL reads is the bytes just fed, what it writes gathers in one buffer a loop, so an idle
// connection holds no buffers.
// Invariants: (1) what OpenSSL wants to send is flushed after every step, before any callback of an
// owner: the buffer is the loop's; (2) an end without close_notify is a broken answer, never a
// clean one (RFC 8446 section 6.1).
#include "net/inner.h"
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum {
    PLAIN_BYTES = 32 * 1024,
    RECORD_BYTES = 16 * 1024,     // slices up to this size together are one record
    STEP_BYTES = 64 * 1024,       // most bytes given to OpenSSL at once
    FLUSH_BYTES = 128 * 1024,     // a longer write is flushed in between
    CIPHER_MAX = 1024 * 1024,     // more than FLUSH_BYTES and a step with its overhead
    HANDSHAKE_QUEUE = 256 * 1024, // what a handshake may leave waiting
};

struct tls_context {
    SSL_CTX *ctx;
    BIO_METHOD *method;
    bool bundle_due;         // the system's bundle is still to be read
    struct buf cipher;       // to be sent; empty between steps
    char plain[PLAIN_BYTES]; // lent to an owner
    char record[RECORD_BYTES];
};

struct tls {
    SSL *ssl;
    struct net_sock *sock;
    str in; // fed and not read by OpenSSL yet
    bool up, failed;
};

// --- the BIO: OpenSSL's view of a socket ---------------------------------------------------------

static int bio_read(BIO *b, char *dst, int n)
{
    struct tls *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (t->in.n == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t take = min_size(t->in.n, (size_t)n);
    memcpy(dst, t->in.p, take);
    t->in = str_from(t->in, take);
    return (int)take;
}

static int bio_write(BIO *b, const char *src, int n)
{
    struct tls *t = BIO_get_data(b);
    struct buf *cipher = &t->sock->loop->tls->cipher;
    BIO_clear_retry_flags(b);
    buf_put(cipher, str_of(src, (size_t)n));
    must(!cipher->over);
    return n;
}

static long bio_ctrl(BIO *b, int command, long n, void *p)
{
    (void)b;
    (void)n;
    (void)p;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir");
    must(m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) &&
         BIO_meth_set_ctrl(m, bio_ctrl));
    return m;
}

// --- the context ---------------------------------------------------------------------------------

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

// The hashed folder is looked into when a certificate must be checked. A bundle is parsed whole
// (20 ms, 2 MiB), so it waits for the first handshake.
static bool needs_bundle(void)
{
    return access(X509_get_default_cert_dir(), R_OK) != 0 ||
           getenv(X509_get_default_cert_file_env());
}

static enum err set_roots(SSL_CTX *ctx, str ca_file, char why[160])
{
    char path[4096];
    if (SSL_CTX_set_default_verify_dir(ctx) != 1)
        return ERR_BAD_CONFIG;
    if (!ca_file.n)
        return OK;
    if (SSL_CTX_load_verify_file(ctx, str_copy_to(path, sizeof path, ca_file)) == 1)
        return OK;
    ERR_clear_error();
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
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    must(SSL_CTX_set_alpn_protos(ctx, http11, sizeof http11 - 1) == 0);
    enum err e = set_roots(ctx, l->settings->ca_file, why);
    if (e != OK) {
        SSL_CTX_free(ctx);
        return e;
    }
    l->tls = mem_new(sizeof *l->tls);
    l->tls->ctx = ctx;
    l->tls->method = make_method();
    l->tls->bundle_due = needs_bundle();
    buf_init(&l->tls->cipher, CIPHER_MAX);
    return OK;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    BIO_meth_free(c->method);
    buf_done(&c->cipher);
    mem_free(c);
}

void tls_place_free(struct net_place *p)
{
    if (p->session)
        SSL_SESSION_free(p->session);
}

// --- one connection ------------------------------------------------------------------------------

void tls_free(struct tls *t)
{
    if (!t)
        return;
    // OpenSSL forgets a session whose connection was not shut down; ours may be resumed unless TLS
    // itself went wrong
    if (!t->failed)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl); // with its BIO
    mem_free(t);
}

static bool flush(struct net_sock *s, size_t limit)
{
    struct buf *cipher = &s->loop->tls->cipher;
    if (cipher->n == 0)
        return true;
    str out = buf_str(cipher);
    bool fine = !s->tcp || sock_write_raw(s, &out, 1, limit);
    buf_clear(cipher);
    return fine;
}

static void handshake(struct net_sock *s)
{
    struct tls *t = s->tls;
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    int why = r == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, r);
    (void)flush(s, HANDSHAKE_QUEUE);
    if (r == 1) {
        t->up = true;
        sock_up(s);
    } else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        t->failed = true;
        sock_end(s, ERR_UPSTREAM_TLS);
    }
}

static void verify_host(SSL *ssl, const char *host)
{
    unsigned char ip[16];
    char name[256];
    if (inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1) {
        must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1);
        return;
    }
    str plain = str_c(host); // the dot of a name from the root stands in no certificate
    str_copy_to(name, sizeof name, str_ends(plain, S(".")) ? str_first(plain, plain.n - 1) : plain);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    must(SSL_set_tlsext_host_name(ssl, name) == 1);
    must(SSL_set1_host(ssl, name) == 1);
}

void tls_start(struct net_sock *s)
{
    struct net_place *p = s->place;
    struct tls_context *c = s->loop->tls;
    struct tls *t = mem_new(sizeof *t);
    must(c && !s->tls);
    if (c->bundle_due)
        (void)SSL_CTX_set_default_verify_file(c->ctx); // without it, certificates are unknown
    c->bundle_due = false;
    t->sock = s;
    t->ssl = SSL_new(c->ctx);
    BIO *bio = BIO_new(c->method);
    must(t->ssl && bio);
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, p);
    verify_host(t->ssl, p->host);
    if (p->session)
        SSL_set_session(t->ssl, p->session);
    SSL_set_connect_state(t->ssl);
    s->tls = t;
    handshake(s);
}

// False once there is nothing more to read, or nobody to read it.
static bool read_some(struct net_sock *s)
{
    struct tls *t = s->tls;
    struct tls_context *c = s->loop->tls;
    ERR_clear_error();
    int n = SSL_read(t->ssl, c->plain, PLAIN_BYTES);
    int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, n);
    (void)flush(s, HANDSHAKE_QUEUE); // key updates
    if (n > 0) {
        if (s->events->on_data)
            s->events->on_data(s->arg, s, str_of(c->plain, (size_t)n));
        return !s->closed && !s->ended;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        sock_end(s, OK);
    } else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        t->failed = true;
        sock_end(s, ERR_UPSTREAM_TLS);
    }
    return false;
}

void tls_bytes(struct net_sock *s, str bytes)
{
    struct tls *t = s->tls;
    must(t->in.n == 0);
    t->in = bytes;
    if (!t->up)
        handshake(s);
    if (t->up && !s->closed && !s->ended) {
        while (read_some(s))
            ;
    }
    t->in = STR_NONE; // the socket is open still, or closing: it lives until the turn's end
}

void tls_eof(struct net_sock *s)
{
    sock_end(s, s->tls->up ? ERR_UPSTREAM_BROKEN : ERR_UPSTREAM_TLS);
}

// Encrypts bytes; false where TLS has gone wrong.
static bool encrypt(struct tls *t, str bytes, size_t limit, bool *fine)
{
    struct buf *cipher = &t->sock->loop->tls->cipher;
    while (bytes.n && *fine) {
        ERR_clear_error();
        int n = SSL_write(t->ssl, bytes.p, (int)min_size(bytes.n, STEP_BYTES));
        if (n <= 0) {
            ERR_clear_error();
            t->failed = true;
            return false;
        }
        bytes = str_from(bytes, (size_t)n);
        if (cipher->n >= FLUSH_BYTES)
            *fine = flush(t->sock, limit);
    }
    return true;
}

bool tls_write(struct net_sock *s, const str *slices, unsigned count, size_t limit)
{
    struct tls *t = s->tls;
    struct tls_context *c = s->loop->tls;
    size_t total = 0, gathered = 0;
    bool fine = true, well = !t->failed;
    must(t->up);
    for (unsigned i = 0; i < count; i++)
        total += slices[i].n;
    // what encryption adds is not the caller's: 22 bytes a record of 16 KiB and some
    limit += total / 256 + 4096;
    for (unsigned i = 0; i < count && fine && well; i++) {
        if (total > RECORD_BYTES) {
            well = encrypt(t, slices[i], limit, &fine);
        } else if (slices[i].n) {
            memcpy(c->record + gathered, slices[i].p, slices[i].n);
            gathered += slices[i].n;
        }
    }
    if (well && gathered)
        well = encrypt(t, str_of(c->record, gathered), limit, &fine);
    if (!well)
        sock_end_later(s, ERR_UPSTREAM_TLS);
    return flush(s, limit) && fine;
}

void tls_bye(struct net_sock *s)
{
    struct tls *t = s->tls;
    if (!t->up || t->failed || !s->tcp || SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
    (void)flush(s, HANDSHAKE_QUEUE);
}
