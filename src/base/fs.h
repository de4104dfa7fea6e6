/* SPDX-License-Identifier: Apache-2.0 */
/* The operating system's files behind types that another system could have too. */
#ifndef CERTBAN_BASE_FS_H
#define CERTBAN_BASE_FS_H

#include "base/bytes.h"
#include "base/error.h"

/* An open file or folder; FS_NONE when there is none. On POSIX a file descriptor. */
struct handle {
    intptr_t os;
};
#define FS_NONE ((struct handle){-1})

enum fs_kind { FS_REGULAR, FS_FOLDER, FS_LINK, FS_SPECIAL };

/* Who a file is and what it looked like. Within a run: volume, number and birth; across runs never the volume. */
struct fs_identity {
    enum fs_kind kind;
    uint64_t volume, number; /* st_dev, st_ino */
    int64_t birth_ns;        /* nanoseconds since 1970; 0 where the file system has none */
    uint64_t size;
    uint64_t allocated; /* bytes on the disk: fewer where the file has holes, or is packed by its file system */
    int64_t mtime_ns, ctime_ns;
    uint32_t names; /* hard links */
    uint32_t mode;  /* permission bits, as the system has them */
    uint32_t owner, group;
};

/* fs_identify describes an open file or folder. */
CERTBAN_MUST_USE bool fs_identify(struct handle file, struct fs_identity *out, struct error *err);

/* fs_extent is how much of a file there is to read, for the time that it may take: its size, but of what is larger than FS_EXTENT_MIN no
 * more than is allocated. */
enum { FS_EXTENT_MIN = 1 << 30 };
uint64_t fs_extent(const struct fs_identity *identity);

/* fs_same says whether two identities of one run are the same file (volume, number, birth). */
bool fs_same(const struct fs_identity *a, const struct fs_identity *b);

/* fs_unchanged says whether a file still has the content that was looked at: fs_same, size, mtime (and ctime when strict). */
bool fs_unchanged(const struct fs_identity *before, const struct fs_identity *now, bool strict);

/* fs_open_in opens a regular file or folder by one name inside a folder, never following a link, never blocking on a pipe or
 * device, close-on-exec. What is neither is ERR_UNSUPPORTED with kind in *out. ENOENT and the like are ERR_IO. */
CERTBAN_MUST_USE bool fs_open_in(struct handle folder, const char *name, struct handle *file, struct fs_identity *out, struct error *err);

/* fs_open opens a path given by the user: links in it and at its end are followed, as the user meant it; else as fs_open_in. */
CERTBAN_MUST_USE bool fs_open(const char *path, struct handle *file, struct fs_identity *out, struct error *err);

/* fs_open_folder opens a folder component by component, following no link on the way: an absolute path from the root on, another one from
 * where the process stands. */
CERTBAN_MUST_USE bool fs_open_folder(struct bytes path, int *fd, struct error *err);

/* fs_folder_in opens the folder of that name in a folder, following no link and waiting for nothing. -1 (errno) when it can't. */
int fs_folder_in(int folder, const char *name);

/* fs_path_of is where an open file or folder stands, absolute and without links, as /proc has it; where that is not mounted, what asked
 * leads to (the path that it was opened by), if that is still the same file. NULL when nobody knows. Free it. */
char *fs_path_of(struct handle file, const char *asked);

/* fs_link gives an open file a name in a folder, another one or its first (O_TMPFILE): by /proc, and where that is not mounted as the
 * system lets root do. what is said of a failure: "can't name the copy". */
CERTBAN_MUST_USE bool fs_link(struct handle file, int folder, const char *name, const char *what, struct error *err);

/* fs_has_attribute says whether the file has an extended attribute whose name begins so, behind "user." or by itself. */
bool fs_has_attribute(struct handle file, const char *prefix);

/* fs_close takes FS_NONE and sets it to FS_NONE. */
void fs_close(struct handle *file);

#endif
