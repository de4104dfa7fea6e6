/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers, each of which would do for most attacks: an unprivileged user, no new privileges, a Landlock domain without any
 * path, port or peer, and a seccomp list of the few calls that reading a descriptor and answering on a socket need.
 */
#include "scan/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    DESCRIPTORS_MAX = 32, /* a message brings WORKER_BATCH of them at most, and a helper one by one: no file makes a reader hold more */
    NOBODY = 65534,
};

/* Calls that are harmless whatever their arguments: they reach only this process and the descriptors it holds. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(flistxattr),
    SCMP_SYS(fgetxattr),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
#if SANDBOX_SANITIZER
    /* AddressSanitizer's runtime: its own stacks, and the end of the process after a report. */
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(tgkill),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),
    SCMP_SYS(clock_nanosleep),
#endif
};

static scmp_filter_ctx filter;

/* Memory without a file behind it and without code in it; and statx of a descriptor, not of a path. */
static int add_conditions(scmp_filter_ctx list) {
    int bad = seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                               SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    bad = bad != 0 ? bad : seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    bad = bad != 0 ? bad
                   : seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(statx), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    return bad != 0
               ? bad
               : seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
}

bool sandbox_prepare(struct error *err) {
    if (filter != NULL) {
        return true;
    }
    scmp_filter_ctx list = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (list == NULL) {
        return error_set(err, ERR_UNSUPPORTED, "the list of allowed system calls can't be made");
    }
    int bad = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed && bad == 0; i++) {
        bad = seccomp_rule_add(list, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    bad = bad != 0 ? bad : add_conditions(list);
    if (bad != 0) {
        seccomp_release(list);
        return error_sys(err, -bad, "the list of allowed system calls can't be made");
    }
    filter = list;
    return true;
}

/* The kernel's ABI 1 knows bits 0 to 12; later ones add REFER (13), TRUNCATE (14) and IOCTL_DEV (15), the network (4) and
 * scopes (6). The build's header may be older than the kernel, so that the structure is spelled out. */
struct ruleset {
    uint64_t fs, net, scoped;
};

static int landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* Whether that answer says that there is no Landlock for us: the kernel has none, it is switched off, or a container's list of system
 * calls, older than it, forbids it. */
static bool is_refused(int sys) {
    return sys == ENOSYS || sys == EOPNOTSUPP || sys == EPERM;
}

const char *sandbox_available(void) {
    static char words[96];
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        return NULL;
    }
    int version = landlock_version(), sys = errno;
    if (version > 0) {
        snprintf(words, sizeof words, "seccomp, Landlock %d", version);
    } else {
        snprintf(words, sizeof words, "seccomp alone; %s",
                 sys == EOPNOTSUPP ? "Landlock is switched off"
                 : sys == EPERM    ? "Landlock is forbidden here, as old containers do"
                                   : "this kernel has no Landlock");
    }
    return words;
}

bool sandbox_has_paths(void) {
    return landlock_version() > 0;
}

static bool add_path(int ruleset, const struct sandbox_path *path, uint64_t all, struct error *err) {
    const uint64_t rights[] = {
        [SANDBOX_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
        [SANDBOX_RUN] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE,
        [SANDBOX_ALL] = all,
    };
    struct landlock_path_beneath_attr rule = {.allowed_access = rights[path->right]};
    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        return true;
    }
    bool ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
              error_sys(err, errno, "Landlock has no rule for %s", path->path);
    close(rule.parent_fd);
    return ok;
}

/* A domain in which everything that Landlock knows is forbidden but what the rules say. */
bool sandbox_paths(const struct sandbox_path *paths, size_t n, struct error *err) {
    int version = landlock_version();
    if (version <= 0) {
        return true;
    }
    unsigned bits = version == 1 ? 13 : version == 2 ? 14 : version <= 4 ? 15 : 16;
    struct ruleset ruleset = {.fs = (UINT64_C(1) << bits) - 1, .net = version >= 4 ? 3 : 0, .scoped = version >= 6 ? 3 : 0};
    size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (fd < 0) {
        return error_sys(err, errno, "Landlock has no domain");
    }
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        ok = add_path(fd, &paths[i], ruleset.fs, err);
    }
    ok = ok && (syscall(SYS_landlock_restrict_self, fd, 0) == 0 || error_sys(err, errno, "Landlock does not take the process in"));
    close(fd);
    return ok;
}

bool sandbox_limit(uint64_t memory, struct error *err) {
    const struct {
        int what;
        rlim_t limit;
    } limits[] = {
        {RLIMIT_NOFILE, DESCRIPTORS_MAX},
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_AS, SANDBOX_SANITIZER ? RLIM_INFINITY : (rlim_t)memory}, /* the sanitizer's shadow alone takes terabytes */
    };
    pid_t parent = getppid();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)limits[i].what, &limit) != 0) {
            return error_sys(err, errno, "can't look at a limit");
        }
        if (limit.rlim_max > limits[i].limit) {
            limit = (struct rlimit){limits[i].limit, limits[i].limit};
        }
        if (setrlimit((__rlimit_resource_t)limits[i].what, &limit) != 0) {
            return error_sys(err, errno, "can't set a limit");
        }
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return error_sys(err, errno, "can't be tied to the parent");
    }
    if (getppid() != parent) {
        _exit(1); /* it died before it was asked to be told */
    }
    return true;
}

bool sandbox_enter(struct error *err) {
    if (geteuid() == 0) {
        /* Without a mapping for it (a container of one user) there is nobody to become: the other layers hold. */
        if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0) {
            errno = 0;
        }
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) { /* a change of user forgets it */
            return error_sys(err, errno, "can't be tied to the parent");
        }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_sys(err, errno, "can't give up new privileges");
    }
    struct error why = {0};
    if (!sandbox_paths(NULL, 0, &why) && !is_refused(why.sys)) { /* without Landlock, seccomp forbids the same calls */
        return error_again(err, &why) || error_within(err, "sandbox");
    }
    int bad = filter != NULL ? seccomp_load(filter) : -EINVAL;
    return bad == 0 || error_sys(err, -bad, "sandbox: the list of allowed system calls is not accepted");
}
