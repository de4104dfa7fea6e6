/* SPDX-License-Identifier: Apache-2.0 */
/* One signature of a file as the JSON reports have it: signer, chain, time stamps, what it covers. */
#ifndef CERTBAN_CLI_REPORT_JSON_SIGNATURE_H
#define CERTBAN_CLI_REPORT_JSON_SIGNATURE_H

#include <jansson.h>

#include "model/verdict.h"

/* signature_json makes the object, the caller's to give back; NULL without memory. Keys in a fixed order, empty ones left out. */
json_t *signature_json(const struct signature_info *s);

#endif
