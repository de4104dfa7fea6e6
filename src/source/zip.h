/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the ZIP driver (PKWARE's APPNOTE 6.3), shared by zip.c (where an archive may be), zip_directory.c (end records and
 * central directories), zip_local.c (local headers, and the bytes that no directory names) and zip_visit.c (what members unpack to). All
 * offsets are those of the source.
 */
#ifndef CERTBAN_SOURCE_ZIP_H
#define CERTBAN_SOURCE_ZIP_H

#include "source/container.h"

/* zip_at_head: an archive begins here. zip_at_tail: an end record stands in these last bytes. */
bool zip_at_head(struct bytes head);
bool zip_at_tail(struct bytes tail);

enum {
    ZIP_LOCAL_SIZE = 30,   /* of a local header, without name and extra field */
    ZIP_CENTRAL_SIZE = 46, /* of an entry of the central directory, likewise */
    ZIP_END_SIZE = 22,     /* of an end record without its comment */
    ZIP_COMMENT_MAX = 0xffff,
    ZIP_NAME_KEPT = 4096,                                /* of a name; longer ones are cut */
    ZIP_DIRECTORIES_MAX = LIMIT_ZIP_DIRECTORIES_GREATEST /* of one file */
};
enum { ZIP_LOCAL = 0x04034b50, ZIP_CENTRAL = 0x02014b50, ZIP_END = 0x06054b50, ZIP_END64 = 0x06064b50, ZIP_LOCATOR = 0x07064b50 };

enum {
    ZIP_ENCRYPTED = 1,    /* flag bits */
    ZIP_SIZES_BEHIND = 8, /* the local header has no sizes, they follow the data */
    ZIP_MASKED = 0x2000,  /* parts of the header are masked, and all is encrypted */
};

/* What a header says of a member: central directory and local header may differ. */
struct zip_reading {
    uint64_t packed, size;
    uint16_t flags, method;
    bool sized; /* packed and size mean something */
};

struct zip_member {
    uint64_t at;      /* of the local header */
    uint64_t data_at; /* behind it; 0 when there is no local header at that place */
    uint64_t end;     /* behind the packed data, by the greater of both readings */
    struct zip_reading central, local;
    const char *name; /* up to a NUL */
    unsigned disk;    /* the volume that it is on */
    unsigned directory;
    uint16_t left; /* the method for which it is left to a helper; 0: it is not */
    bool hidden;   /* no directory names it: central is a copy of local */
};

/* Something odd that may come many times: told once, with how often and where first. */
struct zip_tally {
    uint64_t n, at;
    const char *first;
};

/* One central directory and its end record, with the oddities of where they say that they are. */
struct zip_directory {
    uint64_t at, end;          /* of the central directory */
    uint64_t end_at, end_size; /* of the end record, with its comment */
    uint64_t shift;            /* added to each offset in it, modulo 2^64: bytes before the archive that it does not know of */
    uint64_t told;             /* entries that it says it has */
    unsigned disk;             /* the volume that this is */
    bool far;                  /* the end record stands where only a search finds it */
};

/* What the driver of a member may open of the same folder of the archive. */
struct zip;
struct unpacker;
struct zip_beside {
    struct beside beside;
    struct zip *zip;
    const struct zip_member *member;
    struct unpacker *open[LIMIT_BESIDE_GREATEST]; /* to be ended with the member */
    size_t n;
};

struct zip {
    struct source *source;
    struct arena *arena;   /* of the file */
    struct arena *scratch; /* of what is in hand */
    struct budget *budget;
    struct anomalies *anomalies;
    struct zip_directory directories[ZIP_DIRECTORIES_MAX];
    unsigned n_directories;
    struct zip_member *members;
    size_t n, room;
    uint64_t searched;        /* bytes that nothing takes */
    struct error limit;       /* why members are missing in that list; kind ERR_NONE when none are */
    struct zip_beside beside; /* of the member in hand */
    uint16_t left;            /* its method, where it is left to a helper */
    size_t n_left;            /* so many are */
    struct zip_tally mismatches, names, unsafe, hidden, overlaps, encrypted, duplicates;
};

/* zip_tally_add counts one more. */
void zip_tally_add(struct zip_tally *tally, uint64_t at, const char *name);

/* zip_add appends a zeroed member; NULL when there are as many as may still be looked at, or no memory: zip->limit says so. */
struct zip_member *zip_add(struct zip *zip);

/* zip_name is the text of a name: a copy in the arena up to the first NUL. NULL without memory. What is dangerous is tallied. */
const char *zip_name(struct zip *zip, struct bytes name, uint64_t at);

/* zip_directories finds the end records between from and to (the archive's end), latest first, and appends the members of their
 * central directories: in the last bytes, where unpackers look, and in a file that is searched whole, anywhere. What stands inside a member
 * is that member's. False only when the source can't be read. */
CERTBAN_MUST_USE bool zip_directories(struct zip *zip, uint64_t from, uint64_t to, struct error *err);

/* zip_locals reads the local headers of the members from first on, and sorts all by where they stand. */
CERTBAN_MUST_USE bool zip_locals(struct zip *zip, size_t first, struct error *err);

/* zip_hidden searches what neither members nor directories take of [from, to) for local headers and appends those members. */
CERTBAN_MUST_USE bool zip_hidden(struct zip *zip, uint64_t from, uint64_t to, struct error *err);

/* zip_search is zip_hidden where nothing is taken. */
CERTBAN_MUST_USE bool zip_search(struct zip *zip, uint64_t from, uint64_t to, struct error *err);

/* zip_visit shows every member to the visitor, each reading of it. False when nothing more is to be shown. */
CERTBAN_MUST_USE bool zip_visit(struct zip *zip, struct visitor *visitor, struct error *err);

/* zip_visit_left shows those that zip_visit left, by the helper (source/zip_helped.c); what that can't read is unreadable. */
CERTBAN_MUST_USE bool zip_visit_left(struct zip *zip, struct visitor *visitor, struct error *err);

/* zip_method_name is the word for a method of compression: "deflate". */
const char *zip_method_name(uint16_t method);

/* zip_zip64 puts the 64-bit values of an extra field over those that say "look there"; offset and disk may be NULL. */
void zip_zip64(struct bytes extra, struct zip_reading *reading, uint64_t *offset, unsigned *disk);

#endif
