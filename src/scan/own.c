/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/own.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool add(struct own *own, uint64_t volume, uint64_t number) {
    if (own->n != 0 && own->all[own->n - 1].volume == volume && own->all[own->n - 1].number == number) {
        return true;
    }
    if (own->n == own->room) {
        size_t room = own->room != 0 ? 2 * own->room : 64;
        struct own_file *more = realloc(own->all, room * sizeof *more);
        if (more == NULL) {
            return false;
        }
        own->all = more;
        own->room = room;
    }
    own->all[own->n++] = (struct own_file){volume, number};
    return true;
}

static bool add_path(struct own *own, const char *path) {
    struct stat st;
    return stat(path, &st) != 0 || add(own, st.st_dev, st.st_ino);
}

/* Libraries, where /proc does not tell what is mapped. */
static int add_library(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    return info->dlpi_name == NULL || info->dlpi_name[0] != '/' || add_path(context, info->dlpi_name) ? 0 : 1;
}

static bool add_program(struct own *own) {
    struct stat st;
    const char *path = "/proc/self/exe";
    if (stat(path, &st) != 0) { /* /proc is not mounted: by the path that it was started by */
        memcpy(&path, &(uintptr_t){getauxval(AT_EXECFN)}, sizeof path);
    }
    return path == NULL || add_path(own, path);
}

static bool add_mapped(struct own *own) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return dl_iterate_phdr(add_library, own) == 0;
    }
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    while (ok && getline(&line, &room, maps) > 0) {
        unsigned major, minor;
        unsigned long long number;
        if (sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &number) == 3 && number != 0) { /* NOLINT(cert-err34-c) */
            ok = add(own, makedev(major, minor), number);
        }
    }
    free(line);
    fclose(maps);
    return ok;
}

bool own_find(struct own *own, const struct scan_options *options) {
    const struct blocklist *list = options->examiner.list;
    const struct policy *last = NULL;
    bool ok = add_program(own) && add_mapped(own);
    for (uint32_t i = 0; ok && i < blocklist_count(list); i++) {
        const struct rule *rule = blocklist_rule(list, i);
        if (rule->policy != NULL && rule->policy != last) {
            last = rule->policy;
            ok = add_path(own, last->origin);
        }
    }
    for (size_t i = 0; ok && i < options->n_own; i++) {
        ok = add_path(own, options->own[i]);
    }
    return ok;
}

bool own_has(const struct own *own, const struct fs_identity *file) {
    for (size_t i = 0; i < own->n; i++) {
        if (own->all[i].volume == file->volume && own->all[i].number == file->number) {
            return true;
        }
    }
    return false;
}

void own_free(struct own *own) {
    free(own->all);
    *own = (struct own){0};
}
