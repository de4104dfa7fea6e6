/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are known and not looked into: what they hold is one unreadable member, with what would help. Sources: Microsoft's
 * "Virtual Hard Disk Image Format Specification" (the footer, which dynamic disks have at both ends) and [MS-VHDX] 2.2.1; the header
 * of InstallShield's cabinets as unshield reads it (lib/cabfile.h); that of its setups, which stands behind a program's sections, as the
 * free unpackers (ISx, "isxunpack") describe it: 14 octets of magic, u16 number of files.
 */
#include "source/unread.h"

#include "base/reader.h"
#include "source/container.h"

enum { FOOTER = 512, COUNT_MAX = 4096 };

/* Where a row's magic may stand, and what else must hold. */
enum place {
    AT_START,
    AT_BOTH_ENDS, /* FOOTER octets before the end, too */
    COUNTED,      /* at the start, and a u16 number of files behind it: the magic alone is a word of many texts */
};

static const struct {
    size_t n;
    const char *magic, *words, *why;
    enum unread_kind kind;
    enum place place;
} rows[] = {
    {8, "conectix", "virtual disk", "needs to be mounted: a virtual disk (VHD) is not looked into", UNREAD_VHD, AT_BOTH_ENDS},
    {8, "vhdxfile", "virtual disk", "needs to be mounted: a virtual disk (VHDX) is not looked into", UNREAD_VHDX, AT_START},
    {4, "ISc(", "InstallShield files", "needs unshield: a cabinet of InstallShield is not looked into", UNREAD_INSTALLSHIELD, AT_START},
    {14, "InstallShield", "InstallShield files", "needs to be unpacked: a setup of InstallShield is not looked into", UNREAD_INSTALLSHIELD,
     COUNTED},
    {14, "ISSetupStream", "InstallShield files", "needs to be unpacked: a setup of InstallShield is not looked into", UNREAD_INSTALLSHIELD,
     COUNTED},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool fits(size_t i, struct bytes head) {
    if (!bytes_starts(head, bytes_make(rows[i].magic, rows[i].n))) {
        return false;
    }
    struct reader r = reader_make(bytes_cut(head, rows[i].n, head.n), 0);
    uint16_t count = rows[i].place == COUNTED ? reader_u16le(&r) : 1;
    return reader_ok(&r) && count != 0 && count < COUNT_MAX;
}

/* The row of a file; ROWS: none. */
static size_t row_of(struct bytes head, struct bytes tail) {
    struct bytes footer = bytes_cut(tail, tail.n > FOOTER ? tail.n - FOOTER : 0, FOOTER);
    size_t i = 0;
    while (i < ROWS && !fits(i, head) && !(rows[i].place == AT_BOTH_ENDS && footer.n == FOOTER && fits(i, footer))) {
        i++;
    }
    return i;
}

enum unread_kind unread_kind_of(struct bytes head, struct bytes tail) {
    size_t i = row_of(head, tail);
    return i < ROWS ? rows[i].kind : UNREAD_NONE;
}

static bool probe(const struct probe *probe) {
    return row_of(probe->head, probe->tail) < ROWS;
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct bytes head, tail;
    struct error why;
    (void)budget;
    (void)anomalies;
    if (!source_read_some(source, arena, 0, UNREAD_HEAD, &head, err) ||
        !source_read_some(source, arena, source->size > FOOTER ? source->size - FOOTER : 0, FOOTER, &tail, err)) {
        return false;
    }
    size_t i = row_of(head, tail);
    if (i == ROWS) {
        return true;
    }
    error_set(&why, ERR_UNSUPPORTED, "%s", rows[i].why);
    const struct member member = {.path = rows[i].words, .problem = &why};
    return visitor->visit(visitor, &member, err);
}

const struct container container_unread = {.name = "unread", .probe = probe, .walk = walk};
