/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for reports: objects with their keys in order, one a line, from bytes of unknown origin. What is absent is left out. */
#ifndef CERTBAN_CLI_JSON_H
#define CERTBAN_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"

/* json_lossy is a string with U+FFFD in place of every byte that is no UTF-8. */
json_t *json_lossy(struct bytes b);

/* Each sets one key; json_put_text nothing for NULL or "", json_put_bytes and json_put_hex nothing for empty bytes,
 * json_put_time nothing for INT64_MIN. Without memory the key is missing and json_print fails. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_bytes(json_t *object, const char *key, struct bytes b);
void json_put_hex(json_t *object, const char *key, struct bytes b);
void json_put_time(json_t *object, const char *key, int64_t seconds);
void json_put_number(json_t *object, const char *key, uint64_t number);

/* json_put_path sets "path", and "path_bytes" (base64) when the path is no UTF-8; json_put_parent the same of "parent", the file that
 * another one lies in. */
void json_put_path(json_t *object, struct bytes path);
void json_put_parent(json_t *object, struct bytes path);

/* json_put_names sets a list of paths, and KEY_bytes (base64, each of them in the same order) when one of them is no UTF-8. */
void json_put_names(json_t *object, const char *key, const struct bytes *names, size_t n);

/* json_error is {"type":"error",…}. */
json_t *json_error(struct bytes path, const struct error *err);

/* json_print writes one line and gives the object back. Control characters, U+2028/9 and whatever is invisible or turns the
 * direction of text is escaped. False when there was no memory (what is wrong with the stream is found at its end). */
bool json_print(json_t *object, FILE *stream);

#endif
