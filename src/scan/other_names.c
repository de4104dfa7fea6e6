/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/other_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan/folder.h"

/* Each level holds a descriptor. What lies deeper is not found: the item that is taken says how many names of its file still exist. */
enum { DEPTH_MAX = 256 };

struct search {
    struct names_ask *asks;
    size_t n;
    uint64_t volume;
    struct text path; /* of the folder in hand */
};

static void note(const struct search *s, const struct stat *st, const char *name) {
    for (size_t i = 0; i < s->n; i++) {
        struct names_ask *ask = &s->asks[i];
        if (ask->number != st->st_ino || ask->volume != s->volume || ask->n_found >= ask->most) {
            continue;
        }
        struct text *more = realloc(ask->found, (ask->n_found + 1) * sizeof *more);
        if (more != NULL) {
            ask->found = more;
            more[ask->n_found] = (struct text){0};
            text_add_bytes(&more[ask->n_found], bytes_make(s->path.p, s->path.n));
            path_join(&more[ask->n_found++], bytes_text(name));
        }
    }
}

/* The numbers in a listing are enough to pass nearly all files by. */
static bool may_be(const struct search *s, ino_t number) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->asks[i].number == number && s->asks[i].volume == s->volume) {
            return true;
        }
    }
    return false;
}

static bool all_found(const struct search *s) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->asks[i].volume == s->volume && s->asks[i].n_found < s->asks[i].links) {
            return false;
        }
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders, and no deeper than DEPTH_MAX */
static void search_folder(struct search *s, int parent, const char *name, unsigned depth) {
    struct stat st;
    int fd = fs_folder_in(parent, name);
    bool inside = fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == s->volume;
    DIR *dir = inside ? fdopendir(fd) : NULL;
    size_t n = s->path.n;
    if (depth != 0) {
        path_join(&s->path, bytes_text(name));
    }
    for (const struct dirent *entry; dir != NULL && !all_found(s) && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        bool unknown = entry->d_type == DT_UNKNOWN && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if ((entry->d_type == DT_DIR || (unknown && S_ISDIR(st.st_mode))) && depth < DEPTH_MAX) {
            search_folder(s, fd, entry->d_name, depth + 1);
        } else if (may_be(s, entry->d_ino) && fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
                   st.st_dev == s->volume) {
            note(s, &st, entry->d_name);
        }
    }
    s->path.n = n;
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
}

/* The topmost folder of the file system that a file lies on: as long as the one above is on the same. */
static void mount_of(const struct names_ask *ask, struct text *out) {
    struct text at = {0};
    struct stat st;
    text_add(&at, ask->path);
    for (size_t i = at.n; i-- > 0;) {
        if (at.p[i] != '/') {
            continue;
        }
        at.n = i == 0 ? 1 : i;
        at.p[at.n] = '\0';
        if (stat(at.p, &st) != 0 || st.st_dev != ask->volume) {
            break;
        }
        text_clear(out);
        text_add(out, at.p);
    }
    text_free(&at);
}

void other_names_find(struct names_ask *asks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool done = false;
        for (size_t k = 0; k < i; k++) {
            done = done || asks[k].volume == asks[i].volume;
        }
        struct search s = {.asks = asks, .n = n, .volume = asks[i].volume};
        if (!done) {
            mount_of(&asks[i], &s.path);
        }
        if (s.path.n != 0) {
            struct text top = {0};
            text_add(&top, text_c(&s.path));
            search_folder(&s, AT_FDCWD, text_c(&top), 0);
            text_free(&top);
        }
        text_free(&s.path);
    }
}

void other_names_free(struct names_ask *ask) {
    for (size_t i = 0; i < ask->n_found; i++) {
        text_free(&ask->found[i]);
    }
    free(ask->found);
    ask->found = NULL;
    ask->n_found = 0;
}
