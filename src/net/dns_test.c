// dns_test.c: names, addresses and places: what is known at once, what is asked, what is shared.
#include "net/inner.h"
#include "net/rig_test.h"
#include <arpa/inet.h>

struct asker {
    struct dns_wait w;
    struct rig *rig;
    int told, *open;
    bool found;
};

static void told(struct dns_wait *w, const struct addresses *found)
{
    struct asker *a = container_of(w, struct asker, w);
    a->told++;
    a->found = found != NULL;
    if (--*a->open == 0)
        net_loop_stop(a->rig->loop);
}

static void asker_init(struct asker *a, struct rig *r, int *open)
{
    *a = (struct asker){.w.fn = told, .rig = r, .open = open};
    list_init(&a->w.at);
}

static bool is(const struct sockaddr_storage *a, const char *host, int port)
{
    char text[64] = "";
    const struct sockaddr_in *v4 = (const void *)a;
    const struct sockaddr_in6 *v6 = (const void *)a;
    bool four = a->ss_family == AF_INET;
    inet_ntop(a->ss_family, four ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr, text,
              sizeof text);
    return strcmp(text, host) == 0 && ntohs(four ? v4->sin_port : v6->sin6_port) == port;
}

TEST(literals_and_localhost_are_known_at_once)
{
    struct rig r;
    struct asker a;
    struct addresses found;
    int open = 0;
    rig_init(&r);
    asker_init(&a, &r, &open);
    CHECK(dns_ask(r.loop, "192.0.2.7", 80, &found, &a.w) && found.count == 1);
    CHECK(is(&found.a[0], "192.0.2.7", 80));
    CHECK(dns_ask(r.loop, "2001:db8::1", 443, &found, &a.w) && found.count == 1);
    CHECK(is(&found.a[0], "2001:db8::1", 443));
    for (int i = 0; i < 2; i++) {
        CHECK(dns_ask(r.loop, i ? "LocalHost" : "a.localhost", 1, &found, &a.w));
        CHECK(found.count == 2 && is(&found.a[0], "127.0.0.1", 1) && is(&found.a[1], "::1", 1));
    }
    CHECK(list_empty(&a.w.at) && list_empty(&r.loop->dns));
    rig_done(&r);
}

TEST(askers_of_one_name_share_a_lookup_and_hear_that_it_failed)
{
    struct rig r;
    struct asker a[3];
    struct addresses found = {.count = 77};
    int open = 2;
    rig_init(&r);
    for (size_t i = 0; i < countof(a); i++) {
        asker_init(&a[i], &r, &open);
        CHECK(!dns_ask(r.loop, "no-such-host.invalid", 80, &found, &a[i].w));
    }
    CHECK(r.loop->dns.next == r.loop->dns.prev); // one entry
    dns_forget(&a[1].w);
    rig_run(&r);
    CHECK(a[0].told == 1 && a[1].told == 0 && a[2].told == 1 && !a[0].found && !a[2].found);
    CHECK(found.count == 77); // untouched
    rig_done(&r);
}

TEST(a_lookup_that_nobody_waits_for_ends_with_its_loop)
{
    struct rig r;
    struct asker a;
    struct addresses found;
    int open = 1;
    rig_init(&r);
    asker_init(&a, &r, &open);
    CHECK(!dns_ask(r.loop, "no-such-host.invalid", 80, &found, &a.w));
    dns_forget(&a.w);
    rig_done(&r);
    CHECK(a.told == 0);
}

TEST(a_name_that_does_not_resolve_is_told_as_such)
{
    struct rig r;
    rig_init(&r);
    r.client.on_end = rig_stop;
    rig_meet(&r, "http://no-such-host.invalid/v1");
    CHECK(r.client.ends == 1 && r.client.err == ERR_UPSTREAM_DNS);
    rig_done(&r);
}

TEST(the_next_address_is_tried_when_one_refuses)
{
    // localhost is 127.0.0.1, then ::1, and only ::1 is listened on
    struct rig r;
    char why[160];
    rig_init(&r);
    net_listener_close(r.listener);
    r.listener = net_listen(r.loop, S("[::1]:0"), rig_accepted, &r, why);
    if (!r.listener) {
        unit_skip("no IPv6 here");
    } else {
        r.client.on_connect = rig_stop;
        rig_dial(&r, "http://localhost:%d", rig_patient);
        rig_run(&r);
        char name[64];
        net_peer_name(r.client.sock, name, sizeof name);
        CHECK(r.client.connects == 1 && strncmp(name, "[::1]:", 6) == 0);
    }
    rig_done(&r);
}

TEST(private_addresses_are_those_that_the_internet_does_not_route)
{
    static const char *const ours[] = {
        "127.0.0.1", "127.255.0.9",    "10.0.0.1", "10.255.255.255", "172.16.0.1",
        "::1",       "172.31.255.255", "fd00::1",  "192.168.0.1",    "169.254.1.1",
        "fe80::1",   "100.64.0.1",     "fc00::",   "100.127.9.9",    "::ffff:10.1.2.3"};
    static const char *const others[] = {
        "8.8.8.8",     "172.15.0.1", "172.32.0.1", "192.167.1.1", "192.169.0.1",    "100.63.0.1",
        "100.128.0.1", "11.0.0.1",   "9.9.9.9",    "2001:db8::1", "::ffff:8.8.8.8", "::",
        "fec0::1",     "0.0.0.0",    "128.0.0.1",  "fe00::1"};
    struct sockaddr_storage a;
    char url[64];
    for (size_t i = 0; i < countof(ours); i++) {
        CHECK(addr_literal(ours[i], 0, &a) && addr_is_private(&a));
        snprintf(url, sizeof url, strchr(ours[i], ':') ? "http://[%s]:1/v1" : "http://%s/v1",
                 ours[i]);
        CHECK(!net_url_is_public(str_c(url)));
    }
    for (size_t i = 0; i < countof(others); i++) {
        CHECK(addr_literal(others[i], 0, &a) && !addr_is_private(&a));
        snprintf(url, sizeof url, strchr(others[i], ':') ? "https://[%s]:1" : "https://%s:1",
                 others[i]);
        CHECK(net_url_is_public(str_c(url)));
    }
    CHECK(!net_url_is_public(S("http://a.name/v1"))); // known when it is resolved
}

TEST(a_public_address_is_not_dialled_for_a_place_that_is_kept_private)
{
    struct rig r;
    str path;
    char why[160];
    rig_init(&r);
    must(net_place_new(r.loop, S("http://192.0.2.7"), &r.place, &path, why) == OK);
    snprintf(r.url, sizeof r.url, "http://192.0.2.7");
    CHECK(!net_place_keep_private(r.place) && !r.place->private_only);
    r.place->private_only = true; // as when a name leads there
    r.client.on_end = rig_stop;
    rig_dial(&r, "http://192.0.2.7", rig_patient);
    CHECK(r.client.sock && !r.client.sock->tcp); // no socket was opened
    rig_run(&r);
    CHECK(r.client.ends == 1 && r.client.err == ERR_UPSTREAM_PUBLIC);
    rig_done(&r);
}

TEST(places_are_read_out_of_urls)
{
    const struct {
        const char *url, *host, *header, *path;
        int port;
    } good[] = {{"http://api.example/v1", "api.example", "api.example", "/v1", 80},
                {"https://api.example", "api.example", "api.example", "", 443},
                {"http://127.0.0.1:8080/", "127.0.0.1", "127.0.0.1:8080", "/", 8080},
                {"http://[::1]:9/a/b", "::1", "[::1]:9", "/a/b", 9},
                {"http://[2001:db8::2]", "2001:db8::2", "[2001:db8::2]", "", 80}};
    const char *bad[] = {"ftp://a",       "a",
                         "http://",       "http:///v1",
                         "http://a:b",    "http://a:99999",
                         "http://a:-1",   "http://a b",
                         "http://u@a",    "http://[::1",
                         "http://[::1]x", "http://a\r\nX: y",
                         "http://a:0x50"};
    struct rig r;
    struct net_place *p;
    str path;
    char why[160];
    rig_init(&r);
    for (size_t i = 0; i < countof(good); i++) {
        REQUIRE(net_place_new(r.loop, str_c(good[i].url), &p, &path, why) == OK);
        CHECK(strcmp(p->host, good[i].host) == 0 && p->port == good[i].port);
        CHECK(str_eq(net_place_host(p), str_c(good[i].header)) &&
              str_eq(path, str_c(good[i].path)));
        net_place_free(p);
    }
    for (size_t i = 0; i < countof(bad); i++) {
        p = NULL;
        why[0] = 0;
        if (!CHECK(net_place_new(r.loop, str_c(bad[i]), &p, &path, why) == ERR_BAD_CONFIG))
            printf("%s\n", bad[i]);
        CHECK(!p && why[0]);
    }
    rig_done(&r);
}
