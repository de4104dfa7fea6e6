/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORDS_MAX = 24, DESCRIPTORS_MAX = 64 };

static void limit(int what, rlim_t most) {
    struct rlimit r = {most, most};
    setrlimit((__rlimit_resource_t)what, &r);
}

void confine_limit(unsigned seconds, uint64_t file_most) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_CPU, seconds);
    limit(RLIMIT_AS, (rlim_t)2 << 30);
    limit(RLIMIT_FSIZE, file_most);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

static const int forbidden[] = {
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(request_key),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(quotactl),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(personality),
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(io_uring_register),
};

/* Namespaces come by clone, too; what clone3 asks for can't be seen, so that the C library is sent back to clone. */
static int add_clone(scmp_filter_ctx list) {
    static const unsigned long spaces[] = {CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,   CLONE_NEWNET,
                                           CLONE_NEWIPC, CLONE_NEWUTS,  CLONE_NEWCGROUP};
    int bad = seccomp_rule_add(list, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces && bad == 0; i++) {
        bad = seccomp_rule_add(list, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i]));
    }
    return bad;
}

bool confine_calls(struct error *err) {
    scmp_filter_ctx list = seccomp_init(SCMP_ACT_ALLOW);
    int bad = list != NULL ? add_clone(list) : -ENOMEM;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden && bad == 0; i++) {
        bad = seccomp_rule_add(list, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
    }
    bad = bad != 0 ? bad : seccomp_load(list);
    if (list != NULL) {
        seccomp_release(list);
    }
    return bad == 0 || error_sys(err, -bad, "the list of forbidden system calls is not accepted");
}

void confine_exec(const char *const *argv, const char *home, int out) {
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) {
        _exit(CONFINE_NOT_THERE);
    }
    char home_word[512];
    snprintf(home_word, sizeof home_word, "HOME=%s", home);
    /* The dead proxy: where a network of its own is forbidden, the program shall not fetch revocation lists. */
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", proxy[] = "http_proxy=http://127.0.0.1:9", zone[] = "TZ=UTC",
         proxies[] = "https_proxy=http://127.0.0.1:9", locale[] = "LC_ALL=C.UTF-8";
    setenv("PATH", path + strlen("PATH="), 1); /* it is the caller's by which execvpe searches */
    char *environment[] = {path, home_word, proxy, proxies, zone, locale, NULL};
    char *words[WORDS_MAX + 1];
    size_t n = 0;
    for (; n < WORDS_MAX && argv[n] != NULL; n++) {
        words[n] = strdup(argv[n]); /* execvpe takes words that it could change */
    }
    words[n] = NULL;
    if (words[0] == NULL) {
        _exit(CONFINE_NOT_THERE);
    }
    execvpe(words[0], words, environment);
    _exit(CONFINE_NOT_THERE);
}
