/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle that is a folder of the disk, from the reader's side: its files are asked for one by one. */
#include <time.h>
#include <unistd.h>

#include "base/reader.h"
#include "scan/bundle.h"
#include "scan/disk_bundle.h"
#include "scan/worker.h"
#include "source/stream.h"

struct reading {
    struct verdict_sink sink; /* it comes first: gets the verdict on the seal */
    struct bundles bundles;
    struct examiner examiner;
    struct bundle_opener *opener;
    const char *path, *name; /* of the bundle: whole, and the last part */
    struct arena scratch;    /* of one file */
    struct verdict_sink *to;
    bool told;
};

/* Verdicts on what lies in a file are no matter of the seal. */
static void pass_over(struct verdict_sink *sink, const struct verdict *verdict) {
    (void)sink;
    (void)verdict;
}

/* Only the signatures of code are wanted; of all other files the content. */
static bool read_file(struct reading *r, const char *path, int fd, uint64_t size) {
    struct fd_source file;
    struct exam exam = {.examiner = &r->examiner, .source = &file.source, .arena = &r->scratch, .path = r->path};
    struct probe probe = {.head = bytes_none(), .tail = bytes_none(), .middle = bytes_none(), .size = size};
    struct verdict verdict = verdict_blank(size);
    struct verdict_sink nobody = {pass_over};
    fd_source_init(&file, path, fd, size);
    if (!source_read_some(&file.source, &r->scratch, 0, PROBE_HEAD, &probe.head, &r->bundles.lost)) {
        return false;
    }
    if (format_by_name("macho")->probe(&probe) || format_by_name("codesign")->probe(&probe)) {
        examine_part(&exam, path, r->bundles.budget, &nobody, &verdict);
    }
    bundles_note(&r->bundles, path, &exam, &verdict);
    return r->bundles.lost.kind == ERR_NONE;
}

static bool read_line(struct reading *r, uint32_t line, struct reader *list) {
    struct error *lost = &r->bundles.lost;
    uint8_t kind = reader_u8(list);
    uint64_t size = reader_u64le(list);
    struct bytes path = reader_bytes(list, reader_u32le(list)), target = reader_bytes(list, reader_u32le(list));
    int fd = -1;
    arena_reset(&r->scratch);
    const char *name = arena_printf(&r->scratch, "%.*s", (int)path.n, (const char *)path.p);
    if (!reader_ok(list) || name == NULL) {
        return error_set(lost, ERR_LIMIT, "the list of the bundle's files can't be read");
    }
    if (kind == LISTED_LINK) {
        bundles_link(&r->bundles, name, target);
        return lost->kind == ERR_NONE;
    }
    if (!r->opener->open(r->opener, line, &fd, &size, lost)) {
        return error_within(lost, "%.200s", name);
    }
    bool ok = read_file(r, name, fd, size);
    close(fd);
    return ok;
}

/* The bundle's own verdict is that of the list. */
static void on_verdict(struct verdict_sink *sink, const struct verdict *verdict) {
    struct reading *r = (struct reading *)sink;
    if (!r->told && strcmp(verdict->inside, r->name) == 0) {
        struct verdict own = *verdict;
        own.inside = "";
        r->told = true;
        r->to->verdict(r->to, &own);
    }
}

void bundle_examine(const struct examiner *examiner, struct source *list, const char *path, struct arena *arena,
                    struct bundle_opener *opener, struct verdict_sink *sink) {
    const char *slash = strrchr(path, '/');
    struct bytes lines;
    struct budget budget = {.depth_left = 1,
                            .members_left = limit_most(&examiner->limits, LIMIT_BUNDLE_FILES),
                            .bytes_left = UINT64_MAX,
                            .limits = &examiner->limits};
    struct reading r = {.sink = {on_verdict},
                        .bundles = {.arena = arena, .budget = &budget, .hash = true, .complete = true},
                        .examiner = *examiner,
                        .opener = opener,
                        .path = path,
                        .name = slash != NULL ? slash + 1 : path,
                        .scratch = limit_arena(&examiner->limits),
                        .to = sink};
    r.examiner.verify = r.examiner.describe = true;
    r.examiner.members = r.examiner.search = false;
    r.examiner.catalogs = NULL;
    budget_start_clocks(&budget, limit_seconds(&examiner->limits, opener->size), digest_cpu_ns());
    if (source_read(list, arena, 0, list->size, &lines, &r.bundles.lost)) {
        struct reader reader = reader_make(lines, 0);
        for (uint32_t line = 0; reader.left.n != 0 && read_line(&r, line, &reader) && budget_spend(&budget, 0, &r.bundles.lost); line++) {
        }
    }
    (void)bundles_judge(&r.bundles, "", &r.sink);
    if (!r.told) {
        struct verdict verdict = verdict_blank(0);
        verdict.format = "app";
        verdict.finding = FINDING_UNREADABLE;
        verdict.unreadable = r.bundles.lost;
        if (verdict.unreadable.kind == ERR_NONE) {
            error_set(&verdict.unreadable, ERR_CHANGED, "the bundle's seal is gone");
        }
        sink->verdict(sink, &verdict);
    }
    arena_free(&r.scratch);
}
