/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) of unknown origin, piece by piece: a list of any length is taken apart into the texts of its entries, and only one
 * entry at a time becomes values of jansson. So memory is bounded by the largest entry, and an entry that is wrong costs itself only.
 * Refused are values that hold more than 200,000 others or stand more than 64 levels deep.
 */
#ifndef CERTBAN_LIST_JSON_WALK_H
#define CERTBAN_LIST_JSON_WALK_H

#include <jansson.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

enum { JSON_DEPTH_MAX = 64, JSON_VALUES_MAX = 200000 };

/* One value as it stands in the text. */
struct json_part {
    struct bytes text;
    size_t line;     /* where it begins, from 1 */
    size_t n_values; /* how many values it holds at most, itself included */
};

/* A walk over values: the members of an object, the elements of an array, or values one behind the other (JSON Lines). */
struct json_walk {
    struct bytes left;
    size_t line;
    uint8_t closes; /* '}', ']', 0 for values one behind the other */
    bool first, failed;
};

/* json_walk_text walks over the values of a whole text, a byte order mark passed over. json_walk_into walks over what a part holds;
 * nothing, when it is neither object nor array. */
struct json_walk json_walk_text(struct bytes text);
struct json_walk json_walk_into(struct json_part part);

/* json_begins says whether a text begins as an object or array does. */
bool json_begins(struct bytes text);

/* json_walk_next takes the next value; key gets the member's name without its quotes, escapes as they stand (empty outside of objects;
 * key may be NULL). False at the end, or with err and failed set: "line …: …". */
bool json_walk_next(struct json_walk *walk, struct bytes *key, struct json_part *value, struct error *err);

/* json_walk_skip_line goes on behind the next line end: for JSON Lines after a line that is none. */
void json_walk_skip_line(struct json_walk *walk);

/* json_part_opens is the first octet of the value: '{', '[', '"' …; 0 for an empty part. */
uint8_t json_part_opens(struct json_part part);

/* json_part_load makes the value; the caller gives it back with json_decref. NULL with err for what is no JSON, has a name twice in one
 * object, or is too large. */
json_t *json_part_load(struct json_part part, struct error *err);

/* json_words is a string's text, or a whole number in digits (in the arena); empty for all else, NULL too. */
struct bytes json_words(const json_t *value, struct arena *arena);

/* json_member_any_case is the member of that name, whatever its case; NULL when there is none or object is no object. json_text is the
 * text of a member, "" when it is no string. */
json_t *json_member_any_case(const json_t *object, const char *name);
struct bytes json_text(const json_t *object, const char *name);

#endif
