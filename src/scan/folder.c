/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct folder *folder_new(struct folder *parent, const char *name, size_t name_n) {
    struct folder *folder = malloc(sizeof *folder + name_n + 1);
    if (folder == NULL) {
        return NULL;
    }
    *folder = (struct folder){.parent = parent, .refs = 1, .fd = -1, .name_n = name_n};
    memcpy(folder->name, name, name_n);
    folder->name[name_n] = '\0';
    if (parent != NULL) {
        folder_ref(parent);
        folder->depth = parent->depth + 1;
        folder->bundle = parent->bundle;
        folder->special = parent->special;
        folder->path_n = parent->path_n + 1 + name_n;
    } else {
        folder->path_n = name_n;
    }
    return folder;
}

struct folder *folder_ref(struct folder *folder) {
    __atomic_add_fetch(&folder->refs, 1, __ATOMIC_RELAXED);
    return folder;
}

void folder_unref(struct folders *folders, struct folder *folder) {
    while (folder != NULL && __atomic_sub_fetch(&folder->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        struct folder *parent = folder->parent;
        if (folder->fd >= 0) {
            close(folder->fd);
            pthread_mutex_lock(&folders->lock);
            folders->open--;
            pthread_mutex_unlock(&folders->lock);
        }
        free(folder->real);
        free(folder);
        folder = parent;
    }
}

/* Closes what nobody uses, once no subfolder waits for it or too many are open. The lock is held. */
static void maybe_close(struct folders *folders, struct folder *folder) {
    if (folder->users == 0 && folder->fd >= 0 && (folder->pending == 0 || folders->open > folders->budget)) {
        close(folder->fd);
        folder->fd = -1;
        folders->open--;
    }
}

void folder_opened(struct folders *folders, struct folder *folder, int fd, const struct fs_identity *identity) {
    pthread_mutex_lock(&folders->lock);
    folder->fd = fd;
    folder->users = 1;
    folder->volume = identity->volume;
    folder->number = identity->number;
    folder->birth_ns = identity->birth_ns;
    folders->open++;
    pthread_mutex_unlock(&folders->lock);
}

/* Opens one folder below its parent's descriptor (a root: from the top) and looks whether it is the one that was seen. */
static bool open_again(const struct folder *folder, int parent, int *out, struct error *err) {
    int fd = -1;
    if (folder->parent != NULL) {
        fd = fs_folder_in(parent, folder->name);
    } else if (!fs_open_folder(bytes_text(folder->real != NULL ? folder->real : "/nowhere/"), &fd, err)) {
        return false;
    }
    if (fd < 0) {
        return error_sys(err, errno, "can't open the folder again");
    }
    struct fs_identity now;
    bool ok = fs_identify((struct handle){fd}, &now, err);
    if (ok && (now.volume != folder->volume || now.number != folder->number || now.birth_ns != folder->birth_ns)) {
        ok = error_set(err, ERR_CHANGED, "the folder is another one than before");
    }
    if (!ok) {
        close(fd);
        return false;
    }
    *out = fd;
    return true;
}

/* Opens the chain from the nearest open ancestor down. The lock is held. */
static bool reopen(struct folders *folders, struct folder *folder, struct error *err) {
    struct folder **chain = malloc((folder->depth + 1) * sizeof(struct folder *));
    if (chain == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the way to the folder");
    }
    size_t n = 0;
    struct folder *f = folder;
    for (; f != NULL && f->fd < 0; f = f->parent) {
        chain[n++] = f;
    }
    int at = f != NULL ? f->fd : -1;
    bool ok = true;
    for (size_t i = n; i > 0 && ok; i--) {
        int fd = -1;
        ok = open_again(chain[i - 1], at, &fd, err);
        if (i < n) {
            close(at);
        }
        at = fd;
    }
    free(chain);
    if (ok) {
        folder->fd = at;
        folders->open++;
    }
    return ok;
}

bool folder_use(struct folders *folders, struct folder *folder, int *fd, struct error *err) {
    pthread_mutex_lock(&folders->lock);
    bool ok = folder->fd >= 0 || reopen(folders, folder, err);
    if (ok) {
        folder->users++;
        *fd = folder->fd;
    }
    pthread_mutex_unlock(&folders->lock);
    return ok;
}

void folder_release(struct folders *folders, struct folder *folder) {
    pthread_mutex_lock(&folders->lock);
    folder->users--;
    maybe_close(folders, folder);
    pthread_mutex_unlock(&folders->lock);
}

void folder_entered(struct folders *folders, struct folder *parent, bool used) {
    pthread_mutex_lock(&folders->lock);
    parent->pending--;
    parent->users -= used;
    maybe_close(folders, parent);
    pthread_mutex_unlock(&folders->lock);
}

void folder_expect(struct folders *folders, struct folder *folder, unsigned more) {
    pthread_mutex_lock(&folders->lock);
    folder->pending += more;
    maybe_close(folders, folder);
    pthread_mutex_unlock(&folders->lock);
}

void path_join(struct text *out, struct bytes name) {
    if (out->n != 0 && out->p[out->n - 1] != '/') {
        text_add_char(out, '/');
    }
    text_add_bytes(out, name);
}

/* A path is as deep as its folder: no recursion, the names are gathered from the bottom and written from the top. */
static void add_path(const struct folder *folder, bool real, struct text *out) {
    const struct folder **chain = malloc((folder->depth + 1) * sizeof(struct folder *));
    if (chain == NULL) {
        out->failed = true;
        return;
    }
    size_t n = 0;
    for (const struct folder *f = folder; f != NULL; f = f->parent) {
        chain[n++] = f;
    }
    const struct folder *root = chain[n - 1];
    text_add(out, real && root->real != NULL ? root->real : root->name);
    for (size_t i = n - 1; i > 0; i--) {
        path_join(out, bytes_make(chain[i - 1]->name, chain[i - 1]->name_n));
    }
    free(chain);
}

void folder_path(const struct folder *folder, struct text *out) {
    add_path(folder, false, out);
}

void folder_real(const struct folder *folder, struct text *out) {
    add_path(folder, true, out);
}
