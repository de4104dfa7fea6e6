/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML (yaml.org, 1.1 as libyaml reads it) of unknown origin, a document at a time, as values of jansson: mappings are objects, sequences
 * arrays, and every scalar is text, as it stands. Refused are anchors and aliases (small documents become endless by them), keys that are
 * no scalars or stand twice, and documents with more than 200,000 values, or values more than 64 levels deep.
 */
#ifndef CERTBAN_LIST_YAML_LOAD_H
#define CERTBAN_LIST_YAML_LOAD_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

struct yaml;

/* (libyaml has a yaml_free of its own, which must not be hidden.) yaml_load_new reads content, which must outlive it; NULL without memory.
 * yaml_load_free takes NULL. */
struct yaml *yaml_load_new(struct bytes content);
void yaml_load_free(struct yaml *yaml);

/* yaml_load_next is the next document, which the caller gives back with json_decref; *line is where it begins. NULL at the end, or with err
 * "line …: …"; after an error there are no more. */
json_t *yaml_load_next(struct yaml *yaml, size_t *line, struct error *err);

/* yaml_each calls each for every document of content, with user and the line on which it begins, until it says false. */
CERTBAN_MUST_USE bool yaml_each(struct bytes content, bool (*each)(const json_t *document, size_t line, void *user), void *user,
                                struct error *err);

#endif
