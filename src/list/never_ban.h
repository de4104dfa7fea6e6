/* SPDX-License-Identifier: Apache-2.0 */
/* What no rule may ban: roots and issuing certificates of public trust, platform signers, time-stamping authorities. */
#ifndef CERTBAN_LIST_NEVER_BAN_H
#define CERTBAN_LIST_NEVER_BAN_H

#include "model/rule.h"

/* never_ban_has says whether a certificate with that KEY_CERT_SHA1, KEY_CERT_SHA256, KEY_TBS or KEY_SPKI value is on the compiled-in list
 * (policies/never-ban.csv). Rules with never-ban="override" still may hit it. */
bool never_ban_has(enum key_kind kind, struct bytes value);

/* never_ban_certificate says so of a certificate, by its SHA-256 or that of its key (either may be NULL). */
bool never_ban_certificate(const uint8_t sha256[32], const uint8_t spki_sha256[32]);

/* never_ban_subject says whether a subject key with that common name and organization (either may be empty) would hit a platform's own
 * signers: the names under which Microsoft and Apple sign their systems. */
bool never_ban_subject(struct bytes common_name, struct bytes organization);

#endif
