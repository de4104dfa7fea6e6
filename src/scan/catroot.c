/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catroot.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"

static bool add(struct catroots *roots, const char *path, struct error *err) {
    for (size_t i = 0; i < roots->n; i++) {
        if (strcmp(roots->all[i], path) == 0) {
            return true;
        }
    }
    char **larger = realloc(roots->all, (roots->n + 1) * sizeof *larger);
    if (larger != NULL) {
        roots->all = larger;
        larger[roots->n] = strdup(path);
    }
    if (larger == NULL || larger[roots->n] == NULL) {
        return error_set(err, ERR_LIMIT, "no memory for the places of catalogs");
    }
    roots->n++;
    return true;
}

/* Appends a folder's entry of that name, in whatever case it is written there. */
static bool step(struct text *path, const char *name) {
    DIR *folder = opendir(text_c(path));
    const struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL && strcasecmp(entry->d_name, name) != 0) {
    }
    if (entry != NULL) {
        text_addf(path, "/%s", entry->d_name);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return entry != NULL && text_ok(path);
}

/* Whether root is that of a Windows installation; then its CatRoot is one. Only Windows' own folders are listed. */
static bool add_installation(struct catroots *roots, const char *root, struct error *err) {
    static const char *const spellings[] = {"Windows", "WINDOWS", "windows"};
    bool ok = true;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings && ok; i++) {
        struct text path = {0};
        text_addf(&path, "%s/%s", strcmp(root, "/") != 0 ? root : "", spellings[i]);
        if (text_ok(&path) && access(text_c(&path), R_OK | X_OK) == 0 && step(&path, "System32") && step(&path, "CatRoot")) {
            ok = add(roots, text_c(&path), err);
            text_free(&path);
            break; /* a file system without case has the folder under each spelling */
        }
        text_free(&path);
    }
    return ok;
}

/* The path itself, and every folder above it. */
static bool add_above(struct catroots *roots, const char *path, struct error *err) {
    char *real = realpath(path, NULL);
    bool ok = true;
    for (char *end; ok && real != NULL && real[0] == '/'; *end = '\0') {
        ok = add_installation(roots, real, err);
        end = strrchr(real, '/');
        if (real[1] == '\0') {
            break;
        }
        end += end == real; /* the root keeps its slash */
    }
    free(real);
    return ok;
}

bool catroots_find(const struct scan_options *options, struct catroots *roots, struct error *err) {
    bool ok = true;
    for (size_t i = 0; ok && i < options->n_catalogs; i++) {
        ok = add(roots, options->catalogs[i], err);
    }
    for (size_t i = 0; ok && options->walk && i < options->n_paths; i++) {
        ok = strcmp(options->paths[i], "-") == 0 || add_above(roots, options->paths[i], err);
    }
    return ok;
}

void catroots_free(struct catroots *roots) {
    for (size_t i = 0; i < roots->n; i++) {
        free(roots->all[i]);
    }
    free(roots->all);
    *roots = (struct catroots){0};
}
