/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the Mach-O driver: headers of fat files, slices, their load commands. Inside of the driver only. */
#ifndef CERTBAN_FORMAT_MACHO_H
#define CERTBAN_FORMAT_MACHO_H

#include "base/reader.h"
#include "format/format.h"

enum {
    MACHO_SLICES_MAX = LIMIT_SLICES_GREATEST,
    MACHO_SIGNATURES_MAX = LIMIT_SIGNATURES_GREATEST, /* LC_CODE_SIGNATURE commands of one slice that are followed */
    MACHO_LINKS_MAX = 32,    /* other commands that point into the file the way LC_CODE_SIGNATURE does: they only guide a search */
    MACHO_REMAINS = 1 << 20, /* octets at the end of a slice that are searched for what is left of a signature */
    MACHO_HEADER_MAX = 32,
    MACHO_FAT_DEPTH = 2, /* a fat file in a fat file */
};

/* What four octets at the start say. */
enum macho_magic { MACHO_NONE, MACHO_THIN, MACHO_FAT, MACHO_ARCHIVE };

/* How to read it: byte order and width. */
struct macho_shape {
    enum macho_magic magic;
    bool big, wide;
};

/* macho_shape_of looks at the first four octets of b. MACHO_ARCHIVE: a static library or bitcode, which fat files also hold and
 * which no signature is for. */
struct macho_shape macho_shape_of(struct bytes b);

/* Integers in the byte order of a slice. */
uint32_t macho_u32(struct reader *r, bool big);
uint64_t macho_u64(struct reader *r, bool big);

/* macho_arch is the name of a processor: "x86_64", "arm64e"; "cpu-HEX" for unknown ones; NULL without memory. */
const char *macho_arch(uint32_t type, uint32_t subtype, struct arena *arena);

/* macho_arch_known says whether a processor of that type was ever built for. */
bool macho_arch_known(uint32_t type);

/* A stretch of a slice, relative to its start. */
struct macho_range {
    uint64_t at, size;
};

struct macho_commands {
    const char *arch;
    struct macho_range signatures[MACHO_SIGNATURES_MAX];
    size_t n_signatures;
    struct macho_range links[MACHO_LINKS_MAX];
    size_t n_links;
    struct macho_range info_plist; /* __TEXT,__info_plist; size 0 when absent */
    uint64_t end;                  /* where segments and signatures end */
    bool odd;                      /* header and commands don't fit each other */
    unsigned limited;              /* the number of the limit that left some out (as in struct error); 0: none did */
    bool cut;                      /* they pass the end of the slice */
};

/* macho_commands_read reads header and load commands of the slice [at, at + size) of a source. Oddities go to anomalies (may be
 * NULL). False (err) when it can't be read or there is no memory; ERR_MALFORMED when it has no Mach-O header. */
CERTBAN_MUST_USE bool macho_commands_read(struct source *source, uint64_t at, uint64_t size, struct arena *arena,
                                          struct anomalies *anomalies, struct macho_commands *out, struct error *err);

/* One slice, and what became of it. */
struct macho_slice {
    uint64_t at, size;
    const char *arch;
    bool hidden;     /* the fat header does not count it */
    bool skipped;    /* an archive, or nothing that could be read */
    uint64_t end;    /* in the source: where what it describes of itself ends */
    size_t first, n; /* its signatures in contents */
};

/* macho_slice_read appends the signatures of one slice. Only lack of memory and I/O are errors. */
CERTBAN_MUST_USE bool macho_slice_read(struct source *source, struct arena *arena, struct contents *contents, struct macho_slice *slice,
                                       struct error *err);

/* macho_tail_carve searches n bytes from at on, which stand behind a program, for signatures: all of a short tail, the ends of a long one.
 */
CERTBAN_MUST_USE bool macho_tail_carve(struct source *source, struct arena *arena, struct contents *contents, uint64_t at, uint64_t n,
                                       struct error *err);

/* macho_slices_compare notes what slices say about each other: different teams or signers, unsigned beside signed. */
void macho_slices_compare(const struct macho_slice *slices, size_t n, struct contents *contents, struct arena *arena);

#endif
