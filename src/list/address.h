/* SPDX-License-Identifier: Apache-2.0 */
/* Which network addresses a file may not make this program talk to. */
#ifndef CERTBAN_LIST_ADDRESS_H
#define CERTBAN_LIST_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* address_is_private says whether an address is not one of the public internet: this machine, private and shared networks, link-local
 * (where clouds keep their secrets), multicast, reserved ones (RFC 6890), IPv4 ones of these kinds inside IPv6, and whatever is neither. */
bool address_is_private(const struct sockaddr *address);

#endif
