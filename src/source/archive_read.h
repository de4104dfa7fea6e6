/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive behind a narrow door: it reads a source, is told what the source is, and gives entries and their bytes. It is never given
 * a path, and nothing that would run a program: a codec that this build of libarchive hasn't got is not readable, and said so.
 */
#ifndef CERTBAN_SOURCE_ARCHIVE_READ_H
#define CERTBAN_SOURCE_ARCHIVE_READ_H

#include <archive.h>
#include <archive_entry.h>

#include "source/archive.h"
#include "source/stream.h"

/* libarchive's archive_read_support_format_NAME. */
typedef int archive_support(struct archive *a);

struct archive_reader {
    struct stream stream; /* the bytes of the entry in hand */
    enum archive_kind kind;
    archive_support *inner; /* what a packed file is an archive of; NULL: of none */
    struct source *source;
    struct budget *budget;
    uint64_t at;        /* of the next byte of the source to read */
    uint64_t buffer_at; /* of the first byte of buffer */
    struct error error; /* why the source could not be read */
    struct archive *a;  /* NULL: not open */
    bool known;         /* libarchive has found out its format */
    struct archive_entry *entry;
    uint64_t next;       /* the number of the entry behind the one in hand */
    uint64_t unpacked;   /* bytes that came out since it was opened */
    struct error damage; /* the first thing wrong that could be gone past */
    struct error fatal;  /* why libarchive reads no further */
    struct bytes block;  /* libarchive's: bytes of the entry that were not taken yet */
    uint64_t block_at;   /* where in the entry they stand */
    uint64_t entry_at;   /* how much of the entry was taken */
    bool begun, ended;   /* the entry's bytes were asked for; there are no more */
    bool broken;         /* its bytes can't be read on */
    uint8_t buffer[32 << 10];
};

/* archive_reader_open begins at the first entry. The source and the budget outlive it. */
CERTBAN_MUST_USE bool archive_reader_open(struct archive_reader *r, enum archive_kind kind, struct source *source, struct budget *budget,
                                          struct error *err);

/* archive_reader_next goes to the next entry, whatever was read of the one in hand; *end at the end. False when nothing more can be
 * read of the archive. What can be gone past goes to r->damage. */
CERTBAN_MUST_USE bool archive_reader_next(struct archive_reader *r, bool *end, struct error *err);

/* archive_reader_stored says whether the bytes of the entry in hand stand in the source as they are, and where: then they need not be read
 * through libarchive. Asked before anything else is read of it. */
bool archive_reader_stored(struct archive_reader *r, uint64_t *at);

/* archive_reader_encrypted says whether what can't be read can't be read for want of a password. */
bool archive_reader_encrypted(const struct archive_reader *r);

/* archive_reader_goes_on says whether what is packed, by its first bytes, is an archive that the reader of the packed file goes on into:
 * the two are one. */
bool archive_reader_goes_on(struct bytes head);

/* archive_reader_is_cpio says so of what a packed file holds. archive_reader_as_file goes back to the beginning, and takes that as one
 * entry. */
bool archive_reader_is_cpio(const struct archive_reader *r);
CERTBAN_MUST_USE bool archive_reader_as_file(struct archive_reader *r, struct error *err);

/* archive_reader_close gives libarchive's memory back; always after archive_reader_open. */
void archive_reader_close(struct archive_reader *r);

#endif
