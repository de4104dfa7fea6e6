/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/links.h"

#include <stdlib.h>

/* The value of an inode whose names nobody wants. */
static struct names boring;

enum links_met links_meet(struct links *links, const struct fs_identity *file, struct names **names) {
    struct names *mine = calloc(1, sizeof *mine);
    bool fresh = false;
    pthread_mutex_lock(&links->lock);
    void *there = mine != NULL ? inodes_at(&links->inodes, file->volume, file->number, mine, &fresh) : NULL;
    pthread_mutex_unlock(&links->lock);
    if (!fresh) {
        free(mine);
        return there != NULL ? LINKS_AGAIN : LINKS_FAILED;
    }
    *names = mine;
    return LINKS_FIRST;
}

void links_add(struct links *links, const struct fs_identity *file, struct folder *folder, struct bytes path, uint64_t most) {
    pthread_mutex_lock(&links->lock);
    bool fresh;
    struct names *names = inodes_at(&links->inodes, file->volume, file->number, &boring, &fresh);
    struct other_name *name = names != NULL && names != &boring && names->n < most ? malloc(sizeof *name + path.n + 1) : NULL;
    if (name != NULL) {
        *name = (struct other_name){.next = names->first, .folder = folder != NULL ? folder_ref(folder) : NULL, .path_n = path.n};
        memcpy(name->path, path.p, path.n);
        name->path[path.n] = '\0';
        for (size_t i = 0; i < path.n; i++) {
            name->name_at = path.p[i] == '/' ? i + 1 : name->name_at;
        }
        names->first = name;
        names->n++;
    } else if (names != NULL && names != &boring) {
        names->more++;
    }
    pthread_mutex_unlock(&links->lock);
}

static void names_free(struct folders *folders, struct names *names) {
    for (struct other_name *name = names->first, *next; name != NULL; name = next) {
        next = name->next;
        folder_unref(folders, name->folder);
        free(name);
    }
    free(names);
}

void links_forget(struct links *links, struct folders *folders, const struct fs_identity *file) {
    pthread_mutex_lock(&links->lock);
    bool fresh;
    struct names *names = inodes_at(&links->inodes, file->volume, file->number, &boring, &fresh);
    inodes_set(&links->inodes, file->volume, file->number, &boring);
    pthread_mutex_unlock(&links->lock);
    if (names != NULL && names != &boring) {
        names_free(folders, names);
    }
}

void links_free(struct links *links, struct folders *folders) {
    for (size_t i = 0; i < links->inodes.room; i++) {
        struct names *names = links->inodes.slots[i].value;
        if (names != NULL && names != &boring) {
            names_free(folders, names);
        }
    }
    inodes_free(&links->inodes);
}
