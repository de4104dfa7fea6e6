/* SPDX-License-Identifier: Apache-2.0 */
#include "list/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* A block of addresses: its first octets, and how many bits of them count. */
struct block {
    uint8_t octets[16];
    unsigned bits;
};

static const struct block private4[] = {
    {{0}, 8},          /* this network */
    {{10}, 8},         /* private (RFC 1918) */
    {{100, 64}, 10},   /* shared by carriers (RFC 6598) */
    {{127}, 8},        /* this machine */
    {{169, 254}, 16},  /* link-local (RFC 3927) */
    {{172, 16}, 12},   /* private */
    {{192, 0, 0}, 24}, /* protocols (RFC 6890) */
    {{192, 0, 2}, 24}, /* documentation (RFC 5737) */
    {{192, 168}, 16},  /* private */
    {{198, 18}, 15},   /* benchmarks (RFC 2544) */
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24}, /* documentation */
    {{224}, 4},          /* multicast */
    {{240}, 4},          /* reserved, broadcast */
};

static const struct block private6[] = {
    {{0}, 127},                     /* none, and this machine */
    {{0xfc}, 7},                    /* private (RFC 4193) */
    {{0xfe, 0x80}, 10},             /* link-local */
    {{0xfe, 0xc0}, 10},             /* site-local, as it once was */
    {{0xff}, 8},                    /* multicast */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation (RFC 3849) */
    {{0x01}, 64},                   /* discarded (RFC 6666) */
};

/* IPv6 blocks that have an IPv4 address inside, and where. */
static const struct {
    struct block block;
    size_t at;
} inside[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12}, /* mapped (RFC 4291) */
    {{{0}, 96}, 12},                        /* compatible, as it once was */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},   /* translated (RFC 6052) */
    {{{0x20, 0x02}, 16}, 2},                /* 6to4 (RFC 3056) */
};

static bool is_in(const uint8_t *address, const struct block *block) {
    for (unsigned i = 0; i < block->bits; i++) {
        unsigned bit = 7 - i % 8;
        if ((address[i / 8] >> bit & 1) != (block->octets[i / 8] >> bit & 1)) {
            return false;
        }
    }
    return true;
}

static bool is_in_any(const uint8_t *address, const struct block *blocks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (is_in(address, &blocks[i])) {
            return true;
        }
    }
    return false;
}

static bool is_private4(const uint8_t *address) {
    return is_in_any(address, private4, sizeof private4 / sizeof *private4);
}

static bool is_private6(const uint8_t *address) {
    if (is_in_any(address, private6, sizeof private6 / sizeof *private6)) {
        return true;
    }
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        if (is_in(address, &inside[i].block)) {
            return is_private4(address + inside[i].at);
        }
    }
    return false;
}

bool address_is_private(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        uint8_t octets[4];
        memcpy(&in, address, sizeof in);
        memcpy(octets, &in.sin_addr, sizeof octets);
        return is_private4(octets);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        return is_private6(in.sin6_addr.s6_addr);
    }
    return true;
}
