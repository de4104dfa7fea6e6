/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char octets[CMSG_SPACE(sizeof(int))];
};

bool pass_send(int socket, struct bytes head, struct bytes rest, int fd) {
    union control control = {.octets = {0}};
    struct iovec parts[2] = {{NULL, head.n}, {NULL, rest.n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = rest.n != 0 ? 2 : 1};
    memcpy(&parts[0].iov_base, &head.p, sizeof head.p); /* sendmsg does not write to them */
    memcpy(&parts[1].iov_base, &rest.p, sizeof rest.p);
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 && (size_t)sent == head.n + rest.n;
}

ssize_t pass_receive(int socket, void *to, size_t room, int *fd) {
    union control control;
    struct iovec part = {to, room};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    struct cmsghdr *rights = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *fd = -1;
    if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(fd, CMSG_DATA(rights), sizeof *fd);
    }
    return got;
}

/* Kernels before 5.9, and filters that don't know the call, have no close_range: then the C library goes through /proc. What stays open
 * would keep the sockets of others open, whose end somebody waits for. */
void pass_close_from(int low) {
    if (close_range((unsigned)low, ~0u, 0) != 0) {
        closefrom(low);
    }
}
