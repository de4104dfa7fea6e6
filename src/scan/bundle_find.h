/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are in the bundles of one container or folder. Inside of bundle_judge.c and bundle_find.c. */
#ifndef CERTBAN_SCAN_BUNDLE_FIND_H
#define CERTBAN_SCAN_BUNDLE_FIND_H

#include "scan/bundle.h"

/* One sealed folder: "X.app/Contents", "Y.framework/Versions/A", or a folder without either. */
struct bundle {
    const char *base; /* what the seal's paths are relative to */
    size_t base_n;
    size_t root_n; /* so much of it is the bundle's own path */
    const struct bundle_file *seal, *info, *main;
    const struct bundle_code *code;      /* the main executable's signature; NULL: none */
    const struct bundle_file *directory; /* of a script, say: where that stands apart, in a file; NULL: it does not */
    const struct bundle_code *signed_by; /* and the CMS in another; NULL: none */
    bool outermost;
};

/* All of them, over files sorted by path. */
struct found {
    struct bundles *files;
    struct bundle *all;
    size_t n;
};

/* found_make sorts the files and finds the sealed folders among them. */
CERTBAN_MUST_USE bool found_make(struct found *found, struct bundles *files, struct error *err);

/* found_file is the file of that path; NULL when there is none, or path is NULL. */
const struct bundle_file *found_file(const struct found *found, const char *path);

/* found_in is the file of that name in a folder ("", "MacOS/") of the bundle's base. */
const struct bundle_file *found_in(const struct found *found, const struct bundle *bundle, const char *folder, const char *name);

/* found_main is the code at a path: a program, or the main executable of the bundle that the path is; NULL when there is none. */
const struct bundle_file *found_main(const struct found *found, const char *path);

/* found_first is the place of the first file below a folder, given by n octets of a path: they stand together. found_below says whether
 * a path is one. */
size_t found_first(const struct found *found, const char *folder, size_t n);
bool found_below(const char *path, const char *folder, size_t n);

#endif
