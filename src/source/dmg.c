/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disk images as containers: a UDIF's device, or a plain disk, then its volumes, then the files of those that are HFS+; those of APFS,
 * of HFS before it, of FAT, NTFS, ext and SquashFS are left to 7z. Volumes of a kind that is known but not read are said to be unreadable,
 * those of no known kind where nothing else is in the image.
 */
#include "source/archive.h"
#include "source/container.h"
#include "source/disk.h"
#include "source/helper.h"
#include "source/hfs.h"
#include "source/udif.h"

static bool probe(const struct probe *probe) {
    return probe->thorough || probe_udif(probe) || udif_encrypted(probe->head) || disk_probe(probe->head);
}

struct work {
    struct arena *arena;
    struct budget *budget;
    struct visitor *visitor;
    struct anomalies *anomalies;
};

/* The files of one volume; *read false where it is of no kind that is read. */
static bool walk_volume(struct work *w, struct source *volume, const struct disk_volume *is, bool *read, struct error *err) {
    static const enum helper_format formats[] = {[DISK_APFS] = HELPER_APFS,
                                                 [DISK_FAT] = HELPER_FAT,
                                                 [DISK_NTFS] = HELPER_NTFS,
                                                 [DISK_EXT] = HELPER_EXT,
                                                 [DISK_SQUASHFS] = HELPER_SQUASHFS};
    *read = is->kind != DISK_UNKNOWN;
    switch (is->kind) {
    case DISK_UNKNOWN:
        return true;
    case DISK_HFSPLUS:
        return hfs_walk(volume, w->arena, w->budget, w->visitor, w->anomalies, err);
    case DISK_UNREAD:
        return error_set(err, ERR_UNSUPPORTED, "a volume of %s", is->name);
    case DISK_HFS: /* which not every 7z reads, and ends without a word */
        return helper_walk(HELPER_HFS, volume, w->budget, w->visitor, err) || error_within(err, "a volume of HFS");
    default:
        return helper_walk(formats[is->kind], volume, w->budget, w->visitor, err);
    }
}

/* The files of every volume. What is wrong with one does not hide what is in the others; past a limit there is no going on. */
static bool walk_volumes(struct work *w, struct source *disk, bool must, struct error *err) {
    struct disk_volume volumes[DISK_VOLUMES_MAX];
    size_t n, n_read = 0;
    struct error why = {0}, first = {0}, cut = {0};
    if (!disk_volumes(disk, w->budget->limits, volumes, &n, &cut, err)) {
        return false;
    }
    for (size_t i = 0; i < n && first.kind != ERR_LIMIT; i++) {
        struct window_source window;
        bool read;
        window_source_init(&window, disk->name, disk, volumes[i].at, volumes[i].n);
        if (!walk_volume(w, &window.source, &volumes[i], &read, &why) && (first.kind == ERR_NONE || why.kind == ERR_LIMIT)) {
            first = why;
        }
        n_read += read;
    }
    if (first.kind != ERR_NONE) {
        return error_again(err, &first);
    }
    if (cut.kind != ERR_NONE) {
        return error_again(err, &cut);
    }
    return n_read != 0 || !must || error_set(err, ERR_UNSUPPORTED, "no volume of a kind that is read");
}

/* An image of a disc that was packed as one of a disk is one all the same, whatever volumes are beside it: a member, *is. */
static bool walk_disc(struct work *w, struct source *disk, bool *is, struct error *err) {
    const struct member member = {.path = "disc", .source = disk};
    struct bytes middle;
    if (!source_read_some(disk, w->arena, PROBE_MIDDLE_AT, PROBE_MIDDLE, &middle, err)) {
        return false;
    }
    *is = archive_is_iso(middle);
    return !*is || w->visitor->visit(w->visitor, &member, err);
}

static bool walk(struct source *source, struct arena *arena, struct budget *budget, struct visitor *visitor, struct anomalies *anomalies,
                 struct error *err) {
    struct work w = {.arena = arena, .budget = budget, .visitor = visitor, .anomalies = anomalies};
    struct udif_trailer trailer;
    struct bytes head;
    bool found;
    if (!source_read_some(source, arena, 0, 8, &head, err)) {
        return false;
    }
    if (udif_encrypted(head)) {
        return error_set(err, ERR_UNSUPPORTED, "an encrypted disk image");
    }
    if (!udif_trailer_find(source, arena, &trailer, &found, err)) {
        return false;
    }
    if (!found) {
        return walk_volumes(&w, source, false, err);
    }
    struct udif_source *udif = arena_alloc(arena, sizeof *udif);
    if (udif == NULL) {
        return arena_full(arena, err);
    }
    bool disc = false;
    bool ok = udif_open(source, &trailer, budget, arena, anomalies, udif, err) && walk_disc(&w, &udif->source, &disc, err) &&
              walk_volumes(&w, &udif->source, !disc, err);
    udif_close(udif);
    return ok;
}

const struct container container_dmg = {.name = "dmg", .probe = probe, .walk = walk};
