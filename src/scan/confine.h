/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting another program on bytes that nobody trusts: no shell, limits, an environment of a few words. Called in the process that
 * becomes the program; its network and, where it may write, its file system are the caller's to take away.
 */
#ifndef CERTBAN_SCAN_CONFINE_H
#define CERTBAN_SCAN_CONFINE_H

#include <stdint.h>

#include "base/error.h"

/* What a shell says, too, of a program that is not there. */
enum { CONFINE_NOT_THERE = 127 };

/* confine_limit ties the process to its parent's life, gives up new privileges, and sets limits: seconds of processor time, 2 GiB of
 * memory, no core file, 64 descriptors, and files of no more than file_most bytes. */
void confine_limit(unsigned seconds, uint64_t file_most);

/* confine_calls forbids the system calls that a program that unpacks does not need and that have opened kernels before: namespaces,
 * mounts, tracing, keys, bpf, io_uring, sockets. They fail with EPERM. For the rest of the process and of what it becomes. */
CERTBAN_MUST_USE bool confine_calls(struct error *err);

/* confine_exec becomes argv[0]: a path, or a name in the system's own folders. Standard input is empty, output and error go to out,
 * HOME is home. Ends with status CONFINE_NOT_THERE when that can't be. */
void confine_exec(const char *const *argv, const char *home, int out) __attribute__((noreturn));

#endif
