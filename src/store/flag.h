/* SPDX-License-Identifier: Apache-2.0 */
/* The mark on a file that stays where it is: the extended attribute user.certban, one line of JSON of less than 256 bytes, for
 * people and filters. Nothing ever reads it as a verdict: whoever owns the file can write it. */
#ifndef CERTBAN_STORE_FLAG_H
#define CERTBAN_STORE_FLAG_H

#include "base/fs.h"

/* flag_set writes the mark by the judged descriptor, if it differs. ERR_UNSUPPORTED where the file system has no such
 * attributes; other errors as the system says. */
CERTBAN_MUST_USE bool flag_set(struct handle file, const char *finding, const char *rule, const char *policy, int64_t at,
                               const uint8_t *sha256 /* 32 bytes or NULL */, struct error *err);

/* flag_keep notes in the state folder (flags.jsonl, one mark a line with its "path") what can't be marked where it is. */
CERTBAN_MUST_USE bool flag_keep(const char *state, struct bytes path, const char *finding, const char *rule, const char *policy, int64_t at,
                                const uint8_t *sha256, struct error *err);

/* flag_clear removes the mark if it is ours; true as well when there was none. */
CERTBAN_MUST_USE bool flag_clear(struct handle file, struct error *err);

#endif
