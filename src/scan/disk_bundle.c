/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/disk_bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan/bundle.h"

/* ---- the list ---- */

static void add_number(struct text *out, uint64_t value, unsigned octets) {
    for (unsigned i = 0; i < octets; i++) {
        text_add_char(out, (char)(value >> 8 * i));
    }
}

static bool add_line(struct disk_bundle *b, char kind, uint64_t size, struct bytes path, struct bytes target, struct error *err) {
    if (b->n == limit_most(b->limits, LIMIT_BUNDLE_FILES)) {
        return limit_reached(b->limits, LIMIT_BUNDLE_FILES, err);
    }
    if (b->n == b->room) {
        size_t room = b->room != 0 ? 2 * b->room : 64;
        uint32_t *lines = realloc(b->lines, room * sizeof *lines);
        if (lines == NULL) {
            return error_set(err, ERR_LIMIT, "no memory for the files of a bundle");
        }
        b->lines = lines;
        b->room = room;
    }
    b->size += size;
    text_add_char(&b->list, kind);
    add_number(&b->list, size, 8);
    b->lines[b->n++] = (uint32_t)b->list.n;
    add_number(&b->list, path.n, 4);
    text_add_bytes(&b->list, path);
    add_number(&b->list, target.n, 4);
    text_add_bytes(&b->list, target);
    return (text_ok(&b->list) && b->list.n < UINT32_MAX / 2) || error_set(err, ERR_LIMIT, "no memory for the files of a bundle");
}

static bool list_folder(struct disk_bundle *b, int fd, struct text *path, unsigned depth, struct error *err);

/* One entry of a folder; path is that of the folder, and is so again afterwards. */
static bool list_entry(struct disk_bundle *b, int fd, const char *name, struct text *path, unsigned depth, struct error *err) {
    struct stat st;
    size_t n = path->n;
    bool ok = true;
    path_join(path, bytes_text(name));
    struct bytes whole = bytes_make(path->p, path->n);
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        ok = errno == ENOENT || error_sys(err, errno, "can't look at a file of the bundle");
    } else if (S_ISREG(st.st_mode)) {
        ok = add_line(b, LISTED_FILE, (uint64_t)st.st_size, whole, bytes_none(), err);
    } else if (S_ISLNK(st.st_mode)) {
        char target[PATH_MAX];
        ssize_t got = readlinkat(fd, name, target, sizeof target);
        ok = got < 0 || add_line(b, LISTED_LINK, (uint64_t)got, whole, bytes_make(target, (size_t)got), err);
    } else if (S_ISDIR(st.st_mode)) {
        int inner = fs_folder_in(fd, name);
        ok = inner >= 0 ? list_folder(b, inner, path, depth + 1, err) : error_sys(err, errno, "can't open a folder of the bundle");
    }
    path->n = n;
    return ok;
}

/* Takes over fd. */
static bool list_folder(struct disk_bundle *b, int fd, struct text *path, unsigned depth, struct error *err) {
    DIR *folder = fdopendir(fd);
    const struct dirent *entry;
    bool ok = depth <= limit_most(b->limits, LIMIT_BUNDLE_DEPTH) || limit_reached(b->limits, LIMIT_BUNDLE_DEPTH, err);
    if (folder == NULL) {
        close(fd);
        return error_sys(err, errno, "can't list a folder of the bundle");
    }
    while (ok && (entry = readdir(folder)) != NULL) {
        bool itself = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        ok = itself || list_entry(b, fd, entry->d_name, path, depth, err);
    }
    closedir(folder);
    return ok;
}

static void list(struct disk_bundle *b, int fd) {
    struct text path = {0};
    struct error err = {0};
    int again = fs_folder_in(fd, ".");
    b->root = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    text_add(&path, text_c(&b->path) + b->name_at);
    if (again < 0 || b->root < 0) {
        error_sys(&err, errno, "can't list the bundle");
    } else if (list_folder(b, again, &path, 0, &err)) {
        error_clear(&err);
    }
    b->failure = err;
    text_free(&path);
}

bool disk_bundle_listing(const struct disk_bundle *b, struct handle *file, struct fs_identity *identity, struct error *err) {
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    bool ok = fd >= 0 || error_sys(err, errno, "can't hand over the list of a bundle");
    for (size_t done = 0; ok && done < b->list.n;) {
        ssize_t n = write(fd, b->list.p + done, b->list.n - done);
        ok = n > 0 || error_sys(err, errno, "can't hand over the list of a bundle");
        done += n > 0 ? (size_t)n : 0;
    }
    ok = ok && fs_identify((struct handle){fd}, identity, err);
    if (ok) {
        *file = (struct handle){fd};
    } else if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* ---- the files ---- */

/* Component by component, and no link: what a reader asks for lies below the bundle's folder. */
bool disk_bundle_open(const struct disk_bundle *b, uint32_t line, struct handle *file, struct fs_identity *identity, struct error *err) {
    if (line >= b->n || b->root < 0) {
        return error_set(err, ERR_CRASHED, "the reader asked for a file that is not in the bundle");
    }
    uint32_t n = 0;
    for (unsigned i = 0; i < 4; i++) {
        n |= (uint32_t)(uint8_t)b->list.p[b->lines[line] + i] << 8 * i;
    }
    struct bytes left = bytes_make(b->list.p + b->lines[line] + 4, n);
    left = bytes_cut(left, bytes_find(left, bytes_text("/"), 0) + 1, left.n); /* the bundle's own name */
    struct handle at = {b->root};
    bool ok = true;
    while (ok && left.n != 0) {
        char name[NAME_MAX + 1];
        size_t end = bytes_find(left, bytes_text("/"), 0);
        struct handle inner = FS_NONE;
        ok = end < sizeof name || error_sys(err, ENAMETOOLONG, "can't open a file of the bundle");
        if (ok) {
            memcpy(name, left.p, end);
            name[end] = '\0';
            ok = fs_open_in(at, name, &inner, identity, err);
        }
        if (at.os != b->root) {
            fs_close(&at);
        }
        at = inner;
        left = bytes_cut(left, end + 1, left.n);
    }
    if (ok && identity->kind != FS_REGULAR) {
        fs_close(&at);
        ok = error_set(err, ERR_CHANGED, "no file any more");
    }
    *file = ok ? at : FS_NONE;
    return ok;
}

/* ---- finding them ---- */

static bool has_seal(int fd) {
    static const char *const seals[] = {"Contents/_CodeSignature/CodeResources", "_CodeSignature/CodeResources",
                                        "Versions/Current/_CodeSignature/CodeResources", "Versions/A/_CodeSignature/CodeResources"};
    struct stat st;
    for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
        if (fstatat(fd, seals[i], &st, 0) == 0 && S_ISREG(st.st_mode)) {
            return true;
        }
    }
    return false;
}

bool disk_bundle_is(const char *path, int fd) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    return bundle_named(bytes_make(path, n)) && has_seal(fd);
}

void disk_bundle_find(struct folders *folders, struct folder *folder, int fd, const struct limits *limits, bool wanted) {
    if (folder->bundle != NULL || !bundle_named(bytes_make(folder->name, folder->name_n)) || !has_seal(fd)) {
        return;
    }
    struct disk_bundle *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return; /* its files are examined all the same */
    }
    b->root = -1;
    b->limits = limits;
    folder_path(folder, &b->path);
    for (size_t i = 0; i < b->path.n; i++) {
        b->name_at = b->path.p[i] == '/' ? i + 1 : b->name_at;
    }
    if (wanted) {
        list(b, fd);
    }
    folder->bundle = b;
    pthread_mutex_lock(&folders->lock);
    b->next = folders->bundles;
    folders->bundles = b;
    pthread_mutex_unlock(&folders->lock);
}

void disk_bundle_done(struct disk_bundle *b) {
    if (b->root >= 0) {
        close(b->root);
        b->root = -1;
    }
    text_free(&b->list);
    free(b->lines);
    b->list = (struct text){0};
    b->lines = NULL;
    b->n = b->room = 0;
}

void disk_bundles_free(struct folders *folders) {
    for (struct disk_bundle *b = folders->bundles, *next; b != NULL; b = next) {
        next = b->next;
        disk_bundle_done(b);
        text_free(&b->path);
        text_free(&b->message);
        free(b);
    }
    folders->bundles = NULL;
}
