/* SPDX-License-Identifier: Apache-2.0 */
/* The CodeDirectories of one code signature together: which there are, whether they agree, and what they claim (xnu ubc_subr.c). */
#include "format/codesign_directory.h"

struct work {
    const struct codesign *code;
    const struct codesign_target *target;
    struct anomalies *anomalies;
    struct arena *arena;
    struct directories *found;
};

static void note(struct work *w, enum anomaly_name name, uint64_t at, uint64_t size, const char *detail) {
    anomaly_note(w->anomalies, w->arena, name, at, size, detail);
}

static bool is_directory_slot(uint32_t slot) {
    return slot == CODESIGN_SLOT_DIRECTORY || (slot >= CODESIGN_SLOT_ALTERNATE && slot <= CODESIGN_SLOT_ALTERNATE_LAST);
}

/* The kernel's order (xnu ubc_subr.c, hashPriorities): SHA-1, SHA-256 cut, SHA-256, SHA-384. */
static int rank(const struct directory *d) {
    static const uint8_t ranks[] = {[1] = 1, [3] = 2, [2] = 3, [4] = 4};
    return d->hash_type < sizeof ranks ? ranks[d->hash_type] : 0;
}

static bool text_same(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What one CodeDirectory shows, and how it goes with those before it. */
static void check(struct work *w, const struct directory *d, uint64_t at) {
    const struct directory *first = w->found->all;
    if (d->problem != NULL) {
        note(w, ANOMALY_BAD_BLOB, at, d->code.blob.n, d->problem);
    }
    if (!is_directory_slot(d->code.slot)) {
        note(w, ANOMALY_BAD_BLOB, at, d->code.blob.n, arena_printf(w->arena, "a CodeDirectory in slot 0x%x", d->code.slot));
    }
    for (const struct directory *other = first; other < d; other++) {
        if (other->hash_type == d->hash_type) {
            note(w, ANOMALY_BAD_BLOB, at, d->code.blob.n, "two CodeDirectories with one hash type, which macOS refuses");
        }
    }
    if (d != first && (!text_same(d->code.identifier, first->code.identifier) || !text_same(d->code.team_id, first->code.team_id) ||
                       d->code.flags != first->code.flags || d->limit != first->limit)) {
        note(w, ANOMALY_CD_MISMATCH, at, d->code.blob.n, "CodeDirectories with different identifier, team, flags or extent");
    }
    if (d->claimable && d->limit < w->target->size) {
        note(w, ANOMALY_UNSIGNED_TAIL, w->target->at + d->limit, w->target->size - d->limit, "code that the CodeDirectory leaves out");
        w->found->covers_part = true;
    }
}

static bool is_read(const struct directories *found, struct bytes blob) {
    for (size_t i = 0; i < found->n; i++) {
        if (found->all[i].code.blob.p == blob.p) {
            return true;
        }
    }
    return false;
}

static bool read_one(struct work *w, const struct codesign_blob *blob, struct error *err) {
    struct directories *found = w->found;
    struct directory *d = &found->all[found->n];
    if (!directory_read(blob, w->arena, d, err)) {
        return false;
    }
    found->list[found->n++] = d->code;
    check(w, d, blob->at);
    if (found->best == NULL || rank(d) > rank(found->best)) {
        found->best = d;
    }
    return true;
}

/* Two slots may lead to one blob: it is read once, for the slot where it belongs. */
static bool read_all(struct work *w, struct error *err) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < w->code->n; i++) {
            const struct codesign_blob *blob = &w->code->blobs[i];
            bool belongs = is_directory_slot(blob->slot), is = blob->magic == CODESIGN_MAGIC_DIRECTORY;
            if (belongs && pass == 0 && !is) {
                note(w, ANOMALY_BAD_BLOB, blob->at, blob->bytes.n, "no CodeDirectory where one should be");
            }
            if (belongs == (pass == 0) && is && !is_read(w->found, blob->bytes) && !read_one(w, blob, err)) {
                return false;
            }
        }
    }
    return true;
}

/* Claims of all CodeDirectories that make one; those of slot 0 also alone. */
static bool make_claims(struct work *w, struct error *err) {
    struct directories *found = w->found;
    if (w->target->apart || found->first == NULL || !found->first->claimable) {
        return true; /* what is signed ties nothing to the file */
    }
    if (!directory_claims(found->first, w->code, w->target, w->arena, found->first_claims, &found->n_first, err)) {
        return false;
    }
    for (size_t i = 0; i < found->n; i++) {
        if (found->all[i].claimable &&
            !directory_claims(&found->all[i], w->code, w->target, w->arena, found->claims, &found->n_claims, err)) {
            return false;
        }
    }
    return true;
}

bool directories_read(struct directories *found, const struct codesign *code, const struct codesign_target *target,
                      struct anomalies *anomalies, struct arena *arena, struct error *err) {
    struct work w = {.code = code, .target = target, .anomalies = anomalies, .arena = arena, .found = found};
    *found = (struct directories){.all = arena_array(arena, code->n, sizeof *found->all),
                                  .list = arena_array(arena, code->n, sizeof *found->list)};
    if (found->all == NULL || found->list == NULL) {
        return arena_full(arena, err);
    }
    if (!read_all(&w, err)) {
        return false;
    }
    found->first = found->n != 0 && found->all[0].code.slot == CODESIGN_SLOT_DIRECTORY ? &found->all[0] : NULL;
    found->claims = arena_array(arena, found->n * (1 + DIRECTORY_SPECIALS_MAX), sizeof *found->claims);
    found->first_claims = arena_array(arena, 1 + DIRECTORY_SPECIALS_MAX, sizeof *found->first_claims);
    if (found->claims == NULL || found->first_claims == NULL) {
        return arena_full(arena, err);
    }
    return make_claims(&w, err);
}
