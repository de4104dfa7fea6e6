/* SPDX-License-Identifier: Apache-2.0 */
/* How files carry signatures: a table of drivers, one file each. No driver hashes, trusts, prints or decides. */
#ifndef CERTBAN_FORMAT_FORMAT_H
#define CERTBAN_FORMAT_FORMAT_H

#include "base/source.h"
#include "model/signature.h"
#include "source/probe.h"

/* What a catalog's digest of an unsigned file is of. */
struct image {
    struct span *spans;
    size_t n;
    uint64_t zeros; /* that signing would put behind, so that the digest may be one with them or without */
};

struct format {
    const char *name;      /* in reports: "pe" */
    const char *long_name; /* for people: "Windows program (PE)" */
    struct bytes first;    /* the head of every such file begins with one of these octets (FIRST_OCTETS); none: with any */
    bool wants_whole;      /* the probe says true by the name alone as long as probe.whole was not read */
    bool unsigned_itself;  /* an archive that has no signature of its own: without its members there is nothing to look at */
    bool members_only;     /* an archive: what a search of its bytes would find is its members' */
    bool acts_on_members;  /* an installer or download: a banned member lets the whole file be quarantined */

    /* probe says whether the file may be of this format. Cheap, no memory, no errors: broken files of the format say true. */
    bool (*probe)(const struct probe *probe);

    /* read fills contents with signatures, claims, anomalies and version. What can't be read at all goes to
     * contents->unreadable; false (err) only when nothing more can be said (no memory, I/O). Never loses a signature that
     * can be found: on structural damage it carves. A file that turns out to be of some other kind: contents->other. NULL: there is
     * nothing to read but members. */
    bool (*read)(struct source *source, struct arena *arena, struct contents *contents, struct error *err);

    /* version reads product and version information, apart from read since only matches and reports want it. NULL: none. */
    bool (*version)(struct source *source, struct arena *arena, struct version_info *version, struct error *err);

    /* image gives what the digest of an unsigned file in a catalog is of, where that is not the whole file. NULL: it is. False (err):
     * no such digest can be had of this file. */
    bool (*image)(struct source *source, struct arena *arena, struct image *image, struct error *err);
};

/* formats is the table, NULL-terminated: every row whose probe says true is read (polyglots are an evasion). */
extern const struct format *const formats[];

/* format_by_name is the row of that name; NULL when there is none. */
const struct format *format_by_name(const char *name);

#endif
