/* SPDX-License-Identifier: Apache-2.0 */
#include "source/cab_set.h"

bool cabinet_read(struct cabinet *c, struct source *source, struct arena *arena, struct error *err) {
    c->source = source;
    return cab_header_read(&c->header, source, arena, err) && cab_tables_read(&c->tables, &c->header, source, arena, err);
}

/* Whether its first folder began in the cabinet before, and whether its last goes on in the next one: files say so. */
static bool begins_before(const struct cabinet *c) {
    bool found = false;
    for (size_t i = 0; i < c->tables.n_files; i++) {
        found = found || c->tables.files[i].folder == CAB_FROM_BEFORE || c->tables.files[i].folder == CAB_FROM_BEFORE_TO_NEXT;
    }
    return found;
}

static bool goes_on(const struct cabinet *c) {
    bool found = false;
    for (size_t i = 0; i < c->tables.n_files; i++) {
        found = found || c->tables.files[i].folder == CAB_TO_NEXT || c->tables.files[i].folder == CAB_FROM_BEFORE_TO_NEXT;
    }
    return found;
}

/* The cabinet one behind (step 1) or before (-1) in the set. */
static bool neighbour(const struct cabinet *c, int step, struct beside *beside, struct arena *arena, struct cabinet *out,
                      struct error *why) {
    const char *name = step > 0 ? c->tables.next : c->tables.before;
    struct source *source;
    struct error no = {0};
    if (name == NULL) {
        return error_set(why, ERR_MALFORMED, "a part of it would be in another cabinet, of which there is no name");
    }
    if (beside == NULL) {
        return error_set(why, ERR_UNSUPPORTED, "a part of it is in another cabinet of the set, %.200s", name);
    }
    if (!beside->open(beside, name, &source, &no) || !cabinet_read(out, source, arena, &no)) {
        error_set(why, no.kind, "a part of it is in another cabinet of the set, %.200s: %.200s", name, no.text);
        why->limit = no.limit;
        return false;
    }
    if (out->header.set != c->header.set || out->header.index != (uint16_t)(c->header.index + step) || out->tables.n_folders == 0) {
        return error_set(why, ERR_MALFORMED, "a part of it is in another cabinet of the set, and %.200s is not that", name);
    }
    return true;
}

struct cab_part cab_set_alone(const struct cabinet *c, size_t folder) {
    return (struct cab_part){.source = c->source, .folder = &c->tables.folders[folder], .data_reserve = c->header.data_reserve};
}

bool cab_set_parts(const struct cabinet *cabinet, size_t folder, struct beside *beside, struct arena *arena,
                   struct cab_part parts[CAB_SET_MAX], size_t *n, struct error *why) {
    struct cab_part before[CAB_SET_MAX];
    struct cabinet at = *cabinet, other;
    size_t n_before = 0, most = (size_t)limit_most(arena->limits, LIMIT_CABINETS);
    *n = 0;
    for (bool first = folder == 0; first && begins_before(&at); first = at.tables.n_folders == 1) {
        if (!neighbour(&at, -1, beside, arena, &other, why)) {
            return false;
        }
        if (n_before + 1 == most) {
            return limit_reached(arena->limits, LIMIT_CABINETS, why);
        }
        at = other;
        before[n_before++] = cab_set_alone(&at, at.tables.n_folders - 1);
    }
    while (n_before != 0) {
        parts[(*n)++] = before[--n_before];
    }
    parts[(*n)++] = cab_set_alone(cabinet, folder);
    at = *cabinet;
    for (bool last = folder + 1 == at.tables.n_folders; last && goes_on(&at); last = at.tables.n_folders == 1) {
        if (!neighbour(&at, 1, beside, arena, &other, why)) {
            return false;
        }
        if (*n == most) {
            return limit_reached(arena->limits, LIMIT_CABINETS, why);
        }
        at = other;
        parts[(*n)++] = cab_set_alone(&at, 0);
    }
    return true;
}
