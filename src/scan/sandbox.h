/* SPDX-License-Identifier: Apache-2.0 */
/* What a process gives up before it reads its first hostile byte: everything but the descriptors it is handed. */
#ifndef CERTBAN_SCAN_SANDBOX_H
#define CERTBAN_SCAN_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A build with AddressSanitizer needs more memory, more calls, and standard error for its reports. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER 0
#endif

/* sandbox_available says in words what this system offers ("seccomp, Landlock 7"); NULL when it has no seccomp at all. */
const char *sandbox_available(void);

/* sandbox_prepare builds the list of allowed calls once, in the process that forks the others. */
CERTBAN_MUST_USE bool sandbox_prepare(struct error *err);

/* sandbox_limit sets the limits that hold with and without a sandbox: bytes of memory, descriptors, no core files, death with the
 * parent. Over processor time the pool watches. */
CERTBAN_MUST_USE bool sandbox_limit(uint64_t memory, struct error *err);

/* What a domain leaves of the file system: a file or folder, with all below it. */
enum sandbox_right {
    SANDBOX_READ, /* read and write a file, a device perhaps */
    SANDBOX_RUN,  /* read files and folders, run programs */
    SANDBOX_ALL
};
struct sandbox_path {
    const char *path;
    enum sandbox_right right;
};

/* sandbox_paths leaves the process nothing of the file system but these, and no TCP; what is not there is left out. Without Landlock it
 * does nothing: sandbox_has_paths says so. Needs no new privileges to be given up before. */
CERTBAN_MUST_USE bool sandbox_paths(const struct sandbox_path *paths, size_t n, struct error *err);
bool sandbox_has_paths(void);

/* sandbox_enter closes everything for good: other users' rights, new privileges, the file system, the network, every system
 * call that is not on the list. A call that is not allowed ends the process. */
CERTBAN_MUST_USE bool sandbox_enter(struct error *err);

#endif
