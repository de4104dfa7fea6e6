/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/keeper_show.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "scan/keeper.h"
#include "scan/pass.h"

struct show {
    int socket;
    const struct limits *limits;
    char path[KEEPER_NAME_MAX]; /* of what is in hand, below the folder */
};

static bool show_file(struct show *s, int folder, const char *name, struct error *err) {
    const struct keeper_answer head = {.kind = KEEPER_FILE};
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return error_sys(err, errno, "%s can't be opened", s->path);
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !pass_send(s->socket, bytes_make(&head, sizeof head), bytes_text(s->path), fd)) {
        _exit(0); /* the reader has enough */
    }
    close(fd);
    return true;
}

static bool show_folder(struct show *s, int parent, const char *name, size_t path_n, unsigned depth, struct error *err);

static bool show_entry(struct show *s, int folder, const char *name, size_t path_n, unsigned depth, struct error *err) {
    struct stat st;
    int added = snprintf(s->path + path_n, sizeof s->path - path_n, "%s%s", path_n != 0 ? "/" : "", name);
    size_t room = sizeof s->path - 1 - path_n, n = added < 0 ? 0 : (size_t)added < room ? (size_t)added : room;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_sys(err, errno, "%s can't be looked at", s->path);
    }
    bool is_folder = S_ISDIR(st.st_mode);
    if (!is_folder && !S_ISREG(st.st_mode)) {
        return true;
    }
    /* The program gives modes as the archive has them, none of which keep its owner from changing them. */
    mode_t needed = is_folder ? 0500 : 0400;
    if ((st.st_mode & needed) != needed && fchmodat(folder, name, is_folder ? 0700 : 0600, 0) != 0) {
        return error_sys(err, errno, "%s can't be opened", s->path);
    }
    return is_folder ? show_folder(s, folder, name, path_n + n, depth + 1, err) : show_file(s, folder, name, err);
}

/* What is wrong with one entry is kept; the others are shown. */
static bool show_folder(struct show *s, int parent, const char *name, size_t path_n, unsigned depth, struct error *err) {
    if (depth > limit_most(s->limits, LIMIT_HELPER_DEPTH)) {
        return limit_reached(s->limits, LIMIT_HELPER_DEPTH, err);
    }
    int fd = fs_folder_in(parent, name);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        return error_sys(err, errno, "%s can't be opened", s->path);
    }
    struct error why = {0}, first = {0};
    const struct dirent *e;
    while ((e = readdir(entries)) != NULL) {
        bool dots = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        if (!dots && !show_entry(s, fd, e->d_name, path_n, depth, &why) && first.kind == ERR_NONE) {
            first = why;
        }
    }
    closedir(entries);
    return first.kind == ERR_NONE || error_again(err, &first);
}

bool keeper_show(int socket, const char *folder, const struct limits *limits, struct error *err) {
    struct show s = {.socket = socket, .limits = limits};
    return show_folder(&s, AT_FDCWD, folder, 0, 0, err);
}
