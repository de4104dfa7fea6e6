/* SPDX-License-Identifier: Apache-2.0 */
#include "source/archive_end.h"

#include "source/archive_extent.h"
#include "source/iso.h"
#include "source/piece_measure.h"
#include "source/rar.h"

bool archive_end_is_told(const struct probe *probe) {
    enum archive_kind kind = probe_archive(probe);
    if (kind == ARCHIVE_TAR || kind == ARCHIVE_7Z || kind == ARCHIVE_RAR) {
        return true;
    }
    const struct archive_extent *extent = archive_extent_of(probe->head);
    bool other = archive_is_packed(kind) || (kind == ARCHIVE_KINDS && archive_is_iso(probe->middle));
    return extent != NULL ? probe->thorough || !archive_extent_is_dear(extent) : probe->thorough && other;
}

/* Only so many headers are measured, and not those with numbers of another kind: then the next one stands where they end. */
static bool tar_end(struct source *source, struct arena *scratch, uint64_t *end, struct error *err) {
    enum { BLOCK = 512 };
    struct bytes next;
    if (!measure_tar(source, scratch, end, err) || !source_read_some(source, scratch, *end, BLOCK, &next, err)) {
        return false;
    }
    *end = archive_kind_of(next) == ARCHIVE_TAR ? 0 : *end;
    return true;
}

static bool rar_end(struct source *source, const struct limits *limits, uint64_t *end, struct error *err) {
    bool spans;
    return rar_extent(source, limits, end, &spans, err);
}

static bool pass_by(struct visitor *visitor, const struct member *member, struct error *err) {
    (void)visitor;
    (void)member;
    (void)err;
    return true;
}

/* Behind the last file of any of its trees. What is wrong with them is for the walk that shows the files. */
static void disc_end(struct source *source, struct arena *scratch, uint64_t *end) {
    struct budget budget = {.bytes_left = UINT64_C(1) << 30};
    struct visitor nobody = {pass_by};
    struct iso_found found;
    struct error why;
    bool whole = iso_walk(source, scratch, &budget, &nobody, &found, &why);
    *end = found.end != 0 || whole ? found.end : source->size;
}

bool archive_end(struct source *source, const struct probe *probe, struct arena *scratch, uint64_t *end, struct error *err) {
    const struct archive_extent *extent = archive_extent_of(probe->head);
    enum archive_kind kind = probe_archive(probe);
    bool search = probe->thorough;
    *end = 0;
    if (source->sequential && !search) { /* it would be unpacked to its end once more */
        return true;
    }
    switch (kind) {
    case ARCHIVE_7Z:
        return measure_7z(source, scratch, end, err);
    case ARCHIVE_TAR:
        return tar_end(source, scratch, end, err);
    case ARCHIVE_RAR:
        return rar_end(source, scratch->limits, end, err);
    case ARCHIVE_GZIP:
        return !search || measure_packed(source, UNPACK_ZLIB, kind, scratch, end, err);
    case ARCHIVE_BZIP2:
        return !search || measure_packed(source, UNPACK_BZIP2, kind, scratch, end, err);
    case ARCHIVE_XZ:
        return !search || measure_packed(source, UNPACK_XZ, kind, scratch, end, err);
    default:
        break;
    }
    if (extent != NULL) {
        return archive_extent_find(extent, source, end, err);
    }
    if (archive_is_iso(probe->middle)) {
        disc_end(source, scratch, end);
    }
    return true;
}
