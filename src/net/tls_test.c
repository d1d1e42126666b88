// tls_test.c: TLS against a server that OpenSSL plays in the same loop, with certificates made
// here: who is trusted, how ends are told, sessions, floods.
#include "base/rng.h"
#include "net/rig_test.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

// --- the server ----------------------------------------------------------------------------------

struct tls_server {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    char ca_file[64];
    struct buf heard;
    bool up, resumed;
    int version;
    char name[64], alpn[16]; // what the client asked for
    void (*on_up)(struct rig *r);
    void (*on_heard)(struct rig *r);
    size_t piece_max;  // its bytes go out in pieces of 1 to so many, one a turn; 0: as they come
    struct buf waits;  // for their turn
    size_t waits_done; // bytes of it that went
    uint64_t seed;
};

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(e && X509_add_ext(x, e, -1) == 1);
    X509_EXTENSION_free(e);
}

// A certificate that signs itself, for this subjectAltName.
static X509 *make_certificate(EVP_PKEY *key, const char *alt_name)
{
    X509 *x = X509_new();
    must(x && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME *subject = X509_get_subject_name(x);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"weir test",
                                    -1, -1, 0));
    must(X509_set_issuer_name(x, subject) && X509_set_pubkey(x, key));
    add_extension(x, NID_subject_alt_name, alt_name);
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

// What the client offers by ALPN: a list with its length, names with theirs.
static int look_at_hello(SSL *ssl, int *alert, void *arg)
{
    struct tls_server *t = arg;
    const unsigned char *p;
    size_t n;
    (void)alert;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &n))
        str_copy_to(t->alpn, sizeof t->alpn, str_from(str_of((const char *)p, n), 3));
    return SSL_CLIENT_HELLO_SUCCESS;
}

static void server_init(struct tls_server *t, const char *alt_name, int most)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key);
    X509 *x = make_certificate(key, alt_name);
    *t = (struct tls_server){.ctx = SSL_CTX_new(TLS_server_method())};
    must(SSL_CTX_use_certificate(t->ctx, x) == 1 && SSL_CTX_use_PrivateKey(t->ctx, key) == 1);
    SSL_CTX_set_max_proto_version(t->ctx, most);
    SSL_CTX_set_client_hello_cb(t->ctx, look_at_hello, t);
    buf_init(&t->heard, RIG_BYTES_MAX);
    buf_init(&t->waits, RIG_BYTES_MAX);
    str_copy_to(t->ca_file, sizeof t->ca_file, S("/tmp/weir-net-test.XXXXXX"));
    int fd = mkstemp(t->ca_file);
    FILE *f = fdopen(fd, "w");
    must(f && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void server_done(struct tls_server *t)
{
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    unlink(t->ca_file);
    buf_done(&t->heard);
    buf_done(&t->waits);
    ERR_clear_error();
}

static void say_piece(void *arg)
{
    struct rig *r = arg;
    struct tls_server *t = r->arg;
    str left = str_from(buf_str(&t->waits), t->waits_done);
    str piece = str_first(left, 1 + rng_next(&t->seed) % t->piece_max);
    if (!r->server.sock || !CHECK(rig_say(&r->server, piece)))
        return;
    t->waits_done += piece.n;
    if (piece.n < left.n)
        net_loop_post(r->loop, say_piece, r);
}

static void server_flush(struct rig *r)
{
    struct tls_server *t = r->arg;
    char *p;
    long n = BIO_get_mem_data(t->out, &p);
    if (n > 0 && t->piece_max) {
        if (t->waits_done == t->waits.n)
            net_loop_post(r->loop, say_piece, r);
        buf_put(&t->waits, str_of(p, (size_t)n));
    } else if (n > 0 && r->server.sock)
        CHECK(rig_say(&r->server, str_of(p, (size_t)n)));
    (void)BIO_reset(t->out);
}

static void server_say(struct rig *r, str bytes)
{
    struct tls_server *t = r->arg;
    for (; bytes.n; bytes = str_from(bytes, 16384))
        CHECK(SSL_write(t->ssl, bytes.p, (int)min_size(bytes.n, 16384)) > 0);
    server_flush(r);
}

static void server_data(struct rig_end *e)
{
    struct rig *r = e->rig;
    struct tls_server *t = r->arg;
    char plain[4096];
    int n;
    CHECK(BIO_write(t->in, e->got.p, (int)e->got.n) == (int)e->got.n);
    buf_clear(&e->got);
    if (!t->up && SSL_accept(t->ssl) == 1) {
        t->up = true;
        t->resumed = SSL_session_reused(t->ssl);
        t->version = SSL_version(t->ssl);
        const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
        str_copy_to(t->name, sizeof t->name, str_c(name));
        server_flush(r);
        if (t->on_up)
            t->on_up(r);
    }
    bool heard = false;
    while (t->up && (n = SSL_read(t->ssl, plain, sizeof plain)) > 0) {
        buf_put(&t->heard, str_of(plain, (size_t)n));
        heard = true;
    }
    server_flush(r);
    if (heard && t->on_heard)
        t->on_heard(r);
    ERR_clear_error();
}

static void server_accept(struct rig *r)
{
    struct tls_server *t = r->arg;
    SSL_free(t->ssl);
    t->ssl = SSL_new(t->ctx);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    must(t->ssl && t->in && t->out);
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_accept_state(t->ssl);
    t->up = false;
}

static void begin(struct rig *r, struct tls_server *t, const char *alt_name)
{
    rig_init(r);
    server_init(t, alt_name, TLS1_3_VERSION);
    r->settings.ca_file = str_c(t->ca_file);
    r->arg = t;
    r->on_accept = server_accept;
    r->server.on_data = server_data;
    r->client.on_end = rig_stop;
}

static void end(struct rig *r, struct tls_server *t)
{
    rig_done(r);
    server_done(t);
}

// --- who is trusted ------------------------------------------------------------------------------

static void echo_heard(struct rig *r)
{
    struct tls_server *t = r->arg;
    server_say(r, buf_str(&t->heard));
    buf_clear(&t->heard);
}

static void say_hello(struct rig_end *e)
{
    str words[] = {S("hel"), STR_NONE, S("lo")};
    CHECK(net_write(e->sock, words, 3, 0));
}

static void stop_at_hello(struct rig_end *e)
{
    if (str_eq(buf_str(&e->got), S("hello")))
        rig_stop(e);
}

TEST(words_go_there_and_back_over_tls)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "DNS:localhost");
    t.on_heard = echo_heard;
    r.client.on_connect = say_hello;
    r.client.on_data = stop_at_hello;
    rig_meet(&r, "https://localhost:%d/v1");
    CHECK(r.client.connects == 1 && str_eq(buf_str(&r.client.got), S("hello")));
    CHECK(strcmp(t.name, "localhost") == 0 && strcmp(t.alpn, "http/1.1") == 0);
    CHECK(t.version == TLS1_3_VERSION);
    end(&r, &t);
}

TEST(a_handshake_and_its_words_may_come_byte_by_byte_and_in_random_pieces)
{
    const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (unsigned i = 0; i < 8; i++) {
        struct rig r;
        struct tls_server t;
        begin(&r, &t, "IP:127.0.0.1");
        SSL_CTX_set_max_proto_version(t.ctx, versions[i % 2]);
        t.piece_max = i < 2 ? 1 : 40;
        rng_bytes(&t.seed, sizeof t.seed);
        t.on_heard = echo_heard;
        r.client.on_connect = say_hello;
        r.client.on_data = stop_at_hello;
        rig_dial(&r, "https://127.0.0.1:%d", rig_patient);
        rig_run(&r);
        if (!CHECK(r.client.connects == 1 && str_eq(buf_str(&r.client.got), S("hello"))))
            printf("pieces of at most %zu\n", t.piece_max);
        CHECK(t.version == versions[i % 2] && r.client.ends == 0);
        end(&r, &t);
    }
}

static enum err end_with(const char *alt_name, const char *url, str ca_file, str least, int most)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, alt_name);
    SSL_CTX_set_max_proto_version(t.ctx, most);
    if (ca_file.p)
        r.settings.ca_file = ca_file;
    r.settings.tls_least = least;
    r.client.on_connect = rig_stop;
    rig_meet(&r, url);
    enum err e = r.client.err;
    CHECK(r.client.connects + r.client.ends == 1 && (r.client.ends == 1) == (e != OK));
    end(&r, &t);
    return e;
}

TEST(the_certificate_must_be_for_this_host_and_known)
{
    const str system = S(""), given = STR_NONE, least = S("1.2");
    const int most = TLS1_3_VERSION;
    const char *by_name = "https://localhost:%d", *by_ip = "https://127.0.0.1:%d";
    CHECK(end_with("DNS:localhost", by_name, given, least, most) == OK);
    CHECK(end_with("IP:127.0.0.1", by_ip, given, least, most) == OK);
    CHECK(end_with("DNS:localhost", by_name, system, least, most) == ERR_UPSTREAM_TLS);
    CHECK(end_with("DNS:elsewhere.example", by_name, given, least, most) == ERR_UPSTREAM_TLS);
    CHECK(end_with("DNS:localhost", by_ip, given, least, most) == ERR_UPSTREAM_TLS);
    CHECK(end_with("DNS:127.0.0.1", by_ip, given, least, most) == ERR_UPSTREAM_TLS);
    CHECK(end_with("IP:127.0.0.2", by_ip, given, least, most) == ERR_UPSTREAM_TLS);
    CHECK(end_with("DNS:local*", by_name, given, least, most) == ERR_UPSTREAM_TLS);
}

TEST(the_systems_bundle_is_read_at_the_first_handshake)
{
    const char *name = X509_get_default_cert_file_env(), *before = getenv(name);
    char *kept = before ? mem_copy_str(str_c(before)) : NULL;
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "IP:127.0.0.1");
    setenv(name, t.ca_file, 1);
    r.settings.ca_file = STR_NONE; // known by the bundle alone
    r.client.on_connect = rig_stop;
    rig_meet(&r, "https://127.0.0.1:%d");
    CHECK(r.client.connects == 1 && r.client.ends == 0);
    end(&r, &t);
    if (kept)
        setenv(name, kept, 1);
    else
        unsetenv(name);
    mem_free(kept);
}

TEST(an_old_version_is_refused)
{
    const char *url = "https://127.0.0.1:%d", *name = "IP:127.0.0.1";
    CHECK(end_with(name, url, STR_NONE, S("1.2"), TLS1_2_VERSION) == OK);
    CHECK(end_with(name, url, STR_NONE, S("1.3"), TLS1_2_VERSION) == ERR_UPSTREAM_TLS);
    CHECK(end_with(name, url, STR_NONE, S("1.2"), TLS1_1_VERSION) == ERR_UPSTREAM_TLS);
}

TEST(wrong_settings_are_told_when_the_place_is_made)
{
    struct rig r;
    struct net_place *p = NULL;
    char why[160] = "";
    str path;
    rig_init(&r);
    r.settings.ca_file = S("/nonexistent/ca.pem");
    CHECK(net_place_new(r.loop, S("https://a"), &p, &path, why) == ERR_BAD_CONFIG && !p);
    CHECK(strstr(why, "ca_file"));
    r.settings.ca_file = STR_NONE;
    r.settings.tls_least = S("1.1");
    CHECK(net_place_new(r.loop, S("https://a"), &p, &path, why) == ERR_BAD_CONFIG && !p);
    CHECK(strstr(why, "tls_least"));
    rig_done(&r);
}

TEST(a_server_without_tls_is_told_apart)
{
    struct rig r;
    rig_init(&r);
    r.client.on_end = rig_stop;
    rig_dial(&r, "https://127.0.0.1:%d", (struct net_phases){.connect_ms = 5000, .tls_ms = 30});
    rig_run(&r); // it says nothing
    CHECK(r.client.err == ERR_UPSTREAM_TIMEOUT && r.client.connects == 0);
    rig_new_server(&r.server);
    rig_dial(&r, "https://127.0.0.1:%d", rig_patient);
    while (!r.server.sock && !r.late)
        net_loop_stop(r.loop), rig_run(&r);
    CHECK(rig_say(&r.server, S("HTTP/1.1 400 Bad Request\r\n\r\n")));
    rig_run(&r);
    CHECK(r.client.err == ERR_UPSTREAM_TLS && r.client.connects == 0);
    rig_new_server(&r.server);
    rig_dial(&r, "https://127.0.0.1:%d", rig_patient);
    while (!r.server.sock && !r.late)
        net_loop_stop(r.loop), rig_run(&r);
    rig_close(&r.server, false); // in the middle of the handshake
    rig_run(&r);
    CHECK(r.client.err == ERR_UPSTREAM_TLS && r.client.connects == 0);
    rig_done(&r);
}

// --- ends ----------------------------------------------------------------------------------------

static void end_kindly(struct rig *r)
{
    struct tls_server *t = r->arg;
    server_say(r, S("bye"));
    SSL_shutdown(t->ssl);
    server_flush(r);
    rig_close(&r->server, false);
}

static void end_cut(struct rig *r)
{
    server_say(r, S("by"));
    rig_close(&r->server, false);
}

static void end_spoilt(struct rig *r)
{
    server_say(r, S("by"));
    CHECK(rig_say(&r->server, S("\x17\x03\x03\x00\x15"
                                "this is no record of it")));
}

static void check_end(void (*on_up)(struct rig *r), const char *heard, enum err err)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "IP:127.0.0.1");
    t.on_up = on_up;
    rig_meet(&r, "https://127.0.0.1:%d");
    CHECK(r.client.connects == 1 && r.client.ends == 1 && r.client.err == err);
    CHECK(str_eq(buf_str(&r.client.got), str_c(heard)));
    end(&r, &t);
}

TEST(an_end_without_close_notify_is_broken)
{
    check_end(end_kindly, "bye", OK);
    check_end(end_cut, "by", ERR_UPSTREAM_BROKEN);
    check_end(end_spoilt, "by", ERR_UPSTREAM_TLS);
}

static void leave(struct rig_end *e)
{
    rig_close(e, false);
}

TEST(closing_says_close_notify)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "IP:127.0.0.1");
    r.client.on_connect = leave;
    r.server.on_end = rig_stop;
    rig_meet(&r, "https://127.0.0.1:%d");
    CHECK(t.up && SSL_get_shutdown(t.ssl) & SSL_RECEIVED_SHUTDOWN);
    end(&r, &t);
}

// --- sessions ------------------------------------------------------------------------------------

static void hello_once(struct rig_end *e)
{
    if (!str_eq(buf_str(&e->got), S("hello")))
        return;
    buf_clear(&e->got);
    rig_close(e, false);
    rig_stop(e);
}

static void check_resumption(int most)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "IP:127.0.0.1");
    SSL_CTX_set_max_proto_version(t.ctx, most);
    t.on_heard = echo_heard;
    r.client.on_connect = say_hello;
    r.client.on_data = hello_once;
    for (int i = 0; i < 4; i++) {
        rig_dial(&r, "https://127.0.0.1:%d", rig_patient);
        rig_run(&r);
        CHECK(t.resumed == (i > 0) && t.version == most);
        rig_new_server(&r.server);
    }
    end(&r, &t);
}

TEST(later_connections_resume_the_session)
{
    check_resumption(TLS1_3_VERSION);
    check_resumption(TLS1_2_VERSION);
}

// --- floods --------------------------------------------------------------------------------------

enum { FLOOD = 6 << 20 };

static void flood(struct rig_end *e)
{
    char *bytes = mem_new(FLOOD);
    for (size_t i = 0; i < FLOOD; i++)
        bytes[i] = (char)(i * 7 >> 3);
    str slices[] = {str_of(bytes, 10), str_of(bytes + 10, FLOOD - 10)};
    CHECK(net_write(e->sock, slices, 2, FLOOD));
    mem_free(bytes);
}

static void echo_all(struct rig *r)
{
    struct tls_server *t = r->arg;
    if (t->heard.n == FLOOD)
        server_say(r, buf_str(&t->heard));
}

static void stop_when_whole(struct rig_end *e)
{
    if (e->got.n == FLOOD)
        rig_stop(e);
}

TEST(a_flood_passes_whole_both_ways)
{
    struct rig r;
    struct tls_server t;
    begin(&r, &t, "IP:127.0.0.1");
    t.on_heard = echo_all;
    r.client.on_connect = flood;
    r.client.on_data = stop_when_whole;
    rig_meet(&r, "https://127.0.0.1:%d");
    bool right = r.client.got.n == FLOOD;
    for (size_t i = 0; right && i < FLOOD; i++)
        right = r.client.got.p[i] == (char)(i * 7 >> 3);
    CHECK(right && r.client.drains == 1);
    end(&r, &t);
}
