/* SPDX-License-Identifier: Apache-2.0 */
#include "list/exception.h"

#include "base/hash.h"
#include "list/policy_value.h"
#include "list/query.h"

/* The names that an exception may ask for, by their columns. */
static const char **name_of(struct conditions *only, size_t i, const char **column) {
    const struct {
        const char *column, **words;
    } names[] = {{"product", &only->product},
                 {"original_name", &only->original_name},
                 {"internal_name", &only->internal_name},
                 {"file_description", &only->description},
                 {"company", &only->company}};
    if (i >= sizeof names / sizeof *names) {
        return NULL;
    }
    *column = names[i].column;
    return names[i].words;
}

static struct bytes text_or_none(const char *s) {
    return s != NULL ? bytes_text(s) : bytes_none();
}

static bool same_version(bool has_a, const struct version *a, bool has_b, const struct version *b) {
    return has_a == has_b && (!has_a || memcmp(a->part, b->part, sizeof a->part) == 0);
}

bool exception_equal(const struct exception *a, const struct exception *b) {
    struct conditions x = a->only, y = b->only;
    const char *column, **words;
    bool equal = bytes_equal(a->authenticode, b->authenticode) && same_version(x.has_min, &x.min, y.has_min, &y.min) &&
                 same_version(x.has_max, &x.max, y.has_max, &y.max);
    for (size_t i = 0; equal && (words = name_of(&x, i, &column)) != NULL; i++) {
        equal = bytes_equal(text_or_none(*words), text_or_none(*name_of(&y, i, &column)));
    }
    return equal;
}

bool exceptions_equal(const struct conditions *a, const struct conditions *b) {
    bool equal = a->n_except == b->n_except;
    for (size_t i = 0; i < a->n_except && equal; i++) {
        equal = exception_equal(&a->except[i], &b->except[i]);
    }
    return equal;
}

static void add_version(struct text *out, const struct version *v) {
    text_addf(out, "%u.%u.%u.%u", v->part[0], v->part[1], v->part[2], v->part[3]);
}

static void add_one(struct text *out, const struct exception *x) {
    struct conditions only = x->only;
    size_t begin = out->n;
    const char *column, **words;
    if (x->authenticode.n != 0) {
        text_add(out, "authenticode=");
        text_add_hex(out, x->authenticode);
    }
    for (size_t i = 0; (words = name_of(&only, i, &column)) != NULL; i++) {
        if (*words != NULL) {
            text_addf(out, "%s%s=", out->n != begin ? "&" : "", column);
            query_add(out, bytes_text(*words));
        }
    }
    if (only.has_min) {
        text_add(out, out->n != begin ? "&version_min=" : "version_min=");
        add_version(out, &only.min);
    }
    if (only.has_max) {
        text_add(out, out->n != begin ? "&version_max=" : "version_max=");
        add_version(out, &only.max);
    }
}

void exceptions_add_query(struct text *out, const struct conditions *only) {
    for (size_t i = 0; i < only->n_except; i++) {
        text_add(out, i != 0 ? "|" : "");
        add_one(out, &only->except[i]);
    }
}

/* One of an exception's fields. */
static bool read_field(struct bytes name, struct bytes value, struct arena *arena, struct exception *x) {
    uint8_t hash[HASH_SIZE_MAX];
    size_t n, digits;
    const char *column, **words;
    struct bytes text;
    if (bytes_is(name, "authenticode")) {
        return value_hex(value, hash, sizeof hash, &n, &digits) && n >= hash_size(HASH_SHA256) && hash_by_size(n) != HASH_NONE &&
               !value_is_nothing(bytes_make(hash, n)) && arena_copy(arena, bytes_make(hash, n), &x->authenticode, NULL);
    }
    if (bytes_is(name, "version_min") || bytes_is(name, "version_max")) {
        bool min = bytes_is(name, "version_min");
        *(min ? &x->only.has_min : &x->only.has_max) = true;
        return value_version(value, min ? 0 : UINT16_MAX, min ? &x->only.min : &x->only.max);
    }
    for (size_t i = 0; (words = name_of(&x->only, i, &column)) != NULL; i++) {
        if (bytes_is(name, column)) {
            *words = query_words(value, arena, &text) && utf8_valid(text) ? value_trim(text, arena) : NULL;
            return *words != NULL && (*words)[0] != '\0';
        }
    }
    return false;
}

bool exceptions_of_query(struct bytes text, struct arena *arena, struct conditions *only) {
    size_t n = 0;
    for (size_t at = 0; at < text.n; at++) {
        n += text.p[at] == '|';
    }
    struct exception *all = n < EXCEPTIONS_MAX ? arena_array(arena, n + 1, sizeof *all) : NULL;
    bool ok = all != NULL;
    for (size_t i = 0; i <= n && ok; i++) {
        struct bytes one = query_take(&text, '|');
        all[i] = (struct exception){.authenticode = bytes_none()};
        all[i].only.issued_under = all[i].only.eku = all[i].only.eku_except = bytes_none();
        ok = one.n != 0;
        while (one.n != 0 && ok) {
            struct bytes field = query_take(&one, '&'), name = query_take(&field, '=');
            ok = read_field(name, field, arena, &all[i]);
        }
        ok = ok && (!all[i].only.has_min || !all[i].only.has_max || !version_above(&all[i].only.min, &all[i].only.max));
    }
    only->except = all;
    only->n_except = ok ? n + 1 : 0;
    return ok;
}

void exceptions_add_words(struct text *out, const struct conditions *only) {
    for (size_t i = 0; i < only->n_except; i++) {
        struct conditions names = only->except[i].only;
        const char *column, **words;
        size_t begin = out->n + (i != 0 ? 4 : 0);
        text_add(out, i != 0 ? " or " : "");
        if (only->except[i].authenticode.n != 0) {
            text_add(out, "authenticode ");
            text_add_hex(out, only->except[i].authenticode);
        }
        for (size_t k = 0; (words = name_of(&names, k, &column)) != NULL; k++) {
            if (*words != NULL) {
                text_addf(out, "%s%s ", out->n != begin ? ", " : "", column);
                text_add_safe(out, bytes_text(*words), SIZE_MAX);
            }
        }
        if (names.has_min) {
            text_add(out, out->n != begin ? ", version from " : "version from ");
            add_version(out, &names.min);
        }
        if (names.has_max) {
            text_add(out, out->n != begin ? ", version up to " : "version up to ");
            add_version(out, &names.max);
        }
    }
}
