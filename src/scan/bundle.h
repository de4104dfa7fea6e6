/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles of macOS: folders whose signature stands in their main executable and covers their other files by a seal (format/seal.h).
 * While the members of a container, or the files of a folder, are examined one by one, what a seal says about them is gathered; then
 * each outermost bundle is judged as a whole. Runs inside reader processes; all memory is the container's arena.
 */
#ifndef CERTBAN_SCAN_BUNDLE_H
#define CERTBAN_SCAN_BUNDLE_H

#include "scan/exam.h"
#include "source/container.h"

/* What is kept of signed code. */
struct bundle_code {
    struct bytes verdict;               /* as wire.h writes it */
    struct code_directory *directories; /* their blobs are copies */
    size_t n_directories;
    const char *identifier, *team_id; /* "" when absent */
    bool is_signed;
};

struct bundle_file {
    const char *path; /* as the container has it, with / between */
    uint64_t size;
    enum finding finding; /* its own */
    bool has_digests, is_link;
    uint8_t sha1[20], sha256[32];   /* of the content; of a link: of where it leads */
    struct bytes content;           /* of property lists; of others their first octets */
    const struct bundle_code *code; /* NULL: no code */
};

struct bundles {
    struct arena *arena;
    struct bundle_file *all;
    size_t n, room;
    struct budget *budget;
    bool hash;         /* contents are hashed, so that seals can be checked whole */
    bool complete;     /* links and files without content are among them; archives don't tell of them */
    struct error lost; /* why something is not among them; ERR_NONE: all is */
};

/* bundle_inside says whether a path leads into a folder with the name of a bundle ("X.app/…"). bundle_named is the same for one name. */
bool bundle_inside(const char *path);
bool bundle_named(struct bytes name);

/* bundles_note keeps what a seal may ask of a file: exam is its finished examination, verdict what came of it. */
void bundles_note(struct bundles *bundles, const char *path, struct exam *exam, const struct verdict *verdict);

/* bundles_link is bundles_note for a symbolic link. */
void bundles_link(struct bundles *bundles, const char *path, struct bytes target);

/* bundles_judge gives the sink a verdict on every outermost bundle that has a seal; inside is prefix and the bundle's path. Returns the
 * strongest finding among them. */
enum finding bundles_judge(struct bundles *bundles, const char *prefix, struct verdict_sink *sink);

/* Where the files of a bundle on the disk come from. */
struct bundle_opener {
    bool (*open)(struct bundle_opener *opener, uint32_t line, int *fd, uint64_t *size, struct error *err);
    uint64_t size; /* of all files together */
};

/* bundle_examine checks the seal of a bundle on the disk, whose files are the lines of the list (disk_bundle.h). The sink gets one
 * verdict. */
void bundle_examine(const struct examiner *examiner, struct source *list, const char *path, struct arena *arena,
                    struct bundle_opener *opener, struct verdict_sink *sink);

#endif
