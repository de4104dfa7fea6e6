/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that files may not lead to: the first and the last of each range, and their neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/un.h>

#include "list/address.h"

static bool is_private(const char *text) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    if (strchr(text, ':') != NULL) {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        return address_is_private((const struct sockaddr *)&six);
    }
    assert_int_equal(inet_pton(AF_INET, text, &four.sin_addr), 1);
    return address_is_private((const struct sockaddr *)&four);
}

static void private_ones(void **state) {
    (void)state;
    static const char *const all[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::10.1.2.3",
        "64:ff9b::10.1.2.3",
        "64:ff9b::7f00:1",
        "2002:a01:203::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!is_private(all[i])) {
            fail_msg("%s is taken for a public address", all[i]);
        }
    }
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_true(address_is_private((const struct sockaddr *)&local));
}

static void public_ones(void **state) {
    (void)state;
    static const char *const all[] = {
        "1.0.0.0",         "9.255.255.255",   "11.0.0.0",       "100.63.255.255", "100.128.0.0",      "126.255.255.255",
        "128.0.0.1",       "169.253.255.255", "169.255.0.0",    "172.15.255.255", "172.32.0.0",       "192.0.1.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",     "223.255.255.255",  "2001:4860::1",
        "2606:4700::1",    "fbff::1",         "101::1",         "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (is_private(all[i])) {
            fail_msg("%s is taken for a private address", all[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(private_ones), cmocka_unit_test(public_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
