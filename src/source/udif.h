/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apple's Universal Disk Image Format, as far as the format (who signed it) and the container (what is in it) share it. Apple
 * documents nothing of it; sources: 7-Zip's DmgHandler.cpp and libdmg-hfsplus (include/dmg/dmg.h).
 */
#ifndef CERTBAN_SOURCE_UDIF_H
#define CERTBAN_SOURCE_UDIF_H

#include "source/container.h"

enum { UDIF_TRAILER = 512, UDIF_MAGIC = 12 };

/* The trailer "koly", as far as it is used. */
struct udif_trailer {
    uint64_t at;                 /* of itself */
    uint64_t data_at, data_size; /* the data fork */
    uint64_t xml_at, xml_size;   /* the property list; size 0: none */
    uint64_t sign_at, sign_size; /* the code signature; both 0: none */
    uint64_t sectors;            /* of 512 octets, of the whole image */
    uint32_t segments;           /* files that the image is spread over */
    bool usual;                  /* its version and its own size are those of every image */
};

/* udif_trailer_at says whether something that looks like a trailer begins at that place of a file's end: where macOS looks for it, in the
 * last UDIF_TRAILER octets, its letters are enough, elsewhere its version and size must be the usual ones. udif_trailer_in says whether
 * one begins anywhere in the end. */
bool udif_trailer_at(struct bytes end, size_t at);
bool udif_trailer_in(struct bytes end);

/* udif_encrypted says whether a file begins like an encrypted image. */
bool udif_encrypted(struct bytes head);

/* udif_trailer_read reads the trailer at that offset. ERR_MALFORMED when there is none. */
CERTBAN_MUST_USE bool udif_trailer_read(struct source *source, uint64_t at, struct arena *arena, struct udif_trailer *out,
                                        struct error *err);

/* udif_trailer_fits says whether a trailer that is not the file's last bytes leads to a property list or to a code signature in the
 * file: that of an image in an archive is found there, too, but means other places. */
bool udif_trailer_fits(struct source *source, struct arena *arena, const struct udif_trailer *trailer);

/* udif_trailer_find gives the trailer by which an image can be read: in the last 512 bytes, where macOS looks, else the last one that
 * fits in the last UDIF_SEARCH, else one at the file's beginning. *found is false when there is none. */
CERTBAN_MUST_USE bool udif_trailer_find(struct source *source, struct arena *arena, struct udif_trailer *out, bool *found,
                                        struct error *err);

enum {
    UDIF_TAIL = 64 << 10,
    UDIF_SEARCH = (1 << 20) + UDIF_TRAILER,      /* octets of the end in which a trailer is looked for */
    UDIF_MEMORY_MAX = LIMIT_CHUNK_SIZE_GREATEST, /* of unpacked chunks that are kept */
    UDIF_KEPT_MAX = 16,
};

/* A stretch of the device, and where it comes from. */
struct udif_chunk {
    uint64_t begin, end; /* in the device */
    uint64_t at, packed; /* in the file */
    uint32_t type;
};

/* An unpacked chunk. */
struct udif_kept {
    const struct udif_chunk *chunk; /* NULL: none */
    uint8_t *data;
    uint64_t used; /* when it was last read from */
};

/* The device that an image holds, as a source: chunks are unpacked where they are read, the newest ones kept. */
struct udif_source {
    struct source source;
    struct source *file;
    struct budget *budget;
    struct udif_chunk *chunks; /* in order, without overlaps; what none of them takes is zero */
    size_t n_chunks;
    struct udif_kept kept[UDIF_KEPT_MAX];
    size_t memory;
    uint64_t clock;
};

/* udif_open reads the tables of chunks. Oddities go to anomalies. ERR_UNSUPPORTED for images that can't be read alone. */
CERTBAN_MUST_USE bool udif_open(struct source *file, const struct udif_trailer *trailer, struct budget *budget, struct arena *arena,
                                struct anomalies *anomalies, struct udif_source *out, struct error *err);

/* udif_close gives the kept chunks back. */
void udif_close(struct udif_source *udif);

#endif
