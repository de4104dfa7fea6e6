/* SPDX-License-Identifier: Apache-2.0 */
#include "source/helped.h"

#include <stdlib.h>

struct filter {
    struct visitor visitor; /* first: it is what the helper is given */
    struct visitor *of;
    struct helped_left *all;
    size_t n;
    bool ended; /* nothing more is to be shown */
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct helped_left *)a)->name, ((const struct helped_left *)b)->name);
}

static bool visit_left(struct visitor *visitor, const struct member *member, struct error *err) {
    struct filter *f = (struct filter *)visitor;
    const struct helped_left key = {.name = member->path};
    struct helped_left *found = bsearch(&key, f->all, f->n, sizeof *f->all, by_name);
    if (found == NULL) {
        return true;
    }
    found->shown = true;
    f->ended = !f->of->visit(f->of, member, err);
    return !f->ended;
}

/* What the helper did not show is unreadable, and says why. */
static bool visit_rest(struct filter *f, const struct error *why, struct error *err) {
    for (size_t i = 0; i < f->n; i++) {
        struct error told;
        error_set(&told, why->kind, "%s: %s", f->all[i].how, why->text);
        const struct member member = {.path = f->all[i].name, .problem = &told};
        if (!f->all[i].shown && !f->of->visit(f->of, &member, err)) {
            return false;
        }
    }
    return true;
}

bool helped_visit(enum helper_format format, struct source *source, struct budget *budget, struct helped_left *all, size_t n,
                  struct visitor *visitor, struct error *err) {
    struct filter f = {.visitor = {visit_left}, .of = visitor, .all = all, .n = n};
    struct helper *helper = budget->helper;
    struct error why = {0};
    bool ran = false, whole = false;
    qsort(all, n, sizeof *all, by_name);
    if (helper == NULL) {
        error_set(&why, ERR_UNSUPPORTED, "needs %s, which is not there", helper_name(format));
    } else {
        whole = helper->take_apart(helper, format, source, budget, &f.visitor, &ran, &why);
    }
    if (whole) {
        error_set(&why, ERR_UNSUPPORTED, "%s has not unpacked it", helper_name(format));
    }
    if (!f.ended && !visit_rest(&f, &why, err)) {
        return false;
    }
    return !f.ended && (whole || !ran) ? true : error_again(err, &why); /* what is shown of a broken one may be half of it */
}
