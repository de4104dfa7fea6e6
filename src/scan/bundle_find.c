/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/bundle_find.h"

#include <stdlib.h>

#include "source/plist.h"

static const char seal_name[] = "/_CodeSignature/CodeResources";

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct bundle_file *)a)->path, ((const struct bundle_file *)b)->path);
}

const struct bundle_file *found_file(const struct found *found, const char *path) {
    const struct bundle_file wanted = {.path = path};
    return path != NULL && found->files->n != 0 ? bsearch(&wanted, found->files->all, found->files->n, sizeof wanted, by_path) : NULL;
}

const struct bundle_file *found_in(const struct found *found, const struct bundle *b, const char *folder, const char *name) {
    return found_file(found, arena_printf(found->files->arena, "%.*s/%s%s", (int)b->base_n, b->base, folder, name));
}

bool found_below(const char *path, const char *folder, size_t n) {
    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

size_t found_first(const struct found *found, const char *folder, size_t n) {
    size_t low = 0, high = found->files->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(found->files->all[middle].path, folder, n);
        order = order != 0 ? order : (unsigned char)found->files->all[middle].path[n] - '/';
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return low;
}

/* The part of a base that is the bundle's own path. */
static size_t root_of(const char *base, size_t n) {
    static const char contents[] = "/Contents", versions[] = "/Versions";
    if (n > sizeof contents - 1 && memcmp(base + n - (sizeof contents - 1), contents, sizeof contents - 1) == 0) {
        return n - (sizeof contents - 1);
    }
    size_t slash = n;
    while (slash > 0 && base[slash - 1] != '/') {
        slash--;
    }
    size_t m = slash > 0 ? slash - 1 : 0;
    if (m > sizeof versions - 1 && memcmp(base + m - (sizeof versions - 1), versions, sizeof versions - 1) == 0) {
        return m - (sizeof versions - 1);
    }
    return n;
}

/* What is no Mach-O has no place for a signature: it stands in files beside the seal. */
static void find_code(struct found *found, struct bundle *b) {
    b->code = b->signed_by = b->main != NULL ? b->main->code : NULL;
    if (b->main == NULL || b->code != NULL) {
        return;
    }
    const struct bundle_file *directory = found_in(found, b, "_CodeSignature/", "CodeDirectory"),
                             *cms = found_in(found, b, "_CodeSignature/", "CodeSignature");
    b->directory = directory != NULL && directory->code != NULL ? directory : NULL;
    b->code = b->directory != NULL ? directory->code : NULL;
    b->signed_by = cms != NULL ? cms->code : NULL;
}

/* Info.plist, and the executable that it names. */
static void find_main(struct found *found, struct bundle *b) {
    static const char *const folders[] = {"MacOS/", ""};
    const struct plist *info = NULL;
    const char *name = NULL;
    b->info = found_in(found, b, "", "Info.plist");
    b->info = b->info != NULL ? b->info : found_in(found, b, "Resources/", "Info.plist");
    if (b->info != NULL && plist_parse(b->info->content, found->files->arena, &info, NULL)) {
        name = plist_string(info, "CFBundleExecutable");
    }
    for (size_t i = 0; name != NULL && b->main == NULL && i < sizeof folders / sizeof *folders; i++) {
        b->main = found_in(found, b, folders[i], name);
    }
    find_code(found, b);
}

bool found_make(struct found *found, struct bundles *files, struct error *err) {
    *found = (struct found){.files = files};
    if (files->n != 0) {
        qsort(files->all, files->n, sizeof *files->all, by_path);
    }
    size_t n = 0;
    for (size_t i = 0; i < found->files->n; i++) {
        const char *path = found->files->all[i].path;
        size_t length = strlen(path);
        n += length >= sizeof seal_name && strcmp(path + length - (sizeof seal_name - 1), seal_name) == 0;
    }
    if (n > limit_most(files->arena->limits, LIMIT_BUNDLES)) {
        return limit_reached(files->arena->limits, LIMIT_BUNDLES, err);
    }
    found->all = arena_array(found->files->arena, n, sizeof *found->all);
    if (found->all == NULL) {
        return arena_full(found->files->arena, err);
    }
    for (size_t i = 0; i < found->files->n && found->n < n; i++) {
        const struct bundle_file *file = &found->files->all[i];
        size_t length = strlen(file->path);
        if (length < sizeof seal_name || strcmp(file->path + length - (sizeof seal_name - 1), seal_name) != 0) {
            continue;
        }
        struct bundle *b = &found->all[found->n++];
        *b = (struct bundle){.base = file->path, .base_n = length - (sizeof seal_name - 1), .seal = file, .outermost = true};
        b->root_n = root_of(b->base, b->base_n);
        find_main(found, b);
    }
    for (size_t i = 0; i < found->n; i++) {
        for (size_t k = 0; k < found->n; k++) {
            const struct bundle *other = &found->all[k];
            bool within = other->root_n < found->all[i].root_n && found_below(found->all[i].base, other->base, other->root_n);
            found->all[i].outermost = found->all[i].outermost && !within;
        }
    }
    return true;
}

const struct bundle_file *found_main(const struct found *found, const char *path) {
    const struct bundle_file *file = found_file(found, path);
    for (size_t i = 0; file == NULL && i < found->n; i++) {
        const struct bundle *b = &found->all[i];
        bool same = strlen(path) == b->root_n && strncmp(b->base, path, b->root_n) == 0;
        file = same && b->main != NULL ? (b->directory != NULL ? b->directory : b->main) : NULL;
    }
    return file;
}
