// private.c: which addresses are a company's own: those that no router of the internet forwards to
// somebody else. A target of a local zone is dialled only there.
#include "net/inner.h"
#include <arpa/inet.h>

// RFC 1122 (this machine), 1918 (private), 3927 (link), 6598 (shared, behind a carrier's or a
// cluster's translation).
static bool private_v4(uint32_t a)
{
    static const struct {
        uint32_t net, bits;
    } ours[] = {{0x7f000000, 8},  {0x0a000000, 8},  {0xac100000, 12},
                {0xc0a80000, 16}, {0xa9fe0000, 16}, {0x64400000, 10}};
    for (size_t i = 0; i < countof(ours); i++)
        if ((a ^ ours[i].net) >> (32 - ours[i].bits) == 0)
            return true;
    return false;
}

// RFC 4291 (this machine, link, an IPv4 address in disguise), 4193 (unique local).
static bool private_v6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, loopback[16] = {[15] = 1};
    if (memcmp(a, mapped, sizeof mapped) == 0)
        return private_v4((uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 |
                          a[15]);
    return memcmp(a, loopback, sizeof loopback) == 0 || (a[0] & 0xfe) == 0xfc ||
           (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

bool addr_is_private(const struct sockaddr_storage *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    must(a->ss_family == AF_INET || a->ss_family == AF_INET6);
    if (a->ss_family == AF_INET) {
        memcpy(&v4, a, sizeof v4);
        return private_v4(ntohl(v4.sin_addr.s_addr));
    }
    memcpy(&v6, a, sizeof v6);
    return private_v6(v6.sin6_addr.s6_addr);
}
