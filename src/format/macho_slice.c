/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Mach-O slice: the code signatures that its load commands lead to, and where they lead nowhere, what is left of signatures:
 * SuperBlobs that other commands point to, or that stand at the end; at last anything that looks like a CMS.
 */
#include "asn1/carve.h"
#include "format/codesign.h"
#include "format/macho.h"

enum { SUPERBLOB_ALIGN = 4, SUPERBLOB_MIN = 12, TAIL_WHOLE = 1 << 20, TAIL_HEAD = 64 << 10, TAIL_END = 256 << 10 };

struct work {
    struct source *source;
    struct arena *arena;
    struct contents *contents;
    struct macho_slice *slice;
    struct macho_commands commands;
};

static void note(struct work *w, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(&w->contents->anomalies, w->arena, name, at, size, detail);
}

/* Reads [at, at + size) of the slice, as far as it is there and one signature may be long. */
static bool area_read(struct work *w, uint64_t at, uint64_t size, struct bytes *area, struct error *err) {
    uint64_t left = at < w->slice->size ? w->slice->size - at : 0;
    uint64_t n = size < left ? size : left;
    uint64_t most = limit_most(w->arena->limits, LIMIT_SIGNATURE_SIZE);
    if (n > most) {
        contents_limited(w->contents, w->arena, LIMIT_SIGNATURE_SIZE);
        n = most;
    }
    return source_read_some(w->source, w->arena, w->slice->at + (at < w->slice->size ? at : w->slice->size), n, area, err);
}

static bool area_add(struct work *w, struct bytes area, uint64_t at, bool carved, struct error *err) {
    struct codesign code;
    struct error why = {0};
    if (!codesign_read(area, w->slice->at + at, w->arena, &w->contents->anomalies, &code, &why)) {
        if (why.kind != ERR_MALFORMED) {
            return error_again(err, &why);
        }
        note(w, ANOMALY_BAD_BLOB, w->slice->at + at, area.n, "no code signature where the load command points to");
        contents_unreadable(w->contents, &why);
        carve_bytes(w->contents, w->arena, area, w->slice->at + at);
        return true;
    }
    struct codesign_target target = {.part = w->slice->arch, .at = w->slice->at, .size = at, .carved = carved};
    return codesign_add(&code, &target, w->contents, w->arena, NULL, err);
}

static bool is_superblob(struct bytes b, size_t at) {
    struct reader r = reader_make(bytes_cut(b, at, 4), 0);
    return reader_u32be(&r) == CODESIGN_MAGIC_SUPERBLOB;
}

/* What one LC_CODE_SIGNATURE leads to. */
static bool signature_read(struct work *w, struct macho_range range, struct error *err) {
    uint64_t left = range.at < w->slice->size ? w->slice->size - range.at : 0;
    if (range.size > left || range.size < SUPERBLOB_MIN) {
        note(w, ANOMALY_BAD_DIRECTORY, w->slice->at + range.at, range.size, "LC_CODE_SIGNATURE leads past the end, or to nothing");
        if (range.size < SUPERBLOB_MIN || left < SUPERBLOB_MIN) {
            return true; /* remains_read looks for it */
        }
        struct error why = {0};
        error_set(&why, ERR_MALFORMED, "%s: the file ends inside of the code signature", w->slice->arch);
        contents_unreadable(w->contents, &why);
    }
    struct bytes area;
    return area_read(w, range.at, range.size, &area, err) && area_add(w, area, range.at, false, err);
}

/* A SuperBlob that no LC_CODE_SIGNATURE leads to. */
static bool remains_add(struct work *w, uint64_t at, struct error *err) {
    struct bytes area;
    size_t before = w->contents->n_signatures;
    if (!area_read(w, at, w->slice->size - at, &area, err)) {
        return false;
    }
    struct reader r = reader_make(area, at);
    reader_skip(&r, 4);
    uint32_t length = reader_u32be(&r);
    area = length >= SUPERBLOB_MIN && length < area.n ? bytes_cut(area, 0, length) : area;
    if (!area_add(w, area, at, true, err)) {
        return false;
    }
    if (w->contents->n_signatures != before) {
        note(w, ANOMALY_CARVED, w->slice->at + at, area.n, "a code signature that no load command leads to");
        note(w, ANOMALY_STRIPPED_SIGNATURE, w->slice->at + at, area.n, NULL);
    }
    return true;
}

/* Places that commands of another kind, or broken LC_CODE_SIGNATUREs, lead to. */
static bool links_search(struct work *w, const struct macho_range *ranges, size_t n, struct error *err) {
    for (size_t i = 0; i < n; i++) {
        struct bytes magic;
        if (ranges[i].at == 0 || ranges[i].at >= w->slice->size || w->slice->size - ranges[i].at < SUPERBLOB_MIN) {
            continue;
        }
        if (!source_read_some(w->source, w->arena, w->slice->at + ranges[i].at, 4, &magic, err)) {
            return false;
        }
        if (is_superblob(magic, 0)) {
            return remains_add(w, ranges[i].at, err);
        }
    }
    return true;
}

/* The last SuperBlob in the slice's last octets; then, where the structure is broken, anything else in them and in the first. */
static bool end_search(struct work *w, bool broken, struct error *err) {
    uint64_t n = w->slice->size < MACHO_REMAINS ? w->slice->size : MACHO_REMAINS;
    uint64_t from = w->slice->size - n;
    struct bytes end;
    if (!source_read_some(w->source, w->arena, w->slice->at + from, n, &end, err)) {
        return false;
    }
    static const struct bytes magic = {(const uint8_t *)"\xfa\xde\x0c\xc0", 4};
    for (size_t at = bytes_find(end, magic, 0); at < end.n; at = bytes_find(end, magic, at + 4)) {
        size_t before = w->contents->n_signatures;
        if ((from + at) % SUPERBLOB_ALIGN == 0 && end.n - at >= SUPERBLOB_MIN) {
            if (!remains_add(w, from + at, err)) {
                return false;
            }
            if (w->contents->n_signatures != before) {
                return true;
            }
        }
    }
    if (!broken) {
        return true;
    }
    carve_bytes(w->contents, w->arena, end, w->slice->at + from);
    if (from == 0) {
        return true;
    }
    struct bytes start;
    if (!source_read_some(w->source, w->arena, w->slice->at, from < MACHO_REMAINS ? from : MACHO_REMAINS, &start, err)) {
        return false;
    }
    carve_bytes(w->contents, w->arena, start, w->slice->at);
    return true;
}

/* Nothing was found the straight way: what is left of a signature? */
static bool remains_read(struct work *w, struct error *err) {
    size_t before = w->contents->n_signatures;
    bool broken = w->commands.odd || w->commands.n_signatures != 0;
    if (!links_search(w, w->commands.signatures, w->commands.n_signatures, err)) {
        return false;
    }
    if (w->contents->n_signatures == before && !links_search(w, w->commands.links, w->commands.n_links, err)) {
        return false;
    }
    return w->contents->n_signatures != before || end_search(w, broken, err);
}

bool macho_tail_carve(struct source *source, struct arena *arena, struct contents *contents, uint64_t at, uint64_t n, struct error *err) {
    size_t added;
    bool whole = n <= TAIL_WHOLE;
    return carve_source(contents, arena, source, at, whole ? n : TAIL_HEAD, &added, err) &&
           (whole || carve_source(contents, arena, source, at + n - TAIL_END, TAIL_END, &added, err));
}

/* Bytes behind what the slice describes of itself; they are searched unless what was found of a signature stands there. */
static bool tail_check(struct work *w, bool in_place, struct error *err) {
    bool cms = false, some = w->contents->n_signatures != w->slice->first;
    uint64_t end = w->commands.end;
    for (size_t i = w->slice->first; i < w->contents->n_signatures; i++) {
        cms = cms || w->contents->signatures[i].sd != NULL;
    }
    if (end >= w->slice->size || w->slice->hidden) {
        return true;
    }
    if (some) {
        anomaly_note(&w->contents->anomalies, w->arena, ANOMALY_UNSIGNED_TAIL, w->slice->at + end, w->slice->size - end,
                     "bytes behind the end of the program")
            ->weighty = cms;
    }
    return (some && !in_place) || end == 0 ||
           macho_tail_carve(w->source, w->arena, w->contents, w->slice->at + end, w->slice->size - end, err);
}

bool macho_slice_read(struct source *source, struct arena *arena, struct contents *contents, struct macho_slice *slice, struct error *err) {
    struct work w = {.source = source, .arena = arena, .contents = contents, .slice = slice};
    struct error why = {0};
    slice->first = contents->n_signatures;
    slice->end = slice->at + slice->size;
    if (!macho_commands_read(source, slice->at, slice->size, arena, &contents->anomalies, &w.commands, &why)) {
        if (why.kind != ERR_MALFORMED) {
            return error_again(err, &why);
        }
        contents_unreadable(contents, &why);
        slice->skipped = true;
        return true;
    }
    slice->arch = w.commands.arch;
    if (w.commands.cut) {
        error_set(&why, ERR_MALFORMED, "%s: the file ends inside of the load commands", slice->arch);
        contents_unreadable(contents, &why);
    }
    if (w.commands.limited != 0) {
        contents_limited(contents, arena, (enum limit)(w.commands.limited - 1));
    }
    if (w.commands.end != 0 && w.commands.end < slice->size) {
        slice->end = slice->at + w.commands.end;
    }
    for (size_t i = 0; i < w.commands.n_signatures; i++) {
        if (!signature_read(&w, w.commands.signatures[i], err)) {
            return false;
        }
    }
    bool in_place = contents->n_signatures != slice->first;
    if (!in_place && !remains_read(&w, err)) {
        return false;
    }
    slice->n = contents->n_signatures - slice->first;
    return tail_check(&w, in_place, err);
}

/* The signature of a slice that says most: one with a CMS, else the first; NULL for an unsigned slice. */
static const struct signature *slice_signature(const struct macho_slice *slice, const struct contents *contents) {
    const struct signature *found = NULL;
    for (size_t i = slice->first; i < slice->first + slice->n; i++) {
        const struct signature *s = &contents->signatures[i];
        if (found == NULL || (found->sd == NULL && s->sd != NULL)) {
            found = s;
        }
    }
    return found;
}

static bool same_signer(const struct signature *a, const struct signature *b) {
    if (a->team_id != NULL || b->team_id != NULL) {
        return a->team_id != NULL && b->team_id != NULL && strcmp(a->team_id, b->team_id) == 0;
    }
    if (a->signer == NULL || b->signer == NULL) {
        return a->signer == b->signer;
    }
    return bytes_equal(a->signer->issuer, b->signer->issuer) && bytes_equal(a->signer->serial, b->signer->serial);
}

void macho_slices_compare(const struct macho_slice *slices, size_t n, struct contents *contents, struct arena *arena) {
    const struct macho_slice *lead = NULL;
    const struct signature *first = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct signature *s = slice_signature(&slices[i], contents);
        if (s != NULL && s->sd != NULL) {
            lead = &slices[i];
            first = s;
            break;
        }
    }
    for (size_t i = 0; first != NULL && i < n; i++) {
        const struct signature *s = slice_signature(&slices[i], contents);
        if (&slices[i] == lead || slices[i].skipped) {
            continue;
        }
        if (s == NULL) {
            anomaly_note(&contents->anomalies, arena, ANOMALY_STRIPPED_SIGNATURE, slices[i].at, slices[i].size,
                         arena_printf(arena, "%s is not signed, %s is", slices[i].arch, lead->arch));
        } else if (!same_signer(first, s)) {
            anomaly_note(&contents->anomalies, arena, ANOMALY_CD_MISMATCH, slices[i].at, slices[i].size,
                         arena_printf(arena, "%s and %s are not signed by the same", lead->arch, slices[i].arch));
        }
    }
}
