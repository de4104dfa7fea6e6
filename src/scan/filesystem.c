/* SPDX-License-Identifier: Apache-2.0 */
/* Magic numbers of statfs(2); linux/magic.h and the file systems' own sources name them. */
#include "scan/filesystem.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define FUSE 0x65735546UL

static const unsigned long left_out[] = {
    0x9fa0,     /* proc */
    0x62656572, /* sysfs */
    0x1cd1,     /* devpts */
    0x64626720, /* debugfs */
    0x74726163, /* tracefs */
    0x27e0eb,   /* cgroup */
    0x63677270, /* cgroup2 */
    0x73636673, /* securityfs */
    0xf97cff8c, /* selinuxfs */
    0x43415d53, /* smackfs */
    0xcafe4a11, /* bpf */
    0x6165676c, /* pstore */
    0xde5e81e4, /* efivarfs */
    0x62656570, /* configfs */
    0x19800202, /* mqueue */
    0x958458f6, /* hugetlbfs */
    0x67596969, /* rpc_pipefs */
    0x42494e4d, /* binfmt_misc */
    0x6e736673, /* nsfs */
    0x65735543, /* fusectl */
    0x0187,     /* autofs: a look inside mounts */
    0x6969,     /* nfs */
    0x517b,     /* smb */
    0xff534d42, /* cifs */
    0xfe534d42, /* smb3 */
    0x00c36400, /* ceph */
    0x5346414f, /* afs */
    0x73757245, /* coda */
    0x01021997, /* 9p */
    FUSE,       /* sshfs and its like, which hang */
    0x7461636f, /* ocfs2 */
    0x01161970, /* gfs2 */
    0x0bd00bd0, /* lustre */
    0x47504653, /* gpfs */
};

/* Those of a disk have its number, as NTFS by ntfs-3g: they hang no more than others. */
static bool is_on_disk(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_dev) != 0;
}

bool filesystem_left_out(int fd) {
    struct statfs st;
    if (fstatfs(fd, &st) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if ((unsigned long)(unsigned int)st.f_type == left_out[i]) {
            return left_out[i] != FUSE || !is_on_disk(fd);
        }
    }
    return false;
}
