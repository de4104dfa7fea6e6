/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear whole or not at all. */
#ifndef CERTBAN_LIST_REPLACE_H
#define CERTBAN_LIST_REPLACE_H

#include "base/bytes.h"
#include "base/error.h"

/* folders_make makes a folder and those above it that are missing. */
CERTBAN_MUST_USE bool folders_make(const char *path, struct error *err);

/* A file in a folder: descriptor and path of the folder (for messages), the file's name, and the name under which it is written first. */
struct replaced {
    int folder;
    const char *path, *name, *fresh;
};

/* file_replace puts content in place of the file, or leaves that as it was. It is on the disk when this returns true. */
CERTBAN_MUST_USE bool file_replace(const struct replaced *file, struct bytes content, struct error *err);

#endif
