/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg's own files: info/PACKAGE.list, one path a line; diversions, three lines each (from, to, package): deb-list(5) of dpkg's
 * internals, dpkg-divert(1). */
#include "scan/packages.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The spelling of a path in dpkg's lists: without /usr, and where the package wanted it before a diversion moved it. */
struct wanted {
    char *path;
    struct package_ask *ask;
};

static const char *without_usr(const char *path) {
    return strncmp(path, "/usr/", 5) == 0 ? path + 4 : path;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct wanted *)a)->path, ((const struct wanted *)b)->path);
}

/* Every line of a file, without its end. */
struct lines {
    FILE *file;
    char *line;
    size_t room;
};

static const char *next_line(struct lines *lines) {
    ssize_t n = lines->file != NULL ? getline(&lines->line, &lines->room, lines->file) : -1;
    if (n <= 0) {
        return NULL;
    }
    if (lines->line[n - 1] == '\n') {
        lines->line[n - 1] = '\0';
    }
    return lines->line;
}

static struct lines open_lines(const char *folder, const char *name) {
    struct text path = {0};
    text_addf(&path, "%s/%s", folder, name);
    struct lines lines = {.file = text_ok(&path) ? fopen(text_c(&path), "re") : NULL};
    text_free(&path);
    return lines;
}

static void close_lines(struct lines *lines) {
    if (lines->file != NULL) {
        fclose(lines->file);
    }
    free(lines->line);
}

/* A file that stands where a diversion moved it is listed under the name that it would have without. */
static void follow_diversions(const char *folder, struct wanted *wanted, size_t n) {
    struct lines lines = open_lines(folder, "diversions");
    const char *line;
    while ((line = next_line(&lines)) != NULL) {
        char *from = strdup(line);
        const char *to = from != NULL ? next_line(&lines) : NULL;
        for (size_t i = 0; to != NULL && i < n; i++) {
            if (strcmp(wanted[i].path, without_usr(to)) == 0) {
                char *listed = strdup(without_usr(from));
                if (listed != NULL) {
                    free(wanted[i].path);
                    wanted[i].path = listed;
                }
            }
        }
        free(from);
        if (to == NULL || next_line(&lines) == NULL) {
            break;
        }
    }
    close_lines(&lines);
}

static void search_list(const char *folder, const char *name, const struct wanted *wanted, size_t n) {
    struct lines lines = open_lines(folder, name);
    const char *line;
    while ((line = next_line(&lines)) != NULL) {
        struct wanted key = {.path = strdup(without_usr(line))};
        const struct wanted *found = key.path != NULL ? bsearch(&key, wanted, n, sizeof key, by_path) : NULL;
        free(key.path);
        for (; found != NULL && found > wanted && strcmp(found[-1].path, found->path) == 0; found--) {
        }
        for (const struct wanted *w = found; w != NULL && w < wanted + n && strcmp(w->path, found->path) == 0; w++) {
            size_t length = strlen(name) - strlen(".list");
            snprintf(w->ask->package, sizeof w->ask->package, "%.*s", (int)length, name);
        }
    }
    close_lines(&lines);
}

void packages_find(const char *folder, struct package_ask *asks, size_t n) {
    folder = folder != NULL ? folder : "/var/lib/dpkg";
    struct text info = {0};
    text_addf(&info, "%s/info", folder);
    struct wanted *wanted = n != 0 ? calloc(n, sizeof *wanted) : NULL;
    DIR *dir = wanted != NULL && text_ok(&info) ? opendir(text_c(&info)) : NULL;
    size_t ready = 0;
    for (; dir != NULL && ready < n; ready++) {
        wanted[ready] = (struct wanted){.path = strdup(without_usr(asks[ready].path)), .ask = &asks[ready]};
        if (wanted[ready].path == NULL) {
            break;
        }
    }
    if (dir != NULL && ready == n) {
        follow_diversions(folder, wanted, n);
        qsort(wanted, n, sizeof *wanted, by_path);
        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            size_t length = strlen(entry->d_name);
            if (length > 5 && strcmp(entry->d_name + length - 5, ".list") == 0) {
                search_list(text_c(&info), entry->d_name, wanted, n);
            }
        }
    }
    for (size_t i = 0; i < ready; i++) {
        free(wanted[i].path);
    }
    free(wanted);
    if (dir != NULL) {
        closedir(dir);
    }
    text_free(&info);
}
