/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certban's own rows as JSON Lines, and other lists of objects with such members (list/import_csv_plain.c has their names): one object
 * a line, or an array of them. A line that is no object costs itself only.
 */
#include <stdlib.h>

#include "list/import_fields.h"
#include "list/importer.h"
#include "list/json_walk.h"

enum { COLUMNS_MAX = 128, PROBE_SIZE = 64 << 10 };

/* The columns in the order in which an entry wants its values. */
struct plan {
    const struct import_column *columns[COLUMNS_MAX];
    size_t n;
};

static void make_plan(struct plan *plan) {
    plan->n = 0;
    for (int field = 0; field < FIELD_COUNT; field++) {
        for (size_t i = 0; i < import_own_n_columns && plan->n < COLUMNS_MAX; i++) {
            if (import_own_columns[i].field == (enum import_field)field) {
                plan->columns[plan->n++] = &import_own_columns[i];
            }
        }
    }
}

static void read_object(const json_t *object, size_t line, const struct plan *plan, struct import *import, struct arena *scratch) {
    struct import_entry entry;
    import_entry_begin(&entry, import, line);
    for (size_t i = 0; i < plan->n; i++) {
        const json_t *value = json_object_get(object, plan->columns[i]->name);
        /* A key without a value is one by its other members. */
        if (value != NULL || (plan->columns[i]->field == FIELD_VALUE && entry.key.n != 0)) {
            import_entry_put(&entry, plan->columns[i]->field, json_words(value, scratch));
        }
    }
    for (size_t i = 0; i < import_own_n_columns; i++) {
        if (import_own_columns[i].before != NULL) {
            import_entry_tell(&entry, import_own_columns[i].before, json_text(object, import_own_columns[i].name));
        }
    }
    import_entry_end(&entry);
}

static void read_part(struct json_part part, const struct plan *plan, struct import *import, struct arena *scratch) {
    struct error err = {0};
    struct import_row row;
    json_t *object = json_part_load(part, &err);
    if (json_is_object(object)) {
        read_object(object, part.line, plan, import, scratch);
    } else {
        import_row_begin(import, &row, part.line);
        import_row_refuse(&row, "%s", object != NULL ? "is no object" : err.text);
    }
    json_decref(object);
    arena_reset(scratch);
}

static bool read_array(struct json_part array, const struct plan *plan, struct import *import, struct arena *scratch, struct error *err) {
    struct json_walk walk = json_walk_into(array);
    struct json_part part;
    while (!import_failed(import) && json_walk_next(&walk, NULL, &part, err)) {
        read_part(part, plan, import, scratch);
    }
    return !walk.failed;
}

static bool read(struct bytes content, struct import *import, struct error *err) {
    static const size_t scratch_max = (size_t)1 << 20;
    struct json_walk walk = json_walk_text(content);
    struct arena scratch = arena_make(scratch_max);
    struct json_part part;
    struct plan plan;
    struct error why = {0};
    bool ok = true, any = false;
    make_plan(&plan);
    while (ok && !import_failed(import)) {
        if (!json_walk_next(&walk, NULL, &part, &why)) {
            if (!walk.failed || !any) {
                break;
            }
            struct import_row row;
            import_row_begin(import, &row, walk.line);
            import_row_refuse(&row, "is no JSON");
            json_walk_skip_line(&walk);
            continue;
        }
        any = true;
        if (json_part_opens(part) == '[') {
            ok = read_array(part, &plan, import, &scratch, err);
        } else {
            read_part(part, &plan, import, &scratch);
        }
    }
    arena_free(&scratch);
    return ok && (any || error_set(err, ERR_MALFORMED, "%s", walk.failed ? why.text : "holds no object"));
}

/* The first object, of an array or by itself, names a thing. */
static bool probe(struct bytes content) {
    static const char *const telling[] = {"key", "value", "serial", "serial_number", "thumbprint", "tbs_sha256", "spki_sha256", "issuer"};
    struct json_walk walk = json_walk_text(bytes_cut(content, 0, PROBE_SIZE));
    struct json_part part;
    struct bytes key;
    bool tells = false;
    if (walk.left.n != 0 && walk.left.p[0] == '[') {
        walk.left = bytes_cut(walk.left, 1, walk.left.n);
    }
    if (json_walk_next(&walk, NULL, &part, NULL) && json_part_opens(part) == '{') {
        walk = json_walk_into(part);
        while (!tells && json_walk_next(&walk, &key, &part, NULL)) {
            for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
                tells = tells || bytes_is(key, telling[i]);
            }
        }
    }
    return tells;
}

const struct importer importer_json = {"json", "certban's own rows, JSON", probe, read};
