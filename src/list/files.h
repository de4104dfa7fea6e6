/* SPDX-License-Identifier: Apache-2.0 */
/* Reading lists from disk: whole files, and folders of them. */
#ifndef CERTBAN_LIST_FILES_H
#define CERTBAN_LIST_FILES_H

#include "base/bytes.h"
#include "base/error.h"

/* Whose file it may be. FILE_TRUSTED: root's or the caller's, and nobody else may write to it, since what it says rules the machine. */
enum file_trust { FILE_ANYBODYS, FILE_TRUSTED };

/* The most that is read of a list (512 MiB: lists to import; policies have a limit of their own). */
#define FILE_SIZE_MAX ((uint64_t)512 << 20)

/* file_read reads a regular file whole ("-" is standard input); file_forget gives the memory back. ERR_DENIED when the trust is missing,
 * ERR_LIMIT when it is too large. file_read_most reads at most so many bytes: a larger file is refused unread. */
CERTBAN_MUST_USE bool file_read(const char *path, enum file_trust trust, struct bytes *out, struct error *err);
CERTBAN_MUST_USE bool file_read_most(const char *path, enum file_trust trust, uint64_t most, struct bytes *out, struct error *err);
void file_forget(struct bytes content);

/* file_exists says whether there is anything under that path, even if it can't be read. */
bool file_exists(const char *path);

/* folder_names lists the names in a folder that end in one of the endings (NULL-terminated: ".xml"), hidden ones left out, sorted. A
 * folder that does not exist is empty. With FILE_TRUSTED the folder must be root's or the caller's, too. names_free gives them back. */
struct names {
    char **all;
    size_t n;
};
CERTBAN_MUST_USE bool folder_names(const char *path, enum file_trust trust, const char *const *endings, struct names *out,
                                   struct error *err);
void names_free(struct names *names);

#endif
