/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a file before anything is decided about it: a few of its bytes. Formats and containers are told apart by them. */
#ifndef CERTBAN_SOURCE_PROBE_H
#define CERTBAN_SOURCE_PROBE_H

#include "base/bytes.h"
#include "source/archive.h"
#include "source/unread.h"

/* The first bytes of a file that probes may look at. */
enum { PROBE_HEAD = 4096 };
/* The last bytes, for formats with a signature there. */
enum { PROBE_TAIL = 1024 };
/* And some in the middle, where images of discs have their first descriptor: what stands before it is anything. */
enum { PROBE_MIDDLE_AT = ARCHIVE_MIDDLE_AT, PROBE_MIDDLE = ARCHIVE_MIDDLE };
/* All of a file, for a format that goes by the name until it has seen the text: so large at most, else a reader looks. */
enum { PROBE_WHOLE = 128 << 10 };

/* What several drivers ask, answered once. */
struct probe_marks {
    bool known;
    bool zip;  /* an archive begins in the head, or an end record stands in the tail */
    bool udif; /* a disk image's trailer stands at the beginning, or begins in the tail */
    enum archive_kind archive;
    enum unread_kind unread;
};

/* Pure bytes: probes do nothing but compare. */
struct probe {
    struct bytes head;   /* at most PROBE_HEAD */
    struct bytes tail;   /* at most PROBE_TAIL, the file's last bytes; empty when it was not read */
    struct bytes middle; /* PROBE_MIDDLE at PROBE_MIDDLE_AT; empty when there are not so many or they were not read */
    struct bytes whole;  /* all of the file; empty when it was not read */
    uint64_t size;
    const char *name; /* the file's or member's path, for what nothing but its name tells apart; NULL: unknown */
    bool thorough;    /* say true wherever it may be, whatever reading it costs */
    bool quick;       /* nobody asked for this file: what is met everywhere, is dear to read, and hands out no programs, says false */
    struct probe_marks marks;
};

/* The octets with which a format's files may begin, for its table: probes of the others need not be asked. */
#define FIRST_OCTETS(octets)                                                                                                               \
    { (const uint8_t *)(octets), sizeof(octets) - 1 }

/* probe_mark fills probe->marks from head and tail. The others give one mark, from there or, where they were not filled, anew. */
void probe_mark(struct probe *probe);
bool probe_zip(const struct probe *probe);
bool probe_udif(const struct probe *probe);
enum archive_kind probe_archive(const struct probe *probe);
enum unread_kind probe_unread(const struct probe *probe);

#endif
