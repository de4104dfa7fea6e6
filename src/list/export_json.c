/* SPDX-License-Identifier: Apache-2.0 */
/* certban's rows as JSON Lines: an object a key, pure ASCII; what there is none of is left out. */
#include <jansson.h>
#include <stdlib.h>

#include "list/export_row.h"

static void write_row(struct export *e, const char *const *fields) {
    json_t *object = json_object();
    for (size_t i = 0; i < EXPORT_COLUMN_COUNT; i++) {
        if (fields[i][0] != '\0') {
            json_object_set_new(object, export_columns[i],
                                i == EXPORT_THING || i == EXPORT_FILE_SIZE ? json_integer(strtoll(fields[i], NULL, 10))
                                                                           : json_string(fields[i]));
        }
    }
    char *line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
    json_decref(object);
    if (line == NULL) {
        e->out->failed = true;
        return;
    }
    text_add(e->out, line);
    text_add_char(e->out, '\n');
    free(line);
}

static void write(struct export *e) {
    struct export_thing thing;
    const char *fields[EXPORT_COLUMN_COUNT];
    e->means = export_row_means;
    while (export_rule(e)) {
        while (export_thing(e, &thing)) {
            for (size_t i = 0; i < thing.n; i++) {
                export_row(e, &thing.keys[i], fields);
                write_row(e, fields);
            }
            export_said(e);
        }
    }
}

const struct exporter exporter_json = {"json", "certban's own rows, JSON Lines", write};
