/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between processes that may carry one open file: over sockets that keep their borders (SOCK_SEQPACKET). */
#ifndef CERTBAN_SCAN_PASS_H
#define CERTBAN_SCAN_PASS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

/* pass_send sends head and rest as one message, with a descriptor where fd is none of -1. False when nobody listens. */
CERTBAN_MUST_USE bool pass_send(int socket, struct bytes head, struct bytes rest, int fd);

/* pass_receive waits for one; *fd gets the descriptor that came along (close-on-exec), or -1. Returns the message's size, cut to room;
 * 0 or less at the end. */
ssize_t pass_receive(int socket, void *to, size_t room, int *fd);

/* pass_close_from closes every descriptor from that number on; the process ends where it can't. */
void pass_close_from(int low);

#endif
