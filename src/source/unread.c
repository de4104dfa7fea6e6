/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are known and not looked into: what they hold is one unreadable member, with what would help. Sources: Microsoft's
 * "Virtual Hard Disk Image Format Specification" (the footer, which dynamic disks have at both ends) and [MS-VHDX] 2.2.1; the header
 * of InstallShield's cabinets as unshield reads it (lib/cabfile.h).
 */
#include "source/unread.h"

#include "source/container.h"

enum { FOOTER = 512 };

static const struct {
    const char *magic, *words, *why;
    enum unread_kind kind;
    bool at_end; /* FOOTER octets before the end, too */
} rows[] = {
    {"conectix", "virtual disk", "needs to be mounted: a virtual disk (VHD) is not looked into", UNREAD_VHD, true},
    {"vhdxfile", "virtual disk", "needs to be mounted: a virtual disk (VHDX) is not looked into", UNREAD_VHDX, false},
    {"ISc(", "InstallShield files", "needs unshield: a cabinet of InstallShield is not looked into", UNREAD_INSTALLSHIELD, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* The row of a file; ROWS: none. */
static size_t row_of(struct bytes head, struct bytes tail) {
    struct bytes footer = bytes_cut(tail, tail.n > FOOTER ? tail.n - FOOTER : 0, FOOTER);
    size_t i = 0;
    while (i < ROWS && !bytes_starts(head, bytes_text(rows[i].magic)) &&
           !(rows[i].at_end && footer.n == FOOTER && bytes_starts(footer, bytes_text(rows[i].magic)))) {
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
    if (!source_read_some(source, arena, 0, 8, &head, err) ||
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

const struct container container_unread = {.name = "unread", .wants_tail = true, .probe = probe, .walk = walk};
