/* SPDX-License-Identifier: Apache-2.0 */
#include "list/yaml_load.h"

#include <stdlib.h>
#include <yaml.h>

enum { DEPTH_MAX = 64, VALUES_MAX = 200000 };

struct yaml {
    yaml_parser_t parser;
    size_t n_values; /* of the document */
    bool ended;
};

struct yaml *yaml_load_new(struct bytes content) {
    struct yaml *yaml = calloc(1, sizeof *yaml);
    if (yaml == NULL || yaml_parser_initialize(&yaml->parser) == 0) {
        free(yaml);
        return NULL;
    }
    yaml_parser_set_input_string(&yaml->parser, content.p, content.n);
    return yaml;
}

void yaml_load_free(struct yaml *yaml) {
    if (yaml != NULL) {
        yaml_parser_delete(&yaml->parser);
        free(yaml);
    }
}

static bool fail(struct yaml *yaml, enum error_kind kind, size_t line, const char *why, struct error *err) {
    yaml->ended = true;
    return error_set(err, kind, "line %zu: %.150s", line + 1, why);
}

static bool next_event(struct yaml *yaml, yaml_event_t *event, struct error *err) {
    yaml_parser_t *p = &yaml->parser;
    if (yaml_parser_parse(p, event) != 0) {
        return true;
    }
    bool memory = p->error == YAML_MEMORY_ERROR;
    return fail(yaml, memory ? ERR_LIMIT : ERR_MALFORMED, p->problem_mark.line,
                memory               ? "no memory to read it"
                : p->problem != NULL ? p->problem
                                     : "is no YAML",
                err);
}

/* Why a value that begins so is refused; NULL when it is not. */
static const char *refusal(struct yaml *yaml, const yaml_event_t *event, size_t depth) {
    bool anchor = (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor != NULL) ||
                  (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor != NULL) ||
                  (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL);
    if (anchor || event->type == YAML_ALIAS_EVENT) {
        return "anchors and aliases are refused";
    }
    if (depth > DEPTH_MAX) {
        return "values stand more than 64 levels deep";
    }
    return ++yaml->n_values > VALUES_MAX ? "a document holds more than 200,000 values" : NULL;
}

static json_t *build(struct yaml *yaml, const yaml_event_t *event, size_t depth, struct error *err);

/* The member whose key was read; false when it can't be taken. */
static bool add_member(struct yaml *yaml, json_t *object, const yaml_event_t *key, size_t depth, struct error *err) {
    const char *name = (const char *)key->data.scalar.value;
    yaml_event_t event;
    if (key->type != YAML_SCALAR_EVENT || strlen(name) != key->data.scalar.length || key->data.scalar.anchor != NULL) {
        return fail(yaml, ERR_MALFORMED, key->start_mark.line, "a key is no plain word", err);
    }
    if (json_object_get(object, name) != NULL) {
        return fail(yaml, ERR_MALFORMED, key->start_mark.line, "a key stands twice", err);
    }
    if (!next_event(yaml, &event, err)) {
        return false;
    }
    json_t *value = build(yaml, &event, depth, err);
    yaml_event_delete(&event);
    return value != NULL &&
           (json_object_set_new(object, name, value) == 0 || fail(yaml, ERR_LIMIT, key->start_mark.line, "no room for a key", err));
}

static bool add_element(struct yaml *yaml, json_t *array, const yaml_event_t *event, size_t depth, struct error *err) {
    json_t *value = build(yaml, event, depth, err);
    return value != NULL &&
           (json_array_append_new(array, value) == 0 || fail(yaml, ERR_LIMIT, event->start_mark.line, "no memory to read it", err));
}

/* A mapping or sequence, up to its end. */
static bool fill(struct yaml *yaml, json_t *value, yaml_event_type_t ends, size_t depth, struct error *err) {
    bool more = true, ok = true;
    while (ok && more) {
        yaml_event_t event;
        if (!next_event(yaml, &event, err)) {
            return false;
        }
        more = event.type != ends;
        if (more) {
            ok =
                ends == YAML_MAPPING_END_EVENT ? add_member(yaml, value, &event, depth, err) : add_element(yaml, value, &event, depth, err);
        }
        yaml_event_delete(&event);
    }
    return ok;
}

static json_t *build(struct yaml *yaml, const yaml_event_t *event, size_t depth, struct error *err) {
    const char *why = refusal(yaml, event, depth);
    json_t *value = NULL;
    if (why != NULL) {
        fail(yaml, ERR_LIMIT, event->start_mark.line, why, err);
        return NULL;
    }
    bool mapping = event->type == YAML_MAPPING_START_EVENT, sequence = event->type == YAML_SEQUENCE_START_EVENT;
    if (event->type == YAML_SCALAR_EVENT) {
        value = json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
    } else if (mapping || sequence) {
        value = mapping ? json_object() : json_array();
    }
    if (value == NULL) {
        fail(yaml, ERR_MALFORMED, event->start_mark.line, "can't read a value", err);
        return NULL;
    }
    if ((mapping || sequence) && !fill(yaml, value, mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, depth + 1, err)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

json_t *yaml_load_next(struct yaml *yaml, size_t *line, struct error *err) {
    json_t *document = NULL;
    while (document == NULL && !yaml->ended) {
        yaml_event_t event;
        if (!next_event(yaml, &event, err)) {
            return NULL;
        }
        switch (event.type) {
        case YAML_STREAM_END_EVENT:
            yaml->ended = true;
            break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        default:
            yaml->n_values = 0;
            *line = event.start_mark.line + 1;
            document = build(yaml, &event, 1, err);
        }
        yaml_event_delete(&event);
    }
    return document;
}

bool yaml_each(struct bytes content, bool (*each)(const json_t *document, size_t line, void *user), void *user, struct error *err) {
    struct yaml *yaml = yaml_load_new(content);
    struct error own = {0};
    json_t *document;
    size_t line;
    bool more = true;
    if (yaml == NULL) {
        return error_set(err, ERR_LIMIT, "no memory to read it");
    }
    while (more && (document = yaml_load_next(yaml, &line, &own)) != NULL) {
        more = each(document, line, user);
        json_decref(document);
    }
    yaml_load_free(yaml);
    if (own.kind != ERR_NONE && err != NULL) {
        *err = own;
    }
    return own.kind == ERR_NONE;
}
