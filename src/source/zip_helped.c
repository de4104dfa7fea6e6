/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members packed by a method that only 7z has (deflate64, as Windows packs what is large, PPMd, zstd, …): it is given the archive once all
 * others were looked at, and of what it unpacks, these are shown. Names that it changes are not found again: such members stay unreadable.
 */
#include <stdlib.h>

#include "source/helper.h"
#include "source/zip.h"

struct left {
    const char *name;
    uint16_t method;
    bool shown;
};

struct filter {
    struct visitor visitor; /* first: it is what the helper is given */
    struct visitor *of;
    struct left *all;
    size_t n;
    bool ended; /* nothing more is to be shown */
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct left *)a)->name, ((const struct left *)b)->name);
}

static bool visit_left(struct visitor *visitor, const struct member *member, struct error *err) {
    struct filter *f = (struct filter *)visitor;
    const struct left key = {.name = member->path};
    struct left *found = bsearch(&key, f->all, f->n, sizeof *f->all, by_name);
    if (found == NULL) {
        return true;
    }
    found->shown = true;
    f->ended = !f->of->visit(f->of, member, err);
    return !f->ended;
}

static bool gather(struct zip *zip, struct filter *f, struct error *err) {
    f->all = arena_array(zip->arena, zip->n_left, sizeof *f->all);
    if (f->all == NULL) {
        return arena_full(zip->arena, err);
    }
    for (size_t i = 0; i < zip->n && f->n < zip->n_left; i++) {
        if (zip->members[i].left != 0) {
            f->all[f->n++] = (struct left){.name = zip->members[i].name, .method = zip->members[i].left};
        }
    }
    qsort(f->all, f->n, sizeof *f->all, by_name);
    return true;
}

/* What the helper did not show is unreadable, and says why. */
static bool visit_rest(struct filter *f, const struct error *why, struct error *err) {
    for (size_t i = 0; i < f->n; i++) {
        struct error told;
        error_set(&told, why->kind, "%s: %s", zip_method_name(f->all[i].method), why->text);
        const struct member member = {.path = f->all[i].name, .problem = &told};
        if (!f->all[i].shown && !f->of->visit(f->of, &member, err)) {
            return false;
        }
    }
    return true;
}

bool zip_visit_left(struct zip *zip, struct visitor *visitor, struct error *err) {
    struct filter f = {.visitor = {visit_left}, .of = visitor};
    struct helper *helper = zip->budget->helper;
    struct error why = {0};
    bool ran = false, whole = false;
    if (zip->n_left == 0) {
        return true;
    }
    if (!gather(zip, &f, err)) {
        return false;
    }
    if (helper == NULL) {
        error_set(&why, ERR_UNSUPPORTED, "needs %s, which is not there", helper_name(HELPER_ZIP));
    } else {
        whole = helper->take_apart(helper, HELPER_ZIP, zip->source, zip->budget, &f.visitor, &ran, &why);
    }
    if (whole) {
        error_set(&why, ERR_UNSUPPORTED, "%s has not unpacked it", helper_name(HELPER_ZIP));
    }
    if (!f.ended && !visit_rest(&f, &why, err)) {
        return false;
    }
    return !f.ended && (whole || !ran) ? true : error_again(err, &why); /* what is shown of a broken one may be half of it */
}
