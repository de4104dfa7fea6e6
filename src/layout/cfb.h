/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OLE compound files: [MS-CFB], "Compound File Binary File Format". A small file system of storages (folders) and streams, in
 * sectors chained by a table, the FAT. Windows Installer packages are such files.
 */
#ifndef CERTBAN_LAYOUT_CFB_H
#define CERTBAN_LAYOUT_CFB_H

#include "base/source.h"
#include "model/signature.h"

/* No sector, no entry. */
#define CFB_NONE UINT32_C(0xffffffff)

enum cfb_type { CFB_UNUSED = 0, CFB_STORAGE = 1, CFB_STREAM = 2, CFB_ROOT = 5 };

/* One place of the directory. */
struct cfb_entry {
    struct bytes name; /* UTF-16LE, without its NUL */
    uint8_t type;      /* enum cfb_type, or what the file says instead */
    uint32_t left, right, child;
    struct bytes clsid, state, times; /* 16 bytes, 4, and 16: created and modified */
    struct bytes low_size;            /* the low 4 bytes of the size, as they stand */
    uint32_t start;                   /* the first sector, or mini sector */
    uint64_t size;
    uint64_t at;     /* of the 128 bytes in the file */
    bool reached;    /* the directory's trees lead here from the root */
    uint32_t parent; /* the storage that holds it, when reached */
    uint32_t first;  /* of a storage: one of its members, in no order */
    uint32_t next;   /* the next member of the same storage */
    unsigned depth;  /* 0 for the root */
};

struct cfb {
    struct source *source;
    struct arena *arena;
    unsigned shift;    /* a sector is 1 << shift bytes */
    uint64_t sectors;  /* that the file has behind its header, a last one in part included */
    uint32_t cutoff;   /* streams below this size lie in the mini stream */
    struct bytes fat;  /* four bytes a sector */
    struct bytes mini; /* the mini FAT: four bytes a mini sector */
    uint32_t *mini_at; /* the sectors of the mini stream */
    uint64_t n_mini_at;
    struct cfb_entry *entries; /* entry 0 is the root */
    uint32_t n;
    uint64_t end;     /* behind the last sector that the FAT holds for used */
    uint64_t steps;   /* along chains that may still be taken: hostile streams share sectors */
    const char *odd;  /* the first thing that readers may take differently; NULL: none */
    struct error cut; /* what of the directory was lost; kind ERR_NONE: nothing */
};

/* cfb_open reads header, FAT, and the whole directory: the array of its entries, then the trees in it. ERR_MALFORMED when the file
 * is no compound file or has no root. Damage of a part is told in odd and cut. Everything lies in the arena. */
CERTBAN_MUST_USE bool cfb_open(struct cfb *cfb, struct source *source, struct arena *arena, struct error *err);

/* cfb_spans is where a stream's bytes lie in the file, in order; neighbours are one span. ERR_MALFORMED when its chain is
 * broken or too short for its size, ERR_LIMIT when all streams together are much larger than the file. */
CERTBAN_MUST_USE bool cfb_spans(struct cfb *cfb, const struct cfb_entry *entry, struct span **spans, size_t *n, struct error *err);

/* A stream as a source. */
struct cfb_stream {
    struct source source;
    struct source *under;
    struct span *spans;
    uint64_t *starts; /* of each span in the stream */
    size_t n;
};

/* cfb_stream_open sets up a source over a stream; errors as of cfb_spans. The cfb outlives it. */
CERTBAN_MUST_USE bool cfb_stream_open(struct cfb *cfb, const struct cfb_entry *entry, const char *name, struct cfb_stream *stream,
                                      struct error *err);

/* cfb_name_is compares an entry's name with ASCII text; cfb_name_is_like folds the case of ASCII letters, as Windows does. */
bool cfb_name_is(const struct cfb_entry *entry, const char *text);
bool cfb_name_is_like(const struct cfb_entry *entry, const char *text);

/* cfb_name_text is an entry's name in UTF-8, decoded as Windows Installer encodes the names of streams: two characters of
 * 0-9 A-Z a-z . _ in one unit from U+3800 on, one from U+4800 on; U+4840, the mark of a table, is "!". Half surrogates are U+FFFD.
 * NULL without memory. */
const char *cfb_name_text(const struct cfb_entry *entry, struct arena *arena);

/* cfb_path_text is the names from the root down with "/" between them; that of an entry that is not reached is its name alone. */
const char *cfb_path_text(const struct cfb *cfb, const struct cfb_entry *entry, struct arena *arena);

#endif
