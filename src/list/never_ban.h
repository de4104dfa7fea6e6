/* SPDX-License-Identifier: Apache-2.0 */
/* What no rule may ban: roots and issuing certificates of public trust, platform signers, time-stamping authorities. */
#ifndef CERTBAN_LIST_NEVER_BAN_H
#define CERTBAN_LIST_NEVER_BAN_H

#include "model/rule.h"

struct never_ban;

/* never_ban_new reads the compiled-in list (policies/never-ban.csv); NULL without memory. never_ban_free takes NULL. */
struct never_ban *never_ban_new(void);
void never_ban_free(struct never_ban *never);

/* never_ban_has says whether a certificate with that KEY_CERT_SHA1, KEY_CERT_SHA256, KEY_TBS or KEY_SPKI value is on it. */
bool never_ban_has(const struct never_ban *never, enum key_kind kind, struct bytes value);

/* never_ban_subject says whether a subject key with that common name and organization (either may be empty) would hit a platform's own
 * signers: the names under which Microsoft and Apple sign their systems. */
bool never_ban_subject(struct bytes common_name, struct bytes organization);

#endif
